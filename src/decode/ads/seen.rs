//! Which advertisements there have been, in twenty bytes each: a hash of the id,
//! when it was last changed, and where it is counted. Two ids with one hash of
//! 64 bits are taken for one; among three million that is a chance of one in
//! four million.

use std::hash::Hasher as _;

/// Parts grow one by one, so that growing never needs room for all twice.
const PARTS: usize = 256;
const FIRST: usize = 16;

/// Where an advertisement is counted, and with what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Seconds; of two with one id the later is counted.
    pub time: u32,
    pub cell: u32,
    /// `u32::MAX` where it is not told.
    pub vacancies: u32,
}

/// A free one has the hash 0.
#[derive(Clone, Copy, Default)]
struct Slot {
    high: u32,
    low: u32,
    counted: Counted,
}

pub struct Seen {
    parts: Vec<Table>,
}

struct Table {
    slots: Vec<Slot>,
    used: usize,
}

impl Seen {
    pub fn new() -> Self {
        let table = || Table { slots: vec![Slot::default(); FIRST], used: 0 };
        Self { parts: (0..PARTS).map(|_| table()).collect() }
    }

    /// Notes an advertisement. Gives what it takes the place of; an error where the one that is there is later.
    pub fn note(&mut self, id: &str, counted: Counted) -> Result<Option<Counted>, ()> {
        // Unkeyed and the same in every run.
        #[expect(deprecated, reason = "the newer one promises no fixed result; this one's has never changed")]
        let mut hasher = std::hash::SipHasher::new();
        hasher.write(id.as_bytes());
        let hash = hasher.finish().max(1);
        let table = &mut self.parts[(hash % PARTS as u64) as usize];
        if table.used * 8 >= table.slots.len() * 7 {
            table.grow();
        }
        let (high, low) = ((hash >> 32) as u32, hash as u32);
        let slot = table.find(high, low);
        if slot.high == 0 && slot.low == 0 {
            *slot = Slot { high, low, counted };
            table.used += 1;
            return Ok(None);
        }
        if counted.time < slot.counted.time {
            return Err(());
        }
        Ok(Some(std::mem::replace(&mut slot.counted, counted)))
    }
}

impl Table {
    /// The slot of this hash, or the free one that it would have.
    fn find(&mut self, high: u32, low: u32) -> &mut Slot {
        let length = self.slots.len();
        let mut at = ((u64::from(high) * length as u64) >> 32) as usize;
        loop {
            let slot = &self.slots[at];
            if (slot.high, slot.low) == (high, low) || (slot.high, slot.low) == (0, 0) {
                return &mut self.slots[at];
            }
            at = if at + 1 == length { 0 } else { at + 1 };
        }
    }

    fn grow(&mut self) {
        let length = self.slots.len() * 3 / 2;
        let old = std::mem::replace(&mut self.slots, vec![Slot::default(); length]);
        for slot in old.into_iter().filter(|slot| (slot.high, slot.low) != (0, 0)) {
            *self.find(slot.high, slot.low) = slot;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_of_two_takes_the_place_and_nothing_is_forgotten() {
        let mut seen = Seen::new();
        let counted = |time, cell| Counted { time, cell, vacancies: 1 };
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
}
