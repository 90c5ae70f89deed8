//! A cube's cells as Arrow columns. Code keys come from strides; a measure's
//! cells are picked as the slices they lie in.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{ArrayRef, DictionaryArray, Float64Array, Int8Array, Int32Array, Int64Array, StringArray};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{Int8Type, Int32Type};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

use super::cells::{Cells, Kind, cell};
use super::cube::Cube;
use super::status::{NONE, Symbols};
use crate::config::{SourceKind, ValueType};
use crate::contract::Status;
use crate::decode::number::Number;
use crate::decode::{DecodeError, Layout, Measure};

/// `PxWeb`'s in-memory marks for missing values lie at -1e15 and beyond; no statistic does.
const LEAKED_BELOW: f64 = -1e15;
const LEAKED: &str = "a mark of the source for a missing value that has leaked out";
const NOT_WHOLE: &str = "not a whole number, though the table says 0 decimals";

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

    /// The cells of one measure by row; with one measure they are all there is.
    fn pick<'a, T: Clone>(&self, measure: usize, cells: &'a [T]) -> Cow<'a, [T]> {
        if self.measures == 1 {
            return Cow::Borrowed(cells);
        }
        let mut picked = Vec::with_capacity(self.rows());
        for outer in 0..self.outer {
            let start = (outer * self.measures + measure) * self.inner;
            picked.extend_from_slice(&cells[start..start + self.inner]);
        }
        Cow::Owned(picked)
    }

    /// The flat index of a measure's row.
    const fn flat(&self, measure: usize, row: usize) -> usize {
        (row / self.inner * self.measures + measure) * self.inner + row % self.inner
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
        let kinds = cut.pick(place, &cells.kinds);
        let bits = cut.pick(place, &cells.bits);
        let symbols = statuses.as_ref().map(|statuses| cut.pick(place, statuses));
        let picked = Picked { kinds: &kinds, bits: &bits, symbols: symbols.as_deref() };
        let name = |row| name(cube, layout, cut.flat(place, row));
        columns.push(picked.values(measure, name)?);
        let (status, symbol) =
            picked.flags(&meanings).map_err(|row| picked.contradiction(row, name(row), &names, &meanings))?;
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

/// The cell's codes, for a message.
fn name(cube: &Cube, layout: &Layout, flat: usize) -> String {
    let dimensions = layout.dimensions.iter().map(|dimension| &dimension.id);
    let cell: Vec<String> = dimensions
        .chain(&layout.metric)
        .filter_map(|id| cube.place_of(id).map(|axis| format!("{id}={}", cube.code_at(axis, flat))))
        .collect();
    cell.join(", ")
}

/// One measure's cells, by row.
struct Picked<'a> {
    kinds: &'a [Kind],
    bits: &'a [i64],
    symbols: Option<&'a [i8]>,
}

impl Picked<'_> {
    fn values(&self, measure: &Measure, name: impl Fn(usize) -> String) -> Result<ArrayRef, DecodeError> {
        let fault = |(row, number, why): Fault| DecodeError::Value { cell: name(row), value: number.to_string(), why };
        Ok(match measure.kind {
            ValueType::Int64 => Arc::new(Int64Array::new(self.whole().map_err(fault)?.into(), self.nulls())),
            ValueType::Float64 => Arc::new(Float64Array::new(self.floats().map_err(fault)?.into(), self.nulls())),
            ValueType::Text => {
                let column = &measure.column;
                return Err(DecodeError::Shape(format!("measure {column:?} is declared as text, which no cube holds")));
            }
        })
    }

    fn nulls(&self) -> Option<NullBuffer> {
        let present = |kind: Kind| matches!(kind, Kind::Whole | Kind::Float);
        let all = self.kinds.iter().all(|kind| present(*kind));
        (!all).then(|| BooleanBuffer::collect_bool(self.kinds.len(), |row| present(self.kinds[row])).into())
    }

    fn whole(&self) -> Result<Vec<i64>, Fault> {
        let cells = self.kinds.iter().zip(self.bits).enumerate();
        cells
            .map(|(row, (kind, bits))| match cell(*kind, *bits) {
                None => Ok(0),
                Some(number) if number.float() <= LEAKED_BELOW => Err((row, number.float(), LEAKED)),
                Some(number) => number.whole().ok_or((row, number.float(), NOT_WHOLE)),
            })
            .collect()
    }

    fn floats(&self) -> Result<Vec<f64>, Fault> {
        let cells = self.kinds.iter().zip(self.bits).enumerate();
        cells
            .map(|(row, (kind, bits))| {
                let number = cell(*kind, *bits).map_or(0.0, Number::float);
                if number <= LEAKED_BELOW { Err((row, number, LEAKED)) } else { Ok(number) }
            })
            .collect()
    }

    /// Status keys and symbol keys. A null is what its symbol means, and missing where that is a value. A value
    /// may carry a symbol that says how good it is, or one that nobody knows: a note, which is kept. One that
    /// says that there is no value contradicts it; the error is the row.
    fn flags(&self, meanings: &[Option<Status>]) -> Result<(Int8Array, Int8Array), usize> {
        let rows = self.kinds.len();
        // By symbol, the first for none: what it says of a value and of a null.
        let meanings = || std::iter::once(&None).chain(meanings);
        let absent = |status: &Option<Status>| status.filter(|status| !status.has_value()).unwrap_or(Status::Missing);
        let of_value: Vec<Option<i8>> = meanings()
            .map(|status| status.unwrap_or(Status::Observed))
            .map(|status| status.has_value().then_some(status as i8))
            .collect();
        let of_null: Vec<i8> = meanings().map(|status| absent(status) as i8).collect();
        let key = |row: usize, symbol: i8| {
            let place = usize::from((symbol + 1).unsigned_abs());
            let value = matches!(self.kinds[row], Kind::Whole | Kind::Float);
            if value { of_value[place].ok_or(row) } else { Ok(of_null[place]) }
        };
        let Some(symbols) = self.symbols else {
            let keys = (0..rows).map(|row| key(row, NONE)).collect::<Result<Vec<i8>, _>>()?;
            return Ok((Int8Array::from(keys), Int8Array::new_null(rows)));
        };
        let keys = (0..rows).map(|row| key(row, symbols[row])).collect::<Result<Vec<i8>, _>>()?;
        let known = BooleanBuffer::collect_bool(rows, |row| symbols[row] != NONE);
        // A key under a null is never looked at, but must not be negative.
        let places: Vec<i8> = symbols.iter().map(|symbol| (*symbol).max(0)).collect();
        Ok((Int8Array::from(keys), Int8Array::new(places.into(), Some(known.into()))))
    }

    fn contradiction(
        &self,
        row: usize,
        cell_name: String,
        names: &StringArray,
        meanings: &[Option<Status>],
    ) -> DecodeError {
        let place = self.symbols.and_then(|symbols| usize::try_from(symbols[row]).ok()).unwrap_or_default();
        DecodeError::Contradiction {
            cell: cell_name,
            value: match cell(self.kinds[row], self.bits[row]) {
                Some(Number::Whole(number)) => number.to_string(),
                Some(Number::Float(number)) => number.to_string(),
                None => String::new(),
            },
            symbol: names.value(place).to_owned(),
            status: meanings[place].unwrap_or(Status::Missing),
            kind: SourceKind::Pxweb,
        }
    }
}

/// Row, number and what is wrong with it.
type Fault = (usize, f64, &'static str);
