//! A column of a batch, its type looked up once for all its rows.

use std::cmp::Ordering;

use arrow::array::{Array, AsArray, Date32Array, Float64Array, Int64Array, StringViewArray};
use arrow::datatypes::{Date32Type, Float64Type, Int64Type};

use super::columns::Kind;

#[derive(Clone, Debug)]
pub enum Cells {
    Text(StringViewArray),
    Int(Int64Array),
    /// With the power of ten of its decimals.
    Float(Float64Array, Option<f64>),
    Date(Date32Array),
}

/// A text of at most this many bytes is its view.
const INLINE: u32 = 12;

impl Cells {
    /// The column must have the type that [`Kind`] names.
    pub fn of(column: &dyn Array, kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Text(column.as_string_view().clone()),
            Kind::Int => Self::Int(column.as_primitive::<Int64Type>().clone()),
            Kind::Float(scale) => Self::Float(column.as_primitive::<Float64Type>().clone(), scale),
            Kind::Date => Self::Date(column.as_primitive::<Date32Type>().clone()),
        }
    }

    fn nulls(&self) -> bool {
        match self {
            Self::Text(cells) => cells.null_count() > 0,
            Self::Int(cells) => cells.null_count() > 0,
            Self::Float(cells, _) => cells.null_count() > 0,
            Self::Date(cells) => cells.null_count() > 0,
        }
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Text(cells) => cells.is_null(row),
            Self::Int(cells) => cells.is_null(row),
            Self::Float(cells, _) => cells.is_null(row),
            Self::Date(cells) => cells.is_null(row),
        }
    }

    pub fn text(&self, row: usize) -> Option<&str> {
        match self {
            Self::Text(cells) => cells.is_valid(row).then(|| cells.value(row)),
            _ => None,
        }
    }

    pub fn int(&self, row: usize) -> Option<i64> {
        match self {
            Self::Int(cells) => cells.is_valid(row).then(|| cells.value(row)),
            _ => None,
        }
    }

    pub fn float(&self, row: usize) -> Option<f64> {
        match self {
            Self::Float(cells, _) => cells.is_valid(row).then(|| cells.value(row)),
            _ => None,
        }
    }

    pub fn date(&self, row: usize) -> Option<i32> {
        match self {
            Self::Date(cells) => cells.is_valid(row).then(|| cells.value(row)),
            _ => None,
        }
    }

    /// The order of the published rows: bytes of text, nulls last.
    pub fn compare(&self, row: usize, other: &Self, at: usize) -> Ordering {
        match (self.is_null(row), other.is_null(at)) {
            (false, false) => {}
            (null, other) => return null.cmp(&other),
        }
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => one.value(row).cmp(other.value(at)),
            (Self::Int(one), Self::Int(other)) => one.value(row).cmp(&other.value(at)),
            (Self::Date(one), Self::Date(other)) => one.value(row).cmp(&other.value(at)),
            (Self::Float(one, _), Self::Float(other, _)) => one.value(row).total_cmp(&other.value(at)),
            _ => Ordering::Equal,
        }
    }

    /// Whether two values are one to a reader: floats as rounded to their decimals, a null as another.
    pub fn same(&self, row: usize, other: &Self, at: usize) -> bool {
        let (null, other_null) = (self.is_null(row), other.is_null(at));
        null == other_null && (null || self.same_value(row, other, at))
    }

    fn same_value(&self, row: usize, other: &Self, at: usize) -> bool {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => same_text(one, row, other, at),
            (Self::Int(one), Self::Int(other)) => one.value(row) == other.value(at),
            (Self::Date(one), Self::Date(other)) => one.value(row) == other.value(at),
            (Self::Float(one, scale), Self::Float(other, _)) => same_float(one.value(row), other.value(at), *scale),
            _ => true,
        }
    }

    /// Whether `rows` values from `row` are those from `at`.
    pub fn same_run(&self, row: usize, other: &Self, at: usize, rows: usize) -> bool {
        if !self.nulls() && !other.nulls() {
            match (self, other) {
                (Self::Int(one), Self::Int(other)) => {
                    return one.values()[row..row + rows] == other.values()[at..at + rows];
                }
                (Self::Date(one), Self::Date(other)) => {
                    return one.values()[row..row + rows] == other.values()[at..at + rows];
                }
                (Self::Text(one), Self::Text(other)) => {
                    return (0..rows).all(|step| same_text(one, row + step, other, at + step));
                }
                _ => {}
            }
        }
        (0..rows).all(|step| self.same(row + step, other, at + step))
    }

    /// Sets `bits` in the mask of every row that differs; how many did.
    pub fn mark(&self, row: usize, other: &Self, at: usize, mask: &mut [u8], bits: u8) -> u64 {
        if self.identical(row, other, at, mask.len()) {
            return 0;
        }
        let mut differing = 0;
        for (step, marks) in mask.iter_mut().enumerate() {
            if !self.same(row + step, other, at + step) {
                *marks |= bits;
                differing += 1;
            }
        }
        differing
    }

    /// Bit for bit, where that is quick to see.
    fn identical(&self, row: usize, other: &Self, at: usize, rows: usize) -> bool {
        match (self, other) {
            (Self::Float(one, _), Self::Float(theirs, _)) if !self.nulls() && !other.nulls() => {
                one.values()[row..row + rows] == theirs.values()[at..at + rows]
            }
            (Self::Float(..), _) => false,
            _ => self.same_run(row, other, at, rows),
        }
    }
}

fn same_text(one: &StringViewArray, row: usize, other: &StringViewArray, at: usize) -> bool {
    let (view, theirs) = (one.views()[row], other.views()[at]);
    // The low half of a view is the text's length.
    if view as u32 <= INLINE || view as u64 != theirs as u64 {
        return view == theirs;
    }
    one.value(row) == other.value(at)
}

fn same_float(one: f64, other: f64, scale: Option<f64>) -> bool {
    if one == other || (one.is_nan() && other.is_nan()) {
        return true;
    }
    scale.is_some_and(|scale| (one * scale).round() == (other * scale).round())
}
