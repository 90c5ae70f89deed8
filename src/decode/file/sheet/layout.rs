//! A sheet's cells as a table: header rows joined, merged headers filled along,
//! units noted, empty rows passed over, every fault with its cell's address.

use std::collections::BTreeMap;

use super::{Value, address, text_of};
use crate::config::{CellRange, SheetLayout, ValueType};
use crate::decode::DecodeError;
use crate::decode::file::header::{choose, clean};
use crate::decode::file::writer::{Out, Writer};
use crate::decode::file::{ReadError, Reading, Told};
use crate::decode::rows::Cell;

/// No spreadsheet has more columns.
const COLUMNS: u32 = 16_384;

pub(super) struct Layout<'w> {
    sheet: String,
    reading: &'w Reading<'w>,
    range: Option<CellRange>,
    header_rows: Vec<u32>,
    units_row: Option<u32>,
    body: u32,
    /// Texts of header and units, by row and column.
    head: BTreeMap<u32, BTreeMap<u32, String>>,
    /// Until the header is known.
    out: Option<Out<'w>>,
    table: Option<Table<'w>>,
}

struct Table<'w> {
    writer: Writer<'w>,
    /// Column of the sheet → column of the table.
    places: Vec<Option<usize>>,
    /// What an empty cell stands for, in columns that are filled down.
    above: Vec<Option<Option<String>>>,
    touched: Vec<bool>,
    row: Option<u32>,
    told: Told,
}

impl<'w> Layout<'w> {
    pub fn new(sheet: &str, reading: &'w Reading<'w>, out: Out<'w>) -> Result<Self, DecodeError> {
        let SheetLayout { header_rows, units_row, skip_rows, range, .. } = &reading.spec.sheet;
        let first = range.map_or(0, |range| range.first_row).max(*skip_rows);
        let mut header_rows: Vec<u32> = header_rows.iter().map(|row| row - 1).collect();
        if header_rows.is_empty() {
            header_rows.push(first);
        }
        header_rows.sort_unstable();
        let units_row = units_row.map(|row| row - 1);
        let last = header_rows.iter().chain(&units_row).max().copied().unwrap_or(first);
        if header_rows[0] < first {
            return Err(DecodeError::Shape(format!(
                "the header is said to be in row {}, which is passed over",
                header_rows[0] + 1
            )));
        }
        Ok(Self {
            sheet: sheet.to_owned(),
            reading,
            range: *range,
            header_rows,
            units_row,
            body: last + 1,
            head: BTreeMap::new(),
            out: Some(out),
            table: None,
        })
    }

    /// Takes the next cell; says whether there may be more of the table.
    pub fn cell(&mut self, row: u32, column: u32, value: &Value<'_>) -> Result<bool, ReadError> {
        if let Some(range) = &self.range {
            if range.last_row.is_some_and(|last| row > last) {
                return Ok(false);
            }
            if row < range.first_row || !(range.first_column..=range.last_column).contains(&column) {
                return Ok(true);
            }
        }
        if matches!(value, Value::Text(text) if text.trim().is_empty()) {
            return Ok(true);
        }
        if row < self.body {
            if self.header_rows.contains(&row) || self.units_row == Some(row) {
                let text = clean(&text_of(value));
                self.head.entry(row).or_default().insert(column.min(COLUMNS), text);
            }
            return Ok(true);
        }
        if self.table.is_none() {
            self.begin(Some(row))?;
        }
        let until_blank = self.reading.spec.sheet.until_blank;
        let Some(table) = &mut self.table else { return Ok(false) };
        if table.row != Some(row) {
            if until_blank && row > table.row.map_or(self.body, |last| last + 1) {
                return Ok(false);
            }
            table.end_row()?;
            if table.row.is_some_and(|last| row < last) {
                return Err(DecodeError::Shape(format!(
                    "sheet {:?} has row {} after a later one",
                    self.sheet,
                    row + 1
                ))
                .into());
            }
            table.row = Some(row);
        }
        let Some(place) = table.places.get(column as usize).copied().flatten() else { return Ok(true) };
        let at = || format!("{}!{}", self.sheet, address(row, column));
        if std::mem::replace(&mut table.touched[place], true) {
            return Err(DecodeError::Shape(format!("{} comes twice", at())).into());
        }
        table.push(place, row, value).map_err(|error| match error {
            DecodeError::Cell { column, value, why, .. } => DecodeError::Place { place: at(), column, value, why },
            error => error,
        })?;
        Ok(true)
    }

    /// Reads the header. `row` is the first row with anything in it after the header.
    fn begin(&mut self, row: Option<u32>) -> Result<(), ReadError> {
        let header = self.header();
        if header.iter().all(String::is_empty) {
            let rows: Vec<String> = self.header_rows.iter().map(|row| (row + 1).to_string()).collect();
            let row = match row {
                Some(row) => format!("; the next row with anything in it is {}", row + 1),
                None => "; there is nothing after it either".to_owned(),
            };
            let what = format!(
                "sheet {:?} is empty in row {}, where its header should be{row}",
                self.sheet,
                rows.join(" and ")
            );
            return Err(DecodeError::Shape(what).into());
        }
        let chosen = choose(&header, self.reading.spec)?;
        let mut places = vec![None; header.len()];
        let mut units = Vec::new();
        let of_row = self.units_row.and_then(|row| self.head.get(&row));
        for (place, (column, name, _)) in chosen.taken.iter().enumerate() {
            places[*column] = Some(place);
            if let Some(unit) = of_row.and_then(|units| units.get(&(*column as u32))) {
                units.push((name.clone(), header[*column].clone(), unit.clone()));
            }
        }
        let mut above = vec![None; chosen.taken.len()];
        for name in &self.reading.spec.sheet.fill_down {
            let place = chosen.taken.iter().position(|(_, taken, _)| taken == name);
            match place.map(|place| (place, chosen.taken[place].2)) {
                Some((place, ValueType::Text)) => above[place] = Some(None),
                Some(_) => {
                    let reason =
                        format!("column {name:?} is filled down, and only text is: a number stands for itself");
                    return Err(DecodeError::Shape(reason).into());
                }
                None => return Err(DecodeError::Shape(format!("there is no column {name:?} to fill down")).into()),
            }
        }
        let Some(out) = self.out.take() else { return Ok(()) };
        let spec = self.reading.spec;
        self.table = Some(Table {
            writer: Writer::new(chosen.columns(), &self.reading.marks, spec.decimal, out),
            touched: vec![false; chosen.taken.len()],
            places,
            above,
            row: None,
            told: Told {
                columns: Some(chosen.names.into_iter().filter(|name| !name.is_empty()).collect()),
                units,
                notes: Vec::new(),
            },
        });
        Ok(())
    }

    /// The header's texts by column.
    fn header(&self) -> Vec<String> {
        let rows = self.header_rows.iter().filter_map(|row| self.head.get(row));
        let last = rows.filter_map(|row| row.keys().next_back()).max().copied();
        let Some(last) = last else { return Vec::new() };
        let first = self.range.map_or(0, |range| range.first_column);
        let mut header = vec![String::new(); last as usize + 1];
        let empty = BTreeMap::new();
        for (place, row) in self.header_rows.iter().enumerate() {
            let texts = self.head.get(row).unwrap_or(&empty);
            let mut left = "";
            for column in first..=last {
                match texts.get(&column) {
                    Some(text) => left = text,
                    // The last header row names each column; those above it span several.
                    None if place + 1 == self.header_rows.len() => left = "",
                    None => {}
                }
                let whole = &mut header[column as usize];
                if !left.is_empty() && whole != left {
                    if !whole.is_empty() {
                        whole.push(' ');
                    }
                    whole.push_str(left);
                }
            }
        }
        header
    }

    pub fn finish(mut self) -> Result<Told, ReadError> {
        if self.table.is_none() {
            self.begin(None)?;
        }
        let Some(mut table) = self.table else { return Ok(Told::default()) };
        table.end_row()?;
        table.writer.finish()?;
        Ok(table.told)
    }
}

impl Table<'_> {
    fn push(&mut self, place: usize, row: u32, value: &Value<'_>) -> Result<(), DecodeError> {
        if let Some(above) = &mut self.above[place] {
            *above = Some(text_of(value));
        }
        super::push(&mut self.writer, place, u64::from(row) + 1, value)
    }

    fn end_row(&mut self) -> Result<(), ReadError> {
        if !self.touched.contains(&true) {
            return Ok(());
        }
        for (place, above) in self.above.iter().enumerate() {
            if let Some(Some(text)) = above.as_ref().filter(|_| !self.touched[place]) {
                self.writer.push(place, 0, Cell::Text(text))?;
                self.touched[place] = true;
            }
        }
        self.writer.end_row(&self.touched)?;
        self.touched.fill(false);
        Ok(())
    }
}
