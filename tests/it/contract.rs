//! The contract's checks on rows: what is wrong is shown, nothing is published,
//! and what was published before stays.

use serde_json::{Value, json};

use crate::local::{local, three};
use crate::world::World;

/// Publishes the three municipalities, lets `break_it` spoil something, and gives what the next run says.
fn after(break_it: impl Fn(&World)) -> String {
    let world = local(&three());
    world.ok(&["run", "lokal"]);
    let version = world.current("tal").unwrap();
    break_it(&world);
    let ran = world.run(&["run", "lokal"]);
    assert_eq!(ran.code, 1, "{}\n{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.starts_with("lokal          failed"), "{}", ran.stdout);
    assert_eq!(world.current("tal").unwrap(), version, "the last good version stays");
    assert_eq!(world.versions("tal"), [version]);
    world.ok(&["verify"]);
    ran.stderr
}

fn rows(world: &World, rows: &Value) {
    world.write("pipelines/lokal/rader.json", &rows.to_string());
}

#[test]
fn an_unknown_status_word() {
    let said = after(|world| rows(world, &json!([{ "kod": "0114", "period": "2024", "antal": 1, "status": "okänd" }])));
    insta::assert_snapshot!(said, @r"
    error: pipeline lokal: nothing published: a check did not hold
      tal: status: 1 values have no status, or one that is not known
        kod=0114, period=2024, antal=1, antal_status=okänd
      data: rader from fil, file://[world]/pipelines/lokal/rader.json
    hint: the last good version stays published; correct the source or the pipeline and run again
    ");
}

#[test]
fn a_value_beside_a_status_that_says_there_is_none() {
    let said =
        after(|world| rows(world, &json!([{ "kod": "0114", "period": "2024", "antal": 1, "status": "suppressed" }])));
    insta::assert_snapshot!(said, @r"
    error: pipeline lokal: nothing published: a check did not hold
      tal: status: 1 values stand beside a status that says there is none
        kod=0114, period=2024, antal=1, antal_status=suppressed
      data: rader from fil, file://[world]/pipelines/lokal/rader.json
    hint: the last good version stays published; correct the source or the pipeline and run again
    ");
}

#[test]
fn an_empty_value_that_is_called_observed() {
    let said =
        after(|world| rows(world, &json!([{ "kod": "0114", "period": "2024", "antal": null, "status": "observed" }])));
    insta::assert_snapshot!(said, @r"
    error: pipeline lokal: nothing published: a check did not hold
      tal: status: 1 values are empty without a status that says why
        kod=0114, period=2024, antal=(null), antal_status=observed
      data: rader from fil, file://[world]/pipelines/lokal/rader.json
    hint: the last good version stays published; correct the source or the pipeline and run again
    ");
}

#[test]
fn a_float_in_a_column_of_whole_numbers() {
    let said = after(|world| rows(world, &json!([{ "kod": "0114", "period": "2024", "antal": 1.5, "status": null }])));
    insta::assert_snapshot!(said, @r#"
    error: pipeline lokal: fetch rader: fil: GET file://[world]/pipelines/lokal/rader.json: row 1: column "antal" is "1.5", not a whole number
    hint: correct the file and run again
    "#);
}

#[test]
fn too_few_rows_and_too_many_gone() {
    let said = after(|world| {
        rows(world, &json!([{ "kod": "0114", "period": "2024", "antal": 1, "status": null }]));
        let toml = world.read("pipelines/lokal/pipeline.toml");
        world.write(
            "pipelines/lokal/pipeline.toml",
            &format!("{toml}\n[dataset.tal.check]\nmin_rows = 2\nmax_drop = \"20%\"\n"),
        );
    });
    insta::assert_snapshot!(said, @r"
    error: pipeline lokal: nothing published: 2 checks did not hold
      tal: min_rows: 1 rows, at least 2 are required
      tal: max_drop: 1 rows, 66.7 % fewer than the 3 published; at most 20 % may go
      data: rader from fil, file://[world]/pipelines/lokal/rader.json
    hint: the last good version stays published; correct the source or the pipeline and run again
    ");
}

#[test]
fn unknown_areas_odd_periods_and_repeated_keys_are_shown_together() {
    let said = after(|world| {
        rows(
            world,
            &json!([
                { "kod": "9998", "period": "2024", "antal": 1, "status": null },
                { "kod": "114", "period": "2024", "antal": 1, "status": null },
                { "kod": "0114", "period": "24/25", "antal": 1, "status": null },
                { "kod": "0115", "period": "2024", "antal": 1, "status": null },
                { "kod": "0115", "period": "2024", "antal": 2, "status": null },
                { "kod": null, "period": "2024", "antal": 2, "status": null },
            ]),
        );
    });
    insta::assert_snapshot!(said, @r"
    error: pipeline lokal: nothing published: 4 checks did not hold
      tal: area: 3 rows have an area code that the reference tables do not know
        niva=kommun, kod=114
        niva=kommun, kod=9998
        niva=kommun, kod=(null)
      tal: period: 1 rows have a period in an unknown form (known: 2024, 2024M06, 2024K2, 2024H1, 2024V30, 2024-06-30, 2007-2008, 2024/25, HT2024, VT2025)
        kod=0114, period=24/25
      tal: key: 1 rows have an empty key column
        kod=(null), period=2024
      tal: unique: 1 rows repeat the key (kod, period) of another row
        kod=0115, period=2024
      data: rader from fil, file://[world]/pipelines/lokal/rader.json
    hint: the last good version stays published; correct the source or the pipeline and run again
    ");
}

#[test]
fn a_check_of_the_operators_own_shows_its_rows() {
    let said = after(|world| {
        world.write(
            "pipelines/lokal/minskar.sql",
            "-- Ingen kommun får tappa mer än hälften.\nSELECT ny.kod, ny.antal, publicerad.antal AS forr\nFROM ny\n\
             JOIN publicerad USING (kod, period)\nWHERE ny.antal * 2 < publicerad.antal\nORDER BY ny.kod\n",
        );
        let toml = world.read("pipelines/lokal/pipeline.toml");
        world.write(
            "pipelines/lokal/pipeline.toml",
            &format!("{toml}\n[dataset.tal.check]\ncustom = [\"minskar.sql\"]\n"),
        );
        let mut fewer = three();
        fewer[2]["antal"] = json!(3);
        rows(world, &fewer);
    });
    insta::assert_snapshot!(said, @r"
    error: pipeline lokal: nothing published: a check did not hold
      tal: minskar.sql: 1 row that should not be there
        kod=0180, antal=3, forr=300
      data: rader from fil, file://[world]/pipelines/lokal/rader.json
    hint: the last good version stays published; correct the source or the pipeline and run again
    ");
}

#[test]
fn values_that_are_no_numbers() {
    let said = after(|world| {
        world.edit("pipelines/lokal/pipeline.toml", "antal = \"int64\"", "antal = \"float64\"");
        world.edit("pipelines/lokal/pipeline.toml", "type = \"int64\"", "type = \"float64\"");
        world.edit("pipelines/lokal/tal.sql", "    antal,", "    antal / 0.0 AS antal,");
    });
    insta::assert_snapshot!(said, @r"
    error: pipeline lokal: nothing published: a check did not hold
      tal: value: 3 values are not finite numbers
        kod=0114, period=2024, antal=inf, antal_status=observed
        kod=0115, period=2024, antal=inf, antal_status=observed
        kod=0180, period=2024, antal=inf, antal_status=observed
      data: rader from fil, file://[world]/pipelines/lokal/rader.json
    hint: the last good version stays published; correct the source or the pipeline and run again
    ");
}
