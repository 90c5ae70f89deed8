//! Rows on their way out of a file: cells are read by the source's symbols and
//! go out in batches, so that no file has to lie in memory as a table.

use arrow::record_batch::RecordBatch;

use super::ReadError;
use super::marks::Marks;
use crate::config::ValueType;
use crate::decode::DecodeError;
use crate::decode::rows::{Cell, Table};

/// Rows of a batch.
const BATCH: usize = 1 << 16;

/// Where batches go.
pub type Out<'a> = &'a mut (dyn FnMut(RecordBatch) -> anyhow::Result<()> + Send);

pub(super) struct Writer<'a> {
    table: Table,
    marks: &'a Marks,
    out: Out<'a>,
    /// All columns are known from the start: batches need not wait for the end.
    known: bool,
    /// Complete rows, and whether any of them has gone out.
    rows: u64,
    sent: bool,
}

impl<'a> Writer<'a> {
    /// Of columns that are all known.
    pub fn new(columns: Vec<(String, ValueType)>, marks: &'a Marks, decimal: char, out: Out<'a>) -> Self {
        Self { table: Table::new(columns, decimal), marks, out, known: true, rows: 0, sent: false }
    }

    /// Of columns that are found with the rows.
    pub fn growing(marks: &'a Marks, decimal: char, out: Out<'a>) -> Self {
        Self { known: false, ..Self::new(Vec::new(), marks, decimal, out) }
    }

    /// The column's place; a new text column where there is none.
    pub fn place(&mut self, name: &str) -> usize {
        self.table.place(name)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.table.names()
    }

    pub fn name(&self, place: usize) -> &str {
        self.table.name(place)
    }

    pub fn kind(&self, place: usize) -> ValueType {
        self.table.kind(place)
    }

    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// `row` is the row's number for a message.
    pub fn push(&mut self, place: usize, row: u64, cell: Cell<'_>) -> Result<(), DecodeError> {
        let cell = match cell {
            Cell::Text(text) if self.table.kind(place) != ValueType::Text => self.marks.read(text),
            cell => cell,
        };
        self.table.push(place, row, cell)
    }

    /// Ends a row, filling the columns that it did not touch.
    pub fn end_row(&mut self, touched: &[bool]) -> Result<(), ReadError> {
        self.table.end_row(touched);
        self.rows += 1;
        if self.known && self.table.rows() >= BATCH {
            self.send()?;
        }
        Ok(())
    }

    fn send(&mut self) -> Result<(), ReadError> {
        let batch = self.table.take()?;
        self.sent = true;
        (self.out)(batch).map_err(ReadError::Sink)
    }

    /// The rest goes out; of a file without rows, an empty batch, which tells the columns.
    pub fn finish(mut self) -> Result<u64, ReadError> {
        if self.table.rows() > 0 || !self.sent {
            self.send()?;
        }
        Ok(self.rows)
    }
}
