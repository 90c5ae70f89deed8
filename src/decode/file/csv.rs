//! Delimited text with a header row. Every row has as many fields as the
//! header; it guesses neither delimiter nor types.

use std::collections::HashMap;

use csv::{ErrorKind, ReaderBuilder, StringRecord};

use super::declared;
use crate::config::{FileFetch, ValueType};
use crate::decode::DecodeError;
use crate::decode::json::begins;
use crate::decode::rows::{Cell, Table};

pub(super) fn decode(text: &str, spec: &FileFetch) -> Result<arrow::record_batch::RecordBatch, DecodeError> {
    // A server's error page reads as a one-column table.
    if text.trim_start().starts_with('<') {
        return Err(DecodeError::NotTheFormat { expected: "CSV", begins: begins(text.as_bytes()) });
    }
    let mut reader = ReaderBuilder::new().delimiter(spec.delimiter).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| fault(&error, text))?.clone();
    if header.is_empty() {
        return Err(DecodeError::NotTheFormat { expected: "CSV with a header row", begins: begins(text.as_bytes()) });
    }
    let mut places = HashMap::new();
    for (place, name) in header.iter().map(str::trim).enumerate() {
        if places.insert(name, place).is_some() {
            return Err(DecodeError::Shape(format!("the header has column {name:?} twice")));
        }
    }
    let columns =
        declared(spec).unwrap_or_else(|| header.iter().map(|name| (name.trim().to_owned(), ValueType::Text)).collect());
    let taken = columns
        .iter()
        .map(|(name, _)| {
            places.get(name.as_str()).copied().ok_or_else(|| {
                let there = header.iter().map(str::trim).collect::<Vec<_>>().join(", ");
                DecodeError::Shape(format!("there is no column {name:?}; the header has {there}"))
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let mut table = Table::new(columns, spec.decimal);
    let touched = vec![true; taken.len()];
    let mut record = StringRecord::new();
    let mut row = 1;
    while reader.read_record(&mut record).map_err(|error| fault(&error, text))? {
        row += 1;
        for (place, field) in taken.iter().enumerate() {
            table.push(place, row, Cell::Text(&record[*field]))?;
        }
        table.end_row(&touched);
    }
    table.finish()
}

/// The names in the header, as columns are called.
pub(super) fn header(text: &str, spec: &FileFetch) -> Option<Vec<String>> {
    let mut reader = ReaderBuilder::new().delimiter(spec.delimiter).from_reader(text.as_bytes());
    Some(reader.headers().ok()?.iter().map(|name| name.trim().to_owned()).collect())
}

fn fault(error: &csv::Error, text: &str) -> DecodeError {
    let position = error.position();
    match error.kind() {
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            // The header is record 0 to the reader and row 1 to a reader.
            let row = position.map_or(0, csv::Position::record) + 1;
            DecodeError::Shape(format!("row {row} has {len} fields, the header has {expected_len}"))
        }
        _ => DecodeError::Broken {
            offset: position.map_or(text.len() as u64, csv::Position::byte),
            reason: error.to_string(),
        },
    }
}
