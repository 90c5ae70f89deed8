//! A folder with a configuration, and the program run in it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use arrow::array::{Array as _, ArrayRef, AsArray as _};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tempfile::TempDir;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A project of its own: `config/`, `pipelines/`, and a data folder `data/`.
pub struct World {
    dir: TempDir,
}

/// How a run of the program ended, with everything that differs from run to run written the same.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl World {
    /// An empty configuration with the shipped reference tables and no pipelines.
    pub fn new() -> Self {
        let world = Self { dir: tempfile::tempdir().unwrap() };
        world.write(
            "config/underlag.toml",
            &format!(
                "version = 1\ndata_dir = \"../data\"\nreference_dir = \"{ROOT}/reference\"\n\
                 [publisher]\nname = \"Region Prov\"\ncontact = \"prov@example.org\"\n\
                 [http]\nmax_tries = 3\nmax_wait = \"2s\"\n"
            ),
        );
        world
    }

    /// The sandbox's three APIs as the sources `scb`, `kolada` and `af`, as the shipped pipelines name them.
    pub fn with_sandbox(self, sandbox: &Sandbox) -> Self {
        let Sandbox { pxweb, kolada, files, .. } = sandbox;
        self.write(
            "config/sources.toml",
            &format!(
                "version = 1\n\
                 [source.scb.pxweb]\nbase_url = \"{pxweb}\"\ncredit = \"SCB\"\nlicence = \"CC0-1.0\"\n\
                 [source.kolada.kolada]\nbase_url = \"{kolada}\"\ncredit = \"Kolada\"\nlicence = \"Koladas användarvillkor\"\n\
                 [source.af.file]\nbase_url = \"{files}\"\ncredit = \"Arbetsförmedlingen\"\nlicence = \"CC0-1.0\"\n"
            ),
        );
        self
    }

    /// A copy of a shipped pipeline's folder.
    pub fn with_shipped(self, pipeline: &str) -> Self {
        copy_folder(&Path::new(ROOT).join("pipelines").join(pipeline), &self.path(&format!("pipelines/{pipeline}")));
        self
    }

    /// The shipped reports.
    pub fn with_reports(self) -> Self {
        copy_folder(&Path::new(ROOT).join("reports"), &self.path("reports"));
        self
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.dir.path().join(relative)
    }

    pub fn write(&self, relative: &str, text: &str) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative)).unwrap()
    }

    /// Replaces text in a file; it must be there.
    pub fn edit(&self, relative: &str, from: &str, to: &str) {
        let text = self.read(relative);
        assert!(text.contains(from), "{relative} does not contain {from:?}");
        self.write(relative, &text.replace(from, to));
    }

    /// The program, ready to run here.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command.current_dir(self.dir.path()).args(arguments);
        command
    }

    /// Another program, in the surroundings that the program would have; it finds the program as `$UNDERLAG`.
    pub fn tool(&self, name: &str) -> Command {
        let mut command = clean(Command::new(name));
        command.current_dir(self.dir.path()).env("UNDERLAG", env!("CARGO_BIN_EXE_underlag"));
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.ran(self.command(arguments).output().unwrap())
    }

    /// Runs, and fails the test unless the program ended with 0.
    pub fn ok(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}\n{}\n{}", ran.stdout, ran.stderr);
        ran
    }

    pub fn ran(&self, output: Output) -> Ran {
        let text = |bytes: Vec<u8>| self.same(&String::from_utf8(bytes).unwrap());
        Ran { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Folders, ports, times, version ids and durations differ from run to run; here they do not.
    pub fn same(&self, text: &str) -> String {
        let root = self.dir.path().canonicalize().unwrap();
        let mut text =
            text.replace(root.to_str().unwrap(), "[world]").replace(self.dir.path().to_str().unwrap(), "[world]");
        text = text.replace(ROOT, "[project]");
        for (pattern, with) in [
            (r"127\.0\.0\.1:\d+", "127.0.0.1:[port]"),
            (r"\d{6}-\d{8}T\d{6}Z-[0-9a-f]{8}", "[version]"),
            (r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z", "[time]"),
            (r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}(:\d{2})? UTC", "[time]"),
            (r"\b\d+\.\d s\b", "[seconds] s"),
            (r"\bprocess \d+, ", "process [pid], "),
            (r"\bwait_ms=\d+", "wait_ms=[ms]"),
            (r"\b(ERROR|WARN) run \d+ ", "$1 run [run] "),
            (r"objects/[0-9a-f]{2}/[0-9a-f]{62}\.zst", "objects/[hash].zst"),
        ] {
            text = regex(pattern, &text, with);
        }
        text
    }

    /// The id of the version that a dataset's pointer names.
    pub fn current(&self, dataset: &str) -> Option<String> {
        let target = fs::read_link(self.path(&format!("data/datasets/{dataset}/current"))).ok()?;
        Some(target.iter().nth(1).unwrap().to_str().unwrap().to_owned())
    }

    /// The current version's manifest.
    pub fn manifest(&self, dataset: &str) -> serde_json::Value {
        let version = self.current(dataset).unwrap();
        serde_json::from_str(&self.read(&format!("data/datasets/{dataset}/versions/{version}/manifest.json"))).unwrap()
    }

    /// Every row that a reader of `current` sees, as texts by column; a null is empty.
    pub fn rows(&self, dataset: &str) -> Vec<BTreeMap<String, String>> {
        let data = self.path(&format!("data/datasets/{dataset}/current"));
        let mut rows = Vec::new();
        for lan in fs::read_dir(data).unwrap() {
            for file in fs::read_dir(lan.unwrap().path()).unwrap() {
                let file = fs::File::open(file.unwrap().path()).unwrap();
                for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
                    read_rows(&batch.unwrap(), &mut rows);
                }
            }
        }
        rows
    }

    /// Names of all versions with a folder.
    pub fn versions(&self, dataset: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path(&format!("data/datasets/{dataset}/versions"))) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn read_rows(batch: &RecordBatch, rows: &mut Vec<BTreeMap<String, String>>) {
    let schema = batch.schema();
    let columns: Vec<_> = batch.columns().iter().map(|column| cast(column, &DataType::Utf8).unwrap()).collect();
    for row in 0..batch.num_rows() {
        let text = |column: &ArrayRef| column.is_valid(row).then(|| column.as_string::<i32>().value(row).to_owned());
        let cells = schema.fields().iter().zip(&columns);
        rows.push(cells.map(|(field, column)| (field.name().clone(), text(column).unwrap_or_default())).collect());
    }
}

fn program() -> Command {
    clean(Command::new(env!("CARGO_BIN_EXE_underlag")))
}

/// Without what the tester's own environment would change.
fn clean(mut command: Command) -> Command {
    for name in [
        "UNDERLAG_CONFIG",
        "UNDERLAG_DATA_DIR",
        "UNDERLAG_LOG",
        "UNDERLAG_LOG_FORMAT",
        "JOURNAL_STREAM",
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "https_proxy",
    ] {
        command.env_remove(name);
    }
    command.env("NO_COLOR", "1");
    command
}

fn regex(pattern: &str, text: &str, with: &str) -> String {
    regex::Regex::new(pattern).unwrap().replace_all(text, with).into_owned()
}

#[expect(clippy::disallowed_methods, reason = "a test's thread holds up nobody else")]
pub fn pause(milliseconds: u64) {
    std::thread::sleep(std::time::Duration::from_millis(milliseconds));
}

pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// `underlag sandbox` in a process of its own.
pub struct Sandbox {
    child: Child,
    pub pxweb: String,
    pub kolada: String,
    pub files: String,
    address: String,
}

impl Sandbox {
    pub fn start() -> Self {
        Self::start_with(&["--calls", "0"])
    }

    pub fn start_with(options: &[&str]) -> Self {
        let mut child = program().arg("sandbox").args(options).stdout(Stdio::piped()).spawn().unwrap();
        let mut printed = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut lines: Vec<String> = Vec::new();
        while !["pxweb-v2", "kolada-v3", "filer"].iter().all(|api| lines.iter().any(|line| line.starts_with(api))) {
            lines.push(printed.next().unwrap_or_else(|| panic!("the sandbox ended after {lines:?}")));
        }
        // Whatever else it stands in for must find somebody who reads.
        std::thread::spawn(move || printed.for_each(drop));
        let url = |api: &str| {
            let line =
                lines.iter().find(|line| line.starts_with(api)).unwrap_or_else(|| panic!("{api} is not in {lines:?}"));
            line.split_once(' ').unwrap().1.to_owned()
        };
        let (pxweb, kolada, files) = (url("pxweb-v2"), url("kolada-v3"), url("filer"));
        let address = files.trim_start_matches("http://").split('/').next().unwrap().to_owned();
        Self { child, pxweb, kolada, files, address }
    }

    /// Orders misbehaviour; see `underlag::sandbox::Fault`.
    pub fn fault(&self, fault: serde_json::Value) {
        let answer = http(&self.address, "POST", "/_fault", &fault.to_string());
        assert!(answer.starts_with("HTTP/1.1 2"), "{answer}");
    }

    pub fn behave(&self) {
        http(&self.address, "DELETE", "/_fault", "");
    }

    /// Every call since the last `forget_calls`: method, path, status, cells.
    pub fn calls(&self) -> Vec<serde_json::Value> {
        let answer = http(&self.address, "GET", "/_calls", "");
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    pub fn forget_calls(&self) {
        http(&self.address, "DELETE", "/_calls", "");
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One plain HTTP/1.1 exchange with a server on loopback: head and body.
pub fn http(address: &str, method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}
