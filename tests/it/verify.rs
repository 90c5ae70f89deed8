//! `verify`: damage of every kind is found and named.

use std::fs;
use std::path::Path;

use crate::local::{files_below, local, three};

/// Publishes, does the damage, and gives what `verify` then says.
fn damaged(spoil: impl Fn(&Path)) -> String {
    let world = local(&three());
    world.ok(&["run", "lokal"]);
    let sound = world.ok(&["verify"]);
    assert!(sound.stdout.ends_with("ok: everything is as it was published\n"), "{}", sound.stdout);
    spoil(&world.path(&format!("data/datasets/tal/versions/{}", world.current("tal").unwrap())));
    let ran = world.run(&["verify"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (3, ""), "{}", ran.stdout);
    regex::Regex::new(r"\d+ archived objects").unwrap().replace(&ran.stdout, "[n] archived objects").into_owned()
}

fn parquet(version: &Path) -> std::path::PathBuf {
    files_below(&version.join("data")).remove(0)
}

#[test]
fn verify_finds_a_changed_byte() {
    let said = damaged(|version| {
        let file = parquet(version);
        let mut bytes = fs::read(&file).unwrap();
        bytes[20] ^= 1;
        fs::write(file, bytes).unwrap();
    });
    // How the reader meets the byte depends on where it lies; that it is found does not.
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(
        lines[1],
        "damaged: tal [version]: data/lan-01/[version].parquet: the bytes are not those that were published (BLAKE3 differs)"
    );
}

#[test]
fn verify_finds_a_cut_manifest() {
    let said = damaged(|version| {
        let file = version.join("manifest.json");
        let text = fs::read(&file).unwrap();
        // Inside the first key.
        fs::write(file, &text[..6]).unwrap();
    });
    let said = regex::Regex::new("line \\d+ column \\d+").unwrap().replace(&said, "line [n] column [n]").into_owned();
    insta::assert_snapshot!(said, @r#"
    1 datasets, 1 versions, 0 files, 0 rows, 0 bytes read, [n] archived objects
    damaged: tal [version]: manifest.json: it is no manifest: EOF while parsing a string at line [n] column [n]
    "#);
}

#[test]
fn verify_finds_a_missing_file_and_a_stranger() {
    let gone = damaged(|version| fs::remove_file(parquet(version)).unwrap());
    insta::assert_snapshot!(gone, @r#"
    1 datasets, 1 versions, 1 files, 0 rows, 0 bytes read, [n] archived objects
    damaged: tal [version]: data/lan-01/[version].parquet: it is not there
    "#);
    let stray = damaged(|version| fs::write(version.join("data/anteckningar.txt"), "x").unwrap());
    let stray = regex::Regex::new("\\d+ bytes").unwrap().replace(&stray, "[n] bytes").into_owned();
    insta::assert_snapshot!(stray, @r#"
    1 datasets, 1 versions, 1 files, 3 rows, [n] bytes read, [n] archived objects
    damaged: tal [version]: data/anteckningar.txt: it is not in the manifest
    "#);
}

#[test]
fn verify_finds_a_manifest_that_is_gone_and_a_pointer_to_nowhere() {
    let manifest = damaged(|version| fs::remove_file(version.join("manifest.json")).unwrap());
    insta::assert_snapshot!(manifest, @r#"
    1 datasets, 1 versions, 0 files, 0 rows, 0 bytes read, [n] archived objects
    damaged: tal [version]: manifest.json: it is not there
    "#);
    let version = damaged(|version| fs::remove_dir_all(version).unwrap());
    insta::assert_snapshot!(version, @r#"
    1 datasets, 0 versions, 0 files, 0 rows, 0 bytes read, [n] archived objects
    damaged: tal [version]: the pointer names a version that is not there
    damaged: tal [version]: the ledger says that it was published, and it is not there
    "#);
    let edited = damaged(|version| {
        let file = version.join("manifest.json");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(file, text.replace("\"rows\": 3", "\"rows\": 4")).unwrap();
    });
    let edited = regex::Regex::new("\\d+ bytes").unwrap().replace(&edited, "[n] bytes").into_owned();
    insta::assert_snapshot!(edited, @r#"
    1 datasets, 1 versions, 1 files, 0 rows, [n] bytes read, [n] archived objects
    damaged: tal [version]: data/lan-01/[version].parquet: 3 rows, the manifest says 4
    damaged: tal [version]: manifest.json: it is not the one that was published (BLAKE3 is not the ledger's)
    "#);
}
