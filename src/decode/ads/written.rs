//! Counts as Arrow rows, a batch at a time.

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;

use super::count::{Counts, Tallied};
use crate::config::ValueType;
use crate::decode::DecodeError;
use crate::decode::number::Number;
use crate::decode::rows::{self, Cell, Table};

const ROWS: usize = 1 << 16;

/// The columns of counts: text, then the numbers.
pub fn columns() -> Vec<(String, ValueType)> {
    let text = ["fil", "ssyk", "ssyk_variant", "kommun", "lan", "land", "manad"].map(|name| (name, ValueType::Text));
    let numbers = ["annonser", "annonser_med_platser", "platser", "platser_tak"].map(|name| (name, ValueType::Int64));
    text.into_iter().chain(numbers).map(|(name, kind)| (name.to_owned(), kind)).collect()
}

pub fn schema() -> SchemaRef {
    rows::schema(columns().iter().map(|(name, kind)| (name.as_str(), *kind)))
}

/// The counts of one file (`fil`).
pub fn batches(fil: &str, counts: &Counts) -> impl Iterator<Item = Result<RecordBatch, DecodeError>> {
    let mut table = Table::new(columns(), '.');
    let mut rows = counts.rows();
    std::iter::from_fn(move || {
        (rows.len() > 0).then(|| {
            for (number, row) in rows.by_ref().take(ROWS).enumerate() {
                push(&mut table, number as u64, fil, &row)?;
            }
            table.take()
        })
    })
}

fn push(table: &mut Table, number: u64, fil: &str, row: &Tallied) -> Result<(), DecodeError> {
    let texts = [
        Some(fil),
        row.ssyk.as_deref(),
        Some(row.variant),
        row.kommun.as_deref(),
        row.lan.as_deref(),
        row.land.as_deref(),
        row.month.as_deref(),
    ];
    for (place, cell) in texts.into_iter().enumerate() {
        table.push(place, number, cell.map_or(Cell::Absent, Cell::Text))?;
    }
    let whole = |number: u64| Cell::Number(Number::Whole(number as i64));
    // None of them tells: that is not none at all.
    let told = |number: u64| if row.told > 0 { whole(number) } else { Cell::Absent };
    let numbers = [whole(row.ads.into()), whole(row.told.into()), told(row.vacancies), told(row.capped)];
    for (place, cell) in numbers.into_iter().enumerate() {
        table.push(texts.len() + place, number, cell)?;
    }
    table.end_row(&[true; 11]);
    Ok(())
}
