//! `demo`: the whole job on the shipped configuration, and what it serves. One
//! run on one folder is shared, since it takes a while without optimisation.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use crate::local::{files_below, rows};
use crate::world::{Ran, World, http};

/// The folder that `demo --once` has filled, and what it said.
pub fn demo() -> &'static (World, Ran) {
    static DEMO: OnceLock<(World, Ran)> = OnceLock::new();
    DEMO.get_or_init(|| {
        let world = World::new();
        let ran = world.ok(&["demo", "--once", "--data-dir", "data"]);
        (world, ran)
    })
}

#[test]
fn demo_does_the_whole_job_and_says_that_the_data_are_invented() {
    let (world, ran) = demo();
    let published: Vec<&str> = ran
        .stdout
        .lines()
        .filter(|line| line.contains(" published "))
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(published, PIPELINES, "{}", ran.stdout);
    assert!(ran.stderr.contains("sandbox: pxweb-v2 http://127.0.0.1:[port]/pxweb/api/v2"), "{}", ran.stderr);
    assert!(ran.stderr.contains("\ndone in [seconds] s\n"), "{}", ran.stderr);

    let site = world.path("data/site/current/");
    let pages: Vec<_> =
        files_below(&site).into_iter().filter(|file| file.extension().is_some_and(|kind| kind == "html")).collect();
    assert_eq!(pages.len(), 1 + 21 + 290);
    for page in &pages {
        let text = fs::read_to_string(page).unwrap();
        assert!(text.contains("SYNTETISKA DATA"), "{}", page.display());
        assert!(text.contains("<html lang=\"sv\">"), "{}", page.display());
        assert!(!text.contains("src=\"http") && !text.contains("<script"), "{}", page.display());
    }
    for (dataset, credit) in [
        ("annonser", "Källa: Arbetsförmedlingen (JobTech)"),
        ("befolkning", "Källa: SCB"),
        ("nyckeltal", "Källa: Kolada"),
    ] {
        let manifest = world.manifest(dataset);
        assert_eq!(manifest["synthetic"], true);
        assert_eq!(manifest["credit"], credit);
        let parts = fs::read_dir(world.path(&format!("data/datasets/{dataset}/current/"))).unwrap().count();
        assert_eq!(parts, 22, "a folder per county and one for the nation");
    }
    let advertisements = rows(world, "annonser");
    let sum = |niva: &str| -> i64 {
        let of = advertisements.iter().filter(|row| row["niva"] == niva);
        of.map(|row| row["antal"].parse::<i64>().unwrap()).sum()
    };
    assert!(sum("riket") > 0 && sum("riket") == sum("lan") && sum("riket") == sum("kommun"));
    world.ok(&["verify"]);
}

const PIPELINES: [&str; 3] = ["annonser", "befolkning", "nyckeltal"];

/// A second `demo` on a copy of the folder that is filled already, serving what it has.
struct Served {
    child: Child,
    address: String,
    said: Vec<String>,
    world: World,
}

impl Served {
    fn start() -> Self {
        let world = World::new();
        let copied = Command::new("cp").arg("-a").arg(demo().0.path("data")).arg(world.path("data")).status().unwrap();
        assert!(copied.success());
        let mut command = world.command(&["demo", "--listen", "127.0.0.1:0", "--data-dir", "data"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut served = Self { child, address: String::new(), said: Vec::new(), world };
        for line in stdout.lines().map_while(Result::ok) {
            if let Some(address) = line.strip_prefix("site: http://") {
                address.trim_end_matches('/').clone_into(&mut served.address);
                return served;
            }
            served.said.push(line);
        }
        panic!("no address: {:?}", served.said);
    }

    fn get(&self, path: &str) -> String {
        http(&self.address, "GET", path, "")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_second_demo_finds_all_unchanged_and_serves_it_until_it_is_told_to_stop() {
    let mut served = Served::start();
    for pipeline in PIPELINES {
        let line = served.said.iter().find(|line| line.starts_with(pipeline)).unwrap();
        assert!(line.contains(" unchanged "), "{line}");
        assert_eq!(served.world.versions(pipeline), demo().0.versions(pipeline));
    }
    assert!(served.said.iter().any(|line| line == "site: unchanged, 312 pages"), "{:?}", served.said);
    let start = served.get("/");
    assert!(start.starts_with("HTTP/1.1 200") && start.contains("SYNTETISKA DATA"), "{start}");
    let lan = served.get("/lan/01/");
    assert!(lan.starts_with("HTTP/1.1 200") && lan.contains("Stockholm"), "{lan}");
    let kommun = served.get("/kommun/0180/");
    assert!(kommun.starts_with("HTTP/1.1 200") && kommun.contains("<svg"), "{kommun}");

    // The links behind a figure: a CSV file beside the page, and Parquet.
    let links: Vec<String> = regex::Regex::new("href=\"([^\"]+)\"")
        .unwrap()
        .captures_iter(&kommun)
        .map(|found| found[1].replace("&#x2f;", "/"))
        .collect();
    let link =
        |kind: &str| links.iter().find(|link| link.ends_with(kind)).unwrap_or_else(|| panic!("no {kind} in {links:?}"));
    let absolute = |link: &str| url::Url::parse("http://x/kommun/0180/").unwrap().join(link).unwrap().path().to_owned();
    let csv = served.get(&absolute(link(".csv")));
    assert!(csv.starts_with("HTTP/1.1 200") && csv.contains("0180"), "{csv}");
    let parquet = served.get(&absolute(link(".parquet")));
    assert!(parquet.starts_with("HTTP/1.1 200") && parquet.ends_with("PAR1"), "{}", parquet.len());
    assert!(served.get("/ledger.sqlite").starts_with("HTTP/1.1 404"));
    assert!(served.get("/kommun/9999/").starts_with("HTTP/1.1 404"));

    let told = Command::new("kill").arg("-TERM").arg(served.child.id().to_string()).status().unwrap();
    assert!(told.success());
    assert_eq!(served.child.wait().unwrap().code(), Some(0));
}
