//! A source is never asked harder than need be: twice in a row, by several
//! pipelines, while it is out of order, or for more than it gives.

use serde_json::{Value, json};

use crate::local::{local, three};
use crate::people::people;
use crate::world::{Sandbox, World};

const SHIPPED: [&str; 3] = ["annonser", "befolkning", "nyckeltal"];

/// The shipped pipelines and sources, the latter in the sandbox.
fn shipped(sandbox: &Sandbox) -> World {
    let world = SHIPPED.iter().fold(World::new(), |world, name| world.with_shipped(name));
    let mut sources = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config/sources.toml")).unwrap();
    for (source, url) in
        [("scb.pxweb", &sandbox.pxweb), ("kolada.kolada", &sandbox.kolada), ("af.file", &sandbox.files)]
    {
        let begin = sources.find(&format!("[source.{source}]\nbase_url = \"")).unwrap();
        let begin = begin + sources[begin..].find("http").unwrap();
        let end = begin + sources[begin..].find('"').unwrap();
        sources.replace_range(begin..end, url);
    }
    world.write("config/sources.toml", &sources);
    world
}

fn data_calls(calls: &[Value]) -> usize {
    let is_data = |call: &&Value| {
        let path = call["path"].as_str().unwrap();
        call["method"] == "POST" || path.contains("/data?") || path.contains("/v3/data/")
    };
    calls.iter().filter(is_data).count()
}

#[test]
fn a_second_run_of_everything_makes_almost_no_calls() {
    let sandbox = Sandbox::start();
    let world = shipped(&sandbox);
    world.ok(&["run", "--all"]);
    let first = sandbox.calls();
    assert!(first.len() > 30 && data_calls(&first) > 20, "{}", first.len());
    let versions: Vec<_> = ["annonser", "befolkning", "nyckeltal"].map(|dataset| world.current(dataset)).into();
    sandbox.forget_calls();
    let ran = world.ok(&["run", "--all"]);
    let second = sandbox.calls();
    // What SCB's table and the file say of themselves; Kolada's answers are an hour young at most.
    let paths: Vec<&str> = second.iter().map(|call| call["path"].as_str().unwrap()).collect();
    assert!(second.len() <= 4, "{paths:?}");
    assert_eq!(data_calls(&second), 0);
    assert!(SHIPPED.iter().all(|name| ran.stdout.contains(&format!("{name:<14} unchanged"))), "{}", ran.stdout);
    assert_eq!(["annonser", "befolkning", "nyckeltal"].map(|dataset| world.current(dataset)).to_vec(), versions);
    world.ok(&["verify"]);
}

#[test]
fn a_source_that_is_out_is_left_alone_until_it_is_asked_to_be_back() {
    let sandbox = Sandbox::start();
    let world = people(&sandbox);
    let text = world.read("config/underlag.toml");
    world.write("config/underlag.toml", &text.replace("max_tries = 3", "max_tries = 3\noutage_after = 3"));
    sandbox.fault(json!({ "kind": "status", "status": 503 }));
    let ran = world.run(&["run", "folk"]);
    assert_eq!(ran.code, 1);
    assert_eq!(ran.stderr.matches("the source is out and is left alone").count(), 1, "{}", ran.stderr);
    assert_eq!(sandbox.calls().len(), 3);
    sandbox.behave();
    let ran = world.run(&["run", "folk"]);
    assert_eq!(ran.code, 1);
    insta::assert_snapshot!(ran.stderr, @r"
    error[U0202]: pipeline folk: fetch folk: scb has been out of order since [time]: 3 calls failed in a row, the last with: 503 Service Unavailable: nginx; it is asked again from [time]
    hint: what it did not answer is fetched by the next run; `underlag run --force` asks it at once
    ");
    assert_eq!(sandbox.calls().len(), 3, "nothing was sent");
    let ran = world.ok(&["run", "folk", "--force"]);
    assert!(ran.stderr.contains("the source is back"), "{}", ran.stderr);
    world.ok(&["run", "folk"]);
    assert!(!world.path("data/stage/_outages.json").exists());
}

#[test]
fn what_a_source_refuses_as_too_much_is_asked_for_in_halves() {
    let sandbox = Sandbox::start_with(&["--calls", "0", "--max-cells", "500"]);
    let world = people(&sandbox);
    world.ok(&["run", "folk"]);
    let whole = world.rows("folk_kommun");
    // Without a word in /config the limit that is configured stands, which is too high.
    let halving = people(&sandbox);
    let sources = halving.read("config/sources.toml");
    halving.write("config/sources.toml", &sources);
    sandbox.fault(json!({ "kind": "too_many_cells", "path_contains": "/data", "times": 1 }));
    let ran = halving.ok(&["run", "folk"]);
    assert!(
        ran.stdout.contains(
            "folk: the source refused calls of 468 cells as too many, though it announces a limit of 500: those parts \
             were asked for in "
        ),
        "{}",
        ran.stdout
    );
    let mut halved = halving.rows("folk_kommun");
    let mut whole = whole;
    whole.sort();
    halved.sort();
    assert_eq!(halved, whole);
    let version = halving.current("folk_kommun").unwrap();
    halving.ok(&["replay", "folk_kommun", &version]);
}

#[test]
fn no_row_at_all_is_an_error_where_the_pipeline_says_so() {
    let world = local(&json!([]));
    let accepted = world.run(&["run", "lokal"]);
    assert!(!accepted.stderr.contains("has not one row"), "{}", accepted.stderr);
    world.edit("pipelines/lokal/pipeline.toml", "format = ", "on_empty = \"error\"\nformat = ");
    let ran = world.run(&["run", "lokal", "--force"]);
    assert_eq!(ran.code, 1);
    insta::assert_snapshot!(ran.stderr, @r#"
    error[U0214]: pipeline lokal: fetch rader: fil has not one row for what is asked, and on_empty = "error"
    hint: the last good version stays published; the source may have withdrawn the figures, or the selection may miss them
    "#);
    world.write("pipelines/lokal/rader.json", &three().to_string());
    world.ok(&["run", "lokal"]);
}

#[test]
fn a_plan_is_told_to_programs() {
    let sandbox = Sandbox::start_with(&["--max-cells", "500", "--calls", "4", "--window", "1"]);
    let world = people(&sandbox);
    let plan: Value = serde_json::from_str(&world.ok(&["plan", "folk", "--json"]).stdout).unwrap();
    let fetch = &plan["pipelines"][0]["fetches"][0];
    assert_eq!(plan["pipelines"][0]["verdict"], "would be published for the first time");
    assert_eq!((&fetch["calls"], &fetch["lower_bound"], &fetch["cells"]), (&json!(8), &json!(8), &json!(3744)));
    assert_eq!(fetch["limit"], json!({ "calls": 4, "window_seconds": 1.0, "cells": 500 }));
    let seconds = fetch["seconds_by_limit"].as_f64().unwrap();
    assert!((1.0..=3.0).contains(&seconds), "{seconds}");
}
