//! PxWeb API v2: `/config`, `/tables/ID`, `/tables/ID/metadata`, `/codelists/ID`
//! and `/tables/ID/data` as JSON-stat 2.0, or as PX or CSV where `/config` says
//! that the installation has no JSON-stat.
//!
//! Facts behind the code: the server counts cells in 32 bits and overflows, so the
//! cells are counted here. It answers an unknown table with 404, but data of one
//! with 400 and a 404 inside. The metadata answer 404 on any inner fault.

use std::collections::BTreeMap;
use std::ops::Range;

use arrow::record_batch::RecordBatch;
use serde::Deserialize;

use super::super::answer::parse;
use super::super::encode::encode;
use super::super::pxweb_v1::answer::Format;
use super::super::pxweb_v1::table::Dialect;
use super::super::{Harvest, Plan, Progress, Sink, SourceError};
use super::announced::announced;
use super::call::DataCall;
use super::codelist;
use super::describe::describe;
use super::harvest as shared;
use super::note;
use super::part::Asking;
use super::planner::Split;
use super::query::Query;
use crate::config::{PxwebFetch, SourceKind};
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
    call: DataCall,
    updated: Option<String>,
    query: Query,
    split: Split,
    /// What the table's codes are called, which only CSV needs.
    dialect: Dialect,
    /// The columns by which the rows are wanted in order.
    pub order: Vec<String>,
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
    let installation = &courier.source().installation;
    let (limits, formats) = announced(courier, "/config", &[404], &mut notes).await?;
    let format = chosen(&installation.formats, formats.as_deref());
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

    let plain = codelist::without(fetch);
    let answer = metadata(courier, &plain).await?;
    let meta = json_stat::metadata(&answer.body).map_err(|error| SourceError::decode(&answer, error))?;
    let behind = codelist::behind(courier, fetch, &language(fetch)).await?;
    let mut described = describe(&plain, &meta);
    codelist::describe(&mut described, &behind, &plain, &meta);
    let query = codelist::expanded(plain, &behind).and_then(|whole| Query::new(&whole, &meta));
    let query = query.map_err(|error| SourceError::Misfit {
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
    let call = DataCall {
        table: fetch.table.clone(),
        language: language(fetch),
        format,
        longest_get: installation.longest_get,
    };
    let own = if format == Format::JsonStat2 { CubeMeta::default() } else { meta.clone() };
    Ok(Plan {
        calls: split.calls,
        cells: split.cells,
        lower_bound: split.lower_bound,
        limits,
        wait: courier.limiter().wait_for(split.calls),
        stamp: table.updated.as_ref().map(|updated| format!("{} {updated} {}", fetch.table, query.hash())),
        stamp_proves: true,
        estimated: false,
        notes,
        publish_notes: meta.notes.into_iter().chain(note::of_dimensions(answer.content(), &query)).collect(),
        schema: Some(query.layout(&query.whole(), &courier.source().symbols).schema()),
        codes: query.codes.clone(),
        metadata: Some(described),
        work: super::super::Work::Pxweb(Box::new(Work {
            call,
            updated: table.updated,
            query,
            split,
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
    let brought = shared::harvest(courier, plan, work, sink, progress).await?;
    if brought.answers > 1 {
        refuse_moved(courier, work).await?;
    }
    let notes = brought.note.into_iter().collect();
    Ok(Harvest { rows: brought.rows, codes: plan.codes.clone(), stamp: plan.stamp.clone(), notes, metadata: None })
}

impl Asking for Work {
    fn request(&self, ranges: &[Range<usize>]) -> (Request, Expect) {
        (self.call.request(&self.query, ranges), self.call.format.expect())
    }

    fn decode(
        &self,
        body: &[u8],
        ranges: &[Range<usize>],
        symbols: &BTreeMap<String, Status>,
    ) -> Result<RecordBatch, DecodeError> {
        let layout = self.query.layout(ranges, symbols);
        match self.call.format {
            Format::JsonStat2 => json_stat::decode(body, &layout),
            other => other.decode(body, &layout, &self.dialect, SourceKind::Pxweb),
        }
    }

    fn query(&self) -> &Query {
        &self.query
    }

    fn split(&self) -> &Split {
        &self.split
    }

    fn order(&self) -> &[String] {
        &self.order
    }

    fn refused(&self, error: SourceError, limit: u64, cells: u64) -> SourceError {
        match error {
            SourceError::Fetch(FetchError::TooMuch { source_name: name, url, .. }) => {
                SourceError::TooManyCells { name, url, cells, limit }
            }
            // An unknown table is told inside; a plain 404 is something else, and says itself what.
            SourceError::Fetch(error @ FetchError::Refused { problem_status: Some(404), .. }) => {
                unknown_table(error, &self.call.table)
            }
            error => error,
        }
    }
}

/// Parts of two editions must not meet in one table, so the table is asked again, past any journal.
async fn refuse_moved(courier: &Courier, work: &Work) -> Result<(), SourceError> {
    let answer = courier.ask_anew(&table_request(&work.call.table, &work.call.language), Expect::Json).await;
    let answer = answer.map_err(|error| unknown_table(error, &work.call.table))?;
    let now: Table = parse(&answer)?;
    if now.updated == work.updated {
        return Ok(());
    }
    let word = |updated: &Option<String>| updated.clone().unwrap_or_else(|| "no date".to_owned());
    Err(SourceError::Moved {
        name: courier.source().name.clone(),
        table: work.call.table.clone(),
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

/// What is configured; else JSON-stat wherever it is not said to be missing.
fn chosen(configured: &[String], announced: Option<&[String]>) -> Format {
    if let Some(format) = configured.iter().find_map(|name| Format::of(name)) {
        return format;
    }
    let has = |name: &str| announced.is_none_or(|formats| formats.iter().any(|one| one.eq_ignore_ascii_case(name)));
    [Format::JsonStat2, Format::Px, Format::Csv("csv")]
        .into_iter()
        .find(|one| has(one.name()))
        .unwrap_or(Format::JsonStat2)
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

    #[test]
    fn another_format_is_asked_for_where_json_stat_is_missing() {
        let list = |formats: &[&str]| formats.iter().map(ToString::to_string).collect::<Vec<String>>();
        let of = |formats: &[&str]| chosen(&[], Some(&list(formats))).name();
        assert_eq!(of(&["csv", "px", "JSON-stat2"]), "json-stat2");
        assert_eq!(of(&["xlsx", "csv", "px"]), "px");
        assert_eq!(of(&["xlsx", "csv"]), "csv");
        assert_eq!(of(&["xlsx"]), "json-stat2", "nothing that could be read: the refusal says so");
        assert_eq!(chosen(&[], None).name(), "json-stat2");
        assert_eq!(chosen(&list(&["csv", "px"]), Some(&list(&["json-stat2"]))).name(), "csv", "as configured");
    }
}
