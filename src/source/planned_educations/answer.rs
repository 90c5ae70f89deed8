//! The envelope around every answer, `{"status", "message", "body"}`, and what
//! lies in it. Links are never followed: recorded ones lead to the source's own
//! developers' machine.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::super::SourceError;
use super::super::answer::parse;
use crate::decode::DecodeError;
use crate::fetch::Answer;

#[derive(Deserialize)]
struct Envelope {
    status: String,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    body: Value,
}

/// What lies in the envelope of a success; its status is written in two ways.
pub fn body(answer: &Answer) -> Result<Value, SourceError> {
    let Envelope { status, message, body } = parse(answer)?;
    if status != "OK" && status != "200 OK" {
        let message = message.unwrap_or_default();
        let error = DecodeError::Shape(format!("the answer's own status is {status:?}: {message}"));
        return Err(SourceError::decode(answer, error));
    }
    if body.is_null() {
        return Err(SourceError::decode(answer, DecodeError::Shape("the answer has no body".to_owned())));
    }
    Ok(body)
}

pub fn typed<T: DeserializeOwned>(answer: &Answer) -> Result<T, SourceError> {
    let body = body(answer)?;
    serde_json::from_value(body)
        .map_err(|error| SourceError::decode(answer, DecodeError::Shape(format!("in the body: {error}"))))
}

/// One page of events.
pub struct Listed {
    pub total: u64,
    pub rows: Vec<Map<String, Value>>,
}

#[derive(Deserialize)]
struct Page {
    #[serde(rename = "totalElements")]
    total: u64,
}

/// A slice without events may have no list at all.
pub fn events(answer: &Answer) -> Result<Listed, SourceError> {
    let shape = |why: String| SourceError::decode(answer, DecodeError::Shape(why));
    let mut body = body(answer)?;
    let page: Page = serde_json::from_value(body.get_mut("page").map(Value::take).unwrap_or_default())
        .map_err(|error| shape(format!("in `page`: {error}")))?;
    let rows = match body.pointer_mut("/_embedded/listedAdultEducationEvents").map(Value::take) {
        Some(Value::Array(rows)) => rows,
        Some(other) => return Err(shape(format!("`listedAdultEducationEvents` is no list but {}", kind(&other)))),
        None if page.total == 0 => Vec::new(),
        None => return Err(shape(format!("{} events are counted, and none is listed", page.total))),
    };
    let rows = rows.into_iter().enumerate().map(|(number, row)| match row {
        Value::Object(row) => Ok(row),
        other => Err(shape(format!("row {number} is no object but {}", kind(&other)))),
    });
    Ok(Listed { total: page.total, rows: rows.collect::<Result<_, _>>()? })
}

pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
