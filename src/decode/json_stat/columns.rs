//! A cube's cells as Arrow columns. Code keys come from strides; a measure's
//! cells are picked as the slices they lie in.

use std::sync::Arc;

use arrow::array::{ArrayRef, DictionaryArray, Float64Array, Int8Array, Int32Array, Int64Array, StringArray};
use arrow::buffer::{BooleanBuffer, NullBuffer, ScalarBuffer};
use arrow::datatypes::{Int8Type, Int32Type};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

use super::cells::{Cells, Kind};
use super::cube::Cube;
use super::status::{NONE, Symbols};
use crate::config::ValueType;
use crate::contract::Status;
use crate::decode::{DecodeError, Layout, Measure};

/// PxWeb's in-memory marks for missing values lie at -1e15 and beyond; no statistic does.
const LEAKED_BELOW: f64 = -1e15;

/// How the metric axis cuts the flat index: `outer` blocks, in each a run of `inner` cells per measure.
struct Cut {
    outer: usize,
    measures: usize,
    inner: usize,
}

impl Cut {
    const fn rows(&self) -> usize {
        self.outer * self.inner
    }

    /// The flat index where each of a measure's runs begins.
    fn runs(&self, measure: usize) -> impl Iterator<Item = usize> {
        let (measures, inner) = (self.measures, self.inner);
        (0..self.outer).map(move |outer| (outer * measures + measure) * inner)
    }
}

pub(super) fn build(
    cube: &Cube,
    layout: &Layout,
    cells: &Cells,
    mut symbols: Symbols,
    statuses: Option<Vec<i8>>,
) -> Result<RecordBatch, DecodeError> {
    let metric = layout.metric.as_deref().and_then(|id| cube.place_of(id));
    let total = cells.kinds.len();
    let (measures, inner) = metric.map_or((1, total), |place| (cube.axes[place].codes.len(), cube.stride(place)));
    let cut = Cut { outer: total.checked_div(measures * inner).unwrap_or(0), measures, inner };
    let statuses = with_texts(cells, &mut symbols, statuses)?;
    let meanings: Vec<Option<Status>> =
        symbols.names.iter().map(|symbol| layout.symbols.get(symbol).copied()).collect();
    let names = Arc::new(StringArray::from(symbols.names));
    let words = Arc::new(StringArray::from(Status::ALL.map(Status::as_str).to_vec()));

    let mut columns: Vec<ArrayRef> = Vec::with_capacity(layout.dimensions.len() + 3 * layout.measures.len());
    for dimension in &layout.dimensions {
        let place = cube.place_of(&dimension.id).ok_or_else(|| DecodeError::DimensionLost(dimension.id.clone()))?;
        let mut stride = cube.stride(place);
        if metric.is_some_and(|metric| metric > place) {
            stride /= measures.max(1);
        }
        columns.push(codes(&cube.axes[place].codes, stride, cut.rows())?);
    }
    for measure in &layout.measures {
        let place = match metric {
            Some(metric) => cube.axes[metric].codes.iter().position(|code| *code == measure.code).ok_or_else(|| {
                DecodeError::CodeLost { dimension: cube.axes[metric].id.clone(), code: measure.code.clone() }
            })?,
            None => 0,
        };
        let picked = Picked { cube, layout, cells, measure, cut: &cut, place };
        let (values, nulls) = picked.values()?;
        columns.push(values);
        let (status, symbol) = picked.flags(nulls.as_ref(), statuses.as_deref(), &meanings);
        columns.push(Arc::new(DictionaryArray::<Int8Type>::try_new(status, words.clone())?));
        columns.push(Arc::new(DictionaryArray::<Int8Type>::try_new(symbol, names.clone())?));
    }
    let rows = RecordBatchOptions::new().with_row_count(Some(cut.rows()));
    Ok(RecordBatch::try_new_with_options(layout.schema(), columns, &rows)?)
}

/// Texts among the values are symbols too, where the cell has no status.
fn with_texts(cells: &Cells, symbols: &mut Symbols, statuses: Option<Vec<i8>>) -> Result<Option<Vec<i8>>, DecodeError> {
    if cells.texts.is_empty() {
        return Ok(statuses);
    }
    let places: Vec<i8> =
        cells.texts.iter().map(|text| symbols.place(text)).collect::<Result<_, _>>().map_err(DecodeError::Shape)?;
    let mut statuses = statuses.unwrap_or_else(|| vec![NONE; cells.kinds.len()]);
    for ((status, kind), bits) in statuses.iter_mut().zip(&cells.kinds).zip(&cells.bits) {
        if *kind == Kind::Text && *status == NONE {
            *status = usize::try_from(*bits).ok().and_then(|place| places.get(place)).copied().unwrap_or(NONE);
        }
    }
    Ok(Some(statuses))
}

/// A dictionary column: each code `stride` times, all of them over and over.
fn codes(codes: &[String], stride: usize, rows: usize) -> Result<ArrayRef, DecodeError> {
    let mut keys: Vec<i32> = Vec::with_capacity(rows);
    for (key, _) in (0_i32..).zip(codes) {
        keys.extend(std::iter::repeat_n(key, stride));
    }
    keys.truncate(rows);
    while !keys.is_empty() && keys.len() < rows {
        let more = keys.len().min(rows - keys.len());
        keys.extend_from_within(..more);
    }
    let values = StringArray::from_iter_values(codes);
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(Int32Array::from(keys), Arc::new(values))?))
}

/// One measure's cells.
struct Picked<'a> {
    cube: &'a Cube,
    layout: &'a Layout,
    cells: &'a Cells,
    measure: &'a Measure,
    cut: &'a Cut,
    place: usize,
}

impl Picked<'_> {
    fn values(&self) -> Result<(ArrayRef, Option<NullBuffer>), DecodeError> {
        let nulls = self.nulls();
        let values: ArrayRef = match self.measure.kind {
            ValueType::Int64 => {
                let values = ScalarBuffer::from(self.whole_numbers()?);
                Arc::new(Int64Array::try_new(values, nulls.clone())?)
            }
            ValueType::Float64 => {
                let values = ScalarBuffer::from(self.floats()?);
                Arc::new(Float64Array::try_new(values, nulls.clone())?)
            }
            ValueType::Text => {
                let column = &self.measure.column;
                return Err(DecodeError::Shape(format!("measure {column:?} is declared as text, which no cube holds")));
            }
        };
        Ok((values, nulls))
    }

    fn nulls(&self) -> Option<NullBuffer> {
        let runs = || self.cut.runs(self.place).flat_map(|start| &self.cells.kinds[start..start + self.cut.inner]);
        let absent = |kind: &Kind| matches!(kind, Kind::Null | Kind::Text);
        runs().any(absent).then(|| NullBuffer::new(BooleanBuffer::from_iter(runs().map(|kind| !absent(kind)))))
    }

    fn whole_numbers(&self) -> Result<Vec<i64>, DecodeError> {
        let mut values = Vec::with_capacity(self.cut.rows());
        for start in self.cut.runs(self.place) {
            let run = start..start + self.cut.inner;
            // A run of whole numbers is copied as it stands; only its least one can be a leaked mark.
            let whole = self.cells.kinds[run.clone()].iter().all(|kind| *kind == Kind::Whole);
            let least = self.cells.bits[run.clone()].iter().min();
            if whole && least.is_none_or(|least| *least > LEAKED_BELOW as i64) {
                values.extend_from_slice(&self.cells.bits[run]);
                continue;
            }
            for flat in run {
                values.push(match self.cells.number(flat) {
                    None => 0,
                    Some(number) if number.float() <= LEAKED_BELOW => return Err(self.leaked(flat, number.float())),
                    Some(number) => number.whole().ok_or_else(|| {
                        self.fault(flat, number.float(), "not a whole number, though the table says 0 decimals")
                    })?,
                });
            }
        }
        Ok(values)
    }

    fn floats(&self) -> Result<Vec<f64>, DecodeError> {
        let mut values = Vec::with_capacity(self.cut.rows());
        for start in self.cut.runs(self.place) {
            for flat in start..start + self.cut.inner {
                let number = self.cells.number(flat).map_or(0.0, crate::decode::number::Number::float);
                if number <= LEAKED_BELOW {
                    return Err(self.leaked(flat, number));
                }
                values.push(number);
            }
        }
        Ok(values)
    }

    /// Status keys and symbol keys. A null is what its symbol means; a value may carry a symbol
    /// that says how good it is, and keeps it when it says something else.
    fn flags(
        &self,
        nulls: Option<&NullBuffer>,
        statuses: Option<&[i8]>,
        meanings: &[Option<Status>],
    ) -> (Int8Array, Int8Array) {
        let rows = self.cut.rows();
        let Some(statuses) = statuses else {
            let mut keys = vec![Status::Observed as i8; rows];
            if let Some(nulls) = nulls {
                for (key, valid) in keys.iter_mut().zip(nulls) {
                    if !valid {
                        *key = Status::Missing as i8;
                    }
                }
            }
            return (Int8Array::from(keys), Int8Array::new_null(rows));
        };
        let meaning = |symbol: i8| usize::try_from(symbol).ok().and_then(|place| meanings[place]);
        let with_value = |symbol| meaning(symbol).filter(|status| status.has_value()).unwrap_or(Status::Observed);
        let without = |symbol| meaning(symbol).filter(|status| !status.has_value()).unwrap_or(Status::Missing);
        let mut keys = Vec::with_capacity(rows);
        let mut symbols = Vec::with_capacity(rows);
        for start in self.cut.runs(self.place) {
            let run = start..start + self.cut.inner;
            for (symbol, kind) in statuses[run.clone()].iter().zip(&self.cells.kinds[run]) {
                let status = match kind {
                    Kind::Whole | Kind::Float => with_value(*symbol),
                    Kind::Null | Kind::Text => without(*symbol),
                };
                keys.push(status as i8);
                symbols.push(*symbol);
            }
        }
        let known = NullBuffer::new(BooleanBuffer::from_iter(symbols.iter().map(|symbol| *symbol != NONE)));
        // A key under a null is never looked at, but must not be negative.
        symbols.iter_mut().for_each(|symbol| *symbol = (*symbol).max(0));
        (Int8Array::from(keys), Int8Array::new(symbols.into(), Some(known)))
    }

    fn leaked(&self, flat: usize, number: f64) -> DecodeError {
        self.fault(flat, number, "a mark of the source for a missing value that has leaked out")
    }

    fn fault(&self, flat: usize, number: f64, why: &'static str) -> DecodeError {
        let dimensions = self.layout.dimensions.iter().map(|dimension| &dimension.id);
        let cell: Vec<String> = dimensions
            .chain(&self.layout.metric)
            .filter_map(|id| self.cube.place_of(id).map(|axis| format!("{id}={}", self.cube.code_at(axis, flat))))
            .collect();
        DecodeError::Value { cell: cell.join(", "), value: number.to_string(), why }
    }
}
