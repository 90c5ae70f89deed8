//! Cuts groups × places into calls. A statistic has at most 30 values, so a
//! call counts up to 29 groups of one place, or up to 29 places of one group:
//! whichever makes fewer calls. Fields of more than 30 groups and regions of
//! more than 30 kommuner need no care of their own that way.

use super::call::{By, Call, Where};
use crate::source::chunk::chunks;

/// The most values that a statistic may have.
pub const MOST_VALUES: usize = 30;

/// One fewer: an answer with fewer values than the limit is whole.
pub const CHUNK: usize = MOST_VALUES - 1;

/// The counts of the nation and of what has no place come first, then the places.
pub fn calls(groups: usize, places: usize) -> Vec<Call> {
    let all_groups: Vec<usize> = (0..groups).collect();
    let all_places: Vec<usize> = (0..places).collect();
    let of_groups = |place: Where| {
        let pieces = chunks(&all_groups, CHUNK).map(move |piece| Call { place, by: By::Groups(piece.to_vec()) });
        pieces.collect::<Vec<_>>()
    };
    let mut calls = of_groups(Where::Nation);
    calls.extend(of_groups(Where::Unplaced));
    if places * groups.div_ceil(CHUNK) <= groups * places.div_ceil(CHUNK) {
        calls.extend((0..places).flat_map(|place| of_groups(Where::Place(place))));
    } else {
        for group in 0..groups {
            let pieces = chunks(&all_places, CHUNK);
            calls.extend(pieces.map(|piece| Call { place: Where::Each, by: By::Places(group, piece.to_vec()) }));
        }
    }
    calls
}

/// Were every call full.
pub fn lower_bound(cells: u64) -> u64 {
    cells.div_ceil(MOST_VALUES as u64)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn count(groups: usize, places: usize) -> usize {
        calls(groups, places).len()
    }

    #[test]
    fn every_cell_is_counted_once_and_no_call_asks_for_as_much_as_the_limit() {
        for (groups, places) in [(1, 1), (3, 290), (29, 21), (30, 21), (400, 21), (57, 64)] {
            let mut seen = HashSet::new();
            for call in calls(groups, places) {
                match &call.by {
                    By::Groups(list) => {
                        assert!((1..=CHUNK).contains(&list.len()));
                        assert!(list.iter().all(|group| seen.insert((call.place, *group, usize::MAX))));
                        if let Where::Place(place) = call.place {
                            assert!(list.iter().all(|group| seen.insert((Where::Each, *group, place))));
                        }
                    }
                    By::Places(group, list) => {
                        assert!((1..=CHUNK).contains(&list.len()));
                        assert!(list.iter().all(|place| seen.insert((Where::Each, *group, *place))));
                    }
                }
            }
            let cells = seen.iter().filter(|(place, ..)| *place == Where::Each).count();
            assert_eq!(cells, groups * places);
        }
    }

    #[test]
    fn calls_are_few() {
        // Nation and unplaced are 14 calls each of all groups; then 14 for each of 21 län.
        assert_eq!(count(400, 21), 28 + 294);
        // All kommuner of a few groups: by places.
        assert_eq!(count(3, 290), 2 + 30);
        // A county's kommuner of all groups: by groups.
        assert_eq!(count(400, 14), 28 + 196);
        assert_eq!(count(400, 290), 28 + 4000);
        assert_eq!(count(0, 21), 0);
    }
}
