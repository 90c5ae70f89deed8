//! The content hash: equal for equal schema and rows, whatever file layout,
//! library version or provenance they came with. It decides "unchanged".

use arrow::array::{Array, AsArray};
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
        let columns: Vec<_> = self
            .columns
            .iter()
            .filter_map(|(name, decimals)| batch.column_by_name(name).map(|column| (column, *decimals)))
            .collect();
        self.row.clear();
        for row in 0..batch.num_rows() {
            for (column, decimals) in &columns {
                push(&mut self.row, column, row, *decimals);
            }
        }
        self.hasher.update(&self.row);
    }

    pub fn finish(self) -> String {
        self.hasher.finalize().to_hex().to_string()
    }
}

fn push(out: &mut Vec<u8>, column: &dyn Array, row: usize, decimals: Option<u8>) {
    if column.is_null(row) {
        out.push(0);
        return;
    }
    match column.data_type() {
        DataType::Int64 => {
            out.push(2);
            out.extend(column.as_primitive::<Int64Type>().value(row).to_le_bytes());
        }
        DataType::Float64 => {
            out.push(3);
            let mut value = column.as_primitive::<Float64Type>().value(row);
            if let Some(decimals) = decimals {
                let scale = 10f64.powi(i32::from(decimals));
                value = (value * scale).round();
            }
            // -0 and 0 are one value.
            out.extend((value + 0.0).to_le_bytes());
        }
        DataType::Date32 => {
            out.push(4);
            out.extend(column.as_primitive::<Date32Type>().value(row).to_le_bytes());
        }
        _ => {
            let text = column.as_string::<i32>().value(row);
            out.push(1);
            out.extend((text.len() as u64).to_le_bytes());
            out.extend(text.as_bytes());
        }
    }
}
