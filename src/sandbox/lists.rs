//! Reads cells of the reference lists.

use arrow::array::{Array, AsArray, StringArray};
use arrow::record_batch::RecordBatch;

/// A cell of a reference table; empty where there is no such column.
pub fn text(table: &RecordBatch, column: &str, row: usize) -> String {
    let column = table.column_by_name(column).and_then(|column| column.as_string_opt::<i32>());
    column.filter(|column: &&StringArray| row < column.len()).map_or("", |column| column.value(row)).to_owned()
}
