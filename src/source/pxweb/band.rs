//! Calls that together hold a stretch of the outermost column of the rows' order:
//! a *band*. Where none of them reaches over a border, the rows on either side of
//! it come from different calls.

use std::ops::Range;

use super::query::Query;
use crate::contract::Period;

/// Cells that a band may hold: some 11 bytes each.
const MOST_CELLS: u64 = 6_000_000;

/// A box of a call: a range of positions per axis.
pub type Box = Vec<Range<usize>>;

/// Calls in bands, each a stretch of the outermost axis.
#[derive(Debug)]
pub struct Bands {
    /// The axes from the outermost to the one that moves fastest.
    pub order: Vec<usize>,
    bands: Vec<Band>,
}

#[derive(Debug)]
struct Band {
    stretch: Range<usize>,
    boxes: Vec<Box>,
}

impl Bands {
    /// `None` where the wish names none of the table's columns, where the outermost column's codes are in another
    /// order than their texts, or where a band would be too large.
    pub fn of(query: &Query, boxes: impl Iterator<Item = Box>, wish: &[String]) -> Option<Self> {
        let columns = query.columns();
        let place = |name: &String| {
            let name = if name == "period_start" { "period" } else { name };
            columns.iter().position(|column| *column == name)
        };
        let mut order: Vec<usize> = Vec::new();
        for axis in wish.iter().filter_map(place) {
            if !order.contains(&axis) {
                order.push(axis);
            }
        }
        let outermost = *order.first()?;
        order.extend((0..columns.len()).filter(|axis| !order.contains(axis)).collect::<Vec<_>>());
        let ranks = ranks(query.codes_of(outermost));
        if !ranks.is_sorted() {
            return None;
        }
        let boxes: Vec<Box> = boxes.collect();
        let bands = banded(boxes, outermost, query.codes_of(outermost).len());
        let across: u64 = (0..columns.len())
            .filter(|axis| *axis != outermost)
            .map(|axis| query.codes_of(axis).len() as u64)
            .product::<u64>()
            .saturating_mul(query.per_row());
        let longest = bands.iter().map(|band| band.stretch.len() as u64).max()?;
        (across.saturating_mul(longest) <= MOST_CELLS).then_some(Self { order, bands })
    }

    /// Every call's box, band after band.
    pub fn boxes(&self) -> impl Iterator<Item = Box> + '_ {
        self.bands.iter().flat_map(|band| band.boxes.iter().cloned())
    }

    /// Each band's stretch of the outermost axis, and how many calls it takes.
    pub fn stretches(&self) -> Vec<(Range<usize>, usize)> {
        self.bands.iter().map(|band| (band.stretch.clone(), band.boxes.len())).collect()
    }
}

/// Parts the boxes where none of them reaches over.
fn banded(mut boxes: Vec<Box>, axis: usize, size: usize) -> Vec<Band> {
    let mut reached_over = vec![false; size];
    for ranges in &boxes {
        if let Some(inner) = reached_over.get_mut(ranges[axis].start + 1..ranges[axis].end) {
            inner.fill(true);
        }
    }
    // Stable, so that the calls of a band keep the planner's order.
    boxes.sort_by_key(|ranges| {
        let start = ranges[axis].start;
        (0..=start).rev().find(|place| !reached_over[*place]).unwrap_or(0)
    });
    let mut bands: Vec<Band> = Vec::new();
    for ranges in boxes {
        let own = ranges[axis].clone();
        match bands.last_mut() {
            Some(band) if own.start < band.stretch.end || reached_over[own.start] => {
                band.stretch.end = band.stretch.end.max(own.end);
                band.stretch.start = band.stretch.start.min(own.start);
                band.boxes.push(ranges);
            }
            _ => bands.push(Band { stretch: own, boxes: vec![ranges] }),
        }
    }
    bands
}

/// The rank of each code: by its period's first day where all are periods, by its text otherwise.
pub fn ranks(codes: &[String]) -> Vec<usize> {
    let starts: Option<Vec<_>> = codes.iter().map(|code| Period::parse(code).map(|period| period.start)).collect();
    let mut order: Vec<usize> = (0..codes.len()).collect();
    // Codes of other things may look like years and be sorted alike; what matters is seen in the rows later.
    match starts {
        Some(starts) => order.sort_by(|a, b| (starts[*a], &codes[*a]).cmp(&(starts[*b], &codes[*b]))),
        None => order.sort_by(|a, b| codes[*a].cmp(&codes[*b])),
    }
    let mut ranks = vec![0; codes.len()];
    for (rank, place) in order.into_iter().enumerate() {
        ranks[place] = rank;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(cuts: &[(usize, usize)], inner: usize) -> Vec<Box> {
        cuts.iter().flat_map(|(from, to)| (0..inner).map(|at| vec![*from..*to, at..at + 1])).collect()
    }

    fn stretches(boxes: Vec<Box>, axis: usize, size: usize) -> Vec<(Range<usize>, usize)> {
        banded(boxes, axis, size).iter().map(|band| (band.stretch.clone(), band.boxes.len())).collect()
    }

    #[test]
    fn a_band_ends_where_no_call_reaches_over() {
        assert_eq!(stretches(grid(&[(0, 3), (3, 5)], 2), 0, 5), [(0..3, 2), (3..5, 2)]);
        // By the other dimension every call is alike.
        assert_eq!(stretches(grid(&[(0, 3), (3, 5)], 2), 1, 2), [(0..1, 2), (1..2, 2)]);
        let overlapping = vec![vec![0..2], vec![2..3], vec![1..2], vec![0..1]];
        assert_eq!(stretches(overlapping, 0, 3), [(0..2, 3), (2..3, 1)]);
        assert_eq!(stretches(vec![vec![2..4], vec![0..3]], 0, 4), [(0..4, 2)]);
    }

    #[test]
    fn periods_are_ranked_by_their_days_and_codes_by_their_text() {
        let codes = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>();
        assert_eq!(ranks(&codes(&["HT2024", "VT2024", "HT2023"])), [2, 1, 0]);
        assert_eq!(ranks(&codes(&["b", "A-U", "100+", "a"])), [3, 1, 0, 2]);
        assert!(ranks(&codes(&["00", "01", "0114", "25"])).is_sorted());
    }
}
