//! Plans every query against the declared tables, without data and without
//! asking anyone, so that a typo in SQL is an error of `check`, not of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::config::{ColumnType, Config, Diagnostic, Fetch, Pipeline, SourceFiles, ValueType};
use crate::reference::Reference;
use crate::source;
use crate::transform::{Engine, SqlFault};

use super::Problem;
use super::compute::{plain_schema, plan_dataset, register_reference};

/// A memory limit for planning, which holds no rows.
const PLANNING: u64 = 64 << 20;

/// Every problem of every query, with its place in the SQL file.
pub async fn check_queries(
    config: &Config,
    reference: &Reference,
    files: &mut SourceFiles,
) -> Result<Vec<Diagnostic>, Problem> {
    let mut problems = Vec::new();
    let mut shapes: BTreeMap<String, SchemaRef> = BTreeMap::new();
    for pipeline in in_order(config) {
        let engine = declared(config, reference, pipeline, &shapes)?;
        for dataset in pipeline.datasets.values() {
            files.insert(&dataset.sql_file, dataset.sql.as_str());
            match plan_dataset(&engine, dataset).await {
                Ok((_, shape)) => {
                    let schema = plain_schema(&shape);
                    for (file, sql) in &dataset.checks.custom {
                        engine.declare("ny", Arc::clone(&schema))?;
                        engine.declare("publicerad", Arc::clone(&schema))?;
                        files.insert(file, sql.as_str());
                        if let Err(fault) = engine.plan(sql).await {
                            problems.push(diagnostic(file, sql, fault));
                        }
                    }
                    shapes.insert(dataset.name.clone(), schema);
                }
                Err(Problem::Query { file, fault, .. }) => problems.push(diagnostic(&file, &dataset.sql, fault)),
                Err(Problem::Shape { problems: found, .. }) => problems.extend(found.into_iter().map(|problem| {
                    Diagnostic::error(&dataset.sql_file, format!("dataset {}: {}", dataset.name, problem.message))
                        .hint(problem.hint)
                })),
                Err(problem) => return Err(problem),
            }
        }
    }
    Ok(problems)
}

/// Pipelines after those whose datasets they read; the configuration has no cycles.
fn in_order(config: &Config) -> Vec<&Pipeline> {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut order: Vec<&Pipeline> = Vec::new();
    while order.len() < config.pipelines.len() {
        let before = order.len();
        for pipeline in config.pipelines.values() {
            let known = |dataset: &str| order.iter().any(|earlier| earlier.datasets.contains_key(dataset));
            if !done.contains(pipeline.name.as_str()) && pipeline.inputs.values().all(|input| known(&input.dataset)) {
                done.insert(&pipeline.name);
                order.push(pipeline);
            }
        }
        if order.len() == before {
            break;
        }
    }
    order
}

/// An engine in which every table that a pipeline may name stands, empty.
pub fn declared(
    config: &Config,
    reference: &Reference,
    pipeline: &Pipeline,
    shapes: &BTreeMap<String, SchemaRef>,
) -> Result<Engine, Problem> {
    let engine = Engine::new(PLANNING, &std::env::temp_dir())?;
    register_reference(&engine, reference, config)?;
    for (name, fetch) in &pipeline.fetches {
        if let Some(schema) = fetch_schema(pipeline, fetch) {
            engine.declare(name, as_read(&schema))?;
        }
        engine.declare(&format!("{name}_koder"), as_read(&source::codes_schema()))?;
    }
    for (name, input) in &pipeline.inputs {
        if let Some(schema) = shapes.get(&input.dataset) {
            engine.declare(name, as_read(schema))?;
        }
    }
    Ok(engine)
}

/// The staged table of a fetch; a measure whose type only the source knows takes that of the contract's column.
pub fn fetch_schema(pipeline: &Pipeline, fetch: &Fetch) -> Option<SchemaRef> {
    source::declared_schema(fetch, &|name| {
        let column =
            pipeline.datasets.values().flat_map(|dataset| &dataset.columns).find(|column| column.name == name)?;
        match column.kind {
            ColumnType::Int64 => Some(ValueType::Int64),
            ColumnType::Float64 => Some(ValueType::Float64),
            ColumnType::Text => None,
        }
    })
}

/// As the engine reads a staged file: strings without dictionaries.
fn as_read(schema: &SchemaRef) -> SchemaRef {
    let field = |field: &Arc<Field>| {
        let kind = match field.data_type() {
            DataType::Dictionary(..) | DataType::Utf8 => DataType::Utf8View,
            other => other.clone(),
        };
        Field::new(field.name(), kind, true)
    };
    Arc::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()))
}

fn diagnostic(file: &Path, sql: &str, fault: SqlFault) -> Diagnostic {
    let mut problem = Diagnostic::error(file, fault.message);
    if let Some(span) = fault.place.map(|(start, end)| offset(sql, start)..offset(sql, end)) {
        problem = problem.at(grown(sql, span));
    }
    match fault.hint {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}

/// Line and column (in characters, from 1) as a byte offset.
fn offset(text: &str, (line, column): (u64, u64)) -> usize {
    let lines = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
    let start: usize = text.split_inclusive('\n').take(lines).map(str::len).sum();
    let characters = usize::try_from(column.saturating_sub(1)).unwrap_or(usize::MAX);
    text[start..].char_indices().nth(characters).map_or(text.len(), |(byte, _)| start + byte)
}

/// A place of one character is the start of a word: mark it whole.
fn grown(text: &str, span: Range<usize>) -> Range<usize> {
    let word = text[span.start..]
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .map_or(text.len(), |length| span.start + length);
    span.start..span.end.max(word)
}
