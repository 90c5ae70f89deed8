//! PxWeb API v2 through the binary: small calls by GET, installations without
//! json-stat2, and code lists that are read to the codes behind them.

use std::collections::BTreeSet;

use serde_json::json;

use crate::world::{Sandbox, World};

/// The pipeline `match`: the regions of three counties, two years and two contents, by the codes behind a list.
fn matching(sandbox: &Sandbox, installation: &str) -> World {
    let world = World::new();
    world.write(
        "config/sources.toml",
        &format!(
            "version = 1\n[source.scb.pxweb]\nbase_url = \"{}\"\ncredit = \"SCB\"\nlicence = \"CC0-1.0\"\n{installation}",
            sandbox.pxweb
        ),
    );
    world.write(
        "pipelines/match/pipeline.toml",
        "version = 1\ntitle = \"Matchning\"\n\n\
         [fetch.m.pxweb]\nsource = \"scb\"\ntable = \"TAB9002\"\n\
         select = { Region = [\"00\", \"01*\", \"14*\", \"25*\"], Utbildning = \"G\", Tid = \"TOP(2)\" }\n\
         codelist = { Utbildning = \"agg_Utbildningsnivå\" }\noutput_values = { Utbildning = \"single\" }\n\
         rename = { Region = \"kod\", Tid = \"period\" }\n\
         measures = { \"0000S2A1\" = \"grad\", \"0000S2A2\" = \"personer\" }\n\n\
         [dataset.matchning]\ntitle = \"Matchning\"\nsql = \"m.sql\"\nkey = [\"kod\", \"utbildning\", \"period\"]\n\
         [dataset.matchning.column.utbildning]\ntype = \"text\"\ntitle = \"Utbildning\"\n\
         [dataset.matchning.column.grad]\ntype = \"float64\"\ndecimals = 1\ntitle = \"Matchad förvärvsgrad\"\nunit = \"procent\"\n\
         [dataset.matchning.column.personer]\ntype = \"int64\"\ntitle = \"Personer\"\nunit = \"antal\"\n",
    );
    world.write(
        "pipelines/match/m.sql",
        "SELECT CASE WHEN kod = '00' THEN 'riket' WHEN character_length(kod) = 2 THEN 'lan' ELSE 'kommun' END AS niva,\n\
         kod, period, utbildning, grad, grad_status, personer, personer_status FROM m\n",
    );
    world
}

/// How the data were asked for since the last look: by which method, in which format.
fn data_calls(sandbox: &Sandbox) -> BTreeSet<String> {
    let calls = sandbox.calls();
    sandbox.forget_calls();
    let data = calls.iter().filter_map(|call| {
        let path = call["path"].as_str()?;
        let format = path.split_once("/data?")?.1.split('&').find_map(|part| part.strip_prefix("outputFormat="))?;
        Some(format!("{} {format}", call["method"].as_str()?))
    });
    data.collect()
}

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(ToString::to_string).collect()
}

#[test]
fn small_calls_are_gets_and_every_way_publishes_the_same() {
    let sandbox = Sandbox::start_with(&["--calls", "0", "--max-cells", "300"]);
    let world = matching(&sandbox, "longest_get = 1800\n");
    let ran = world.ok(&["run", "match"]);
    assert!(ran.stdout.starts_with("match          published"), "{}", ran.stdout);
    assert_eq!(data_calls(&sandbox), set(&["GET json-stat2"]));
    world.ok(&["verify"]);
    let rows = world.rows("matchning");
    let educations: BTreeSet<&str> = rows.iter().map(|row| row["utbildning"].as_str()).collect();
    assert_eq!(educations, BTreeSet::from(["53B", "53E", "53F", "53V"]));
    assert!(rows.iter().any(|row| row["kod"] == "1480" && row["lan"] == "14"));
    let version = world.current("matchning").unwrap();
    // Without the source: what was asked by GET is found in the archive by the same name.
    world.ok(&["replay", "matchning", &version]);

    let again = world.ok(&["run", "match"]);
    assert!(again.stdout.starts_with("match          unchanged"), "{}", again.stdout);
    assert_eq!(data_calls(&sandbox), set(&[]), "nothing has changed");
    world.edit("config/sources.toml", "longest_get = 1800\n", "");
    let posted = world.ok(&["run", "match", "--force"]);
    assert!(posted.stdout.starts_with("match          unchanged"), "{}", posted.stdout);
    assert_eq!(data_calls(&sandbox), set(&["POST json-stat2"]));
    // The version is computed by its own configuration, whatever holds today.
    world.ok(&["replay", "matchning", &version]);
    assert_eq!(world.current("matchning").unwrap(), version);
}

#[test]
fn an_installation_without_json_stat_publishes_the_same() {
    let usual = Sandbox::start();
    let world = matching(&usual, "");
    world.ok(&["run", "match"]);
    let version = world.current("matchning").unwrap();
    for (formats, used) in [("px,csv", "POST px"), ("csv", "POST csv")] {
        let without = Sandbox::start_with(&["--calls", "0", "--pxweb-formats", formats]);
        let sources = world.read("config/sources.toml");
        world.write("config/sources.toml", &sources.replace(&usual.pxweb, &without.pxweb));
        let ran = world.ok(&["run", "match", "--force"]);
        assert!(ran.stdout.starts_with("match          unchanged"), "{formats}: {}", ran.stdout);
        assert_eq!(data_calls(&without), set(&[used]));
        assert_eq!(world.current("matchning").unwrap(), version);
        world.write("config/sources.toml", &sources);
    }
    usual.forget_calls();
    let sources = world.read("config/sources.toml");
    world.write("config/sources.toml", &format!("{sources}formats = [\"px\"]\n"));
    world.ok(&["run", "match", "--force"]);
    assert_eq!(data_calls(&usual), set(&["POST px"]), "as configured");
}

#[test]
fn a_list_that_stands_for_others_keeps_the_last_good_version() {
    let sandbox = Sandbox::start();
    let world = matching(&sandbox, "");
    world.ok(&["run", "match"]);
    let version = world.current("matchning").unwrap();
    for path in ["TAB9002", "codelists"] {
        sandbox
            .fault(json!({ "path_contains": path, "kind": "removed_code", "dimension": "Utbildning", "code": "53E" }));
    }
    let ran = world.run(&["run", "match", "--force"]);
    assert_eq!((ran.code, world.current("matchning").unwrap()), (1, version), "{}", ran.stderr);
    assert!(
        ran.stderr.contains(
            "group \"G\" (gymnasial) has other members than before, so that its figures are of others: gone: \"53E\""
        ),
        "{}",
        ran.stderr
    );
}
