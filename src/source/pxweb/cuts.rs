//! Cuts a cube in parts that have a grid each, where one grid would leave boxes
//! half empty: 3 × 3 rows, two to a call, are six calls as a grid and five when a
//! row is cut off first. Cuts go right through, so that the parts are cubes again.

use std::collections::HashMap;

use super::planner::{Grid, rows};

/// Rows up to which every way of cutting is tried; the tests hold the outcome against every partition of small cubes
/// into boxes, cut or not. Beyond, one cut is tried, at the places where even runs would leave a rest.
const EVERY_WAY: u64 = 1000;

pub struct Cuts {
    room: u64,
    /// Per sizes of a part: its boxes, and the first cut that leads to them.
    solved: HashMap<Vec<u64>, (u64, Option<Cut>)>,
}

/// A dimension and where it is cut.
type Cut = (usize, u64);

impl Cuts {
    pub fn new(room: u64) -> Self {
        Self { room, solved: HashMap::new() }
    }

    /// Grids of fewest boxes in all, in the place of a single one.
    pub fn grids(mut self, whole: Grid) -> Vec<Grid> {
        let depth = if rows(&whole.sizes) <= EVERY_WAY { u32::MAX } else { 1 };
        let mut grids = Vec::new();
        self.divide(whole, depth, &mut grids);
        grids
    }

    fn divide(&mut self, part: Grid, depth: u32, grids: &mut Vec<Grid>) {
        if depth > 0
            && let (_, Some((dimension, at))) = self.fewest(&part.sizes, depth)
        {
            let Grid { start, sizes, .. } = part;
            let (before, after) = halves(&sizes, (dimension, at));
            let mut further = start.clone();
            further[dimension] += at;
            self.divide(Grid::new(start, before, self.room), depth - 1, grids);
            self.divide(Grid::new(further, after, self.room), depth - 1, grids);
        } else {
            grids.push(part);
        }
    }

    fn fewest(&mut self, sizes: &[u64], depth: u32) -> (u64, Option<Cut>) {
        let demanded = rows(sizes).div_ceil(self.room);
        if demanded <= 1 {
            return (1, None);
        }
        if let Some(solved) = self.solved.get(sizes) {
            return *solved;
        }
        let mut best = (Grid::new(Vec::new(), sizes.to_vec(), self.room).boxes(), None);
        if depth > 0 {
            for cut in places(sizes, self.room, depth) {
                if best.0 == demanded {
                    break;
                }
                let (before, after) = halves(sizes, cut);
                let boxes = self.fewest(&before, depth - 1).0 + self.fewest(&after, depth - 1).0;
                if boxes < best.0 {
                    best = (boxes, Some(cut));
                }
            }
        }
        self.solved.insert(sizes.to_vec(), best);
        best
    }
}

/// Where a part may be cut. The two sides are alike, so the first half of a dimension is enough.
fn places(sizes: &[u64], room: u64, depth: u32) -> Vec<Cut> {
    let mut places = Vec::new();
    for (dimension, &size) in sizes.iter().enumerate() {
        if depth > 1 {
            places.extend((1..=size / 2).map(|at| (dimension, at)));
            continue;
        }
        let (mut rests, mut runs) = (Vec::new(), 1);
        while runs < size {
            let longest = size / runs;
            if longest <= room {
                rests.push(size % longest);
            }
            runs = size / longest + 1;
        }
        rests.sort_unstable();
        rests.dedup();
        places.extend(rests.into_iter().filter(|rest| *rest > 0).map(|rest| (dimension, rest)));
    }
    places
}

fn halves(sizes: &[u64], (dimension, at): Cut) -> (Vec<u64>, Vec<u64>) {
    let (mut before, mut after) = (sizes.to_vec(), sizes.to_vec());
    before[dimension] = at;
    after[dimension] -= at;
    (before, after)
}

#[cfg(test)]
mod tests {
    use super::super::planner::Split;

    /// Whether cells (bits) can be parted into so many boxes: every way is tried.
    struct Partitions {
        /// Per first cell: every box that fits a call, largest first.
        boxes: Vec<Vec<u64>>,
        limit: u64,
        /// Cells that are known not to be partable into so many.
        hopeless: std::collections::HashMap<u64, u32>,
    }

    impl Partitions {
        /// Boxes are runs of codes, or any codes of each dimension, as a call may name them.
        fn new(sizes: [u64; 3], limit: u64, runs_only: bool) -> Self {
            let chosen = |size: u64| -> Vec<u64> {
                let is_run =
                    |codes: u64| (codes >> codes.trailing_zeros()) & ((codes >> codes.trailing_zeros()) + 1) == 0;
                (1..1 << size).filter(|codes| !runs_only || is_run(*codes)).collect()
            };
            let cells = usize::try_from(sizes.iter().product::<u64>()).unwrap();
            let mut boxes = vec![Vec::new(); cells];
            for a in chosen(sizes[0]) {
                for b in chosen(sizes[1]) {
                    for c in chosen(sizes[2]) {
                        let mut cells = 0_u64;
                        for (x, y, z) in (0..sizes[0])
                            .flat_map(|x| (0..sizes[1]).flat_map(move |y| (0..sizes[2]).map(move |z| (x, y, z))))
                        {
                            cells |= (a >> x & b >> y & c >> z & 1) << ((x * sizes[1] + y) * sizes[2] + z);
                        }
                        if u64::from(cells.count_ones()) <= limit {
                            boxes[cells.trailing_zeros() as usize].push(cells);
                        }
                    }
                }
            }
            for boxes in &mut boxes {
                boxes.sort_by_key(|cells| std::cmp::Reverse(cells.count_ones()));
            }
            Self { boxes, limit, hopeless: std::collections::HashMap::new() }
        }

        fn exist(&mut self, left: u64, count: u32) -> bool {
            if left == 0 {
                return true;
            }
            if u64::from(left.count_ones()) > u64::from(count) * self.limit
                || self.hopeless.get(&left).is_some_and(|known| *known >= count)
            {
                return false;
            }
            let first = left.trailing_zeros() as usize;
            for at in 0..self.boxes[first].len() {
                let cells = self.boxes[first][at];
                if cells & !left == 0 && self.exist(left & !cells, count - 1) {
                    return true;
                }
            }
            self.hopeless.insert(left, count);
            false
        }
    }

    /// Every cube of three dimensions up to this size, under every limit: the plan, and whether one call fewer would do.
    fn none_better(most: u64, runs_only: bool) {
        for a in 1..=most {
            for b in 1..=a {
                for c in 1..=b {
                    for limit in 1..=a * b * c {
                        let split = Split::new(&[a, b, c], 1, limit).unwrap();
                        if split.calls == split.lower_bound {
                            continue;
                        }
                        let mut partitions = Partitions::new([a, b, c], limit, runs_only);
                        let all = u64::MAX >> (64 - a * b * c);
                        let fewer = u32::try_from(split.calls - 1).unwrap();
                        assert!(
                            !partitions.exist(all, fewer),
                            "{a} × {b} × {c}, {limit} to a call: fewer than {}",
                            split.calls
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn no_partition_into_boxes_of_runs_has_fewer_calls() {
        none_better(4, true);
    }

    #[test]
    fn nor_has_one_into_boxes_of_any_codes() {
        none_better(3, false);
    }

    #[test]
    fn a_cut_saves_calls_where_a_grid_has_rests() {
        assert_eq!(Split::new(&[3, 3], 1, 2).unwrap().calls, 5);
        let table = Split::new(&[312, 134, 3, 40], 2, 150_000).unwrap();
        assert!(table.calls <= table.lower_bound + 1, "{} of {}", table.calls, table.lower_bound);
    }
}
