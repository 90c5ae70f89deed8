//! The middle of a run: a dataset's query over the staged tables, completed by
//! the program, judged row by row on its way to one sorted file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::StringArray;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use futures::StreamExt as _;

use crate::config::{AreaSet, Config, Dataset, Perturbation};
use crate::contract::{Finding, ROWS_SHOWN, Role, RowCheck, Shape, describe};
use crate::decode::CodeRow;
use crate::lake::{ColumnInfo, ContentHash, Lake, Manifest, Stage, plain};
use crate::reference::Reference;
use crate::source::{self, Sink as _};
use crate::transform::{AREAS, Engine, EngineError, GEOGRAPHY, Projection, Query, quoted, sql_type};

use super::Problem;

/// A dataset as computed: sorted rows on disk, and what the checks say of them.
pub struct Computed {
    pub path: PathBuf,
    pub rows: u64,
    pub content_hash: String,
    pub columns: Vec<ColumnInfo>,
    /// The figures are the source's own, only arranged.
    pub passes_through: bool,
    pub findings: Vec<Finding>,
}

/// Reference tables, names of areas, and who belongs to which area: the same for every pipeline.
pub fn register_reference(engine: &Engine, reference: &Reference, config: &Config) -> Result<(), EngineError> {
    for (name, batch) in &reference.tables {
        engine.register_batches(&format!("ref_{name}"), batch.schema(), vec![batch.clone()])?;
    }
    let geography = reference.geography();
    let areas = area_names(&config.area_sets, reference, &geography.schema());
    engine.register_batches(GEOGRAPHY, geography.schema(), vec![geography, areas])?;
    let members = area_members(&config.area_sets);
    engine.register_batches(AREAS, members.schema(), vec![members])
}

/// A fetched table, and the labels of its codes.
pub async fn register_fetch(engine: &Engine, name: &str, path: &Path, codes: &[CodeRow]) -> Result<(), Problem> {
    engine.register_parquet(name, &[path.to_owned()]).await?;
    let codes =
        source::codes_batch(codes).map_err(|error| Problem::Stage { fetch: name.to_owned(), error: error.into() })?;
    Ok(engine.register_batches(&format!("{name}_koder"), codes.schema(), vec![codes])?)
}

fn text_batch(schema: &SchemaRef, columns: Vec<Vec<String>>) -> RecordBatch {
    let columns = columns.into_iter().map(|column| Arc::new(StringArray::from(column)) as _).collect();
    RecordBatch::try_new(Arc::clone(schema), columns).unwrap_or_else(|_| RecordBatch::new_empty(Arc::clone(schema)))
}

/// An area lies in a county when all its municipalities do; otherwise in `00`.
fn area_names(sets: &BTreeMap<String, AreaSet>, reference: &Reference, schema: &SchemaRef) -> RecordBatch {
    let mut columns = vec![Vec::new(); 4];
    for set in sets.values() {
        for area in set.areas.values() {
            let mut counties: Vec<&str> =
                area.kommuner.iter().filter_map(|kommun| reference.lan_of("kommun", kommun)).collect();
            counties.sort_unstable();
            counties.dedup();
            let lan = if let [only] = counties.as_slice() { *only } else { "00" };
            for (column, value) in columns.iter_mut().zip([set.name.as_str(), &area.key, &area.title, lan]) {
                column.push(value.to_owned());
            }
        }
    }
    text_batch(schema, columns)
}

fn area_members(sets: &BTreeMap<String, AreaSet>) -> RecordBatch {
    let mut columns = vec![Vec::new(); 3];
    let mut sizes = Vec::new();
    for set in sets.values() {
        for area in set.areas.values() {
            for kommun in &area.kommuner {
                for (column, value) in columns.iter_mut().zip([&set.name, &area.key, kommun]) {
                    column.push(value.clone());
                }
                sizes.push(i64::try_from(area.kommuner.len()).unwrap_or(i64::MAX));
            }
        }
    }
    let text = |name| Field::new(name, DataType::Utf8, false);
    let schema = Arc::new(Schema::new(vec![
        text("uppsattning"),
        text("omrade"),
        text("kommun"),
        Field::new("antal", DataType::Int64, false),
    ]));
    let mut arrays: Vec<arrow::array::ArrayRef> =
        columns.into_iter().map(|column| Arc::new(StringArray::from(column)) as _).collect();
    arrays.push(Arc::new(arrow::array::Int64Array::from(sizes)));
    RecordBatch::try_new(Arc::clone(&schema), arrays).unwrap_or_else(|_| RecordBatch::new_empty(schema))
}

/// Plans a dataset's query and lays its contract over it.
pub async fn plan_dataset(engine: &Engine, dataset: &Dataset) -> Result<(Query, Shape), Problem> {
    let query = engine.plan(&dataset.sql).await.map_err(|fault| Problem::Query {
        dataset: dataset.name.clone(),
        file: dataset.sql_file.clone(),
        fault,
    })?;
    let shape = Shape::of(dataset, &query.schema())
        .map_err(|problems| Problem::Shape { dataset: dataset.name.clone(), problems })?;
    Ok((query, shape))
}

/// Runs one dataset's query into `stage`, checking on the way. `published` is the current version, if there is one.
pub async fn compute(
    engine: &Engine,
    dataset: &Dataset,
    stage: &Stage,
    lake: &Lake,
    published: Option<&Manifest>,
) -> Result<Computed, Problem> {
    let (query, shape) = plan_dataset(engine, dataset).await?;
    let fault = |error| Problem::Engine { dataset: dataset.name.clone(), file: dataset.sql_file.clone(), error };
    let inner = format!("_fraga_{}", dataset.name);
    engine.register_query(&inner, &query).map_err(fault)?;
    let projection = Projection::new(dataset, &shape, &inner);
    let mut stream = engine.stream(&projection.sql).await.map_err(fault)?;

    let columns = column_infos(&shape);
    let schema = plain_schema(&shape);
    let mut check = RowCheck::new(dataset, &shape);
    let mut content = ContentHash::of(&columns);
    let mut file = stage.create(&format!("resultat_{}", dataset.name));
    let staging = |error: anyhow::Error| Problem::Rows { dataset: dataset.name.clone(), error };
    file.open(Arc::clone(&schema)).map_err(staging)?;
    while let Some(batch) = stream.next().await {
        let batch = plain(&batch.map_err(|error| fault(error.into()))?, &schema)
            .map_err(|error| Problem::Lake(error.into()))?;
        check.batch(&batch).map_err(|error| Problem::Lake(error.into()))?;
        content.update(&batch);
        file.write(&batch).map_err(staging)?;
    }
    let (path, _) = file.finish()?;
    let (rows, mut findings) = check.finish(published.map(|manifest| manifest.rows));
    if !dataset.checks.custom.is_empty() {
        findings.extend(custom_checks(engine, dataset, &path, &schema, lake, published).await?);
    }
    let names: Vec<&str> = shape.measures().map(|measure| measure.name.as_str()).collect();
    let ratios = shape.measures().any(|measure| measure.ratio.is_some());
    let passes_through = !ratios && dataset.areas.is_empty() && query.passes_through(&names);
    Ok(Computed { path, rows, content_hash: content.finish(), columns, passes_through, findings })
}

/// A custom query over `ny` and `publicerad` holds when it returns no row.
async fn custom_checks(
    engine: &Engine,
    dataset: &Dataset,
    rows: &Path,
    schema: &SchemaRef,
    lake: &Lake,
    published: Option<&Manifest>,
) -> Result<Vec<Finding>, Problem> {
    engine.register_parquet("ny", &[rows.to_owned()]).await?;
    match published {
        Some(manifest) => {
            engine.register_parquet("_publicerad", &lake.files(manifest)?).await?;
            // The contract may have grown since: what was not published then is null.
            let columns: Vec<String> = schema.fields().iter().map(|field| published_column(field, manifest)).collect();
            let rows = engine
                .plan(&format!("SELECT {} FROM _publicerad", columns.join(", ")))
                .await
                .map_err(EngineError::Sql)?;
            engine.register_query("publicerad", &rows)?;
        }
        None => engine.declare("publicerad", Arc::clone(schema))?,
    }
    let mut findings = Vec::new();
    for (file, sql) in &dataset.checks.custom {
        let fault = |error| Problem::Engine { dataset: dataset.name.clone(), file: file.clone(), error };
        let mut stream = engine.stream(sql).await.map_err(fault)?;
        let (mut count, mut shown) = (0u64, Vec::new());
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(|error| fault(error.into()))?;
            count += batch.num_rows() as u64;
            let schema = batch.schema();
            let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
            let room = ROWS_SHOWN.saturating_sub(shown.len()).min(batch.num_rows());
            shown.extend((0..room).map(|row| describe(&batch, row, &names)));
        }
        if count > 0 {
            let check = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let rows = if count == 1 { "row" } else { "rows" };
            findings.push(Finding {
                check,
                message: format!("{count} {rows} that should not be there"),
                more: count > shown.len() as u64,
                rows: shown,
            });
        }
    }
    Ok(findings)
}

/// A column of the new contract, as the published version has it.
fn published_column(field: &Field, manifest: &Manifest) -> String {
    let name = quoted(field.name());
    let given = manifest.columns.iter().any(|column| column.name == *field.name());
    format!("CAST({} AS {}) AS {name}", if given { &name } else { "NULL" }, sql_type(field.data_type()))
}

/// The schema of the published rows, strings plain.
pub fn plain_schema(shape: &Shape) -> SchemaRef {
    Arc::new(Schema::new(
        shape.columns.iter().map(|column| Field::new(&column.name, column.kind.clone(), true)).collect::<Vec<_>>(),
    ))
}

fn column_infos(shape: &Shape) -> Vec<ColumnInfo> {
    shape
        .columns
        .iter()
        .map(|column| {
            let measure = if let Role::Measure(measure) = &column.role { Some(measure) } else { None };
            ColumnInfo {
                name: column.name.clone(),
                kind: ColumnInfo::kind_of(&column.kind).to_owned(),
                title: column.title.clone(),
                unit: measure.and_then(|measure| measure.unit.clone()),
                decimals: measure.and_then(|measure| measure.decimals),
                measure: measure.is_some(),
                perturbation: measure
                    .filter(|measure| measure.perturbation == Perturbation::Ckm)
                    .map(|_| "ckm".to_owned()),
                ratio: measure
                    .and_then(|measure| measure.ratio.as_ref())
                    .map(|ratio| (ratio.numerator.clone(), ratio.denominator.clone(), ratio.scale)),
            }
        })
        .collect()
}
