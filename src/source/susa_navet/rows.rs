//! Records of Susa-navet, `{id, status, content}`, into rows. Of texts in
//! several languages the Swedish one is taken, else the first; coded values are
//! `{type, code}`, and the code is taken; lists become one text with blanks
//! between. A municipality is named only where all places are in the same one:
//! `kommun_koder` has them all.

use serde_json::{Map, Value};

use crate::config::{SusaWhat, ValueType};
use crate::decode::DecodeError;
use crate::decode::number::{self, Number};
use crate::decode::rows::{Cell, Table};

type Record = Map<String, Value>;
type Columns = &'static [(&'static str, ValueType)];

const T: ValueType = ValueType::Text;
const F: ValueType = ValueType::Float64;

const EVENTS: Columns = &[
    ("tillfalle_id", T),
    ("status", T),
    ("utbildning_id", T),
    ("anordnare_id", T),
    ("titel", T),
    ("kommun_kod", T),
    ("kommun_koder", T),
    ("ort", T),
    ("start", T),
    ("slut", T),
    ("startvillkor", T),
    ("studietakt", F),
    ("distans", T),
    ("installd", T),
    ("sista_ansokan", T),
    ("sprak", T),
    ("andrad", T),
    ("galler_till", T),
];
const INFOS: Columns = &[
    ("utbildning_id", T),
    ("status", T),
    ("kod", T),
    ("titel", T),
    ("skolform", T),
    ("upplagg", T),
    ("yrkesinriktad", T),
    ("poang", F),
    ("poangsystem", T),
    ("seqf", T),
    ("nivaer", T),
    ("sun", T),
    ("isced", T),
    ("amneskoder", T),
    ("langd", F),
    ("langd_enhet", T),
    ("studiestod", T),
    ("andrad", T),
    ("galler_till", T),
];
const PROVIDERS: Columns = &[
    ("anordnare_id", T),
    ("status", T),
    ("kod", T),
    ("namn", T),
    ("huvudman", T),
    ("huvudmannatyp", T),
    ("andrad", T),
    ("galler_till", T),
];

pub const fn columns(what: SusaWhat) -> Columns {
    match what {
        SusaWhat::Events => EVENTS,
        SusaWhat::Infos => INFOS,
        SusaWhat::Providers => PROVIDERS,
    }
}

pub fn id(number: usize, record: &Record) -> Result<&str, DecodeError> {
    let id = record.get("id").and_then(Value::as_str).map(str::trim).filter(|id| !id.is_empty());
    id.ok_or_else(|| DecodeError::Shape(format!("row {number}: id is {}", record.get("id").unwrap_or(&Value::Null))))
}

/// A record's content, by path.
struct Content<'a>(Option<&'a Value>);

impl<'a> Content<'a> {
    fn at(&self, path: &str) -> Option<&'a Value> {
        self.0?.pointer(path).filter(|value| !value.is_null())
    }

    /// A text, number or truth as it is written.
    fn plain(&self, path: &str) -> Option<String> {
        plain(self.at(path)?)
    }

    /// The first ten characters of a time.
    fn day(&self, path: &str) -> Option<String> {
        let text = self.plain(path)?;
        text.get(..10).map(str::to_owned).or(Some(text))
    }

    /// Of texts by language.
    fn said(&self, path: &str) -> Option<String> {
        let texts = self.at(path)?.get("strings")?.as_array()?;
        let swedish = texts.iter().find(|one| one.get("lang").and_then(Value::as_str) == Some("swe"));
        plain(swedish.or(texts.first())?.get("value")?)
    }

    fn list(&self, path: &str) -> impl Iterator<Item = &'a Value> {
        self.at(path).and_then(Value::as_array).into_iter().flatten()
    }

    /// The codes of those of a list that are of one of these types; of any, where none is named.
    fn codes(&self, path: &str, types: &[&str]) -> Option<String> {
        let of = |one: &&Value| {
            types.is_empty() || one.get("type").and_then(Value::as_str).is_some_and(|kind| types.contains(&kind))
        };
        joined(self.list(path).filter(of).filter_map(|one| plain(one.get("code")?)))
    }
}

fn plain(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// Each once, in order, with blanks between.
fn joined(texts: impl Iterator<Item = String>) -> Option<String> {
    let mut distinct: Vec<String> = Vec::new();
    for text in texts {
        if !distinct.contains(&text) {
            distinct.push(text);
        }
    }
    (!distinct.is_empty()).then(|| distinct.join(" "))
}

pub fn write(what: SusaWhat, number: usize, record: &Record, table: &mut Table) -> Result<(), DecodeError> {
    let id = id(number, record)?;
    let content = record.get("content").filter(|content| !content.is_null());
    if let Some(other) = content.filter(|content| !content.is_object()) {
        return Err(DecodeError::Shape(format!("row {number}: content is no object but {other:.60}")));
    }
    let content = Content(content);
    let status = record.get("status").and_then(plain);
    let mut cells = vec![Some(id.to_owned()), status];
    match what {
        SusaWhat::Events => {
            let towns = joined(content.list("/locations").filter_map(|one| plain(one.get("town")?)));
            let codes = joined(content.list("/locations").filter_map(|one| plain(one.get("areaCode")?)));
            cells.extend([
                content.plain("/education"),
                joined(content.list("/providers").filter_map(plain)),
                content.said("/title"),
                codes.clone().filter(|codes| !codes.contains(' ')),
                codes,
                towns,
                content.day("/execution/start"),
                content.day("/execution/end"),
                content.plain("/execution/condition/code"),
                content.plain("/paceOfStudy/percentage"),
                content.0.map(|_| content.at("/distance").is_some().to_string()),
                content.plain("/isCancelled"),
                content.day("/application/last"),
                joined(content.list("/languageOfInstructions").filter_map(plain)),
            ]);
        }
        SusaWhat::Infos => cells.extend([
            content.plain("/code"),
            content.said("/title"),
            content.plain("/type/code"),
            content.plain("/configuration/code"),
            content.plain("/isVocational"),
            content.plain("/credits/credits"),
            content.plain("/credits/system/code"),
            content.plain("/qualificationLevel/code"),
            content.codes("/educationLevels", &[]),
            content.codes("/subjects", &["C_Subject_SUN"]),
            content.codes("/subjects", &["C_Subject_ISCED2013", "C_Subject_ISCED97"]),
            content.codes("/subjects", &["UH_Subject", "AUB_Subject", "FH_Subject", "SV_Subject", "F_Subject"]),
            content.plain("/extent/length"),
            content.plain("/extent/unit/code"),
            content.plain("/eligibleForStudentAid/code"),
        ]),
        SusaWhat::Providers => cells.extend([
            content.plain("/code"),
            content.said("/name"),
            content.said("/responsibleBody/name"),
            content.plain("/responsibleBody/type/code"),
        ]),
    }
    cells.extend([content.plain("/lastEdited"), content.plain("/expires")]);
    let columns = columns(what);
    for (place, ((column, kind), text)) in columns.iter().zip(&cells).enumerate() {
        let cell = match text {
            None => Cell::Absent,
            Some(text) if *kind == T => Cell::Text(text),
            Some(text) => Cell::Number(float(text).ok_or_else(|| DecodeError::Cell {
                row: number as u64,
                column: (*column).to_owned(),
                value: text.clone(),
                why: "not a number",
            })?),
        };
        table.push(place, number as u64, cell)?;
    }
    table.end_row(&vec![true; columns.len()]);
    Ok(())
}

fn float(text: &str) -> Option<Number> {
    number::parse(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_a_cell() {
        let record = serde_json::json!({ "id": "x", "status": "DELETED", "content": null });
        for what in SusaWhat::ALL {
            let columns = columns(what).iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect();
            let mut table = Table::new(columns, '.');
            write(what, 0, record.as_object().unwrap(), &mut table).unwrap();
            assert_eq!(table.take().unwrap().num_rows(), 1);
        }
    }
}
