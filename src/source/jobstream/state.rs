//! What there is, as the answers tell one after the other: of an advertisement
//! the latest word counts, be it its removal; one whose last day is over is gone
//! without a word.

use std::collections::HashMap;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use jiff::Timestamp;
use jiff::civil::DateTime;

use super::instant;
use crate::config::ValueType;
use crate::decode::DecodeError;
use crate::decode::ads::{Ad, Field};
use crate::decode::number::Number;
use crate::decode::rows::{self, Cell, Table};

/// The latest word of one advertisement.
#[derive(Clone, Debug)]
struct Told {
    /// Milliseconds since 1970.
    time: i64,
    /// None: it is removed.
    ad: Option<Box<Live>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Live {
    id: String,
    answer: usize,
    ssyk: Option<String>,
    group: Option<String>,
    occupation: Option<String>,
    kommun: Option<String>,
    lan: Option<String>,
    land: Option<String>,
    published: Option<String>,
    last_published: Option<String>,
    changed: Option<String>,
    vacancies: Option<u32>,
}

#[derive(Default)]
pub(super) struct State {
    told: HashMap<String, Told>,
    fields: Vec<Field>,
    read: u64,
    removed: u64,
    without_id: u64,
}

impl State {
    /// `at`: until when the answer tells, for removals that do not say when.
    pub fn add(&mut self, answer: usize, at: i64, ad: &Ad<'_>) {
        self.read += 1;
        let Some(id) = ad.id else {
            self.without_id += 1;
            return;
        };
        let time = if ad.removed {
            ad.removed_at.and_then(instant).map_or(at, Timestamp::as_millisecond)
        } else {
            ad.timestamp.unwrap_or(0)
        };
        if self.told.get(id).is_some_and(|told| told.time > time) {
            return;
        }
        if ad.removed {
            self.removed += 1;
            self.told.insert(id.to_owned(), Told { time, ad: None });
            return;
        }
        for field in Field::ALL {
            if ad.has(field) && !self.fields.contains(&field) {
                self.fields.push(field);
            }
        }
        let text = |text: Option<&str>| text.map(str::to_owned);
        let live = Live {
            id: id.to_owned(),
            answer,
            ssyk: text(ad.ssyk),
            group: text(ad.group),
            occupation: text(ad.occupation),
            kommun: text(ad.kommun),
            lan: text(ad.lan),
            land: text(ad.land),
            published: text(ad.published),
            last_published: text(ad.last_published),
            changed: ad.timestamp.and_then(|time| Timestamp::from_millisecond(time).ok()).map(|time| time.to_string()),
            vacancies: ad.vacancies,
        };
        self.told.insert(id.to_owned(), Told { time, ad: Some(Box::new(live)) });
    }

    pub fn fields(&self) -> Vec<Field> {
        Field::ALL.into_iter().filter(|field| self.fields.contains(field)).collect()
    }

    pub fn note(&self, answers: usize, until: &str) -> String {
        let mut note = format!(
            "as of {until}: {} advertisements and {} removals in {answers} answers",
            self.read - self.removed,
            self.removed
        );
        if self.without_id > 0 {
            note.push_str(&format!("; {} without an id left out", self.without_id));
        }
        note
    }

    /// Those that live at this time on the Swedish clock, by answer and id.
    pub fn rows(self, now: DateTime) -> Vec<Live> {
        let is_over = |live: &Live| {
            let last = live.last_published.as_deref().and_then(|last| last.parse::<DateTime>().ok());
            last.is_some_and(|last| last < now)
        };
        let mut rows: Vec<Live> = self
            .told
            .into_values()
            .filter_map(|told| told.ad.map(|live| *live))
            .filter(|live| !is_over(live))
            .collect();
        rows.sort_by(|one, other| (one.answer, &one.id).cmp(&(other.answer, &other.id)));
        rows
    }
}

fn columns() -> Vec<(String, ValueType)> {
    let text =
        ["id", "ssyk", "yrkesgrupp", "yrke", "kommun", "lan", "land", "publicerad", "sista_publicering", "andrad"];
    let text = text.into_iter().map(|name| (name.to_owned(), ValueType::Text));
    text.chain([("platser".to_owned(), ValueType::Int64)]).collect()
}

pub(super) fn schema() -> SchemaRef {
    rows::schema(columns().iter().map(|(name, kind)| (name.as_str(), *kind)))
}

/// The rows of one answer.
pub(super) fn batch(rows: &[Live], answer: usize) -> Result<RecordBatch, DecodeError> {
    let mut table = Table::new(columns(), '.');
    for (number, row) in rows.iter().enumerate().filter(|(_, row)| row.answer == answer) {
        let texts = [
            Some(&row.id),
            row.ssyk.as_ref(),
            row.group.as_ref(),
            row.occupation.as_ref(),
            row.kommun.as_ref(),
            row.lan.as_ref(),
            row.land.as_ref(),
            row.published.as_ref(),
            row.last_published.as_ref(),
            row.changed.as_ref(),
        ];
        for (place, text) in texts.into_iter().enumerate() {
            table.push(place, number as u64, text.map_or(Cell::Absent, |text| Cell::Text(text)))?;
        }
        let vacancies = row.vacancies.map_or(Cell::Absent, |vacancies| Cell::Number(Number::Whole(vacancies.into())));
        table.push(texts.len(), number as u64, vacancies)?;
        table.end_row(&[true; 11]);
    }
    table.take()
}
