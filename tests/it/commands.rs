//! The commands, each on a small configuration.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::local::{files_below, local, reported, three};
use crate::people::{DATASETS, people};
use crate::world::{Sandbox, World, copy_folder};

#[test]
fn a_second_run_with_nothing_changed_makes_no_new_version_and_plan_says_so() {
    let sandbox = Sandbox::start();
    let world = World::new().with_sandbox(&sandbox).with_shipped("annonser");
    let before = world.ok(&["plan"]);
    assert!(before.stdout.contains("annonser: would be published for the first time"), "{}", before.stdout);
    world.ok(&["run", "annonser"]);
    let version = world.current("annonser").unwrap();
    let plan = world.ok(&["plan"]);
    assert!(plan.stdout.contains("annonser: unchanged: nothing would be fetched, no new version"), "{}", plan.stdout);
    let again = world.ok(&["run", "annonser"]);
    assert!(again.stdout.contains("annonser       unchanged"), "{}", again.stdout);
    assert_eq!(world.current("annonser").unwrap(), version);
    assert_eq!(world.versions("annonser"), [version]);
    world.ok(&["verify"]);
}

#[test]
fn run_wants_names_that_exist() {
    let world = local(&three());
    let unknown = world.run(&["run", "lokall"]);
    assert_eq!((unknown.code, unknown.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(unknown.stderr, @r#"
    error[U0902]: there is no pipeline "lokall"
    hint: there is lokal
    "#);
    let none = world.run(&["run"]);
    assert_eq!((none.code, none.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(none.stderr, @r#"
    error[U0901]: no pipeline is named
    hint: name one or more, or give --all
    "#);
    let both = world.run(&["run", "lokal", "--all"]);
    assert_eq!((both.code, both.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(both.stderr, @r#"
    error[U0901]: the argument '[PIPELINES]...' cannot be used with '--all'

    Usage: underlag run <PIPELINES>...

    For more information, try '--help'.
    "#);
    assert!(world.versions("tal").is_empty());
    for command in ["plan", "test"] {
        let unknown = world.run(&[command, "lokall"]);
        assert_eq!((unknown.code, unknown.stdout.as_str()), (2, ""), "{command}");
    }
}

#[test]
fn run_says_what_it_did_on_stdout_and_nothing_on_stderr() {
    let world = local(&three());
    let ran = world.ok(&["run", "--all"]);
    assert_eq!(ran.stderr, "");
    insta::assert_snapshot!(ran.stdout, @r#"
    lokal          published  tal [version] (3 rows) 3 rows fetched, 0 calls, 340 bytes, [seconds] s
    site: no report has anything to show yet
    "#);
    let again = world.ok(&["run", "lokal", "lokal"]);
    assert_eq!(again.stderr, "");
    insta::assert_snapshot!(again.stdout, @r#"
    lokal          unchanged  tal [version] (3 rows) 0 rows fetched, 0 calls, 170 bytes, [seconds] s
    site: no report has anything to show yet
    "#);
}

#[test]
fn one_failing_pipeline_stops_no_other() {
    let world = local(&three());
    copy_folder(&world.path("pipelines/lokal"), &world.path("pipelines/annan"));
    world.edit("pipelines/annan/pipeline.toml", "dataset.tal", "dataset.andra_tal");
    world.write("pipelines/annan/rader.json", "[{]");
    let ran = world.run(&["run", "--all"]);
    assert_eq!(ran.code, 1);
    insta::assert_snapshot!(ran.stdout, @r#"
    annan          failed     0 rows fetched, 0 calls, 6 bytes, [seconds] s
    lokal          published  tal [version] (3 rows) 3 rows fetched, 0 calls, 340 bytes, [seconds] s
    site: no report has anything to show yet
    "#);
    insta::assert_snapshot!(ran.stderr, @r"
    error[U0301]: pipeline annan: fetch rader: fil: GET file://[world]/pipelines/annan/rader.json: the body is cut off or broken at byte 3: key must be a string
    hint: correct the file and run again
    ");
    assert!(world.current("tal").is_some() && world.current("andra_tal").is_none());
}

#[test]
fn force_fetches_again_and_publishes_nothing_new_when_the_content_is_the_same() {
    let sandbox = Sandbox::start();
    let world = people(&sandbox);
    world.ok(&["run", "folk"]);
    let data_calls = || sandbox.calls().iter().filter(|call| call["method"] == "POST").count();
    sandbox.forget_calls();
    world.ok(&["run", "folk"]);
    assert_eq!(data_calls(), 0);
    let forced = world.ok(&["run", "folk", "--force"]);
    assert_eq!(data_calls(), 1);
    assert!(forced.stdout.starts_with("folk           unchanged"), "{}", forced.stdout);
    for dataset in DATASETS {
        assert_eq!(world.versions(dataset).len(), 1);
    }
}

#[test]
fn plan_tells_what_a_run_would_do_without_asking_for_data() {
    let sandbox = Sandbox::start_with(&["--max-cells", "500", "--calls", "1000"]);
    let world = people(&sandbox);
    let first = world.ok(&["plan", "folk"]);
    insta::assert_snapshot!(first.stdout, @r#"
    folk: would be published for the first time
      folk from scb: changed or never fetched; 8 data calls (at least 8), 3744 cells, 1000 calls per 10 s, wait [seconds] s
    "#);
    assert!(sandbox.calls().iter().all(|call| call["method"] == "GET"), "metadata calls only");
    assert!(!world.path("data/datasets").exists() && !world.path("data/stage/folk").exists());

    world.ok(&["run", "folk"]);
    insta::assert_snapshot!(world.ok(&["plan"]).stdout, @r#"
    folk: unchanged: nothing would be fetched, no new version
      folk from scb: unchanged; 8 data calls (at least 8), 3744 cells, 1000 calls per 10 s, wait [seconds] s
    "#);

    sandbox.fault(json!({ "kind": "revise" }));
    insta::assert_snapshot!(world.ok(&["plan"]).stdout, @r#"
    folk: changed: would be fetched, a new version if the result differs
      folk from scb: changed or never fetched; 8 data calls (at least 8), 3744 cells, 1000 calls per 10 s, wait [seconds] s
    "#);
    sandbox.behave();

    // A query that gives the same rows: it is computed again, and no version comes of it.
    let sql = world.read("pipelines/folk/folk_lan.sql");
    world.write("pipelines/folk/folk_lan.sql", &format!("{sql}-- en kommentar\n"));
    insta::assert_snapshot!(world.ok(&["plan"]).stdout, @r#"
    folk: the configuration has changed: would be computed again, a new version only if the result differs
      folk from scb: unchanged; 8 data calls (at least 8), 3744 cells, 1000 calls per 10 s, wait [seconds] s
    "#);
    sandbox.forget_calls();
    let same = world.ok(&["run", "folk"]);
    assert!(same.stdout.starts_with("folk           unchanged"), "{}", same.stdout);
    assert!(sandbox.calls().iter().all(|call| call["method"] == "GET"), "the archive has the data");

    // A query that gives other rows: one of the two datasets gets a version.
    world.write("pipelines/folk/folk_lan.sql", &format!("{sql}  AND kod <> '25'\n"));
    let other = world.ok(&["run", "folk"]);
    assert!(other.stdout.starts_with("folk           published"), "{}", other.stdout);
    assert_eq!(DATASETS.map(|dataset| world.versions(dataset).len()), [1, 2]);
}

#[test]
fn a_revision_becomes_version_2_and_leaves_version_1_as_it_was() {
    let sandbox = Sandbox::start();
    let world = people(&sandbox);
    world.ok(&["run", "folk"]);
    let dataset = DATASETS[0];
    let folder = world.path(&format!("data/datasets/{dataset}/versions/{}", world.current(dataset).unwrap()));
    let first = snapshot(&folder);
    let manifest = fs::read(folder.join("manifest.json")).unwrap();
    assert_eq!(world.manifest(dataset)["previous"], Value::Null);

    sandbox.fault(json!({ "kind": "revise" }));
    let ran = world.ok(&["run", "folk"]);
    assert!(ran.stdout.starts_with("folk           published"), "{}", ran.stdout);
    let second = world.current(dataset).unwrap();
    assert!(second.starts_with("000002-"), "{second}");
    assert_eq!(world.manifest(dataset)["previous"], *blake3::hash(&manifest).to_hex());
    assert_eq!(snapshot(&folder), first, "version 1 is byte for byte what it was");
    // No file name recurs between versions.
    let old: Vec<_> = first.iter().filter(|(path, _)| path.ends_with(".parquet")).map(|(path, _)| path).collect();
    let new = snapshot(&world.path(&format!("data/datasets/{dataset}/versions/{second}")));
    assert!(!old.is_empty() && new.iter().all(|(path, _)| !old.contains(&path)));
    world.ok(&["verify"]);
}

/// Path and content of every file.
fn snapshot(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let path = |file: &Path| file.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
    files_below(folder).iter().map(|file| (path(file), fs::read(file).unwrap())).collect()
}

#[test]
fn the_credit_follows_from_what_the_query_does() {
    let sandbox = Sandbox::start();
    let world = people(&sandbox);
    world.ok(&["run", "folk"]);
    for dataset in DATASETS {
        assert_eq!(world.manifest(dataset)["credit"], "Källa: SCB");
        assert_eq!(world.manifest(dataset)["synthetic"], false, "only the demo's own sandbox is known to be one");
    }
    // An aggregate in one dataset, a ratio in the other.
    world.write(
        "pipelines/folk/folk_lan.sql",
        "SELECT 'lan' AS niva, kod, period, alder, 'alla' AS kon, sum(folkmangd) AS folkmangd, 'observed' AS folkmangd_status\n\
         FROM folk\nWHERE character_length(kod) = 2 AND kod <> '00' AND kon <> 'TotSa'\nGROUP BY kod, period, alder\n",
    );
    let toml = world.read("pipelines/folk/pipeline.toml");
    world.write(
        "pipelines/folk/pipeline.toml",
        &format!(
            "{toml}\n[dataset.folk_kommun.column.hel]\ntype = \"float64\"\ntitle = \"Hel\"\n\
             ratio = {{ numerator = \"folkmangd\", denominator = \"folkmangd\" }}\n"
        ),
    );
    world.ok(&["run", "folk"]);
    for dataset in DATASETS {
        let manifest = world.manifest(dataset);
        let fetched = manifest["sources"]["folk"]["fetched_at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        let date = fetched.in_tz("Europe/Stockholm").unwrap().date();
        assert_eq!(
            manifest["credit"],
            format!("Beräknad av Region Prov med underlag från SCB, hämtat {date}"),
            "{dataset}"
        );
    }
}

#[test]
fn status_and_history_tell_what_ran() {
    let world = local(&three());
    insta::assert_snapshot!(world.ok(&["status"]).stdout, @r#"
    lokal          never run   run never, checked never
      tal: not published
    "#);
    assert_eq!(world.ok(&["history"]).stdout, "");
    assert_eq!(world.ok(&["history", "--json"]).stdout, "[]\n");
    world.ok(&["run", "lokal"]);
    world.write("pipelines/lokal/rader.json", "[{]");
    assert_eq!(world.run(&["run", "lokal"]).code, 1);
    insta::assert_snapshot!(world.ok(&["status"]).stdout, @r#"
    lokal          failed      run [time], checked [time]
      tal [version]: 3 rows, fetched [time]
        latest period 2024, released [time]
      last error: [U0301] fetch rader: fil: GET file://[world]/pipelines/lokal/rader.json: the body is cut off or broken at byte 3: key must be a string
    "#);
    insta::assert_snapshot!(world.ok(&["history"]).stdout, @r#"
    2 [time] lokal          failed      0 calls, 0 reused, 0 retries, 0 rows fetched, [seconds] s
      [U0301] fetch rader: fil: GET file://[world]/pipelines/lokal/rader.json: the body is cut off or broken at byte 3: key must be a string
    1 [time] lokal          published   0 calls, 0 reused, 0 retries, 3 rows fetched, [seconds] s
      tal [version] published, 3 rows
    "#);

    let status: Value = serde_json::from_str(&world.ok(&["status", "--json"]).stdout).unwrap();
    let pipeline = &status[0];
    assert_eq!((&pipeline["pipeline"], &pipeline["last_outcome"]), (&json!("lokal"), &json!("failed")));
    assert_eq!((&pipeline["datasets"][0]["dataset"], &pipeline["datasets"][0]["rows"]), (&json!("tal"), &json!(3)));
    let history: Value =
        serde_json::from_str(&world.ok(&["history", "lokal", "--json", "--limit", "1"]).stdout).unwrap();
    assert_eq!(history.as_array().unwrap().len(), 1);
    assert_eq!((&history[0]["outcome"], &history[0]["pipeline"]), (&json!("failed"), &json!("lokal")));

    let unknown = world.run(&["history", "lokall"]);
    assert_eq!((unknown.code, unknown.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(unknown.stderr, @r#"
    error[U0902]: there is no pipeline "lokall"
    hint: there is lokal
    "#);
}

#[test]
fn report_renders_again_from_what_is_published() {
    let world = reported();
    // Nothing is published yet: the report waits, which is no failure.
    let early = world.ok(&["report"]);
    insta::assert_snapshot!(early.stdout, @"site: no report has anything to show yet");
    let ran = world.ok(&["run", "lokal"]);
    assert!(ran.stdout.contains("\nsite: [version], "), "{}", ran.stdout);
    let start = world.read("data/site/current/index.html");
    assert!(start.contains("Prov") && !start.contains("SYNTETISKA DATA"), "{start}");
    let again = world.ok(&["report"]);
    assert!(again.stdout.starts_with("site: unchanged, "), "{}", again.stdout);
    world.edit("reports/oversikt/report.toml", "title = \"Prov\"", "title = \"Omprov\"");
    let renewed = world.ok(&["report"]);
    assert!(renewed.stdout.starts_with("site: [version], "), "{}", renewed.stdout);
    assert!(world.read("data/site/current/index.html").contains("Omprov"));

    world.edit("reports/oversikt/report.toml", "value = \"antal\"", "value = \"antl\"");
    let wrong = world.run(&["report"]);
    assert_eq!((wrong.code, wrong.stdout.as_str()), (1, ""));
    insta::assert_snapshot!(wrong.stderr, @r#"
    error[U0501]: site: report oversikt: `antal` names column "antl", which dataset tal does not have
    hint: did you mean `antal`?
    "#);
    assert!(world.read("data/site/current/index.html").contains("Omprov"), "the last site stays");
}

#[test]
fn the_shipped_pipelines_pass_their_own_tests() {
    let world = World::new().with_shipped("annonser").with_shipped("befolkning").with_shipped("nyckeltal");
    let sandbox = Sandbox::start();
    let world = world.with_sandbox(&sandbox);
    insta::assert_snapshot!(world.ok(&["test"]).stdout, @r#"
    annonser: fyra_yrken: ok, 7 rows
    befolkning: alla_nivaer: ok, 9 rows
    nyckeltal: kommun_region_riket: ok, 7 rows
    3 passed, 0 failed
    "#);
    assert!(sandbox.calls().is_empty(), "tests ask nobody");
}

#[test]
fn a_test_that_fails_shows_the_rows() {
    let world = local(&three());
    world.write(
        "pipelines/lokal/tests/ett_fall/rader.csv",
        "kod,period,antal,antal_status,antal_symbol,status\n0114,2024,10,observed,,\n0180,2024,,missing,,suppressed\n",
    );
    world.write(
        "pipelines/lokal/tests/ett_fall/tal.csv",
        "kod,namn,antal,antal_status\n0114,Upplands Väsby,11,observed\n0180,Stockholm,,suppressed\n",
    );
    let ran = world.run(&["test", "lokal"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""));
    insta::assert_snapshot!(ran.stdout, @r#"
    lokal: ett_fall: FAILED
      tal: unexpected row: kod=0114, namn=Upplands Väsby, antal=10, antal_status=observed
      tal: missing row: kod=0114, namn=Upplands Väsby, antal=11, antal_status=observed
    0 passed, 1 failed
    "#);
    world.edit("pipelines/lokal/tests/ett_fall/tal.csv", ",11,", ",10,");
    insta::assert_snapshot!(world.ok(&["test"]).stdout, @r#"
    lokal: ett_fall: ok, 2 rows
    1 passed, 0 failed
    "#);
    // A file that belongs to nothing is a typo, not a row.
    world.write("pipelines/lokal/tests/ett_fall/tall.csv", "kod\n0114\n");
    let stray = world.run(&["test"]);
    assert_eq!(stray.code, 1);
    insta::assert_snapshot!(stray.stderr, @"error[U0121]: lokal: case ett_fall: [world]/pipelines/lokal/tests/ett_fall: tall.csv belongs to no fetch, input or dataset of the pipeline");
}

#[test]
fn status_under_a_refused_configuration_shows_what_was_recorded_last() {
    let world = local(&three());
    world.ok(&["run", "lokal"]);
    let settings = world.read("config/underlag.toml");
    world.edit("config/underlag.toml", "[publisher]", "[publiser]");
    let ran = world.run(&["status"]);
    insta::assert_snapshot!(format!("{}\n{}---\n{}", ran.code, ran.stdout, ran.stderr), @r#"
    2
    lokal          published   run [time], checked [time]
      tal [version]: 3 rows, fetched [time]
        latest period 2024, released [time]
    ---
    error[U0105]: unknown key `publiser`
     --> config/underlag.toml:4:2
      |
    4 | [publiser]
      |  ^^^^^^^^
      |
      = hint: did you mean `publisher`?

    1 problem in 1 file

    error[U0102]: the configuration is refused
    hint: shown is what is recorded in [world]/data; correct the problems above
    "#);

    // Not even the pipeline's own file can be read.
    world.write("config/underlag.toml", &settings);
    world.write("pipelines/lokal/pipeline.toml", "version = 1\ntitle = \"Lokal\n");
    let ran = world.run(&["status"]);
    insta::assert_snapshot!(format!("{}\n{}---\n{}", ran.code, ran.stdout, ran.stderr), @r#"
    2
    lokal          published   run [time], checked [time]
      tal [version]: 3 rows, fetched [time]
    ---
    error[U0104]: invalid basic string, expected `"`
     --> pipelines/lokal/pipeline.toml:2:15
      |
    2 | title = "Lokal
      |               ^

    1 problem in 1 file

    error[U0102]: the configuration is refused
    hint: shown is what is recorded in [world]/data; correct the problems above
    "#);
    let json = world.run(&["status", "--json"]);
    let rows: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(
        (json.code, &rows[0]["last_outcome"], &rows[0]["datasets"][0]["rows"]),
        (2, &json!("published"), &json!(3))
    );
}
