//! A generated year of advertisements, from its zip and as a plain file, to counts per occupation group,
//! kommun and month: personal data dropped, what is left archived, duplicates counted once. Beside it, in
//! the same run, the same zip inflated and nothing else (by zlib-rs, and by ISA-L, zlib-ng and zlib where Python
//! has `isal` and `zlib-ng`), and DuckDB's `read_json` on the plain file with two threads. Run with `cargo bench --no-default-features --bench ads`; `$ADS` says how many advertisements
//! (100,000 unless told; a year has up to three million), `$TMPDIR` where the files lie, `$PYTHON` which
//! Python has `duckdb`, and with `ZIP=1` there is no plain file, which takes seven times the room. All sides take the best of `$ROUNDS` (3) runs.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::collections::BTreeMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use flate2::{Decompress, FlushDecompress, Status};
use underlag::config::{HttpSettings, Installation, OutageSettings, Outbound, Publisher, Source, SourceKind};
use underlag::decode::ads::{Counter, Counts, batches, each_ad, read_ads};
use underlag::fetch::{Archive, Client, Courier, Journal, Limiter, ScrubError, Tally, scrub};
use underlag::reference::Reference;
use underlag::sandbox::ads::{Writer, Year};
use underlag::store::LocalFolder;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn main() {
    // `cargo test --benches` only wants to know that it runs.
    let for_real = std::env::args().any(|argument| argument == "--bench");
    let ads = number("ADS", if for_real { 100_000 } else { 500 });
    let rounds = number("ROUNDS", if for_real { 3 } else { 1 });
    let folder = std::env::temp_dir().join(format!("underlag-ads-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    bench(&folder, ads, rounds);
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}

fn bench(folder: &Path, ads: u64, rounds: u64) {
    let (plain, zip) = (folder.join("2020.jsonl"), folder.join("2020.jsonl.zip"));
    let with_plain = number("ZIP", 0) == 0;
    generate(with_plain.then_some(plain.as_path()), &zip, ads);
    let (size, packed) = (inflate(&zip), length(&zip));
    println!("{ads} advertisements: {:.0} MB of JSON Lines, {:.0} MB zipped; best of {rounds}", mb(size), mb(packed));
    let best = |work: &dyn Fn()| Took::best((0..rounds).map(|_| Took::of(work)));
    let inflate = best(&|| assert_eq!(inflate(&zip), size));
    line("zip, inflated alone (flate2 on zlib-rs)", inflate, size);
    let others = inflaters(&zip, rounds);
    for (name, took) in &others {
        line(&format!("zip, inflated alone ({name})"), *took, size);
    }
    let fastest = others.iter().map(|(_, took)| took.wall).fold(inflate.wall, f64::min);
    let before = reset_peak();
    let from_zip = best(&|| counts(folder, &zip, ads, false));
    line("zip → scrubbed, archived, counted", from_zip, size);
    println!(
        "  {:.2} × the speed of inflating alone with zlib-rs, {:.2} × with the fastest",
        inflate.wall / from_zip.wall,
        fastest / from_zip.wall
    );
    println!("  peak RSS {:.0} MB ({before:.0} MB before)", peak());
    counts(folder, &zip, ads, true);
    println!("  counted again from what was archived: the same");
    if !with_plain {
        return;
    }
    let before = reset_peak();
    let from_plain = best(&|| counts(folder, &plain, ads, false));
    line("plain file → scrubbed, archived, counted", from_plain, size);
    let alone = best(&|| assert_eq!(count(File::open(&plain).expect("the file")).1, ads));
    line("plain file → counted on one thread, nothing kept", alone, size);
    println!("  peak RSS {:.0} MB ({before:.0} MB before)", peak());
    match duckdb(&plain, rounds) {
        Some((took, rss)) => {
            line("plain file, DuckDB read_json → counted", took, size);
            println!("  peak RSS {rss:.0} MB");
            println!("  ours {:.2} × the speed of DuckDB", took.wall / from_plain.wall);
        }
        None => println!("  skipped: no Python with duckdb"),
    }
}

/// Seconds by the clock and of the processor, both cores together.
#[derive(Clone, Copy)]
struct Took {
    wall: f64,
    processor: f64,
}

impl Took {
    fn of(work: &dyn Fn()) -> Self {
        let (start, used) = (Instant::now(), processor());
        work();
        Self { wall: start.elapsed().as_secs_f64(), processor: processor() - used }
    }

    fn best(all: impl Iterator<Item = Self>) -> Self {
        let none = Self { wall: f64::INFINITY, processor: f64::INFINITY };
        all.fold(none, |one, two| Self { wall: one.wall.min(two.wall), processor: one.processor.min(two.processor) })
    }

    fn read(text: &str) -> Option<Self> {
        let (wall, processor) = text.split_once(' ')?;
        Some(Self { wall: wall.parse().ok()?, processor: processor.parse().ok()? })
    }
}

/// Seconds of the processor that this process has used, to a hundredth.
fn processor() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    fields.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn line(what: &str, took: Took, size: u64) {
    let Took { wall, processor } = took;
    println!("  {what:50} {wall:8.2} s {:8.0} MB/s   processor {processor:.2} s", mb(size) / wall);
}

fn generate(plain: Option<&Path>, zip: &Path, ads: u64) {
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference");
    let writer = Writer::new(&Reference::load(&reference).expect("the reference tables"), 1);
    let year = Year { writer: &writer, seed: 1, year: 2020, ads };
    let file = |path: &Path| BufWriter::with_capacity(1 << 20, File::create(path).expect("a file"));
    if let Some(plain) = plain {
        year.write(&mut file(plain)).expect("a file");
    }
    year.zip(file(zip), 6).and_then(|mut file| file.flush()).expect("a file");
}

/// As fast as it goes: the one member's data, through a buffer that stays in the cache.
fn inflate(zip: &Path) -> u64 {
    let mut input = BufReader::with_capacity(1 << 18, File::open(zip).expect("the zip"));
    let mut header = [0; 30];
    input.read_exact(&mut header).expect("a header");
    let rest = u64::from(u16::from_le_bytes([header[26], header[27]]))
        + u64::from(u16::from_le_bytes([header[28], header[29]]));
    io::copy(&mut (&mut input).take(rest), &mut io::sink()).expect("a header");
    let (mut inflater, mut out) = (Decompress::new(false), vec![0; 1 << 18]);
    loop {
        let packed = io::BufRead::fill_buf(&mut input).expect("the zip");
        let before = inflater.total_in();
        let status = inflater.decompress(packed, &mut out, FlushDecompress::None).expect("sound data");
        let read = (inflater.total_in() - before) as usize;
        io::BufRead::consume(&mut input, read);
        if status == Status::StreamEnd {
            return inflater.total_out();
        }
    }
}

/// The way of a run: through the courier into an archive, and counted on the way. `again`: the archive must give the
/// same.
fn counts(folder: &Path, file: &Path, ads: u64, again: bool) {
    let lake = folder.join("lake");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let courier = courier(&lake);
    let cap = courier.cap();
    let counted = Arc::new(Mutex::new(None));
    let slot = Arc::clone(&counted);
    let drop_persons = scrub(move |input, output| {
        let mut counter = Counter::new(20);
        let keep = &mut |lines: &[u8]| {
            output.write_all(lines)?;
            each_ad(lines, |ad| counter.add(ad))
        };
        underlag::decode::ads::scrub(input, cap, keep).map_err(|error| ScrubError::Invalid(error.to_string()))?;
        *slot.lock().expect("nobody broke down") = Some(told(&counter.done()));
        Ok(())
    });
    let read = runtime.block_on(courier.read_local_streamed(file, Some(drop_persons))).expect("a sound file");
    let told = counted.lock().expect("nobody broke down").take().expect("it was counted");
    assert_eq!(told.1, ads);
    if again {
        assert!(count(courier.open(&read.record).expect("the archive")) == told, "the archive gives the same");
    }
    std::fs::remove_dir_all(&lake).expect("the folder is ours");
}

fn count(input: impl Read) -> (u64, u64, usize) {
    let mut counter = Counter::new(20);
    read_ads(input, |ad| counter.add(ad)).expect("sound advertisements");
    told(&counter.done())
}

/// Made into batches as a run does, one after the other: what all their rows hold in a hash, advertisements, rows.
fn told(counts: &Counts) -> (u64, u64, usize) {
    let rows = batches("2020", counts).map(|batch| batch.expect("sound rows").num_rows()).sum();
    let mut hasher = DefaultHasher::new();
    counts.rows().for_each(|row| row.hash(&mut hasher));
    (hasher.finish(), counts.ads, rows)
}

fn courier(lake: &Path) -> Courier {
    let minute = Duration::from_mins(1);
    let publisher = Publisher { name: "Prov".to_owned(), contact: String::new() };
    let source = Source {
        name: "prov".to_owned(),
        kind: SourceKind::File,
        base_url: "http://127.0.0.1:1/".parse().expect("an address"),
        credit: "Prov".to_owned(),
        licence: "CC0-1.0".to_owned(),
        limits: None,
        parallel: 1,
        fresh_for: Duration::ZERO,
        installation: Installation::default(),
        symbols: BTreeMap::new(),
        responses: Vec::new(),
        synthetic: true,
    };
    let http = HttpSettings {
        connect_timeout: minute,
        read_timeout: minute,
        total_timeout: minute,
        max_body: 1 << 20,
        max_decompressed: 1 << 20,
        stream_timeout: minute,
        max_stream: 1 << 40,
        max_stream_decompressed: 1 << 40,
        max_redirects: 0,
        max_tries: 1,
        max_wait: minute,
        outbound: Outbound::default(),
        outages: OutageSettings::default(),
    };
    Courier::new(
        "prov",
        Arc::new(source),
        Client::new(&http, &publisher).expect("a client"),
        Arc::new(Limiter::new(None)),
        Arc::new(Archive::open(Arc::new(LocalFolder::new(lake)))),
        Arc::new(Journal::open(&lake.join("stage/prov"), minute, jiff::Timestamp::now()).expect("a journal")),
        Arc::<Tally>::default(),
    )
}

/// And the most memory, in MB.
fn duckdb(file: &Path, rounds: u64) -> Option<(Took, f64)> {
    let text = peer("duckdb", file, rounds)?;
    let (took, rss) = text.trim().rsplit_once(' ')?;
    Some((Took::read(took)?, rss.parse().ok()?))
}

/// Those that Python has: its own zlib, and Intel's ISA-L and zlib-ng where they are installed.
fn inflaters(zip: &Path, rounds: u64) -> Vec<(String, Took)> {
    let text = peer("inflate", zip, rounds).unwrap_or_default();
    let line = |line: &str| {
        let (name, took) = line.split_once(' ')?;
        Some((name.to_owned(), Took::read(took)?))
    };
    text.lines().filter_map(line).collect()
}

fn peer(what: &str, file: &Path, rounds: u64) -> Option<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/ads_peer.py");
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let output = Command::new(python).arg(script).arg(what).arg(file).arg(rounds.to_string()).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// From here on the most memory counts that is held from now; what it is now, in MB.
fn reset_peak() -> f64 {
    // Where it can't be done the most of all times is told.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    peak()
}

/// The most memory that this process has had, in MB.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse::<f64>().ok()).map_or(0.0, |kib| kib * 1024.0 / 1e6)
}
