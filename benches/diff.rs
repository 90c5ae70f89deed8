//! Two versions of 20 million rows each laid side by side: rows per second and resident memory, and beside it DuckDB
//! joining the same files. Run with `cargo bench --no-default-features --bench diff`. The other side needs Python
//! with `duckdb`; `$PYTHON` says which Python. Every hundredth row is revised, every thousandth gone and as many new.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{ArrayRef, Date32Array, Float64Array, Int64Array, StringArray};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde_json::json;
use underlag::lake::Manifest;
use underlag::lake::compare::{ChangesFile, Largest, Rows, Side, compare};

const COUNTIES: u64 = 21;
const MUNICIPALITIES: u64 = 14;
const GROUPS: u64 = 90;
const INDUSTRIES: u64 = 38;

fn main() {
    // `cargo test --benches` only wants to know that it runs.
    let years = if std::env::args().any(|argument| argument == "--bench") { 20 } else { 1 };
    let dir = std::env::temp_dir().join(format!("underlag-diff-{}", std::process::id()));
    let files = ["old", "new"].map(|side| generate(&dir.join(side), years, side == "new"));
    let manifest = manifest();
    let sides = files.each_ref().map(|files| Side { manifest: &manifest, files: files.clone() });
    println!("before: {} MB resident", resident("VmHWM"));
    for output in [None, Some(dir.join("changes.parquet"))] {
        let start = Instant::now();
        let mut largest = Largest::new(&sides[0], &sides[1], 20);
        let mut file = output.as_ref().map(|path| {
            let file = File::create(path).expect("the temporary folder is writable");
            ChangesFile::create(file, &sides[0], &sides[1]).expect("one key").expect("one schema")
        });
        let comparison = compare(&sides[0], &sides[1], &mut |changes| {
            largest.look(changes)?;
            if let Some(file) = &mut file {
                file.write(changes).expect("the temporary folder has room");
            }
            Ok(())
        })
        .expect("the files were just written");
        if let Some(file) = file {
            file.finish().expect("the temporary folder has room");
        }
        let seconds = start.elapsed().as_secs_f64();
        let Rows::Compared(summary) = comparison.rows else { return };
        let rows = summary.unchanged + summary.revised + summary.added;
        println!(
            "underlag{}: {rows} rows: {} added, {} removed, {} revised; {seconds:.1} s, {:.1} million rows/s, {} MB resident",
            if output.is_some() { " with every changed row to Parquet" } else { "" },
            summary.added,
            summary.removed,
            summary.revised,
            rows as f64 / seconds / 1e6,
            resident("VmHWM"),
        );
    }
    peer(&dir);
    let _ = std::fs::remove_dir_all(&dir);
}

/// One file per county, sorted as published.
fn generate(folder: &Path, years: u64, revised: bool) -> Vec<PathBuf> {
    std::fs::create_dir_all(folder).expect("the temporary folder is writable");
    let county = |county: u64| {
        let path = folder.join(format!("lan-{county:02}.parquet"));
        let mut writer: Option<ArrowWriter<File>> = None;
        for municipality in 0..MUNICIPALITIES {
            for year in 0..years {
                let batch = batch(county, municipality, year, revised);
                let writer = writer.get_or_insert_with(|| {
                    let properties = WriterProperties::builder()
                        .set_compression(Compression::ZSTD(ZstdLevel::default()))
                        .set_max_row_group_row_count(Some(128 * 1024))
                        .build();
                    let file = File::create(&path).expect("the temporary folder is writable");
                    ArrowWriter::try_new(file, batch.schema(), Some(properties)).expect("plain columns")
                });
                writer.write(&batch).expect("the temporary folder has room");
            }
        }
        if let Some(writer) = writer {
            writer.close().expect("the temporary folder has room");
        }
        path
    };
    (1..=COUNTIES).map(county).collect()
}

fn batch(county: u64, municipality: u64, year: u64, revised: bool) -> RecordBatch {
    let kod = format!("{county:02}{:02}", municipality + 14);
    let cell = |at: u64| {
        let place = ((county * 100 + municipality) * 100 + year) * GROUPS * INDUSTRIES + at;
        place.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20
    };
    // Each side lacks its own thousandth.
    let kept: Vec<u64> = (0..GROUPS * INDUSTRIES).filter(|at| cell(*at) % 1000 != u64::from(revised)).collect();
    let text =
        |of: &dyn Fn(u64) -> String| Arc::new(StringArray::from_iter_values(kept.iter().map(|at| of(*at)))) as ArrayRef;
    let day = ((2005 + year) as i32 - 1970) * 365;
    let value = |at: u64| {
        let change = i64::from(revised && cell(at) % 100 == 7);
        (cell(at) % 17 != 3).then_some((cell(at) % 90_000) as i64 + change)
    };
    let status = |at: u64| if value(at).is_some() { "observed" } else { "suppressed" }.to_owned();
    RecordBatch::try_from_iter([
        ("niva", text(&|_| "kommun".to_owned())),
        ("kod", text(&|_| kod.clone())),
        ("namn", text(&|_| format!("Kommunen med numret {kod}"))),
        ("lan", text(&|_| format!("{county:02}"))),
        ("period", text(&|_| (2005 + year).to_string())),
        ("period_start", Arc::new(Date32Array::from(vec![day; kept.len()])) as _),
        ("period_end", Arc::new(Date32Array::from(vec![day + 364; kept.len()])) as _),
        ("grupp", text(&|at| format!("{:02}S", at / INDUSTRIES))),
        ("naring", text(&|at| format!("{:02}", at % INDUSTRIES))),
        ("antal", Arc::new(kept.iter().map(|at| value(*at)).collect::<Int64Array>()) as _),
        ("antal_status", text(&status)),
        (
            "andel",
            Arc::new(kept.iter().map(|at| value(*at).map(|value| value as f64 / 10.0)).collect::<Float64Array>()) as _,
        ),
        ("andel_status", text(&status)),
    ])
    .expect("columns of one length")
}

fn manifest() -> Manifest {
    let column = |name: &str, kind: &str| json!({ "name": name, "kind": kind, "title": name });
    let value = json!({
        "format": 2, "dataset": "prov", "title": "Prov", "pipeline": "prov",
        "version": "000001-20261123T083000Z-1a2b3c4d", "created_at": "2026-11-23T08:30:00Z", "program": "underlag",
        "config_hash": "", "content_hash": "", "rows": 0, "key": ["kod", "grupp", "naring", "period"], "files": [],
        "checks": [],
        "columns": [
            column("niva", "text"), column("kod", "text"), column("namn", "text"), column("lan", "text"),
            column("period", "text"), column("period_start", "date"), column("period_end", "date"),
            column("grupp", "text"), column("naring", "text"),
            { "name": "antal", "kind": "int64", "title": "Antal", "measure": true }, column("antal_status", "text"),
            { "name": "andel", "kind": "float64", "title": "Andel", "decimals": 1, "measure": true },
            column("andel_status", "text"),
        ],
        "sources": {}, "credits": [], "fetched_at": "2026-11-23T08:30:00Z", "credit": "", "licences": [],
        "synthetic": true, "previous": null,
    });
    Manifest::parse(value.to_string().as_bytes()).expect("a manifest of format 2")
}

/// Of this process, in MB; 0 where the system does not say.
fn resident(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default() / 1024
}

fn peer(dir: &Path) {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let code = format!(
        r#"
import duckdb, resource, time
key = "kod, grupp, naring, period"
start = time.monotonic()
row = duckdb.sql(f"""
    SELECT count(*) FILTER (WHERE o.lan IS NULL), count(*) FILTER (WHERE n.lan IS NULL),
           count(*) FILTER (WHERE o.lan IS NOT NULL AND n.lan IS NOT NULL
               AND (o.antal, o.antal_status, round(o.andel, 1), o.andel_status, o.namn, o.period_end, o.niva)
                   IS DISTINCT FROM (n.antal, n.antal_status, round(n.andel, 1), n.andel_status, n.namn, n.period_end, n.niva))
    FROM read_parquet('{0}/old/*.parquet') o FULL JOIN read_parquet('{0}/new/*.parquet') n USING ({{key}})
""").fetchone()
seconds = time.monotonic() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(f"DuckDB {{duckdb.__version__}}: {{row[0]}} added, {{row[1]}} removed, {{row[2]}} revised; {{seconds:.1f}} s, {{peak}} MB resident")
"#,
        dir.display()
    );
    match Command::new(python).args(["-c", &code]).output() {
        Ok(output) if output.status.success() => print!("{}", String::from_utf8_lossy(&output.stdout)),
        Ok(output) => {
            println!("DuckDB: skipped: {}", String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default());
        }
        Err(error) => println!("DuckDB: skipped: {error}"),
    }
}
