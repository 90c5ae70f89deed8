//! The content hash: equal for equal schema and rows, whatever file layout,
//! library version or provenance they came with. It decides "unchanged".

use arrow::array::{Array, AsArray, Date32Array, Float64Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type};
use arrow::record_batch::RecordBatch;

/// BLAKE3 over the columns' names and types, then the rows in the order given, each value behind a tag.
/// Floats count as rounded to their declared decimals, so that the order of a sum does not matter.
pub struct ContentHash {
    hasher: blake3::Hasher,
    columns: Vec<(String, Option<u8>)>,
    row: Vec<u8>,
}

impl ContentHash {
    /// Names in order, with the decimals of each; types are taken from the first batch by the caller's schema.
    pub fn new(columns: Vec<(String, String, Option<u8>)>) -> Self {
        let mut hasher = blake3::Hasher::new();
        for (name, kind, _) in &columns {
            hasher.update(name.as_bytes());
            hasher.update(b"\0");
            hasher.update(kind.as_bytes());
            hasher.update(b"\n");
        }
        let columns = columns.into_iter().map(|(name, _, decimals)| (name, decimals)).collect();
        Self { hasher, columns, row: Vec::new() }
    }

    pub fn update(&mut self, batch: &RecordBatch) {
        let columns: Vec<Cells<'_>> = self
            .columns
            .iter()
            .filter_map(|(name, decimals)| batch.column_by_name(name).map(|column| Cells::of(column, *decimals)))
            .collect();
        self.row.clear();
        for row in 0..batch.num_rows() {
            for column in &columns {
                column.push(&mut self.row, row);
            }
        }
        self.hasher.update(&self.row);
    }

    pub fn finish(self) -> String {
        self.hasher.finalize().to_hex().to_string()
    }
}

/// A column, its type looked up once for all its rows.
enum Cells<'a> {
    Text(&'a StringArray),
    Int(&'a Int64Array),
    /// With the power of ten of its decimals.
    Float(&'a Float64Array, Option<f64>),
    Date(&'a Date32Array),
}

impl<'a> Cells<'a> {
    fn of(column: &'a dyn Array, decimals: Option<u8>) -> Self {
        match column.data_type() {
            DataType::Int64 => Self::Int(column.as_primitive::<Int64Type>()),
            DataType::Float64 => Self::Float(
                column.as_primitive::<Float64Type>(),
                decimals.map(|decimals| 10f64.powi(i32::from(decimals))),
            ),
            DataType::Date32 => Self::Date(column.as_primitive::<Date32Type>()),
            _ => Self::Text(column.as_string::<i32>()),
        }
    }

    fn push(&self, out: &mut Vec<u8>, row: usize) {
        match self {
            Self::Text(cells) if cells.is_valid(row) => {
                let text = cells.value(row);
                out.push(1);
                out.extend((text.len() as u64).to_le_bytes());
                out.extend(text.as_bytes());
            }
            Self::Int(cells) if cells.is_valid(row) => {
                out.push(2);
                out.extend(cells.value(row).to_le_bytes());
            }
            Self::Float(cells, scale) if cells.is_valid(row) => {
                let value = cells.value(row);
                let value = scale.map_or(value, |scale| (value * scale).round());
                out.push(3);
                // -0 and 0 are one value.
                out.extend((value + 0.0).to_le_bytes());
            }
            Self::Date(cells) if cells.is_valid(row) => {
                out.push(4);
                out.extend(cells.value(row).to_le_bytes());
            }
            _ => out.push(0),
        }
    }
}
