//! Releases from outside: what a run costs when nothing has changed, and how series stand.

use serde_json::{Value, json};

use crate::people::people;
use crate::world::{Sandbox, World};
use crate::{eurostat, jobtech, pxweb_v1};

/// The calls of a run that finds nothing new.
fn unchanged(sandbox: &Sandbox, world: &World, pipeline: &str) -> Vec<String> {
    sandbox.forget_calls();
    let ran = world.ok(&["run", pipeline]);
    assert!(ran.stdout.starts_with(&format!("{pipeline:<14} unchanged")), "{}", ran.stdout);
    let calls = sandbox.calls();
    calls
        .iter()
        .map(|call| format!("{} {}", call["method"].as_str().unwrap(), call["path"].as_str().unwrap()))
        .collect()
}

fn dataset(world: &World, pipeline: &str) -> Value {
    let status: Value = serde_json::from_slice(&world.command(&["status", "--json"]).output().unwrap().stdout).unwrap();
    let row = status.as_array().unwrap().iter().find(|row| row["pipeline"] == pipeline).unwrap();
    row["datasets"][0].clone()
}

#[test]
fn nothing_new_costs_one_small_call_and_is_recorded() {
    let sandbox = Sandbox::start();
    let world = people(&sandbox);
    world.ok(&["run", "folk"]);
    let metadata = ["GET /pxweb/api/v2/tables/TAB6471/metadata?lang=sv"];
    for _ in 0..2 {
        assert_eq!(unchanged(&sandbox, &world, "folk"), metadata);
    }
    let history = world.ok(&["history", "folk", "--limit", "1"]).stdout;
    assert!(history.contains("unchanged   1 calls, 3 reused"), "{history}");
    // A change of what the table says is seen by that one call, and so is another edition.
    sandbox.fault(json!({ "kind": "relabelled_dimension", "dimension": "Region" }));
    let stopped = world.run(&["run", "folk"]);
    assert_eq!(stopped.code, 1, "{}", stopped.stdout);
    sandbox.behave();
    sandbox.fault(json!({ "kind": "revise" }));
    let ran = world.ok(&["run", "folk"]);
    assert!(ran.stdout.starts_with("folk           published"), "{}", ran.stdout);
    assert_eq!(unchanged(&sandbox, &world, "folk"), metadata);
    world.ok(&["verify"]);
    let version = world.current("folk_lan").unwrap();
    world.ok(&["replay", "folk_lan", &version]);
}

#[test]
fn other_sources_are_asked_as_little() {
    let sandbox = Sandbox::start();
    let world = eurostat::world(&sandbox, "json");
    world.ok(&["run", "folk_nuts"]);
    let calls = unchanged(&sandbox, &world, "folk_nuts");
    assert!(matches!(calls.as_slice(), [one] if one.contains("/dataflow/")), "{calls:?}");

    let world = jobtech::world(&sandbox);
    jobtech::barometer(&world);
    world.ok(&["run", "barometer"]);
    let calls = unchanged(&sandbox, &world, "barometer");
    assert_eq!(calls.len(), 1, "{calls:?}");

    let world = World::new().with_sandbox(&sandbox).with_shipped("annonser");
    world.ok(&["run", "annonser"]);
    let calls = unchanged(&sandbox, &world, "annonser");
    assert!(matches!(calls.as_slice(), [one] if one.starts_with("HEAD ")), "{calls:?}");

    let world = pxweb_v1::matching(&sandbox, "");
    world.ok(&["run", "match"]);
    let calls = unchanged(&sandbox, &world, "match");
    // The folder dates the table; only the table's own metadata would show another label.
    let [folder, table] = calls.as_slice() else { panic!("{calls:?}") };
    assert!(folder.ends_with("/AM/AM0210") && table.ends_with("/AM/AM0210/MatchUtbildning"), "{calls:?}");
}

#[test]
fn a_series_tells_its_period_its_edition_and_the_next() {
    let at = ["--updated", "2026-06-08T06:00:00Z", "--next-update", "2098-12-09T07:00:00Z", "--calls", "0"];
    let sandbox = Sandbox::start_with(&at);
    let world = people(&sandbox);
    world.ok(&["run", "folk"]);
    let told = dataset(&world, "folk");
    assert_eq!(
        (&told["released_at"], &told["next_expected"], &told["release_state"]),
        (&json!("2026-06-08T06:00:00Z"), &json!("2098-12-09T07:00:00Z"), &json!("current"))
    );
    insta::assert_snapshot!(world.ok(&["status"]).stdout, @r"
    folk           published   run [time], checked [time]
      folk_kommun [version]: 3480 rows, fetched [time]
        latest period 2026M10, released [time], next expected [time]
      folk_lan [version]: 252 rows, fetched [time]
        latest period 2026M10, released [time], next expected [time]
    ");

    // What the operator expects counts too: it should have come long ago.
    let toml = world.read("pipelines/folk/pipeline.toml");
    let expecting = toml.replace("[fetch.folk.pxweb]", "[release]\ndates = [\"2026-07-01\"]\n\n[fetch.folk.pxweb]");
    world.write("pipelines/folk/pipeline.toml", &expecting);
    let told = dataset(&world, "folk");
    assert_eq!(
        (&told["next_expected"], &told["release_state"], &told["release_since"]),
        (&json!("2026-07-01T06:00:00Z"), &json!("late"), &json!("2026-07-03T06:00:00Z"))
    );
    insta::assert_snapshot!(world.ok(&["status"]).stdout, @r"
    folk           published   run [time], checked [time]
      folk_kommun [version]: 3480 rows, fetched [time]
        latest period 2026M10, released [time], next expected [time]: late since [time] [U0706]
      folk_lan [version]: 252 rows, fetched [time]
        latest period 2026M10, released [time], next expected [time]: late since [time] [U0706]
    ");

    world.edit("pipelines/folk/pipeline.toml", "dates = ", "late_after = \"99999d\"\ndates = ");
    let status = world.ok(&["status"]).stdout;
    assert!(status.contains("next expected [time]: waiting\n"), "{status}");
}
