//! The shape of a cube: its dimensions in their order, the codes of each in
//! theirs, and where a cell lies. Sizes are multiplied with care; no cell is
//! touched here.

use std::collections::HashSet;

use super::MAX_CELLS;
use super::document::{Document, RawCategory, RawIndex};
use crate::decode::DecodeError;

#[derive(Debug)]
pub(super) struct Axis {
    pub(super) id: String,
    /// By position.
    pub(super) codes: Vec<String>,
}

/// Row-major: the last axis moves fastest.
#[derive(Debug)]
pub(super) struct Cube {
    pub(super) axes: Vec<Axis>,
    pub(super) size: Vec<u64>,
    pub(super) cells: u64,
}

impl Cube {
    pub(super) fn of(document: &Document) -> Result<Self, DecodeError> {
        let size = document.size.clone();
        let cells = size
            .iter()
            .try_fold(1_u64, |cells, size| cells.checked_mul(*size))
            .filter(|cells| *cells <= MAX_CELLS)
            .ok_or_else(|| DecodeError::Shape(format!("the cube is {size:?}, more than {MAX_CELLS} cells")))?;
        Ok(Self { axes: Self::shape_of(document)?, size, cells })
    }

    /// The dimensions that `id` names, in its order; others that are described are not the cube's.
    /// A description of a table may be larger than any cube.
    pub(super) fn shape_of(document: &Document) -> Result<Vec<Axis>, DecodeError> {
        let Document { id, size, dimension, .. } = document;
        if id.len() != size.len() {
            return Err(DecodeError::Shape(format!("`id` names {} dimensions, `size` {}", id.len(), size.len())));
        }
        let mut names = HashSet::new();
        id.iter()
            .zip(size)
            .map(|(id, size)| {
                if !names.insert(id) {
                    return Err(DecodeError::Shape(format!("`id` names dimension {id:?} twice")));
                }
                let mut found = dimension.iter().filter(|(name, _)| name == id);
                match (found.next(), found.next()) {
                    (Some((_, raw)), None) => Ok(Axis { id: id.clone(), codes: codes(id, &raw.category, *size)? }),
                    (None, _) => Err(DecodeError::Shape(format!("dimension {id:?} of `id` is not described"))),
                    (Some(_), Some(_)) => Err(DecodeError::Shape(format!("dimension {id:?} is described twice"))),
                }
            })
            .collect()
    }

    pub(super) fn place_of(&self, id: &str) -> Option<usize> {
        self.axes.iter().position(|axis| axis.id == id)
    }

    /// How far apart two neighbours on this axis lie.
    pub(super) fn stride(&self, axis: usize) -> usize {
        self.axes[axis + 1..].iter().map(|axis| axis.codes.len()).product()
    }

    /// The code on this axis of a cell by flat index.
    pub(super) fn code_at(&self, axis: usize, flat: usize) -> &str {
        let codes = &self.axes[axis].codes;
        &codes[flat / self.stride(axis) % codes.len()]
    }
}

/// The codes by position.
fn codes(id: &str, category: &RawCategory, size: u64) -> Result<Vec<String>, DecodeError> {
    let fault = |what: String| DecodeError::Shape(format!("dimension {id:?}: {what}"));
    let codes: Vec<String> = match (&category.index, &category.label) {
        (Some(RawIndex::List(codes)), _) => codes.clone(),
        (Some(RawIndex::Positions(pairs)), _) => {
            let mut by_position: Vec<Option<&String>> = vec![None; pairs.0.len()];
            for (code, position) in &pairs.0 {
                let slot = usize::try_from(*position).ok().and_then(|position| by_position.get_mut(position));
                match slot {
                    Some(slot @ None) => *slot = Some(code),
                    _ => {
                        return Err(fault(format!(
                            "code {code:?} has position {position}, which is taken or beyond the last of {}",
                            pairs.0.len()
                        )));
                    }
                }
            }
            by_position.into_iter().flatten().cloned().collect()
        }
        (None, Some(labels)) if labels.0.len() == 1 => vec![labels.0[0].0.clone()],
        (None, _) => return Err(fault("`category.index` is missing, which only a single category may do".to_owned())),
    };
    if codes.len() as u64 != size {
        return Err(fault(format!("`size` is {size}, but there are {} categories", codes.len())));
    }
    let mut seen = HashSet::with_capacity(codes.len());
    if let Some(code) = codes.iter().find(|code| !seen.insert(code.as_str())) {
        return Err(fault(format!("code {code:?} comes twice")));
    }
    Ok(codes)
}
