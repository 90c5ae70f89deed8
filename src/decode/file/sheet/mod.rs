//! Tables in spreadsheets: which sheet, where in it the table lies, what its
//! columns are called. Cells come one at a time from XLSX, XLSB and ODS alike;
//! nothing but the row under way is kept.

pub(super) mod biff;
mod date;
mod layout;
mod ods;
pub(super) mod relations;
#[cfg(test)]
mod tests;
mod xlsb;
mod xlsx;

use super::input::Input;
use super::unpack::listed;
use super::wild::Wild;
use super::writer::{Out, Writer};
use super::{ReadError, Reading, Told};
use crate::config::{Choice, FileFormat, ValueType};
use crate::decode::DecodeError;
use crate::decode::number::Number;
use crate::decode::rows::Cell;
use crate::nearest::nearest;

use layout::Layout;

pub(super) use date::iso;

/// A cell's value; what is empty is not told.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Number(f64),
    Bool(bool),
    /// In ISO 8601.
    Date(String),
    /// A formula's, such as `#DIV/0!`.
    Error(String),
}

/// Given row and column, from 0, and the value, in reading order; says whether it wants more.
pub(super) type Visit<'v> = &'v mut dyn FnMut(u32, u32, Value<'_>) -> Result<bool, ReadError>;

trait Workbook {
    /// Names in order, and whether they are shown.
    fn sheets(&self) -> Vec<(String, bool)>;

    fn cells(&mut self, sheet: &str, visit: Visit<'_>) -> Result<(), ReadError>;
}

pub(super) fn read(input: Input, reading: &Reading<'_>, out: Out<'_>) -> Result<Told, ReadError> {
    let mut book: Box<dyn Workbook> = match reading.spec.format {
        FileFormat::Xlsb => Box::new(xlsb::Book::open(&input)?),
        FileFormat::Ods => Box::new(ods::Book::open(&input)?),
        _ => Box::new(xlsx::Book::open(&input)?),
    };
    let sheet = chosen(&book.sheets(), reading.spec.sheet.sheet.as_ref())?;
    let mut layout = Layout::new(&sheet, reading, out)?;
    book.cells(&sheet, &mut |row, column, value| layout.cell(row, column, &value))?;
    layout.finish()
}

fn chosen(sheets: &[(String, bool)], choice: Option<&Choice>) -> Result<String, DecodeError> {
    let names: Vec<&str> = sheets.iter().map(|(name, _)| name.as_str()).collect();
    let shape = |what: String| Err(DecodeError::Shape(what));
    match choice {
        None => {
            let shown: Vec<&str> = sheets.iter().filter(|(_, shown)| *shown).map(|(name, _)| name.as_str()).collect();
            match shown.as_slice() {
                [one] => Ok((*one).to_owned()),
                several => shape(format!(
                    "the workbook has {} sheets, and the fetch does not say which is meant: {}",
                    several.len(),
                    listed(several)
                )),
            }
        }
        Some(Choice::Number(number)) => match names.get(*number as usize - 1) {
            Some(name) => Ok((*name).to_owned()),
            None => shape(format!("there is no sheet {number}; the workbook has {}: {}", names.len(), listed(&names))),
        },
        Some(Choice::Pattern(text)) => {
            let pattern = Wild::new(text);
            let fitting: Vec<&str> = names.iter().copied().filter(|name| pattern.fits(name)).collect();
            match fitting.as_slice() {
                [one] => Ok((*one).to_owned()),
                [] => {
                    let near = nearest(text, names.iter().copied());
                    let near = near.map(|near| format!("; the nearest is {near:?}")).unwrap_or_default();
                    shape(format!("there is no sheet {text:?}{near}; the workbook has {}", listed(&names)))
                }
                several => shape(format!("{} sheets fit {text:?}: {}", several.len(), listed(several))),
            }
        }
    }
}

/// `C17`, of row and column from 0.
fn address(row: u32, column: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        letters.push(b'A' + ((rest - 1) % 26) as u8);
        rest = (rest - 1) / 26;
    }
    let letters: String = letters.iter().rev().map(|letter| char::from(*letter)).collect();
    format!("{letters}{}", row + 1)
}

/// Puts a value into a column of the table; `row` is its number for a message.
pub(super) fn push(writer: &mut Writer<'_>, place: usize, row: u64, value: &Value<'_>) -> Result<(), DecodeError> {
    let cell = match value {
        Value::Text(text) => Cell::Text(text.trim()),
        Value::Number(number) => Cell::Number(Number::Float(*number)),
        Value::Bool(truth) => Cell::Bool(*truth),
        Value::Date(text) if writer.kind(place) == ValueType::Text => Cell::Text(text),
        Value::Date(text) | Value::Error(text) => {
            let why = if matches!(value, Value::Date(_)) { "a date, not a number" } else { "a formula's error" };
            let column = writer.name(place).to_owned();
            return Err(DecodeError::Cell { row, column, value: text.clone(), why });
        }
    };
    writer.push(place, row, cell)
}

fn text_of(value: &Value<'_>) -> String {
    match value {
        Value::Text(text) => text.trim().to_owned(),
        // A year is 2026, not 2026.0.
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Date(text) | Value::Error(text) => text.clone(),
    }
}
