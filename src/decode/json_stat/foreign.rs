//! Cubes that were read from another format, filled cell by cell and then built
//! by the same rules as JSON-stat's own: what was asked for is what must be there,
//! and every cell gets its status.

use arrow::record_batch::RecordBatch;

use super::cells::{Cells, Kind};
use super::cube::{Axis, Cube};
use super::status::{NONE, Symbols};
use super::{MAX_CELLS, columns, hold_against};
use crate::decode::number::Number;
use crate::decode::{DecodeError, Layout};

/// All cells of a cube; those that nothing was said of are null and have no symbol.
pub(in crate::decode) struct Filling {
    cells: Cells,
    symbols: Symbols,
    marks: Vec<i8>,
    any_mark: bool,
}

/// Cells of a cube of so many codes per dimension, where that is no more than any answer's.
pub(in crate::decode) fn cells(sizes: impl Iterator<Item = usize>) -> Result<usize, DecodeError> {
    let sizes: Vec<u64> = sizes.map(|size| size as u64).collect();
    sizes
        .iter()
        .try_fold(1_u64, |cells, size| cells.checked_mul(*size))
        .filter(|cells| *cells <= MAX_CELLS)
        .and_then(|cells| usize::try_from(cells).ok())
        .ok_or_else(|| DecodeError::Shape(format!("the cube is {sizes:?}, more than {MAX_CELLS} cells")))
}

impl Filling {
    pub(in crate::decode) fn new(cells: usize) -> Self {
        let mut filled = Cells::default();
        filled.kinds.resize(cells, Kind::Null);
        filled.bits.resize(cells, 0);
        Self { cells: filled, symbols: Symbols::default(), marks: vec![NONE; cells], any_mark: false }
    }

    pub(in crate::decode) fn put(&mut self, at: usize, number: Number) {
        let (kind, bits) = match number {
            Number::Whole(number) => (Kind::Whole, number),
            Number::Float(number) => (Kind::Float, number.to_bits().cast_signed()),
        };
        self.cells.kinds[at] = kind;
        self.cells.bits[at] = bits;
    }

    /// A symbol in the place of a value.
    pub(in crate::decode) fn absent(&mut self, at: usize, symbol: &str) -> Result<(), DecodeError> {
        self.cells.kinds[at] = Kind::Null;
        self.cells.bits[at] = 0;
        self.mark(at, symbol)
    }

    /// A symbol beside whatever there is.
    pub(in crate::decode) fn mark(&mut self, at: usize, symbol: &str) -> Result<(), DecodeError> {
        self.marks[at] = self.symbols.place(symbol).map_err(DecodeError::Shape)?;
        self.any_mark = true;
        Ok(())
    }

    pub(in crate::decode) fn is_marked(&self, at: usize) -> bool {
        self.marks[at] != NONE
    }

    /// The batch of a cube with these dimensions, ids and codes, the last moving fastest.
    pub(in crate::decode) fn batch(
        self,
        axes: Vec<(String, Vec<String>)>,
        layout: &Layout,
    ) -> Result<RecordBatch, DecodeError> {
        let axes: Vec<Axis> = axes.into_iter().map(|(id, codes)| Axis { id, codes }).collect();
        let size = axes.iter().map(|axis| axis.codes.len() as u64).collect();
        let cube = Cube { axes, size, cells: self.cells.kinds.len() as u64 };
        hold_against(&cube, layout)?;
        let marks = self.any_mark.then_some(self.marks);
        columns::build(&cube, layout, &self.cells, self.symbols, marks)
    }
}
