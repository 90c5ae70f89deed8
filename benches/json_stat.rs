//! JSON-stat body → Parquet bytes on one thread, in cells and MB per second, and beside it the same
//! body merely parsed as JSON (sonic-rs, simd-json, serde_json, in `benches/parsers`), decoded by pxwebpy, and through
//! pyjstat + pandas + pyarrow. Run with `cargo bench --no-default-features --bench json_stat`. The other
//! side needs Python with `pxwebpy`, `pyjstat`, `pandas` and `pyarrow`; `$PYTHON` says which Python. All
//! sides take the best of several runs.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use underlag::config::ValueType;
use underlag::contract::Status;
use underlag::decode::{Dimension, Layout, Measure, json_stat, writer};

/// A cube with one dimension per entry, and its answer.
struct Case {
    name: &'static str,
    rounds: u32,
    layout: Layout,
    body: Vec<u8>,
    cells: usize,
}

fn main() {
    // `cargo test --benches` only wants to know that it runs.
    let rounds = u32::from(std::env::args().any(|argument| argument == "--bench"));
    let years = |count: usize| (0..count).map(|year| (1985 + year).to_string()).collect::<Vec<_>>();
    let small = case(
        "171 564 cells",
        40 * rounds + 1,
        vec![
            ("Region", (0..348).map(|place| format!("{:04}", 114 + place * 7)).collect()),
            ("UtbildningsNiva", (0..29).map(|place| format!("{place:02}S")).collect()),
            ("Tid", years(17)),
        ],
    );
    let large = case(
        "5 million cells",
        7 * rounds + 1,
        vec![
            ("Region", (0..312).map(|place| format!("{:04}", 114 + place * 7)).collect()),
            ("Alder", (0..134).map(|age| if age == 133 { "tot".to_owned() } else { age.to_string() }).collect()),
            ("Kon", ["TotSa", "1", "2"].map(str::to_owned).to_vec()),
            ("Tid", years(40)),
        ],
    );
    let ours = run(&small);
    if rounds > 0 {
        parsers(&small, ours.decoding);
    }
    let whole = run(&large);
    if rounds > 0 {
        parsers(&large, whole.decoding);
    }
    peer(&small, &ours);
}

/// Whole numbers of one to six digits and now and then a cell with a symbol instead.
fn case(name: &'static str, rounds: u32, dimensions: Vec<(&str, Vec<String>)>) -> Case {
    const CONTENTS: &str = "000007SF";
    let cells: usize = dimensions.iter().map(|(_, codes)| codes.len()).product();
    let mut body = String::from(r#"{"version":"2.0","class":"dataset","label":"Prov","source":"SCB","#);
    let mut id: Vec<&str> = dimensions.iter().map(|(id, _)| *id).collect();
    let mut size: Vec<usize> = dimensions.iter().map(|(_, codes)| codes.len()).collect();
    id.push("ContentsCode");
    size.push(1);
    let _ = write!(
        body,
        r#""role":{{"time":["Tid"],"metric":["ContentsCode"]}},"id":{id:?},"size":{size:?},"dimension":{{"#
    );
    for (id, codes) in &dimensions {
        let positions: Vec<String> =
            codes.iter().enumerate().map(|(place, code)| format!("{code:?}:{place}")).collect();
        let labels: Vec<String> = codes.iter().map(|code| format!("{code:?}:\"Ändamål {code}\"")).collect();
        let (positions, labels) = (positions.join(","), labels.join(","));
        let _ =
            write!(body, r#""{id}":{{"label":"{id}","category":{{"index":{{{positions}}},"label":{{{labels}}}}}}},"#);
    }
    let _ = write!(
        body,
        r#""ContentsCode":{{"label":"tabellinnehåll","category":{{"index":{{"{CONTENTS}":0}},"label":{{"{CONTENTS}":"Antal"}},"unit":{{"{CONTENTS}":{{"base":"antal","decimals":0}}}}}}}}}},"value":["#
    );
    let mut noise = 1_u64;
    let mut status = Vec::new();
    for cell in 0..cells {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let draw = noise >> 33;
        let comma = if cell == 0 { "" } else { "," };
        if draw.is_multiple_of(500) {
            let _ = write!(body, "{comma}null");
            status.push(format!("\"{cell}\":\"..\""));
        } else {
            let _ = write!(body, "{comma}{}", draw % 10_u64.pow(1 + (draw >> 20) as u32 % 6));
        }
    }
    let _ = write!(body, r#"],"status":{{{}}}}}"#, status.join(","));
    let layout = Layout {
        dimensions: dimensions
            .into_iter()
            .map(|(id, codes)| Dimension { id: id.to_owned(), column: id.to_lowercase(), codes })
            .collect(),
        metric: Some("ContentsCode".to_owned()),
        measures: vec![Measure {
            code: CONTENTS.to_owned(),
            column: "antal".to_owned(),
            kind: ValueType::Int64,
            decimals: Some(0),
            unit: Some("antal".to_owned()),
        }],
        symbols: BTreeMap::from([("..".to_owned(), Status::Suppressed)]),
    };
    Case { name, rounds, layout, body: body.into_bytes(), cells }
}

/// The best times.
struct Ours {
    decoding: Duration,
    whole: Duration,
}

fn run(case: &Case) -> Ours {
    let (mut decoding, mut whole) = (Duration::MAX, Duration::MAX);
    let mut file = Vec::new();
    for _ in 0..case.rounds {
        let start = Instant::now();
        let batch = json_stat::decode(&case.body, &case.layout).expect("the body is sound");
        decoding = decoding.min(start.elapsed());
        file = Vec::new();
        let mut sink = writer(&mut file, batch.schema()).expect("a writer");
        sink.write(&batch).expect("a row group");
        sink.close().expect("a footer");
        whole = whole.min(start.elapsed());
    }
    println!(
        "{} ({:.1} MB of JSON-stat, {:.2} MB of Parquet), best of {}:",
        case.name,
        mb(case.body.len()),
        mb(file.len()),
        case.rounds
    );
    report("decode alone", decoding, case);
    report("body → Parquet", whole, case);
    Ours { decoding, whole }
}

/// The same bytes parsed and nothing more, by `benches/parsers`, which Cargo builds where it can.
fn parsers(case: &Case, decoding: Duration) {
    let file = std::env::temp_dir().join(format!("underlag-bench-{}.json", std::process::id()));
    std::fs::write(&file, &case.body).expect("a temporary file");
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/parsers/Cargo.toml");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["run", "--release", "--quiet", "--manifest-path"]).arg(manifest).arg("--").arg(&file);
    let output = command.arg(case.rounds.to_string()).output();
    let _ = std::fs::remove_file(&file);
    let said = output.as_ref().map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let mut fastest = f64::MAX;
    for (name, seconds) in said.lines().filter_map(|line| line.split_once(' ')) {
        let Ok(seconds) = seconds.parse::<f64>() else { continue };
        report(&format!("{name}, parse only"), Duration::from_secs_f64(seconds), case);
        fastest = fastest.min(seconds);
    }
    if fastest < f64::MAX {
        println!("  body → Arrow takes {:.2} times the fastest parse", decoding.as_secs_f64() / fastest);
    } else {
        println!("  parsing alone was not measured: benches/parsers could not be built");
    }
}

fn report(what: &str, time: Duration, case: &Case) {
    let seconds = time.as_secs_f64();
    let (cells, bytes) = (case.cells as f64 / seconds / 1e6, mb(case.body.len()) / seconds);
    println!("  {what:24} {:9.2} ms  {cells:7.2} million cells/s  {bytes:7.1} MB/s", seconds * 1e3);
}

fn peer(case: &Case, ours: &Ours) {
    let dir = std::env::temp_dir().join(format!("underlag-bench-{}", std::process::id()));
    let file = dir.join("body.json");
    std::fs::create_dir_all(&dir).and_then(|()| std::fs::write(&file, &case.body)).expect("a temporary file");
    for (name, what, ours) in [
        ("pyjstat", "pyjstat + pandas + pyarrow, body → Parquet", ours.whole),
        ("pxwebpy", "pxwebpy's own decoding, body → records", ours.decoding),
    ] {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peer.py");
        let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
        let output = Command::new(python).arg(script).arg(name).arg(&file).output();
        let said = output.as_ref().map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        println!("{} with {what}:", case.name);
        if let Some(seconds) = said.as_ref().ok().and_then(|said| said.parse::<f64>().ok()) {
            report(name, Duration::from_secs_f64(seconds), case);
            println!("  ratio: {:.0} times as fast", seconds / ours.as_secs_f64());
            continue;
        }
        match output {
            Ok(output) => println!("  not measured: {}", String::from_utf8_lossy(&output.stderr).trim()),
            Err(error) => println!("  not measured, no Python: {error}"),
        }
        println!("  install with: python3 -m venv .venv && .venv/bin/pip install pxwebpy pyjstat pandas pyarrow");
        println!("  then: PYTHON=.venv/bin/python cargo bench --no-default-features --bench json_stat");
    }
    let _ = std::fs::remove_dir_all(&dir);
}

fn mb(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}
