//! Splits a selection into the fewest calls that respect a cell limit.
//!
//! Every call asks for a box: a run of codes of each dimension. Even runs of
//! every dimension make a grid, and the planner looks for the grid of fewest
//! boxes. Where that is more than the cells demand, [`Cuts`] divides the cube
//! first, so that each part may have a grid of its own. It never splits the
//! measures: one row must come out of one call.

use std::collections::HashMap;
use std::ops::Range;

use super::super::chunk::nth_run;
use super::cuts::Cuts;

/// The most cells in a call, whatever the source allows: an answer is held in memory while it is
/// decoded, and a smaller part is a smaller loss when a run is interrupted.
const MOST_CELLS: u64 = 5_000_000;

/// Grids that together cover the cube, and the box of every call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    grids: Vec<Grid>,
    /// Cells in all.
    pub cells: u64,
    /// Boxes in all.
    pub calls: u64,
    /// Cells over limit, rounded up: no way of asking could need fewer calls.
    pub lower_bound: u64,
}

/// A part of the cube, each of its dimensions in even runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Where the part begins, per dimension.
    pub start: Vec<u64>,
    /// Number of codes per dimension.
    pub sizes: Vec<u64>,
    /// Number of runs per dimension.
    pub runs: Vec<u64>,
}

impl Grid {
    /// The grid of fewest boxes with at most `room` rows each.
    pub fn new(start: Vec<u64>, sizes: Vec<u64>, room: u64) -> Self {
        // Dimensions of one code cannot be split.
        let long: Vec<usize> = (0..sizes.len()).filter(|&dimension| sizes[dimension] > 1).collect();
        let mut runs = vec![1; sizes.len()];
        if rows(&sizes) > room {
            let search = Search::new(long.iter().map(|&dimension| sizes[dimension]));
            for (dimension, number) in long.into_iter().zip(search.runs(room)) {
                runs[dimension] = number;
            }
        }
        Self { start, sizes, runs }
    }

    pub fn boxes(&self) -> u64 {
        self.runs.iter().product()
    }

    /// A box in row-major order: a range of positions per dimension.
    fn nth_box(&self, nth: u64) -> Vec<Range<usize>> {
        let mut rest = nth;
        let mut ranges: Vec<Range<usize>> = Vec::with_capacity(self.sizes.len());
        for ((start, size), runs) in self.start.iter().zip(&self.sizes).zip(&self.runs).rev() {
            let run = nth_run(*size, *runs, rest % runs);
            let start = usize::try_from(*start).unwrap_or(usize::MAX);
            ranges.push(start + run.start..start + run.end);
            rest /= runs;
        }
        ranges.reverse();
        ranges
    }
}

/// Combinations of codes. Whoever has cells to ask for has counted that they can be counted.
pub fn rows(sizes: &[u64]) -> u64 {
    sizes.iter().product()
}

/// The cells of a single row exceed the limit, or the cells in all exceed counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DoesNotFit {
    pub cells: u64,
}

impl Split {
    /// `per_row` is the number of cells that belong together in every row; a `limit` of 0 is none.
    pub fn new(sizes: &[u64], per_row: u64, limit: u64) -> Result<Self, DoesNotFit> {
        let cells = sizes.iter().try_fold(per_row, |product, size| product.checked_mul(*size));
        let cells = cells.ok_or(DoesNotFit { cells: u64::MAX })?;
        let limit = if limit == 0 { MOST_CELLS } else { limit.min(MOST_CELLS) };
        if per_row > limit {
            return Err(DoesNotFit { cells: per_row });
        }
        let room = limit / per_row.max(1);
        let whole = Grid::new(vec![0; sizes.len()], sizes.to_vec(), room);
        // A call holds whole rows, so in rows is measured what is demanded.
        let grids = if whole.boxes() > rows(sizes).div_ceil(room) { Cuts::new(room).grids(whole) } else { vec![whole] };
        let calls = grids.iter().map(Grid::boxes).sum();
        Ok(Self { grids, cells, calls, lower_bound: cells.div_ceil(limit) })
    }

    /// The boxes, each a range of positions per dimension.
    pub fn boxes(&self) -> impl Iterator<Item = Vec<Range<usize>>> + '_ {
        self.grids.iter().flat_map(|grid| (0..grid.boxes()).map(|nth| grid.nth_box(nth)))
    }
}

/// Finds the numbers of runs, dimension by dimension. What the rest of the dimensions may hold
/// depends only on the room left, and dividing the limit again and again leaves few different
/// rooms, so every (dimension, room) is solved once.
struct Search {
    /// Per dimension: (longest run, number of runs), shortest run first, without useless ones.
    choices: Vec<Vec<(u64, u64)>>,
    solved: HashMap<(usize, u64), (u64, u64)>,
}

impl Search {
    fn new(sizes: impl Iterator<Item = u64>) -> Self {
        let choices = sizes
            .map(|size| {
                let mut choices: Vec<(u64, u64)> = Vec::new();
                // From the finest division to the whole; the fewest runs for each length.
                let mut runs = size.max(1);
                loop {
                    let longest = size.div_ceil(runs).max(1);
                    let fewest = size.div_ceil(longest).max(1);
                    choices.push((longest, fewest));
                    if fewest == 1 {
                        break choices;
                    }
                    runs = fewest - 1;
                }
            })
            .collect();
        Self { choices, solved: HashMap::new() }
    }

    fn runs(mut self, room: u64) -> Vec<u64> {
        let mut runs = Vec::with_capacity(self.choices.len());
        let mut room = room;
        for dimension in 0..self.choices.len() {
            self.fewest(dimension, room);
            let (_, choice) = self.solved[&(dimension, room)];
            let (longest, number) = self.choices[dimension][usize::try_from(choice).unwrap_or_default()];
            runs.push(number);
            room /= longest;
        }
        runs
    }

    /// The fewest boxes over this dimension and those after it, with room for that many rows in a box.
    fn fewest(&mut self, dimension: usize, room: u64) -> u64 {
        if dimension == self.choices.len() {
            return 1;
        }
        if let Some((boxes, _)) = self.solved.get(&(dimension, room)) {
            return *boxes;
        }
        let mut best = (u64::MAX, 0);
        for choice in 0..self.choices[dimension].len() {
            let (longest, number) = self.choices[dimension][choice];
            if longest > room {
                break;
            }
            let boxes = self.fewest(dimension + 1, room / longest).saturating_mul(number);
            // Of equals the first stands: the outer dimensions are split before the inner ones.
            if boxes < best.0 {
                best = (boxes, choice as u64);
            }
        }
        self.solved.insert((dimension, room), best);
        best.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn grid(sizes: &[u64], room: u64) -> u64 {
        Grid::new(vec![0; sizes.len()], sizes.to_vec(), room).boxes()
    }

    /// The smallest product over every vector of run lengths.
    fn brute_force(sizes: &[u64], room: u64) -> u64 {
        match sizes.split_first() {
            None => 1,
            Some((size, rest)) => (1..=*size)
                .filter(|longest| *longest <= room)
                .map(|longest| size.div_ceil(longest) * brute_force(rest, room / longest))
                .min()
                .unwrap_or(u64::MAX),
        }
    }

    #[test]
    fn no_grid_has_fewer_boxes() {
        for a in 1..=6 {
            for b in 1..=6 {
                for c in 1..=4 {
                    for limit in 1..=(a * b * c + 1) {
                        let boxes = grid(&[a, b, c], limit);
                        assert_eq!(boxes, brute_force(&[a, b, c], limit), "{a} {b} {c} limit {limit}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_real_table_is_split_at_its_lower_bound() {
        let split = Split::new(&[21, 11, 3, 4], 1, 500).unwrap();
        assert_eq!((split.cells, split.calls, split.lower_bound), (2772, 6, 6));
    }

    #[test]
    fn many_large_dimensions_are_planned_at_once() {
        let split = Split::new(&[312, 400, 134, 100, 57, 3], 7, 150_000).unwrap();
        assert!(split.calls >= split.lower_bound);
        assert!(split.calls < split.lower_bound * 2);
    }

    #[test]
    fn no_limit_is_one_call_until_the_answer_grows_too_large() {
        assert_eq!(Split::new(&[312, 134], 3, 0).unwrap().calls, 1);
        assert_eq!(Split::new(&[10_000, 1000], 1, 0).unwrap().calls, 2);
        assert_eq!(Split::new(&[10_000, 1000], 1, u64::MAX).unwrap().calls, 2);
    }

    #[test]
    fn dimensions_of_one_code_cost_nothing() {
        let mut sizes = vec![1; 100_000];
        sizes.push(7);
        assert_eq!(Split::new(&sizes, 1, 2).unwrap().calls, 4);
    }

    #[test]
    fn a_row_wider_than_the_limit_does_not_fit() {
        assert_eq!(Split::new(&[3], 11, 10), Err(DoesNotFit { cells: 11 }));
        assert_eq!(Split::new(&[u64::MAX, 3], 1, 10), Err(DoesNotFit { cells: u64::MAX }));
    }

    proptest! {
        #[test]
        fn every_cell_is_asked_for_once_within_the_limit(
            sizes in prop::collection::vec(1_u64..9, 0..5),
            per_row in 1_u64..4,
            extra in 0_u64..400,
        ) {
            let limit = per_row + extra;
            let split = Split::new(&sizes, per_row, limit).unwrap();
            let mut seen = std::collections::HashSet::new();
            let mut calls = 0;
            for ranges in split.boxes() {
                calls += 1;
                let rows = ranges.iter().map(|range| range.len() as u64).product::<u64>();
                prop_assert!(rows > 0 && rows * per_row <= limit);
                let mut cells = vec![Vec::new()];
                for range in ranges {
                    cells = cells.into_iter().flat_map(|cell: Vec<usize>| {
                        range.clone().map(move |at| { let mut cell = cell.clone(); cell.push(at); cell })
                    }).collect();
                }
                for cell in cells {
                    prop_assert!(seen.insert(cell));
                }
            }
            prop_assert_eq!(calls, split.calls);
            prop_assert_eq!(seen.len() as u64 * per_row, split.cells);
            prop_assert!(split.calls >= split.lower_bound);
        }
    }
}
