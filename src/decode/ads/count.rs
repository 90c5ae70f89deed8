//! Counts of advertisements per occupation group, place and month. What is not
//! told (a group without code, no kommun) is a row of its own with null, never
//! left out; an advertisement that comes twice is counted once, as it was last.

use std::collections::{BTreeMap, HashMap};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;

use super::ad::{Ad, Field};
use super::seen::{Counted, Seen};
use crate::config::ValueType;
use crate::decode::DecodeError;
use crate::decode::number::Number;
use crate::decode::rows::{self, Cell, Table};

/// Up to and with this month (March 2014) groups are of SSYK 96.
const LAST_OF_SSYK96: u16 = 2014 * 12 + 2;
/// From this month (June 2014) they are of SSYK 2012. The change fell in April or May; which day is not known.
const FIRST_OF_SSYK2012: u16 = 2014 * 12 + 5;

const NONE: u16 = u16::MAX;
const ROWS: usize = 1 << 16;

/// Codes in place of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    ssyk: u16,
    kommun: u16,
    lan: u16,
    land: u16,
    month: u16,
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    ads: i64,
    told: i64,
    vacancies: i64,
    capped: i64,
}

pub struct Counter {
    cap: u32,
    codes: Codes,
    cells: HashMap<Key, u32>,
    tallies: Vec<Tally>,
    seen: Seen,
    last: Option<(Key, u32)>,
    fields: [bool; Field::ALL.len()],
    ads: u64,
    doubled: u64,
    without_id: u64,
}

/// The texts behind the numbers.
#[derive(Default)]
struct Codes {
    texts: Vec<String>,
    numbers: HashMap<String, u16>,
}

impl Codes {
    fn number(&mut self, text: Option<&str>) -> u16 {
        let Some(text) = text else { return NONE };
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        // A source has some thousand codes: more are none.
        let Ok(number) = u16::try_from(self.texts.len()) else { return NONE };
        if number == NONE {
            return NONE;
        }
        self.texts.push(text.to_owned());
        self.numbers.insert(text.to_owned(), number);
        number
    }

    fn text(&self, number: u16) -> Option<&str> {
        self.texts.get(usize::from(number)).map(String::as_str)
    }
}

/// One row of counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tallied {
    pub ssyk: Option<String>,
    pub variant: &'static str,
    pub kommun: Option<String>,
    pub lan: Option<String>,
    pub land: Option<String>,
    pub month: Option<String>,
    pub ads: i64,
    /// Of these, how many tell a number of vacancies.
    pub told: i64,
    pub vacancies: i64,
    /// The same with at most `cap` of one advertisement.
    pub capped: i64,
}

impl Counter {
    /// `cap`: as many vacancies of one advertisement are counted as capped.
    pub fn new(cap: u32) -> Self {
        Self {
            cap,
            codes: Codes::default(),
            cells: HashMap::new(),
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
        let key = Key {
            ssyk: self.codes.number(ad.ssyk),
            kommun: self.codes.number(ad.kommun),
            lan: self.codes.number(ad.lan),
            land: self.codes.number(ad.land),
            month: ad.month().unwrap_or(NONE),
        };
        let counted = Counted { time: ad.seconds(), cell: self.cell(key), vacancies: ad.vacancies.unwrap_or(u32::MAX) };
        match ad.id {
            None => self.without_id += 1,
            Some(id) => match self.seen.note(id, counted) {
                Ok(None) => {}
                Ok(Some(before)) => {
                    self.doubled += 1;
                    self.count(before, -1);
                }
                Err(()) => {
                    self.doubled += 1;
                    return;
                }
            },
        }
        self.count(counted, 1);
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

    fn count(&mut self, counted: Counted, sign: i64) {
        let tally = &mut self.tallies[counted.cell as usize];
        tally.ads += sign;
        if counted.vacancies != u32::MAX {
            tally.told += sign;
            tally.vacancies += sign * i64::from(counted.vacancies);
            tally.capped += sign * i64::from(counted.vacancies.min(self.cap));
        }
    }

    /// Advertisements that were read, those that came again, and those without an id, which can't be told from others.
    pub fn counts(&self) -> (u64, u64, u64) {
        (self.ads, self.doubled, self.without_id)
    }

    /// Those that at least one advertisement has.
    pub fn fields(&self) -> Vec<Field> {
        Field::ALL.into_iter().zip(self.fields).filter(|(_, has)| *has).map(|(field, _)| field).collect()
    }

    /// By code and month, what is not told first.
    pub fn rows(&self) -> Vec<Tallied> {
        let mut rows = BTreeMap::new();
        for (key, cell) in &self.cells {
            let tally = self.tallies[*cell as usize];
            if tally.ads > 0 {
                let texts = [key.ssyk, key.kommun, key.lan, key.land].map(|number| self.codes.text(number));
                rows.insert((texts, key.month.wrapping_add(1)), (key.month, tally));
            }
        }
        let row = |([ssyk, kommun, lan, land], _): ([Option<&str>; 4], u16), (month, tally): (u16, Tally)| Tallied {
            ssyk: ssyk.map(str::to_owned),
            variant: variant(month),
            kommun: kommun.map(str::to_owned),
            lan: lan.map(str::to_owned),
            land: land.map(str::to_owned),
            month: (month != NONE).then(|| format!("{}M{:02}", month / 12, month % 12 + 1)),
            ads: tally.ads,
            told: tally.told,
            vacancies: tally.vacancies,
            capped: tally.capped,
        };
        rows.into_iter().map(|(key, value)| row(key, value)).collect()
    }
}

/// Which classification the group's code is of, by the month of publication.
fn variant(month: u16) -> &'static str {
    match month {
        NONE => "oviss",
        month if month <= LAST_OF_SSYK96 => "ssyk96",
        month if month < FIRST_OF_SSYK2012 => "oviss",
        _ => "af400",
    }
}

/// The columns of counts: text, then the numbers.
pub fn columns() -> Vec<(String, ValueType)> {
    let text = ["fil", "ssyk", "ssyk_variant", "kommun", "lan", "land", "manad"].map(|name| (name, ValueType::Text));
    let numbers = ["annonser", "annonser_med_platser", "platser", "platser_tak"].map(|name| (name, ValueType::Int64));
    text.into_iter().chain(numbers).map(|(name, kind)| (name.to_owned(), kind)).collect()
}

pub fn schema() -> SchemaRef {
    rows::schema(columns().iter().map(|(name, kind)| (name.as_str(), *kind)))
}

/// The rows of one file (`fil`), as batches.
pub fn batches(fil: &str, rows: &[Tallied]) -> Result<Vec<RecordBatch>, DecodeError> {
    let mut table = Table::new(columns(), '.');
    let mut batches = Vec::new();
    for part in rows.chunks(ROWS) {
        for (number, row) in part.iter().enumerate() {
            let texts = [
                Some(fil),
                row.ssyk.as_deref(),
                Some(row.variant),
                row.kommun.as_deref(),
                row.lan.as_deref(),
                row.land.as_deref(),
                row.month.as_deref(),
            ];
            for (place, cell) in texts.into_iter().enumerate() {
                table.push(place, number as u64, cell.map_or(Cell::Absent, Cell::Text))?;
            }
            // None of them tells: that is not none at all.
            let told = |number: i64| if row.told > 0 { Cell::Number(Number::Whole(number)) } else { Cell::Absent };
            let numbers = [
                Cell::Number(Number::Whole(row.ads)),
                Cell::Number(Number::Whole(row.told)),
                told(row.vacancies),
                told(row.capped),
            ];
            for (place, cell) in numbers.into_iter().enumerate() {
                table.push(texts.len() + place, number as u64, cell)?;
            }
            table.end_row(&[true; 11]);
        }
        batches.push(table.take()?);
    }
    Ok(batches)
}
