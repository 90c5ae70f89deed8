//! XLSB sheets ([MS-XLSB] 2.1.7), cell by cell. Not by calamine, whose reader
//! of this format takes every length in the file for true and panics on a false one.

use super::biff::{Fields, Records, error};
use super::date::{iso, shows_date};
use super::relations::{Relation, of};
use super::{Value, Visit, Workbook};
use crate::decode::DecodeError;
use crate::decode::file::ReadError;
use crate::decode::file::input::Input;
use crate::decode::file::package::Package;

const WORKBOOK: &str = "xl/workbook.bin";
/// Bytes of shared texts that are kept.
const IN_MEMORY: usize = 512 << 20;
const NO_RECORD: &str = "no record of this kind";

mod record {
    pub const ROW: u16 = 0;
    pub const CELL_RK: u16 = 2;
    pub const CELL_ERROR: u16 = 3;
    pub const CELL_BOOL: u16 = 4;
    pub const CELL_REAL: u16 = 5;
    pub const CELL_TEXT: u16 = 6;
    pub const CELL_SHARED: u16 = 7;
    pub const FORMULA_TEXT: u16 = 8;
    pub const FORMULA_REAL: u16 = 9;
    pub const FORMULA_BOOL: u16 = 10;
    pub const FORMULA_ERROR: u16 = 11;
    pub const SHARED_ITEM: u16 = 19;
    pub const FORMAT: u16 = 44;
    pub const XF: u16 = 47;
    pub const CELL_RICH: u16 = 62;
    pub const SHEET_DATA_END: u16 = 146;
    pub const WORKBOOK_PROPERTIES: u16 = 153;
    pub const BUNDLE_SHEET: u16 = 156;
    pub const CELL_XFS: u16 = 617;
    pub const CELL_XFS_END: u16 = 618;
}

pub(super) struct Book {
    package: Package,
    /// Name, shown, part.
    sheets: Vec<(String, bool, String)>,
    since_1904: bool,
    /// Whether a cell's format shows dates, by its number.
    dates: Vec<bool>,
    texts: Vec<String>,
}

impl Book {
    pub fn open(input: &Input) -> Result<Self, DecodeError> {
        let mut package = Package::open(input, "XLSB")?;
        if !package.has(WORKBOOK) {
            let what = if package.has("xl/workbook.xml") { "XLSX" } else { "no workbook" };
            return Err(DecodeError::Shape(format!("the zip is not XLSB: it has no {WORKBOOK} ({what})")));
        }
        let relations = of(&mut package, WORKBOOK)?;
        let part = |kind: &str| relations.iter().find(|one| one.kind == kind).map(|one| one.target.clone());
        let mut book = Self { package, sheets: Vec::new(), since_1904: false, dates: Vec::new(), texts: Vec::new() };
        book.read_workbook(&relations)?;
        if let Some(part) = part("styles") {
            book.read_styles(&part)?;
        }
        if let Some(part) = part("sharedStrings") {
            book.read_texts(&part)?;
        }
        Ok(book)
    }

    fn read_workbook(&mut self, relations: &[Relation]) -> Result<(), DecodeError> {
        let mut records = Records::new(self.package.member(WORKBOOK)?, WORKBOOK);
        while let Some((kind, mut fields)) = records.next()? {
            match kind {
                record::WORKBOOK_PROPERTIES => self.since_1904 = fields.u32()? & 1 == 1,
                record::BUNDLE_SHEET => {
                    let state = fields.u32()?;
                    fields.skip(4)?;
                    let id = fields.wide_or_none()?;
                    let name = fields.wide()?;
                    let part = relations.iter().find(|one| Some(&one.id) == id.as_ref() && one.kind == "worksheet");
                    if let Some(part) = part {
                        self.sheets.push((name, state == 0, part.target.clone()));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn read_styles(&mut self, part: &str) -> Result<(), DecodeError> {
        let mut codes = std::collections::HashMap::new();
        let mut within = false;
        let mut records = Records::new(self.package.member(part)?, part);
        while let Some((kind, mut fields)) = records.next()? {
            match kind {
                record::FORMAT => {
                    let id = fields.u16()?;
                    codes.insert(id, fields.wide()?);
                }
                record::CELL_XFS => within = true,
                record::CELL_XFS_END => return Ok(()),
                record::XF if within => {
                    fields.skip(2)?;
                    let id = fields.u16()?;
                    self.dates.push(shows_date(u32::from(id), codes.get(&id).map(String::as_str)));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn read_texts(&mut self, part: &str) -> Result<(), DecodeError> {
        let mut total = 0;
        let mut records = Records::new(self.package.member(part)?, part);
        while let Some((kind, mut fields)) = records.next()? {
            if kind == record::SHARED_ITEM {
                fields.skip(1)?;
                let text = fields.wide()?;
                total += text.len() + size_of::<String>();
                if total > IN_MEMORY {
                    let reason =
                        format!("{part} holds more than the {IN_MEMORY} bytes of text that a workbook may keep");
                    return Err(DecodeError::Shape(reason));
                }
                self.texts.push(text);
            }
        }
        Ok(())
    }
}

impl Workbook for Book {
    fn sheets(&self) -> Vec<(String, bool)> {
        self.sheets.iter().map(|(name, shown, _)| (name.clone(), *shown)).collect()
    }

    fn cells(&mut self, sheet: &str, visit: Visit<'_>) -> Result<(), ReadError> {
        let Self { package, sheets, since_1904, dates, texts } = self;
        let Some((_, _, part)) = sheets.iter().find(|(name, ..)| name == sheet) else {
            return Err(DecodeError::Shape(format!("there is no sheet {sheet:?}")).into());
        };
        let mut records = Records::new(package.member(part)?, part);
        let mut row = None;
        let mut own = String::new();
        loop {
            let Some((kind, mut fields)) = records.next()? else {
                return Err(DecodeError::Shape(format!("{part} is cut off: its cells do not end")).into());
            };
            match kind {
                record::ROW => row = Some(fields.u32()?),
                record::SHEET_DATA_END => return Ok(()),
                record::CELL_RK..=record::FORMULA_ERROR | record::CELL_RICH => {
                    let row =
                        row.ok_or_else(|| DecodeError::Shape(format!("{part} has a cell before its first row")))?;
                    let column = fields.u32()?;
                    let format = (fields.u32()? & 0x00ff_ffff) as usize;
                    let number = |number: f64| {
                        let shown = dates.get(format).copied().unwrap_or(false).then(|| iso(number, *since_1904));
                        shown.flatten().map_or(Value::Number(number), Value::Date)
                    };
                    own.clear();
                    let value = match kind {
                        record::CELL_RK => number(rk(fields.u32()?)),
                        record::CELL_REAL | record::FORMULA_REAL => number(fields.f64()?),
                        record::CELL_ERROR | record::FORMULA_ERROR => Value::Error(error(fields.u8()?).to_owned()),
                        record::CELL_BOOL | record::FORMULA_BOOL => Value::Bool(fields.u8()? != 0),
                        record::CELL_TEXT | record::FORMULA_TEXT => text(&mut fields, &mut own, 0)?,
                        record::CELL_RICH => text(&mut fields, &mut own, 1)?,
                        record::CELL_SHARED => {
                            let place = fields.u32()?;
                            let text = texts.get(place as usize).ok_or_else(|| {
                                DecodeError::Shape(format!("{part} refers to shared text {place}, of {}", texts.len()))
                            })?;
                            Value::Text(text)
                        }
                        _ => return Err(DecodeError::Shape(NO_RECORD.to_owned()).into()),
                    };
                    if !visit(row, column, value)? {
                        return Ok(());
                    }
                }
                _ => {}
            }
        }
    }
}

fn text<'t>(fields: &mut Fields<'_>, own: &'t mut String, skip: usize) -> Result<Value<'t>, DecodeError> {
    fields.skip(skip)?;
    fields.wide_into(own)?;
    Ok(Value::Text(own))
}

/// A number in four bytes: the upper half of a float, or a whole number, either of them in hundredths.
fn rk(raw: u32) -> f64 {
    let number =
        if raw & 2 == 0 { f64::from_bits(u64::from(raw & 0xffff_fffc) << 32) } else { f64::from(raw as i32 >> 2) };
    if raw & 1 == 1 { number / 100.0 } else { number }
}

#[cfg(test)]
mod unit {
    use super::rk;

    #[test]
    fn numbers_in_four_bytes() {
        assert_eq!(rk(1234 << 2 | 2), 1234.0);
        assert_eq!(rk(1234 << 2 | 3), 12.34);
        assert_eq!(rk((-5_i32 << 2) as u32 | 2), -5.0);
        assert_eq!(rk((1.5_f64.to_bits() >> 32) as u32), 1.5);
    }
}
