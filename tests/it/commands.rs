//! The commands, each on a small configuration.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::local::{files_below, local, three};
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
    error: there is no pipeline "lokall"
    hint: there is lokal
    "#);
    let none = world.run(&["run"]);
    assert_eq!((none.code, none.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(none.stderr, @r#"
    error: no pipeline is named
    hint: name one or more, or give --all
    "#);
    let both = world.run(&["run", "lokal", "--all"]);
    assert_eq!((both.code, both.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(both.stderr, @r#"
    error: the argument '[PIPELINES]...' cannot be used with '--all'

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
    insta::assert_snapshot!(ran.stderr, @"error: pipeline annan: fetch rader: fil: GET file://[world]/pipelines/annan/rader.json: the body is cut off or broken at byte 3: key must be a string");
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
      last error: fetch rader: fil: GET file://[world]/pipelines/lokal/rader.json: the body is cut off or broken at byte 3: key must be a string
    "#);
    insta::assert_snapshot!(world.ok(&["history"]).stdout, @r#"
    2 [time] lokal          failed      0 calls, 0 reused, 0 retries, 0 rows fetched, [seconds] s
      fetch rader: fil: GET file://[world]/pipelines/lokal/rader.json: the body is cut off or broken at byte 3: key must be a string
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
    error: there is no pipeline "lokall"
    hint: there is lokal
    "#);
}

/// Publishes, does the damage, and gives what `verify` then says.
fn damaged(spoil: impl Fn(&Path)) -> String {
    let world = local(&three());
    world.ok(&["run", "lokal"]);
    let sound = world.ok(&["verify"]);
    assert!(sound.stdout.ends_with("ok: everything is as it was published\n"), "{}", sound.stdout);
    spoil(&world.path(&format!("data/datasets/tal/versions/{}", world.current("tal").unwrap())));
    let ran = world.run(&["verify"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (3, ""), "{}", ran.stdout);
    ran.stdout
}

fn parquet(version: &Path) -> std::path::PathBuf {
    files_below(&version.join("data")).remove(0)
}

#[test]
fn verify_finds_a_changed_byte() {
    let said = damaged(|version| {
        let file = parquet(version);
        let mut bytes = fs::read(&file).unwrap();
        bytes[20] ^= 1;
        fs::write(file, bytes).unwrap();
    });
    // How the reader meets the byte depends on where it lies; that it is found does not.
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(
        lines[1],
        "damaged: tal [version]: data/lan-01/[version].parquet: the bytes are not those that were published (BLAKE3 differs)"
    );
}

#[test]
fn verify_finds_a_cut_manifest() {
    let said = damaged(|version| {
        let file = version.join("manifest.json");
        let text = fs::read(&file).unwrap();
        fs::write(file, &text[..text.len() / 2]).unwrap();
    });
    let said = regex::Regex::new("line \\d+ column \\d+").unwrap().replace(&said, "line [n] column [n]").into_owned();
    insta::assert_snapshot!(said, @r#"
    1 datasets, 1 versions, 0 files, 0 rows, 0 bytes read
    damaged: tal [version]: [world]/data/datasets/tal/versions/[version]/manifest.json is no manifest: EOF while parsing a string at line [n] column [n]
    "#);
}

#[test]
fn verify_finds_a_missing_file_and_a_stranger() {
    let gone = damaged(|version| fs::remove_file(parquet(version)).unwrap());
    insta::assert_snapshot!(gone, @r#"
    1 datasets, 1 versions, 1 files, 0 rows, 0 bytes read
    damaged: tal [version]: data/lan-01/[version].parquet: No such file or directory (os error 2)
    "#);
    let stray = damaged(|version| fs::write(version.join("data/anteckningar.txt"), "x").unwrap());
    let stray = regex::Regex::new("\\d+ bytes").unwrap().replace(&stray, "[n] bytes").into_owned();
    insta::assert_snapshot!(stray, @r#"
    1 datasets, 1 versions, 1 files, 3 rows, [n] bytes read
    damaged: tal [version]: data/anteckningar.txt is not in the manifest
    "#);
}

#[test]
fn verify_finds_a_manifest_that_is_gone_and_a_pointer_to_nowhere() {
    let manifest = damaged(|version| fs::remove_file(version.join("manifest.json")).unwrap());
    insta::assert_snapshot!(manifest, @r#"
    1 datasets, 1 versions, 0 files, 0 rows, 0 bytes read
    damaged: tal [version]: could not read [world]/data/datasets/tal/versions/[version]/manifest.json: No such file or directory (os error 2)
    "#);
    let version = damaged(|version| fs::remove_dir_all(version).unwrap());
    insta::assert_snapshot!(version, @r#"
    1 datasets, 0 versions, 0 files, 0 rows, 0 bytes read
    damaged: tal [version]: the pointer names a version that is not there
    "#);
    let edited = damaged(|version| {
        let file = version.join("manifest.json");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(file, text.replace("\"rows\": 3", "\"rows\": 4")).unwrap();
    });
    let edited = regex::Regex::new("\\d+ bytes").unwrap().replace(&edited, "[n] bytes").into_owned();
    insta::assert_snapshot!(edited, @r#"
    1 datasets, 1 versions, 1 files, 0 rows, [n] bytes read
    damaged: tal [version]: data/lan-01/[version].parquet: 3 rows, the manifest says 4
    "#);
}

#[test]
fn report_renders_again_from_what_is_published() {
    let world = local(&three());
    world.write(
        "reports/oversikt/report.toml",
        "version = 1\ntitle = \"Prov\"\ndescription = \"Ett prov\"\n\n[key.antal]\ntitle = \"Antal\"\ndataset = \"tal\"\nvalue = \"antal\"\ncard = true\nlisted = true\n",
    );
    for name in ["area.html", "base.html", "delar.html", "start.html", "style.css"] {
        fs::copy(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/oversikt").join(name),
            world.path("reports/oversikt").join(name),
        )
        .unwrap();
    }
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
    error: site: report oversikt: `antal` names column "antl", which dataset tal does not have
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
    insta::assert_snapshot!(stray.stderr, @"error: lokal: case ett_fall: [world]/pipelines/lokal/tests/ett_fall: tall.csv belongs to no fetch, input or dataset of the pipeline");
}

#[test]
fn schemas_are_listed_printed_and_the_shipped_ones_are_fresh() {
    let world = World::new();
    insta::assert_snapshot!(world.ok(&["schema"]).stdout, @r#"
    underlag
    sources
    areas
    pipeline
    "#);
    for name in world.ok(&["schema"]).stdout.lines() {
        let printed = String::from_utf8(world.command(&["schema", name]).output().unwrap().stdout).unwrap();
        let schema: Value = serde_json::from_str(&printed).unwrap();
        assert!(schema["$schema"].is_string(), "{name}");
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/schema/{name}.schema.json"));
        if let Ok(shipped) = fs::read_to_string(&shipped) {
            assert_eq!(printed, shipped, "docs/schema is stale: underlag schema --write docs/schema");
        }
    }
    world.ok(&["schema", "--write", "ut"]);
    assert_eq!(world.read("ut/pipeline.schema.json"), world.ok(&["schema", "pipeline"]).stdout);
    let unknown = world.run(&["schema", "pipelines"]);
    assert_eq!((unknown.code, unknown.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(unknown.stderr, @r#"
    error: there is no schema "pipelines"
    hint: there are underlag, sources, areas, pipeline
    "#);
}

#[test]
fn flag_beats_environment_beats_file() {
    let world = local(&three());
    world.ok(&["run", "lokal"]);
    // Another configuration, beside the first, with another data folder.
    copy_folder(&world.path("config"), &world.path("annan"));
    world.edit("annan/underlag.toml", "\"../data\"", "\"../annan-data\"");
    let rows = |arguments: &[&str], environment: &[(&str, &str)]| {
        let ran = world.ran(world.command(arguments).envs(environment.iter().copied()).output().unwrap());
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
        if ran.stdout.contains("tal [version]: 3 rows") {
            "data"
        } else {
            assert!(ran.stdout.contains("tal: not published"), "{}", ran.stdout);
            "nothing"
        }
    };
    assert_eq!(rows(&["status"], &[]), "data");
    for arguments in [["--config", "annan/underlag.toml", "status"], ["status", "--config", "annan/underlag.toml"]] {
        assert_eq!(rows(&arguments, &[]), "nothing");
    }
    for arguments in [["--data-dir", "tom", "status"], ["status", "--data-dir", "tom"]] {
        assert_eq!(rows(&arguments, &[]), "nothing");
    }
    let (config, data) = (("UNDERLAG_CONFIG", "annan/underlag.toml"), ("UNDERLAG_DATA_DIR", "tom"));
    assert_eq!(rows(&["status"], &[config]), "nothing");
    assert_eq!(rows(&["status"], &[data]), "nothing");
    assert_eq!(rows(&["status", "--config", "config/underlag.toml"], &[config]), "data");
    assert_eq!(rows(&["status", "--data-dir", "data"], &[config, data]), "data");
    assert_eq!(rows(&["status"], &[config, ("UNDERLAG_DATA_DIR", "data")]), "data");
}

#[test]
fn no_configuration_and_no_such_file() {
    let world = local(&three());
    fs::rename(world.path("config"), world.path("undan")).unwrap();
    for command in ["check", "plan", "status", "verify", "report"] {
        let ran = world.run(&[command]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{command}");
        insta::allow_duplicates! {
            insta::assert_snapshot!(ran.stderr, @r#"
            error: no configuration: neither config/underlag.toml here nor /etc/underlag/underlag.toml exists
            hint: name one with --config FILE, or try `underlag demo`, which needs none
            "#);
        }
    }
    let ran = world.run(&["check", "--config", "finns/inte.toml"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(ran.stderr, @r#"
    error: the file can't be read: No such file or directory (os error 2)
    --> finns/inte.toml

    1 problem in 1 file

    error: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}

#[test]
fn every_command_has_a_help_that_names_its_options() {
    let world = World::new();
    let commands: [(&str, &[&str]); 11] = [
        ("check", &[]),
        ("test", &["[PIPELINES]"]),
        ("plan", &["[PIPELINES]"]),
        ("run", &["[PIPELINES]", "--all", "--force"]),
        ("status", &["--json"]),
        ("history", &["[PIPELINE]", "--json", "--limit"]),
        ("verify", &[]),
        ("report", &[]),
        ("sandbox", &["--listen", "--calls", "--window", "--max-cells", "--seed"]),
        ("demo", &["--once", "--listen"]),
        ("schema", &["[FILE]", "--write"]),
    ];
    let overview = world.ok(&["--help"]);
    assert_eq!(overview.stderr, "");
    for (command, options) in commands {
        assert!(overview.stdout.contains(&format!("\n  {command} ")), "{command} is not in --help");
        let help = world.ok(&[command, "--help"]);
        assert_eq!(help.stderr, "", "{command}");
        for option in options.iter().chain(&["--config", "--data-dir", "UNDERLAG_CONFIG", "UNDERLAG_DATA_DIR"]) {
            assert!(help.stdout.contains(option), "{command}: {option} is not in\n{}", help.stdout);
        }
    }
    assert!(world.ok(&["--version"]).stdout.starts_with("underlag 0."));
    let unknown = world.run(&["kör"]);
    assert_eq!((unknown.code, unknown.stdout.as_str()), (2, ""));
    assert!(unknown.stderr.starts_with("error: "), "{}", unknown.stderr);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let world = local(&three());
    world.ok(&["run", "lokal"]);
    for arguments in [&["schema", "pipeline"][..], &["status"], &["history"], &["verify"], &["run", "--help"]] {
        let mut child = world.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::with_capacity(16, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(0) && stderr.is_empty(), "{arguments:?}: {:?} {stderr}", output.status);
    }
}
