//! JSON-stat 2.0 straight into Arrow: codes from positions, a status and a
//! symbol per value, measures side by side. The answer is held against what was
//! asked for, code by code. It follows no links, reads no older versions and
//! rounds nothing.

mod cells;
mod columns;
mod cube;
mod document;
pub(in crate::decode) mod foreign;
mod metadata;
pub mod older;
mod status;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use arrow::record_batch::RecordBatch;

use super::{DecodeError, Layout};
use cube::Cube;
use document::Document;

pub use metadata::{CubeDimension, CubeMeta, metadata};

/// No answer of a statistics API comes near; a lying `size` must not fill the memory.
const MAX_CELLS: u64 = 50_000_000;

/// Decodes one answer into a batch of `layout.schema()`: a row per combination of the dimensions
/// other than the metric one, in the answer's own order, the last dimension moving fastest.
///
/// # Errors
/// When the body is not such a dataset, when its figures don't add up (cells, statuses, positions),
/// when its dimensions or codes are others than the layout's, or when a value can't be what its
/// measure says.
pub fn decode(body: &[u8], layout: &Layout) -> Result<RecordBatch, DecodeError> {
    let mut document = Document::read(body, true)?;
    let cube = Cube::of(&document)?;
    hold_against(&cube, layout)?;
    let cells = document.value.take().unwrap_or_default().fit(&cube.size, cube.cells)?;
    let (symbols, statuses) = std::mem::take(&mut document.status).fit(&cube.size, cube.cells)?;
    columns::build(&cube, layout, &cells, symbols, statuses)
}

/// Dimensions and codes must be those that were asked for, in any order.
fn hold_against(cube: &Cube, layout: &Layout) -> Result<(), DecodeError> {
    if layout.metric.is_none() && layout.measures.len() != 1 {
        return Err(DecodeError::Shape(format!(
            "a cube without a metric dimension holds one measure, not {}",
            layout.measures.len()
        )));
    }
    let dimensions = layout.dimensions.iter().map(|d| (&d.id, d.codes.iter().collect::<HashSet<_>>()));
    let metric = layout.metric.iter().map(|id| (id, layout.measures.iter().map(|measure| &measure.code).collect()));
    let mut known = HashSet::new();
    for (id, asked) in dimensions.chain(metric) {
        known.insert(id);
        let place = cube.place_of(id).ok_or_else(|| DecodeError::DimensionLost(id.clone()))?;
        let answered: HashSet<&String> = cube.axes[place].codes.iter().collect();
        // In a stable order, so that the same fault always gives the same message.
        if let Some(code) = asked.difference(&answered).min() {
            return Err(DecodeError::CodeLost { dimension: id.clone(), code: (*code).clone() });
        }
        if let Some(code) = answered.difference(&asked).min() {
            return Err(DecodeError::CodeUnasked { dimension: id.clone(), code: (*code).clone() });
        }
    }
    match cube.axes.iter().find(|axis| !known.contains(&axis.id)) {
        Some(axis) => Err(DecodeError::DimensionUnasked(axis.id.clone())),
        None => Ok(()),
    }
}
