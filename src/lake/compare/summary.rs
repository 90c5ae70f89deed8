//! The differences counted: in all, per period and county, per column.

use std::collections::{BTreeMap, HashMap};

use super::Change;
use super::stream::Seen;

/// A period in a county. Sorted by time, then county.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The period's first day, counted from 1970-01-01.
    pub start: Option<i32>,
    /// As the source writes it.
    pub period: String,
    pub lan: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub added: u64,
    pub removed: u64,
    pub revised: u64,
}

impl Counts {
    pub const fn total(self) -> u64 {
        self.added + self.removed + self.revised
    }

    const fn count(&mut self, change: Change) {
        match change {
            Change::Added => self.added += 1,
            Change::Removed => self.removed += 1,
            Change::Revised => self.revised += 1,
        }
    }
}

/// How the rows of two versions differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub added: u64,
    pub removed: u64,
    /// Of these keys something differs: a value, a status, a symbol, a name.
    pub revised: u64,
    /// Of these keys a measure's value or status differs: what readers call a revision. At most `revised`.
    pub revised_figures: u64,
    pub unchanged: u64,
    /// Only where something changed.
    pub places: BTreeMap<Place, Counts>,
    /// By column: in how many keys of both versions its value differs.
    pub columns: BTreeMap<String, u64>,
    /// In the order of time.
    pub periods_only_old: Vec<String>,
    pub periods_only_new: Vec<String>,
    /// Area levels (`niva`).
    pub levels_only_old: Vec<String>,
    pub levels_only_new: Vec<String>,
}

impl Summary {
    pub const fn changed(&self) -> u64 {
        self.added + self.removed + self.revised
    }

    /// Rows that came in periods that both versions have.
    pub fn added_to_existing_periods(&self) -> u64 {
        let places = self.places.iter().filter(|(place, _)| !self.periods_only_new.contains(&place.period));
        places.map(|(_, counts)| counts.added).sum()
    }
}

/// Counts while the rows go by; neighbours are mostly of one place.
#[derive(Default)]
pub struct Counter {
    pub summary: Summary,
    places: Vec<(Place, Counts)>,
    known: HashMap<Place, usize>,
    here: Option<usize>,
}

impl Counter {
    pub fn count(&mut self, change: Change, start: Option<i32>, period: &str, lan: &str) {
        match change {
            Change::Added => self.summary.added += 1,
            Change::Removed => self.summary.removed += 1,
            Change::Revised => self.summary.revised += 1,
        }
        let here = self.here.filter(|here| {
            let place = &self.places[*here].0;
            place.start == start && place.period == period && place.lan == lan
        });
        let here = here.unwrap_or_else(|| {
            let place = Place { start, period: period.to_owned(), lan: lan.to_owned() };
            *self.known.entry(place).or_insert_with_key(|place| {
                self.places.push((place.clone(), Counts::default()));
                self.places.len() - 1
            })
        });
        self.here = Some(here);
        self.places[here].1.count(change);
    }

    pub fn finish(self, old: &Seen, new: &Seen) -> Summary {
        let only = |one: &Seen, other: &Seen| {
            let periods = one.periods.difference(&other.periods).map(|(_, period)| period.clone()).collect();
            let levels = one.levels.difference(&other.levels).cloned().collect();
            (periods, levels)
        };
        let (periods_only_old, levels_only_old) = only(old, new);
        let (periods_only_new, levels_only_new) = only(new, old);
        let places = self.places.into_iter().collect();
        Summary { places, periods_only_old, periods_only_new, levels_only_old, levels_only_new, ..self.summary }
    }
}
