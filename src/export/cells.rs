//! A batch's columns, their types looked up once for all rows.

use arrow::array::{Array, AsArray, Date32Array, Float64Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type};
use arrow::record_batch::RecordBatch;
use arrow::temporal_conversions::date32_to_datetime;

pub enum Cells<'a> {
    Text(&'a StringArray),
    Int(&'a Int64Array),
    Float(&'a Float64Array),
    Date(&'a Date32Array),
}

/// One value.
pub enum Cell<'a> {
    Null,
    Text(&'a str),
    Int(i64),
    Float(f64),
    /// Days from 1970-01-01.
    Date(i32),
}

pub fn cells(batch: &RecordBatch) -> Vec<Cells<'_>> {
    batch.columns().iter().map(|column| typed(column.as_ref())).collect()
}

fn typed(column: &dyn Array) -> Cells<'_> {
    match column.data_type() {
        DataType::Int64 => Cells::Int(column.as_primitive::<Int64Type>()),
        DataType::Float64 => Cells::Float(column.as_primitive::<Float64Type>()),
        DataType::Date32 => Cells::Date(column.as_primitive::<Date32Type>()),
        _ => Cells::Text(column.as_string::<i32>()),
    }
}

impl Cells<'_> {
    pub fn at(&self, row: usize) -> Cell<'_> {
        match self {
            Self::Text(cells) if cells.is_valid(row) => Cell::Text(cells.value(row)),
            Self::Int(cells) if cells.is_valid(row) => Cell::Int(cells.value(row)),
            Self::Float(cells) if cells.is_valid(row) && cells.value(row).is_finite() => Cell::Float(cells.value(row)),
            Self::Date(cells) if cells.is_valid(row) => Cell::Date(cells.value(row)),
            _ => Cell::Null,
        }
    }
}

/// As ISO 8601 writes it.
pub fn day(days: i32) -> String {
    date32_to_datetime(days).map(|day| day.date().to_string()).unwrap_or_default()
}
