//! The cells of one measure in the order of their rows, as the answers bring them.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, Float64Array, Int8Array, Int64Array, RecordBatch, StringArray,
};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{Float64Type, Int8Type, Int64Type};

use super::assembly::out_of_place;
use crate::config::ValueType;
use crate::contract::Status;
use crate::decode::{DecodeError, Measure};

/// A measure's cells, by row.
pub struct Gathered {
    pub column: String,
    values: Values,
    present: Vec<bool>,
    status: Vec<i8>,
    symbol: Vec<i8>,
    names: Vec<String>,
}

enum Values {
    Whole(Vec<i64>),
    Float(Vec<f64>),
}

impl Gathered {
    pub fn new(measure: &Measure) -> Self {
        Self {
            column: measure.column.clone(),
            values: match measure.kind {
                ValueType::Int64 => Values::Whole(Vec::new()),
                _ => Values::Float(Vec::new()),
            },
            present: Vec::new(),
            status: Vec::new(),
            symbol: Vec::new(),
            names: Vec::new(),
        }
    }

    /// Makes room for so many rows, of which nothing is known.
    pub fn clear(&mut self, rows: usize) {
        match &mut self.values {
            Values::Whole(values) => values.resize(rows, 0),
            Values::Float(values) => values.resize(rows, 0.0),
        }
        self.present.resize(rows, false);
        self.status.resize(rows, Status::Missing as i8);
        self.symbol.resize(rows, -1);
        self.names.clear();
    }

    /// Puts an answer's cells in their places.
    pub fn take(&mut self, batch: &RecordBatch, places: &[usize]) -> Result<(), DecodeError> {
        let column = |tail: &str| {
            let name = format!("{}{tail}", self.column);
            batch.column_by_name(&name).ok_or(DecodeError::ColumnLost { column: name, nearest: None })
        };
        let (values, status, symbol) = (column("")?, column("_status")?, column("_symbol")?);
        match &mut self.values {
            Values::Whole(own) => scatter(own, places, values.as_primitive::<Int64Type>().values())?,
            Values::Float(own) => scatter(own, places, values.as_primitive::<Float64Type>().values())?,
        }
        match values.nulls() {
            Some(nulls) => {
                for (row, place) in places.iter().enumerate() {
                    *self.present.get_mut(*place).ok_or_else(out_of_place)? = nulls.is_valid(row);
                }
            }
            None => {
                for place in places {
                    *self.present.get_mut(*place).ok_or_else(out_of_place)? = true;
                }
            }
        }
        scatter(&mut self.status, places, status.as_dictionary::<Int8Type>().keys().values())?;
        let symbol = symbol.as_dictionary::<Int8Type>();
        let mut own = Vec::new();
        for name in symbol.values().as_string::<i32>() {
            own.push(place_of(&mut self.names, name.unwrap_or_default())?);
        }
        let keys = symbol.keys();
        for (row, place) in places.iter().enumerate() {
            let key = if keys.is_valid(row) { own[usize::try_from(keys.value(row)).unwrap_or(0)] } else { -1 };
            *self.symbol.get_mut(*place).ok_or_else(out_of_place)? = key;
        }
        Ok(())
    }

    /// Values, statuses and symbols of some rows.
    pub fn columns(&self, rows: Range<usize>) -> Result<[ArrayRef; 3], DecodeError> {
        let present = &self.present[rows.clone()];
        let nulls = present
            .contains(&false)
            .then(|| NullBuffer::new(BooleanBuffer::collect_bool(present.len(), |row| present[row])));
        let values: ArrayRef = match &self.values {
            Values::Whole(values) => Arc::new(Int64Array::new(values[rows.clone()].to_vec().into(), nulls)),
            Values::Float(values) => Arc::new(Float64Array::new(values[rows.clone()].to_vec().into(), nulls)),
        };
        let words = Arc::new(StringArray::from(Status::ALL.map(Status::as_str).to_vec()));
        let status = Int8Array::from(self.status[rows.clone()].to_vec());
        let symbols = &self.symbol[rows];
        let known = symbols
            .iter()
            .any(|symbol| *symbol < 0)
            .then(|| NullBuffer::new(BooleanBuffer::collect_bool(symbols.len(), |row| symbols[row] >= 0)));
        let symbol = Int8Array::new(symbols.iter().map(|symbol| (*symbol).max(0)).collect::<Vec<i8>>().into(), known);
        let names = Arc::new(StringArray::from_iter_values(&self.names));
        Ok([
            values,
            Arc::new(DictionaryArray::<Int8Type>::try_new(status, words)?),
            Arc::new(DictionaryArray::<Int8Type>::try_new(symbol, names)?),
        ])
    }
}

fn scatter<T: Copy>(own: &mut [T], places: &[usize], values: &[T]) -> Result<(), DecodeError> {
    for (place, value) in places.iter().zip(values) {
        *own.get_mut(*place).ok_or_else(out_of_place)? = *value;
    }
    Ok(())
}

fn place_of(names: &mut Vec<String>, name: &str) -> Result<i8, DecodeError> {
    let place = names.iter().position(|known| known == name).unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    });
    i8::try_from(place).map_err(|_| DecodeError::Shape("the table has more than 127 different symbols".to_owned()))
}
