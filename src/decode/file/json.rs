//! Records as JSON objects: an array of them somewhere in a document, or one a
//! line. A nested leaf's column is its dotted path. A key that some records lack
//! is null there, one that no record has is an error, and so is one that a record
//! has twice. Lists inside a record are refused where they would become a column.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{BufRead as _, BufReader, Read};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::record::Record;
use super::text::{Allowance, Text, unwrapped};
use super::writer::{Out, Writer};
use super::{ReadError, Reading, Told, declared};
use crate::decode::DecodeError;
use crate::decode::json::{begins, fault};
use crate::decode::number::Number;
use crate::decode::rows::Cell;
use crate::nearest::nearest;

/// Keys that are remembered to name the nearest of them in place of a lost one.
const REMEMBERED: usize = 1000;

/// One record a line, read a line at a time.
pub(super) fn lines(body: impl Read, reading: &Reading<'_>, out: Out<'_>) -> Result<Told, ReadError> {
    let allowance = Allowance::new();
    let mut text = BufReader::with_capacity(1 << 16, Text::new(body, reading.spec.encoding, &allowance)?);
    let mut rows = Rows::new(reading, out);
    let (mut line, mut base) = (Vec::new(), 0);
    loop {
        allowance.renew();
        line.clear();
        if text.read_until(b'\n', &mut line).map_err(unwrapped)? == 0 {
            break;
        }
        let whole = std::str::from_utf8(&line).map_err(|error| DecodeError::Broken {
            offset: (base + error.valid_up_to()) as u64,
            reason: "not UTF-8".to_owned(),
        })?;
        let bare = whole.trim();
        if !bare.is_empty() {
            let start = base + (whole.len() - whole.trim_start().len());
            if rows.row == 0 && !bare.starts_with('{') {
                return Err(
                    DecodeError::NotTheFormat { expected: "JSON Lines", begins: begins(bare.as_bytes()) }.into()
                );
            }
            let mut deserializer = serde_json::Deserializer::from_str(bare);
            let record = Record(rows.row + 1).deserialize(&mut deserializer);
            let record = record
                .and_then(|record| deserializer.end().map(|()| record))
                .map_err(|error| fault(&error, bare.as_bytes(), start))?;
            rows.push(&record)?;
        }
        base += line.len();
    }
    rows.finish()
}

pub(super) fn records(text: &str, reading: &Reading<'_>, out: Out<'_>) -> Result<Told, ReadError> {
    if !text.trim_start().starts_with(['{', '[']) {
        return Err(DecodeError::NotTheFormat { expected: "JSON", begins: begins(text.as_bytes()) }.into());
    }
    let spec = reading.spec;
    let path = pointer(&spec.pointer)?;
    let mut rows = Rows::new(reading, out);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let found = Step { path: &path, rows: &mut rows, pointer: &spec.pointer }.deserialize(&mut deserializer);
    if let Some(error) = rows.fault.take() {
        return Err(error);
    }
    found.and_then(|()| deserializer.end()).map_err(|error| fault(&error, text.as_bytes(), 0))?;
    rows.finish()
}

/// RFC 6901.
fn pointer(text: &str) -> Result<Vec<String>, DecodeError> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let rest = text
        .strip_prefix('/')
        .ok_or_else(|| DecodeError::Shape(format!("{text:?} is not a JSON pointer: it must begin with /")))?;
    Ok(rest.split('/').map(|token| token.replace("~1", "/").replace("~0", "~")).collect())
}

/// Walks to the array without building what lies beside it.
struct Step<'a, 'w> {
    path: &'a [String],
    pointer: &'a str,
    rows: &'a mut Rows<'w>,
}

impl<'de> DeserializeSeed<'de> for Step<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Step<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.first() {
            Some(token) => write!(f, "an object or array with {token:?}, on the way to {:?}", self.pointer),
            None => write!(f, "the array of records at {:?}", self.pointer),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((token, rest)) = self.path.split_first() else {
            return Err(A::Error::invalid_type(serde::de::Unexpected::Map, &self));
        };
        let mut found = false;
        while let Some(key) = map.next_key::<String>()? {
            if key != *token {
                map.next_value::<IgnoredAny>()?;
            } else if std::mem::replace(&mut found, true) {
                return Err(A::Error::custom(format!("{token:?} comes twice")));
            } else {
                map.next_value_seed(Step { path: rest, pointer: self.pointer, rows: &mut *self.rows })?;
            }
        }
        if found { Ok(()) } else { Err(A::Error::custom(format!("there is nothing at {:?}", self.pointer))) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Some((token, rest)) = self.path.split_first() else {
            while let Some(record) = seq.next_element_seed(Record(self.rows.row + 1))? {
                if let Err(error) = self.rows.push(&record) {
                    self.rows.fault = Some(error);
                    return Err(A::Error::custom("a record can't be taken"));
                }
            }
            return Ok(());
        };
        let mut found = false;
        let mut place = 0_usize;
        loop {
            if token.parse() == Ok(place) {
                found =
                    seq.next_element_seed(Step { path: rest, pointer: self.pointer, rows: &mut *self.rows })?.is_some();
                if !found {
                    break;
                }
            } else if seq.next_element::<IgnoredAny>()?.is_none() {
                break;
            }
            place += 1;
        }
        if found { Ok(()) } else { Err(A::Error::custom(format!("there is nothing at {:?}", self.pointer))) }
    }
}

struct Rows<'w> {
    table: Writer<'w>,
    /// Only the declared columns; otherwise every leaf.
    declared: Option<Vec<Declared>>,
    /// Paths of leaves, kept while a declared column has not been seen.
    found: BTreeSet<String>,
    row: u64,
    fault: Option<ReadError>,
}

impl<'w> Rows<'w> {
    fn new(reading: &'w Reading<'_>, out: Out<'w>) -> Self {
        let spec = reading.spec;
        let columns = declared(spec);
        let declared = columns
            .as_ref()
            .map(|columns| columns.iter().map(|(name, _)| Declared { name: name.clone(), seen: false }).collect());
        let table = match columns {
            Some(columns) => Writer::new(columns, &reading.marks, spec.decimal, out),
            None => Writer::growing(&reading.marks, spec.decimal, out),
        };
        Self { table, declared, found: BTreeSet::new(), row: 0, fault: None }
    }

    /// A file without records lacks no column.
    fn finish(self) -> Result<Told, ReadError> {
        let lost = self.declared.iter().flatten().find(|column| !column.seen && self.row > 0);
        if let Some(Declared { name, .. }) = lost {
            let nearest = nearest(name, self.found.iter().map(String::as_str)).map(str::to_owned);
            return Err(DecodeError::ColumnLost { column: name.clone(), nearest }.into());
        }
        self.table.finish()?;
        Ok(Told::default())
    }

    fn push(&mut self, record: &Value) -> Result<(), ReadError> {
        self.row += 1;
        let Value::Object(record) = record else {
            return Err(DecodeError::Shape(format!("record {} is not an object", self.row)).into());
        };
        if let Some(columns) = &mut self.declared {
            for (place, Declared { name, seen }) in columns.iter_mut().enumerate() {
                let mut values = Vec::new();
                find(record, name, &mut values);
                if values.len() > 1 {
                    return Err(twice(self.row, name).into());
                }
                *seen |= !values.is_empty();
                let cell = cell(self.row, name, values.first().copied().unwrap_or(&Value::Null))?;
                self.table.push(place, self.row, cell)?;
            }
            self.table.end_row(&vec![true; columns.len()])?;
            if columns.iter().any(|column| !column.seen) {
                paths(record, "", &mut self.found);
            }
            return Ok(());
        }
        let mut touched = Vec::new();
        self.leaves(record, "", &mut touched)?;
        self.table.end_row(&touched)
    }

    /// Every leaf below an object, columns named by their paths.
    fn leaves(
        &mut self,
        object: &Map<String, Value>,
        prefix: &str,
        touched: &mut Vec<bool>,
    ) -> Result<(), DecodeError> {
        for (key, value) in object {
            let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
            if let Value::Object(inner) = value {
                self.leaves(inner, &path, touched)?;
                continue;
            }
            let cell = cell(self.row, &path, value)?;
            let place = self.table.place(&path);
            if touched.len() <= place {
                touched.resize(place + 1, false);
            }
            if std::mem::replace(&mut touched[place], true) {
                return Err(twice(self.row, &path));
            }
            self.table.push(place, self.row, cell)?;
        }
        Ok(())
    }
}

struct Declared {
    name: String,
    /// In some record, if only as null.
    seen: bool,
}

fn cell<'v>(row: u64, column: &str, value: &'v Value) -> Result<Cell<'v>, DecodeError> {
    scalar(value).ok_or_else(|| DecodeError::Cell {
        row,
        column: column.to_owned(),
        value: value.to_string().chars().take(60).collect(),
        why: "not a single value",
    })
}

fn twice(row: u64, path: &str) -> DecodeError {
    DecodeError::Shape(format!("record {row} has {path:?} twice"))
}

/// The member of this name and the leaves at this dotted path: one, unless keys hold dots themselves.
fn find<'v>(record: &'v Map<String, Value>, path: &str, values: &mut Vec<&'v Value>) {
    values.extend(record.get(path));
    for (dot, _) in path.match_indices('.') {
        if let Some(Value::Object(inner)) = record.get(&path[..dot]) {
            find(inner, &path[dot + 1..], values);
        }
    }
}

/// The paths of all leaves below an object.
fn paths(object: &Map<String, Value>, prefix: &str, found: &mut BTreeSet<String>) {
    for (key, value) in object {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            Value::Object(inner) => paths(inner, &path, found),
            _ if found.len() < REMEMBERED => drop(found.insert(path)),
            _ => {}
        }
    }
}

pub(super) fn scalar(value: &Value) -> Option<Cell<'_>> {
    match value {
        Value::Null => Some(Cell::Absent),
        Value::Bool(truth) => Some(Cell::Bool(*truth)),
        Value::String(text) => Some(Cell::Text(text)),
        Value::Number(number) => {
            number.as_i64().map(Number::Whole).or_else(|| number.as_f64().map(Number::Float)).map(Cell::Number)
        }
        Value::Array(_) | Value::Object(_) => None,
    }
}
