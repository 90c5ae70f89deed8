//! One event's row, cleaned by these rules:
//!
//! - `<![CDATA[…]]>` around a text is taken off; the text as it came stays in `titel_original`.
//! - The text `null` is no text. Where a number should be, it stays as the number's symbol.
//! - A day is the first ten characters of any of the source's ways to write a time; 2099-12-31 means that there is no
//!   last day; what can't be read gives none, and is counted. The text as it came stays in `…_original` unless it is
//!   the day itself.
//! - Numbers come as texts, with a decimal point or comma. What is neither a number nor one of the source's symbols is
//!   refused.
//! - Blanks around a text are taken off, and an empty text is none.
//!
//! Nothing else is changed: a town in capitals stays so.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::figure::{Day, NO_FIGURE, day, figure};
use super::answer::kind;
use crate::config::ValueType;
use crate::contract::Status;
use crate::decode::DecodeError;
use crate::decode::rows::{Cell, Table};

/// Columns with their types, in order.
pub const COLUMNS: &[(&str, ValueType)] = &[
    ("tillfalle_id", ValueType::Text),
    ("titel", ValueType::Text),
    ("titel_original", ValueType::Text),
    ("anordnare", ValueType::Text),
    ("entreprenor", ValueType::Text),
    ("lan", ValueType::Text),
    ("lan_namn", ValueType::Text),
    ("kommun_kod", ValueType::Text),
    ("kommun", ValueType::Text),
    ("ort", ValueType::Text),
    ("kontaktort", ValueType::Text),
    ("plats", ValueType::Text),
    ("skolform", ValueType::Text),
    ("skolform_kod", ValueType::Text),
    ("inriktning_id", ValueType::Text),
    ("poang", ValueType::Float64),
    ("poangsystem", ValueType::Text),
    ("omfattning", ValueType::Text),
    ("start", ValueType::Text),
    ("start_original", ValueType::Text),
    ("startvillkor", ValueType::Text),
    ("sista_ansokan", ValueType::Text),
    ("sista_ansokan_original", ValueType::Text),
    ("studietakt", ValueType::Float64),
    ("distans", ValueType::Text),
    ("forkunskaper", ValueType::Text),
];

/// What the source calls what the columns hold. Each must occur in some row of a fetch: else it was renamed.
pub const FIELDS: &[&str] = &[
    "educationEventId",
    "titleSv",
    "providerName",
    "contractor",
    "county",
    "municipality",
    "geographicalAreaCode",
    "town",
    "contactInfoAddressCity",
    "location",
    "typeOfSchool",
    "credits",
    "creditsSystem",
    "extent",
    "semesterStartFrom",
    "executionCondition",
    "lastApplicationDate",
    "paceOfStudy",
    "distance",
    "recommendedPriorKnowledge",
];

/// How often a rule did something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    pub cdata: u64,
    pub null_words: u64,
    pub open_dates: u64,
    pub unreadable_dates: u64,
}

impl Cleaned {
    pub fn notes(self) -> Vec<String> {
        let said = [
            (self.cdata, "texts stood in CDATA marks, which were taken off"),
            (self.null_words, "fields held the word \"null\", which is no text"),
            (self.open_dates, "dates were 2099-12-31, which means none"),
            (self.unreadable_dates, "dates could not be read and are left out; they stand in the original's column"),
        ];
        said.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect()
    }
}

/// A row while it is read: its number is for messages.
pub struct Row<'a> {
    pub number: u64,
    pub fields: &'a Map<String, Value>,
}

impl Row<'_> {
    pub fn id(&self) -> Result<&str, DecodeError> {
        match self.fields.get("educationEventId") {
            Some(Value::String(id)) if !id.trim().is_empty() => Ok(id.trim()),
            Some(other) => Err(self.shape("educationEventId", other)),
            None => Err(DecodeError::Shape(format!("row {} has no educationEventId", self.number))),
        }
    }

    fn shape(&self, field: &str, value: &Value) -> DecodeError {
        let shown: String = value.to_string().chars().take(60).collect();
        DecodeError::Shape(format!("row {}: {field} is {} ({shown})", self.number, kind(value)))
    }

    /// As it came, without blanks around; numbers and truths as they are written.
    pub fn raw(&self, field: &str) -> Result<Option<String>, DecodeError> {
        let text = match self.fields.get(field) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(truth)) => truth.to_string(),
            Some(other) => return Err(self.shape(field, other)),
        };
        Ok((!text.is_empty()).then_some(text))
    }

    /// A text by the rules.
    fn text(&self, field: &str, cleaned: &mut Cleaned) -> Result<Option<String>, DecodeError> {
        let Some(mut text) = self.raw(field)? else { return Ok(None) };
        if let Some(inner) = text.strip_prefix("<![CDATA[").and_then(|rest| rest.strip_suffix("]]>")) {
            cleaned.cdata += 1;
            text = inner.trim().into();
        }
        if text == "null" {
            cleaned.null_words += 1;
            return Ok(None);
        }
        Ok((!text.is_empty()).then_some(text))
    }

    /// A day and, where it says more or less than that, the text as it came.
    fn day(&self, field: &str, cleaned: &mut Cleaned) -> Result<(Option<String>, Option<String>), DecodeError> {
        let Some(text) = self.text(field, cleaned)? else { return Ok((None, None)) };
        Ok(match day(&text) {
            Day::On(day) if day == text => (Some(day), None),
            Day::On(day) => (Some(day), Some(text)),
            Day::Open => {
                cleaned.open_dates += 1;
                (None, Some(text))
            }
            Day::Unreadable => {
                cleaned.unreadable_dates += 1;
                (None, Some(text))
            }
        })
    }

    /// Writes the row; `type_code` and `direction` are those that it was asked for by.
    pub fn write(
        &self,
        table: &mut Table,
        asked: [Option<&str>; 2],
        symbols: &BTreeMap<String, Status>,
        cleaned: &mut Cleaned,
    ) -> Result<(), DecodeError> {
        let [type_code, direction] = asked;
        let id = self.id()?;
        let title_raw = self.raw("titleSv")?;
        let title = self.text("titleSv", cleaned)?;
        let municipality = self.text("geographicalAreaCode", cleaned)?;
        let county = municipality.as_deref().filter(|code| code.len() == 4).and_then(|code| code.get(..2));
        let (start, start_original) = self.day("semesterStartFrom", cleaned)?;
        let (last, last_original) = self.day("lastApplicationDate", cleaned)?;
        let texts: [(&str, Option<&str>); 5] = [
            ("tillfalle_id", Some(id)),
            ("titel_original", title_raw.as_deref().filter(|raw| Some(*raw) != title.as_deref())),
            ("lan", county),
            ("skolform_kod", type_code),
            ("inriktning_id", direction),
        ];
        let owned: [(&str, Option<String>); 17] = [
            ("titel", title.clone()),
            ("anordnare", self.text("providerName", cleaned)?),
            ("entreprenor", self.text("contractor", cleaned)?),
            ("lan_namn", self.text("county", cleaned)?),
            ("kommun_kod", municipality.clone()),
            ("kommun", self.text("municipality", cleaned)?),
            ("ort", self.text("town", cleaned)?),
            ("kontaktort", self.text("contactInfoAddressCity", cleaned)?),
            ("plats", self.text("location", cleaned)?),
            ("skolform", self.text("typeOfSchool", cleaned)?),
            ("poangsystem", self.text("creditsSystem", cleaned)?),
            ("omfattning", self.text("extent", cleaned)?),
            ("start", start),
            ("start_original", start_original),
            ("sista_ansokan", last),
            ("sista_ansokan_original", last_original),
            ("forkunskaper", self.text("recommendedPriorKnowledge", cleaned)?),
        ];
        for (column, text) in texts.into_iter().chain(owned.iter().map(|(column, text)| (*column, text.as_deref()))) {
            let place = table.place(column);
            table.push(place, self.number, text.map_or(Cell::Absent, Cell::Text))?;
        }
        for (column, field) in [("startvillkor", "executionCondition"), ("distans", "distance")] {
            let text = self.text(field, cleaned)?;
            let place = table.place(column);
            table.push(place, self.number, text.as_deref().map_or(Cell::Absent, Cell::Text))?;
        }
        for (column, field) in [("poang", "credits"), ("studietakt", "paceOfStudy")] {
            let text = self.raw(field)?;
            let cell = match text.as_deref() {
                None => Cell::Absent,
                Some(text) => figure(text, symbols).ok_or_else(|| DecodeError::Cell {
                    row: self.number,
                    column: column.to_owned(),
                    value: text.to_owned(),
                    why: NO_FIGURE,
                })?,
            };
            let place = table.place(column);
            table.push(place, self.number, cell)?;
        }
        table.end_row(&[true; COLUMNS.len()]);
        Ok(())
    }
}

pub fn table() -> Table {
    Table::new(COLUMNS.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect(), '.')
}
