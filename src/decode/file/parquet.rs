//! Parquet, which knows its own columns and types. A column that is not
//! declared keeps its kind: whole numbers, numbers, else text.

use std::sync::Arc;

use arrow::array::{Array, AsArray as _, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::reader::ChunkReader;

use super::header::choose;
use super::input::Input;
use super::writer::{Out, Writer};
use super::{ReadError, Reading, Told, begins};
use crate::config::ValueType;
use crate::decode::DecodeError;
use crate::decode::number::Number;
use crate::decode::rows::Cell;

const ROWS: usize = 8192;

pub(super) fn read(input: Input, reading: &Reading<'_>, out: Out<'_>) -> Result<Told, ReadError> {
    let head = input.begins(240)?;
    if !head.starts_with(b"PAR1") {
        return Err(DecodeError::NotTheFormat { expected: "Parquet", begins: begins(&head) }.into());
    }
    match input {
        Input::Memory(bytes) => rows(bytes, reading, out),
        Input::File(file) => rows(file, reading, out),
    }
}

fn rows<R: ChunkReader + 'static>(body: R, reading: &Reading<'_>, out: Out<'_>) -> Result<Told, ReadError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(body).map_err(|error| broken(&error))?;
    let schema = Arc::clone(builder.schema());
    let header: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    let mut chosen = choose(&header, reading.spec)?;
    for (place, name, kind) in &mut chosen.taken {
        let field = schema.field(*place);
        if field.data_type().is_nested() {
            let reason = format!("column {name:?} holds lists or records, which are no single values");
            return Err(DecodeError::Shape(reason).into());
        }
        if reading.spec.columns.is_empty() {
            *kind = match field.data_type() {
                kind if kind.is_integer() && *kind != DataType::UInt64 => ValueType::Int64,
                kind if kind.is_floating() => ValueType::Float64,
                _ => ValueType::Text,
            };
        }
    }
    let mask = ProjectionMask::roots(builder.parquet_schema(), chosen.taken.iter().map(|(place, ..)| *place));
    let mut order: Vec<usize> = chosen.taken.iter().map(|(place, ..)| *place).collect();
    order.sort_unstable();
    // Where each taken column lies in what is read.
    let places: Vec<usize> =
        chosen.taken.iter().map(|(place, ..)| order.binary_search(place).unwrap_or_default()).collect();
    let batches = builder.with_projection(mask).with_batch_size(ROWS).build().map_err(|error| broken(&error))?;
    let mut writer = Writer::new(chosen.columns(), &reading.marks, reading.spec.decimal, out);
    let touched = vec![true; places.len()];
    for batch in batches {
        let batch = batch.map_err(|error| DecodeError::Shape(format!("the Parquet is cut off or broken: {error}")))?;
        let columns = places.iter().map(|place| Values::of(&batch, *place)).collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            let number = writer.rows() + 1;
            for (place, column) in columns.iter().enumerate() {
                writer.push(place, number, column.cell(row))?;
            }
            writer.end_row(&touched)?;
        }
    }
    writer.finish()?;
    Ok(Told { columns: Some(chosen.names), ..Told::default() })
}

/// A column by what its cells are.
enum Values {
    Whole(arrow::array::Int64Array),
    Float(arrow::array::Float64Array),
    Text(arrow::array::StringArray),
}

impl Values {
    fn of(batch: &RecordBatch, place: usize) -> Result<Self, DecodeError> {
        let column = batch.column(place);
        Ok(match column.data_type() {
            kind if kind.is_integer() && *kind != DataType::UInt64 => {
                Self::Whole(cast(column, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
            }
            kind if kind.is_floating() => {
                Self::Float(cast(column, &DataType::Float64)?.as_primitive::<Float64Type>().clone())
            }
            _ => Self::Text(cast(column, &DataType::Utf8)?.as_string::<i32>().clone()),
        })
    }

    fn cell(&self, row: usize) -> Cell<'_> {
        match self {
            Self::Whole(numbers) if numbers.is_valid(row) => Cell::Number(Number::Whole(numbers.value(row))),
            Self::Float(numbers) if numbers.is_valid(row) && numbers.value(row).is_finite() => {
                Cell::Number(Number::Float(numbers.value(row)))
            }
            Self::Text(texts) if texts.is_valid(row) => Cell::Text(texts.value(row)),
            _ => Cell::Absent,
        }
    }
}

fn broken(error: &parquet::errors::ParquetError) -> DecodeError {
    DecodeError::Shape(format!("the Parquet is cut off or broken: {error}"))
}
