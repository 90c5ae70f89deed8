//! Files of older formats are read and upgraded; those of newer ones are left
//! alone, and said to be newer.

use std::fs;

use insta::assert_snapshot;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::local::{local, three};
use crate::people::people;
use crate::world::{Sandbox, World};

/// The tables of the first release's ledger, which carried no number.
const LEDGER_1: &str = "
CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT, pipeline TEXT NOT NULL, started_at TEXT NOT NULL, ended_at TEXT,
    outcome TEXT NOT NULL, message TEXT NOT NULL DEFAULT '', calls INTEGER NOT NULL DEFAULT 0,
    reused INTEGER NOT NULL DEFAULT 0, retries INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,
    rows_fetched INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX run_pipeline ON run (pipeline, id);
CREATE TABLE run_dataset (
    run INTEGER NOT NULL REFERENCES run (id), dataset TEXT NOT NULL, version TEXT NOT NULL, rows INTEGER NOT NULL,
    published INTEGER NOT NULL, PRIMARY KEY (run, dataset)
) STRICT;
CREATE TABLE fetch_state (
    pipeline TEXT NOT NULL, fetch TEXT NOT NULL, stamp TEXT, answers TEXT NOT NULL, checked_at TEXT NOT NULL,
    PRIMARY KEY (pipeline, fetch)
) STRICT;
CREATE TABLE pipeline_state (pipeline TEXT PRIMARY KEY, config_hash TEXT NOT NULL, checked_at TEXT NOT NULL) STRICT;
";

fn number(world: &World) -> i64 {
    let ledger = Connection::open(world.path("data/ledger.sqlite")).unwrap();
    ledger.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

#[test]
fn a_ledger_of_format_1_is_upgraded_and_still_known_by() {
    let sandbox = Sandbox::start();
    let world = people(&sandbox);
    world.ok(&["run", "folk"]);
    let present = number(&world);
    let old = Connection::open(world.path("data/old.sqlite")).unwrap();
    old.execute_batch(LEDGER_1).unwrap();
    let path = world.path("data/ledger.sqlite");
    old.execute("ATTACH ?1 AS present", [path.to_str().unwrap()]).unwrap();
    for (table, columns) in [
        ("run", "id, pipeline, started_at, ended_at, outcome, message, calls, reused, retries, bytes, rows_fetched"),
        ("run_dataset", "run, dataset, version, rows, published"),
        ("fetch_state", "pipeline, fetch, stamp, answers, checked_at"),
        ("pipeline_state", "pipeline, config_hash, checked_at"),
    ] {
        old.execute_batch(&format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM present.{table}")).unwrap();
    }
    drop(old);
    fs::copy(world.path("data/old.sqlite"), &path).unwrap();
    fs::remove_file(world.path("data/old.sqlite")).unwrap();
    for beside in ["-wal", "-shm"] {
        let _ = fs::remove_file(world.path(&format!("data/ledger.sqlite{beside}")));
    }
    assert_eq!(number(&world), 0);

    assert_eq!(world.ok(&["status"]).stderr, "");
    sandbox.forget_calls();
    let ran = world.ok(&["run", "folk"]);
    assert!(ran.stdout.starts_with("folk           unchanged"), "{}", ran.stdout);
    assert!(sandbox.calls().iter().all(|call| call["method"] == "GET"));
    assert_eq!(number(&world), present);
    assert_eq!(world.ok(&["history"]).stdout.matches("folk           published").count(), 1);
    world.ok(&["verify"]);
}

#[test]
fn a_newer_ledger_is_refused_and_left_alone() {
    let world = local(&three());
    world.ok(&["run", "lokal"]);
    Connection::open(world.path("data/ledger.sqlite")).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = fs::read(world.path("data/ledger.sqlite")).unwrap();
    for command in [&["run", "lokal"][..], &["status"], &["history"], &["verify", "--repair"]] {
        let ran = world.run(command);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{command:?}");
        insta::allow_duplicates! {
            assert_snapshot!(ran.stderr, @r"
            error[U0608]: could not use ledger.sqlite: its format 99 is newer than this program, which knows up to 3
            hint: use the newer program, or move ledger.sqlite away: a run makes it anew from the manifests
            ");
        }
    }
    let verify = world.run(&["verify"]);
    assert_eq!(verify.code, 3);
    assert!(verify.stdout.contains("damaged: ledger.sqlite: its format 99 is newer than"), "{}", verify.stdout);
    assert_eq!(fs::read(world.path("data/ledger.sqlite")).unwrap(), before);
}

/// The current version's manifest, changed; and what has noted its hash forgotten.
fn rewrite(world: &World, change: impl Fn(&mut Value)) {
    let mut manifest = world.manifest("tal");
    change(&mut manifest);
    let version = world.current("tal").unwrap();
    let text = serde_json::to_string_pretty(&manifest).unwrap();
    world.write(&format!("data/datasets/tal/versions/{version}/manifest.json"), &format!("{text}\n"));
    fs::remove_file(world.path("data/ledger.sqlite")).unwrap();
    for file in ["changes.json", "changes.atom"] {
        let _ = fs::remove_file(world.path(&format!("data/datasets/tal/{file}")));
    }
}

#[test]
fn a_manifest_of_format_1_is_read_and_followed_by_one_of_today() {
    let world = local(&three());
    world.ok(&["run", "lokal"]);
    // As the first release wrote it.
    rewrite(&world, |manifest| {
        manifest["format"] = json!(1);
        manifest["checks"] = json!(["types and units as declared", "unique over kod, period"]);
        let kept = [
            "format",
            "dataset",
            "title",
            "description",
            "pipeline",
            "version",
            "created_at",
            "program",
            "config_hash",
            "content_hash",
            "rows",
            "columns",
            "key",
            "files",
            "checks",
            "sources",
            "inputs",
            "credits",
            "fetched_at",
            "credit",
            "licences",
            "synthetic",
            "previous",
        ];
        manifest.as_object_mut().unwrap().retain(|key, _| kept.contains(&key.as_str()));
    });
    let status = world.ok(&["status"]);
    assert!(status.stdout.contains("tal [version]: 3 rows"), "{}", status.stdout);
    world.ok(&["run", "lokal"]);
    world.ok(&["verify"]);
    world.edit("pipelines/lokal/rader.json", "\"antal\":300", "\"antal\":301");
    world.ok(&["run", "lokal"]);
    assert_eq!(world.versions("tal").len(), 2);
    assert_eq!(world.manifest("tal")["format"], 2);
    world.ok(&["verify"]);
}

#[test]
fn a_newer_manifest_is_refused_and_left_alone() {
    let world = local(&three());
    world.ok(&["run", "lokal"]);
    rewrite(&world, |manifest| manifest["format"] = json!(99));
    let before = world.manifest("tal");
    let ran = world.run(&["run", "lokal"]);
    assert_eq!(ran.code, 1);
    assert_snapshot!(ran.stderr, @r"
    tal: [world]/data/datasets/tal/versions/[version]/manifest.json is no manifest: its format 99 is newer than this program, which reads up to 2
    error[U0608]: pipeline lokal: [world]/data/datasets/tal/versions/[version]/manifest.json is no manifest: its format 99 is newer than this program, which reads up to 2
    hint: a later underlag wrote this: use that one
    warning: the retention was not applied: [world]/data/datasets/tal/versions/[version]/manifest.json is no manifest: its format 99 is newer than this program, which reads up to 2
    error[U0608]: site: [world]/data/datasets/tal/versions/[version]/manifest.json is no manifest: its format 99 is newer than this program, which reads up to 2
    hint: a later underlag wrote this: use that one
    ");
    let repair = world.run(&["verify", "--repair"]);
    assert_eq!(repair.code, 3);
    let said = regex::Regex::new(r"\d+ (bytes|archived)").unwrap().replace_all(&repair.stdout, "[n] $1").into_owned();
    assert_snapshot!(said, @r"
    not repaired: anything, since a later program has written here: tal [version]: manifest.json: its format 99 is newer than this program, which reads up to 2
    1 datasets, 1 versions, 0 files, 0 rows, [n] bytes read, [n] archived objects
    damaged: tal [version]: manifest.json: its format 99 is newer than this program, which reads up to 2
    ");
    assert_eq!(world.manifest("tal"), before);
    assert_eq!(world.versions("tal").len(), 1);
}
