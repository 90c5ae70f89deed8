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
    error[U0401]: pipeline lokal: nothing published: a check did not hold
      tal: status: 1 value has no status, or one that is not known
        kod=0114, period=2024, antal=1, antal_status=okänd
          from rader: GET file://[world]/pipelines/lokal/rader.json (archive/objects/[hash].zst)
    hint: the last good version stays published; correct the source or the pipeline and run again
    ");
}

#[test]
fn a_value_beside_a_status_that_says_there_is_none() {
    let said =
        after(|world| rows(world, &json!([{ "kod": "0114", "period": "2024", "antal": 1, "status": "suppressed" }])));
    insta::assert_snapshot!(said, @r"
    error[U0401]: pipeline lokal: nothing published: a check did not hold
      tal: status: 1 value stands beside a status that says there is none
        kod=0114, period=2024, antal=1, antal_status=suppressed
          from rader: GET file://[world]/pipelines/lokal/rader.json (archive/objects/[hash].zst)
    hint: the last good version stays published; correct the source or the pipeline and run again
    ");
}

#[test]
fn an_empty_value_that_is_called_observed() {
    let said =
        after(|world| rows(world, &json!([{ "kod": "0114", "period": "2024", "antal": null, "status": "observed" }])));
    insta::assert_snapshot!(said, @r"
    error[U0401]: pipeline lokal: nothing published: a check did not hold
      tal: status: 1 value is empty without a status that says why
        kod=0114, period=2024, antal=(null), antal_status=observed
          from rader: GET file://[world]/pipelines/lokal/rader.json (archive/objects/[hash].zst)
    hint: the last good version stays published; correct the source or the pipeline and run again
    ");
}

#[test]
fn a_float_in_a_column_of_whole_numbers() {
    let said = after(|world| rows(world, &json!([{ "kod": "0114", "period": "2024", "antal": 1.5, "status": null }])));
    insta::assert_snapshot!(said, @r#"
    error[U0304]: pipeline lokal: fetch rader: fil: GET file://[world]/pipelines/lokal/rader.json: row 1: column "antal" is "1.5", not a whole number
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
    error[U0401]: pipeline lokal: nothing published: 2 checks did not hold
      tal: min_rows: 1 row, at least 2 are required
      tal: max_drop: 1 row, 66.7 % fewer than the 3 published; at most 20 % may go
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
    error[U0401]: pipeline lokal: nothing published: 4 checks did not hold
      tal: area: 3 rows have an area code that the reference tables do not know
        niva=kommun, kod=114
        niva=kommun, kod=9998
        niva=kommun, kod=(null)
          from rader: GET file://[world]/pipelines/lokal/rader.json (archive/objects/[hash].zst)
      tal: period: 1 row has a period in an unknown form (known: 2024, 2024M06, 2024K2, 2024H1, 2024V30, 2024-06-30, 2007-2008, 2024/25, HT2024, VT2025)
        kod=0114, period=24/25
          from rader: GET file://[world]/pipelines/lokal/rader.json (archive/objects/[hash].zst)
      tal: key: 1 row has an empty key column
        kod=(null), period=2024
          from rader: GET file://[world]/pipelines/lokal/rader.json (archive/objects/[hash].zst)
      tal: unique: 1 row repeats the key (kod, period) of another row
        kod=0115, period=2024
          from rader: GET file://[world]/pipelines/lokal/rader.json (archive/objects/[hash].zst)
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
    error[U0401]: pipeline lokal: nothing published: a check did not hold
      tal: minskar.sql: 1 row that should not be there
        kod=0180, antal=3, forr=300
          from rader: GET file://[world]/pipelines/lokal/rader.json (archive/objects/[hash].zst)
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
    error[U0401]: pipeline lokal: nothing published: a check did not hold
      tal: value: 3 values are not finite numbers
        kod=0114, period=2024, antal=inf, antal_status=observed
        kod=0115, period=2024, antal=inf, antal_status=observed
        kod=0180, period=2024, antal=inf, antal_status=observed
          from rader: GET file://[world]/pipelines/lokal/rader.json (archive/objects/[hash].zst)
    hint: the last good version stays published; correct the source or the pipeline and run again
    ");
}

/// The same rows under a check that stops and under one that warns: what is said of it, by the run and by the manifest.
fn both(declared: &str, check: &str, bad: &Value) -> String {
    let world = local(&by_level());
    world.write("pipelines/lokal/tal.sql", LEVELS);
    let toml = world.read("pipelines/lokal/pipeline.toml");
    let (column, checks) = declared.split_once("---\n").unwrap_or(("", declared));
    let with = |warn: &str| {
        let drop = if checks.contains("max_drop") { "" } else { "max_drop = \"90%\"\n" };
        let text = format!("{toml}{column}\n[dataset.tal.check]\n{drop}{warn}{checks}");
        world.write("pipelines/lokal/pipeline.toml", &text);
    };
    world.write(
        "pipelines/lokal/stor.sql",
        "-- Inget antal är större än tusen.\nSELECT kod, antal FROM ny WHERE antal > 1000\n",
    );
    with("");
    world.ok(&["run", "lokal"]);
    let held = checks_named(&world, check);
    assert!(held.iter().all(|one| one["held"] == true && one["severity"] == "error") && !held.is_empty(), "{held:?}");
    let first = world.current("tal").unwrap();

    rows(&world, bad);
    let stopped = world.run(&["run", "lokal"]);
    assert_eq!((stopped.code, world.current("tal").unwrap()), (1, first.clone()), "{}", stopped.stdout);

    with(&format!("warn = [\"{check}\"]\n"));
    let warned = world.ok(&["run", "lokal"]);
    assert_ne!(world.current("tal").unwrap(), first, "{}", warned.stdout);
    let notes: Vec<&str> = warned.stdout.lines().skip(1).filter(|line| !line.starts_with("site:")).collect();
    let broken = checks_named(&world, check).into_iter().filter(|one| one["held"] == false);
    let told = broken.map(|one| {
        assert_eq!(one["severity"], "warn");
        let promise = held[0]["message"].as_str().unwrap();
        format!("{promise} | {} | {}", one["notice"].as_str().unwrap(), one["message"].as_str().unwrap())
    });
    let told: Vec<String> = told.collect();
    // The warning stays with the version, and makes no new one.
    let again = world.ok(&["run", "lokal"]);
    assert!(again.stdout.starts_with("lokal          unchanged"), "{}", again.stdout);
    world.ok(&["verify"]);
    format!("{}{}\n{}", stopped.stderr, notes.join("\n"), told.join("\n"))
}

fn checks_named(world: &World, name: &str) -> Vec<Value> {
    let manifest = world.manifest("tal");
    let checks = manifest["checks"].as_array().unwrap();
    checks.iter().filter(|check| check["check"] == name).cloned().collect()
}

/// The level by the length of the code.
const LEVELS: &str = "SELECT
    CASE WHEN kod = '00' THEN 'riket' WHEN character_length(kod) = 2 THEN 'lan' ELSE 'kommun' END AS niva,
    kod, period, antal, coalesce(status, antal_status) AS antal_status
FROM rader
";

fn row(kod: &str, period: &str, antal: Option<i64>) -> Value {
    let status = antal.is_none().then_some("missing");
    json!({ "kod": kod, "period": period, "antal": antal, "status": status })
}

/// A nation of two counties with a municipality or two, in 2024.
fn by_level() -> Value {
    let rows = [("00", 10), ("01", 7), ("03", 3), ("0114", 5), ("0115", 2), ("0305", 3)];
    rows.into_iter().map(|(kod, antal)| row(kod, "2024", Some(antal))).collect()
}

fn changed(change: impl FnOnce(&mut Vec<Value>)) -> Value {
    let Value::Array(mut rows) = by_level() else { unreachable!() };
    change(&mut rows);
    Value::Array(rows)
}

#[test]
fn too_few_rows_stop_or_warn() {
    insta::assert_snapshot!(both("min_rows = 6\n", "min_rows", &changed(|rows| rows.truncate(1))), @r"
    error[U0401]: pipeline lokal: nothing published: a check did not hold
      tal: min_rows: 1 row, at least 6 are required
      data: rader from fil, file://[world]/pipelines/lokal/rader.json
    hint: the last good version stays published; correct the source or the pipeline and run again
      tal: warning: min_rows: 1 row, at least 6 are required
    at least 6 rows | Datamängden har 1 rad och ska ha minst 6. | 1 row, at least 6 are required
    ");
}

#[test]
fn a_drop_stops_or_warns() {
    insta::assert_snapshot!(both("max_drop = \"20%\"\n", "max_drop", &changed(|rows| rows.truncate(4))), @r"
    error[U0402]: pipeline lokal: nothing published: a check did not hold
      tal: max_drop: 4 rows, 33.3 % fewer than the 6 published; at most 20 % may go
      data: rader from fil, file://[world]/pipelines/lokal/rader.json
    hint: the last good version stays published; if the rows are rightly gone, `underlag accept` lets this through once: `underlag status` shows how
      tal: warning: max_drop: 4 rows, 33.3 % fewer than the 6 published; at most 20 % may go
    at most 20 % fewer rows than before | Datamängden har 4 rader, mot 6 i den förra versionen. | 4 rows, 33.3 % fewer than the 6 published; at most 20 % may go
    ");
}

#[test]
fn a_share_of_empty_values_stops_or_warns() {
    let bad = changed(|rows| {
        rows[3] = row("0114", "2024", None);
        rows[4] = row("0115", "2024", None);
    });
    insta::assert_snapshot!(both("max_null = \"20%\"\n", "max_null.antal", &bad), @r"
    error[U0401]: pipeline lokal: nothing published: a check did not hold
      tal: max_null.antal: 2 of 6 values of antal are empty (33.3 %); at most 20 % may be
        kod=0114, period=2024, antal=(null), antal_status=missing
        kod=0115, period=2024, antal=(null), antal_status=missing
          from rader: GET file://[world]/pipelines/lokal/rader.json (archive/objects/[hash].zst)
    hint: the last good version stays published; correct the source or the pipeline and run again
      tal: warning: max_null.antal: 2 of 6 values of antal are empty (33.3 %); at most 20 % may be
    at most 20 % of antal is empty | 2 värden av 6 saknas i ”Antal” (33,3 %); högst 20 % ska saknas. | 2 of 6 values of antal are empty (33.3 %); at most 20 % may be
    ");
}

#[test]
fn a_repeated_key_stops_or_warns() {
    let bad = changed(|rows| rows.push(row("0114", "2024", Some(6))));
    insta::assert_snapshot!(both("", "unique", &bad), @r"
    error[U0401]: pipeline lokal: nothing published: a check did not hold
      tal: unique: 1 row repeats the key (kod, period) of another row
        kod=0114, period=2024
          from rader: GET file://[world]/pipelines/lokal/rader.json (archive/objects/[hash].zst)
    hint: the last good version stays published; correct the source or the pipeline and run again
      tal: warning: unique: 1 row repeats the key (kod, period) of another row
    unique over kod, period | 1 rad upprepar en annan rads nyckel. | 1 row repeats the key (kod, period) of another row
    ");
}

#[test]
fn old_figures_stop_or_warn() {
    let bad = changed(|rows| rows.iter_mut().for_each(|row| row["period"] = json!("1998")));
    insta::assert_snapshot!(both("freshness = \"9000d\"\n", "freshness", &bad), @r"
    error[U0401]: pipeline lokal: nothing published: a check did not hold
      tal: freshness: the newest period, 1998, ended 1998-12-31: more than 9000 days before the run
      data: rader from fil, file://[world]/pipelines/lokal/rader.json
    hint: the last good version stays published; correct the source or the pipeline and run again
      tal: warning: freshness: the newest period, 1998, ended 1998-12-31: more than 9000 days before the run
      tal: period 2024 is kept from an earlier version
    the newest period ended at most 9000 days before the run | Den nyaste perioden, 1998, slutade 1998-12-31 och är äldre än väntat. | the newest period, 1998, ended 1998-12-31: more than 9000 days before the run
    ");
}

#[test]
fn holes_stop_or_warn() {
    let bad = changed(|rows| {
        rows.extend([row("00", "2023", Some(1)), row("0305", "2022", Some(1)), row("0115", "2022", Some(1))]);
    });
    let declared = "complete = { over = [\"kod\", \"period\"] }\n";
    insta::assert_snapshot!(both(declared, "complete", &bad), @r"
    error[U0401]: pipeline lokal: nothing published: a check did not hold
      tal: complete: 1 combination of kod, period has no row
        niva=kommun, kod=0114, period=2022
          from rader: GET file://[world]/pipelines/lokal/rader.json (archive/objects/[hash].zst)
    hint: the last good version stays published; correct the source or the pipeline and run again
      tal: warning: complete: 1 combination of kod, period has no row
    every combination of kod, period has a row | 1 väntad rad saknas. | 1 combination of kod, period has no row
    ");
    let world = local(&bad);
    world.write("pipelines/lokal/tal.sql", LEVELS);
    let toml = world.read("pipelines/lokal/pipeline.toml");
    let excepted = "[dataset.tal.check]\ncomplete = { over = [\"kod\", \"period\"], except = { kod = \"0114\" } }\n";
    world.write("pipelines/lokal/pipeline.toml", &format!("{toml}\n{excepted}"));
    world.ok(&["run", "lokal"]);
}

#[test]
fn a_total_that_is_not_its_parts_stops_or_warns() {
    let declared = "[dataset.tal.check.equals.lan]\ncolumn = \"antal\"\n\
                    total = { niva = \"lan\" }\nparts = { niva = \"kommun\" }\n";
    let bad = changed(|rows| rows[1] = row("01", "2024", Some(8)));
    insta::assert_snapshot!(both(declared, "equals.lan", &bad), @r"
    error[U0401]: pipeline lokal: nothing published: a check did not hold
      tal: equals.lan: 1 total of antal (niva = lan) is not the sum of its parts
        period=2024, lan=01, niva=lan, antal=8, delar=7
          from rader: GET file://[world]/pipelines/lokal/rader.json (archive/objects/[hash].zst)
    hint: the last good version stays published; correct the source or the pipeline and run again
      tal: warning: equals.lan: 1 total of antal (niva = lan) is not the sum of its parts
    antal where niva = lan is the sum of its parts | 1 total är inte summan av sina delar. | 1 total of antal (niva = lan) is not the sum of its parts
    ");
    let declared = "[dataset.tal.check.equals.riket]\ncolumn = \"antal\"\n\
                    total = { niva = \"riket\" }\nparts = { niva = [\"lan\"] }\ntolerance = 1\n";
    let bad = changed(|rows| rows[0] = row("00", "2024", Some(12)));
    insta::assert_snapshot!(both(declared, "equals.riket", &bad), @r"
    error[U0401]: pipeline lokal: nothing published: a check did not hold
      tal: equals.riket: 1 total of antal (niva = riket) is not the sum of its parts
        period=2024, niva=riket, antal=12, delar=10
          from rader: GET file://[world]/pipelines/lokal/rader.json (archive/objects/[hash].zst)
    hint: the last good version stays published; correct the source or the pipeline and run again
      tal: warning: equals.riket: 1 total of antal (niva = riket) is not the sum of its parts
    antal where niva = riket is the sum of its parts | 1 total är inte summan av sina delar. | 1 total of antal (niva = riket) is not the sum of its parts
    ");
    let declared = "[dataset.tal.check.equals.kod]\ncolumn = \"antal\"\n\
                    total = { kod = \"00\" }\nparts = { kod = [\"01\", \"03\"] }\n";
    insta::assert_snapshot!(both(declared, "equals.kod", &changed(|rows| drop(rows.remove(0)))), @r"
    error[U0401]: pipeline lokal: nothing published: a check did not hold
      tal: equals.kod: no row is a total (kod = 00): nothing could be compared
      data: rader from fil, file://[world]/pipelines/lokal/rader.json
    hint: the last good version stays published; correct the source or the pipeline and run again
      tal: warning: equals.kod: no row is a total (kod = 00): nothing could be compared
    antal where kod = 00 is the sum of its parts | Totaler och delar kunde inte jämföras. | no row is a total (kod = 00): nothing could be compared
    ");
}

#[test]
fn totals_with_empty_parts_are_left_aside() {
    let world = local(&changed(|rows| rows[3] = row("0114", "2024", None)));
    world.write("pipelines/lokal/tal.sql", LEVELS);
    let toml = world.read("pipelines/lokal/pipeline.toml");
    let equals = "[dataset.tal.check.equals.lan]\ncolumn = \"antal\"\n\
                  total = { niva = \"lan\" }\nparts = { niva = \"kommun\" }\n";
    world.write("pipelines/lokal/pipeline.toml", &format!("{toml}\n{equals}"));
    world.ok(&["run", "lokal"]);
}

#[test]
fn values_outside_their_range_stop_or_warn() {
    let bad = changed(|rows| rows[3] = row("0114", "2024", Some(-1)));
    insta::assert_snapshot!(both("range = { min = 0 }\n---\n", "range.antal", &bad), @r"
    error[U0401]: pipeline lokal: nothing published: a check did not hold
      tal: range.antal: 1 value of antal is not at least 0
        kod=0114, period=2024, antal=-1, antal_status=observed
          from rader: GET file://[world]/pipelines/lokal/rader.json (archive/objects/[hash].zst)
    hint: the last good version stays published; correct the source or the pipeline and run again
      tal: warning: range.antal: 1 value of antal is not at least 0
    every antal is at least 0 | 1 värde i ”Antal” ligger utanför det väntade. | 1 value of antal is not at least 0
    ");
}

#[test]
fn empty_values_where_there_must_be_none_stop_or_warn() {
    let bad = changed(|rows| rows[3] = row("0114", "2024", None));
    insta::assert_snapshot!(both("nullable = false\n---\n", "nullable.antal", &bad), @r"
    error[U0401]: pipeline lokal: nothing published: a check did not hold
      tal: nullable.antal: 1 row has no antal, which is declared never to be empty
        kod=0114, period=2024, antal=(null), antal_status=missing
          from rader: GET file://[world]/pipelines/lokal/rader.json (archive/objects/[hash].zst)
    hint: the last good version stays published; correct the source or the pipeline and run again
      tal: warning: nullable.antal: 1 row has no antal, which is declared never to be empty
    antal is never empty | 1 värde saknas i ”Antal”, som inte ska sakna något. | 1 row has no antal, which is declared never to be empty
    ");
}

#[test]
fn other_statuses_stop_or_warn() {
    let bad = changed(|rows| rows[3]["status"] = json!("preliminary"));
    insta::assert_snapshot!(both("statuses = [\"observed\", \"missing\"]\n---\n", "statuses.antal", &bad), @r"
    error[U0401]: pipeline lokal: nothing published: a check did not hold
      tal: statuses.antal: 1 row has another antal_status than observed, missing
        kod=0114, period=2024, antal=5, antal_status=preliminary
          from rader: GET file://[world]/pipelines/lokal/rader.json (archive/objects/[hash].zst)
    hint: the last good version stays published; correct the source or the pipeline and run again
      tal: warning: statuses.antal: 1 row has another antal_status than observed, missing
    every antal_status is one of observed, missing | 1 värde i ”Antal” har en oväntad status. | 1 row has another antal_status than observed, missing
    ");
}

#[test]
fn other_codes_stop_or_warn() {
    let column =
        "\n[dataset.tal.column.period]\ntype = \"text\"\ntitle = \"Period\"\nvalues = [\"2024\", \"2025\"]\n---\n";
    let bad = changed(|rows| rows.push(row("0114", "2026", Some(1))));
    insta::assert_snapshot!(both(column, "values.period", &bad), @r"
    error[U0401]: pipeline lokal: nothing published: a check did not hold
      tal: values.period: 1 row has another period than 2024, 2025
        kod=0114, period=2026
          from rader: GET file://[world]/pipelines/lokal/rader.json (archive/objects/[hash].zst)
    hint: the last good version stays published; correct the source or the pipeline and run again
      tal: warning: values.period: 1 row has another period than 2024, 2025
    every period is one of 2024, 2025 | 1 rad har ett oväntat värde i ”Period”. | 1 row has another period than 2024, 2025
    ");
    let column = "\n[dataset.tal.column.kod]\ntype = \"text\"\ntitle = \"Kod\"\ncodes = \"platser.kod\"\n---\n";
    let bad = changed(|rows| rows.push(row("norr", "2024", Some(1))));
    let world = local(&bad);
    world.write("pipelines/lokal/tal.sql", LEVELS);
    let toml = world.read("pipelines/lokal/pipeline.toml");
    world.write("pipelines/lokal/pipeline.toml", &format!("{toml}{}", column.trim_end_matches("---\n")));
    insta::assert_snapshot!(world.run(&["run", "lokal"]).stderr, @r"
    error[U0401]: pipeline lokal: nothing published: 2 checks did not hold
      tal: area: 1 row has an area code that the reference tables do not know
        niva=kommun, kod=norr
          from rader: GET file://[world]/pipelines/lokal/rader.json (archive/objects/[hash].zst)
      tal: values.kod: 1 row has a value of kod that reference table platser.kod does not know
        kod=norr, period=2024
          from rader: GET file://[world]/pipelines/lokal/rader.json (archive/objects/[hash].zst)
    hint: the last good version stays published; correct the source or the pipeline and run again
    ");
}

#[test]
fn rows_that_a_query_gives_stop_or_warn() {
    let bad = changed(|rows| rows[0] = row("00", "2024", Some(1001)));
    insta::assert_snapshot!(both("custom = [\"stor.sql\"]\n", "stor.sql", &bad), @r"
    error[U0401]: pipeline lokal: nothing published: a check did not hold
      tal: stor.sql: 1 row that should not be there
        kod=00, antal=1001
          from rader: GET file://[world]/pipelines/lokal/rader.json (archive/objects/[hash].zst)
    hint: the last good version stays published; correct the source or the pipeline and run again
      tal: warning: stor.sql: 1 row that should not be there
    stor.sql returns no row | Kontrollen höll inte (1 rad): Inget antal är större än tusen. | 1 row that should not be there
    ");
}

#[test]
fn a_warning_is_on_the_page_that_uses_the_figures() {
    let world = crate::local::reported();
    world.ok(&["run", "lokal"]);
    let page = || world.read("data/site/current/kommun/0114/index.html");
    assert!(!page().contains("Varning:"));
    world.edit(
        "pipelines/lokal/pipeline.toml",
        "additive = true\n",
        "additive = true\nrange = { min = 15 }\n[dataset.tal.check]\nwarn = [\"range\"]\n",
    );
    // The same figures, but not the same that is said of them.
    let ran = world.ok(&["run", "lokal"]);
    assert!(ran.stdout.starts_with("lokal          published"), "{}", ran.stdout);
    assert!(
        page().contains(
            "<p class=\"warning\" role=\"note\"><strong>Varning:</strong> 1 värde i ”Antal” ligger utanför det väntade.</p>"
        ),
        "{}",
        page()
    );
}

#[test]
fn a_contract_is_in_the_manifest_with_every_promise() {
    let world = local(&three());
    world.edit(
        "pipelines/lokal/pipeline.toml",
        "additive = true\n",
        "additive = true\nnullable = false\nrange = { min = 0 }\nstatuses = [\"observed\"]\n\
         [dataset.tal.check]\nmax_null = \"5%\"\nwarn = [\"max_null\"]\n",
    );
    world.ok(&["run", "lokal"]);
    let contract = &world.manifest("tal")["contract"];
    assert_eq!(contract["key"], json!(["kod", "period"]));
    let columns = contract["columns"].as_array().unwrap();
    assert_eq!(
        columns[7],
        json!({ "name": "antal", "kind": "int64", "title": "Antal", "role": "measure", "unit": "antal",
                "nullable": false, "range": { "min": 0.0 }, "statuses": ["observed"], "additive": true })
    );
    assert_eq!(
        columns[1],
        json!({ "name": "kod", "kind": "text", "title": "Områdeskod", "role": "key", "nullable": false })
    );
    let named =
        |name: &str| contract["checks"].as_array().unwrap().iter().find(|check| check["check"] == name).unwrap();
    assert_eq!(
        *named("max_null"),
        json!({ "check": "max_null", "column": "antal", "percent": 5.0, "severity": "warn" })
    );
    assert_eq!(*named("min_rows"), json!({ "check": "min_rows", "rows": 1, "severity": "error" }));
}

#[test]
fn codes_of_a_table_that_is_not_there_are_a_mistake() {
    let refused = |codes: &str| {
        let column = format!("\n[dataset.tal.column.kod]\ntype = \"text\"\ntitle = \"Kod\"\ncodes = \"{codes}\"\n");
        crate::check::refused(|world| {
            let toml = world.read("pipelines/lokal/pipeline.toml");
            world.write("pipelines/lokal/pipeline.toml", &format!("{toml}{column}"));
        })
    };
    insta::assert_snapshot!(refused("plaster.kod"), @r#"
    error[U0115]: dataset tal: the codes of "kod" are those of "plaster", which is no reference table
      --> pipelines/lokal/pipeline.toml:20:1
       |
    20 | [dataset.tal.column.kod]
       | ^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = hint: did you mean "platser"?

    1 problem in 1 file

    error[U0102]: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
    insta::assert_snapshot!(refused("platser.kood"), @r#"
    error[U0115]: dataset tal: the codes of "kod" are "kood" of reference table "platser", which has no such column
      --> pipelines/lokal/pipeline.toml:20:1
       |
    20 | [dataset.tal.column.kod]
       | ^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = hint: did you mean "kod"?

    1 problem in 1 file

    error[U0102]: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}
