//! PxWeb API v1 through the binary: a pipeline over the stand-in, its Parquet, what
//! is told of a table that is gone, and drift that keeps the last good version.

use serde_json::json;

use crate::world::{Sandbox, World};

/// The pipeline `match`: every region, all groups, two years and two contents, in several calls.
pub fn matching(sandbox: &Sandbox, installation: &str) -> World {
    let world = World::new();
    let url = sandbox.pxweb.replace("/v2", "/v1/sv/ssd");
    world.write(
        "config/sources.toml",
        &format!(
            "version = 1\n[source.scb_v1.pxweb-v1]\nbase_url = \"{url}\"\ncredit = \"SCB\"\nlicence = \"CC0-1.0\"\n{installation}"
        ),
    );
    world.write(
        "pipelines/match/pipeline.toml",
        "version = 1\ntitle = \"Matchning\"\n\n\
         [fetch.m.pxweb]\nsource = \"scb_v1\"\ntable = \"AM/AM0210/MatchUtbildning\"\n\
         select = { Region = \"*\", Utbildning = \"*\", Tid = \"TOP(2)\" }\n\
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
         kod, period, utbildning, grad, grad_status, grad_symbol, personer, personer_status, personer_symbol FROM m\n",
    );
    world
}

#[test]
fn a_table_is_fetched_published_and_then_left_alone() {
    let sandbox = Sandbox::start_with(&["--calls", "0", "--max-cells", "2000"]);
    let world = matching(&sandbox, "");
    let plan = world.ok(&["plan", "match"]).stdout;
    assert!(plan.contains("4 data calls (at least 4), 7488 cells"), "{plan}");
    let ran = world.ok(&["run", "match"]);
    assert!(ran.stdout.starts_with("match          published"), "{}", ran.stdout);
    world.ok(&["verify"]);
    let rows = world.rows("matchning");
    assert_eq!(rows.len(), 312 * 6 * 2);
    assert!(rows.iter().any(|row| row["personer_symbol"] == ".." && row["personer_status"] == "missing"));
    assert!(rows.iter().any(|row| row["kod"] == "0114" && row["lan"] == "01"));

    sandbox.forget_calls();
    let again = world.ok(&["run", "match"]);
    assert!(again.stdout.starts_with("match          unchanged"), "{}", again.stdout);
    let data = sandbox.calls().iter().filter(|call| call["cells"].as_u64().is_some_and(|cells| cells > 2)).count();
    assert_eq!(data, 0, "the folder says that nothing has changed");
}

#[test]
fn every_format_publishes_the_same() {
    let sandbox = Sandbox::start();
    let world = matching(&sandbox, "");
    world.ok(&["run", "match"]);
    let version = world.current("matchning").unwrap();
    // The same figures by another way: PX tells as much as JSON-stat.
    let sources = world.read("config/sources.toml");
    world.write("config/sources.toml", &format!("{sources}formats = [\"px\"]\n"));
    let ran = world.ok(&["run", "match", "--force"]);
    assert!(ran.stdout.starts_with("match          unchanged"), "{}", ran.stdout);
    assert_eq!(world.current("matchning").unwrap(), version);
}

#[test]
fn a_table_that_is_gone_or_broken_keeps_the_last_good_version() {
    let sandbox = Sandbox::start();
    let world = matching(&sandbox, "");
    world.ok(&["run", "match"]);
    let version = world.current("matchning").unwrap();
    let fails = |fault: serde_json::Value| {
        sandbox.fault(fault);
        let ran = world.run(&["run", "match", "--force"]);
        sandbox.behave();
        assert_eq!((ran.code, world.current("matchning").unwrap()), (1, version.clone()), "{}", ran.stderr);
        ran.stderr
    };
    insta::assert_snapshot!(fails(json!({ "path_contains": "AM0210", "kind": "lost_table" })), @r#"
    error[U0210]: pipeline match: fetch m: scb_v1: there is no table "AM/AM0210/MatchUtbildning" at http://127.0.0.1:[port]/pxweb/api/v1/sv/ssd/AM/AM0210/MatchUtbildning, which answered 400
    hint: the table may have been withdrawn or replaced by one with another id
    "#);
    let drift =
        fails(json!({ "path_contains": "AM0210", "kind": "removed_code", "dimension": "Utbildning", "code": "53B" }));
    assert!(drift.contains("dimension \"Utbildning\" has lost the code \"53B\""), "{drift}");
    let cut = fails(json!({ "path_contains": "MatchUtbildning", "kind": "truncate", "after": 2 }));
    assert!(
        cut.contains("POST http://127.0.0.1:[port]/pxweb/api/v1/sv/ssd/AM/AM0210/MatchUtbildning: the body is cut off"),
        "{cut}"
    );

    world.edit("pipelines/match/pipeline.toml", "MatchUtbildning\"", "MatchUtbildningN1\"");
    let moved = world.run(&["plan", "match"]);
    assert!(
        moved.stderr.contains("hint: likely successors: AM/AM0210/MatchUtbildning (Matchning på arbetsmarknaden"),
        "{}",
        moved.stderr
    );
}

#[test]
fn tables_are_searched_described_and_drafted() {
    let sandbox = Sandbox::start();
    let world = matching(&sandbox, "");
    let found = world.ok(&["source", "search", "arbetslöshet", "--source", "scb_v1"]).stdout;
    assert!(found.starts_with("scb_v1:AM/AM0210/ArbetslosaAr  Arbetslöshet efter region"), "{found}");
    let told = world.ok(&["source", "describe", "scb_v1:AM/AM0210/ArbetslosaAr"]).stdout;
    assert!(told.contains("0000S1A1 Arbetslöshet, procent, procent, 1 decimals"), "{told}");
    world.ok(&["source", "add", "scb_v1:AM/AM0210/ArbetslosaAr", "--name", "arbetslosa"]);
    let ran = world.ok(&["run", "arbetslosa"]);
    assert!(ran.stdout.contains("arbetslosa     published"), "{}", ran.stdout);
}
