//! Versions as vintages: what kind of change each is, and periods that a source leaves behind.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::local::{local, rows};
use crate::world::World;

/// One row per municipality and period: the value is the period's last digit, in tens.
fn given(periods: &[&str]) -> Value {
    let cells = periods.iter().flat_map(|period| {
        let antal = 10 * i64::from(period.bytes().last().unwrap() - b'0');
        ["0114", "0180"].map(|kod| json!({ "kod": kod, "period": period, "antal": antal, "status": null }))
    });
    cells.collect()
}

fn give(world: &World, rows: &Value) {
    world.write("pipelines/lokal/rader.json", &rows.to_string());
}

fn changes(world: &World) -> Value {
    serde_json::from_str(&world.read("data/datasets/tal/changes.json")).unwrap()
}

fn newest(world: &World) -> Value {
    changes(world)["versions"][0].clone()
}

#[test]
fn the_kind_of_a_version_is_computed() {
    let world = local(&given(&["2023", "2024"]));
    let run = |kinds: Value| {
        world.ok(&["run", "lokal"]);
        let newest = newest(&world);
        assert_eq!(newest["kinds"], kinds, "{newest}");
        newest["change"].clone()
    };
    run(json!([]));
    give(&world, &given(&["2023", "2024", "2025"]));
    let change = run(json!(["append"]));
    assert_eq!((&change["added"], &change["periods_added"]), (&json!(2), &json!(["2025"])));

    let mut rows = given(&["2023", "2024", "2025", "2026"]);
    rows[0]["antal"] = json!(7);
    give(&world, &rows);
    let change = run(json!(["revision", "append"]));
    assert_eq!((&change["revised"], &change["added"], &change["removed"]), (&json!(1), &json!(2), &json!(0)));

    rows.as_array_mut().unwrap().remove(1);
    give(&world, &rows);
    let change = run(json!(["removal"]));
    assert_eq!((&change["removed"], &change["periods_gone"]), (&json!(1), &Value::Null));

    // A municipality more in a period that was there.
    rows.as_array_mut().unwrap().push(json!({ "kod": "0115", "period": "2024", "antal": 1, "status": null }));
    give(&world, &rows);
    run(json!(["revision"]));

    world.edit("pipelines/lokal/pipeline.toml", "title = \"Antal\"", "title = \"Antal personer\"");
    run(json!(["minor"]));
    world.edit("pipelines/lokal/pipeline.toml", "unit = \"antal\"", "unit = \"personer\"");
    run(json!(["major"]));
    world.edit(
        "pipelines/lokal/tal.sql",
        "FROM rader",
        "FROM rader UNION ALL SELECT 'riket', '00', '2024', 5, 'observed'",
    );
    run(json!(["minor"]));
    world.edit("pipelines/lokal/tal.sql", "UNION ALL SELECT 'riket', '00', '2024', 5, 'observed'", "");
    run(json!(["major", "removal"]));
    let told = changes(&world)["versions"].as_array().unwrap().len();
    assert_eq!(told, world.versions("tal").len());
    assert_eq!(changes(&world)["current"], json!(world.current("tal").unwrap()));
    world.ok(&["verify"]);
}

#[test]
fn periods_that_a_source_leaves_behind_stay_and_say_where_they_are_from() {
    let world = local(&given(&["2023", "2024"]));
    world.ok(&["run", "lokal"]);
    let first = world.current("tal").unwrap();
    assert!(rows(&world, "tal").iter().all(|row| !row.contains_key("ursprungsversion")));

    give(&world, &given(&["2024", "2025"]));
    let ran = world.ok(&["run", "lokal"]);
    insta::assert_snapshot!(ran.stdout, @r"
    lokal          published  tal [version] (6 rows) 4 rows fetched, 0 calls, 450 bytes, [seconds] s
      tal: period 2023 is kept from an earlier version
    site: no report has anything to show yet
    ");
    let second = world.current("tal").unwrap();
    let origins = || -> BTreeSet<(String, String)> {
        rows(&world, "tal").into_iter().map(|row| (row["period"].clone(), row["ursprungsversion"].clone())).collect()
    };
    let none = String::new();
    let of = |pairs: &[(&str, &String)]| -> BTreeSet<(String, String)> {
        pairs.iter().map(|(period, version)| ((*period).to_owned(), (*version).clone())).collect()
    };
    assert_eq!(origins(), of(&[("2023", &first), ("2024", &none), ("2025", &none)]));
    assert_eq!(world.manifest("tal")["carried"], json!([{ "period": "2023", "version": first, "rows": 2 }]));
    assert_eq!(newest(&world)["kinds"], json!(["append"]), "the mark is no column of the figures");
    let kept: Vec<_> = rows(&world, "tal").into_iter().filter(|row| row["period"] == "2023").collect();
    assert!(kept.iter().all(|row| row["antal"] == "30" && row["antal_status"] == "observed"), "{kept:?}");

    // Again with nothing new: the same rows with the same marks are the same version.
    for arguments in [&["run", "lokal"][..], &["run", "lokal", "--force"]] {
        let ran = world.ok(arguments);
        assert!(ran.stdout.contains("lokal          unchanged"), "{}", ran.stdout);
        assert!(ran.stdout.contains("tal: period 2023 is kept from an earlier version"), "{}", ran.stdout);
        assert_eq!(world.current("tal"), Some(second.clone()));
    }

    give(&world, &given(&["2025", "2026"]));
    let ran = world.ok(&["run", "lokal"]);
    assert!(ran.stdout.contains("tal: 2 periods are kept from earlier versions"), "{}", ran.stdout);
    assert_eq!(origins(), of(&[("2023", &first), ("2024", &second), ("2025", &none), ("2026", &none)]));
    let status = world.ok(&["status"]);
    assert!(status.stdout.contains("2 periods are kept from earlier versions"), "{}", status.stdout);

    // What returns takes over again.
    give(&world, &given(&["2023", "2025", "2026"]));
    world.ok(&["run", "lokal"]);
    assert_eq!(origins(), of(&[("2023", &none), ("2024", &second), ("2025", &none), ("2026", &none)]));
    give(&world, &given(&["2023", "2024", "2025", "2026"]));
    world.ok(&["run", "lokal"]);
    assert!(rows(&world, "tal").iter().all(|row| !row.contains_key("ursprungsversion")));
    world.ok(&["verify"]);
}

#[test]
fn a_window_lets_periods_go_and_a_source_that_dries_up_is_noticed() {
    let world = local(&given(&["2023", "2024"]));
    world.edit("pipelines/lokal/pipeline.toml", "format = ", "history = \"window\"\nformat = ");
    world.ok(&["run", "lokal"]);
    give(&world, &given(&["2024", "2025"]));
    world.ok(&["run", "lokal"]);
    let newest = newest(&world);
    assert_eq!(newest["kinds"], json!(["removal", "append"]));
    assert_eq!(newest["change"]["periods_gone"], json!(["2023"]));
    assert_eq!(rows(&world, "tal").len(), 4);

    world.edit("pipelines/lokal/pipeline.toml", "history = \"window\"\n", "");
    world.edit(
        "pipelines/lokal/pipeline.toml",
        "additive = true\n",
        "additive = true\n\n[dataset.tal.check]\nmax_drop = \"40%\"\n",
    );
    let before = world.current("tal");
    give(&world, &given(&["2025"]));
    let ran = world.run(&["run", "lokal"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("2 rows, 50.0 % fewer than the 4 published; at most 40 % may go"), "{}", ran.stderr);
    assert_eq!(world.current("tal"), before);
}

#[test]
fn what_a_measure_did_not_mean_then_is_missing_in_kept_periods() {
    let world = local(&given(&["2023", "2024"]));
    world.ok(&["run", "lokal"]);
    give(&world, &given(&["2024"]));
    world.edit("pipelines/lokal/pipeline.toml", "unit = \"antal\"", "unit = \"tusental\"");
    let ran = world.ok(&["run", "lokal"]);
    assert!(ran.stdout.contains("tal: antal is new or redefined: in kept periods it is missing"), "{}", ran.stdout);
    let kept: Vec<_> = rows(&world, "tal").into_iter().filter(|row| row["period"] == "2023").collect();
    assert_eq!(kept.len(), 2);
    assert!(kept.iter().all(|row| row["antal"].is_empty() && row["antal_status"] == "missing"), "{kept:?}");
    world.edit("pipelines/lokal/tal.sql", "antal,", "'a' AS grupp,\n    antal,");
    world.edit("pipelines/lokal/pipeline.toml", "\"period\"]\n", "\"period\", \"grupp\"]\n");
    world.edit(
        "pipelines/lokal/pipeline.toml",
        "[dataset.tal.column.antal]",
        "[dataset.tal.column.grupp]\ntype = \"text\"\ntitle = \"Grupp\"\n\n[dataset.tal.column.antal]",
    );
    let ran = world.ok(&["run", "lokal"]);
    assert!(
        ran.stdout.contains(
            "the source no longer gives 2023, and they are not kept: the key was kod, period and is kod, period, grupp"
        ),
        "{}",
        ran.stdout
    );
    assert_eq!(newest(&world)["kinds"], json!(["major", "minor"]));
    assert_eq!(newest(&world)["change"], Value::Null);
}
