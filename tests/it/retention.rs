//! Which versions keep their data, and what a crash leaves.

use std::fs;

use serde_json::json;

use crate::local::local;
use crate::world::World;

fn give(world: &World, antal: i64) {
    let rows = json!([{ "kod": "0180", "period": "2024", "antal": antal, "status": null }]);
    world.write("pipelines/lokal/rader.json", &rows.to_string());
}

/// Four versions under the default policy, then one that keeps next to nothing.
fn lean() -> World {
    let world = local(&json!([]));
    for antal in 1..=4 {
        give(&world, antal);
        world.ok(&["run", "lokal"]);
    }
    let text = world.read("config/underlag.toml");
    let lean = "[retention]\nkeep_newest = 1\nkeep_within = \"0s\"\nkeep_monthly = false\ngrace = \"0s\"\n";
    world.write("config/underlag.toml", &format!("{text}{lean}"));
    world
}

fn has_data(world: &World) -> Vec<bool> {
    let versions = world.versions("tal").into_iter();
    versions.map(|version| world.path(&format!("data/datasets/tal/versions/{version}/data")).exists()).collect()
}

#[test]
fn gc_removes_what_the_policy_no_longer_keeps_and_says_so() {
    let world = lean();
    let dry = world.ok(&["gc", "--dry-run"]);
    let bytes = |text: &str| regex::Regex::new(r"\d+ bytes").unwrap().replace_all(text, "[n] bytes").into_owned();
    insta::assert_snapshot!(bytes(&dry.stdout), @r"
    would remove the data of tal [version], [n] bytes
    would remove the data of tal [version], [n] bytes
    would remove 2 versions of data ([n] bytes) and 0 leftovers; every manifest stays
    ");
    assert_eq!(has_data(&world), [true; 4]);
    fs::write(world.path("data/archive/halv.zst.7-0.tmp"), "halv").unwrap();
    let gone = world.ok(&["gc"]);
    insta::assert_snapshot!(bytes(&gone.stdout), @r"
    removed the data of tal [version], [n] bytes
    removed the data of tal [version], [n] bytes
    removed what a crash left: [world]/data/archive/halv.zst.7-0.tmp
    removed 2 versions of data ([n] bytes) and 1 leftover; every manifest stays
    ");
    assert_eq!(has_data(&world), [false, false, true, true]);
    for version in world.versions("tal") {
        assert!(world.path(&format!("data/datasets/tal/versions/{version}/manifest.json")).exists());
    }
    let act: serde_json::Value = serde_json::from_str(&world.read("data/datasets/tal/acts/000001-prune.json")).unwrap();
    assert_eq!(act["versions"], json!(world.versions("tal")[..2]));
    let changes: serde_json::Value = serde_json::from_str(&world.read("data/datasets/tal/changes.json")).unwrap();
    let pruned: Vec<bool> =
        changes["versions"].as_array().unwrap().iter().map(|version| version["pruned"].is_string()).collect();
    assert_eq!(pruned, [false, false, true, true]);
    let again = world.ok(&["gc"]);
    assert_eq!(again.stdout, "removed 0 versions of data (0 bytes) and 0 leftovers; every manifest stays\n");

    // A version without data is no place to go back to.
    let first = world.versions("tal")[0].clone();
    let back = world.run(&["rollback", "tal", "--to", "1", "--reason", "prov"]);
    assert_eq!(back.code, 2);
    assert!(back.stderr.contains("its data were removed by the retention"), "{} {first}", back.stderr);
}

#[test]
fn a_run_applies_the_retention_at_its_end_without_a_word() {
    let world = lean();
    give(&world, 5);
    let ran = world.ok(&["run", "lokal"]);
    assert_eq!((ran.stdout.lines().count(), ran.stderr.as_str()), (2, ""));
    assert_eq!(has_data(&world), [false, false, false, true, true]);
    let next = world.manifest("tal")["acts"].clone();
    assert_eq!(next, serde_json::Value::Null, "the act came after this version");
    give(&world, 6);
    world.ok(&["run", "lokal"]);
    assert_eq!(world.manifest("tal")["acts"].as_array().unwrap().len(), 1, "and is named by the next");
}

#[test]
fn what_a_frozen_report_cites_stays() {
    let world = lean();
    let first = world.versions("tal")[0].clone();
    let cites = json!({ "format": 1, "cites": [{ "dataset": "tal", "version": first }] });
    world.write("data/frozen/bokslut-2026.json", &cites.to_string());
    world.ok(&["gc"]);
    assert_eq!(has_data(&world), [true, false, true, true]);
    world.write("data/frozen/bokslut-2027.json", "{");
    let ran = world.run(&["gc"]);
    assert_eq!(ran.code, 1);
    insta::assert_snapshot!(ran.stderr, @"error[U0613]: [world]/data/frozen/bokslut-2027.json is no list of citations: EOF while parsing an object at line 1 column 1");
    give(&world, 5);
    let ran = world.ok(&["run", "lokal"]);
    assert!(ran.stderr.starts_with("warning: the retention was not applied: "), "{}", ran.stderr);
}
