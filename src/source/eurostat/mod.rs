//! Eurostat's dissemination API: datasets as JSON-stat 2.0 in parts, or whole as SDMX-CSV.
//!
//! What is known of the API, and how (`assumptions.rs` names each fact): from its documentation as others quote it and
//! from clients that others have written (the Python package eurostat 1.1.1, the R package eurostat, and notes of live
//! calls in 2026); no recorded answer of this version of the API was at hand. `value` and `status` are objects of the
//! cells that there are; a dimension `freq` is always there; fewer than 500,000 cells are answered at once, more with a
//! 413 that is `ASYNCHRONOUS_RESPONSE` (try again later) or `EXTRACTION_TOO_BIG` (ask for less), and the former has come
//! under 200; a misspelt code is answered with 200 and no values, so that every code is held against the dataset's own
//! list before it is asked for. The whole dataset as compressed SDMX-CSV is answered at once whatever its size.
//!
//! A cell that the source does not give at all is no row: it is an observation that does not exist, in either format.
//! One that it gives a flag for is a row without a value.

pub mod assumptions;
pub mod browse;
mod csv;
mod cube;
mod flags;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod query;
mod structure;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use bytes::Bytes;

use super::metadata::{Dimension, Kind};
use super::{Harvest, Metadata, Plan, Progress, Sink, SourceError, order, parallel};
use crate::config::{EurostatFetch, EurostatFormat, ValueType, When, column_of};
use crate::contract::Status;
use crate::decode::{CodeRow, Layout, Measure};
use crate::fetch::{Answer, Courier, Expect, FetchError, Request, Said};

use cube::{Cube, Part};
use query::{Piece, Query};
use structure::{Dataflow, Structure};

/// Cells that an answer may have; more are not answered at once.
const CELLS: u64 = 499_999;

/// How often a part may be halved because it is refused.
const HALVINGS: u32 = 7;

#[derive(Clone, Debug)]
pub(super) struct Work {
    query: Query,
    parts: Vec<Piece>,
    dataflow: Dataflow,
    structure: Structure,
}

/// Dimensions in the order of their names, then the value.
pub(super) fn declared_schema(fetch: &EurostatFetch) -> SchemaRef {
    let mut ids: BTreeSet<&str> = fetch.select.keys().map(String::as_str).collect();
    ids.extend(["freq", "time"]);
    if fetch.geo_level.is_some() {
        ids.insert("geo");
    }
    schema(fetch, ids.into_iter())
}

fn schema<'a>(fetch: &EurostatFetch, ids: impl Iterator<Item = &'a str>) -> SchemaRef {
    let columns: Vec<String> = ids.map(|id| column(fetch, id)).collect();
    match fetch.format {
        EurostatFormat::SdmxCsv => csv::schema(&columns, &fetch.value),
        EurostatFormat::Json => {
            let dimension = |column: String| crate::decode::Dimension { id: String::new(), column, codes: Vec::new() };
            let dimensions = columns.into_iter().map(dimension).collect();
            Layout { dimensions, measures: vec![measure(fetch)], ..Layout::default() }.schema()
        }
    }
}

fn measure(fetch: &EurostatFetch) -> Measure {
    Measure { code: String::new(), column: fetch.value.clone(), kind: ValueType::Float64, decimals: None, unit: None }
}

fn column(fetch: &EurostatFetch, id: &str) -> String {
    fetch.rename.get(id).cloned().unwrap_or_else(|| column_of(id))
}

pub(super) async fn plan(courier: &Courier, fetch: &EurostatFetch) -> Result<Plan, SourceError> {
    let dataflow = structure::dataflow(courier, &fetch.dataset).await?;
    let (structure, url) = structure::structure(courier, &fetch.dataset).await?;
    let described = describe(fetch, &dataflow, &structure, &BTreeMap::new());
    let query = Query::new(fetch, &structure).map_err(|error| SourceError::Misfit {
        name: courier.source().name.clone(),
        url,
        error: Box::new(error),
        metadata: Box::new(described),
        drift: Vec::new(),
    })?;
    let limits = courier.source().limits;
    let limit = limits.map_or(0, |limits| limits.cells);
    let limit = if limit == 0 { CELLS } else { limit };
    let cells = query.whole().cells(&query);
    let mut notes = Vec::new();
    let parts = match fetch.format {
        EurostatFormat::Json => query.parts(limit),
        EurostatFormat::SdmxCsv => {
            notes.push("the whole dataset is fetched in one call, and what is not selected is passed over".to_owned());
            vec![query.whole()]
        }
    };
    let calls = parts.len() as u64;
    if calls > 20 && fetch.format == EurostatFormat::Json {
        notes.push(format!("{calls} calls: `format = \"sdmx-csv\"` would fetch the whole dataset in one"));
    }
    let stamp = dataflow.stamp.as_ref().map(|stamp| format!("{} {stamp} {}", fetch.dataset, query.hash()));
    Ok(Plan {
        calls,
        cells,
        lower_bound: match fetch.format {
            EurostatFormat::Json => cells.div_ceil(limit),
            EurostatFormat::SdmxCsv => 1,
        },
        limits,
        wait: courier.limiter().wait_for(calls),
        stamp_proves: stamp.is_some(),
        estimated: false,
        stamp,
        notes,
        publish_notes: Vec::new(),
        schema: Some(schema(fetch, query.dimensions.iter().map(|dimension| dimension.id.as_str()))),
        codes: Vec::new(),
        // Only the data tell what the codes are called.
        metadata: None,
        work: super::Work::Eurostat(Box::new(Work { query, parts, dataflow, structure })),
    })
}

/// What the answers have told so far.
#[derive(Default)]
struct Told {
    rows: u64,
    /// Of each dimension, its codes with their labels.
    labels: BTreeMap<String, BTreeMap<String, String>>,
    /// When the data were updated, as every part says it.
    updated: Option<String>,
    extra_calls: u64,
}

pub(super) async fn harvest(
    courier: &Courier,
    fetch: &EurostatFetch,
    plan: &Plan,
    work: &Work,
    sink: &mut dyn Sink,
    progress: Progress<'_>,
) -> Result<Harvest, SourceError> {
    let symbols = flags::combined(&courier.source().symbols);
    let mut told = Told::default();
    match fetch.format {
        EurostatFormat::Json => {
            let asked = Arc::new((fetch.clone(), work.query.clone(), symbols));
            let call = |part: Piece| in_halves(courier.clone(), Arc::clone(&asked), part);
            let mut calls = 0;
            parallel::in_order(courier.source().parallel, work.parts.iter().cloned(), call, |halves| {
                for (answer, cube) in halves.answers {
                    take(courier, fetch, &mut told, &answer, cube, sink)?;
                }
                told.extra_calls += halves.extra_calls;
                calls += 1;
                progress(calls);
                Ok(())
            })
            .await?;
        }
        EurostatFormat::SdmxCsv => {
            whole(courier, fetch, work, &symbols, sink, &mut told).await?;
            progress(1);
        }
    }
    let mut notes = Vec::new();
    if told.extra_calls > 0 {
        notes.push(format!("{} parts were refused as too large and asked for in halves", told.extra_calls));
    }
    if fetch.format == EurostatFormat::Json {
        notes.extend(without_observations(&work.query, &told));
    }
    Ok(Harvest {
        rows: told.rows,
        codes: codes(fetch, &work.query, &told),
        stamp: plan.stamp.clone(),
        notes,
        metadata: Some(describe(fetch, &work.dataflow, &work.structure, &told.labels)),
    })
}

/// What came of one part; bodies are left out.
#[derive(Default)]
struct Halves {
    answers: Vec<(Answer, Option<Cube>)>,
    extra_calls: u64,
}

/// Takes an answer in, and its rows where it has any.
fn take(
    courier: &Courier,
    fetch: &EurostatFetch,
    told: &mut Told,
    answer: &Answer,
    cube: Option<Cube>,
    sink: &mut dyn Sink,
) -> Result<(), SourceError> {
    if let Some(cube) = &cube {
        same_edition(courier, fetch, told, cube.updated.as_deref())?;
    }
    courier.accept(answer)?;
    let Some(cube) = cube else { return Ok(()) };
    sink.write(&cube.batch).map_err(SourceError::Sink)?;
    told.rows += cube.batch.num_rows() as u64;
    for (id, labels) in cube.labels {
        told.labels.entry(id).or_default().extend(labels);
    }
    Ok(())
}

/// One part, and where it is refused as too large, its halves.
async fn in_halves(
    courier: Courier,
    asked: Arc<(EurostatFetch, Query, BTreeMap<String, Status>)>,
    part: Piece,
) -> Result<Halves, SourceError> {
    let (fetch, query, symbols) = &*asked;
    let mut halves = Halves::default();
    let mut left = vec![(part, 0_u32)];
    while let Some((part, halvings)) = left.pop() {
        let request = Request::get(query.path(fetch, &part));
        let refused = match courier.ask_or_nothing(&request, Expect::Json).await {
            Ok(Said::Nothing(answer)) => {
                halves.answers.push((answer, None));
                continue;
            }
            Ok(Said::Answer(answer)) => match cube::decode(&answer, fetch, query, &part, symbols)? {
                Part::Rows(cube) => {
                    halves.answers.push((Answer { body: Bytes::new(), ..answer }, Some(*cube)));
                    continue;
                }
                Part::Empty => {
                    halves.answers.push((answer, None));
                    continue;
                }
                Part::TooLarge(error) => error,
            },
            // In an archive, what was refused then is not there.
            Err(error @ FetchError::NotArchived { .. }) => error.into(),
            Err(error) if is_too_large(&error) => error.into(),
            Err(error) => return Err(error.into()),
        };
        match Query::halves(&part) {
            Some((one, other)) if halvings < HALVINGS => {
                halves.extra_calls += 1;
                left.push((other, halvings + 1));
                left.push((one, halvings + 1));
            }
            _ => return Err(refused),
        }
    }
    Ok(halves)
}

/// Whether less might be answered: the extraction is too big, or too big to be made at once.
fn is_too_large(error: &FetchError) -> bool {
    let says = |text: &str| text.contains("EXTRACTION_TOO_BIG") || text.contains("ASYNCHRONOUS_RESPONSE");
    match error {
        FetchError::TooMuch { .. } => true,
        FetchError::Refused { status, message, .. } => *status == 413 || says(message),
        FetchError::GaveUp { status, last, .. } => *status == Some(413) || says(last),
        _ => false,
    }
}

/// The whole dataset.
async fn whole(
    courier: &Courier,
    fetch: &EurostatFetch,
    work: &Work,
    symbols: &BTreeMap<String, Status>,
    sink: &mut dyn Sink,
    told: &mut Told,
) -> Result<(), SourceError> {
    let request = Request::get(query::bulk_path(&fetch.dataset));
    let streamed = courier.ask_streamed(&request, Expect::Any, None).await?;
    let answer = Answer { record: streamed.record, body: Bytes::new() };
    let mut reader = csv::Reader::new(fetch, &work.query, symbols);
    // Accepted before its rows are written, as every answer, and so read to its end first.
    let count = csv::read(courier.open(&answer.record)?, &mut reader, &mut |_| Ok(())).await;
    count.map_err(|fault| fault.of(&answer))?;
    same_edition(courier, fetch, told, reader.updated())?;
    courier.accept(&answer)?;
    let mut reader = csv::Reader::new(fetch, &work.query, symbols);
    let mut rows = 0;
    let mut write = |batch: &arrow::record_batch::RecordBatch| {
        rows += batch.num_rows() as u64;
        sink.write(batch)
    };
    csv::read(courier.open(&answer.record)?, &mut reader, &mut write).await.map_err(|fault| fault.of(&answer))?;
    told.rows += rows;
    Ok(())
}

/// Parts of two editions must not meet in one table.
fn same_edition(
    courier: &Courier,
    fetch: &EurostatFetch,
    told: &mut Told,
    updated: Option<&str>,
) -> Result<(), SourceError> {
    let Some(updated) = updated else { return Ok(()) };
    match &told.updated {
        Some(before) if before != updated => Err(SourceError::Moved {
            name: courier.source().name.clone(),
            table: fetch.dataset.clone(),
            before: before.clone(),
            after: updated.to_owned(),
        }),
        _ => {
            told.updated = Some(updated.to_owned());
            Ok(())
        }
    }
}

/// Codes that were asked for and have no observation: Eurostat leaves them out of its answers.
fn without_observations(query: &Query, told: &Told) -> Vec<String> {
    let silent = query.dimensions.iter().filter_map(|dimension| {
        let answered = told.labels.get(&dimension.id);
        let silent: Vec<&str> = dimension
            .codes
            .iter()
            .filter(|code| !dimension.time && answered.is_none_or(|labels| !labels.contains_key(*code)))
            .map(String::as_str)
            .collect();
        let (shown, more) = silent.split_at(silent.len().min(10));
        let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
        (!silent.is_empty())
            .then(|| format!("dimension {:?}: no observation for {}{more}", dimension.id, shown.join(", ")))
    });
    silent.collect()
}

fn codes(fetch: &EurostatFetch, query: &Query, told: &Told) -> Vec<CodeRow> {
    let of = |dimension: &query::Dimension| -> Vec<CodeRow> {
        let labels = told.labels.get(&dimension.id);
        let known = dimension.time.then(|| labels.map(|labels| labels.keys().cloned().collect::<Vec<_>>())).flatten();
        let list = known.unwrap_or_else(|| dimension.codes.clone());
        list.into_iter()
            .enumerate()
            .map(|(place, code)| CodeRow {
                kolumn: column(fetch, &dimension.id),
                text: labels.and_then(|labels| labels.get(&code)).cloned().unwrap_or_else(|| code.clone()),
                kod: code,
                ordning: order(place),
            })
            .collect()
    };
    query.dimensions.iter().flat_map(of).collect()
}

/// All codes of the dataset; those that have been answered with their labels.
fn describe(
    fetch: &EurostatFetch,
    dataflow: &Dataflow,
    structure: &Structure,
    labels: &BTreeMap<String, BTreeMap<String, String>>,
) -> Metadata {
    let label = |id: &str, code: &str| labels.get(id).and_then(|of| of.get(code)).cloned().unwrap_or_default();
    Metadata {
        table: fetch.dataset.clone(),
        title: dataflow.title.clone(),
        dimensions: structure
            .dimensions
            .iter()
            .map(|(id, codes)| Dimension {
                id: id.clone(),
                label: id.clone(),
                time: id == structure::TIME,
                // Periods come and go.
                codes: if id == structure::TIME {
                    Vec::new()
                } else {
                    codes.iter().map(|code| (code.clone(), label(id, code))).collect()
                },
                ..Dimension::default()
            })
            .collect(),
        released: dataflow.updated.as_deref().and_then(When::read),
        ..Metadata::new(Kind::Eurostat)
    }
}

#[cfg(test)]
mod tests;
