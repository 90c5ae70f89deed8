//! `history = "keep"`: periods that the source's selection has left behind stay
//! published as they were, marked with the version that they are from.

use std::collections::BTreeSet;
use std::path::PathBuf;

use arrow::array::{Array as _, ArrayRef, AsArray as _};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use arrow::record_batch::RecordBatch;

use crate::config::{Dataset, History, Pipeline};
use crate::contract::{Contract, Promise, Role, Shape, ShapeColumn, ValueKind};
use crate::lake::{Carried, ColumnInfo, Manifest, ORIGIN, ORIGIN_TITLE};
use crate::transform::{Engine, EngineError, Projection, quoted, sql_type};

use super::place;

/// The current version, as rows may be kept from it.
pub struct Before<'a> {
    pub manifest: &'a Manifest,
    pub files: &'a [PathBuf],
}

/// Periods to be kept, and the query that gives fresh and kept rows together, sorted.
pub struct Kept {
    pub sql: String,
    pub carried: Vec<Carried>,
    /// What an operator should know: measures that can't be kept.
    pub notes: Vec<String>,
}

pub enum Decision {
    Nothing,
    Keep(Kept),
    /// Periods went that can't be kept; why.
    Lost(String),
}

/// Whether a dataset keeps what its sources leave behind: it reads at least one fetch, and none of them says `window`.
pub fn keeps(pipeline: &Pipeline, dataset: &Dataset) -> bool {
    let mut read =
        pipeline.fetches.values().filter(|fetch| place::word(&dataset.sql, &fetch.name).is_some()).peekable();
    read.peek().is_some() && read.all(|fetch| fetch.history == History::Keep)
}

/// Marks kept rows with the version that they are from.
pub fn origin_column() -> ColumnInfo {
    ColumnInfo {
        name: ORIGIN.to_owned(),
        kind: "text".to_owned(),
        title: ORIGIN_TITLE.to_owned(),
        unit: None,
        decimals: None,
        measure: false,
        perturbation: None,
        ratio: None,
    }
}

/// What a dataset with kept rows promises: the same, and that column.
pub fn with_origin(contract: &Contract) -> Contract {
    let mut contract = contract.clone();
    contract.columns.push(Promise { nullable: true, ..Promise::label(ORIGIN, ValueKind::Text, ORIGIN_TITLE) });
    contract
}

/// Looks for periods that the current version has and the fresh rows have not.
pub async fn decide(
    engine: &Engine,
    dataset: &Dataset,
    shape: &Shape,
    columns: &[ColumnInfo],
    fresh: &[PathBuf],
    before: &Before<'_>,
) -> Result<Decision, EngineError> {
    let (new, old) = (format!("_farska_{}", dataset.name), format!("_forra_{}", dataset.name));
    engine.register_parquet(&new, fresh).await?;
    engine.register_parquet(&old, before.files).await?;
    let (new, old) = (quoted(&new), quoted(&old));
    let marked = before.manifest.columns.iter().any(|column| column.name == ORIGIN);
    let version = format!("'{}'", before.manifest.version);
    let origin = if marked { format!("coalesce({}, {version})", quoted(ORIGIN)) } else { version };
    let there = periods(engine, &format!("SELECT DISTINCT CAST(period AS VARCHAR) AS period FROM {new}")).await?;
    let mut carried = carried(
        engine,
        &format!(
            "SELECT CAST(period AS VARCHAR) AS period, CAST({origin} AS VARCHAR) AS version, count(*) AS rows \
             FROM {old} GROUP BY 1, 2 ORDER BY 1, 2"
        ),
    )
    .await?;
    carried.retain(|carried| !there.contains(&carried.period));
    if carried.is_empty() {
        return Ok(Decision::Nothing);
    }
    // A short list, not a join: that would hold every row's period in memory.
    let literals: BTreeSet<String> =
        carried.iter().map(|carried| format!("'{}'", carried.period.replace('\'', "''"))).collect();
    let gone = format!("period IN ({})", literals.into_iter().collect::<Vec<_>>().join(", "));
    if let Some(why) = misfit(dataset, columns, before.manifest) {
        let periods: BTreeSet<&str> = carried.iter().map(|carried| &*carried.period).collect();
        let periods = periods.into_iter().collect::<Vec<_>>().join(", ");
        return Ok(Decision::Lost(format!("the source no longer gives {periods}, and they are not kept: {why}")));
    }
    let mut notes = Vec::new();
    let fresh_columns = shape.columns.iter().map(|column| quoted(&column.name));
    let fresh_columns: Vec<String> =
        fresh_columns.chain([format!("CAST(NULL AS VARCHAR) AS {}", quoted(ORIGIN))]).collect();
    let mut kept_columns: Vec<String> =
        shape.columns.iter().map(|column| kept(column, columns, before.manifest, &mut notes)).collect();
    kept_columns.push(format!("CAST({origin} AS VARCHAR) AS {}", quoted(ORIGIN)));
    let sql = format!(
        "SELECT {} FROM {new}\nUNION ALL\nSELECT {} FROM {old} WHERE {gone}\nORDER BY {}",
        fresh_columns.join(", "),
        kept_columns.join(", "),
        Projection::order(dataset),
    );
    Ok(Decision::Keep(Kept { sql, carried, notes }))
}

async fn periods(engine: &Engine, sql: &str) -> Result<BTreeSet<String>, EngineError> {
    let mut periods = BTreeSet::new();
    for batch in engine.collect(sql).await? {
        let column = text(&batch, 0)?;
        periods.extend(column.as_string::<i32>().iter().flatten().map(str::to_owned));
    }
    Ok(periods)
}

fn text(batch: &RecordBatch, column: usize) -> Result<ArrayRef, EngineError> {
    cast(batch.column(column), &DataType::Utf8).map_err(|error| EngineError::Run(error.to_string()))
}

async fn carried(engine: &Engine, sql: &str) -> Result<Vec<Carried>, EngineError> {
    let mut carried = Vec::new();
    for batch in engine.collect(sql).await? {
        let (periods, versions) = (text(&batch, 0)?, text(&batch, 1)?);
        let (periods, versions) = (periods.as_string::<i32>(), versions.as_string::<i32>());
        let rows = batch.column(2).as_primitive::<Int64Type>();
        for row in (0..batch.num_rows()).filter(|row| periods.is_valid(*row)) {
            let version = versions.value(row);
            let version = version.parse().map_err(|_| EngineError::Run(format!("{version:?} is no version")))?;
            let rows = u64::try_from(rows.value(row)).unwrap_or_default();
            carried.push(Carried { period: periods.value(row).to_owned(), version, rows });
        }
    }
    Ok(carried)
}

/// Rows are known by their key: with another one they can't stand among the fresh.
fn misfit(dataset: &Dataset, columns: &[ColumnInfo], before: &Manifest) -> Option<String> {
    let sorted = |key: &[String]| key.iter().cloned().collect::<BTreeSet<_>>();
    if sorted(&dataset.key) != sorted(&before.key) {
        return Some(format!("the key was {} and is {}", before.key.join(", "), dataset.key.join(", ")));
    }
    let find = |columns: &[ColumnInfo], name: &str| columns.iter().find(|column| column.name == name).cloned();
    dataset.key.iter().find_map(|name| {
        let (old, new) = (find(&before.columns, name)?.kind, find(columns, name)?.kind);
        (old != new).then(|| format!("the key's column {name} was {old} and is {new}"))
    })
}

/// A column as the kept rows have it: as published, unless it is new or means something else now.
fn kept(column: &ShapeColumn, columns: &[ColumnInfo], before: &Manifest, notes: &mut Vec<String>) -> String {
    let name = quoted(&column.name);
    let same = |name: &str| {
        let of = |columns: &[ColumnInfo]| columns.iter().find(|column| column.name == name).cloned();
        match (of(&before.columns), of(columns)) {
            (Some(old), Some(new)) => old == ColumnInfo { title: old.title.clone(), ..new },
            _ => false,
        }
    };
    let (is_kept, otherwise) = match &column.role {
        Role::Measure(_) => {
            let is_kept = same(&column.name);
            if !is_kept {
                notes.push(format!("{} is new or redefined: in kept periods it is missing", column.name));
            }
            (is_kept, "NULL")
        }
        Role::Status(measure) => (same(&measure.name) && same(&column.name), "'missing'"),
        Role::Perturbed(measure) => (same(&measure.name) && same(&column.name), "0"),
        _ => (same(&column.name), "NULL"),
    };
    let expression = if is_kept { name.as_str() } else { otherwise };
    format!("CAST({expression} AS {}) AS {name}", sql_type(&column.kind))
}
