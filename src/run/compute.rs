//! The middle of a run: a dataset's query over the staged tables, completed by
//! the program, judged row by row on its way to one sorted file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::StringArray;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use futures::StreamExt as _;
use jiff::Timestamp;

use crate::config::{AreaSet, Config, Dataset, Perturbation, Pipeline};
use crate::contract::{Contract, Finding, Occasion, Role, RowCheck, Shape};
use crate::decode::CodeRow;
use crate::lake::{Ascending, Carried, ColumnInfo, ContentHash, LakeError, Manifest, Parts, PartsWriter, Stage, plain};
use crate::reference::Reference;
use crate::source;
use crate::transform::{AREAS, Engine, EngineError, GEOGRAPHY, Projection, Query};

use super::carrying::{self, Before, Decision};
use super::lane::Lane;
use super::{Problem, checks, stockholm};

/// A dataset as computed: sorted rows on disk, and what the checks say of them.
pub struct Computed {
    pub parts: Parts,
    pub rows: u64,
    pub content_hash: String,
    pub columns: Vec<ColumnInfo>,
    pub contract: Contract,
    /// The figures are the source's own, only arranged.
    pub passes_through: bool,
    pub findings: Vec<Finding>,
    /// Periods kept from earlier versions.
    pub carried: Vec<Carried>,
    /// What an operator should know.
    pub notes: Vec<String>,
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

/// What the dataset promises of the rows of this shape.
pub fn contract_of(dataset: &Dataset, shape: &Shape, reference: &Reference) -> Result<Contract, Problem> {
    Contract::of(dataset, shape, reference)
        .map_err(|problems| Problem::Shape { dataset: dataset.name.clone(), problems })
}

/// Where a version's rows are: in the lake, or wherever they were computed again.
pub type FilesOf<'a> = &'a (dyn Fn(&Manifest) -> Result<Vec<PathBuf>, LakeError> + Sync);

/// Runs one dataset's query into `stage`, checking on the way. `published` is the current version, if there is one.
pub async fn compute(
    engine: &Engine,
    reference: &Reference,
    (pipeline, dataset): (&Pipeline, &Dataset),
    stage: &Stage,
    files: FilesOf<'_>,
    published: Option<&Manifest>,
) -> Result<Computed, Problem> {
    let (query, shape) = plan_dataset(engine, dataset).await?;
    let contract = contract_of(dataset, &shape, reference)?;
    let fault = |error| Problem::Engine { dataset: dataset.name.clone(), file: dataset.sql_file.clone(), error };
    let inner = format!("_fraga_{}", dataset.name);
    engine.register_query(&inner, &query).map_err(fault)?;
    let projection = Projection::new(dataset, &shape, &inner);

    let mut columns = column_infos(&shape);
    let name = format!("resultat_{}", dataset.name);
    let rows = stage.root().join(&name);
    let mut judged = None;
    if engine.streams(&projection.rows).await.map_err(fault)? {
        // What comes sorted need not be sorted, which would take a second pass over all rows.
        let made = Made { sql: &projection.rows, sorted_by: Some(projection.order.clone()) };
        judged = judge(engine, dataset, &contract, &columns, rows.clone(), made).await?;
        tracing::debug!(dataset = dataset.name, came_sorted = judged.is_some(), "the query's own order");
    }
    let mut judged = match judged {
        Some(judged) => judged,
        None => sorted(engine, dataset, &contract, &columns, rows, &projection.sorted()).await?,
    };
    let (mut carried, mut notes, mut counts) = (Vec::new(), Vec::new(), None);
    let whole_contract = carrying::with_origin(&contract);
    if let Some(manifest) = published.filter(|_| carrying::keeps(pipeline, dataset)) {
        let before = Before { manifest, files: &files(manifest)? };
        match carrying::decide(engine, dataset, &shape, &columns, &judged.parts.paths(), &before)
            .await
            .map_err(fault)?
        {
            Decision::Nothing => {}
            Decision::Lost(why) => notes.push(why),
            Decision::Keep(kept) => {
                // The whole is judged anew: a promise is about what readers see. Only how many rows there should be
                // is asked of the fresh ones, or a source that dries up would never be noticed.
                columns.push(carrying::origin_column());
                let rows = stage.root().join(format!("{name}_hel"));
                let whole = sorted(engine, dataset, &whole_contract, &columns, rows, &kept.sql).await?;
                counts = Some(std::mem::replace(&mut judged, whole).check);
                (carried, notes) = (kept.carried, kept.notes);
            }
        }
    }
    let Judged { parts, check, content } = judged;
    let schema = plain_schema(&shape);
    let date = Timestamp::now().to_zoned(stockholm()).date();
    let occasion = Occasion { published_rows: published.map(own_rows), date };
    let (rows, mut findings) = check.finish(Some(occasion));
    if let Some(fresh) = counts {
        let counted = |finding: &Finding| matches!(finding.check.as_str(), "min_rows" | "max_drop" | "freshness");
        findings.retain(|finding| !counted(finding));
        findings.extend(fresh.finish(Some(occasion)).1.into_iter().filter(counted));
    }
    findings.extend(checks::judge(engine, dataset, &contract, &parts.paths(), &schema, files, published).await?);
    let names: Vec<&str> = shape.measures().map(|measure| measure.name.as_str()).collect();
    let ratios = shape.measures().any(|measure| measure.ratio.is_some());
    let passes_through = !ratios && dataset.areas.is_empty() && query.passes_through(&names);
    let content_hash = content.finish();
    let contract = if carried.is_empty() { contract } else { whole_contract };
    Ok(Computed { parts, rows, content_hash, columns, contract, passes_through, findings, carried, notes })
}

/// How many rows a version had from its own sources, without those kept from earlier versions.
fn own_rows(manifest: &Manifest) -> u64 {
    manifest.rows.saturating_sub(manifest.carried.iter().map(|carried| carried.rows).sum())
}

/// Rows on disk, and what was seen of them on their way there.
struct Judged<'a> {
    parts: Parts,
    check: RowCheck<'a>,
    content: ContentHash,
}

/// A query for a dataset's rows.
struct Made<'a> {
    sql: &'a str,
    /// Nothing but the rows themselves can tell whether they come in this order.
    sorted_by: Option<Vec<String>>,
}

/// The rows of a query that sorts them.
async fn sorted<'a>(
    engine: &Engine,
    dataset: &Dataset,
    contract: &'a Contract,
    columns: &[ColumnInfo],
    folder: PathBuf,
    sql: &str,
) -> Result<Judged<'a>, Problem> {
    let judged = judge(engine, dataset, contract, columns, folder, Made { sql, sorted_by: None }).await?;
    judged.ok_or_else(|| Problem::Lake(LakeError::Stopped))
}

/// Runs a query for a dataset's rows: they are checked, hashed and written at once. `None` where they should have come
/// in an order and did not.
async fn judge<'a>(
    engine: &Engine,
    dataset: &Dataset,
    contract: &'a Contract,
    columns: &[ColumnInfo],
    folder: PathBuf,
    made: Made<'_>,
) -> Result<Option<Judged<'a>>, Problem> {
    let fault = |error| Problem::Engine { dataset: dataset.name.clone(), file: dataset.sql_file.clone(), error };
    let mut stream = engine.stream(made.sql).await.map_err(fault)?;
    let fields = columns.iter().map(|column| Field::new(&column.name, column.arrow_type(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let mut check = RowCheck::new(contract);
    let content = Lane::new(ContentHash::of(columns), |content: &mut ContentHash, batch| {
        content.update(batch);
        Ok(())
    });
    let writer = PartsWriter::new(folder, columns, crate::PROGRAM);
    let rows = Lane::new(writer, PartsWriter::write);
    let mut order = made.sorted_by.map(Ascending::by);
    let mut ordered = true;
    while let Some(batch) = stream.next().await {
        let batch = plain(&batch.map_err(|error| fault(error.into()))?, &schema)
            .map_err(|error| Problem::Lake(error.into()))?;
        if order.as_mut().is_some_and(|order| !order.holds(&batch)) {
            ordered = false;
            break;
        }
        // Sent first: they are worked on while the rows are checked here.
        if !(rows.pass(batch.clone()).await && content.pass(batch.clone()).await) {
            break;
        }
        check.batch(&batch).map_err(|error| Problem::Lake(error.into()))?;
    }
    drop(stream);
    let (content, writer) = (content.end().await?, rows.end().await?);
    if !ordered {
        writer.discard()?;
        return Ok(None);
    }
    Ok(Some(Judged { parts: writer.finish()?, check, content }))
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
