//! One version's rows, batch after batch, read on a thread of their own, and
//! seen to be sorted: a merge of rows in disorder would tell lies.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;

use crate::lake::LakeError;
use crate::store::At as _;

use super::cells::Cells;
use super::columns::Plan;

/// Batches read ahead.
const AHEAD: usize = 2;

/// A batch with the plan's columns, in the plan's order.
#[derive(Clone, Debug)]
pub struct Batch {
    pub rows: RecordBatch,
    pub cells: Vec<Cells>,
}

/// What the whole version holds.
#[derive(Debug, Default)]
pub struct Seen {
    /// First day and text.
    pub periods: BTreeSet<(Option<i32>, String)>,
    pub levels: BTreeSet<String>,
}

pub struct Stream {
    batches: Receiver<Batch>,
    reader: JoinHandle<Result<Seen, LakeError>>,
    empty: Batch,
}

impl Stream {
    pub fn open(plan: &Plan, files: &[PathBuf], rows: usize) -> Result<Self, LakeError> {
        let (sender, batches) = sync_channel(AHEAD);
        let fields: Vec<Field> =
            plan.columns.iter().map(|column| Field::new(&column.name, column.kind.arrow(), true)).collect();
        let schema = Arc::new(Schema::new(fields));
        let empty = Batch::of(RecordBatch::new_empty(Arc::clone(&schema)), plan);
        let (files, plan) = (files.to_vec(), plan.clone());
        let work = move || Reading { plan, rows, schema, sender, last: None, seen: Seen::default() }.run(&files);
        let reader = thread::Builder::new()
            .name("compare".to_owned())
            .spawn(work)
            .map_err(|error| LakeError::Arrow(ArrowError::IoError("could not start a thread".to_owned(), error)))?;
        Ok(Self { batches, reader, empty })
    }

    /// A batch without rows, to begin and to end with.
    pub fn empty(&self) -> Batch {
        self.empty.clone()
    }

    /// The next batch that has rows; none at the end, or where reading failed, which [`Self::finish`] tells.
    pub fn next(&self) -> Option<Batch> {
        self.batches.recv().ok()
    }

    pub fn finish(self) -> Result<Seen, LakeError> {
        drop(self.batches);
        match self.reader.join() {
            Ok(seen) => seen,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

impl Batch {
    fn of(rows: RecordBatch, plan: &Plan) -> Self {
        let cells = rows.columns().iter().zip(&plan.columns).map(|(cells, column)| Cells::of(cells, column.kind));
        Self { cells: cells.collect(), rows }
    }
}

struct Reading {
    plan: Plan,
    /// Of a batch.
    rows: usize,
    schema: SchemaRef,
    sender: SyncSender<Batch>,
    last: Option<Batch>,
    seen: Seen,
}

impl Reading {
    fn run(mut self, files: &[PathBuf]) -> Result<Seen, LakeError> {
        for path in files {
            let fault = |source| LakeError::Parquet { path: path.clone(), source };
            let file = File::open(path).at("read", path)?;
            let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(fault)?;
            let options = ArrowReaderOptions::new().with_schema(viewed(metadata.schema()));
            let metadata = ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options).map_err(fault)?;
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
            let names = self.plan.columns.iter().map(|column| column.name.as_str());
            let mask = ProjectionMask::columns(builder.parquet_schema(), names);
            let reader = builder.with_projection(mask).with_batch_size(self.rows).build().map_err(fault)?;
            for rows in reader {
                let rows = rows.map_err(|error| fault(ParquetError::from(error)))?;
                let batch = self.batch(&rows)?;
                self.look(&batch, path)?;
                self.last = Some(batch.clone());
                // The other side may have ended with an error: nobody waits for more.
                if self.sender.send(batch).is_err() {
                    return Ok(self.seen);
                }
            }
        }
        Ok(self.seen)
    }

    fn batch(&self, rows: &RecordBatch) -> Result<Batch, LakeError> {
        let mut columns = Vec::with_capacity(self.plan.columns.len());
        for field in self.schema.fields() {
            let column = rows
                .column_by_name(field.name())
                .ok_or_else(|| ArrowError::SchemaError(format!("the rows lack column {:?}", field.name())))?;
            columns.push(cast(column, field.data_type())?);
        }
        Ok(Batch::of(RecordBatch::try_new(Arc::clone(&self.schema), columns)?, &self.plan))
    }

    /// Notes periods and levels, and that every row comes after the one before it.
    fn look(&mut self, batch: &Batch, path: &Path) -> Result<(), LakeError> {
        let rows = batch.rows.num_rows();
        let keys = &batch.cells[..self.plan.keys];
        let in_order = |one: &[Cells], row: usize, at: usize| {
            let mut columns = one.iter().zip(keys).map(|(one, other)| one.compare(row, other, at));
            columns.find(|order| order.is_ne()) != Some(Ordering::Greater)
        };
        let (period, start) = (&batch.cells[self.plan.period], &batch.cells[self.plan.start]);
        let niva = self.plan.niva.map(|niva| &batch.cells[niva]);
        for row in 0..rows {
            let sorted = match (row, &self.last) {
                (0, Some(last)) => in_order(&last.cells, last.rows.num_rows() - 1, 0),
                (0, None) => true,
                _ => in_order(keys, row - 1, row),
            };
            if !sorted {
                let source = ParquetError::General("the rows are not in the order of their key".to_owned());
                return Err(LakeError::Parquet { path: path.to_owned(), source });
            }
            if row == 0 || !period.same(row, period, row - 1) {
                let text = period.text(row).unwrap_or_default();
                self.seen.periods.insert((start.date(row), text.to_owned()));
            }
            if let Some(niva) = niva
                && (row == 0 || !niva.same(row, niva, row - 1))
            {
                self.seen.levels.insert(niva.text(row).unwrap_or_default().to_owned());
            }
        }
        Ok(())
    }
}

/// The same schema with text as views.
fn viewed(schema: &SchemaRef) -> SchemaRef {
    let field = |field: &Arc<Field>| match field.data_type() {
        DataType::Utf8 => Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8View)),
        _ => Arc::clone(field),
    };
    Arc::new(Schema::new_with_metadata(
        schema.fields().iter().map(field).collect::<Vec<_>>(),
        schema.metadata().clone(),
    ))
}
