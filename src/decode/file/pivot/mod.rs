//! What a pivot table keeps of the data that it was made from: a list of fields
//! with the values that recur, and the records. Both are read as they come, the
//! records in constant memory: such caches have hundreds of megabytes.
//!
//! XML: ECMA-376 part 1, 18.10. Binary: [MS-XLSB] 2.4 (the record numbers and
//! fields as LibreOffice reads them; no file of Excel's own was at hand).

mod binary;
mod find;
#[cfg(test)]
mod tests;
mod xml;

use super::header::choose;
use super::input::Input;
use super::package::Package;
use super::sheet::{Value, push};
use super::writer::{Out, Writer};
use super::{ReadError, Reading, Told};
use crate::config::{Choice, FileFormat};
use crate::decode::DecodeError;

/// Bytes of recurring values that are kept.
const IN_MEMORY: usize = 512 << 20;
const FIELDS: usize = 16_384;

pub(super) fn read(input: Input, reading: &Reading<'_>, out: Out<'_>) -> Result<Told, ReadError> {
    let binary = reading.spec.format == FileFormat::Xlsb;
    let mut package = Package::open(&input, if binary { "XLSB" } else { "XLSX" })?;
    let choice = reading.spec.sheet.pivot_cache.clone().unwrap_or(Choice::Number(1));
    let found = find::cache(&mut package, &choice, binary)?;
    let fields = {
        let member = package.member(&found.definition)?;
        if binary { binary::fields(member, &found.definition)? } else { xml::fields(member, &found.definition)?.0 }
    };
    let mut records = Records::new(fields, reading, out)?;
    let member = package.member(&found.records)?;
    if binary {
        binary::records(member, &found.records, &mut records)?;
    } else {
        xml::records(member, &found.records, &mut records)?;
    }
    records.finish()
}

/// A column of the cache.
#[derive(Debug, Default)]
pub(super) struct Field {
    name: String,
    /// Not in the records: it is made of another field, by grouping or a formula.
    derived: bool,
    /// The values that recur; records refer to them by place.
    shared: Vec<Item>,
    numeric: bool,
    dated: bool,
    text: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    Missing,
    Text(String),
    Number(f64),
    Bool(bool),
    Date(String),
    Error(String),
}

/// Keeps count of what is kept, so that a cache can't fill the memory with its recurring values.
#[derive(Default)]
struct Room(usize);

impl Room {
    fn take(&mut self, item: &Item) -> Result<(), DecodeError> {
        let text = match item {
            Item::Text(text) | Item::Date(text) | Item::Error(text) => text.len(),
            _ => 0,
        };
        self.0 += text + size_of::<Item>();
        if self.0 > IN_MEMORY {
            let reason = format!("the pivot cache has more than {IN_MEMORY} bytes of recurring values");
            return Err(DecodeError::Shape(reason));
        }
        Ok(())
    }
}

/// Records on their way into the table.
pub(super) struct Records<'w> {
    writer: Writer<'w>,
    /// The fields that records hold, in order, and the column that each becomes.
    fields: Vec<(Field, Option<usize>)>,
    touched: Vec<bool>,
    /// The field of the record under way that comes next.
    next: Option<usize>,
    count: u64,
    names: Vec<String>,
}

impl<'w> Records<'w> {
    fn new(fields: Vec<Field>, reading: &'w Reading<'_>, out: Out<'w>) -> Result<Self, DecodeError> {
        let fields: Vec<Field> = fields.into_iter().filter(|field| !field.derived).collect();
        let header: Vec<String> = fields.iter().map(|field| super::header::clean(&field.name)).collect();
        let chosen = choose(&header, reading.spec)?;
        let place = |field: usize| chosen.taken.iter().position(|(column, ..)| *column == field);
        Ok(Self {
            writer: Writer::new(chosen.columns(), &reading.marks, reading.spec.decimal, out),
            touched: vec![false; chosen.taken.len()],
            fields: fields.into_iter().enumerate().map(|(at, field)| (field, place(at))).collect(),
            next: None,
            count: 0,
            names: chosen.names,
        })
    }

    fn begin(&mut self) -> Result<(), ReadError> {
        if self.next.is_some() {
            self.end()?;
        }
        self.count += 1;
        self.next = Some(0);
        self.touched.fill(false);
        Ok(())
    }

    fn broken(&self, why: &str) -> DecodeError {
        DecodeError::Shape(format!("record {} of the pivot cache {why}", self.count))
    }

    /// The column of the next field; none where it is not taken.
    fn step(&mut self) -> Result<(usize, Option<usize>), DecodeError> {
        let Some(at) = self.next else { return Err(self.broken("has a value before its beginning")) };
        let Some((_, place)) = self.fields.get(at) else {
            return Err(self.broken(&format!("has more values than the {} fields", self.fields.len())));
        };
        self.next = Some(at + 1);
        if let Some(place) = place {
            self.touched[*place] = true;
        }
        Ok((at, *place))
    }

    fn missing(&mut self) -> Result<(), DecodeError> {
        if let (_, Some(place)) = self.step()? {
            self.touched[place] = false;
        }
        Ok(())
    }

    fn value(&mut self, value: &Value<'_>) -> Result<(), DecodeError> {
        match self.step()? {
            (_, Some(place)) => push(&mut self.writer, place, self.count, value),
            (_, None) => Ok(()),
        }
    }

    /// A recurring value by its place.
    fn shared(&mut self, index: usize) -> Result<(), DecodeError> {
        let (at, place) = self.step()?;
        let (field, _) = &self.fields[at];
        let Some(item) = field.shared.get(index) else {
            let (name, count) = (&field.name, field.shared.len());
            return Err(self.broken(&format!("refers to value {index} of {name:?}, which has {count}")));
        };
        let Some(place) = place else { return Ok(()) };
        let value = match item {
            Item::Missing => {
                self.touched[place] = false;
                return Ok(());
            }
            Item::Text(text) => Value::Text(text),
            Item::Number(number) => Value::Number(*number),
            Item::Bool(truth) => Value::Bool(*truth),
            Item::Date(text) => Value::Date(text.clone()),
            Item::Error(text) => Value::Error(text.clone()),
        };
        push(&mut self.writer, place, self.count, &value)
    }

    /// A record has a value, or the lack of one, of every field.
    fn end(&mut self) -> Result<(), ReadError> {
        if let Some(next) = self.next.take() {
            if next != self.fields.len() {
                return Err(self.broken(&format!("has {next} values of {} fields", self.fields.len())).into());
            }
            self.writer.end_row(&self.touched)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Told, ReadError> {
        self.end()?;
        self.writer.finish()?;
        Ok(Told { columns: Some(self.names), ..Told::default() })
    }
}
