//! The rows on their way out: each event once, or once per direction where the
//! fetch asks by direction.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bytes::Bytes;
use serde_json::Value;

use super::super::{Sink, SourceError};
use super::answer::events;
use super::event::{self, Cleaned, FIELDS, Row};
use super::slice::{Dim, Slice};
use super::{vocabulary, write};
use crate::config::PlannedEducationsFetch;
use crate::contract::Status;
use crate::decode::DecodeError;
use crate::decode::rows::Table;
use crate::fetch::{Answer, Courier};

/// What has been written so far.
#[derive(Default)]
pub struct Written {
    pub rows: u64,
    /// Event and direction → what its row said.
    events: HashMap<(String, String), [u8; 32]>,
    /// The same again, with the same row and with another.
    pub twice: u64,
    pub differing: u64,
    pub fields: BTreeSet<&'static str>,
    pub seen: u64,
    pub elsewhere: u64,
    pub cleaned: Cleaned,
}

impl Written {
    /// Writes those rows of an answer that are not written yet.
    pub fn take(
        &mut self,
        courier: &Courier,
        fetch: &PlannedEducationsFetch,
        slice: &Slice,
        answer: &Answer,
        sink: &mut dyn Sink,
    ) -> Result<(), SourceError> {
        let mut table = event::table();
        // Told only where the fetch asks by it, so that a column means the same in every row.
        let school = slice.only(Dim::Type).filter(|_| !fetch.types.is_empty()).map(current);
        let direction = slice.only(Dim::Direction).filter(|_| !fetch.directions.is_empty());
        let area = slice.only(Dim::Area);
        for (number, fields) in events(answer)?.rows.iter().enumerate() {
            let row = Row { number: number as u64, fields };
            self.row(&row, [school, direction], area, &courier.source().symbols, &mut table)
                .map_err(|error| SourceError::decode(answer, error))?;
        }
        if table.rows() == 0 {
            // Accepted already: it tells that there is nothing.
            return Ok(());
        }
        let slim = Answer { record: answer.record.clone(), body: Bytes::new() };
        self.rows += write(courier, &slim, table, sink)?;
        Ok(())
    }

    fn row(
        &mut self,
        row: &Row<'_>,
        asked: [Option<&str>; 2],
        area: Option<&str>,
        symbols: &BTreeMap<String, Status>,
        table: &mut Table,
    ) -> Result<(), DecodeError> {
        self.seen += 1;
        let fields = FIELDS.iter().filter(|field| row.fields.contains_key(**field));
        self.fields.extend(fields);
        let mut own = row.fields.clone();
        own.remove("_links");
        let said = *blake3::hash(Value::Object(own).to_string().as_bytes()).as_bytes();
        let key = (row.id()?.to_owned(), asked[1].unwrap_or_default().to_owned());
        match self.events.get(&key) {
            Some(before) if *before == said => {
                self.twice += 1;
                return Ok(());
            }
            Some(_) => {
                self.differing += 1;
                return Ok(());
            }
            None => drop(self.events.insert(key, said)),
        }
        let place = row.raw("geographicalAreaCode")?;
        let inside = area.is_none_or(|area| place.is_some_and(|place| place.starts_with(area)));
        self.elsewhere += u64::from(!inside);
        row.write(table, asked, symbols, &mut self.cleaned)
    }
}

/// The current code of a type, whichever the source was asked by.
fn current(code: &str) -> &str {
    vocabulary::known(code).map_or(code, |known| known.code)
}
