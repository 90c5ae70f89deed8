//! Versions as a reader and as `verify` meet them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use jiff::Timestamp;

use super::catalogue::version_key;
use super::*;

const NAMES: [(&str, &str); 5] =
    [("lan", "text"), ("kod", "text"), ("antal", "int64"), ("andel", "float64"), ("andel_status", "text")];

fn rows(antal: i64) -> RecordBatch {
    let schema = Schema::new(vec![
        Field::new("lan", DataType::Utf8, true),
        Field::new("kod", DataType::Utf8, true),
        Field::new("antal", DataType::Int64, true),
        Field::new("andel", DataType::Float64, true),
        Field::new("andel_status", DataType::Utf8, true),
    ]);
    let text = |values: [&str; 4]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
    let columns = vec![
        text(["00", "01", "01", "25"]),
        text(["00", "01", "0180", "2580"]),
        Arc::new(Int64Array::from(vec![antal, 2, 3, 4])) as ArrayRef,
        Arc::new(Float64Array::from(vec![Some(0.1 + 0.2), None, Some(-0.0), Some(4.5)])) as ArrayRef,
        text(["observed", "missing", "observed", "observed"]),
    ];
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}

fn columns() -> Vec<ColumnInfo> {
    NAMES
        .iter()
        .map(|(name, kind)| ColumnInfo {
            name: (*name).to_owned(),
            kind: (*kind).to_owned(),
            title: (*name).to_owned(),
            unit: None,
            decimals: (*kind == "float64").then_some(1),
            measure: *kind == "float64",
            perturbation: None,
            ratio: None,
        })
        .collect()
}

fn hash(batches: &[RecordBatch]) -> String {
    let mut hash = ContentHash::of(&columns());
    for batch in batches {
        hash.update(batch);
    }
    hash.finish()
}

pub(super) fn prepare(lake: &Lake, antal: i64) -> Prepared {
    let stage = Stage::open(lake.root(), "prov").unwrap();
    let mut writer = PartsWriter::new(stage.root().join("resultat_prov"), &columns(), crate::PROGRAM);
    writer.write(&rows(antal)).unwrap();
    let parts = writer.finish().unwrap();
    let content_hash = hash(&[rows(antal)]);
    let version = VersionId::new(lake.next_sequence("prov").unwrap(), Timestamp::now(), &content_hash);
    let previous = lake.current_version("prov").unwrap().map(|current| lake.manifest_hash("prov", &current).unwrap());
    let manifest = Manifest {
        format: crate::lake::FORMAT,
        dataset: "prov".to_owned(),
        title: "Prov".to_owned(),
        description: String::new(),
        pipeline: "prov".to_owned(),
        version: version.clone(),
        created_at: Timestamp::now(),
        program: crate::PROGRAM.to_owned(),
        config_hash: String::new(),
        recipe: None,
        sql_hash: None,
        content_hash,
        rows: 0,
        columns: columns(),
        key: vec!["kod".to_owned()],
        files: Vec::new(),
        contract: None,
        checks: Vec::new(),
        kinds: Vec::new(),
        change: None,
        acts: Vec::new(),
        carried: Vec::new(),
        accepted: Vec::new(),
        sources: BTreeMap::new(),
        inputs: BTreeMap::new(),
        credits: Vec::new(),
        fetched_at: jiff::Timestamp::UNIX_EPOCH,
        credit: "Källa: Prov".to_owned(),
        licences: Vec::new(),
        synthetic: true,
        previous,
    };
    let folder = stage.root().join("versioner").join(version.to_string());
    Preparation { rows: &parts, manifest, folder }.run().unwrap()
}

pub(super) fn published(antal: &[i64]) -> (tempfile::TempDir, Lake) {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).unwrap();
    for antal in antal {
        lake.publish(&[prepare(&lake, *antal)]).unwrap();
    }
    (dir, lake)
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_version_is_unseen_until_its_pointer_moves() {
    let (_dir, lake) = published(&[]);
    let prepared = prepare(&lake, 1);
    assert!(lake.current("prov").unwrap().is_none());
    lake.publish(&[prepared]).unwrap();
    let manifest = lake.current("prov").unwrap().unwrap();
    assert_eq!(manifest.rows, 4);
    let current = lake.root().join("datasets/prov").join("current");
    assert_eq!(files(&current), ["lan-00", "lan-01", "lan-25"], "nothing but Parquet below current");
    assert_eq!(files(&current.join("lan-01")), [format!("{}.parquet", manifest.version)]);
}

#[test]
fn no_file_name_recurs_and_the_old_version_stays_as_it_was() {
    let (_dir, lake) = published(&[1, 2]);
    let [first, second] = lake.versions("prov").unwrap().try_into().unwrap();
    assert!(first.sequence() < second.sequence());
    let manifest = lake.current("prov").unwrap().unwrap();
    assert_eq!(manifest.version, second);
    assert_eq!(manifest.previous, Some(lake.manifest_hash("prov", &first).unwrap()));
    let names =
        |version| lake.manifest("prov", version).unwrap().files.into_iter().map(|file| file.path).collect::<Vec<_>>();
    assert!(names(&first).iter().all(|name| !names(&second).contains(name)));
    assert!(lake.verify().unwrap().damage.is_empty());
}

#[test]
fn the_content_hash_sees_values_and_not_their_packaging() {
    let whole = hash(&[rows(1)]);
    assert_eq!(hash(&[rows(1).slice(0, 1), rows(1).slice(1, 3)]), whole, "batches do not matter");
    assert_ne!(hash(&[rows(2)]), whole);
    let mut other = rows(1).columns().to_vec();
    other[3] = Arc::new(Float64Array::from(vec![Some(0.3), None, Some(0.0), Some(4.5)]));
    let rounded = RecordBatch::try_new(rows(1).schema(), other.clone()).unwrap();
    assert_eq!(hash(&[rounded]), whole, "beyond the declared decimals, and the sign of zero, is no content");
    other[3] = Arc::new(Float64Array::from(vec![Some(0.3), Some(0.0), Some(0.0), Some(4.5)]));
    assert_ne!(hash(&[RecordBatch::try_new(rows(1).schema(), other).unwrap()]), whole, "a null is not a zero");
}

#[test]
fn verify_finds_every_kind_of_damage() {
    let data = |lake: &Lake| lake.root().join("datasets/prov").join("current/lan-01");
    let file = |lake: &Lake| data(lake).join(&files(&data(lake))[0]);
    type Harm<'a> = (&'a str, &'a dyn Fn(&Lake));
    let harms: [Harm; 5] = [
        ("BLAKE3 differs", &|lake| {
            let mut bytes = fs::read(file(lake)).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(file(lake), bytes).unwrap();
        }),
        ("it is not there", &|lake| fs::remove_file(file(lake)).unwrap()),
        ("is not in the manifest", &|lake| fs::write(data(lake).join("lapp.json"), "{}").unwrap()),
        ("is no manifest", &|lake| {
            fs::write(lake.root().join("datasets/prov").join("current/../manifest.json"), "{").unwrap();
        }),
        ("the pointer names a version that is not there", &|lake| {
            let version = lake.current_version("prov").unwrap().unwrap();
            fs::remove_dir_all(lake.root().join(version_key("prov", &version))).unwrap();
        }),
    ];
    for (words, harm) in harms {
        let (_dir, lake) = published(&[1]);
        harm(&lake);
        let damage = lake.verify().unwrap().damage;
        assert!(damage.iter().any(|damage| damage.what.contains(words)), "{words}: {damage:?}");
    }
}

#[test]
fn two_writers_do_not_meet() {
    let (_dir, lake) = published(&[]);
    let lock = lake.lock().unwrap();
    assert!(matches!(lake.lock(), Err(LakeError::Locked { .. })));
    drop(lock);
    lake.lock().unwrap();
}

#[test]
fn a_sequence_is_never_used_twice() {
    let (_dir, lake) = published(&[1]);
    // A crash between the move and the pointer leaves a version that nobody has seen.
    let orphan = prepare(&lake, 2);
    let place = lake.root().join(version_key("prov", &orphan.manifest.version));
    crate::store::move_into_place(&orphan.folder, &place).unwrap();
    assert_eq!(lake.current("prov").unwrap().unwrap().version.sequence(), 1);
    assert_eq!(lake.next_sequence("prov").unwrap(), 3);
    assert!(lake.verify().unwrap().damage.is_empty());
}

#[test]
fn version_ids_are_read_as_they_are_written() {
    let id = VersionId::new(7, "2026-11-23T08:30:00Z".parse().unwrap(), "0123456789abcdef");
    assert_eq!(id.to_string(), "000007-20261123T083000Z-01234567");
    assert_eq!(id.to_string().parse::<VersionId>().unwrap(), id);
    for wrong in
        ["", "7-20261123T083000Z-01234567", "000007-20261123T083000Z", "000007-20261123T083000Z-0123456g", "../../x"]
    {
        assert!(wrong.parse::<VersionId>().is_err(), "{wrong}");
    }
}

/// Two machines with a data folder each, and one bucket.
fn two_machines() -> (tempfile::TempDir, [Lake; 2]) {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(object_store::memory::InMemory::new());
    let lakes = ["ett", "tva"].map(|name| {
        let root = dir.path().join(name);
        let bucket = crate::store::Bucket::new("lager", "prov");
        let storage = crate::store::ObjectStorage::over(store.clone(), bucket, &root.join("cache"));
        Lake::over(&root, Arc::new(storage)).unwrap()
    });
    (dir, lakes)
}

#[test]
fn of_two_machines_the_slower_one_publishes_nothing_and_says_so() {
    let (_dir, [one, other]) = two_machines();
    one.publish(&[prepare(&one, 1)]).unwrap();
    let slow = prepare(&other, 2);
    one.publish(&[prepare(&one, 3)]).unwrap();
    let current = one.current_version("prov").unwrap().unwrap();
    let error = other.publish(std::slice::from_ref(&slow)).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "dataset prov: another version was published while this one was made; the current one is now {current}"
        )
    );
    assert_eq!(one.current_version("prov").unwrap(), Some(current));
    assert_eq!(other.versions("prov").unwrap().len(), 2, "nothing is left of it");
    other.publish(&[prepare(&other, 2)]).unwrap();
    assert_eq!(one.versions("prov").unwrap().len(), 3);
    for lake in [one, other] {
        assert!(lake.verify().unwrap().damage.is_empty());
        assert!(lake.intents().unwrap().is_empty());
    }
}

#[test]
fn an_upload_that_never_ended_is_cleared_by_the_next_publish() {
    let (_dir, [one, other]) = two_machines();
    one.publish(&[prepare(&one, 1)]).unwrap();
    let cut = prepare(&one, 2);
    let file = "data/lan-01/halv.parquet";
    one.storage().write(&format!("{}/{file}", version_key("prov", &cut.manifest.version)), b"halv").unwrap();
    assert_eq!(other.versions("prov").unwrap().len(), 2);
    other.publish(&[prepare(&other, 3)]).unwrap();
    assert_eq!(other.versions("prov").unwrap().len(), 2);
    assert_eq!(other.current_version("prov").unwrap().unwrap().sequence(), 3, "its number is not given again");
    assert!(one.verify().unwrap().damage.is_empty());
}
