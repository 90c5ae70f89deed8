//! Finds the one row that some values name, and where they name none or
//! several, says what would.

use std::path::PathBuf;

use arrow::array::{Array as _, AsArray as _};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use serde::Serialize;

use crate::lake::{ColumnInfo, Manifest};
use crate::nearest::nearest;
use crate::source::nearest_code::nearest_code;
use crate::transform::{Engine, quoted};

use super::{Lineage, LineageError};

/// How many rows are listed where one was meant.
const LISTED: usize = 20;

/// The published rows, as the engine knows them.
const ROWS: &str = "rader";

/// `kod=0180`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Condition {
    pub column: String,
    pub value: String,
}

impl std::str::FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((column, value)) if !column.trim().is_empty() => {
                Ok(Self { column: column.trim().to_owned(), value: value.to_owned() })
            }
            _ => Err("write COLUMN=VALUE, such as kod=0180".to_owned()),
        }
    }
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={}", self.column, self.value)
    }
}

/// One published value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cell {
    pub column: String,
    pub title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// None: there is no value; the status beside it says why.
    pub value: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Row {
    pub cells: Vec<Cell>,
}

impl Row {
    pub fn value(&self, column: &str) -> Option<&str> {
        self.cells.iter().find(|cell| cell.column == column)?.value.as_deref()
    }
}

impl Lineage {
    /// The one row of a version, in these files, that has these values.
    pub async fn find(
        &self,
        manifest: &Manifest,
        files: &[PathBuf],
        conditions: &[Condition],
    ) -> Result<Row, LineageError> {
        for condition in conditions {
            column(manifest, &condition.column)?;
        }
        let engine = Engine::new(self.config.run.memory_limit, self.spill())?;
        engine.register_parquet(ROWS, files).await?;
        let clauses: Result<Vec<String>, LineageError> =
            conditions.iter().map(|condition| clause(manifest, condition)).collect();
        let clauses = clauses?;
        let wanted = if clauses.is_empty() { String::new() } else { format!(" WHERE {}", clauses.join(" AND ")) };
        let batches = engine.collect(&format!("SELECT * FROM {ROWS}{wanted} LIMIT {}", LISTED + 1)).await?;
        let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
        match rows {
            0 => Err(nothing(&engine, manifest, conditions).await?),
            1 => Ok(Row { cells: cells(manifest, &batches, 0)? }),
            _ => Err(several(&engine, manifest, conditions, &wanted, &batches).await?),
        }
    }
}

fn column<'a>(manifest: &'a Manifest, name: &str) -> Result<&'a ColumnInfo, LineageError> {
    manifest.columns.iter().find(|column| column.name == name).ok_or_else(|| {
        let known = manifest.columns.iter().map(|column| column.name.as_str());
        let hint = match nearest(name, known) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("its key is {}", manifest.key.join(", ")),
        };
        LineageError::question(format!("{} {} has no column {name:?}", manifest.dataset, manifest.version), Some(hint))
    })
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn clause(manifest: &Manifest, condition: &Condition) -> Result<String, LineageError> {
    let info = column(manifest, &condition.column)?;
    let (name, value) = (quoted(&info.name), literal(&condition.value));
    // Text is compared as it is, so that files and their parts can be passed over by their statistics.
    Ok(if info.kind == "text" { format!("{name} = {value}") } else { format!("CAST({name} AS VARCHAR) = {value}") })
}

const PLAIN: FormatOptions<'static> = FormatOptions::new();

fn cells(manifest: &Manifest, batches: &[RecordBatch], number: usize) -> Result<Vec<Cell>, LineageError> {
    let mut before = 0;
    for batch in batches {
        if number < before + batch.num_rows() {
            let row = number - before;
            let schema = batch.schema();
            let columns = schema.fields().iter().zip(batch.columns());
            return columns
                .map(|(field, values)| {
                    let info = manifest.columns.iter().find(|column| column.name == *field.name());
                    Ok(Cell {
                        column: field.name().clone(),
                        title: info.map(|info| info.title.clone()).unwrap_or_default(),
                        unit: info.and_then(|info| info.unit.clone()),
                        value: text_at(values.as_ref(), row).map_err(crate::lake::LakeError::from)?,
                    })
                })
                .collect();
        }
        before += batch.num_rows();
    }
    Ok(Vec::new())
}

/// A value as text; none where there is none.
pub fn text_at(values: &dyn arrow::array::Array, row: usize) -> Result<Option<String>, arrow::error::ArrowError> {
    if values.is_null(row) {
        return Ok(None);
    }
    Ok(Some(ArrayFormatter::try_new(values, &PLAIN)?.value(row).to_string()))
}

fn listed(conditions: &[Condition]) -> String {
    conditions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// What rows are known by, the level of the area too.
fn telling<'a>(manifest: &'a Manifest, conditions: &[Condition]) -> Vec<&'a str> {
    let given = |name: &str| conditions.iter().any(|condition| condition.column == name);
    let level = manifest.columns.iter().find(|column| column.name == "niva").map(|column| column.name.as_str());
    let key = manifest.key.iter().map(String::as_str);
    level
        .into_iter()
        .filter(|name| !manifest.key.iter().any(|key| key == name))
        .chain(key)
        .filter(|name| !given(name))
        .collect()
}

async fn several(
    engine: &Engine,
    manifest: &Manifest,
    conditions: &[Condition],
    wanted: &str,
    batches: &[RecordBatch],
) -> Result<LineageError, LineageError> {
    let open = telling(manifest, conditions);
    let mut select = vec!["count(*)".to_owned()];
    select.extend(open.iter().map(|name| format!("count(DISTINCT {})", quoted(name))));
    let counts = engine.collect(&format!("SELECT {} FROM {ROWS}{wanted}", select.join(", "))).await?;
    let count = |at: usize| -> i64 {
        let column = counts.first().and_then(|batch| batch.columns().get(at));
        column.and_then(|column| column.as_primitive_opt::<Int64Type>()).map_or(0, |column| column.value(0))
    };
    let apart: Vec<&str> = open.iter().enumerate().filter(|(at, _)| count(at + 1) > 1).map(|(_, name)| *name).collect();
    let shown: Vec<&str> = manifest.key.iter().map(String::as_str).collect();
    let those = if conditions.is_empty() { String::new() } else { format!(" with {}", listed(conditions)) };
    let mut message = format!("{} {} has {} rows{those}", manifest.dataset, manifest.version, count(0));
    let listed_rows = batches.iter().map(RecordBatch::num_rows).sum::<usize>().min(LISTED);
    for number in 0..listed_rows {
        let cells = cells(manifest, batches, number)?;
        let value = |name: &str| {
            let cell = cells.iter().find(|cell| cell.column == name);
            cell.and_then(|cell| cell.value.clone()).unwrap_or_default()
        };
        let key: Vec<String> = shown.iter().map(|name| format!("{name}={}", value(name))).collect();
        message.push_str(&format!("\n  {}", key.join(" ")));
    }
    if count(0) > LISTED as i64 {
        message.push_str("\n  …");
    }
    let hint = if apart.is_empty() {
        "its whole key does not tell them apart: `underlag verify` looks for damage".to_owned()
    } else {
        format!("tell them apart by {}", apart.join(", "))
    };
    Ok(LineageError::question(message, Some(hint)))
}

async fn nothing(engine: &Engine, manifest: &Manifest, conditions: &[Condition]) -> Result<LineageError, LineageError> {
    let mut hints = Vec::new();
    for condition in conditions {
        let codes = codes(engine, manifest, &condition.column).await?;
        if codes.iter().any(|(code, _)| *code == condition.value) {
            continue;
        }
        hints.push(match nearest_code(&condition.value, &codes) {
            Some(near) => format!("did you mean {}={near}?", condition.column),
            None => {
                let first: Vec<&str> = codes.iter().take(LISTED).map(|(code, _)| code.as_str()).collect();
                let more = if codes.len() > LISTED { ", …" } else { "" };
                format!("{} has {}{more}", condition.column, first.join(", "))
            }
        });
    }
    let hint = match hints.as_slice() {
        [] => "each of the values occurs, but not together".to_owned(),
        hints => hints.join("; "),
    };
    let message = format!("{} {} has no row with {}", manifest.dataset, manifest.version, listed(conditions));
    Ok(LineageError::question(message, Some(hint)))
}

/// Every value of a column, with its label where another column is one.
async fn codes(engine: &Engine, manifest: &Manifest, name: &str) -> Result<Vec<(String, String)>, LineageError> {
    let labels = match name {
        "kod" => vec!["namn".to_owned()],
        name => vec![format!("{name}_text"), format!("{name}_titel"), "titel".to_owned()],
    };
    let label = labels.into_iter().find(|label| manifest.columns.iter().any(|column| column.name == *label));
    let code = format!("CAST({} AS VARCHAR)", quoted(name));
    let label = label.map_or_else(|| "''".to_owned(), |label| quoted(&label));
    let batches =
        engine.collect(&format!("SELECT DISTINCT {code} AS kod, {label} AS text FROM {ROWS} ORDER BY 1, 2")).await?;
    let mut codes = Vec::new();
    for batch in batches {
        let text = |at: usize| cast(batch.column(at), &DataType::Utf8).map_err(crate::lake::LakeError::from);
        let (kod, text) = (text(0)?, text(1)?);
        let (kod, text) = (kod.as_string::<i32>(), text.as_string::<i32>());
        let pairs = (0..batch.num_rows()).filter(|row| kod.is_valid(*row));
        codes.extend(pairs.map(|row| {
            let label = if text.is_valid(row) { text.value(row) } else { "" };
            (kod.value(row).to_owned(), label.to_owned())
        }));
    }
    Ok(codes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_a_column_and_a_value() {
        let condition: Condition = "alder=100+10".parse().unwrap();
        assert_eq!((condition.column.as_str(), condition.value.as_str()), ("alder", "100+10"));
        assert_eq!("a=b=c".parse::<Condition>().unwrap().value, "b=c");
        assert_eq!("kod=".parse::<Condition>().unwrap().value, "");
        assert!("kod".parse::<Condition>().is_err() && "=1".parse::<Condition>().is_err());
    }

    #[test]
    fn quotes_in_a_value_stay_text() {
        assert_eq!(literal("O'Brien' OR 1=1"), "'O''Brien'' OR 1=1'");
    }
}
