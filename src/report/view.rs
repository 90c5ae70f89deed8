//! What the templates see. Texts are plain; only `svg` is markup, made here and escaped there.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::contract::Status;

use super::definition::Level;
use super::observations::{Observation, Observations};
use super::words;

#[derive(Clone, Debug, Serialize)]
pub(super) struct Cell {
    /// The value in Swedish, or a dash.
    pub text: String,
    /// Why there is none, or how good it is.
    pub why: Option<&'static str>,
    pub missing: bool,
}

impl Cell {
    pub fn of(row: Option<&Observation>, decimals: Option<u8>) -> Self {
        let Some(row) = row else {
            return Self { text: words::NO_VALUE.to_owned(), why: Some(words::NO_ROW), missing: true };
        };
        let why = words::status(row.status);
        match row.value {
            Some(value) => Self { text: value.swedish(decimals), why, missing: false },
            None => Self { text: words::NO_VALUE.to_owned(), why, missing: true },
        }
    }
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    pub head: String,
    /// Smaller, below the head: a unit, a code, a period.
    pub sub: Option<String>,
    pub href: Option<String>,
    pub cells: Vec<Cell>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Table {
    pub caption: String,
    /// Over the column of row heads.
    pub head: String,
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Column {
    pub head: String,
    pub sub: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Link {
    pub href: String,
    pub text: String,
}

/// One figure's origin.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Origin {
    pub dataset: String,
    pub title: String,
    /// The manifest's, verbatim.
    pub credit: String,
    pub version: String,
    /// Why an operator let the version through that a check had stopped, each with its day.
    pub accepted: Vec<(String, String)>,
    pub period: Option<String>,
    pub perturbed: bool,
    /// Checks that the version was published in spite of, each a sentence.
    pub warnings: Vec<String>,
    /// Withdrawn versions, kept periods.
    pub notices: Vec<String>,
    pub parquet: Vec<Link>,
    /// Key figures that share this origin.
    pub figures: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct FigureView {
    pub id: String,
    pub title: String,
    pub text: Option<String>,
    /// `procent, 2024`.
    pub measure: String,
    pub svg: Option<String>,
    /// Said in place of a chart.
    pub absent: Option<String>,
    pub table: Option<Table>,
    pub notes: Vec<String>,
    pub origin: Origin,
    pub csv: String,
    pub excel: String,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Card {
    pub title: String,
    pub value: Cell,
    pub unit: Option<String>,
    pub period: String,
    /// Role and value of each area to compare with.
    pub compare: Vec<(&'static str, Cell)>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct KeysView {
    pub cards: Vec<Card>,
    pub table: Table,
    pub notes: Vec<String>,
    pub origins: Vec<Origin>,
    pub csv: String,
    pub excel: String,
}

/// Areas side by side.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ListView {
    pub table: Table,
    pub notes: Vec<String>,
    pub origins: Vec<Origin>,
    pub csv: String,
    pub excel: String,
}

/// A line of the table of data ages.
#[derive(Clone, Debug, Serialize)]
pub(super) struct SourceLine {
    pub dataset: String,
    pub title: String,
    /// How the source is named.
    pub source: String,
    pub fetched: String,
    /// When it was last found unchanged, if that is later.
    pub checked: Option<String>,
    pub period: Option<String>,
    pub version: String,
    pub licence: String,
    pub notes: Vec<String>,
    /// Withdrawn versions, kept periods.
    pub notices: Vec<String>,
}

/// Sentences for the statuses that a figure meets, each once, in the order of precedence.
#[derive(Default)]
pub(super) struct Notes {
    statuses: BTreeSet<Status>,
    absent: Vec<Absent>,
}

/// For whom there is no row, and of what.
struct Absent {
    who: String,
    /// Nor for anyone else on the level. Why cannot be told from a dataset: it may never have been asked for.
    whole_level: bool,
    what: Vec<String>,
}

impl Notes {
    pub fn see(&mut self, row: &Observation) {
        self.statuses.insert(row.status);
    }

    /// Sees the row where there is one; `what` is said where several figures share the notes.
    pub fn look_for(
        &mut self,
        row: Option<&Observation>,
        rows: &Observations,
        (level, who): (Level, &str),
        what: Option<&str>,
    ) {
        if let Some(row) = row {
            self.see(row);
            return;
        }
        let whole_level = !rows.reach(level);
        let known = self.absent.iter().position(|absent| absent.who == who && absent.whole_level == whole_level);
        let at = known.unwrap_or_else(|| {
            self.absent.push(Absent { who: who.to_owned(), whole_level, what: Vec::new() });
            self.absent.len() - 1
        });
        let titles = &mut self.absent[at].what;
        titles.extend(what.filter(|what| !titles.iter().any(|seen| seen == what)).map(str::to_owned));
    }

    pub fn sentences(self) -> Vec<String> {
        let explained = self.statuses.into_iter().filter_map(words::explanation).map(str::to_owned);
        let absent = self.absent.into_iter().map(|Absent { who, whole_level, what }| {
            let what = if what.is_empty() { String::new() } else { format!(" ({})", what.join("; ")) };
            if whole_level {
                format!("Redovisas inte: uppgiften ingår inte i datamängden för {who}{what}.")
            } else {
                format!(
                    "Redovisas inte: datamängden saknar uppgift för {who} under minst en av de visade perioderna{what}."
                )
            }
        });
        explained.chain(absent).collect()
    }
}
