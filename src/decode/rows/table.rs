//! The columns of a file while its rows come in: those declared, or, where none
//! are, each as it first appears.

use std::collections::HashMap;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

use super::column::{self, Cell, Column};
use crate::config::ValueType;
use crate::decode::DecodeError;

pub(crate) struct Table {
    columns: Vec<(String, ValueType, Column)>,
    places: HashMap<String, usize>,
    /// Complete rows.
    rows: usize,
    decimal: char,
}

impl Table {
    pub(crate) fn new(declared: Vec<(String, ValueType)>, decimal: char) -> Self {
        let places = declared.iter().enumerate().map(|(place, (name, _))| (name.clone(), place)).collect();
        let columns = declared.into_iter().map(|(name, kind)| (name, kind, Column::new(kind, 0))).collect();
        Self { columns, places, rows: 0, decimal }
    }

    /// The column's place; a new text column where there is none.
    pub(crate) fn place(&mut self, name: &str) -> usize {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        let place = self.columns.len();
        self.columns.push((name.to_owned(), ValueType::Text, Column::new(ValueType::Text, self.rows)));
        self.places.insert(name.to_owned(), place);
        place
    }

    /// `row` is the row's number for a message.
    pub(crate) fn push(&mut self, place: usize, row: u64, cell: Cell<'_>) -> Result<(), DecodeError> {
        let (name, _, column) = &mut self.columns[place];
        column.push(cell, self.decimal).map_err(|why| {
            let value = match cell {
                Cell::Absent => String::new(),
                Cell::Text(text) => text.to_owned(),
                Cell::Number(number) => number.float().to_string(),
                Cell::Bool(truth) => truth.to_string(),
                Cell::Marked { symbol, .. } => symbol.to_owned(),
            };
            DecodeError::Cell { row, column: name.clone(), value, why }
        })
    }

    /// Ends a row, filling the columns that it did not touch.
    pub(crate) fn end_row(&mut self, touched: &[bool]) {
        for (place, (_, _, column)) in self.columns.iter_mut().enumerate() {
            if !touched.get(place).copied().unwrap_or(false) {
                column.push_null();
            }
        }
        self.rows += 1;
    }

    pub(crate) fn kind(&self, place: usize) -> ValueType {
        self.columns[place].1
    }

    pub(crate) fn name(&self, place: usize) -> &str {
        &self.columns[place].0
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, ..)| name.as_str())
    }

    /// Complete rows since the last `take`.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn schema(&self) -> SchemaRef {
        column::schema(self.columns.iter().map(|(name, kind, _)| (name.as_str(), *kind)))
    }

    /// The rows so far as a batch; what comes next is the next batch's.
    pub(crate) fn take(&mut self) -> Result<RecordBatch, DecodeError> {
        let schema = self.schema();
        let mut arrays = Vec::with_capacity(schema.fields().len());
        for (_, _, column) in &mut self.columns {
            arrays.extend(column.take()?);
        }
        let rows = RecordBatchOptions::new().with_row_count(Some(std::mem::take(&mut self.rows)));
        Ok(RecordBatch::try_new_with_options(schema, arrays, &rows)?)
    }
}
