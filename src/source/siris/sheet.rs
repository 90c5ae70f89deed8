//! One year's file: a preamble of text, a line of headings, rows, and perhaps
//! text below. The headings are found by what they say, never by their place.

use std::collections::{BTreeMap, BTreeSet};

use super::super::figure::{NO_FIGURE, figure};
use super::YEAR;
use crate::config::SirisFetch;
use crate::contract::Status;
use crate::decode::DecodeError;
use crate::decode::rows::{Cell, Table};

/// Lines that may stand above the headings.
const PREAMBLE: usize = 100;

/// Writes the rows, and gives the number of lines that are text.
pub fn read(
    body: &[u8],
    year: u16,
    fetch: &SirisFetch,
    symbols: &BTreeMap<String, Status>,
    table: &mut Table,
) -> Result<u64, DecodeError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let text = std::str::from_utf8(body).map_err(|error| DecodeError::Broken {
        offset: error.valid_up_to() as u64,
        reason: "it is not UTF-8".to_owned(),
    })?;
    if text.trim_start().starts_with('<') {
        let begins = text.trim_start().chars().take(40).collect();
        return Err(DecodeError::NotTheFormat { expected: "semicolon-separated text", begins });
    }
    let mut reader =
        csv::ReaderBuilder::new().delimiter(b';').has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut lines: Vec<Vec<String>> = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| DecodeError::Shape(error.to_string()))?;
        lines.push(record.iter().map(|cell| cell.trim().to_owned()).collect());
    }
    let (at, places) = headings(&lines, year, fetch)?;
    let width = lines[at].len();
    let mut aside = at as u64;
    for (number, line) in lines.iter().enumerate().skip(at + 1) {
        let filled = line.iter().filter(|cell| !cell.is_empty()).count();
        // Definitions and sources below the table are a text in the first cell.
        if filled == 0 || filled == 1 && !line[0].is_empty() && width > 2 {
            aside += 1;
            continue;
        }
        if line.len() != width {
            let why = format!("line {} has {} cells, and the headings are {width}", number + 1, line.len());
            return Err(DecodeError::Shape(why));
        }
        let row = number as u64 + 1;
        let column = table.place(YEAR);
        table.push(column, row, Cell::Text(&year.to_string()))?;
        for (name, (place, number)) in &places {
            let text = line[*place].as_str();
            let cell = match (text, number) {
                ("", false) => Cell::Absent,
                (text, false) => Cell::Text(text),
                (text, true) => figure(text, symbols).ok_or_else(|| DecodeError::Cell {
                    row,
                    column: (*name).to_owned(),
                    value: text.to_owned(),
                    why: NO_FIGURE,
                })?,
            };
            let column = table.place(name);
            table.push(column, row, cell)?;
        }
        table.end_row(&vec![true; places.len() + 1]);
    }
    Ok(aside)
}

/// Column → place and whether it holds numbers.
type Places<'a> = BTreeMap<&'a str, (usize, bool)>;

/// The line where every column has one of its headings.
fn headings<'a>(lines: &[Vec<String>], year: u16, fetch: &'a SirisFetch) -> Result<(usize, Places<'a>), DecodeError> {
    let wanted = || {
        let texts = fetch.texts.iter().map(|(heading, name)| (heading, name, false));
        texts.chain(fetch.numbers.iter().map(|(heading, name)| (heading, name, true)))
    };
    let columns: BTreeSet<&str> = wanted().map(|(_, name, _)| name.as_str()).collect();
    let mut best: (usize, BTreeSet<&str>) = (0, columns.clone());
    for (number, line) in lines.iter().enumerate().take(PREAMBLE) {
        let mut places = Places::new();
        for (heading, name, figures) in wanted() {
            let mut at = line.iter().enumerate().filter(|(_, cell)| *cell == heading).map(|(place, _)| place);
            let Some(place) = at.next() else { continue };
            if at.next().is_some() || places.insert(name.as_str(), (place, figures)).is_some() {
                let why = format!("{year}: column {name:?} has more than one heading, {heading:?} among them");
                return Err(DecodeError::Shape(why));
            }
        }
        let missing: BTreeSet<&str> = columns.iter().filter(|name| !places.contains_key(*name)).copied().collect();
        if missing.is_empty() {
            return Ok((number, places));
        }
        if missing.len() < best.1.len() {
            best = (number, missing);
        }
    }
    let (number, missing) = best;
    if missing.len() == columns.len() {
        return Err(DecodeError::Shape(format!("{year}: no line has any of the headings")));
    }
    let names: Vec<String> = missing
        .iter()
        .map(|column| {
            let headings: Vec<String> =
                wanted().filter(|(_, name, _)| name == column).map(|(heading, ..)| format!("{heading:?}")).collect();
            headings.join(" or ")
        })
        .collect();
    let found = lines[number].join("; ");
    Err(DecodeError::Shape(format!(
        "{year}: line {} has no heading {}; it has {found}",
        number + 1,
        names.join(", nor ")
    )))
}
