//! Pairs of versions against an oracle that knows only maps.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Date32Array, Float64Array, StringArray};
use arrow::datatypes::Float64Type;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::merge::{Pace, merge};
use super::*;

/// Area, period and sex to value and name.
type Rows = BTreeMap<(&'static str, u8, &'static str), (Option<f64>, &'static str)>;

const AREAS: [&str; 6] = ["00", "01", "0114", "0180", "25", "2580"];
const NAMES: [&str; 2] = ["Ort", "Ett namn som inte ryms i en vy"];

fn lan(kod: &str) -> &str {
    &kod[..2]
}

fn manifest(edit: impl FnOnce(&mut Value)) -> Manifest {
    let column = |name: &str, kind: &str| json!({ "name": name, "kind": kind, "title": name });
    let mut value = json!({
        "format": 2, "dataset": "prov", "title": "Prov", "pipeline": "prov",
        "version": "000001-20261123T083000Z-1a2b3c4d", "created_at": "2026-11-23T08:30:00Z", "program": "underlag",
        "config_hash": "", "content_hash": "", "rows": 0, "key": ["kod", "kon", "period"], "files": [], "checks": [],
        "columns": [
            column("niva", "text"), column("kod", "text"), column("namn", "text"), column("lan", "text"),
            column("period", "text"), column("period_start", "date"), column("kon", "text"),
            { "name": "andel", "kind": "float64", "title": "Andel", "decimals": 1, "measure": true },
            column("andel_status", "text"),
        ],
        "sources": {}, "credits": [], "fetched_at": "2026-11-23T08:30:00Z", "credit": "", "licences": [],
        "synthetic": true, "previous": null,
    });
    edit(&mut value);
    Manifest::parse(value.to_string().as_bytes()).unwrap()
}

/// The text of a column, from a row's key and name.
type Pick<'a> = dyn Fn(&(&str, u8, &str), &str) -> String + 'a;

/// One file per county, sorted by county, area, time, sex.
fn write(folder: &Path, rows: &Rows) -> Vec<PathBuf> {
    let counties: BTreeSet<&str> = rows.keys().map(|(kod, ..)| lan(kod)).collect();
    let file = |county: &&str| {
        let path = folder.join(format!("{county}.parquet"));
        let rows: Vec<_> = rows.iter().filter(|((kod, ..), _)| lan(kod) == *county).collect();
        let text = |pick: &Pick<'_>| {
            Arc::new(StringArray::from_iter_values(rows.iter().map(|(key, (_, name))| pick(key, name)))) as ArrayRef
        };
        let level = |kod: &str| if kod.len() == 4 { "kommun" } else { "lan" };
        let value = |row: &(&_, &(Option<f64>, _))| row.1.0;
        let batch = RecordBatch::try_from_iter([
            ("niva", text(&|key, _| level(key.0).to_owned())),
            ("kod", text(&|key, _| key.0.to_owned())),
            ("namn", text(&|_, name| name.to_owned())),
            ("lan", text(&|key, _| lan(key.0).to_owned())),
            ("period", text(&|key, _| format!("20{:02}", key.1))),
            (
                "period_start",
                Arc::new(Date32Array::from_iter_values(rows.iter().map(|(key, _)| i32::from(key.1)))) as _,
            ),
            ("kon", text(&|key, _| key.2.to_owned())),
            ("andel", Arc::new(rows.iter().map(value).collect::<Float64Array>()) as _),
            (
                "andel_status",
                Arc::new(StringArray::from_iter_values(
                    rows.iter().map(|row| if value(row).is_some() { "observed" } else { "missing" }),
                )) as _,
            ),
        ])
        .unwrap();
        let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        path
    };
    counties.iter().map(file).collect()
}

type Told = Vec<(Change, String, u8, String, Option<f64>, Option<f64>)>;

/// What the sink is told of the rows.
fn tell(changes: &Changes<'_>, told: &mut Told) {
    for row in changes.rows {
        let (batch, at) = match (row.old, row.new) {
            (_, Some(new)) => (changes.new, new as usize),
            (old, None) => (changes.old, old.unwrap() as usize),
        };
        let text = |name: &str| batch.column_by_name(name).unwrap().as_string_view().value(at).to_owned();
        let value = |batch: &RecordBatch, at: Option<u32>| {
            let values = batch.column_by_name("andel").unwrap().as_primitive::<Float64Type>().clone();
            at.and_then(|at| values.iter().nth(at as usize).flatten())
        };
        let period = text("period")[2..].parse().unwrap();
        let (old, new) = (value(changes.old, row.old), value(changes.new, row.new));
        told.push((row.change, text("kod"), period, text("kon"), old, new));
    }
}

fn shown(value: Option<f64>) -> Option<i64> {
    value.map(|value| (value * 10.0).round() as i64)
}

/// The same by maps.
fn oracle(old: &Rows, new: &Rows) -> (Told, u64, u64) {
    let keys: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let (mut told, mut figures, mut unchanged) = (Vec::new(), 0, 0);
    for key in keys {
        let (before, now) = (old.get(key), new.get(key));
        let value = |row: Option<&(Option<f64>, &str)>| row.and_then(|row| row.0);
        let change = match (before, now) {
            (None, _) => Change::Added,
            (_, None) => Change::Removed,
            (Some(before), Some(now)) => {
                figures += u64::from(shown(before.0) != shown(now.0));
                if (shown(before.0), before.1) == (shown(now.0), now.1) {
                    unchanged += 1;
                    continue;
                }
                Change::Revised
            }
        };
        told.push((change, key.0.to_owned(), key.1, key.2.to_owned(), value(before), value(now)));
    }
    (told, figures, unchanged)
}

fn rows() -> impl Strategy<Value = Rows> {
    let key = (prop::sample::select(AREAS.to_vec()), 0_u8..4, prop::sample::select(vec!["1", "2", "tot"]));
    let value = prop::option::weighted(0.8, prop::sample::select(vec![0.0, -0.0, 0.3, 0.1 + 0.2, 0.34, 0.36, 2.5]));
    prop::collection::btree_map(key, (value, prop::sample::select(NAMES.to_vec())), 0..40)
}

/// A version and what an agency made of it: some rows gone, some new, some other values.
fn pair() -> impl Strategy<Value = (Rows, Rows)> {
    (rows(), rows(), 0_u8..4).prop_map(|(old, edits, weight)| {
        let mut new = old.clone();
        for (place, (key, value)) in edits.into_iter().enumerate() {
            if place as u8 % 4 < weight {
                new.remove(&key);
            } else {
                new.insert(key, value);
            }
        }
        (old, new)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_merge_finds_what_maps_find((old, new) in pair(), batch in 1_usize..9, run in 1_usize..5) {
        let dir = tempfile::tempdir().unwrap();
        let folders = ["gammal", "ny"].map(|name| dir.path().join(name));
        for folder in &folders {
            std::fs::create_dir(folder).unwrap();
        }
        let (before, now) = (write(&folders[0], &old), write(&folders[1], &new));
        let manifest = manifest(|_| {});
        let plan = Plan::of(&manifest, &manifest).unwrap();
        let mut told = Vec::new();
        let summary = merge(&plan, &before, &now, Pace { batch, run }, &mut |changes| {
            tell(changes, &mut told);
            Ok(())
        })
        .unwrap();
        let (expected, figures, unchanged) = oracle(&old, &new);
        let count = |change| expected.iter().filter(|row| row.0 == change).count() as u64;
        prop_assert_eq!(&told, &expected);
        prop_assert_eq!(
            (summary.added, summary.removed, summary.revised, summary.revised_figures, summary.unchanged),
            (count(Change::Added), count(Change::Removed), count(Change::Revised), figures, unchanged)
        );
        prop_assert_eq!(summary.columns.get("andel").copied().unwrap_or_default(), figures);
        let places: u64 = summary.places.values().map(|counts| counts.total()).sum();
        prop_assert_eq!(places, summary.changed());
        let periods = |rows: &Rows| rows.keys().map(|key| format!("20{:02}", key.1)).collect::<BTreeSet<_>>();
        let gone: Vec<String> = periods(&old).difference(&periods(&new)).cloned().collect();
        prop_assert_eq!(summary.periods_only_old, gone);
    }
}

#[test]
fn what_the_columns_are_is_compared_before_the_rows() {
    let old = manifest(|_| {});
    let new = manifest(|value| {
        let columns = value["columns"].as_array_mut().unwrap();
        columns[7]["unit"] = json!("procent");
        columns[7]["decimals"] = json!(2);
        columns[2]["title"] = json!("Områdets namn");
        columns.push(json!({ "name": "antal", "kind": "int64", "title": "Antal" }));
        columns.remove(0);
    });
    let changes = ColumnChanges::between(&old, &new);
    assert_eq!((changes.added, changes.removed), (vec!["antal".to_owned()], vec!["niva".to_owned()]));
    assert_eq!(changes.retitled, ["namn"]);
    let aspects: Vec<_> = changes.redefined[0].aspects.iter().map(|aspect| aspect.aspect).collect();
    assert_eq!((changes.redefined[0].column.as_str(), aspects), ("andel", vec!["unit", "decimals"]));
    let plan = Plan::of(&old, &new).unwrap();
    let names: Vec<&str> = plan.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["lan", "kod", "period_start", "kon", "period", "namn", "andel", "andel_status"]);
    assert_eq!((plan.keys, plan.niva), (5, None));
}

#[test]
fn versions_with_other_keys_are_unlike_and_that_is_no_error() {
    let old = manifest(|_| {});
    let told = |new: &Manifest| {
        let sides = [&old, new].map(|manifest| Side { manifest, files: Vec::new() });
        match compare(&sides[0], &sides[1], &mut |_| Ok(())).unwrap().rows {
            super::Rows::Unlike(unlike) => unlike.to_string(),
            super::Rows::Compared(_) => "compared".to_owned(),
        }
    };
    assert_eq!(told(&old), "compared");
    let other = manifest(|value| value["key"] = json!(["kod", "period"]));
    assert_eq!(told(&other), "the key was kod, kon, period and is kod, period");
    let number = manifest(|value| value["columns"][6]["kind"] = json!("int64"));
    assert_eq!(told(&number), "the key's column kon was text and is int64");
}

#[test]
fn rows_in_disorder_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let row = |kod: &'static str| Rows::from([((kod, 1, "1"), (Some(1.0), "Ort"))]);
    let mut files = write(dir.path(), &row("01"));
    files.extend(write(dir.path(), &row("25")));
    files.reverse();
    let manifest = manifest(|_| {});
    let sides = [files, Vec::new()].map(|files| Side { manifest: &manifest, files });
    let error = compare(&sides[0], &sides[1], &mut |_| Ok(())).unwrap_err().to_string();
    assert!(error.ends_with("01.parquet: Parquet error: the rows are not in the order of their key"), "{error}");
}
