//! Concepts within concepts as rows, one form for all queries: a row for each
//! place where a concept stands, which says what it is and how it is related to
//! the concept that it stands in. The outermost stand in none.

use std::collections::{BTreeMap, HashMap};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use serde_json::{Map, Value};

use super::super::SourceError;
use super::super::answer::{bytes, fault};
use super::super::metadata::{Dimension, Kind, Metadata};
use super::concept::{self, Concept};
use crate::config::ValueType;
use crate::decode::DecodeError;
use crate::decode::rows::{self, Cell, Table};
use crate::fetch::Answer;

const COLUMNS: [&str; 13] = [
    "version",
    "id",
    "typ",
    "namn",
    "kodfalt",
    "kod",
    "relation",
    "overordnad_id",
    "overordnad_typ",
    "niva",
    "utgatt",
    "definition",
    "egenskaper",
];

/// Fields that hold a code, the one that is used in statistics before others of the same concept.
const CODES: [&str; 9] = [
    "ssyk_code_2012",
    "sun_education_field_code_2020",
    "sun_education_level_code_2020",
    "sni_level_code_2007",
    "national_nuts_level_3_code_2019",
    "lau_2_code_2015",
    "isco_code_08",
    "nuts_level_3_code_2021",
    "nuts_level_3_code_2013",
];

/// Fields that have a column.
const KNOWN: [&str; 6] = ["id", "type", "preferred_label", "label_sv", "deprecated", "definition"];

/// Concepts within concepts: the hierarchies have five levels.
const DEEPEST: usize = 24;

/// Rows of one batch.
const BATCH: usize = 8192;

pub fn schema() -> SchemaRef {
    rows::schema(COLUMNS.into_iter().map(|name| (name, ValueType::Text)))
}

/// A query's answer as a table.
#[derive(Debug)]
pub struct Flat {
    pub batches: Vec<RecordBatch>,
    pub rows: u64,
    pub notes: Vec<String>,
    pub metadata: Metadata,
}

pub fn flatten(answer: &Answer, version: u32, query: &str) -> Result<Flat, SourceError> {
    let mut flattener = Flattener {
        version: version.to_string(),
        list: String::new(),
        table: Table::new(COLUMNS.map(|name| (name.to_owned(), ValueType::Text)).into(), '.'),
        batches: Vec::new(),
        seen: HashMap::new(),
        types: BTreeMap::new(),
        replaced: 0,
        repeated: 0,
        rows: 0,
    };
    let outcome = concept::each(bytes(answer), &mut |number, concept| flattener.outermost(number, &concept));
    let list = outcome
        .map_err(|error| SourceError::decode(answer, fault(answer, &error)))?
        .map_err(|error| SourceError::decode(answer, error))?;
    flattener.list = list;
    flattener.finish(query).map_err(|error| SourceError::decode(answer, error))
}

/// The place where a concept stands: its relation and the concept around it.
#[derive(Clone, Copy)]
struct Place<'a> {
    number: u64,
    depth: usize,
    relation: Option<&'a str>,
    parent: Option<(&'a str, Option<&'a str>)>,
}

struct Flattener {
    version: String,
    /// What `data` calls its list.
    list: String,
    table: Table,
    batches: Vec<RecordBatch>,
    /// Relation, concept around it and id: with the name that it was given there.
    seen: HashMap<(String, String, String), String>,
    /// Of each type: id, and name with code.
    types: BTreeMap<String, BTreeMap<String, String>>,
    replaced: u64,
    repeated: u64,
    rows: u64,
}

impl Flattener {
    fn outermost(&mut self, number: u64, concept: &Concept) -> Result<(), DecodeError> {
        self.concept(concept, Place { number, depth: 0, relation: None, parent: None })
    }

    fn concept(&mut self, concept: &Concept, place: Place<'_>) -> Result<(), DecodeError> {
        let Place { number, depth, relation, parent } = place;
        if depth > DEEPEST {
            return Err(DecodeError::Shape(format!(
                "concept {number} has more than {DEEPEST} concepts within each other"
            )));
        }
        let Some(id) = text(concept, "id", number)?.filter(|id| !id.trim().is_empty()) else {
            let shown: String = Value::Object(concept.clone()).to_string().chars().take(120).collect();
            return Err(DecodeError::Shape(format!("concept {number} ({shown}) has no id")));
        };
        let kind = text(concept, "type", number)?;
        let name = match text(concept, "preferred_label", number)? {
            Some(name) => Some(name),
            None => text(concept, "label_sv", number)?,
        };
        let within = parent.map_or("", |(id, _)| id);
        let key = (relation.unwrap_or_default().to_owned(), within.to_owned(), id.to_owned());
        let same = name.unwrap_or_default();
        let again = match self.seen.get(&key) {
            Some(known) if known != same => {
                return Err(DecodeError::Shape(format!(
                    "concept {id:?} stands twice{} and is called both {known:?} and {same:?}",
                    parent.map(|(id, _)| format!(" within {id:?}")).unwrap_or_default()
                )));
            }
            Some(_) => true,
            None => {
                self.seen.insert(key, same.to_owned());
                false
            }
        };
        let code = CODES.iter().find_map(|field| Some((*field, concept.get(*field)?.as_str()?)));
        if again {
            self.repeated += 1;
        } else {
            self.row(concept, place, id, kind, name, code)?;
        }
        for (field, value) in concept {
            let others = value.as_array().map_or(0, |list| list.len() - related(value).count());
            if others > 0 && related(value).next().is_some() {
                let message = format!("concept {id:?}: {others} of what stands under {field:?} have no id");
                return Err(DecodeError::Shape(message));
            }
            for inner in related(value) {
                let place = Place { number, depth: depth + 1, relation: Some(field), parent: Some((id, kind)) };
                self.concept(inner, place)?;
            }
        }
        Ok(())
    }

    fn row(
        &mut self,
        concept: &Concept,
        place: Place<'_>,
        id: &str,
        kind: Option<&str>,
        name: Option<&str>,
        code: Option<(&str, &str)>,
    ) -> Result<(), DecodeError> {
        let other = |(field, value): &(&String, &Value)| {
            let has_column = KNOWN.contains(&field.as_str()) || code.is_some_and(|(known, _)| known == field.as_str());
            !has_column
                && !value.is_null()
                && related(value).next().is_none()
                && value.as_array().is_none_or(|list| !list.is_empty())
        };
        let others: Map<String, Value> =
            concept.iter().filter(other).map(|(field, value)| (field.clone(), value.clone())).collect();
        let others = (!others.is_empty()).then(|| Value::Object(others).to_string());
        let deprecated = match concept.get("deprecated") {
            None | Some(Value::Null) => None,
            Some(Value::Bool(truth)) => Some(if *truth { "true" } else { "false" }),
            Some(value) => {
                return Err(DecodeError::Cell {
                    row: place.number,
                    column: "deprecated".to_owned(),
                    value: value.to_string(),
                    why: "neither true nor false",
                });
            }
        };
        let depth = place.depth.to_string();
        let cells = [
            Some(self.version.as_str()),
            Some(id),
            kind,
            name,
            code.map(|(field, _)| field),
            code.map(|(_, code)| code),
            place.relation,
            place.parent.map(|(id, _)| id),
            place.parent.and_then(|(_, kind)| kind),
            Some(depth.as_str()),
            deprecated,
            text(concept, "definition", place.number)?,
            others.as_deref(),
        ];
        for (at, cell) in cells.into_iter().enumerate() {
            self.table.push(at, place.number, cell.map_or(Cell::Absent, Cell::Text))?;
        }
        self.table.end_row(&[true; COLUMNS.len()]);
        self.rows += 1;
        self.replaced += u64::from(place.relation == Some("replaced_by"));
        if self.table.rows() >= BATCH {
            self.batches.push(self.table.take()?);
        }
        let named = code.map_or_else(
            || name.unwrap_or_default().to_owned(),
            |(_, code)| format!("{} ({code})", name.unwrap_or_default()),
        );
        // Where a concept stands within another, less may be said of it.
        if let Some(kind) = kind {
            self.types.entry(kind.to_owned()).or_default().entry(id.to_owned()).or_insert(named);
        }
        Ok(())
    }

    fn finish(mut self, query: &str) -> Result<Flat, DecodeError> {
        if self.rows == 0 {
            return Err(DecodeError::Shape(format!("the list of {} is empty", self.list)));
        }
        if self.table.rows() > 0 {
            self.batches.push(self.table.take()?);
        }
        let dimension = |(kind, concepts): (String, BTreeMap<String, String>)| Dimension {
            label: kind.clone(),
            id: kind,
            codes: concepts.into_iter().collect(),
            ..Dimension::default()
        };
        let metadata = Metadata {
            table: query.to_owned(),
            dimensions: self.types.into_iter().map(dimension).collect(),
            ..Metadata::new(Kind::Taxonomy)
        };
        let mut notes = vec![format!("version {} of the taxonomy", self.version)];
        if self.replaced > 0 {
            notes.push(format!("{} rows tell what replaces a concept", self.replaced));
        }
        if self.repeated > 0 {
            notes.push(format!("{} concepts are repeated in the same place and taken once", self.repeated));
        }
        Ok(Flat { batches: self.batches, rows: self.rows, notes, metadata })
    }
}

/// The concepts that a field holds: objects with an id, alone or in a list.
fn related(value: &Value) -> impl Iterator<Item = &Concept> {
    let list = match value {
        Value::Array(list) => list.as_slice(),
        Value::Object(_) => std::slice::from_ref(value),
        _ => &[],
    };
    list.iter().filter_map(Value::as_object).filter(|concept| concept.contains_key("id"))
}

fn text<'a>(concept: &'a Concept, field: &str, number: u64) -> Result<Option<&'a str>, DecodeError> {
    match concept.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(value) => Err(DecodeError::Cell {
            row: number,
            column: field.to_owned(),
            value: value.to_string().chars().take(60).collect(),
            why: "not a text",
        }),
    }
}
