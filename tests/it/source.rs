//! `underlag source`: browsing the stand-in, and a drafted pipeline that runs.

use crate::world::{Sandbox, World};

#[test]
fn sources_are_listed_searched_and_described() {
    let sandbox = Sandbox::start();
    let world = World::new().with_sandbox(&sandbox);
    let list = world.ok(&["source", "list"]);
    assert!(list.stdout.contains("scb     pxweb                http://127.0.0.1:[port]/pxweb/api/v2  (SCB, CC0-1.0)"));
    let found = world.ok(&["source", "search", "folkmängd", "--source", "scb"]);
    insta::assert_snapshot!(found.stdout, @"scb:TAB6471  Folkmängden per månad efter region, ålder och kön. 2025M01-2026M10 (SYNTETISKA DATA)  [2025M01–2026M10]  updated [time]");
    assert_eq!(found.stderr, "1 found\n");
    let table = world.ok(&["source", "describe", "scb:TAB6471"]).stdout;
    for line in [
        "  22 periods: 2025M01 to 2026M10\n",
        "  000007SF Folkmängden per månad, antal, 0 decimals\n",
        "Region (region), 312 codes, may be left out\n",
        "  … 302 more (--codes)\n",
        "  code list vs_CKM02Län: län\n",
    ] {
        assert!(table.contains(line), "{line}\n{table}");
    }
    let document: serde_json::Value =
        serde_json::from_str(&world.ok(&["source", "describe", "TAB6471", "--json"]).stdout).unwrap();
    assert_eq!(document["metadata"]["dimensions"][0]["codes"].as_array().unwrap().len(), 312);
    assert!(!world.path("data").exists(), "a look leaves nothing");
}

#[test]
fn what_no_source_has_is_told() {
    let sandbox = Sandbox::start();
    let world = World::new().with_sandbox(&sandbox);
    let unknown = world.run(&["source", "describe", "scb:TAB64"]);
    insta::assert_snapshot!(unknown.stderr, @r#"
    error[U0210]: scb: table "TAB64" does not exist at http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB64?lang=sv
    hint: the table may have been withdrawn or replaced by one with another id
    "#);
    let nameless = world.run(&["source", "search", "folk", "--source", "scc"]);
    assert_eq!(nameless.code, 2);
    insta::assert_snapshot!(nameless.stderr, @r#"
    error[U0902]: there is no source "scc" in sources.toml
    hint: did you mean "scb"?
    "#);
    let file = world.run(&["source", "search", "folk", "--source", "af"]);
    insta::assert_snapshot!(file.stderr, @r#"error[U0904]: source "af" is of kind file, which can't be browsed"#);
}

#[test]
fn a_sample_is_a_few_rows() {
    let sandbox = Sandbox::start();
    let world = World::new().with_sandbox(&sandbox);
    let sample = world.ok(&["source", "sample", "TAB9001", "--source", "scb", "--rows", "2"]);
    assert_eq!(sample.stdout.lines().count(), 3, "{}", sample.stdout);
    assert!(sample.stdout.starts_with("kon  kod  period  "), "{}", sample.stdout);
}

#[test]
fn a_drafted_pipeline_runs_as_it_is() {
    let sandbox = Sandbox::start();
    let world = World::new().with_sandbox(&sandbox);
    let added = world.ok(&["source", "add", "scb:TAB9001", "--name", "arbetslosa"]);
    assert_eq!(
        added.stdout,
        "[world]/pipelines/arbetslosa/pipeline.toml\n[world]/pipelines/arbetslosa/arbetslosa.sql\n\
         ok: 3 sources, 1 pipelines, 1 datasets, 7 reference tables\n"
    );
    let run = world.ok(&["run", "arbetslosa"]);
    assert!(run.stdout.contains("arbetslosa     published"), "{}", run.stdout);
    world.ok(&["verify"]);
    let again = world.run(&["source", "add", "scb:TAB9001", "--name", "arbetslosa"]);
    assert_eq!(again.code, 2);
    insta::assert_snapshot!(again.stderr, @r#"
    error[U0111]: there is a dataset "arbetslosa" already
    hint: choose another --name
    "#);
}
