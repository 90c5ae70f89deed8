//! The contract against queries and rows that break it.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Float64Array, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;

use super::*;
use crate::config::{Checks, Column, ColumnType, Dataset, Perturbation, Ratio};

fn column(name: &str, kind: ColumnType) -> Column {
    Column {
        name: name.to_owned(),
        kind,
        title: name.to_owned(),
        unit: None,
        decimals: (kind == ColumnType::Float64).then_some(1),
        additive: true,
        perturbation: Perturbation::None,
        ratio: None,
    }
}

fn dataset() -> Dataset {
    Dataset {
        name: "prov".to_owned(),
        title: "Prov".to_owned(),
        description: String::new(),
        sql_file: PathBuf::from("prov.sql"),
        sql: String::new(),
        partition_by: vec!["lan".to_owned()],
        key: vec!["kod".to_owned(), "kon".to_owned(), "period".to_owned()],
        areas: Vec::new(),
        columns: vec![column("kon", ColumnType::Text), column("andel", ColumnType::Float64)],
        checks: Checks { min_rows: 1, max_drop: Some(20.0), unique: true, custom: Vec::new() },
    }
}

fn query(columns: &[(&str, DataType)]) -> Schema {
    Schema::new(columns.iter().map(|(name, kind)| Field::new(*name, kind.clone(), true)).collect::<Vec<_>>())
}

const TEXT: DataType = DataType::Utf8View;

fn given() -> Vec<(&'static str, DataType)> {
    vec![
        ("niva", TEXT),
        ("kod", TEXT),
        ("period", TEXT),
        ("kon", TEXT),
        ("andel", DataType::Float64),
        ("andel_status", TEXT),
    ]
}

fn problems(dataset: &Dataset, columns: &[(&str, DataType)]) -> Vec<String> {
    match Shape::of(dataset, &query(columns)) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.into_iter().map(|problem| problem.message).collect(),
    }
}

#[test]
fn a_query_that_fits_is_completed_in_order() {
    let shape = Shape::of(&dataset(), &query(&given())).unwrap();
    let names: Vec<&str> = shape.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(
        names,
        ["niva", "kod", "namn", "lan", "period", "period_start", "period_end", "kon", "andel", "andel_status"]
    );
}

#[test]
fn every_misfit_is_named_at_once() {
    let mut columns = given();
    columns.retain(|(name, _)| *name != "andel_status" && *name != "kon");
    columns.push(("konn", TEXT));
    columns[1] = ("kod", DataType::Int64);
    assert_eq!(
        problems(&dataset(), &columns),
        [
            "the query gives \"kod\" as Int64, but it is text",
            "the contract has column \"kon\", which the query does not give",
            "the query drops the status of \"andel\"",
            "the query gives column \"konn\", which the contract lacks",
        ]
    );
}

#[test]
fn a_ratio_is_left_to_the_program() {
    let mut with_ratio = dataset();
    with_ratio.columns[1].ratio = Some(Ratio { numerator: "a".to_owned(), denominator: "b".to_owned(), scale: 100.0 });
    assert_eq!(problems(&with_ratio, &given())[0], "the query gives \"andel\", which the contract says is a ratio");
}

/// namn, kod, kon, period, andel, status.
type Row<'a> = (Option<&'a str>, &'a str, &'a str, &'a str, Option<f64>, &'a str);

fn rows(rows: &[Row<'_>]) -> RecordBatch {
    let text = |values: Vec<Option<&str>>| Arc::new(StringArray::from(values)) as ArrayRef;
    let start = |period: &str| Period::parse(period).map(|_| 0);
    let fields = ["namn", "kod", "kon", "period", "andel_status"].map(|name| Field::new(name, DataType::Utf8, true));
    let [namn, kod, kon, period, status] = fields;
    let schema = Schema::new(vec![
        Field::new("lan", DataType::Utf8, true),
        namn,
        kod,
        kon,
        period,
        Field::new("period_start", DataType::Date32, true),
        Field::new("andel", DataType::Float64, true),
        status,
    ]);
    let columns = vec![
        text(rows.iter().map(|row| row.0.map(|_| "00")).collect()),
        text(rows.iter().map(|row| row.0).collect()),
        text(rows.iter().map(|row| Some(row.1)).collect()),
        text(rows.iter().map(|row| Some(row.2)).collect()),
        text(rows.iter().map(|row| Some(row.3)).collect()),
        Arc::new(rows.iter().map(|row| start(row.3)).collect::<Date32Array>()) as ArrayRef,
        Arc::new(rows.iter().map(|row| row.4).collect::<Float64Array>()) as ArrayRef,
        text(rows.iter().map(|row| Some(row.5)).collect()),
    ];
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}

fn findings(batches: &[RecordBatch], published: Option<u64>) -> Vec<String> {
    let dataset = dataset();
    let shape = Shape::of(&dataset, &query(&given())).unwrap();
    let mut check = RowCheck::new(&dataset, &shape);
    for batch in batches {
        check.batch(batch).unwrap();
    }
    let (_, findings) = check.finish(published);
    findings.into_iter().map(|finding| format!("{}: {} {:?}", finding.check, finding.message, finding.rows)).collect()
}

#[test]
fn good_rows_have_no_findings() {
    let good = rows(&[
        (Some("Riket"), "00", "T", "2024", Some(1.5), "observed"),
        (Some("Riket"), "00", "T", "2025", None, "suppressed"),
    ]);
    assert_eq!(findings(&[good], Some(2)), Vec::<String>::new());
}

#[test]
fn each_offence_is_counted_and_shown() {
    let bad = rows(&[
        (None, "9998", "T", "2024", Some(1.5), "observed"),
        (Some("Riket"), "00", "T", "hösten", Some(1.5), "observed"),
        (Some("Riket"), "00", "T", "2025", None, "observed"),
        (Some("Riket"), "00", "T", "2026", Some(1.5), "missing"),
        (Some("Riket"), "00", "T", "2027", Some(1.5), "bra"),
        (Some("Riket"), "00", "T", "2028", Some(1.55), "observed"),
        (Some("Riket"), "00", "T", "2029", Some(f64::NAN), "observed"),
    ]);
    let found = findings(&[bad], None);
    let starts = [
        "area: 1 ",
        "period: 1 ",
        "status: 1 values have no status",
        "status: 1 values are empty",
        "status: 1 values stand beside",
        "value: 1 ",
        "decimals: 1 ",
    ];
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for (found, start) in found.iter().zip(starts) {
        assert!(found.starts_with(start), "{found} {start}");
    }
    assert!(found[0].contains("kod=9998"));
}

#[test]
fn a_repeated_key_is_seen_across_batches() {
    let row = (Some("Riket"), "00", "T", "2024", Some(1.5), "observed");
    let found = findings(&[rows(&[row]), rows(&[row])], None);
    assert_eq!(
        found,
        ["unique: 1 rows repeat the key (kod, kon, period) of another row [\"kod=00, kon=T, period=2024\"]"]
    );
}

#[test]
fn losing_rows_is_found_against_what_is_published() {
    let row = (Some("Riket"), "00", "T", "2024", Some(1.5), "observed");
    assert_eq!(
        findings(&[rows(&[row])], Some(2)),
        ["max_drop: 1 rows, 50.0 % fewer than the 2 published; at most 20 % may go []"]
    );
    assert_eq!(findings(&[], None), ["min_rows: 0 rows, at least 1 are required []"]);
}
