//! The file's rows, held against each other and made into a table: a row per
//! barometer occupation, SSYK group, area and omgång.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::LazyLock;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;

use super::row::Row;
use super::words::{ASSESSED, Assessed, BORROWED, judge};
use crate::config::ValueType;
use crate::contract::Status;
use crate::decode::DecodeError;
use crate::decode::rows::{self, Cell, Table};
use crate::embedded;
use crate::reference::RIKET;

/// In the table's order.
const COLUMNS: [(&str, ValueType); 26] = [
    ("niva", ValueType::Text),
    ("kod", ValueType::Text),
    ("period", ValueType::Text),
    ("omgang", ValueType::Text),
    ("yb_id", ValueType::Text),
    ("yb_yrke", ValueType::Text),
    ("yrkesomrade", ValueType::Text),
    ("ssyk", ValueType::Text),
    ("ssyk_text", ValueType::Text),
    ("antal_ssyk", ValueType::Text),
    ("del_av_ssyk", ValueType::Text),
    ("beskrivning", ValueType::Text),
    ("jobbmojligheter", ValueType::Text),
    ("jobbmojligheter_status", ValueType::Text),
    ("jobbmojligheter_symbol", ValueType::Text),
    ("rekryteringssituation", ValueType::Text),
    ("rekryteringssituation_status", ValueType::Text),
    ("rekryteringssituation_symbol", ValueType::Text),
    ("prognos", ValueType::Text),
    ("prognos_status", ValueType::Text),
    ("prognos_symbol", ValueType::Text),
    ("paradox", ValueType::Text),
    ("hogsta_bedomningsniva", ValueType::Text),
    ("delvis_helt", ValueType::Text),
    ("text", ValueType::Text),
    ("taxonomi_version", ValueType::Text),
];

static LAN: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let lan = embedded::reference().map(|reference| reference.lan.into_keys().collect::<BTreeSet<_>>());
    let mut lan = lan.unwrap_or_default();
    lan.insert(RIKET.to_owned());
    lan
});

pub fn schema() -> SchemaRef {
    rows::schema(COLUMNS.into_iter())
}

/// The file, sound as far as one row goes with another.
pub struct Barometer {
    pub rows: Vec<Row>,
}

impl Barometer {
    /// Refuses rows that cannot be told apart, codes that are none, and a file that has lost a field or all rows.
    pub fn new(rows: Vec<Row>) -> Result<Self, DecodeError> {
        if rows.is_empty() {
            return Err(DecodeError::Shape("the file holds no row".to_owned()));
        }
        for Assessed { column, of, .. } in ASSESSED.iter().chain(&BORROWED) {
            if rows.iter().all(|row| of(row).is_none()) {
                return Err(DecodeError::ColumnLost { column: (*column).to_owned(), nearest: None });
            }
        }
        let mut seen = HashSet::new();
        for (number, row) in (0..).zip(&rows) {
            let wrong = |column: &str, value: &str, why| DecodeError::Cell {
                row: number,
                column: column.to_owned(),
                value: value.to_owned(),
                why,
            };
            if !is_round(&row.omgang) {
                return Err(wrong("omgang", &row.omgang, "not a year with -1 or -2"));
            }
            if !LAN.contains(&row.lan) {
                return Err(wrong("lan", &row.lan, "neither \"00\" nor the code of a län"));
            }
            if row.yb_concept_id.trim().is_empty() {
                return Err(wrong("yb_concept_id", &row.yb_concept_id, "not the id of an occupation"));
            }
            if let Some(group) = groups(row).find(|group| !is_ssyk(group)) {
                return Err(wrong("ssyk", group, "not an SSYK code of four digits"));
            }
            if !seen.insert((&row.yb_concept_id, &row.lan, &row.omgang)) {
                return Err(wrong("yb_concept_id", &row.yb_concept_id, "there already for the same area and omgång"));
            }
        }
        Ok(Self { rows })
    }

    /// `2026-1`; several where a file holds several.
    pub fn rounds(&self) -> String {
        let rounds: BTreeSet<&str> = self.rows.iter().map(|row| row.omgang.as_str()).collect();
        rounds.into_iter().collect::<Vec<_>>().join(", ")
    }

    pub fn batch(&self, symbols: &BTreeMap<String, Status>) -> Result<RecordBatch, DecodeError> {
        let mut table = Table::new(COLUMNS.map(|(name, kind)| (name.to_owned(), kind)).into(), '.');
        for (number, row) in (0..).zip(&self.rows) {
            let cells = cells(number, row, symbols)?;
            for group in groups(row) {
                for (place, cell) in cells.iter().enumerate() {
                    let text = if COLUMNS[place].0 == "ssyk" { Some(group) } else { cell.as_deref() };
                    table.push(place, number, text.map_or(Cell::Absent, Cell::Text))?;
                }
                table.end_row(&[true; COLUMNS.len()]);
            }
        }
        table.take()
    }

    /// What one cannot see in a row.
    pub fn notes(&self) -> Vec<String> {
        let mut by_group: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut by_occupation: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut areas: BTreeSet<(&str, &str)> = BTreeSet::new();
        let (mut silent, mut miscounted) = (0, 0);
        for row in &self.rows {
            areas.insert((&row.omgang, &row.lan));
            silent += usize::from(ASSESSED.iter().all(|field| !matches!((field.of)(row), Some(Some(_)))));
            for group in groups(row) {
                by_group.entry(group).or_default().insert(&row.yb_concept_id);
                by_occupation.entry(&row.yb_concept_id).or_default().insert(group);
            }
            let count = i64::try_from(groups(row).count()).unwrap_or(i64::MAX);
            miscounted += usize::from(row.antal_ssyk.is_some_and(|told| told != count));
        }
        let several = |map: &BTreeMap<&str, BTreeSet<&str>>| map.values().filter(|others| others.len() > 1).count();
        let rows = self.rows.len();
        let mut notes = vec![format!(
            "omgång {}: {} occupations, {} without any assessment in {rows} rows: that is not balance",
            self.rounds(),
            by_occupation.len(),
            silent,
        )];
        let (spread, shared) = (several(&by_occupation), several(&by_group));
        if spread + shared > 0 {
            notes.push(format!(
                "occupations and SSYK groups are not one to one: {spread} occupations stand for several groups, with a \
                 row for each, and {shared} groups have several occupations, so that a group can have several \
                 assessments"
            ));
        }
        let whole = areas.len() * by_occupation.len();
        if rows < whole {
            notes.push(format!("{} combinations of occupation and area have no row", whole - rows));
        }
        if miscounted > 0 {
            notes.push(format!("{miscounted} rows say another number of SSYK groups than they list"));
        }
        notes
    }
}

/// The row's cells in the columns' order; that of `ssyk` is the whole list.
fn cells(number: u64, row: &Row, symbols: &BTreeMap<String, Status>) -> Result<Vec<Option<String>>, DecodeError> {
    let text = |text: &str| Some(text.to_owned());
    let flag = |number: Option<i64>| number.map(|number| number.to_string());
    let mut cells = vec![
        text(if row.lan == RIKET { "riket" } else { "lan" }),
        text(&row.lan),
        // The half-year of an omgång, in a form that sorts and that the program knows as a period.
        Some(row.omgang.replace('-', "H")),
        text(&row.omgang),
        text(&row.yb_concept_id),
        text(&row.yb_yrke),
        row.yrkesomrade.clone(),
        text(&row.ssyk),
        row.ssyk_text.clone(),
        flag(row.antal_ssyk),
        flag(row.del_av_ssyk),
        row.yb_beskrivning.clone(),
    ];
    for field in &ASSESSED {
        let (word, status, symbol) = judge(number, row, field, symbols)?;
        cells.extend([word.map(str::to_owned), text(status.as_str()), symbol.map(str::to_owned)]);
    }
    cells.push(row.paradox.as_ref().filter(|list| !list.is_empty()).map(|list| list.join("; ")));
    for field in &BORROWED {
        cells.push(judge(number, row, field, symbols)?.0.map(str::to_owned));
    }
    let texts = [&row.text_jobbmojligheter, &row.text_rekryteringssituation];
    let texts: Vec<&str> =
        texts.into_iter().flatten().map(|text| text.trim()).filter(|text| !text.is_empty()).collect();
    cells.push(Some(texts.join("\n")).filter(|text| !text.is_empty()));
    cells.push(flag(row.taxonomi_version));
    Ok(cells)
}

/// The row's SSYK groups.
pub fn groups(row: &Row) -> impl Iterator<Item = &str> {
    row.ssyk.split(',').map(str::trim)
}

fn is_ssyk(text: &str) -> bool {
    text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_round(text: &str) -> bool {
    let year = text.strip_suffix("-1").or_else(|| text.strip_suffix("-2")).unwrap_or_default();
    is_ssyk(year)
}
