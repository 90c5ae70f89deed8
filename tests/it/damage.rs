//! Damage of every kind, done to what is published and to what it goes back to:
//! `verify` names it exactly, and `--repair` mends what can be mended.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::local::{files_below, local, three};
use crate::world::{Ran, World};

fn published() -> World {
    let world = local(&three());
    world.ok(&["run", "lokal"]);
    world
}

/// With a second version, of other figures.
fn revised() -> World {
    let world = published();
    world.edit("pipelines/lokal/rader.json", "\"antal\":300", "\"antal\":301");
    world.ok(&["run", "lokal"]);
    assert_eq!(world.versions("tal").len(), 2);
    world
}

fn version(world: &World) -> PathBuf {
    world.path(&format!("data/datasets/tal/versions/{}", world.current("tal").unwrap()))
}

fn parquet(world: &World) -> PathBuf {
    files_below(&version(world).join("data")).remove(0)
}

fn flip(path: &PathBuf, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// The object of the answer that the current version was made from.
fn answer(world: &World) -> PathBuf {
    let manifest = world.manifest("tal");
    let hash = manifest["sources"]["rader"]["answers"][0]["hash"].as_str().unwrap().to_owned();
    world.path(&format!("data/archive/objects/{}/{}.zst", &hash[..2], &hash[2..]))
}

/// Without how much was read, and when things were put aside.
fn said(ran: &Ran) -> String {
    let text = regex::Regex::new(r"\d+ bytes").unwrap().replace_all(&ran.stdout, "[n] bytes").into_owned();
    let text =
        regex::Regex::new(r"\d+ archived objects").unwrap().replace_all(&text, "[n] archived objects").into_owned();
    regex::Regex::new(r"lost\+found/\w+").unwrap().replace_all(&text, "lost+found/[time]").into_owned()
}

fn damaged(world: &World) -> String {
    let ran = world.run(&["verify"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (3, ""), "{}", ran.stdout);
    said(&ran)
}

fn repaired(world: &World) -> String {
    let ran = world.run(&["verify", "--repair"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    world.ok(&["verify"]);
    said(&ran)
}

#[test]
fn one_flipped_bit_in_a_parquet_file() {
    let world = published();
    let before = fs::read(parquet(&world)).unwrap();
    flip(&parquet(&world), before.len() / 2);
    assert_snapshot!(damaged(&world), @r"
    1 datasets, 1 versions, 1 files, 0 rows, [n] bytes read, [n] archived objects
    damaged: tal [version]: data/lan-01/[version].parquet: the bytes are not those that were published (BLAKE3 differs)
    ");
    assert_snapshot!(repaired(&world), @r"
    repaired: tal [version]: data/lan-01/[version].parquet is as it was published, from the archive
    1 datasets, 1 versions, 1 files, 3 rows, [n] bytes read, [n] archived objects
    ok: everything is as it was published
    ");
    assert_eq!(fs::read(parquet(&world)).unwrap(), before);
    assert_eq!(world.versions("tal").len(), 1);
    let aside: Vec<_> = files_below(&world.path("data/lost+found"));
    assert_eq!(aside.len(), 1, "{aside:?}");
}

#[test]
fn one_flipped_bit_in_the_archive() {
    let world = published();
    flip(&answer(&world), 0);
    assert_snapshot!(damaged(&world), @r"
    1 datasets, 1 versions, 1 files, 3 rows, [n] bytes read, [n] archived objects
    damaged: archive/objects/[hash].zst: it can't be unpacked: Unknown frame descriptor; GET file://[world]/pipelines/lokal/rader.json, of tal [version]
    ");
    world.ok(&["verify", "--no-archive"]);
    let ran = world.run(&["verify", "--repair"]);
    assert_eq!(ran.code, 3);
    assert_snapshot!(said(&ran), @r"
    not repaired: archive/objects/[hash].zst: it can't be unpacked: Unknown frame descriptor; GET file://[world]/pipelines/lokal/rader.json, of tal [version]: restore it from a backup, or see whether the source still gives the same: run with --force
    1 datasets, 1 versions, 1 files, 3 rows, [n] bytes read, [n] archived objects
    damaged: archive/objects/[hash].zst: it can't be unpacked: Unknown frame descriptor; GET file://[world]/pipelines/lokal/rader.json, of tal [version]
    ");
    // The source still gives the same: then the object is as it was.
    world.ok(&["run", "lokal", "--force"]);
    world.ok(&["verify"]);
    assert_eq!(world.versions("tal").len(), 1);
}

#[test]
fn a_lost_answer_is_told_with_its_address_and_versions() {
    let world = published();
    fs::remove_file(answer(&world)).unwrap();
    assert_snapshot!(damaged(&world), @r"
    1 datasets, 1 versions, 1 files, 3 rows, [n] bytes read, [n] archived objects
    damaged: archive/objects/[hash].zst: it is not there; GET file://[world]/pipelines/lokal/rader.json, of tal [version]
    ");
    let told: Value = serde_json::from_str(&world.run(&["verify", "--json"]).stdout).unwrap();
    assert_eq!(told["damage"][0]["wrong"], "archive");
    assert!(told["damage"][0]["file"].as_str().unwrap().starts_with("archive/objects/"), "{told}");
}

#[test]
fn a_manifest_edited_by_hand() {
    let world = published();
    let file = version(&world).join("manifest.json");
    let before = fs::read_to_string(&file).unwrap();
    // What no other file tells: only the noted hash gives it away.
    fs::write(&file, before.replace("\"method\": \"GET\"", "\"method\": \"POST\"")).unwrap();
    assert_snapshot!(damaged(&world), @r"
    1 datasets, 1 versions, 1 files, 3 rows, [n] bytes read, [n] archived objects
    damaged: tal [version]: manifest.json: it is not the one that was published (BLAKE3 is not the ledger's)
    ");
    assert_snapshot!(repaired(&world), @r"
    repaired: tal [version]: manifest.json is as it was published, from the archive
    1 datasets, 1 versions, 1 files, 3 rows, [n] bytes read, [n] archived objects
    ok: everything is as it was published
    ");
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
    // What the figures are shown with.
    fs::write(&file, before.replace("Tal per kommun", "Andra tal")).unwrap();
    assert_snapshot!(damaged(&world), @r#"
    1 datasets, 1 versions, 1 files, 0 rows, [n] bytes read, [n] archived objects
    damaged: tal [version]: datapackage.json: it is not what the manifest gives
    damaged: tal [version]: data/lan-01/[version].parquet: title is "Tal per kommun", the manifest says "Andra tal"
    damaged: tal [version]: manifest.json: it is not the one that was published (BLAKE3 is not the ledger's)
    "#);
    repaired(&world);
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
}

#[test]
fn an_older_manifest_edited_by_hand_is_found_without_the_ledger() {
    let world = revised();
    let first = &world.versions("tal")[0];
    let file = world.path(&format!("data/datasets/tal/versions/{first}/manifest.json"));
    let before = fs::read_to_string(&file).unwrap();
    fs::write(&file, before.replace("\"method\": \"GET\"", "\"method\": \"POST\"")).unwrap();
    fs::remove_file(world.path("data/ledger.sqlite")).unwrap();
    assert_snapshot!(damaged(&world), @r"
    1 datasets, 2 versions, 2 files, 6 rows, [n] bytes read, [n] archived objects
    damaged: tal [version]: manifest.json: it names a previous manifest that is not there, or not any more as it was
    damaged: ledger.sqlite: it is not there; the next run makes it anew from the manifests
    ");
    let ran = world.run(&["verify", "--repair"]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
    world.ok(&["verify"]);
}

#[test]
fn a_version_that_is_gone_comes_back_from_the_archive() {
    let world = published();
    let rows = world.rows("tal");
    fs::remove_dir_all(version(&world)).unwrap();
    assert_snapshot!(damaged(&world), @r"
    1 datasets, 0 versions, 0 files, 0 rows, [n] bytes read, [n] archived objects
    damaged: tal [version]: the pointer names a version that is not there
    damaged: tal [version]: the ledger says that it was published, and it is not there
    ");
    assert_snapshot!(repaired(&world), @r"
    repaired: tal [version]: manifest.json is as it was published, from the archive
    repaired: tal [version]: data/lan-01/[version].parquet is as it was published, from the archive
    repaired: tal [version]: datapackage.json is what the manifest gives
    1 datasets, 1 versions, 1 files, 3 rows, [n] bytes read, [n] archived objects
    ok: everything is as it was published
    ");
    assert_eq!(world.rows("tal"), rows);
}

#[test]
fn a_lost_pointer() {
    let world = revised();
    let current = world.current("tal");
    fs::remove_file(world.path("data/datasets/tal/current")).unwrap();
    assert_snapshot!(damaged(&world), @r"
    1 datasets, 2 versions, 2 files, 6 rows, [n] bytes read, [n] archived objects
    damaged: tal: current: there are versions, but no pointer to the current one
    ");
    assert_snapshot!(repaired(&world), @r"
    repaired: tal: the pointer names [version], the newest sound version
    1 datasets, 2 versions, 2 files, 6 rows, [n] bytes read, [n] archived objects
    ok: everything is as it was published
    ");
    assert_eq!(world.current("tal"), current);
}

#[test]
fn what_cannot_be_mended_gives_way_to_the_newest_sound_version() {
    let world = revised();
    let [first, second] = world.versions("tal").try_into().unwrap();
    fs::remove_file(answer(&world)).unwrap();
    flip(&parquet(&world), 20);
    let ran = world.run(&["verify", "--repair"]);
    assert_eq!(ran.code, 3, "{}", ran.stdout);
    assert_snapshot!(said(&ran), @r"
    repaired: tal: the pointer names [version], the newest sound version
    not repaired: tal [version]: it can't be computed again: fetch rader: fil: the archived answer to GET file://[world]/pipelines/lokal/rader.json cannot be read: the archived answer [world]/data/archive/objects/[hash].zst is damaged: it is not there
    not repaired: archive/objects/[hash].zst: it is not there; GET file://[world]/pipelines/lokal/rader.json, of tal [version]: restore it from a backup, or see whether the source still gives the same: run with --force
    1 datasets, 2 versions, 2 files, 3 rows, [n] bytes read, [n] archived objects
    damaged: tal [version]: data/lan-01/[version].parquet: the bytes are not those that were published (BLAKE3 differs)
    damaged: archive/objects/[hash].zst: it is not there; GET file://[world]/pipelines/lokal/rader.json, of tal [version]
    ");
    assert_eq!(world.current("tal"), Some(first));
    // The source still gives the same: with its answer in the archive again the version can be mended.
    world.ok(&["run", "lokal", "--force"]);
    repaired(&world);
    assert!(world.versions("tal").contains(&second));
}

#[test]
fn what_belongs_to_nothing_is_put_aside_and_what_is_derived_is_derived_again() {
    let world = published();
    world.write("data/datasets/tal/anteckningar.txt", "x");
    world.write("data/datasets/tal/versions/gammal/x.txt", "x");
    world.write("data/datasets/tal/changes.json.12-3.tmp", "{");
    fs::write(version(&world).join("data/lan-01/lapp.txt"), "x").unwrap();
    fs::write(version(&world).join("datapackage.json"), "{}").unwrap();
    world.edit("data/datasets/tal/changes.json", "Tal per kommun", "Andra tal");
    assert_snapshot!(damaged(&world), @r"
    1 datasets, 1 versions, 1 files, 3 rows, [n] bytes read, [n] archived objects
    damaged: tal: versions/gammal: it is no version
    damaged: tal: anteckningar.txt: it belongs to nothing
    damaged: tal [version]: data/lan-01/lapp.txt: it is not in the manifest
    damaged: tal [version]: datapackage.json: it is not what the manifest gives
    damaged: tal: changes.json: it is not what manifests and acts say
    note: tal: changes.json.12-3.tmp: left by a write that was cut short
    ");
    assert_snapshot!(repaired(&world), @r"
    repaired: datasets/tal/versions/gammal belongs to nothing, and is in lost+found/[time]
    repaired: datasets/tal/anteckningar.txt belongs to nothing, and is in lost+found/[time]
    repaired: datasets/tal/versions/[version]/data/lan-01/lapp.txt belongs to nothing, and is in lost+found/[time]
    repaired: datasets/tal/changes.json.12-3.tmp, left by a write that was cut short, is in lost+found/[time]
    repaired: tal [version]: datapackage.json is what the manifest gives
    repaired: tal: changes.json and changes.atom say what manifests and acts say
    1 datasets, 1 versions, 1 files, 3 rows, [n] bytes read, [n] archived objects
    ok: everything is as it was published
    ");
    assert_eq!(world.read("data/datasets/tal/changes.json").matches("Tal per kommun").count(), 1);
}

#[test]
fn a_folder_that_is_not_there_is_no_sound_one_and_is_not_made() {
    let world = local(&three());
    let ran = world.run(&["verify"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert_snapshot!(ran.stderr, @r"
    error[U0903]: there is no data folder [world]/data
    hint: data_dir in the configuration, or --data-dir, names it; the first run makes it
    ");
    world.ok(&["status"]);
    world.ok(&["history"]);
    assert!(!world.path("data").exists(), "readers make nothing");
}

#[test]
fn a_clock_that_jumps_backwards() {
    let world = published();
    // The version there is was made in the year 2099, as the clock said then.
    let created = world.manifest("tal")["created_at"].as_str().unwrap().to_owned();
    for file in ["manifest.json", "datapackage.json"] {
        let file = version(&world).join(file);
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replace(&created, "2099-01-01T00:00:00Z")).unwrap();
    }
    fs::remove_file(world.path("data/datasets/tal/changes.json")).unwrap();
    fs::remove_file(world.path("data/ledger.sqlite")).unwrap();
    world.edit("pipelines/lokal/rader.json", "\"antal\":300", "\"antal\":301");
    let ran = world.ok(&["run", "lokal"]);
    assert_snapshot!(ran.stdout, @r"
    lokal          published  tal [version] (3 rows) 3 rows fetched, 0 calls, 340 bytes, [seconds] s
      tal: the clock says [time], which is before the current version's [time]; versions are ordered by number
    site: no report has anything to show yet
    ");
    assert!(world.current("tal").unwrap().starts_with("000002-"));
    world.ok(&["verify"]);
    let again = world.ok(&["run", "lokal"]);
    assert!(again.stdout.starts_with("lokal          unchanged"), "{}", again.stdout);
}

/// The program in a mount namespace where the data folder can't be written; none where there is no such namespace.
fn read_only(world: &World, arguments: &str) -> Option<Ran> {
    let order =
        format!("mount --bind data data && mount -o remount,ro,bind data || exit 99; exec \"$UNDERLAG\" {arguments}");
    for namespaces in ["-m", "-rm"] {
        if let Ok(output) = world.tool("unshare").args([namespaces, "sh", "-c", &order]).output()
            && !matches!(output.status.code(), Some(99 | 1) if !String::from_utf8_lossy(&output.stderr).contains("error["))
        {
            return Some(world.ran(output));
        }
    }
    println!("skipped: no mount namespace can be had here");
    None
}

#[test]
fn a_read_only_folder_is_read_and_not_written() {
    let world = published();
    let Some(ran) = read_only(&world, "run lokal") else { return };
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert_snapshot!(ran.stderr, @r"
    error[U0602]: could not write [world]/data/lock: Read-only file system (os error 30)
    hint: data_dir is on a read-only file system
    ");
    for reader in ["verify", "status", "history"] {
        let ran = read_only(&world, reader).unwrap();
        assert_eq!(ran.code, 0, "{reader}: {}{}", ran.stdout, ran.stderr);
    }
    world.ok(&["verify"]);
}

#[test]
fn a_folder_that_belongs_to_someone_else() {
    let world = published();
    let am_root = fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let ran = if am_root {
        fs::set_permissions(world.path(""), fs::Permissions::from_mode(0o755)).unwrap();
        let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c"];
        let order = "\"$UNDERLAG\" --version >/dev/null 2>&1 || exit 99; exec \"$UNDERLAG\" run lokal";
        world.tool("setpriv").args(nobody).arg(order).output()
    } else {
        for folder in ["data", "data/archive", "data/datasets"] {
            fs::set_permissions(world.path(folder), fs::Permissions::from_mode(0o555)).unwrap();
        }
        fs::set_permissions(world.path("data/ledger.sqlite"), fs::Permissions::from_mode(0o444)).unwrap();
        world.command(&["run", "lokal"]).output()
    };
    let Ok(ran) = ran else {
        println!("skipped: there is no setpriv");
        return;
    };
    let ran = world.ran(ran);
    if ran.code == 99 {
        println!("skipped: nobody else may run the program where it lies");
        return;
    }
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert_snapshot!(ran.stderr, @r"
    error[U0602]: could not write [world]/data/lock: Permission denied (os error 13)
    hint: the user that runs underlag must own data_dir
    ");
    if am_root {
        world.ok(&["verify"]);
    }
}

#[test]
fn what_is_told_as_json_is_what_is_told_in_words() {
    let world = published();
    flip(&parquet(&world), 20);
    let told: Value = serde_json::from_str(&world.run(&["verify", "--json"]).stdout).unwrap();
    let damage = &told["damage"];
    assert_eq!(damage.as_array().unwrap().len(), 1, "{told}");
    assert_eq!((&damage[0]["wrong"], &damage[0]["dataset"]), (&json!("data"), &json!("tal")));
    let current = world.current("tal").unwrap();
    assert_eq!(damage[0]["version"], "[version]", "{current}");
    assert_eq!(damage[0]["file"], "data/lan-01/[version].parquet");
    let told: Value = serde_json::from_str(&world.ok(&["verify", "--repair", "--json"]).stdout).unwrap();
    assert_eq!((told["damage"].as_array().unwrap().len(), told["repaired"].as_array().unwrap().len()), (0, 1));
}
