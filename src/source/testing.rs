//! What the tests of sources share: a courier to a loopback address, a sink
//! that keeps what it gets, and servers that answer as they are told.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use jiff::Timestamp;
use jiff::civil::{Date, date};
use tempfile::TempDir;
use url::Url;

use super::assumption::{Ask, Assumption, Finding, Observed};
use super::{Harvest, Plan, Sink, SourceError, harvest, plan};
use crate::config::{
    DriftPolicy, Fetch, FetchKind, HttpSettings, Limits, Publisher, PxwebFetch, Source, SourceKind, default_responses,
};
use crate::contract::Status;
use crate::fetch::{Archive, Client, Courier, Journal, Limiter, Tally};
use crate::reference::Reference;
use crate::sandbox::{Options, Sandbox};
use crate::store::LocalFolder;

pub const TODAY: Date = date(2026, 11, 23);

/// A courier with a data folder of its own.
pub struct Post {
    pub courier: Courier,
    folder: TempDir,
    source: Source,
}

impl Post {
    pub fn to(base_url: &str, kind: SourceKind) -> Self {
        Self::with(base_url, kind, |_| ())
    }

    /// With a word about the source.
    pub fn with(base_url: &str, kind: SourceKind, change: impl FnOnce(&mut Source)) -> Self {
        let mut source = Source {
            name: "prov".into(),
            kind,
            base_url: Url::parse(base_url).unwrap(),
            credit: "SCB".into(),
            licence: "CC0-1.0".into(),
            limits: None,
            parallel: 1,
            fresh_for: Duration::ZERO,
            symbols: BTreeMap::new(),
            responses: default_responses(kind),
            installation: crate::config::Installation::default(),
            synthetic: false,
        };
        change(&mut source);
        let folder = TempDir::new().unwrap();
        Self { courier: courier(&source, folder.path()), folder, source }
    }

    /// The same with marks that mean something.
    pub fn knowing(self, symbols: &[(&str, Status)]) -> Self {
        let symbols = symbols.iter().map(|(mark, status)| ((*mark).to_owned(), *status)).collect();
        let source = Source { symbols, ..self.source };
        Self { courier: courier(&source, self.folder.path()), folder: self.folder, source }
    }

    /// The same with what the source's configuration may say: symbols, and the cells of a call.
    pub fn to_source(base_url: &str, kind: SourceKind, symbols: &[(&str, Status)], cells: u64) -> Self {
        let mut post = Self::to(base_url, kind);
        let symbols = symbols.iter().map(|(symbol, status)| ((*symbol).to_owned(), *status));
        post.source.symbols = symbols.collect();
        post.source.limits = (cells > 0).then_some(Limits { calls: 0, window: Duration::from_secs(1), cells });
        post.again()
    }

    /// A source that says of itself that it is a stand-in.
    pub fn of_stand_in(base_url: &str, kind: SourceKind) -> Self {
        let post = Self::to(base_url, kind);
        let source = Source { synthetic: true, ..post.source.clone() };
        Self { courier: courier(&source, post.folder.path()), source, ..post }
    }

    /// Whether the archive alone gives the same rows, years later.
    pub async fn years_later_gives(&self, kind: FetchKind, kept: &Kept) -> bool {
        let courier = self.years_later();
        let history = crate::config::History::Keep;
        let fetch = Fetch { name: "f".into(), source: None, kind, history, drift: DriftPolicy::default() };
        let plan = Box::pin(plan(&courier, &fetch, TODAY)).await.unwrap();
        let mut again = Kept::default();
        Box::pin(harvest(&courier, &fetch, &plan, &mut again, &mut |_| ())).await.unwrap();
        again.0 == kept.0
    }

    /// The next run of the same pipeline, after this one was interrupted.
    pub fn again(self) -> Self {
        Self { courier: courier(&self.source, self.folder.path()), ..self }
    }

    /// The next run of the same pipeline, after this one was completed.
    pub fn afresh(self) -> Self {
        std::fs::remove_dir_all(self.folder.path().join("stage")).unwrap();
        self.again()
    }

    /// Whether a word stands in any file of the data folder, packed or not.
    pub fn holds(&self, word: &str) -> bool {
        fn look(path: &Path, word: &str) -> bool {
            if path.is_dir() {
                return std::fs::read_dir(path).unwrap().any(|entry| look(&entry.unwrap().path(), word));
            }
            let bytes = std::fs::read(path).unwrap();
            let mut unpacked = Vec::new();
            let packed = zstd::stream::read::Decoder::new(bytes.as_slice());
            let _ = packed.and_then(|mut packed| std::io::Read::read_to_end(&mut packed, &mut unpacked));
            let within = |bytes: &[u8]| bytes.windows(word.len()).any(|window| window == word.as_bytes());
            within(&bytes) || within(&unpacked)
        }
        look(self.folder.path(), word)
    }

    /// The same years later: only what was accepted is there, and the source has moved.
    pub fn years_later(&self) -> Courier {
        let source = Source { base_url: Url::parse("http://127.0.0.1:1/elsewhere").unwrap(), ..self.source.clone() };
        let archive = Arc::new(Archive::open(Arc::new(LocalFolder::new(self.folder.path()))));
        Courier::of_archive("prov", Arc::new(source), client(), archive, self.courier.accepted())
    }

    pub fn calls(&self) -> u64 {
        self.courier.tally().snapshot().calls
    }

    pub async fn plan(&self, kind: FetchKind) -> Result<(Fetch, Plan), SourceError> {
        let fetch = Fetch {
            name: "f".into(),
            source: Some("prov".into()),
            kind,
            history: crate::config::History::Keep,
            drift: DriftPolicy::default(),
        };
        // All kinds of source in one future make it large.
        let plan = Box::pin(plan(&self.courier, &fetch, TODAY)).await?;
        Ok((fetch, plan))
    }

    pub async fn run(&self, kind: FetchKind) -> Result<(Plan, Harvest, Kept), SourceError> {
        let (fetch, plan) = Box::pin(self.plan(kind)).await?;
        let (mut kept, mut calls) = (Kept::default(), 0);
        let mut told = |done| calls = done;
        let harvest = Box::pin(harvest(&self.courier, &fetch, &plan, &mut kept, &mut told)).await?;
        assert_eq!(calls, plan.calls, "progress ends where the plan said");
        assert_eq!(harvest.rows, kept.rows().count() as u64);
        Ok((plan, harvest, kept))
    }
}

fn client() -> Client {
    let second = Duration::from_secs(1);
    let http = HttpSettings {
        connect_timeout: 10 * second,
        read_timeout: 10 * second,
        total_timeout: 30 * second,
        max_body: 1 << 26,
        max_decompressed: 1 << 27,
        stream_timeout: 60 * second,
        max_stream: 1 << 30,
        max_stream_decompressed: 1 << 32,
        max_redirects: 3,
        max_tries: 2,
        max_wait: second,
        outbound: crate::config::Outbound::default(),
        outages: crate::config::OutageSettings::default(),
    };
    Client::new(&http, &Publisher { name: "Prov".into(), contact: "prov@example.org".into() }).unwrap()
}

fn courier(source: &Source, folder: &Path) -> Courier {
    let second = Duration::from_secs(1);
    let journal = Journal::open(&folder.join("stage"), 3600 * second, Timestamp::now()).unwrap();
    Courier::new(
        "prov",
        Arc::new(source.clone()),
        client(),
        Arc::new(Limiter::new(source.limits)),
        Arc::new(Archive::open(Arc::new(LocalFolder::new(folder)))),
        Arc::new(journal),
        Arc::new(Tally::default()),
    )
}

/// Keeps every batch.
#[derive(Default)]
pub struct Kept(pub Vec<RecordBatch>);

impl Sink for Kept {
    fn write(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        self.0.push(batch.clone());
        Ok(())
    }
}

impl Kept {
    /// Every row as texts by column; a null is empty.
    pub fn rows(&self) -> impl Iterator<Item = BTreeMap<String, String>> + '_ {
        self.0.iter().flat_map(|batch| {
            let columns: Vec<_> = batch.columns().iter().map(|column| cast(column, &DataType::Utf8).unwrap()).collect();
            let schema = batch.schema();
            (0..batch.num_rows()).map(move |row| {
                let text = |column: &Arc<dyn Array>| {
                    let value = (!column.is_null(row)).then(|| column.as_string::<i32>().value(row));
                    value.unwrap_or_default().to_owned()
                };
                schema
                    .fields()
                    .iter()
                    .zip(&columns)
                    .map(|(field, column)| (field.name().clone(), text(column)))
                    .collect()
            })
        })
    }

    /// The only row whose columns hold these texts.
    pub fn row(&self, wanted: &[(&str, &str)]) -> BTreeMap<String, String> {
        let mut found = self.rows().filter(|row| wanted.iter().all(|(column, text)| row[*column] == *text));
        let row = found.next().unwrap();
        assert!(found.next().is_none(), "{wanted:?} is no key");
        row
    }
}

/// Holds a connector's assumptions against a stand-in: what it finds that does not agree. `given` are the names that
/// stand for something in paths, and what they stand for; an absolute address is asked for below `elsewhere`.
#[expect(clippy::disallowed_methods, reason = "a small client against loopback")]
pub async fn disagreements(
    base: &str,
    assumptions: &[Assumption],
    given: &[(&str, &str)],
    elsewhere: &str,
) -> Vec<String> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut found = Vec::new();
    for assumption in assumptions {
        let Ask::Get(path) = assumption.ask else { continue };
        let path = given.iter().fold(path.to_owned(), |path, (name, value)| path.replace(name, value));
        let url = if path.starts_with("http") { elsewhere.to_owned() } else { format!("{base}{path}") };
        let response = client.get(&url).send().await.unwrap();
        let header = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
            (name.to_string(), value.to_str().unwrap_or_default().to_owned())
        };
        let seen = Observed {
            status: response.status().as_u16(),
            fetched_at: Timestamp::now(),
            headers: response.headers().iter().map(header).collect(),
            body: response.bytes().await.unwrap(),
            url,
        };
        let finding = (assumption.judge)(&seen);
        if finding != Finding::Agrees {
            found.push(format!("{}: {finding:?}", assumption.name));
        }
    }
    found
}

pub fn pxweb(table: &str, select: &[(&str, &str)], measures: &[(&str, &str)]) -> PxwebFetch {
    PxwebFetch {
        table: table.into(),
        select: select.iter().map(|(id, codes)| ((*id).to_owned(), vec![(*codes).to_owned()])).collect(),
        measures: measures.iter().map(|(code, column)| ((*code).to_owned(), (*column).to_owned())).collect(),
        ..PxwebFetch::default()
    }
}

/// The sandbox in this process, with no limit on calls.
pub async fn sandbox(options: Options) -> Sandbox {
    let reference = Reference::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("reference")).unwrap();
    crate::sandbox::start(([127, 0, 0, 1], 0).into(), reference, Options { calls: 0, ..options }).await.unwrap()
}

/// Where the sandbox stands in for an API.
pub fn endpoint(sandbox: &Sandbox, api: &str) -> String {
    sandbox.endpoints().into_iter().find(|(name, _)| *name == api).unwrap().1
}

/// The recorded real answers, served by the script beside the project; ends with the value.
pub struct Replay {
    child: Child,
    pub url: String,
}

impl Replay {
    /// `None`, with a word about it, where the script or Python is missing.
    pub fn start(options: &[&str]) -> Option<Self> {
        let script = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/replay/serve.py"));
        if !script.exists() {
            println!("skipped: no recorded answers at {}", script.display());
            return None;
        }
        let mut command = Command::new("python3");
        command.arg(script).args(["--port", "0"]).args(options).stdout(Stdio::piped());
        let Ok(mut child) = command.spawn() else {
            println!("skipped: no python3");
            return None;
        };
        let mut line = String::new();
        let read = BufReader::new(child.stdout.take().unwrap()).read_line(&mut line);
        let url = line.split_whitespace().nth(1).map(str::to_owned);
        let mut replay = Self { child, url: String::new() };
        assert!(read.is_ok() && line.starts_with("ready "), "the replay server said {line:?}");
        replay.url = url.unwrap();
        Some(replay)
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
