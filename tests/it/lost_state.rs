//! State that is lost and can be had again: the ledger from the manifests, the
//! stage folder from the archive or the source.

use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};

use insta::assert_snapshot;

use crate::local::{local, three};
use crate::people::{DATASETS, people};
use crate::world::{Sandbox, World};

fn lose(world: &World) {
    for file in ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"] {
        let _ = fs::remove_file(world.path(&format!("data/{file}")));
    }
}

fn post_calls(sandbox: &Sandbox) -> usize {
    sandbox.calls().iter().filter(|call| call["method"] == "POST").count()
}

#[test]
fn a_deleted_ledger_is_made_anew_and_nothing_is_published_or_fetched_twice() {
    let sandbox = Sandbox::start();
    let world = people(&sandbox);
    world.ok(&["run", "folk"]);
    let versions = DATASETS.map(|dataset| world.versions(dataset));
    lose(&world);

    let damaged = world.run(&["verify"]);
    assert_eq!(damaged.code, 3);
    assert!(
        damaged
            .stdout
            .contains("damaged: ledger.sqlite: it is not there; the next run makes it anew from the manifests\n"),
        "{}",
        damaged.stdout
    );
    let status = world.ok(&["status"]);
    assert_snapshot!(status.stderr, @"note: ledger.sqlite is not there: this is what the manifests tell; the next run makes the ledger anew from them");
    assert_snapshot!(status.stdout, @r"
    folk           published   run [time], checked [time]
      folk_kommun [version]: 3480 rows, fetched [time]
        latest period 2026M10, released [time]
      folk_lan [version]: 252 rows, fetched [time]
        latest period 2026M10, released [time]
      rebuilt from the manifests
    ");
    assert!(!world.path("data/ledger.sqlite").exists(), "a reader makes nothing");

    sandbox.forget_calls();
    let ran = world.ok(&["run", "folk"]);
    assert_snapshot!(ran.stderr, @"note: ledger.sqlite is made anew from the manifests: 1 runs, 2 versions");
    assert!(ran.stdout.starts_with("folk           unchanged"), "{}", ran.stdout);
    assert!(!sandbox.calls().is_empty() && post_calls(&sandbox) == 0, "{:?}", sandbox.calls());
    assert_eq!(DATASETS.map(|dataset| world.versions(dataset)), versions);
    assert_snapshot!(world.ok(&["history"]).stdout, @r"
    2 [time] folk           unchanged   1 calls, 3 reused, 0 retries, 0 rows fetched, [seconds] s
      folk_kommun [version] unchanged, 3480 rows
      folk_lan [version] unchanged, 252 rows
    1 [time] folk           published   0 calls, 0 reused, 0 retries, 3744 rows fetched, [seconds] s
      folk_kommun [version] published, 3480 rows
      folk_lan [version] published, 252 rows
      rebuilt from the manifests
    ");
    assert_eq!(world.ok(&["status"]).stderr, "");
    world.ok(&["verify"]);
}

#[test]
fn a_ledger_that_is_no_database_is_set_aside() {
    let world = local(&three());
    world.ok(&["run", "lokal"]);
    lose(&world);
    world.write("data/ledger.sqlite", &"no database at all ".repeat(500));
    let verify = world.run(&["verify"]);
    assert_eq!(verify.code, 3);
    assert!(verify.stdout.contains("damaged: ledger.sqlite: file is not a database\n"), "{}", verify.stdout);
    assert!(world.ok(&["status"]).stderr.starts_with("note: ledger.sqlite is damaged: "));
    let ran = world.ok(&["run", "lokal"]);
    let said = regex::Regex::new(r"damaged-\w+").unwrap().replace_all(&ran.stderr, "damaged-[time]").into_owned();
    assert_snapshot!(said, @r"
    note: ledger.sqlite was damaged and is set aside as [world]/data/ledger.sqlite.damaged-[time]
    note: ledger.sqlite is made anew from the manifests: 1 runs, 1 versions
    ");
    assert!(ran.stdout.starts_with("lokal          unchanged"), "{}", ran.stdout);
    let aside = fs::read_dir(world.path("data"))
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_str().unwrap().starts_with("ledger.sqlite.damaged-"));
    assert_eq!(aside.count(), 1);
    world.ok(&["verify"]);
}

#[test]
fn a_ledger_with_a_spoilt_page_is_set_aside_too() {
    let world = local(&three());
    world.ok(&["run", "lokal"]);
    let mut file = fs::File::options().write(true).open(world.path("data/ledger.sqlite")).unwrap();
    let length = file.metadata().unwrap().len();
    file.seek(SeekFrom::Start(4096)).unwrap();
    file.write_all(&vec![0xa5; usize::try_from(length - 4096).unwrap()]).unwrap();
    drop(file);
    let ran = world.ok(&["run", "lokal"]);
    assert!(ran.stderr.starts_with("note: ledger.sqlite was damaged and is set aside as "), "{}", ran.stderr);
    assert_eq!(world.versions("tal").len(), 1);
    world.ok(&["verify"]);
}

#[test]
fn verify_repair_makes_the_ledger_anew() {
    let world = local(&three());
    world.ok(&["run", "lokal"]);
    lose(&world);
    let ran = world.ok(&["verify", "--repair"]);
    assert!(
        ran.stdout.contains("repaired: ledger.sqlite is made anew from the manifests: 1 runs, 1 versions\n"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_deleted_stage_costs_only_time() {
    let sandbox = Sandbox::start();
    let world = people(&sandbox);
    // A run that fails after the answers came leaves them for the next.
    world.edit(
        "pipelines/folk/pipeline.toml",
        "[dataset.folk_lan]",
        "[dataset.folk_lan.check]\nmin_rows = 100000\n\n[dataset.folk_lan]",
    );
    assert_eq!(world.run(&["run", "folk"]).code, 1);
    world.edit("pipelines/folk/pipeline.toml", "[dataset.folk_lan.check]\nmin_rows = 100000\n\n", "");
    let _ = fs::remove_dir_all(world.path("data/stage"));
    world.ok(&["verify"]);
    world.ok(&["run", "folk"]);
    let versions = DATASETS.map(|dataset| world.versions(dataset));
    let _ = fs::remove_dir_all(world.path("data/stage"));
    assert!(world.ok(&["run", "folk"]).stdout.starts_with("folk           unchanged"));
    assert_eq!(DATASETS.map(|dataset| world.versions(dataset)), versions);
    world.ok(&["verify"]);
}
