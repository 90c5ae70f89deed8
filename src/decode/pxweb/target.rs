//! The cube that was asked for, to be filled by rows that come in any order; each
//! cell must come, and once.

use std::collections::HashMap;

use arrow::record_batch::RecordBatch;

use crate::decode::json_stat::CubeMeta;
use crate::decode::json_stat::foreign::{Filling, cells};
use crate::decode::number;
use crate::decode::{DecodeError, Layout};

pub(super) struct Target<'a> {
    layout: &'a Layout,
    pub(super) axes: Vec<Axis>,
    filling: Filling,
    seen: Vec<bool>,
}

pub(super) struct Axis {
    pub(super) id: String,
    /// The dimension's own name, where the source told it.
    pub(super) label: String,
    /// As they were asked for.
    pub(super) codes: Vec<String>,
    /// What the source calls each code; the code where it did not tell.
    pub(super) labels: Vec<String>,
    /// By code or label, trimmed; none where several codes have the label.
    places: HashMap<String, Option<usize>>,
}

impl Axis {
    /// The place of a code or label. Where several codes share a label, the one that is expected there.
    pub(super) fn place(&self, text: &str, expected: usize) -> Option<usize> {
        let text = text.trim();
        if self.codes.get(expected).is_some_and(|code| code == text)
            || self.labels.get(expected).is_some_and(|label| label == text)
        {
            return Some(expected);
        }
        self.places.get(text).copied().flatten()
    }

    /// Whether a column of this name is this dimension.
    pub(super) fn is_called(&self, name: &str) -> bool {
        let name = name.trim();
        name == self.id || name == self.label || name == format!("{} - {}", self.id, self.label)
    }
}

impl<'a> Target<'a> {
    /// With the dimensions in the table's order.
    pub(super) fn new(layout: &'a Layout, meta: &CubeMeta) -> Result<Self, DecodeError> {
        let mut ids: Vec<&String> = meta.dimensions.iter().map(|one| &one.id).collect();
        let of_layout = || layout.dimensions.iter().map(|one| &one.id).chain(&layout.metric);
        ids.retain(|id| of_layout().any(|one| one == *id));
        let unknown: Vec<&String> = of_layout().filter(|id| !ids.contains(id)).collect();
        ids.extend(unknown);
        let axes: Vec<Axis> = ids.into_iter().map(|id| axis(id, layout, meta)).collect();
        let total = cells(axes.iter().map(|axis| axis.codes.len()))?;
        Ok(Self { layout, axes, filling: Filling::new(total), seen: vec![false; total] })
    }

    /// A cell by its place on each axis, in their order.
    pub(super) fn put(&mut self, places: &[usize], text: &str, row: u64) -> Result<(), DecodeError> {
        let at = self.axes.iter().zip(places).fold(0, |at, (axis, place)| at * axis.codes.len() + place);
        if std::mem::replace(&mut self.seen[at], true) {
            return Err(DecodeError::Shape(format!("row {row}: the cell comes twice")));
        }
        let text = text.trim();
        match number::parse(text) {
            Some(number) => self.filling.put(at, number),
            // Neither writer leaves out a symbol: this is where a body was cut.
            None if text.is_empty() => return Err(DecodeError::Shape(format!("row {row}: a cell is empty"))),
            None => self.filling.absent(at, text)?,
        }
        Ok(())
    }

    pub(super) fn batch(self) -> Result<RecordBatch, DecodeError> {
        let came = self.seen.iter().filter(|seen| **seen).count();
        if came != self.seen.len() {
            return Err(DecodeError::Shape(format!("{} cells were asked for, but {came} came", self.seen.len())));
        }
        self.filling.batch(self.axes.into_iter().map(|axis| (axis.id, axis.codes)).collect(), self.layout)
    }
}

fn axis(id: &str, layout: &Layout, meta: &CubeMeta) -> Axis {
    let dimension = layout.dimensions.iter().find(|one| one.id == id);
    let measures = || layout.measures.iter().map(|measure| measure.code.clone()).collect();
    let codes: Vec<String> = dimension.map_or_else(measures, |one| one.codes.clone());
    let known = meta.dimensions.iter().find(|one| one.id == id);
    let texts: HashMap<&str, &str> = known
        .map(|one| one.codes.iter().map(|(code, label)| (code.as_str(), label.trim())).collect())
        .unwrap_or_default();
    let labels: Vec<String> =
        codes.iter().map(|code| texts.get(code.as_str()).map_or_else(|| code.clone(), ToString::to_string)).collect();
    let mut places: HashMap<String, Option<usize>> = HashMap::new();
    for (place, label) in labels.iter().enumerate() {
        places.entry(label.clone()).and_modify(|place| *place = None).or_insert(Some(place));
    }
    // A code is a code, whatever else is called so.
    for (place, code) in codes.iter().enumerate() {
        places.insert(code.clone(), Some(place));
        places.entry(format!("{code} - {}", labels[place])).or_insert(Some(place));
    }
    Axis {
        id: id.to_owned(),
        label: known.map_or_else(|| id.to_owned(), |one| one.label.trim().to_owned()),
        codes,
        labels,
        places,
    }
}
