//! Figures of a school unit: every measure is a list of `{value, valueType,
//! timePeriod}`, and upper secondary schools have a list of programmes with
//! measures each. A measure that the source adds becomes rows like any other.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::figure::{NO_FIGURE, figure};
use crate::config::ValueType;
use crate::contract::Status;
use crate::decode::DecodeError;
use crate::decode::rows::{Cell, Table};

pub const COLUMNS: &[(&str, ValueType)] = &[
    ("skolenhetskod", ValueType::Text),
    ("skolform", ValueType::Text),
    ("program", ValueType::Text),
    ("matt", ValueType::Text),
    ("period", ValueType::Text),
    ("varde", ValueType::Float64),
];

pub fn table() -> Table {
    Table::new(COLUMNS.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect(), ',')
}

/// What a body's rows are about.
pub struct About<'a> {
    pub unit: &'a str,
    pub school: &'a str,
    pub symbols: &'a BTreeMap<String, Status>,
}

pub fn write(about: &About<'_>, body: &Value, table: &mut Table) -> Result<(), DecodeError> {
    let Value::Object(body) = body else {
        return Err(DecodeError::Shape("the body is no object".to_owned()));
    };
    let mut row = 0;
    measures(about, None, body, table, &mut row)
}

fn measures(
    about: &About<'_>,
    programme: Option<&str>,
    fields: &Map<String, Value>,
    table: &mut Table,
    row: &mut u64,
) -> Result<(), DecodeError> {
    for (name, field) in fields {
        let items = match field {
            Value::Array(items) => items.as_slice(),
            one @ Value::Object(_) => std::slice::from_ref(one),
            _ => continue,
        };
        for item in items.iter().filter_map(Value::as_object) {
            if item.contains_key("valueType") {
                measure(about, programme, name, item, table, *row)?;
                *row += 1;
            } else if let Some(programme) = item.get("programCode").and_then(Value::as_str) {
                measures(about, Some(programme), item, table, row)?;
            }
        }
    }
    Ok(())
}

fn measure(
    about: &About<'_>,
    programme: Option<&str>,
    name: &str,
    item: &Map<String, Value>,
    table: &mut Table,
    row: u64,
) -> Result<(), DecodeError> {
    let place = || format!("{} {} {name}", about.unit, programme.unwrap_or_default());
    let text = |key: &str| match item.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim().to_owned())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(_) => Err(DecodeError::Shape(format!("{}: {key} is neither text nor number", place()))),
    };
    let (value, kind, period) = (text("value")?, text("valueType")?.unwrap_or_default(), text("timePeriod")?);
    let Some(said) = about.symbols.get(&kind).copied() else {
        return Err(DecodeError::Shape(format!("{}: valueType {kind:?} is no symbol of the source", place())));
    };
    let read = value.as_deref().filter(|text| !text.is_empty()).map(|text| {
        let wrong = || DecodeError::Cell { row, column: "varde".into(), value: text.to_owned(), why: NO_FIGURE };
        figure(text, about.symbols).ok_or_else(wrong)
    });
    let cell = match read.transpose()? {
        // A number that the type, too, lets stand; its own mark says more than the type does.
        Some(marked @ Cell::Marked { number: Some(_), .. }) if said.has_value() => marked,
        Some(Cell::Number(number)) if said == Status::Observed => Cell::Number(number),
        Some(Cell::Number(number)) if said.has_value() => {
            Cell::Marked { number: Some(number), status: said, symbol: &kind }
        }
        Some(Cell::Marked { number: None, status, symbol }) => Cell::Marked { number: None, status, symbol },
        None if !said.has_value() => Cell::Marked { number: None, status: said, symbol: &kind },
        _ => {
            let value = value.clone().unwrap_or_default();
            return Err(DecodeError::Shape(format!(
                "{}: value {value:?} beside {kind:?}, which means {said}",
                place()
            )));
        }
    };
    let texts = [Some(about.unit), Some(about.school), programme, Some(name), period.as_deref()];
    for (column, text) in texts.into_iter().enumerate() {
        table.push(column, row, text.map_or(Cell::Absent, Cell::Text))?;
    }
    table.push(5, row, cell)?;
    table.end_row(&[true; 6]);
    Ok(())
}
