//! The content hash: equal for equal schema and rows, whatever file layout,
//! library version or provenance they came with. It decides "unchanged".

use arrow::array::{Array, AsArray, Date32Array, Float64Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type};
use arrow::record_batch::RecordBatch;

use super::manifest::ColumnInfo;

/// BLAKE3 over the columns' names and types, then the rows in the order given, each value behind a tag.
/// Floats count as rounded to their declared decimals, so that the order of a sum does not matter.
pub struct ContentHash {
    hasher: blake3::Hasher,
    columns: Vec<(String, Option<u8>)>,
    row: Vec<u8>,
}

impl ContentHash {
    /// The columns in their published order.
    pub fn of(columns: &[ColumnInfo]) -> Self {
        let mut hasher = blake3::Hasher::new();
        for column in columns {
            hasher.update(column.name.as_bytes());
            hasher.update(b"\0");
            hasher.update(column.kind.as_bytes());
            hasher.update(b"\n");
        }
        let columns = columns.iter().map(|column| (column.name.clone(), column.decimals)).collect();
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
                let text = cells.value(row).as_bytes();
                let mut head = [1; 9];
                head[1..].copy_from_slice(&(text.len() as u64).to_le_bytes());
                out.extend_from_slice(&head);
                out.extend_from_slice(text);
            }
            Self::Int(cells) if cells.is_valid(row) => tagged(out, 2, cells.value(row).to_le_bytes()),
            Self::Float(cells, scale) if cells.is_valid(row) => {
                let value = cells.value(row);
                let value = scale.map_or(value, |scale| (value * scale).round());
                // -0 and 0 are one value.
                tagged(out, 3, (value + 0.0).to_le_bytes());
            }
            Self::Date(cells) if cells.is_valid(row) => {
                let mut bytes = [4; 5];
                bytes[1..].copy_from_slice(&cells.value(row).to_le_bytes());
                out.extend_from_slice(&bytes);
            }
            _ => out.push(0),
        }
    }
}

#[inline]
fn tagged(out: &mut Vec<u8>, tag: u8, value: [u8; 8]) {
    let mut bytes = [tag; 9];
    bytes[1..].copy_from_slice(&value);
    out.extend_from_slice(&bytes);
}
