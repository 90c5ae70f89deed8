//! The contract against queries and rows that break it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Float64Array, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use jiff::civil::date;

use super::*;
use crate::config::{Checks, CodeList, Column, ColumnType, Dataset, Perturbation, Ratio, ValueRange};
use crate::reference::Reference;

fn column(name: &str, kind: ColumnType) -> Column {
    Column {
        name: name.to_owned(),
        kind,
        title: name.to_owned(),
        unit: None,
        decimals: (kind == ColumnType::Float64).then_some(1),
        nullable: kind.is_number(),
        values: Vec::new(),
        codes: None,
        range: None,
        statuses: Vec::new(),
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
        checks: Checks { max_drop: Some(20.0), ..Checks::default() },
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
    let day = |period: &str| Period::parse(period).map(|period| (period.end - date(1970, 1, 1)).get_days());
    let days = || Arc::new(rows.iter().map(|row| day(row.3)).collect::<Date32Array>()) as ArrayRef;
    let columns = [
        ("niva", text(rows.iter().map(|row| row.0.map(|_| "riket")).collect())),
        ("kod", text(rows.iter().map(|row| Some(row.1)).collect())),
        ("namn", text(rows.iter().map(|row| row.0).collect())),
        ("lan", text(rows.iter().map(|row| row.0.map(|_| "00")).collect())),
        ("period", text(rows.iter().map(|row| Some(row.3)).collect())),
        ("period_start", days()),
        ("period_end", days()),
        ("kon", text(rows.iter().map(|row| Some(row.2)).collect())),
        ("andel", Arc::new(rows.iter().map(|row| row.4).collect::<Float64Array>()) as ArrayRef),
        ("andel_status", text(rows.iter().map(|row| Some(row.5)).collect())),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true))).unwrap()
}

fn contract(dataset: &Dataset) -> Contract {
    let shape = Shape::of(dataset, &query(&given())).unwrap();
    let kon = [("kod", Arc::new(StringArray::from(vec!["K", "M", "T", ""])) as ArrayRef)];
    let tables = BTreeMap::from([("kon".to_owned(), RecordBatch::try_from_iter(kon).unwrap())]);
    let mut reference = Reference::default();
    reference.tables = tables;
    let contract = Contract::of(dataset, &shape, &reference).unwrap();
    // What is written is what is read.
    let text = serde_json::to_string(&contract).unwrap();
    assert_eq!(serde_json::from_str::<Contract>(&text).unwrap(), contract);
    contract
}

fn judged(dataset: &Dataset, batches: &[RecordBatch], published: Option<u64>) -> Vec<Finding> {
    let contract = contract(dataset);
    let mut check = RowCheck::new(&contract);
    for batch in batches {
        check.batch(batch).unwrap();
    }
    check.finish(Some(Occasion { published_rows: published, date: date(2026, 11, 23) })).1
}

fn said(findings: Vec<Finding>) -> Vec<String> {
    let text = |finding: Finding| {
        let rows: Vec<String> = finding.rows.iter().map(ToString::to_string).collect();
        format!("{}: {} {rows:?}", finding.check, finding.message)
    };
    findings.into_iter().map(text).collect()
}

fn findings(batches: &[RecordBatch], published: Option<u64>) -> Vec<String> {
    said(judged(&dataset(), batches, published))
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
        "status: 1 value has no status",
        "status: 1 value is empty",
        "status: 1 value stands beside",
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
        ["unique: 1 row repeats the key (kod, kon, period) of another row [\"kod=00, kon=T, period=2024\"]"]
    );
}

#[test]
fn losing_rows_is_found_against_what_is_published() {
    let row = (Some("Riket"), "00", "T", "2024", Some(1.5), "observed");
    assert_eq!(
        findings(&[rows(&[row])], Some(2)),
        ["max_drop: 1 row, 50.0 % fewer than the 2 published; at most 20 % may go []"]
    );
    assert_eq!(findings(&[], None), ["min_rows: 0 rows, at least 1 is required []"]);
    let contract = contract(&dataset());
    let mut check = RowCheck::new(&contract);
    check.batch(&rows(&[row])).unwrap();
    assert_eq!(check.finish(None), (1, vec![]), "read again, nothing is published");
}

#[test]
fn every_promise_of_a_column_is_held_or_broken() {
    let promised = |change: fn(&mut Column, &mut Column)| {
        let mut dataset = dataset();
        let [kon, andel] = dataset.columns.as_mut_slice() else { unreachable!() };
        change(kon, andel);
        dataset
    };
    let good = (Some("Riket"), "00", "T", "2024", Some(1.5), "observed");
    for (change, bad, expected) in [
        (
            (|kon, _| kon.values = vec!["T".into(), "K".into()]) as fn(&mut Column, &mut Column),
            ("M", Some(1.5), "observed"),
            "values.kon: 1 row has another kon than T, K [\"kod=00, kon=M, period=2025\"]",
        ),
        (
            |kon, _| kon.codes = Some(CodeList { table: "kon".into(), column: "kod".into() }),
            ("X", Some(1.5), "observed"),
            "values.kon: 1 row has a value of kon that reference table kon.kod does not know [\"kod=00, kon=X, period=2025\"]",
        ),
        (
            |_, andel| andel.range = Some(ValueRange { min: Some(1.5), max: None }),
            ("T", Some(1.4), "observed"),
            "range.andel: 1 value of andel is not at least 1.5 [\"kod=00, kon=T, period=2025, andel=1.4, andel_status=observed\"]",
        ),
        (
            |_, andel| andel.range = Some(ValueRange { min: Some(0.0), max: Some(1.5) }),
            ("T", Some(1.6), "observed"),
            "range.andel: 1 value of andel is not from 0 to 1.5 [\"kod=00, kon=T, period=2025, andel=1.6, andel_status=observed\"]",
        ),
        (
            |_, andel| andel.statuses = vec![Status::Observed, Status::Missing],
            ("T", None, "suppressed"),
            "statuses.andel: 1 row has another andel_status than observed, missing [\"kod=00, kon=T, period=2025, andel=(null), andel_status=suppressed\"]",
        ),
        (
            |_, andel| andel.nullable = false,
            ("T", None, "suppressed"),
            "nullable.andel: 1 row has no andel, which is declared never to be empty [\"kod=00, kon=T, period=2025, andel=(null), andel_status=suppressed\"]",
        ),
    ] {
        let dataset = promised(change);
        assert_eq!(said(judged(&dataset, &[rows(&[good])], None)), Vec::<String>::new());
        let (kon, value, status) = bad;
        let bad = (Some("Riket"), "00", kon, "2025", value, status);
        assert_eq!(said(judged(&dataset, &[rows(&[good, bad])], None)), [expected]);
    }
}

#[test]
fn a_share_of_empty_values_and_an_age_are_allowed_up_to_their_limit() {
    let mut dataset = dataset();
    dataset.checks.max_null = BTreeMap::from([("andel".to_owned(), 50.0)]);
    dataset.checks.freshness = Some(692);
    let full = (Some("Riket"), "00", "T", "2023", Some(1.5), "observed");
    let empty = (Some("Riket"), "00", "T", "2024", None, "missing");
    assert_eq!(
        said(judged(&dataset, &[rows(&[full, empty])], None)),
        Vec::<String>::new(),
        "2024 ended 692 days before 2026-11-23"
    );
    dataset.checks.freshness = Some(691);
    dataset.checks.max_null = BTreeMap::from([("andel".to_owned(), 49.9)]);
    assert_eq!(
        said(judged(&dataset, &[rows(&[full, empty])], None)),
        [
            "max_null.andel: 1 of 2 values of andel is empty (50.0 %); at most 49.9 % may be [\"kod=00, kon=T, period=2024, andel=(null), andel_status=missing\"]",
            "freshness: the newest period, 2024, ended 2024-12-31: more than 691 days before the run []"
        ]
    );
}

#[test]
fn what_only_warns_says_so() {
    let mut dataset = dataset();
    dataset.columns[1].range = Some(ValueRange { min: Some(2.0), max: None });
    dataset.columns[1].nullable = false;
    dataset.checks.warn = vec!["range".into(), "nullable.andel".into()];
    let low = (Some("Riket"), "00", "T", "2024", Some(1.5), "observed");
    let empty = (Some("Riket"), "00", "T", "2025", None, "observed");
    let found = judged(&dataset, &[rows(&[low, empty])], None);
    let severities: Vec<(&str, Severity)> = found.iter().map(|one| (one.check.as_str(), one.severity)).collect();
    assert_eq!(
        severities,
        [("status", Severity::Error), ("nullable.andel", Severity::Warn), ("range.andel", Severity::Warn)]
    );
    assert_eq!(found[2].notice, "1 värde i ”andel” ligger utanför det väntade.");
}

#[test]
fn rows_of_other_columns_are_judged_by_nothing_else() {
    let batch = rows(&[(Some("Riket"), "00", "T", "2024", Some(1.5), "observed")]);
    let fewer = batch.project(&[0, 1, 2, 3, 4, 5, 6, 7, 8]).unwrap();
    assert_eq!(
        findings(&[fewer], None),
        ["columns: the columns are not those of the contract: andel_status is not there []"]
    );
}

#[test]
fn a_grown_code_list_is_no_other_promise() {
    let mut dataset = dataset();
    dataset.columns[0].codes = Some(CodeList { table: "kon".into(), column: "kod".into() });
    let one = contract(&dataset);
    let mut two = one.clone();
    two.columns[7].values.push("U".to_owned());
    assert!(one != two && one.promises_the_same(&two));
    two.columns[8].nullable = false;
    assert!(!one.promises_the_same(&two));
}
