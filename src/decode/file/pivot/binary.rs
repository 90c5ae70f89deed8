//! `pivotCacheDefinition` and `pivotCacheRecords` as records of XLSB.

use std::io::Read;

use super::{FIELDS, Field, Item, Records, Room};
use crate::decode::DecodeError;
use crate::decode::file::ReadError;
use crate::decode::file::sheet::Value;
use crate::decode::file::sheet::biff::{self, Fields, error};

mod record {
    pub const ITEM_MISSING: u16 = 20;
    pub const ITEM_NUMBER: u16 = 21;
    pub const ITEM_BOOL: u16 = 22;
    pub const ITEM_ERROR: u16 = 23;
    pub const ITEM_TEXT: u16 = 24;
    pub const ITEM_DATE: u16 = 25;
    pub const ITEM_INDEX: u16 = 26;
    /// The same six with more about each.
    pub const MORE_MISSING: u16 = 27;
    pub const MORE_DATE: u16 = 32;
    pub const RECORD: u16 = 33;
    pub const RECORD_OF_ITEMS: u16 = 34;
    pub const FIELD: u16 = 183;
    pub const SHEET_SOURCE: u16 = 187;
    pub const SHARED: u16 = 189;
    pub const SHARED_END: u16 = 190;
    pub const RUN: u16 = 191;
    pub const RECORDS_END: u16 = 194;
}

const STORED: u16 = 0x0004;
const DATED: u16 = 0x0004;
const TEXT: u16 = 0x0008;
const NUMERIC: u16 = 0x0040;

/// What the cache was made from; nothing where it says it in a way that is not known here.
pub(super) fn source_names(body: impl Read, part: &str) -> Result<Vec<String>, DecodeError> {
    let mut records = biff::Records::new(body, part);
    while let Some((kind, fields)) = records.next()? {
        match kind {
            record::SHEET_SOURCE => return Ok(sheet_source(fields).unwrap_or_default()),
            record::FIELD => break,
            _ => {}
        }
    }
    Ok(Vec::new())
}

fn sheet_source(mut fields: Fields<'_>) -> Result<Vec<String>, DecodeError> {
    let is_name = fields.u8()? != 0;
    fields.skip(1)?;
    let flags = fields.u8()?;
    let mut names = Vec::new();
    if flags & 2 != 0 {
        names.push(fields.wide()?);
    }
    if flags & 1 != 0 {
        fields.wide()?;
    }
    if is_name {
        names.insert(0, fields.wide()?);
    }
    Ok(names)
}

pub(super) fn fields(body: impl Read, part: &str) -> Result<Vec<Field>, DecodeError> {
    let mut found: Vec<Field> = Vec::new();
    let mut room = Room::default();
    let mut shared = false;
    let mut records = biff::Records::new(body, part);
    while let Some((kind, mut fields)) = records.next()? {
        match kind {
            record::FIELD => {
                if found.len() == FIELDS {
                    return Err(DecodeError::Shape(format!("{part} has more than {FIELDS} fields")));
                }
                let flags = fields.u16()?;
                // Format, type, hierarchy, level, mappings.
                fields.skip(4 + 2 + 4 + 4 + 4)?;
                found.push(Field { name: fields.wide()?, derived: flags & STORED == 0, ..Field::default() });
            }
            record::SHARED => {
                let flags = fields.u16()?;
                if let Some(field) = found.last_mut() {
                    field.numeric = flags & NUMERIC != 0;
                    field.dated = flags & DATED != 0;
                    field.text = flags & TEXT != 0;
                }
                shared = true;
            }
            record::SHARED_END => shared = false,
            record::RUN if shared => {
                let kind = fields.u16()?;
                let count = fields.u32()?;
                let Some(field) = found.last_mut() else { continue };
                for _ in 0..count {
                    let item = match kind {
                        0x01 => Item::Number(fields.f64()?),
                        0x02 => Item::Text(fields.wide()?),
                        0x10 => Item::Error(error(fields.u8()?).to_owned()),
                        0x20 => Item::Date(date(&mut fields)?),
                        _ => return Err(DecodeError::Shape(format!("{part} has a run of values of kind {kind}"))),
                    };
                    room.take(&item)?;
                    field.shared.push(item);
                }
            }
            record::ITEM_MISSING..=record::ITEM_DATE | record::MORE_MISSING..=record::MORE_DATE if shared => {
                let Some(field) = found.last_mut() else { continue };
                let kind = if kind >= record::MORE_MISSING { kind - 7 } else { kind };
                let item = item(kind, &mut fields)?;
                room.take(&item)?;
                field.shared.push(item);
            }
            _ => {}
        }
    }
    Ok(found)
}

fn item(kind: u16, fields: &mut Fields<'_>) -> Result<Item, DecodeError> {
    Ok(match kind {
        record::ITEM_NUMBER => Item::Number(fields.f64()?),
        record::ITEM_BOOL => Item::Bool(fields.u8()? != 0),
        record::ITEM_ERROR => Item::Error(error(fields.u8()?).to_owned()),
        record::ITEM_TEXT => Item::Text(fields.wide()?),
        record::ITEM_DATE => Item::Date(date(fields)?),
        _ => Item::Missing,
    })
}

fn date(fields: &mut Fields<'_>) -> Result<String, DecodeError> {
    let (year, month) = (fields.u16()?, fields.u16()?);
    let [day, hour, minute, second] = [fields.u8()?, fields.u8()?, fields.u8()?, fields.u8()?];
    let date = format!("{year:04}-{month:02}-{day:02}");
    let midnight = (hour, minute, second) == (0, 0, 0);
    Ok(if midnight { date } else { format!("{date}T{hour:02}:{minute:02}:{second:02}") })
}

pub(super) fn records(body: impl Read, part: &str, into: &mut Records<'_>) -> Result<(), ReadError> {
    let mut records = biff::Records::new(body, part);
    let mut text = String::new();
    while let Some((kind, mut fields)) = records.next()? {
        match kind {
            record::RECORD => {
                into.begin()?;
                for at in 0..into.fields.len() {
                    let Field { shared, numeric, dated, text: holds_text, .. } = &into.fields[at].0;
                    if !shared.is_empty() {
                        into.shared(fields.u32()? as usize)?;
                    } else if *numeric {
                        into.value(&Value::Number(fields.f64()?))?;
                    } else if *dated && !*holds_text {
                        into.value(&Value::Date(date(&mut fields)?))?;
                    } else {
                        text.clear();
                        fields.wide_into(&mut text)?;
                        into.value(&Value::Text(&text))?;
                    }
                }
                if !fields.is_empty() {
                    return Err(into.broken("has more values than there are fields").into());
                }
                into.end()?;
            }
            record::RECORD_OF_ITEMS => into.begin()?,
            record::ITEM_INDEX => into.shared(fields.u32()? as usize)?,
            record::ITEM_MISSING => into.missing()?,
            record::ITEM_NUMBER..=record::ITEM_DATE => match item(kind, &mut fields)? {
                Item::Missing => into.missing()?,
                Item::Text(text) => into.value(&Value::Text(&text))?,
                Item::Number(number) => into.value(&Value::Number(number))?,
                Item::Bool(truth) => into.value(&Value::Bool(truth))?,
                Item::Date(text) => into.value(&Value::Date(text))?,
                Item::Error(text) => into.value(&Value::Error(text))?,
            },
            record::RECORDS_END => return Ok(()),
            _ => {}
        }
    }
    Err(DecodeError::Shape(format!("{part} is cut off: its records do not end")).into())
}
