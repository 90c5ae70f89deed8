//! The decoders under any bytes: a batch is whole and as it was asked for, or there is an error.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray as _};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;

use super::json_stat::{CubeDimension, CubeMeta};
use super::{DecodeError, Dimension, Layout, Measure, number};
use crate::config::{FileFetch, FileFormat, FileLocation, ValueType};
use crate::contract::Status;

/// More cells than this are asked for by nobody who fuzzes; the planner asks for no more than it chose either.
const CELLS: usize = 200_000;

/// What the body describes of itself is asked for, so that a sound answer is taken.
pub fn json_stat(body: &[u8]) {
    let Ok(meta) = super::json_stat::metadata(body) else {
        assert!(super::json_stat::decode(body, &Layout::default()).is_err(), "no metadata, but data");
        return;
    };
    whole(&meta, |layout| super::json_stat::decode(body, layout));
}

/// A PX file, in its own language and in another, asked for as it describes itself.
pub fn px(body: &[u8]) {
    let _ = super::px::metadata(body, Some("en"));
    let Ok(meta) = super::px::metadata(body, None) else {
        assert!(super::px::decode(body, &Layout::default()).is_err(), "no metadata, but data");
        return;
    };
    whole(&meta, |layout| super::px::decode(body, layout));
}

/// PxWeb's other answers to one question: three codes, two contents, two years; and whatever holds datasets.
pub fn answers(body: &[u8]) {
    let dimension = |id: &str, label: &str, codes: &[(&str, &str)]| CubeDimension {
        id: id.to_owned(),
        label: label.to_owned(),
        codes: codes.iter().map(|(code, label)| ((*code).to_owned(), (*label).to_owned())).collect(),
        ..CubeDimension::default()
    };
    let meta = CubeMeta {
        metric: Some("ContentsCode".to_owned()),
        dimensions: vec![
            dimension("Region", "region", &[("00", "Riket"), ("01", "län"), ("03", "län")]),
            dimension("ContentsCode", "tabellinnehåll", &[("A", "Antal"), ("B", "Andel, procent")]),
            dimension("Tid", "år", &[("2023", "2023"), ("2024", "2024")]),
        ],
        ..CubeMeta::default()
    };
    whole(&meta, |layout| super::pxweb::csv(body, layout, &meta));
    whole(&meta, |layout| super::pxweb::json(body, layout, &meta));
    if let Ok(names) = super::json_stat::older::names(body) {
        for name in names.iter().take(5).map(Some).chain([None]) {
            if let Ok(dataset) = super::json_stat::older::dataset(body, name.map(String::as_str)) {
                json_stat(&dataset);
            }
        }
    }
}

/// Asks for all of a cube: if there is an answer, it is whole.
fn whole(meta: &CubeMeta, decode: impl Fn(&Layout) -> Result<RecordBatch, DecodeError>) {
    let mut layout = Layout {
        metric: meta.metric.clone(),
        symbols: [("..", Status::Suppressed), (".", Status::NotApplicable), ("p", Status::Preliminary)]
            .map(|(symbol, status)| (symbol.to_owned(), status))
            .into(),
        ..Layout::default()
    };
    let mut rows = 1_usize;
    for (place, dimension) in meta.dimensions.iter().enumerate() {
        let codes: Vec<String> = dimension.codes.iter().map(|(code, _)| code.clone()).collect();
        if meta.metric.as_ref() == Some(&dimension.id) {
            layout.measures = codes.iter().enumerate().map(|(at, code)| measure(at, code)).collect();
        } else {
            rows = rows.saturating_mul(codes.len());
            layout.dimensions.push(Dimension { id: dimension.id.clone(), column: format!("d{place}"), codes });
        }
    }
    if meta.metric.is_none() {
        layout.measures = vec![measure(meta.label.len(), "")];
    }
    if rows.saturating_mul(layout.measures.len()) > CELLS {
        return;
    }
    if let Ok(batch) = decode(&layout) {
        assert_eq!(batch.schema(), layout.schema());
        assert_eq!(batch.num_rows(), rows, "as many rows as combinations");
        for measure in &layout.measures {
            values_have_their_status(&batch, &measure.column);
        }
    }
}

fn measure(place: usize, code: &str) -> Measure {
    let kind = if place.is_multiple_of(2) { ValueType::Int64 } else { ValueType::Float64 };
    Measure { code: code.to_owned(), column: format!("m{place}"), kind, decimals: None, unit: None }
}

/// A value has a status that has one, a null one that has none.
fn values_have_their_status(batch: &RecordBatch, column: &str) {
    let values = batch.column_by_name(column).expect("the column is in the schema");
    let statuses = batch.column_by_name(&format!("{column}_status")).expect("so is its status");
    let statuses = cast(statuses, &DataType::Utf8).expect("statuses are text");
    let statuses = statuses.as_string::<i32>();
    for row in 0..batch.num_rows() {
        let status: Status = statuses.value(row).parse().expect("a known status");
        assert_eq!(values.is_valid(row), status.has_value(), "{column} row {row} is {status:?}");
    }
}

/// Three bytes say what is declared of the file, the rest is the file.
pub fn file(data: &[u8]) {
    let Some((&[kind, declared, reading], body)) = data.split_first_chunk::<3>() else { return };
    let format =
        [FileFormat::Csv, FileFormat::JsonRecords, FileFormat::JsonLines, FileFormat::JsonMap][usize::from(kind % 4)];
    let columns: BTreeMap<String, ValueType> =
        [("kod", ValueType::Text), ("antal", ValueType::Int64), ("andel", ValueType::Float64)]
            .into_iter()
            .enumerate()
            .filter(|(place, _)| declared >> place & 1 == 1)
            .map(|(_, (name, kind))| (name.to_owned(), kind))
            .collect();
    let is_map = format == FileFormat::JsonMap;
    let depth = usize::from(declared >> 3 & 3) + 1;
    let spec = FileFetch {
        keys: if is_map {
            ["kod", "kon", "ar", "typ"][..depth].iter().map(|&key| key.to_owned()).collect()
        } else {
            Vec::new()
        },
        value: is_map.then(|| "antal".to_owned()),
        columns,
        pointer: ["", "/rader", "/data/0", "/a~1b"][usize::from(declared >> 5 & 3)].to_owned(),
        delimiter: [b',', b';', b'\t', b'|'][usize::from(reading & 3)],
        decimal: if reading & 4 == 0 { '.' } else { ',' },
        encoding: ["utf-8", "iso-8859-1", "windows-1252", "utf-16le"][usize::from(reading >> 3 & 3)],
        ..FileFetch::new(FileLocation::OnSource("fil".to_owned()), format)
    };
    if let Ok(batch) = super::file::decode(body, &spec) {
        if let Some(schema) = super::file::schema(&spec) {
            assert_eq!(batch.schema(), schema);
        }
        let numbers = spec.columns.iter().filter(|(_, kind)| **kind != ValueType::Text);
        for (column, _) in numbers.filter(|(column, _)| batch.column_by_name(column).is_some()) {
            values_have_their_status(&batch, column);
        }
    }
}

/// Our numbers are serde_json's, rounded as the standard library rounds.
pub fn number(text: &str) {
    let ours = number::parse(text);
    let theirs =
        if text.len() == text.trim().len() { serde_json::from_str::<serde_json::Number>(text).ok() } else { None };
    assert_eq!(ours.is_some(), theirs.is_some(), "{text:?}");
    let (Some(ours), Some(theirs)) = (ours, theirs) else { return };
    match theirs.as_i64() {
        Some(whole) => assert_eq!(ours.whole(), Some(whole), "{text:?}"),
        None => {
            let exact: f64 = text.parse().expect("a JSON number is one of Rust's");
            assert_eq!(ours.float().to_bits(), exact.to_bits(), "{text:?}");
        }
    }
}
