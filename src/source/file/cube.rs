//! A cube in a file (JSON-stat, PX): it says of itself what it holds, and the
//! fetch chooses from that as it would from a table of PxWeb. The file is decoded
//! whole, and what was not chosen left out.

use std::collections::{BTreeMap, HashSet};

use arrow::array::{Array as _, AsArray as _, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int32Type;

use crate::config::{FileFetch, FileFormat, PxwebFetch};
use crate::contract::Status;
use crate::decode::json_stat::{self, CubeMeta, older};
use crate::decode::{CodeRow, DecodeError, Layout, px};
use crate::source::SourceError;
use crate::source::metadata::{Kind, Metadata};
use crate::source::pxweb::describe::describe;
use crate::source::pxweb::query::Query;

/// Either fault of a file that is a cube.
pub(super) enum Fault {
    Decode(DecodeError),
    /// What is chosen is not in it; what it says of itself tells why.
    Misfit(Box<SourceError>, Box<Metadata>),
}

impl From<DecodeError> for Fault {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

pub(super) struct Cube {
    pub batch: RecordBatch,
    pub metadata: Metadata,
    pub codes: Vec<CodeRow>,
    pub publish_notes: Vec<String>,
}

pub(super) fn read(body: &[u8], fetch: &FileFetch, symbols: &BTreeMap<String, Status>) -> Result<Cube, Fault> {
    let dataset = match fetch.format {
        FileFormat::JsonStat => older::dataset(body, member(body, fetch)?.as_deref())?,
        _ => body.into(),
    };
    let meta = match fetch.format {
        FileFormat::JsonStat => json_stat::metadata(&dataset)?,
        _ => px::metadata(&dataset, None)?,
    };
    let everything = as_table(fetch, &meta, false);
    let chosen = as_table(fetch, &meta, true);
    let metadata = Metadata { of: Kind::File, ..describe(&everything, &meta) };
    let misfit = |error| Fault::Misfit(Box::new(error), Box::new(metadata.clone()));
    let query = Query::new(&chosen, &meta).map_err(misfit)?;
    let whole = Query::new(&everything, &meta).map_err(misfit)?;
    let layout = whole.layout(&whole.whole(), symbols);
    let batch = match fetch.format {
        FileFormat::JsonStat => json_stat::decode(&dataset, &layout)?,
        _ => px::decode(&dataset, &layout)?,
    };
    let batch = only(&batch, &query.layout(&query.whole(), symbols))?;
    Ok(Cube { batch, metadata, codes: query.codes, publish_notes: meta.notes })
}

/// A member by its number, unless one is called so.
fn member(body: &[u8], fetch: &FileFetch) -> Result<Option<String>, DecodeError> {
    let Some(wanted) = &fetch.cube.member else { return Ok(None) };
    let names = older::names(body)?;
    let numbered = wanted.parse::<usize>().ok().and_then(|number| names.get(number.checked_sub(1)?));
    Ok(Some(if names.contains(wanted) { wanted } else { numbered.unwrap_or(wanted) }.clone()))
}

/// The fetch in the terms of a table: what it leaves out is taken whole.
fn as_table(fetch: &FileFetch, meta: &CubeMeta, chosen: bool) -> PxwebFetch {
    let mut select: BTreeMap<String, Vec<String>> = if chosen { fetch.cube.select.clone() } else { BTreeMap::new() };
    for dimension in &meta.dimensions {
        let is_metric = meta.metric.as_ref() == Some(&dimension.id);
        if is_metric && chosen && !fetch.cube.measures.is_empty() {
            continue;
        }
        select.entry(dimension.id.clone()).or_insert_with(|| vec!["*".to_owned()]);
    }
    PxwebFetch {
        table: meta.table.clone().unwrap_or_default(),
        select,
        codelist: BTreeMap::new(),
        rename: fetch.rename.clone(),
        measures: fetch.cube.measures.clone(),
        language: None,
    }
}

/// The rows with chosen codes, and the columns of the layout.
fn only(batch: &RecordBatch, layout: &Layout) -> Result<RecordBatch, DecodeError> {
    let mut keep = vec![true; batch.num_rows()];
    for dimension in &layout.dimensions {
        let wanted: HashSet<&str> = dimension.codes.iter().map(String::as_str).collect();
        let lost = || DecodeError::DimensionLost(dimension.id.clone());
        let column = batch.column_by_name(&dimension.column).ok_or_else(lost)?;
        let column = column.as_dictionary_opt::<Int32Type>().ok_or_else(lost)?;
        let words = column.values().as_string::<i32>();
        let good: Vec<bool> = (0..words.len()).map(|at| wanted.contains(words.value(at))).collect();
        for (keep, key) in keep.iter_mut().zip(column.keys().iter()) {
            *keep &= key.is_some_and(|key| good.get(key as usize).copied().unwrap_or(false));
        }
    }
    let schema = layout.schema();
    let places =
        schema.fields().iter().map(|field| batch.schema().index_of(field.name())).collect::<Result<Vec<_>, _>>()?;
    Ok(filter_record_batch(&batch.project(&places)?, &BooleanArray::from(keep))?)
}
