//! `pivotCacheDefinition` and `pivotCacheRecords` as XML.

use std::io::Read;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};

use super::{FIELDS, Field, Item, Records, Room};
use crate::decode::DecodeError;
use crate::decode::file::ReadError;
use crate::decode::file::elements::each;
use crate::decode::file::sheet::Value;
use crate::decode::file::sheet::relations::attribute;

/// The fields, and what the cache was made from.
pub(super) fn fields(body: impl Read, part: &str) -> Result<(Vec<Field>, Vec<String>), DecodeError> {
    let mut fields: Vec<Field> = Vec::new();
    let mut sources = Vec::new();
    let mut room = Room::default();
    let (mut shared, mut deep) = (false, 0_u32);
    let ended = each(body, part, &mut |event| {
        let (element, opens) = match event {
            Event::Start(element) => (element, true),
            Event::Empty(element) => (element, false),
            Event::End(element) => {
                match element.local_name().as_ref() {
                    b"sharedItems" => shared = false,
                    _ if shared => deep = deep.saturating_sub(1),
                    _ => {}
                }
                return Ok(true);
            }
            _ => return Ok(true),
        };
        if shared {
            // What lies within a value, such as the members of a tuple, is none of its own.
            if deep == 0
                && let (Some(field), Some(item)) = (fields.last_mut(), item(element)?)
            {
                room.take(&item)?;
                field.shared.push(item);
            }
            deep += u32::from(opens);
            return Ok(true);
        }
        match element.local_name().as_ref() {
            b"worksheetSource" => {
                for name in ["name", "sheet"] {
                    sources.extend(attribute(element, name));
                }
            }
            b"cacheField" => {
                if fields.len() == FIELDS {
                    return Err(DecodeError::Shape(format!("{part} has more than {FIELDS} fields")).into());
                }
                fields.push(Field {
                    name: attribute(element, "name").unwrap_or_default(),
                    derived: attribute(element, "databaseField").is_some_and(|text| text == "0" || text == "false"),
                    ..Field::default()
                });
            }
            b"sharedItems" => (shared, deep) = (opens, 0),
            _ => {}
        }
        Ok(true)
    });
    match ended {
        Ok(()) => Ok((fields, sources)),
        Err(ReadError::Decode(error)) => Err(error),
        Err(ReadError::Sink(error)) => Err(DecodeError::Shape(error.to_string())),
    }
}

fn item(element: &BytesStart<'_>) -> Result<Option<Item>, DecodeError> {
    let name = element.local_name();
    if name.as_ref() == b"m" {
        return Ok(Some(Item::Missing));
    }
    if !matches!(name.as_ref(), b"s" | b"n" | b"d" | b"b" | b"e") {
        return Ok(None);
    }
    let value = attribute(element, "v").unwrap_or_default();
    Ok(Some(match name.as_ref() {
        b"n" => Item::Number(number(&value)?),
        b"d" => Item::Date(day(&value).to_owned()),
        b"b" => Item::Bool(value == "1" || value == "true"),
        b"e" => Item::Error(value),
        _ => Item::Text(unescaped(value)),
    }))
}

fn number(text: &str) -> Result<f64, DecodeError> {
    let number = text.trim().parse().ok().filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| DecodeError::Shape(format!("the pivot cache says that {text:?} is a number")))
}

/// A day has no time.
fn day(text: &str) -> &str {
    text.strip_suffix("T00:00:00").unwrap_or(text)
}

/// What XML can't hold is written `_x000D_`.
fn unescaped(text: String) -> String {
    if !text.contains("_x") {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("_x") {
        let letter = rest
            .get(at + 2..at + 6)
            .filter(|_| rest.as_bytes().get(at + 6) == Some(&b'_'))
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .and_then(char::from_u32);
        match letter {
            Some(letter) => {
                out.push_str(&rest[..at]);
                out.push(letter);
                rest = &rest[at + 7..];
            }
            None => {
                out.push_str(&rest[..at + 2]);
                rest = &rest[at + 2..];
            }
        }
    }
    out.push_str(rest);
    out
}

pub(super) fn records(body: impl Read, part: &str, records: &mut Records<'_>) -> Result<(), ReadError> {
    // Depth below the list of records: 1 in a record, 2 in a value of it.
    let mut depth = 0_u32;
    each(body, part, &mut |event| {
        match event {
            Event::Start(element) | Event::Empty(element) => {
                let opens = matches!(event, Event::Start(_));
                match depth {
                    1 if element.local_name().as_ref() == b"r" => {
                        records.begin()?;
                        if !opens {
                            records.end()?;
                        }
                    }
                    2 => value(element, records)?,
                    _ => {}
                }
                depth += u32::from(opens);
            }
            Event::End(element) => {
                depth = depth.saturating_sub(1);
                if depth == 1 && element.local_name().as_ref() == b"r" {
                    records.end()?;
                }
            }
            _ => {}
        }
        Ok(true)
    })
}

fn value(element: &BytesStart<'_>, records: &mut Records<'_>) -> Result<(), DecodeError> {
    let name = element.local_name();
    let broken = |error: &dyn std::fmt::Display| DecodeError::Shape(format!("the pivot cache is broken: {error}"));
    if name.as_ref() == b"m" {
        return records.missing();
    }
    if !matches!(name.as_ref(), b"x" | b"s" | b"n" | b"d" | b"b" | b"e") {
        return Ok(());
    }
    let attribute = element.try_get_attribute("v").map_err(|error| broken(&error))?;
    let Some(attribute) = attribute else { return Err(records.broken("has a value that says nothing")) };
    let text = attribute.normalized_value(XmlVersion::Explicit1_0).map_err(|error| broken(&error))?;
    match name.as_ref() {
        b"x" => {
            let index = text.parse().map_err(|_| records.broken("refers to a value by no number"))?;
            records.shared(index)
        }
        b"n" => records.value(&Value::Number(number(&text)?)),
        b"d" => records.value(&Value::Date(day(&text).to_owned())),
        b"b" => records.value(&Value::Bool(text == "1" || text == "true")),
        b"e" => records.value(&Value::Error(text.into_owned())),
        _ if text.contains("_x") => records.value(&Value::Text(&unescaped(text.into_owned()))),
        _ => records.value(&Value::Text(&text)),
    }
}
