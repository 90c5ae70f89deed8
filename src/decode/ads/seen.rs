//! Which advertisements there have been, in sixteen bytes each and an eighth or
//! so of room between: a hash of the id, when it was last changed, where it is
//! counted and with how many vacancies. Two ids with one hash of 64 bits are
//! taken for one; among three million that is a chance of one in four million.

use std::collections::HashMap;
use std::hash::BuildHasher as _;

use foldhash::quality::FixedState;

/// Parts grow one by one, so that growing never needs room for all twice; the hash's first bits tell which.
const PARTS: u32 = 12;
const FIRST: usize = 8;

/// What is left of the hash is at the top, then the time.
const HASH: u32 = 128 - (64 - PARTS);
const TIME: u32 = HASH - 32;
const CELL: u32 = 20;
const CELLS: u32 = 1 << (TIME - CELL);
/// In place of a number of vacancies: it is not told, or too large for its place, or the cell is.
const NOT_TOLD: u32 = (1 << CELL) - 1;
const ELSEWHERE: u32 = NOT_TOLD - 1;

/// Where an advertisement is counted, and with what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Seconds; of two with one id the later is counted.
    pub time: u32,
    pub cell: u32,
    pub vacancies: Option<u32>,
}

pub struct Seen {
    parts: Vec<Table>,
    /// The few whose numbers are too large for a slot, by the whole hash.
    large: HashMap<u64, Counted>,
    hasher: FixedState,
}

/// A free slot is 0, and no other's hash is.
struct Table {
    slots: Vec<u128>,
    used: usize,
}

impl Seen {
    pub fn new() -> Self {
        let table = || Table { slots: vec![0; FIRST], used: 0 };
        let parts = (0..1 << PARTS).map(|_| table()).collect();
        Self { parts, large: HashMap::new(), hasher: FixedState::default() }
    }

    /// Notes an advertisement. Gives what it takes the place of; an error where the one that is there is later.
    pub fn note(&mut self, id: &str, counted: Counted) -> Result<Option<Counted>, ()> {
        let hash = self.hasher.hash_one(id.as_bytes());
        let table = &mut self.parts[(hash >> (64 - PARTS)) as usize];
        if table.used * 8 >= table.slots.len() * 7 {
            table.grow();
        }
        let rest = (hash & (u64::MAX >> PARTS)).max(1);
        let slot = table.find(rest);
        let is_new = *slot == 0;
        if !is_new && counted.time < time(*slot) {
            return Err(());
        }
        let (packed, is_large) = packed(rest, counted);
        let before = std::mem::replace(slot, packed);
        table.used += usize::from(is_new);
        let was_large = !is_new && vacancies(before) == ELSEWHERE;
        let large = match (is_large, was_large) {
            (true, _) => self.large.insert(hash, counted),
            (false, true) => self.large.remove(&hash),
            (false, false) => None,
        };
        Ok((!is_new).then(|| large.unwrap_or_else(|| unpacked(before))))
    }
}

/// What of it has room in a slot; whether it has not.
fn packed(rest: u64, counted: Counted) -> (u128, bool) {
    let vacancies = counted.vacancies.unwrap_or(NOT_TOLD);
    let is_large = counted.cell >= CELLS || counted.vacancies.is_some_and(|vacancies| vacancies >= ELSEWHERE);
    let (cell, vacancies) = if is_large { (0, ELSEWHERE) } else { (counted.cell, vacancies) };
    let numbers = u64::from(cell) << CELL | u64::from(vacancies);
    (u128::from(rest) << HASH | u128::from(counted.time) << TIME | u128::from(numbers), is_large)
}

fn unpacked(slot: u128) -> Counted {
    let vacancies = vacancies(slot);
    Counted {
        time: time(slot),
        cell: (slot >> CELL) as u32 & (CELLS - 1),
        vacancies: (vacancies != NOT_TOLD).then_some(vacancies),
    }
}

const fn time(slot: u128) -> u32 {
    (slot >> TIME) as u32
}

const fn vacancies(slot: u128) -> u32 {
    slot as u32 & NOT_TOLD
}

impl Table {
    /// The slot of this hash, or the free one that it would have.
    fn find(&mut self, rest: u64) -> &mut u128 {
        let length = self.slots.len();
        let mut at = ((u128::from(rest) * length as u128) >> (64 - PARTS)) as usize;
        loop {
            let slot = self.slots[at];
            if slot == 0 || (slot >> HASH) as u64 == rest {
                return &mut self.slots[at];
            }
            at = if at + 1 == length { 0 } else { at + 1 };
        }
    }

    fn grow(&mut self) {
        let length = self.slots.len() * 5 / 4;
        let old = std::mem::replace(&mut self.slots, vec![0; length]);
        for slot in old.into_iter().filter(|slot| *slot != 0) {
            *self.find((slot >> HASH) as u64) = slot;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_of_two_takes_the_place_and_nothing_is_forgotten() {
        let mut seen = Seen::new();
        let counted = |time, cell| Counted { time, cell, vacancies: Some(1) };
        for number in 0..50_000 {
            assert_eq!(seen.note(&number.to_string(), counted(5, number)), Ok(None));
        }
        for number in (0..50_000).step_by(3) {
            let id = number.to_string();
            assert_eq!(seen.note(&id, counted(4, 0)), Err(()), "earlier");
            assert_eq!(seen.note(&id, counted(5, 1)), Ok(Some(counted(5, number))), "the later in the file");
            assert_eq!(seen.note(&id, counted(6, 2)), Ok(Some(counted(5, 1))));
        }
    }

    #[test]
    fn what_is_noted_comes_back_whatever_its_size() {
        let mut seen = Seen::new();
        let mut before = None;
        let cells = [0, CELLS - 1, CELLS, u32::MAX];
        let vacancies = [None, Some(0), Some(ELSEWHERE - 1), Some(ELSEWHERE), Some(NOT_TOLD), Some(u32::MAX)];
        for time in [0, u32::MAX] {
            for (cell, vacancies) in cells.iter().flat_map(|cell| vacancies.map(|vacancies| (*cell, vacancies))) {
                let counted = Counted { time, cell, vacancies };
                assert_eq!(seen.note("1", counted), Ok(before));
                before = Some(counted);
            }
        }
        assert_eq!(seen.large.len(), 1);
    }
}
