//! Every changed row as Parquet: the key, what became of the row, and each
//! column before and after.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray, UInt32Array, new_null_array};
use arrow::compute::{cast, interleave, take};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use super::columns::Plan;
use super::{Change, Changes, Side, Unlike};

/// Columns: the key's as published, `change` (`added`, `removed`, `revised`), then `NAME_old` and `NAME_new` of every
/// other column that both versions have.
pub struct ChangesFile<W: Write + Send> {
    writer: ArrowWriter<W>,
    schema: SchemaRef,
    plan: Plan,
}

impl<W: Write + Send> ChangesFile<W> {
    pub fn create(sink: W, old: &Side<'_>, new: &Side<'_>) -> Result<Result<Self, ParquetError>, Unlike> {
        let plan = Plan::of(old.manifest, new.manifest)?;
        let kind = |kind: &DataType| match kind {
            DataType::Utf8View => DataType::Utf8,
            kind => kind.clone(),
        };
        let (keys, others) = plan.columns.split_at(plan.keys);
        let mut fields: Vec<Field> =
            keys.iter().map(|column| Field::new(&column.name, kind(&column.kind.arrow()), true)).collect();
        fields.push(Field::new("change", DataType::Utf8, false));
        for column in others {
            for side in ["old", "new"] {
                fields.push(Field::new(format!("{}_{side}", column.name), kind(&column.kind.arrow()), true));
            }
        }
        let schema = Arc::new(Schema::new(fields));
        let notes = [
            ("dataset", new.manifest.dataset.clone()),
            ("old", old.manifest.version.to_string()),
            ("new", new.manifest.version.to_string()),
            ("credit", new.manifest.credit.clone()),
            ("synthetic", (old.manifest.synthetic || new.manifest.synthetic).to_string()),
        ];
        let notes = notes.into_iter().map(|(key, value)| KeyValue::new(key.to_owned(), value)).collect();
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(128 * 1024))
            .set_key_value_metadata(Some(notes))
            .build();
        Ok(ArrowWriter::try_new(sink, Arc::clone(&schema), Some(properties)).map(|writer| Self {
            writer,
            schema,
            plan,
        }))
    }

    pub fn write(&mut self, changes: &Changes<'_>) -> Result<(), ParquetError> {
        let batch = self.batch(changes)?;
        self.writer.write(&batch)
    }

    fn batch(&self, changes: &Changes<'_>) -> Result<RecordBatch, ArrowError> {
        let Changes { old, new, rows } = changes;
        let from: Vec<(usize, usize)> = rows
            .iter()
            .map(|row| match (row.new, row.old) {
                (Some(new), _) => (1, new as usize),
                (None, old) => (0, old.unwrap_or_default() as usize),
            })
            .collect();
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.schema.fields().len());
        for key in 0..self.plan.keys {
            columns.push(interleave(&[old.column(key).as_ref(), new.column(key).as_ref()], &from)?);
        }
        columns.push(Arc::new(StringArray::from_iter_values(rows.iter().map(|row| Change::as_str(row.change)))));
        let before: UInt32Array = rows.iter().map(|row| row.old).collect();
        let now: UInt32Array = rows.iter().map(|row| row.new).collect();
        for at in self.plan.keys..self.plan.columns.len() {
            for (batch, rows) in [(old, &before), (new, &now)] {
                let column = batch.column(at);
                columns.push(match batch.num_rows() {
                    0 => new_null_array(column.data_type(), rows.len()),
                    _ => take(column, rows, None)?,
                });
            }
        }
        let columns = columns.iter().zip(self.schema.fields()).map(|(column, field)| cast(column, field.data_type()));
        RecordBatch::try_new(Arc::clone(&self.schema), columns.collect::<Result<_, _>>()?)
    }

    /// Ends the file and gives its sink back.
    pub fn finish(self) -> Result<W, ParquetError> {
        self.writer.into_inner()
    }
}
