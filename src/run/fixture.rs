//! `underlag test`: a pipeline's queries on the rows in its `tests/` folder,
//! compared with the rows that should come out. Operators test recipes with
//! CSV files alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::config::{Config, Dataset, Pipeline};
use crate::lake::plain;
use crate::reference::Reference;
use crate::source;
use crate::transform::{Engine, Projection};

use super::compute::{plain_schema, plan_dataset, register_reference};
use super::declare::fetch_schema;

/// One folder of fixtures, and what did not fit.
#[derive(Debug)]
pub struct CaseResult {
    pub case: String,
    pub rows_compared: u64,
    /// Empty when everything came out as expected.
    pub differences: Vec<String>,
}

/// How many differing rows are shown per dataset.
const SHOWN: usize = 10;

/// Runs every case of a pipeline: a folder below `tests/` with `FETCH.csv` files in and `DATASET.csv` files out.
pub async fn test_pipeline(
    config: &Config,
    reference: &Reference,
    pipeline: &Pipeline,
) -> anyhow::Result<Vec<CaseResult>> {
    let root = pipeline.dir.join("tests");
    let mut cases: Vec<PathBuf> = match fs::read_dir(&root) {
        Ok(entries) => {
            entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).filter(|path| path.is_dir()).collect()
        }
        Err(_) => Vec::new(),
    };
    cases.sort();
    let mut results = Vec::new();
    for folder in cases {
        let case = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let result = run_case(config, reference, pipeline, &folder, case.clone()).await;
        results.push(result.with_context(|| format!("{}: case {case}", pipeline.name))?);
    }
    Ok(results)
}

async fn run_case(
    config: &Config,
    reference: &Reference,
    pipeline: &Pipeline,
    folder: &Path,
    case: String,
) -> anyhow::Result<CaseResult> {
    let engine = Engine::new(config.run.memory_limit, &std::env::temp_dir())?;
    register_reference(&engine, reference, config)?;
    let mut known: Vec<String> = Vec::new();
    let names = pipeline.fetches.iter().flat_map(|(name, fetch)| {
        [(name.clone(), fetch_schema(pipeline, fetch)), (format!("{name}_koder"), Some(source::codes_schema()))]
    });
    let inputs = pipeline.inputs.keys().map(|name| (name.clone(), None));
    for (name, schema) in names.chain(inputs) {
        let file = folder.join(format!("{name}.csv"));
        known.push(format!("{name}.csv"));
        match (Table::read(&file)?, schema) {
            (Some(table), schema) => {
                let batch = table.typed(schema.as_ref()).with_context(|| file.display().to_string())?;
                engine.register_batches(&name, batch.schema(), vec![batch])?;
            }
            (None, Some(schema)) => engine.declare(&name, schema)?,
            (None, None) => bail!("{} is missing: its columns are not known without it", file.display()),
        }
    }
    known.extend(pipeline.datasets.keys().map(|name| format!("{name}.csv")));
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !known.contains(&name) {
            bail!("{}: {name} belongs to no fetch, input or dataset of the pipeline", folder.display());
        }
    }
    let mut result = CaseResult { case, rows_compared: 0, differences: Vec::new() };
    let mut compared = false;
    for dataset in pipeline.datasets.values() {
        let Some(expected) = Table::read(&folder.join(format!("{}.csv", dataset.name)))? else { continue };
        compared = true;
        let rows = output(&engine, dataset).await?;
        compare(dataset, &expected, &rows, &mut result)?;
    }
    if !compared {
        bail!("{} expects nothing: add DATASET.csv with the rows that should come out", folder.display());
    }
    Ok(result)
}

/// The rows as they would be published, completed by the program.
async fn output(engine: &Engine, dataset: &Dataset) -> anyhow::Result<Vec<RecordBatch>> {
    let (query, shape) = plan_dataset(engine, dataset).await?;
    let inner = format!("_fraga_{}", dataset.name);
    engine.register_query(&inner, &query)?;
    let batches = engine.collect(&Projection::new(dataset, &shape, &inner).sorted()).await?;
    let schema = plain_schema(&shape);
    Ok(batches.iter().map(|batch| plain(batch, &schema)).collect::<Result<_, _>>()?)
}

fn compare(dataset: &Dataset, expected: &Table, rows: &[RecordBatch], result: &mut CaseResult) -> anyhow::Result<()> {
    let mut found: BTreeMap<Vec<String>, i64> = BTreeMap::new();
    for batch in rows {
        let mut columns = Vec::new();
        for name in &expected.names {
            let Some(column) = batch.column_by_name(name) else {
                bail!("dataset {} has no column {name:?}, which {}.csv expects", dataset.name, dataset.name);
            };
            columns.push(Arc::clone(column));
        }
        let formats: Vec<ArrayFormatter<'_>> =
            columns.iter().map(|column| ArrayFormatter::try_new(column, &NULL_AS_EMPTY)).collect::<Result<_, _>>()?;
        for row in 0..batch.num_rows() {
            let cells = formats.iter().map(|format| canonical(&format.value(row).to_string())).collect();
            *found.entry(cells).or_default() += 1;
        }
    }
    result.rows_compared += expected.rows.len() as u64;
    for row in &expected.rows {
        *found.entry(row.iter().map(|cell| canonical(cell)).collect()).or_default() -= 1;
    }
    let mut shown = 0;
    for (cells, count) in found.into_iter().filter(|(_, count)| *count != 0) {
        shown += 1;
        if shown > SHOWN {
            result.differences.push(format!("{}: …", dataset.name));
            break;
        }
        let row: Vec<String> = expected.names.iter().zip(cells).map(|(name, cell)| format!("{name}={cell}")).collect();
        let what = if count > 0 { "unexpected" } else { "missing" };
        result.differences.push(format!("{}: {what} row: {}", dataset.name, row.join(", ")));
    }
    Ok(())
}

const NULL_AS_EMPTY: FormatOptions<'static> = FormatOptions::new().with_null("");

/// `12.0` and `12` are one number; codes such as `0180` stay as they are.
fn canonical(cell: &str) -> String {
    match cell.split_once('.') {
        Some((whole, fraction))
            if !whole.is_empty()
                && fraction.bytes().all(|byte| byte.is_ascii_digit())
                && whole.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            let fraction = fraction.trim_end_matches('0');
            if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
        }
        _ => cell.to_owned(),
    }
}

/// A fixture file: names and text cells.
struct Table {
    names: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn read(file: &Path) -> anyhow::Result<Option<Self>> {
        if !file.exists() {
            return Ok(None);
        }
        let mut reader = csv::Reader::from_path(file).with_context(|| file.display().to_string())?;
        let names = reader.headers()?.iter().map(str::to_owned).collect();
        let rows = reader
            .records()
            .map(|record| Ok(record?.iter().map(str::to_owned).collect()))
            .collect::<Result<_, csv::Error>>()
            .with_context(|| file.display().to_string())?;
        Ok(Some(Self { names, rows }))
    }

    /// Empty cells are nulls; types are the declared ones, text where none is.
    fn typed(&self, schema: Option<&SchemaRef>) -> anyhow::Result<RecordBatch> {
        let mut fields = Vec::new();
        let mut columns: Vec<ArrayRef> = Vec::new();
        for (index, name) in self.names.iter().enumerate() {
            let kind = match schema.map(|schema| schema.field_with_name(name)) {
                Some(Ok(field)) => match field.data_type() {
                    DataType::Dictionary(..) => DataType::Utf8,
                    other => other.clone(),
                },
                Some(Err(_)) => bail!("column {name:?} is not in the fetched table"),
                None => DataType::Utf8,
            };
            let text: StringArray = self
                .rows
                .iter()
                .map(|row| row.get(index).map(String::as_str).filter(|cell| !cell.is_empty()))
                .collect();
            let options = arrow::compute::CastOptions { safe: false, ..Default::default() };
            let column = arrow::compute::cast_with_options(&text, &kind, &options)
                .with_context(|| format!("column {name:?}"))?;
            fields.push(Field::new(name, kind, true));
            columns.push(column);
        }
        if let Some(schema) = schema
            && let Some(absent) = schema.fields().iter().find(|field| !self.names.contains(field.name()))
        {
            bail!("column {:?} is missing", absent.name());
        }
        Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
    }
}
