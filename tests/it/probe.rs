//! `underlag probe`: the stand-in held against what is assumed of the real API, recorded, and given again.

use crate::world::{Sandbox, World};

#[test]
fn the_stand_in_is_as_the_code_assumes() {
    let sandbox = Sandbox::start();
    let world = World::new().with_sandbox(&sandbox);
    let probe = world.run(&["probe", "scb", "--with", "table=TAB9001", "--record", "inspelning"]);
    assert_eq!((probe.code, probe.stderr.as_str()), (0, ""), "{}", probe.stdout);
    assert!(!probe.stdout.contains("DIFFER"), "{}", probe.stdout);
    assert!(
        probe.stdout.contains(
            "pxweb.config.limits: agree\n  /config announces maxDataCells, maxCallsPerTimeWindow and timeWindow as numbers"
        ),
        "{}",
        probe.stdout
    );
    assert!(probe.stdout.ends_with("12 agree, 0 differ, 5 not seen, 9 calls\n"), "{}", probe.stdout);
    let lines = world.read("inspelning/index.jsonl");
    assert_eq!(lines.lines().count(), 9, "every call once");
    assert!(
        lines.contains("\"transfer-encoding\"") || lines.contains("\"content-length\""),
        "all headers are kept: {lines}"
    );
    assert!(!world.path("data").exists(), "a look leaves nothing");
}

#[test]
fn without_a_table_its_facts_are_not_seen_and_pipelines_name_one() {
    let sandbox = Sandbox::start();
    let world = World::new().with_sandbox(&sandbox);
    let probe = world.ok(&["probe", "scb"]);
    assert!(probe.stdout.contains("pxweb.table.updated: not seen"), "{}", probe.stdout);
    world.ok(&["source", "add", "scb:TAB9001", "--name", "arbetslosa"]);
    let probe = world.ok(&["probe", "scb"]);
    assert!(probe.stdout.contains("pxweb.table.updated: agree"), "{}", probe.stdout);
}

#[test]
fn what_differs_is_said_and_ends_with_1() {
    let sandbox = Sandbox::start();
    let world = World::new().with_sandbox(&sandbox);
    // The files' server knows nothing of PxWeb.
    world.edit("config/sources.toml", &sandbox.pxweb, &sandbox.files);
    let probe = world.run(&["probe", "scb"]);
    assert_eq!(probe.code, 1);
    assert!(probe.stdout.contains("pxweb.config.limits: DIFFER: status 404, \"Not Found\""), "{}", probe.stdout);
}

#[test]
fn a_file_that_a_pipeline_fetches_is_looked_at() {
    let sandbox = Sandbox::start();
    let world = World::new().with_sandbox(&sandbox).with_shipped("annonser");
    let probe = world.ok(&["probe", "af"]);
    assert!(probe.stdout.contains("file.validators.told: agree"), "{}", probe.stdout);
    assert!(probe.stdout.contains("file.page.plain-links: not seen"), "{}", probe.stdout);
}
