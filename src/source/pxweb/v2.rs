//! PxWeb API v2: `/config`, `/tables/ID`, `/tables/ID/metadata` and
//! `POST /tables/ID/data` as JSON-stat 2.0, or as PX or CSV where `/config` says
//! that the installation has no JSON-stat.
//!
//! Facts behind the code: data calls are POSTs because long URLs answer 404 at
//! SCB and codes such as `100+` need no escaping there. The server counts
//! cells in 32 bits and overflows, so the cells are counted here. It answers
//! an unknown table with 404, but data of one with 400 and a 404 inside. The
//! metadata answer 404 on any inner fault.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use arrow::record_batch::RecordBatch;
use serde::Deserialize;

use super::super::answer::parse;
use super::super::encode::encode;
use super::super::pxweb_v1::answer::Format;
use super::super::pxweb_v1::table::Dialect;
use super::super::{Harvest, Plan, Progress, Sink, SourceError, parallel};
use super::assembly::{Assembly, Bands};
use super::describe::describe;
use super::note;
use super::part::{Asking, Shared, part};
use super::planner::Split;
use super::query::Query;
use crate::config::{Limits, PxwebFetch, SourceKind};
use crate::contract::Status;
use crate::decode::json_stat::CubeMeta;
use crate::decode::{DecodeError, json_stat};
use crate::fetch::{Answer, Courier, Expect, FetchError, Request};

/// Labels are what planners read.
const LANGUAGE: &str = "sv";

/// The parameter that tells the language.
pub(super) fn language(fetch: &PxwebFetch) -> String {
    format!("lang={}", encode(fetch.language.as_deref().unwrap_or(LANGUAGE)))
}

#[derive(Clone, Debug)]
pub struct Work {
    table: String,
    /// As the parameter that tells it.
    pub(super) language: String,
    updated: Option<String>,
    query: Query,
    split: Split,
    format: Format,
    /// What the table's codes are called, which only CSV needs.
    dialect: Dialect,
    /// The columns by which the rows are wanted in order.
    pub order: Vec<String>,
}

/// What `/config` announces.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Announced {
    max_data_cells: Option<u64>,
    max_calls_per_time_window: Option<u32>,
    /// Seconds.
    time_window: Option<u64>,
    data_formats: Option<Vec<String>>,
}

/// What `/tables/ID` says of a table.
#[derive(Deserialize)]
struct Table {
    updated: Option<String>,
    discontinued: Option<bool>,
}

pub async fn plan(courier: &Courier, fetch: &PxwebFetch) -> Result<Plan, SourceError> {
    let mut notes = Vec::new();
    let as_before = is_as_before(courier, fetch).await?;
    let (limits, format) = limits(courier, &mut notes).await?;
    let request = table_request(&fetch.table, &language(fetch));
    let answer = if as_before {
        courier.ask(&request, Expect::Json).await
    } else {
        courier.ask_for_edition(&request, Expect::Json).await
    };
    let answer = answer.map_err(|error| unknown_table(error, &fetch.table))?;
    let name = || courier.source().name.clone();
    let table: Table = parse(&answer)?;
    courier.accept(&answer)?;

    let answer = metadata(courier, fetch).await?;
    let meta = json_stat::metadata(&answer.body).map_err(|error| SourceError::decode(&answer, error))?;
    let described = describe(fetch, &meta);
    let query = Query::new(fetch, &meta).map_err(|error| SourceError::Misfit {
        name: name(),
        url: answer.record.url.clone(),
        error: Box::new(error),
        metadata: Box::new(described.clone()),
        drift: Vec::new(),
    })?;
    courier.accept(&answer)?;

    if table.discontinued == Some(true) || meta.discontinued == Some(true) {
        notes.push(format!("table {} is discontinued: the source will not update it", fetch.table));
    }
    let limit = limits.map_or(0, |limits| limits.cells);
    let split = Split::new(&query.sizes(), query.per_row(), limit).map_err(|fault| SourceError::TooLarge {
        name: name(),
        table: fetch.table.clone(),
        cells: fault.cells,
        limit,
    })?;
    let own = if format == Format::JsonStat2 { CubeMeta::default() } else { meta.clone() };
    Ok(Plan {
        calls: split.calls,
        cells: split.cells,
        lower_bound: split.lower_bound,
        limits,
        wait: courier.limiter().wait_for(split.calls),
        stamp: table.updated.as_ref().map(|updated| format!("{} {updated} {}", fetch.table, query.hash())),
        stamp_proves: true,
        notes,
        publish_notes: meta.notes.into_iter().chain(note::of_dimensions(answer.content(), &query)).collect(),
        schema: Some(query.layout(&query.whole(), &courier.source().symbols).schema()),
        codes: query.codes.clone(),
        metadata: Some(described),
        work: super::super::Work::Pxweb(Box::new(Work {
            table: fetch.table.clone(),
            language: language(fetch),
            updated: table.updated,
            query,
            split,
            format,
            dialect: Dialect { own, ..Dialect::default() },
            order: Vec::new(),
        })),
    })
}

pub async fn harvest(
    courier: &Courier,
    plan: &Plan,
    work: &Work,
    sink: &mut dyn Sink,
    progress: Progress<'_>,
) -> Result<Harvest, SourceError> {
    let limit = plan.limits.map_or(0, |limits| limits.cells);
    let shared = Arc::new(Shared::new(work.clone(), limit));
    let (mut rows, mut calls) = (0, 0);
    let call = |ranges: Vec<Range<usize>>| {
        let (courier, shared) = (courier.clone(), Arc::clone(&shared));
        async move { part(&courier, shared, ranges).await }
    };
    let bands = Bands::of(&work.query, work.split.boxes(), &work.order);
    let whole = work.query.layout(&work.query.whole(), &courier.source().symbols);
    let mut assembly = bands.as_ref().map(|bands| Assembly::new(&work.query, bands, &whole));
    let boxes: Vec<_> = bands.as_ref().map_or_else(|| work.split.boxes().collect(), |bands| bands.boxes().collect());
    // One more than may be asked for at a time, so that an answer is decoded while the next one is on its way.
    let at_once = courier.source().parallel + 1;
    parallel::in_order(at_once, boxes, call, |pieces| {
        for (answer, batch) in pieces {
            courier.accept(&answer)?;
            let Some(batch) = batch else { continue };
            match &mut assembly {
                Some(assembly) => {
                    let taken = assembly.take(&answer.record, &batch);
                    taken.map_err(|error| SourceError::decode(&answer, error))?;
                }
                None => sink.write(&batch).map_err(SourceError::Sink)?,
            }
            rows += batch.num_rows() as u64;
        }
        if let Some(assembly) = &mut assembly {
            assembly.end_call(sink).map_err(SourceError::Sink)?;
        }
        calls += 1;
        progress(calls);
        Ok(())
    })
    .await?;
    if calls > 1 {
        refuse_moved(courier, work).await?;
    }
    let notes = shared.note().into_iter().collect();
    Ok(Harvest { rows, codes: plan.codes.clone(), stamp: plan.stamp.clone(), notes, metadata: None })
}

impl Asking for Work {
    fn request(&self, ranges: &[Range<usize>]) -> (Request, Expect) {
        let format = match self.format {
            Format::Csv(_) => "csv&outputFormatParams=UseCodes",
            other => other.name(),
        };
        let path = format!("/tables/{}/data?{}&outputFormat={format}", encode(&self.table), self.language);
        (Request::post(path, self.query.body(ranges)), self.format.expect())
    }

    fn decode(
        &self,
        body: &[u8],
        ranges: &[Range<usize>],
        symbols: &BTreeMap<String, Status>,
    ) -> Result<RecordBatch, DecodeError> {
        let layout = self.query.layout(ranges, symbols);
        match self.format {
            Format::JsonStat2 => json_stat::decode(body, &layout),
            other => other.decode(body, &layout, &self.dialect, SourceKind::Pxweb),
        }
    }

    fn per_row(&self) -> u64 {
        self.query.per_row()
    }

    fn refused(&self, error: SourceError, limit: u64, cells: u64) -> SourceError {
        match error {
            SourceError::Fetch(FetchError::TooMuch { source_name: name, url, .. }) => {
                SourceError::TooManyCells { name, url, cells, limit }
            }
            // An unknown table is told inside; a plain 404 is something else, and says itself what.
            SourceError::Fetch(error @ FetchError::Refused { problem_status: Some(404), .. }) => {
                unknown_table(error, &self.table)
            }
            error => error,
        }
    }
}

/// Parts of two editions must not meet in one table, so the table is asked again, past any journal.
async fn refuse_moved(courier: &Courier, work: &Work) -> Result<(), SourceError> {
    let answer = courier.ask_anew(&table_request(&work.table, &work.language), Expect::Json).await;
    let answer = answer.map_err(|error| unknown_table(error, &work.table))?;
    let now: Table = parse(&answer)?;
    if now.updated == work.updated {
        return Ok(());
    }
    let word = |updated: &Option<String>| updated.clone().unwrap_or_else(|| "no date".to_owned());
    Err(SourceError::Moved {
        name: courier.source().name.clone(),
        table: work.table.clone(),
        before: word(&work.updated),
        after: word(&now.updated),
    })
}

pub(super) fn table_request(table: &str, language: &str) -> Request {
    Request::get(format!("/tables/{}?{language}", encode(table)))
}

/// Whether one call shows that nothing has changed: the metadata are those of the last success, and date the table as
/// the table itself did then. What else was asked then need not be asked again.
async fn is_as_before(courier: &Courier, fetch: &PxwebFetch) -> Result<bool, SourceError> {
    let (config, table) = (Request::get("/config"), table_request(&fetch.table, &language(fetch)));
    let metadata = metadata_request(fetch);
    if courier.is_of_archive() || !courier.remembers(&metadata) || !courier.remembers(&table) {
        return Ok(false);
    }
    let answer = match courier.ask_for_edition(&metadata, Expect::Json).await {
        Ok(answer) => answer,
        // What is wrong is told by those who ask next.
        Err(FetchError::Refused { .. }) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    courier.reuse([answer.record.clone()]);
    let Ok(meta) = json_stat::metadata(&answer.body) else { return Ok(false) };
    if !courier.stands(&answer, &[config, table.clone()]) {
        return Ok(false);
    }
    let Some(before) = courier.earlier(&table, Expect::Json).await? else { return Ok(false) };
    let before: Table = parse(&before)?;
    Ok(before.updated.is_some() && before.updated == meta.updated)
}

fn metadata_request(fetch: &PxwebFetch) -> Request {
    let mut path = format!("/tables/{}/metadata?{}", encode(&fetch.table), language(fetch));
    for (dimension, list) in &fetch.codelist {
        path.push_str(&format!("&codelist%5B{}%5D={}", encode(dimension), encode(list)));
    }
    Request::get(path)
}

pub(super) async fn metadata(courier: &Courier, fetch: &PxwebFetch) -> Result<Answer, SourceError> {
    let request = metadata_request(fetch);
    match courier.ask(&request, Expect::Json).await {
        // The table exists, so this is an inner fault of the server; once more is worth it.
        Err(FetchError::Refused { status: 404, .. }) => Ok(courier.ask(&request, Expect::Json).await?),
        other => Ok(other?),
    }
}

/// Reads the limits and puts them in force.
async fn limits(courier: &Courier, notes: &mut Vec<String>) -> Result<(Option<Limits>, Format), SourceError> {
    let mut format = Format::JsonStat2;
    let configured = courier.source().limits;
    let announced = match courier.ask(&Request::get("/config"), Expect::Json).await {
        Ok(answer) => {
            let announced: Announced = parse(&answer)?;
            let limits = announced.limits(configured).map_err(|error| SourceError::decode(&answer, error))?;
            courier.accept(&answer)?;
            format = chosen(announced.data_formats.as_deref());
            limits
        }
        // A refusal is no answer to be accepted: what the record of a version lacks was refused then.
        Err(FetchError::Refused { status: 404, .. } | FetchError::NotArchived { .. }) => configured,
        Err(error) => return Err(error.into()),
    };
    match announced {
        Some(limits) => courier.limiter().set(limits),
        None => notes.push("the source announces no limits and none are configured".to_owned()),
    }
    Ok((announced, format))
}

/// JSON-stat wherever it is not said to be missing.
fn chosen(formats: Option<&[String]>) -> Format {
    let has = |name: &str| formats.is_none_or(|formats| formats.iter().any(|one| one.eq_ignore_ascii_case(name)));
    [Format::JsonStat2, Format::Px, Format::Csv("csv")]
        .into_iter()
        .find(|one| has(one.name()))
        .unwrap_or(Format::JsonStat2)
}

impl Announced {
    /// What is announced, and for the rest what is configured.
    fn limits(&self, configured: Option<Limits>) -> Result<Option<Limits>, DecodeError> {
        let calls = match (self.max_calls_per_time_window, self.time_window) {
            (Some(0), _) => Some((0, Duration::ZERO)),
            (Some(calls), Some(0)) => {
                return Err(DecodeError::Shape(format!("it announces {calls} calls per window of 0 seconds")));
            }
            (Some(calls), Some(seconds)) => Some((calls, Duration::from_secs(seconds))),
            _ => configured.map(|limits| (limits.calls, limits.window)),
        };
        let cells = self.max_data_cells.or(configured.map(|limits| limits.cells));
        if calls.is_none() && cells.is_none() {
            return Ok(None);
        }
        let (calls, window) = calls.unwrap_or_default();
        Ok(Some(Limits { calls, window, cells: cells.unwrap_or(0) }))
    }
}

/// Tells an unknown table from other refusals.
pub(super) fn unknown_table(error: FetchError, table: &str) -> SourceError {
    match error {
        FetchError::Refused { source_name: name, url, status: 404, .. }
        | FetchError::Refused { source_name: name, url, problem_status: Some(404), .. } => {
            SourceError::UnknownTable { name, table: table.to_owned(), url }
        }
        error => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(config: &str) -> Result<Option<(u32, u64, u64)>, String> {
        let configured = Limits { calls: 10, window: Duration::from_secs(10), cells: 1000 };
        let announced: Announced = serde_json::from_str(config).map_err(|error| error.to_string())?;
        let limits = announced.limits(Some(configured)).map_err(|error| error.to_string())?;
        Ok(limits.map(|limits| (limits.calls, limits.window.as_secs(), limits.cells)))
    }

    #[test]
    fn announced_limits_go_before_configured_ones() {
        let recorded = r#"{"apiVersion":"2.3.2","maxDataCells":150000,"maxCallsPerTimeWindow":30,"timeWindow":10}"#;
        assert_eq!(limits(recorded), Ok(Some((30, 10, 150_000))));
        let unlimited = r#"{"maxDataCells":800000,"maxCallsPerTimeWindow":0,"timeWindow":0}"#;
        assert_eq!(limits(unlimited), Ok(Some((0, 0, 800_000))));
        assert_eq!(limits("{}"), Ok(Some((10, 10, 1000))));
    }

    #[test]
    fn another_format_is_asked_for_where_json_stat_is_missing() {
        let of = |formats: &[&str]| {
            let formats: Vec<String> = formats.iter().map(ToString::to_string).collect();
            chosen(Some(&formats)).name()
        };
        assert_eq!(of(&["csv", "px", "JSON-stat2"]), "json-stat2");
        assert_eq!(of(&["xlsx", "csv", "px"]), "px");
        assert_eq!(of(&["xlsx", "csv"]), "csv");
        assert_eq!(chosen(None).name(), "json-stat2");
    }

    #[test]
    fn limits_that_cannot_be_read_are_an_error() {
        assert!(limits(r#"{"maxDataCells":"many"}"#).unwrap_err().contains("expected u64"));
        let zero = r#"{"maxCallsPerTimeWindow":30,"timeWindow":0}"#;
        assert_eq!(limits(zero).unwrap_err(), "it announces 30 calls per window of 0 seconds");
    }
}
