//! A workbook of a million cells and pivot caches of 200 MB, read to their end: seconds, megabytes per second and peak
//! resident memory, each in a process of its own, beside calamine's reading of the whole file and openpyxl's.
//! Run with `cargo bench --no-default-features --bench sheets`; `$PYTHON` says which Python has `openpyxl`.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Read as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use calamine::{Reader as _, Xlsx};
use rust_xlsxwriter::Workbook;
use underlag::config::{Choice, FileFetch, FileFormat, FileLocation, ValueType};
use underlag::decode::file::{Input, Reading, read};
use underlag::sandbox::office::{Field, Held, pivot_xlsb, pivot_xlsx};

const COLUMNS: u16 = 10;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--child") {
        child(&arguments[at + 1], Path::new(&arguments[at + 2]));
        return;
    }
    // `cargo test --benches` only wants to know that it runs.
    let whole = arguments.iter().any(|argument| argument == "--bench");
    let (rows, records) = if whole { (100_000, 8_200_000) } else { (100, 1_000) };
    let dir = std::env::temp_dir().join(format!("underlag-sheets-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("the temporary folder is writable");
    let (sheet, xlsb, xlsx) = (dir.join("ark.xlsx"), dir.join("pivot.xlsb"), dir.join("pivot.xlsx"));
    workbook(&sheet, rows);
    pivot_xlsb(BufWriter::new(create(&xlsb)), "Pivot", &fields(), held(records))
        .expect("the temporary folder has room");
    // XML says the same with some two and a half times the bytes.
    let fewer = records * 5 / 12;
    pivot_xlsx(BufWriter::new(create(&xlsx)), "Pivot", &fields(), held(fewer)).expect("the temporary folder has room");
    println!("{} cells in {} MB of XLSX:", rows * u32::from(COLUMNS), megabytes(&sheet));
    for reader in ["underlag", "calamine"] {
        run(reader, &sheet);
    }
    openpyxl(&sheet);
    println!("{records} records in {} MB of XLSB, {} MB unpacked:", megabytes(&xlsb), unpacked(&xlsb));
    for reader in ["pivot-xlsb", "inflate"] {
        run(reader, &xlsb);
    }
    println!("{fewer} records in {} MB of XLSX, {} MB unpacked:", megabytes(&xlsx), unpacked(&xlsx));
    for reader in ["pivot-xlsx", "pivot-calamine", "inflate"] {
        run(reader, &xlsx);
    }
    let _ = std::fs::remove_dir_all(&dir);
}

fn create(path: &Path) -> File {
    File::create(path).expect("the temporary folder is writable")
}

fn megabytes(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len() >> 20)
}

fn unpacked(path: &Path) -> u64 {
    let mut zip = zip::ZipArchive::new(File::open(path).expect("it was just written")).expect("it is a zip");
    (0..zip.len()).map(|at| zip.by_index(at).map_or(0, |member| member.size())).sum::<u64>() >> 20
}

fn workbook(path: &Path, rows: u32) {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet_with_constant_memory().expect("a first sheet");
    for row in 0..=rows {
        for column in 0..COLUMNS {
            let written = match (row, column) {
                (0, _) => sheet.write_string(row, column, format!("k{column}")),
                (_, 0) => sheet.write_string(row, column, format!("{:04}", row % 9999)),
                (_, 1) => sheet.write_string(row, column, if row % 7 == 0 { "<5" } else { "1 234,5" }),
                _ => sheet.write_number(row, column, f64::from(row) * f64::from(column) / 8.0),
            };
            written.expect("within a sheet");
        }
    }
    book.save(path).expect("the temporary folder has room");
}

fn fields() -> Vec<Field> {
    vec![
        Field::coded("PERIOD", (0..120).map(|month| format!("{}{:02}", 2016 + month / 12, month % 12 + 1))),
        Field::coded("LAN", (0..290).map(|code| format!("{code:04} Kommun & {code}"))),
        Field::coded("KOEN", ["Kvinnor", "Män"]),
        Field::coded("ALDGR", (0..12).map(|group| format!("{} år", 15 + group * 5))),
        Field::numbers("TOTAK"),
    ]
}

fn held(records: u64) -> impl Iterator<Item = Vec<Held>> {
    (0..records).map(|at| {
        let at = at as u32;
        let count = at.wrapping_mul(2_654_435_761) >> 18;
        vec![
            Held::Index(at / 7000 % 120),
            Held::Index(at / 24 % 290),
            Held::Index(at % 2),
            Held::Index(at / 2 % 12),
            Held::Number(f64::from(count)),
        ]
    })
}

/// Reads a file in this process, and tells of it on one line.
fn child(reader: &str, path: &Path) {
    let before = resident();
    let start = Instant::now();
    let rows = match reader {
        "underlag" => ours(path, sheet_spec()),
        "pivot-xlsb" => ours(path, pivot_spec(FileFormat::Xlsb)),
        "pivot-xlsx" => ours(path, pivot_spec(FileFormat::Xlsx)),
        "calamine" => {
            let mut book: Xlsx<_> = calamine::open_workbook(path).expect("it was just written");
            book.worksheet_range_at(0).expect("a first sheet").expect("that is sound").height() as u64 - 1
        }
        "pivot-calamine" => calamines_pivot(path),
        _ => inflate(path),
    };
    let seconds = start.elapsed().as_secs_f64();
    let packed = std::fs::metadata(path).map_or(0.0, |file| file.len() as f64 / f64::from(1 << 20));
    println!(
        "  {reader}: {rows} rows, {seconds:.2} s, {:.1} packed MB/s, {} MB resident at most ({before} MB before)",
        packed / seconds,
        resident()
    );
}

fn ours(path: &Path, spec: FileFetch) -> u64 {
    let mut rows = 0;
    let input = Input::File(File::open(path).expect("it was just written"));
    read(input, &Reading::new(&spec, &BTreeMap::new()), &mut |batch| {
        rows += batch.num_rows() as u64;
        Ok(())
    })
    .expect("it was just written");
    rows
}

fn sheet_spec() -> FileFetch {
    let mut spec = FileFetch::new(FileLocation::OnSource(String::new()), FileFormat::Xlsx);
    spec.columns = (0..COLUMNS)
        .map(|column| (format!("k{column}"), if column == 0 { ValueType::Text } else { ValueType::Float64 }))
        .collect();
    spec.symbols.insert("<#".to_owned(), underlag::contract::Status::Suppressed);
    spec
}

fn pivot_spec(format: FileFormat) -> FileFetch {
    let mut spec = FileFetch::new(FileLocation::OnSource(String::new()), format);
    let text = ["period", "lan", "koen", "aldgr"].map(|name| (name.to_owned(), ValueType::Text));
    spec.columns = text.into_iter().chain([("totak".to_owned(), ValueType::Int64)]).collect();
    spec.sheet.pivot_cache = Some(Choice::Number(1));
    spec
}

/// The example in calamine's documentation, each row looked at.
fn calamines_pivot(path: &Path) -> u64 {
    let mut book: Xlsx<_> = calamine::open_workbook(path).expect("it was just written");
    let tables = book.pivot_tables().expect("it was just written");
    let first =
        tables.get_pivot_tables_by_name_and_sheet().first().map(|(one, two)| ((*one).to_owned(), (*two).to_owned()));
    let (sheet, name) = first.expect("one table");
    let rows = book.pivot_table_data(&tables, &sheet, &name).expect("it was just written");
    let mut count = 0;
    for row in rows {
        row.expect("it was just written");
        count += 1;
    }
    count
}

/// The least that any reader has to do.
fn inflate(path: &Path) -> u64 {
    let mut zip = zip::ZipArchive::new(File::open(path).expect("it was just written")).expect("it is a zip");
    let mut buffer = vec![0; 1 << 16];
    for at in 0..zip.len() {
        let mut member = zip.by_index(at).expect("it was just written");
        while member.read(&mut buffer).expect("it was just written") > 0 {}
    }
    0
}

/// `$PYTHON`, or the Python that the machine has, reads the workbook the usual way.
fn openpyxl(path: &Path) {
    let python = std::env::var_os("PYTHON").map_or_else(|| PathBuf::from("python3"), PathBuf::from);
    for read_only in ["True", "False"] {
        let script = format!(
            "import openpyxl, time, resource\nstart = time.time()\n\
             rows = sum(1 for _ in openpyxl.load_workbook({:?}, read_only={read_only}).active.iter_rows(values_only=True)) - 1\n\
             peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n\
             print(f'  openpyxl read_only={read_only}: {{rows}} rows, {{time.time() - start:.2f}} s, {{peak}} MB resident at most')",
            path.display().to_string()
        );
        match Command::new(&python).arg("-c").arg(script).output() {
            Ok(output) if output.status.success() => print!("{}", String::from_utf8_lossy(&output.stdout)),
            _ => println!("  openpyxl: not here"),
        }
    }
}

fn run(reader: &str, path: &Path) {
    let own = std::env::current_exe().expect("a program has a path");
    match Command::new(own).arg("--child").arg(reader).arg(path).output() {
        Ok(output) if output.status.success() => print!("{}", String::from_utf8_lossy(&output.stdout)),
        Ok(output) => println!("  {reader}: failed: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => println!("  {reader}: {error}"),
    }
}

/// The most memory that this process has held, in MB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap_or_default() / 1024
}
