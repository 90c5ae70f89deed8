//! `diff`: what changed between two versions, on the terminal, as JSON and as Parquet.

use std::fs::File;

use arrow::util::pretty::pretty_format_batches;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

use crate::local::{local, three};
use crate::world::World;

/// Three municipalities; then one revised, one gone, one suppressed, and a new year.
pub fn revised() -> World {
    let world = local(&three());
    world.write(
        "pipelines/lokal/rader.json",
        &json!([
            { "kod": "0114", "period": "2024", "antal": 10, "status": null },
            { "kod": "0115", "period": "2024", "antal": 20, "status": null },
            { "kod": "0180", "period": "2024", "antal": 300, "status": null },
            { "kod": "2580", "period": "2024", "antal": 7, "status": null },
        ])
        .to_string(),
    );
    world.ok(&["run", "lokal"]);
    world.write(
        "pipelines/lokal/rader.json",
        &json!([
            { "kod": "0114", "period": "2024", "antal": 15, "status": null },
            { "kod": "0180", "period": "2024", "antal": 303, "status": "preliminary" },
            { "kod": "0180", "period": "2025", "antal": 310, "status": null },
            { "kod": "2580", "period": "2024", "antal": null, "status": "suppressed" },
        ])
        .to_string(),
    );
    world.ok(&["run", "lokal", "--force"]);
    world
}

#[test]
fn a_revision_is_told_largest_first() {
    let world = revised();
    let ran = world.ok(&["diff", "tal"]);
    assert_eq!(ran.stderr, "");
    insta::assert_snapshot!(ran.stdout, @r#"
    tal
      old [version], [time], 4 rows
      new [version], [time], 4 rows
    rows: 1 added, 1 removed, 3 revised, 0 unchanged
    new periods: 2025
      antal: differs in 3 rows (2 to another number, 1 to none)
      antal_status: differs in 2 rows
    period      county       added     removed     revised
    2024        01               0           1           2
    2024        25               0           0           1
    2025        01               1           0           0
    largest revisions:
      kod=0114 namn=Upplands Väsby niva=kommun period=2024  antal: 10 → 15  +50.0 %
      kod=0180 namn=Stockholm niva=kommun period=2024  antal: 300 → 303 (preliminary)  +1.0 %
      kod=2580 namn=Luleå niva=kommun period=2024  antal: 7 → none (suppressed)
    "#);
    let short = world.ok(&["diff", "tal", "1", "2", "--limit", "1"]).stdout;
    assert!(short.contains("… and 2 more\nlargest revisions:\n"), "{short}");
    assert!(short.ends_with("antal: 10 → 15  +50.0 %\n  … and 2 more\n"), "{short}");
    let back = world.ok(&["diff", "tal", "2", "1"]).stdout;
    assert!(back.contains("rows: 1 added, 1 removed, 3 revised, 0 unchanged\nperiods gone: 2025\n"), "{back}");
    let same = world.ok(&["diff", "tal", "1", "1"]).stdout;
    assert!(same.ends_with("rows: 0 added, 0 removed, 0 revised, 4 unchanged\n"), "{same}");
}

#[test]
fn json_has_a_shape_that_scripts_can_hold_on_to() {
    let world = revised();
    let told: Value = serde_json::from_str(&world.ok(&["diff", "tal", "--json"]).stdout).unwrap();
    assert_eq!(told["rows"], json!({ "added": 1, "removed": 1, "revised": 3, "revised_figures": 3, "unchanged": 0 }));
    assert_eq!(told["periods"], json!({ "only_old": [], "only_new": ["2025"] }));
    assert_eq!(told["measures"]["antal"], json!({ "changed": 2, "appeared": 0, "vanished": 1, "status_only": 0 }));
    assert_eq!(
        told["places"],
        json!([
            { "period": "2024", "lan": "01", "added": 0, "removed": 1, "revised": 2 },
            { "period": "2024", "lan": "25", "added": 0, "removed": 0, "revised": 1 },
            { "period": "2025", "lan": "01", "added": 1, "removed": 0, "revised": 0 },
        ])
    );
    assert_eq!(
        told["largest"][2],
        json!({
            "key": { "kod": "2580", "namn": "Luleå", "niva": "kommun", "period": "2024" },
            "measure": "antal",
            "old": { "value": 7, "status": "observed" },
            "new": { "value": null, "status": "suppressed" },
            "relative": null,
        })
    );
    let fields: Vec<&String> = told.as_object().unwrap().keys().collect();
    assert_eq!(
        fields,
        ["dataset", "old", "new", "columns", "rows", "differing", "measures", "periods", "levels", "places", "largest"]
    );
}

#[test]
fn every_changed_row_is_written_with_both_values() {
    let world = revised();
    world.ok(&["diff", "tal", "--output", "andrat.parquet"]);
    let file = File::open(world.path("andrat.parquet")).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let batches: Vec<_> = reader.map(|batch| batch.unwrap()).collect();
    let schema = batches[0].schema();
    let wanted = ["kod", "period", "change", "antal_old", "antal_new", "antal_status_old", "antal_status_new"];
    let places: Vec<usize> = wanted.iter().map(|name| schema.index_of(name).unwrap()).collect();
    let batches: Vec<_> = batches.iter().map(|batch| batch.project(&places).unwrap()).collect();
    insta::assert_snapshot!(pretty_format_batches(&batches).unwrap().to_string(), @r#"
    +------+--------+---------+-----------+-----------+------------------+------------------+
    | kod  | period | change  | antal_old | antal_new | antal_status_old | antal_status_new |
    +------+--------+---------+-----------+-----------+------------------+------------------+
    | 0114 | 2024   | revised | 10        | 15        | observed         | observed         |
    | 0115 | 2024   | removed | 20        |           | observed         |                  |
    | 0180 | 2024   | revised | 300       | 303       | observed         | preliminary      |
    | 0180 | 2025   | added   |           | 310       |                  | observed         |
    | 2580 | 2024   | revised | 7         |           | observed         | suppressed       |
    +------+--------+---------+-----------+-----------+------------------+------------------+
    "#);
    let refused = world.run(&["diff", "tal", "--output", "finns/inte.parquet"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (1, ""));
    insta::assert_snapshot!(refused.stderr, @"error[U0603]: could not write finns/inte.parquet: No such file or directory (os error 2)");
}

#[test]
fn another_key_is_said_and_no_error() {
    let world = local(&three());
    world.ok(&["run", "lokal"]);
    world.edit("pipelines/lokal/pipeline.toml", "key = [\"kod\", \"period\"]", "key = [\"kod\", \"period\", \"niva\"]");
    world.ok(&["run", "lokal"]);
    let ran = world.ok(&["diff", "tal"]);
    assert!(
        ran.stdout
            .ends_with("the rows can't be compared one by one: the key was kod, period and is kod, period, niva\n"),
        "{}",
        ran.stdout
    );
    let told: Value = serde_json::from_str(&world.ok(&["diff", "tal", "--json"]).stdout).unwrap();
    assert_eq!(told["incomparable"], "the key was kod, period and is kod, period, niva");
    assert!(told.get("rows").is_none());
    let refused = world.run(&["diff", "tal", "--output", "andrat.parquet"]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("there are no changed rows to write"), "{}", refused.stderr);
    assert!(!world.path("andrat.parquet").exists());
}

#[test]
fn what_is_not_there_is_named() {
    let world = local(&three());
    let mut told = String::new();
    let mut say = |arguments: &[&str]| {
        let ran = world.run(arguments);
        assert_ne!(ran.code, 0);
        told += &format!("{} → {}\n{}", arguments.join(" "), ran.code, ran.stderr);
    };
    say(&["diff", "tal"]);
    world.ok(&["run", "lokal"]);
    say(&["diff", "tal"]);
    say(&["diff", "tall"]);
    say(&["diff", "tal", "1", "7"]);
    say(&["diff", "tal", "i går", "1"]);
    say(&["diff", "tal", "2020-01-01", "1"]);
    let told = regex::Regex::new(r"\d{4}-\d\d-\d\d \d\d:\d\d\n").unwrap().replace_all(&told, "[minute]\n");
    insta::assert_snapshot!(told, @r#"
    diff tal → 1
    error[U0903]: tal is not published yet
    hint: run its pipeline first
    diff tal → 1
    error[U0903]: tal has no version before [version]
    hint: there is something to compare when it is published again
    diff tall → 2
    error[U0902]: there is no dataset "tall"
    hint: did you mean tal?
    diff tal 1 7 → 2
    error[U0902]: tal has no version 7
    hint: there are [version]
    diff tal i går 1 → 2
    error[U0901]: "i går" is no time
    hint: write a day (2026-03-01: its end, Swedish time), or a time like [time]
    diff tal 2020-01-01 1 → 2
    error[U0903]: tal was not published yet at 2020-01-01 23:59 (Swedish time)
    hint: its first version [version] is from [minute]
    "#);
}
