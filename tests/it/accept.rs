//! A stopped publish waits, visibly, and an operator's word lets exactly that
//! one through, on the record and once.

use serde_json::{Value, json};

use crate::local::{files_below, local, reported, three};
use crate::people::people;
use crate::world::{Sandbox, World};

const DROP: &str = "\n[dataset.tal.check]\nmax_drop = \"20%\"\n";

fn rows(world: &World, rows: &Value) {
    world.write("pipelines/lokal/rader.json", &rows.to_string());
}

fn with_drop(world: World) -> World {
    let toml = world.read("pipelines/lokal/pipeline.toml");
    world.write("pipelines/lokal/pipeline.toml", &(toml + DROP));
    world
}

/// The names of what waits, by `status --json`.
fn waiting(world: &World, pipeline: &str) -> Value {
    let status: Value = serde_json::from_str(&world.ok(&["status", "--json"]).stdout).unwrap();
    let row = status.as_array().unwrap().iter().find(|row| row["pipeline"] == pipeline).unwrap();
    row["waiting"].clone()
}

#[test]
fn rows_gone_wait_for_a_word_and_the_pages_tell_of_it() {
    let world = with_drop(reported());
    world.ok(&["run", "lokal"]);
    let first = world.current("tal").unwrap();
    rows(&world, &json!([three()[0]]));
    let ran = world.run(&["run", "lokal"]);
    assert_eq!(ran.code, 1);
    insta::assert_snapshot!(ran.stderr, @r"
    error[U0402]: pipeline lokal: nothing published: a check did not hold
      tal: max_drop: 1 row, 66.7 % fewer than the 3 published; at most 20 % may go
      data: rader from fil, file://[world]/pipelines/lokal/rader.json
    hint: the last good version stays published; if the rows are rightly gone, `underlag accept` lets this through once: `underlag status` shows how
    ");
    insta::assert_snapshot!(world.ok(&["status"]).stdout, @r#"
    lokal          failed      run [time], checked [time]
      tal [version]: 3 rows, fetched [time]
        latest period 2024, released [time]
      waiting for accept since [time]: dataset tal: max_drop: 1 row, 66.7 % fewer than the 3 published; at most 20 % may go
      to let it through: underlag accept lokal --reason "…"
      last error: [U0402] nothing published: a check did not hold
    "#);
    let waits = waiting(&world, "lokal");
    assert_eq!(
        (&waits["what"], &waits["command"]),
        (
            &json!(["dataset tal: max_drop: 1 row, 66.7 % fewer than the 3 published; at most 20 % may go"]),
            &json!("underlag accept lokal --reason \"…\"")
        )
    );
    // It waits since the first time.
    assert_eq!(world.run(&["run", "lokal"]).code, 1);
    assert_eq!(waiting(&world, "lokal"), waits);
    assert_eq!(world.current("tal").unwrap(), first);

    let ran = world.ok(&["accept", "lokal", "--reason", "  Två kommuner redovisas\ninte längre "]);
    insta::assert_snapshot!(ran.stdout, @r#"
    lokal          published  tal [version] (1 rows) 1 rows fetched, 0 calls, 114 bytes, [seconds] s
      accepted: dataset tal: max_drop: 1 row, 66.7 % fewer than the 3 published; at most 20 % may go
      reason: Två kommuner redovisas inte längre
    site: [version], 312 pages
    "#);
    let manifest = world.manifest("tal");
    assert_eq!(manifest["accepted"][0]["reason"], "Två kommuner redovisas inte längre");
    assert_eq!(
        manifest["accepted"][0]["what"],
        json!(["dataset tal: max_drop: 1 row, 66.7 % fewer than the 3 published; at most 20 % may go"])
    );
    let checks = manifest["checks"].as_array().unwrap();
    let drops: Vec<&Value> = checks.iter().filter(|check| check["check"] == "max_drop").collect();
    assert_eq!(drops.len(), 1, "{checks:?}");
    assert_eq!((&drops[0]["held"], &drops[0]["severity"]), (&json!(false), &json!("warn")));
    assert_eq!(waiting(&world, "lokal"), Value::Null);
    insta::assert_snapshot!(world.ok(&["history", "--limit", "1"]).stdout, @r#"
    4 [time] lokal          published   0 calls, 0 reused, 0 retries, 1 rows fetched, [seconds] s
      tal [version] published, 1 rows
      accepted: dataset tal: max_drop: 1 row, 66.7 % fewer than the 3 published; at most 20 % may go
      reason: Två kommuner redovisas inte längre
    "#);
    let pages = files_below(&world.path("data/site/current/"));
    let told = pages.iter().filter(|page| page.extension().is_some_and(|kind| kind == "html")).filter(|page| {
        let text = std::fs::read_to_string(page).unwrap();
        text.contains("Publicerad efter godkännande <time") && text.contains(": Två kommuner redovisas inte längre")
    });
    assert!(told.count() > 300);
    world.ok(&["verify"]);

    // Once is once: the next drop waits anew.
    rows(&world, &json!([]));
    world.edit("pipelines/lokal/pipeline.toml", DROP, &format!("{DROP}min_rows = 0\n"));
    assert_eq!(world.run(&["run", "lokal"]).code, 1);
    assert_ne!(waiting(&world, "lokal"), Value::Null);
}

#[test]
fn a_word_needs_something_that_waits_and_a_reason() {
    let world = local(&three());
    world.ok(&["run", "lokal"]);
    let refused = |arguments: &[&str]| {
        let ran = world.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
        ran.stderr
    };
    insta::assert_snapshot!(refused(&["accept", "lokal", "--reason", "så är det"]), @r"
    error[U0905]: nothing of pipeline lokal waits to be accepted
    hint: nothing was run; `underlag run lokal` runs it
    ");
    insta::assert_snapshot!(refused(&["accept", "lokal", "--reason", " \n"]), @r#"
    error[U0901]: the reason is empty
    hint: say why it is right to publish: --reason "…"; readers see it
    "#);
    insta::assert_snapshot!(refused(&["accept", "lokall", "--reason", "x"]), @r#"
    error[U0902]: there is no pipeline "lokall"
    hint: there is lokal
    "#);
    insta::assert_snapshot!(refused(&["accept", "lokal"]), @r"
    error[U0901]: the following required arguments were not provided:
      --reason <TEXT>

    Usage: underlag accept --reason <TEXT> <PIPELINE>

    For more information, try '--help'.
    ");
    assert!(world.ok(&["accept", "--help"]).stdout.contains("no other check is skipped"));
}

#[test]
fn no_other_check_is_let_through() {
    let world = with_drop(local(&three()));
    world.ok(&["run", "lokal"]);
    rows(&world, &json!([three()[0]]));
    assert_eq!(world.run(&["run", "lokal"]).code, 1);
    let waits = waiting(&world, "lokal");
    // The rows that the word was asked for are not those that come now.
    let row = |kod: &str| json!({ "kod": kod, "period": "2024", "antal": 1, "status": null });
    rows(&world, &json!([row("9998")]));
    let ran = world.run(&["accept", "lokal", "--reason", "så är det"]);
    assert_eq!(ran.code, 1);
    insta::assert_snapshot!(ran.stderr, @r"
    error[U0401]: pipeline lokal: nothing published: 2 checks did not hold
      tal: area: 1 row has an area code that the reference tables do not know
        niva=kommun, kod=9998
          from rader: GET file://[world]/pipelines/lokal/rader.json (archive/objects/[hash].zst)
      tal: max_drop: 1 row, 66.7 % fewer than the 3 published; at most 20 % may go
      data: rader from fil, file://[world]/pipelines/lokal/rader.json
    hint: the last good version stays published; correct the source or the pipeline and run again
    ");
    assert_eq!(waiting(&world, "lokal"), waits);
    // Another drop is another word.
    rows(&world, &json!([row("0114"), row("0115")]));
    assert_eq!(world.run(&["accept", "lokal", "--reason", "så är det"]).code, 1);
    assert_ne!(waiting(&world, "lokal"), waits);
    // What is no longer so need not be accepted.
    rows(&world, &three());
    world.ok(&["run", "lokal"]);
    assert_eq!(waiting(&world, "lokal"), Value::Null);
    assert_eq!(world.versions("tal").len(), 1);
}

#[test]
fn a_word_for_drift_repeats_no_call_and_does_not_cover_the_drop_that_follows() {
    let sandbox = Sandbox::start();
    let world = people(&sandbox);
    let toml = world.read("pipelines/folk/pipeline.toml");
    world.write("pipelines/folk/pipeline.toml", &(toml + "\n[dataset.folk_kommun.check]\nmax_drop = \"10%\"\n"));
    world.ok(&["run", "folk"]);
    sandbox.fault(json!({ "kind": "removed_code", "dimension": "Kon", "code": "2" }));
    assert_eq!(world.run(&["run", "folk"]).code, 1);
    let asked = |arguments: &[&str], code: i32| {
        sandbox.forget_calls();
        let ran = world.run(arguments);
        assert_eq!(ran.code, code, "{}\n{}", ran.stdout, ran.stderr);
        let calls = sandbox.calls();
        let kinds = ["/config", "/metadata", "/data?"];
        kinds.map(|kind| calls.iter().filter(|call| call["path"].as_str().unwrap().contains(kind)).count())
    };
    let accept = ["accept", "folk", "--reason", "Källan redovisar inte längre kvinnor"];
    let [config, metadata, data] = asked(&accept, 1);
    assert_eq!((config, metadata), (0, 0));
    assert!(data > 0);
    insta::assert_snapshot!(waiting(&world, "folk")["what"], @r#"["fetch folk: dimension \"Kon\" has lost the code \"2\" (kvinnor)","dataset folk_kommun: max_drop: 2320 rows, 33.3 % fewer than the 3480 published; at most 10 % may go"]"#);
    assert_eq!(asked(&accept, 0), [0, 0, 0]);
    let accepted = |dataset: &str| world.manifest(dataset)["accepted"][0]["what"].as_array().unwrap().len();
    assert_eq!((accepted("folk_kommun"), accepted("folk_lan")), (2, 1), "a drop is its own dataset's");
    // What was let through is what is accepted now.
    let ran = world.ok(&["run", "folk"]);
    assert!(ran.stdout.starts_with("folk           unchanged"), "{}", ran.stdout);
    // When it comes back, that is news too.
    sandbox.behave();
    assert!(
        world.ok(&["run", "folk"]).stdout.contains("folk: warning: dimension \"Kon\" has a new code: \"2\" (kvinnor)")
    );
    world.ok(&["verify"]);
}

#[test]
fn a_word_for_names_alone_is_kept_although_nothing_is_published() {
    let sandbox = Sandbox::start();
    let world = people(&sandbox);
    world.ok(&["run", "folk"]);
    let before = world.current("folk_lan").unwrap();
    sandbox.fault(json!({ "kind": "relabelled_code", "dimension": "Region", "code": "0180" }));
    assert_eq!(world.run(&["run", "folk"]).code, 1);
    let ran = world.ok(&["accept", "folk", "--reason", "Bara ett namn"]);
    assert!(ran.stdout.starts_with("folk           unchanged"), "{}", ran.stdout);
    assert_eq!(world.current("folk_lan").unwrap(), before);
    let ran = world.ok(&["run", "folk"]);
    assert!(ran.stdout.starts_with("folk           unchanged"), "{}", ran.stdout);
    insta::assert_snapshot!(world.ok(&["history", "--limit", "2"]).stdout, @r#"
    4 [time] folk           unchanged   1 calls, 3 reused, 0 retries, 0 rows fetched, [seconds] s
      folk_kommun [version] unchanged, 3480 rows
      folk_lan [version] unchanged, 252 rows
    3 [time] folk           unchanged   1 calls, 2 reused, 0 retries, 0 rows fetched, [seconds] s
      folk_kommun [version] unchanged, 3480 rows
      folk_lan [version] unchanged, 252 rows
      accepted: fetch folk: dimension "Region" has a code with another name: "0180" was "Stockholm" and is "Stockholm (ny)"
      reason: Bara ett namn
    "#);
}

#[test]
fn a_dimension_under_another_name_is_accepted_once_the_pipeline_follows() {
    let sandbox = Sandbox::start();
    let world = people(&sandbox);
    world.ok(&["run", "folk"]);
    sandbox.fault(json!({ "kind": "renamed_dimension" }));
    let ran = world.run(&["run", "folk"]);
    assert_eq!(ran.code, 1);
    insta::assert_snapshot!(ran.stderr, @r#"
    error[U0211]: pipeline folk: fetch folk: scb: http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/metadata?lang=sv: table TAB6471 has no dimension "Region"
      since it was last accepted: the table has another title: it was "Folkmängden per månad efter region, ålder och kön.  År …-… (SYNTETISKA DATA)", it is "Folkmängden per månad efter område, ålder och kön.  År …-… (SYNTETISKA DATA)"
      since it was last accepted: dimension "Region" (region) is now called "Omrade" (område)
    hint: the table has Omrade, Alder, Kon, ContentsCode, Tid
    "#);
    assert_eq!(waiting(&world, "folk"), Value::Null, "no word helps a selection that does not fit");
    world.edit("pipelines/folk/pipeline.toml", "Region = ", "Omrade = ");
    assert_eq!(world.run(&["run", "folk"]).code, 1);
    world.ok(&["accept", "folk", "--reason", "Dimensionen heter Omrade nu"]);
    let ran = world.ok(&["run", "folk"]);
    assert!(ran.stdout.starts_with("folk           unchanged"), "{}", ran.stdout);
}
