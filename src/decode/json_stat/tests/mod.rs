//! The rules of a JSON-stat reader, one by one.

mod metadata;
mod older;
mod real;
mod refused;
mod round_trip;

use std::collections::BTreeMap;

use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::*;
use crate::config::ValueType;
use crate::contract::Status;
use crate::decode::{Dimension, Measure};

/// Columns are named by their dimensions in lower case; measures `m0`, `m1`… whole unless they begin with `f`.
fn layout(dimensions: &[(&str, &[&str])], metric: Option<&str>, measures: &[(&str, ValueType)]) -> Layout {
    Layout {
        dimensions: dimensions
            .iter()
            .map(|(id, codes)| Dimension {
                id: (*id).to_owned(),
                column: id.to_lowercase(),
                codes: codes.iter().map(ToString::to_string).collect(),
            })
            .collect(),
        metric: metric.map(str::to_owned),
        measures: measures
            .iter()
            .enumerate()
            .map(|(place, (code, kind))| Measure {
                code: (*code).to_owned(),
                column: format!("m{place}"),
                kind: *kind,
                decimals: None,
                unit: None,
            })
            .collect(),
        symbols: BTreeMap::from([
            ("..".to_owned(), Status::Suppressed),
            (".".to_owned(), Status::NotApplicable),
            ("p".to_owned(), Status::Preliminary),
        ]),
    }
}

/// Region × Tid, no metric dimension, one whole measure.
fn plain() -> Layout {
    layout(&[("Region", &["01", "03"]), ("Tid", &["2023", "2024"])], None, &[("", ValueType::Int64)])
}

const DIMENSIONS: &str =
    r#""Region":{"category":{"index":{"01":0,"03":1}}},"Tid":{"category":{"index":["2023","2024"]}}"#;

/// A Region × Tid answer with these further members.
fn answer(members: &str) -> String {
    format!(
        r#"{{"version":"2.0","class":"dataset","id":["Region","Tid"],"size":[2,2],"dimension":{{{DIMENSIONS}}},{members}}}"#
    )
}

/// Every row as text, cells parted by `|`, null as nothing.
fn rows(batch: &RecordBatch) -> Vec<String> {
    let options = FormatOptions::new();
    let columns: Vec<_> =
        batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
    (0..batch.num_rows())
        .map(|row| columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join("|"))
        .collect()
}

fn decoded(body: &str, layout: &Layout) -> Vec<String> {
    let batch = decode(body.as_bytes(), layout).unwrap();
    assert_eq!(batch.schema(), layout.schema());
    rows(&batch)
}

#[test]
fn values_statuses_and_symbols() {
    let body = answer(r#""value":[1,null,null,4],"status":{"1":"..","2":"?","3":"p"}"#);
    assert_eq!(
        decoded(&body, &plain()),
        ["01|2023|1|observed|", "01|2024||suppressed|..", "03|2023||missing|?", "03|2024|4|preliminary|p"]
    );
}

#[test]
fn a_null_without_symbol_is_missing_and_an_unknown_symbol_on_a_value_is_a_note() {
    let body = answer(r#""value":[1,null,3,null],"status":["?",null,"","p"]"#);
    assert_eq!(
        decoded(&body, &plain()),
        ["01|2023|1|observed|?", "01|2024||missing|", "03|2023|3|observed|", "03|2024||missing|p"]
    );
}

#[test]
fn a_value_beside_a_symbol_for_no_value_is_a_contradiction() {
    for (value, status, cell, meaning) in [
        (
            "[1,2,0,4]",
            r#"{"2":".."}"#,
            "Region=03, Tid=2023 the source gives both the value 0 and \"..\"",
            "suppressed",
        ),
        (
            "[1,2,3,4]",
            r#"[null,null,null,"."]"#,
            "Region=03, Tid=2024 the source gives both the value 4 and \".\"",
            "not_applicable",
        ),
        ("[null,2,3,4]", r#"".""#, "Region=01, Tid=2024 the source gives both the value 2 and \".\"", "not_applicable"),
    ] {
        let error = decode(answer(&format!(r#""value":{value},"status":{status}"#)).as_bytes(), &plain()).unwrap_err();
        assert_eq!(error.to_string(), format!("at {cell}, which means {meaning}"));
    }
}

#[test]
fn one_status_for_all() {
    let expected =
        ["01|2023|1|preliminary|p", "01|2024|2|preliminary|p", "03|2023|3|preliminary|p", "03|2024|4|preliminary|p"];
    for status in [r#""p""#, r#"["p"]"#, r#"["p","p","p","p"]"#, r#"{"0":"p","1":"p","2":"p","3":"p"}"#] {
        assert_eq!(decoded(&answer(&format!(r#""value":[1,2,3,4],"status":{status}"#)), &plain()), expected);
    }
}

#[test]
fn sparse_values_and_texts_among_them() {
    let body = answer(r#""value":{"3":"12","0":".."}"#);
    assert_eq!(
        decoded(&body, &plain()),
        ["01|2023||suppressed|..", "01|2024||missing|", "03|2023||missing|", "03|2024|12|observed|"]
    );
    let body = answer(r#""value":[".", "-3", "", 4.0], "status":{"0":".."}"#);
    assert_eq!(
        decoded(&body, &plain()),
        ["01|2023||suppressed|..", "01|2024|-3|observed|", "03|2023||missing|", "03|2024|4|observed|"]
    );
}

#[test]
fn members_may_come_in_any_order_and_blanks_anywhere() {
    let body = format!(
        "\u{feff}{{ \"value\" : [ 1 ,\n2\t, 3,4 ] ,\"x\":[{{}}],\"size\":[\"2\",2],\"id\":[\"Region\",\"Tid\"],\"dimension\":{{{DIMENSIONS}}} }}\r\n"
    );
    assert_eq!(decoded(&body, &plain()).len(), 4);
}

#[test]
fn positions_decide_not_the_order_of_keys_or_of_the_layout() {
    let body = r#"{"id":["Tid","Region"],"size":[2,2],"value":[1,2,3,4],"dimension":{
        "Region":{"category":{"index":{"03":1,"01":0}}},
        "Tid":{"category":{"index":{"2024":1,"2023":0},"label":{"2024":"i fjol"}}}}}"#;
    assert_eq!(
        decoded(body, &plain()),
        ["01|2023|1|observed|", "03|2023|2|observed|", "01|2024|3|observed|", "03|2024|4|observed|"]
    );
}

#[test]
fn measures_become_columns_wherever_their_dimension_stands() {
    let layout = layout(
        &[("Region", &["01", "03"]), ("Tid", &["2023", "2024"])],
        Some("ContentsCode"),
        &[("B", ValueType::Float64), ("A", ValueType::Int64)],
    );
    let contents = r#""ContentsCode":{"category":{"index":["A","B"]}}"#;
    let expected = [
        "01|2023|0.5|observed||1|observed|",
        "01|2024|1.5|observed||2|observed|",
        "03|2023||suppressed|..|3|observed|",
        "03|2024|3.5|observed||4|observed|",
    ];
    for (id, size, value, status) in [
        (r#""ContentsCode","Region","Tid""#, "2,2,2", "1,2,3,4,0.5,1.5,null,3.5", 6),
        (r#""Region","ContentsCode","Tid""#, "2,2,2", "1,2,0.5,1.5,3,4,null,3.5", 6),
        (r#""Region","Tid","ContentsCode""#, "2,2,2", "1,0.5,2,1.5,3,null,4,3.5", 5),
    ] {
        let body = format!(
            r#"{{"id":[{id}],"size":[{size}],"dimension":{{{DIMENSIONS},{contents}}},"value":[{value}],"status":{{"{status}":".."}}}}"#
        );
        assert_eq!(decoded(&body, &layout), expected, "{id}");
    }
}

#[test]
fn a_single_category_may_lack_its_index() {
    let layout = layout(&[("Region", &["01"]), ("Kon", &["tot"])], None, &[("", ValueType::Int64)]);
    let body = r#"{"id":["Region","Kon"],"size":[1,1],"value":[7],"dimension":{
        "Region":{"category":{"index":["01"]}},"Kon":{"category":{"label":{"tot":"totalt"}}}}}"#;
    assert_eq!(decoded(body, &layout), ["01|tot|7|observed|"]);
}

#[test]
fn a_described_dimension_outside_id_is_not_the_cubes() {
    let body = answer(r#""value":[1,2,3,4]"#)
        .replace(r#""dimension":{"#, r#""dimension":{"ContentsCode":{"category":{"label":{"A":"a"}}},"#);
    assert_eq!(decoded(&body, &plain()).len(), 4);
}

#[test]
fn numbers_keep_every_digit() {
    let body = answer(r#""value":[9007199254740993,-7,1e3,0]"#);
    assert_eq!(decoded(&body, &plain())[0], "01|2023|9007199254740993|observed|");
    assert_eq!(decoded(&body, &plain())[2], "03|2023|1000|observed|");
    let mut floats = plain();
    floats.measures[0].kind = ValueType::Float64;
    let body = answer(r#""value":[0.1,0.30000000000000004,62.7,-0.5]"#);
    assert_eq!(decoded(&body, &floats)[1], "01|2024|0.30000000000000004|observed|");
}

#[test]
fn a_cube_without_cells_has_no_rows() {
    let layout = layout(&[("Region", &[])], None, &[("", ValueType::Int64)]);
    let body = r#"{"id":["Region"],"size":[0],"value":[],"dimension":{"Region":{"category":{"index":[]}}}}"#;
    assert!(decoded(body, &layout).is_empty());
}

#[test]
fn staged_files_are_read_back_as_plain_text() {
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    let body = answer(r#""value":[1,null,-3,4],"status":{"1":".."}"#);
    for kind in [ValueType::Int64, ValueType::Float64] {
        let mut layout = plain();
        layout.measures[0].kind = kind;
        let batch = decode(body.as_bytes(), &layout).unwrap();
        let mut file = Vec::new();
        let mut writer = crate::decode::writer(&mut file, batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(file)).unwrap().build().unwrap();
        let read: Vec<RecordBatch> = reader.collect::<Result<_, _>>().unwrap();
        assert_eq!(read[0].schema().field(0).data_type(), &arrow::datatypes::DataType::Utf8);
        assert_eq!(rows(&read[0]), rows(&batch));
    }
}
