//! Counts of advertisements per occupation group, place and month. What is not
//! told (a group without code, no kommun) is a row of its own with null, never
//! left out; an advertisement that comes twice is counted once, as it was last.
//!
//! A place among the counts takes some sixty bytes, however many there are.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::ad::{Ad, Field};
use super::key::{Key, Lands};
use super::seen::{Counted, Seen};

/// Up to and with this month (March 2014) groups are of SSYK 96.
const LAST_OF_SSYK96: u16 = 2014 * 12 + 2;
/// From this month (June 2014) they are of SSYK 2012. The change fell in April or May; which day is not known.
const FIRST_OF_SSYK2012: u16 = 2014 * 12 + 5;

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    ads: u32,
    told: u32,
    vacancies: u64,
    capped: u64,
}

/// Counts while advertisements come.
pub struct Counter {
    cap: u32,
    lands: Lands,
    cells: HashMap<Key, u32, FixedState>,
    tallies: Vec<Tally>,
    seen: Seen,
    last: Option<(Key, u32)>,
    fields: [bool; Field::ALL.len()],
    ads: u64,
    doubled: u64,
    without_id: u64,
}

/// What was counted, in order.
pub struct Counts {
    lands: Vec<String>,
    cells: Vec<(Key, u32)>,
    tallies: Vec<Tally>,
    /// Advertisements that were read.
    pub ads: u64,
    /// Of these, those that came again.
    pub doubled: u64,
    /// And those without an id, which can't be told from others.
    pub without_id: u64,
    /// Those that at least one advertisement has.
    pub fields: Vec<Field>,
}

/// One row of counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tallied {
    pub ssyk: Option<String>,
    pub variant: &'static str,
    pub kommun: Option<String>,
    pub lan: Option<String>,
    pub land: Option<String>,
    pub month: Option<String>,
    pub ads: u32,
    /// Of these, how many tell a number of vacancies.
    pub told: u32,
    pub vacancies: u64,
    /// The same with at most `cap` of one advertisement.
    pub capped: u64,
}

impl Counter {
    /// `cap`: as many vacancies of one advertisement are counted as capped.
    pub fn new(cap: u32) -> Self {
        Self {
            cap,
            lands: Lands::default(),
            cells: HashMap::default(),
            tallies: Vec::new(),
            seen: Seen::new(),
            last: None,
            fields: [false; Field::ALL.len()],
            ads: 0,
            doubled: 0,
            without_id: 0,
        }
    }

    pub fn add(&mut self, ad: &Ad<'_>) {
        self.ads += 1;
        for (place, field) in Field::ALL.into_iter().enumerate() {
            self.fields[place] = self.fields[place] || ad.has(field);
        }
        let key = Key::of(ad, &mut self.lands);
        let counted = Counted { time: ad.seconds(), cell: self.cell(key), vacancies: ad.vacancies };
        match ad.id {
            None => self.without_id += 1,
            Some(id) => match self.seen.note(id, counted) {
                Ok(None) => {}
                Ok(Some(before)) => {
                    self.doubled += 1;
                    self.take_back(before);
                }
                Err(()) => {
                    self.doubled += 1;
                    return;
                }
            },
        }
        self.count(counted);
    }

    fn cell(&mut self, key: Key) -> u32 {
        // Neighbours in a file are often of one cell.
        if let Some((last, cell)) = self.last
            && last == key
        {
            return cell;
        }
        let next = self.tallies.len() as u32;
        let cell = *self.cells.entry(key).or_insert(next);
        if cell == next {
            self.tallies.push(Tally::default());
        }
        self.last = Some((key, cell));
        cell
    }

    fn count(&mut self, counted: Counted) {
        let tally = &mut self.tallies[counted.cell as usize];
        tally.ads += 1;
        if let Some(vacancies) = counted.vacancies {
            tally.told += 1;
            tally.vacancies += u64::from(vacancies);
            tally.capped += u64::from(vacancies.min(self.cap));
        }
    }

    fn take_back(&mut self, counted: Counted) {
        let tally = &mut self.tallies[counted.cell as usize];
        tally.ads -= 1;
        if let Some(vacancies) = counted.vacancies {
            tally.told -= 1;
            tally.vacancies -= u64::from(vacancies);
            tally.capped -= u64::from(vacancies.min(self.cap));
        }
    }

    /// When there are no more.
    pub fn done(self) -> Counts {
        // Nothing comes again any more: what was remembered for that makes room.
        drop(self.seen);
        let (lands, settled) = self.lands.sorted();
        let tallies = self.tallies;
        let has_any = |cell: &u32| tallies[*cell as usize].ads > 0;
        let mut cells: Vec<(Key, u32)> =
            self.cells.into_iter().filter(|(_, cell)| has_any(cell)).map(|(key, cell)| (settled(key), cell)).collect();
        cells.sort_unstable();
        let fields = Field::ALL.into_iter().zip(self.fields).filter(|(_, has)| *has).map(|(field, _)| field).collect();
        Counts { lands, cells, tallies, ads: self.ads, doubled: self.doubled, without_id: self.without_id, fields }
    }
}

impl Counts {
    /// By code and month, what is not told first.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Tallied> {
        self.cells.iter().map(|(key, cell)| {
            let tally = self.tallies[*cell as usize];
            let month = key.month();
            Tallied {
                ssyk: key.ssyk(),
                variant: variant(month),
                kommun: key.kommun(),
                lan: key.lan(),
                land: key.land().checked_sub(1).map(|land| self.lands[land].clone()),
                month: month.map(|month| format!("{}M{:02}", month / 12, month % 12 + 1)),
                ads: tally.ads,
                told: tally.told,
                vacancies: tally.vacancies,
                capped: tally.capped,
            }
        })
    }
}

/// Which classification the group's code is of, by the month of publication.
fn variant(month: Option<u16>) -> &'static str {
    match month {
        None => "oviss",
        Some(month) if month <= LAST_OF_SSYK96 => "ssyk96",
        Some(month) if month < FIRST_OF_SSYK2012 => "oviss",
        Some(_) => "af400",
    }
}
