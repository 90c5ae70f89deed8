//! Skolverket's Susa-navet, EMIL 3: educations (infos), their occasions
//! (events) and their providers.
//!
//! Known from others' clients, who read its OpenAPI document (3.0.2 to 3.0.4); no answer was recorded. Lists are paged
//! from 0, at most 2,000 rows a page, with the count of all rows on every page. `updatedSince` gives what has changed,
//! and what was deleted with a content of null.
//!
//! Increments are not laid upon an earlier version: what `updatedSince` means to the second, and whether a deletion is
//! told for ever, is documented nowhere, and a version must be computed again from its own answers. So the lists are
//! fetched whole, and `updated_since` of a fetch gives the table of changes as such. Whether the order of rows is
//! stable over pages is not known either: pages whose different rows are not as many as the count are read again, all of
//! them, and a third failure is an error. Only numbers of rows are held meanwhile, and the answers read again from
//! the archive when they are written.
//!
//! Contents hold addresses of mail and contacts that may be a person's: only the fields in `kept` are ever written down.

pub mod assumptions;
mod browse;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod kept;
mod rows;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashSet};

use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::answer::parse;
use super::encode::encode;
use super::metadata::{Kind, Metadata};
use super::persons::only;
use super::{Harvest, Plan, Progress, Sink, SourceError};
use crate::config::{SusaNavetFetch, SusaWhat};
use crate::decode::DecodeError;
use crate::decode::rows::Table;
use crate::fetch::{Answer, Courier, Expect, Request};

pub use browse::{describe, search};
pub use kept::KEPT;

/// The most rows that a page gives.
const PAGE: u64 = 2000;

/// How often all pages are read where they do not add up.
const TRIES: usize = 3;

type Record = Map<String, Value>;

#[derive(Clone, Debug, Default)]
pub(super) struct Work {
    /// Up to the number of the page.
    path: String,
}

struct Page {
    total: u64,
    pages: u64,
    rows: Vec<Record>,
}

#[derive(Deserialize)]
struct Count {
    #[serde(rename = "totalElements")]
    total: u64,
    #[serde(rename = "totalPages")]
    pages: u64,
}

pub(super) fn schema(fetch: &SusaNavetFetch) -> SchemaRef {
    table(fetch.what).schema()
}

fn table(what: SusaWhat) -> Table {
    Table::new(rows::columns(what).iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect(), '.')
}

/// The path of a list and its rows' name in the answer.
const fn list(what: SusaWhat) -> (&'static str, &'static str) {
    match what {
        SusaWhat::Events => ("/educationEvents", "educationEvents"),
        SusaWhat::Infos => ("/educationInfos", "educationInfos"),
        SusaWhat::Providers => ("/educationProviders", "educationProviders"),
    }
}

fn path(fetch: &SusaNavetFetch) -> String {
    let mut path = format!("{}?size={PAGE}", list(fetch.what).0);
    let types: BTreeSet<&str> = fetch.school_types.iter().map(String::as_str).collect();
    for code in types {
        path.push_str("&schoolType=");
        path.push_str(&encode(code));
    }
    if let Some(date) = &fetch.updated_since {
        path.push_str("&updatedSince=");
        path.push_str(&encode(date));
    }
    path
}

fn request(path: &str, page: u64) -> Request {
    Request::get(format!("{path}&page={page}"))
}

fn page(what: SusaWhat, answer: &Answer) -> Result<Page, SourceError> {
    let shape = |why: String| SourceError::decode(answer, DecodeError::Shape(why));
    let mut body: Record = parse(answer)?;
    let count: Count = serde_json::from_value(body.remove("page").unwrap_or_default())
        .map_err(|error| shape(format!("in `page`: {error}")))?;
    let name = list(what).1;
    let rows = match body.remove(name) {
        Some(Value::Array(rows)) => rows,
        None if count.total == 0 => Vec::new(),
        _ => return Err(shape(format!("the answer has no list `{name}`"))),
    };
    let row = |(number, row)| match row {
        Value::Object(row) => Ok(row),
        other => Err(shape(format!("row {number} is {other}"))),
    };
    Ok(Page {
        total: count.total,
        pages: count.pages,
        rows: rows.into_iter().enumerate().map(row).collect::<Result<_, _>>()?,
    })
}

pub(super) async fn plan(courier: &Courier, fetch: &SusaNavetFetch) -> Result<Plan, SourceError> {
    let path = path(fetch);
    let answer = courier.ask_scrubbed(&request(&path, 0), Expect::Json, only(courier, KEPT)).await?;
    let first = page(fetch.what, &answer)?;
    courier.accept(&answer)?;
    let calls = first.pages.max(1);
    let mut notes = vec![
        format!("the source counts {} rows", first.total),
        "increments are not laid upon earlier versions: the list is fetched whole and compared".to_owned(),
    ];
    if let Some(date) = &fetch.updated_since {
        notes.push(format!("only what has changed since {date}, deletions with it"));
    }
    Ok(Plan {
        calls,
        cells: 0,
        lower_bound: first.total.div_ceil(PAGE).max(1),
        limits: courier.source().limits,
        wait: courier.limiter().wait_for(calls),
        stamp: None,
        stamp_proves: false,
        estimated: false,
        notes,
        publish_notes: Vec::new(),
        schema: Some(schema(fetch)),
        codes: Vec::new(),
        metadata: Some(Metadata { table: fetch.what.as_str().to_owned(), ..Metadata::new(Kind::SusaNavet) }),
        work: super::Work::SusaNavet(Work { path }),
    })
}

pub(super) async fn harvest(
    courier: &Courier,
    fetch: &SusaNavetFetch,
    plan: &Plan,
    work: &Work,
    sink: &mut dyn Sink,
    progress: Progress<'_>,
) -> Result<Harvest, SourceError> {
    let (answers, tries) = pages(courier, fetch.what, &work.path, plan.calls, progress).await?;
    let (mut rows, mut written, mut twice, mut without) = (0, HashSet::new(), 0, 0);
    for answer in answers {
        let body = courier.kept(&answer.record.hash).await?;
        let whole = Answer { record: answer.record.clone(), body };
        let mut table = table(fetch.what);
        for (number, record) in page(fetch.what, &whole)?.rows.iter().enumerate() {
            let fault = |error| SourceError::decode(&whole, error);
            let id = rows::id(number, record).map_err(fault)?;
            if !written.insert(id.to_owned()) {
                twice += 1;
                continue;
            }
            without += u64::from(record.get("content").is_none_or(Value::is_null));
            rows::write(fetch.what, number, record, &mut table).map_err(fault)?;
        }
        if table.rows() > 0 {
            let batch = table.take().map_err(|error| SourceError::decode(&whole, error))?;
            courier.accept(&answer)?;
            sink.write(&batch).map_err(SourceError::Sink)?;
            rows += batch.num_rows() as u64;
        }
    }
    progress(plan.calls);
    let said = [
        (twice, "rows came on more than one page; one is kept of each"),
        (without, "rows have no content: they are deleted or withheld, as their status says"),
        (tries - 1, "readings of all pages did not add up and were made again"),
    ];
    let notes =
        said.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    Ok(Harvest { rows, codes: Vec::new(), stamp: None, notes, metadata: None })
}

/// All pages of one reading that adds up, their bodies left out, and which reading it was.
async fn pages(
    courier: &Courier,
    what: SusaWhat,
    path: &str,
    most: u64,
    progress: Progress<'_>,
) -> Result<(Vec<Answer>, u64), SourceError> {
    let mut last = None;
    for reading in 1..=TRIES as u64 {
        let (mut answers, mut ids, mut totals) = (Vec::new(), HashSet::new(), BTreeSet::new());
        let (mut number, mut pages) = (0, 1);
        while number < pages {
            let request = request(path, number);
            let answer = if reading == 1 {
                courier.ask_scrubbed(&request, Expect::Json, only(courier, KEPT)).await?
            } else {
                courier.ask_scrubbed_anew(&request, Expect::Json, only(courier, KEPT)).await?
            };
            let read = page(what, &answer)?;
            // Accepted only if its rows can be written, too.
            let mut tried = table(what);
            for (number, record) in read.rows.iter().enumerate() {
                let id = rows::id(number, record).map_err(|error| SourceError::decode(&answer, error))?;
                ids.insert(id.to_owned());
                rows::write(what, number, record, &mut tried).map_err(|error| SourceError::decode(&answer, error))?;
            }
            courier.accept(&answer)?;
            totals.insert(read.total);
            pages = read.pages;
            answers.push(Answer { body: Bytes::new(), ..answer });
            number += 1;
            progress(number.min(most));
        }
        let total = totals.last().copied().unwrap_or(0);
        let seen = ids.len() as u64;
        if totals.len() == 1 && seen == total {
            return Ok((answers, reading));
        }
        last = Some(SourceError::Unsteady {
            name: courier.source().name.clone(),
            url: answers.first().map(|answer| answer.record.url.clone()).unwrap_or_default(),
            seen,
            pages: number,
            total,
        });
    }
    Err(last.unwrap_or_else(|| SourceError::NothingToAsk { why: "no page is asked for".to_owned() }))
}
