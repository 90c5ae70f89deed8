//! Plans every query against the declared tables, without data and without
//! asking anyone, so that a typo in SQL is an error of `check`, not of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::codes;
use crate::config::{ColumnType, Config, Dataset, Diagnostic, Fetch, Pipeline, SourceFiles, ValueType};
use crate::contract::{ShapeProblem, Spot};
use crate::reference::Reference;
use crate::source;
use crate::transform::{Engine, SqlFault};

use super::compute::{contract_of, plain_schema, plan_dataset, register_reference};
use super::{Problem, place};

/// A memory limit for planning, which holds no rows.
const PLANNING: u64 = 64 << 20;

/// Every problem of every query, with its place. Of a configuration that has problems already (`found`),
/// only those queries are looked at that none of them touches: a fault is told once.
pub async fn check_queries(
    config: &Config,
    reference: &Reference,
    files: &mut SourceFiles,
    found: &[Diagnostic],
) -> Result<Vec<Diagnostic>, Problem> {
    let mut problems = Vec::new();
    let mut shapes: BTreeMap<String, SchemaRef> = BTreeMap::new();
    for pipeline in in_order(config) {
        let toml = pipeline.dir.join("pipeline.toml");
        let toml_text = files.text(&toml).unwrap_or_default().to_owned();
        let touched = Touched::by(found, &toml, &toml_text);
        if touched.tables || pipeline.inputs.values().any(|input| !shapes.contains_key(&input.dataset)) {
            continue;
        }
        let engine = declared(config, reference, pipeline, &shapes)?;
        for dataset in pipeline.datasets.values().filter(|dataset| !touched.datasets.contains(&dataset.name)) {
            files.insert(&dataset.sql_file, dataset.sql.as_str());
            match plan_dataset(&engine, dataset).await {
                Ok((_, shape)) => {
                    let schema = plain_schema(&shape);
                    if let Err(Problem::Shape { problems: found, .. }) = contract_of(dataset, &shape, reference) {
                        problems.extend(found.into_iter().map(|problem| misfit(dataset, problem, &toml, &toml_text)));
                    }
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
                Err(Problem::Shape { problems: found, .. }) => {
                    problems.extend(found.into_iter().map(|problem| misfit(dataset, problem, &toml, &toml_text)));
                }
                Err(problem) => return Err(problem),
            }
        }
    }
    Ok(problems)
}

/// The parts of a pipeline in which problems have been found.
#[derive(Default)]
struct Touched {
    /// The tables that every query of the pipeline may read.
    tables: bool,
    datasets: BTreeSet<String>,
}

impl Touched {
    fn by(found: &[Diagnostic], toml: &Path, text: &str) -> Self {
        let mut touched = Self::default();
        for problem in found.iter().filter(|problem| problem.is_error() && problem.file == toml) {
            let Some(span) = &problem.span else { continue };
            match place::table(text, span.start).as_slice() {
                ["fetch" | "input", ..] => touched.tables = true,
                ["dataset", name, ..] => {
                    touched.datasets.insert((*name).to_owned());
                }
                _ => {}
            }
        }
        touched
    }
}

/// A query that does not fit its contract, shown in the one or the other.
fn misfit(dataset: &Dataset, problem: ShapeProblem, toml: &Path, text: &str) -> Diagnostic {
    let message = format!("dataset {}: {}", dataset.name, problem.message);
    let (file, span) = match &problem.spot {
        Spot::Query => (dataset.sql_file.as_path(), Some(place::beginning(&dataset.sql))),
        Spot::Given(name) => {
            let word = place::word(&dataset.sql, name);
            (dataset.sql_file.as_path(), Some(word.unwrap_or_else(|| place::beginning(&dataset.sql))))
        }
        Spot::Declared(name) => (toml, place::declared(text, &dataset.name, name)),
    };
    Diagnostic { span, ..Diagnostic::error(codes::CONTRACT, file, message).hint(problem.hint) }
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
    let told = fault.place.map(|(start, end)| place::offset(sql, start)..place::offset(sql, end));
    let named = || fault.word.as_deref().and_then(|word| place::word(sql, word));
    let span = told.map(|span| place::grown(sql, span)).or_else(named).unwrap_or_else(|| place::beginning(sql));
    Diagnostic { hint: fault.hint, ..Diagnostic::error(codes::QUERY, file, fault.message).at(span) }
}
