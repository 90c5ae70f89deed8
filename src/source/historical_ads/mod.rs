//! `JobTech`'s historical job advertisements: a file a year, counted per
//! occupation group, kommun and month of publication.
//!
//! Known from others' documents and code, never seen live (each fact has a name
//! in `assumptions`): `{year}.jsonl.zip` from 2006, up to 1.4 GB with 10 GB of
//! JSON Lines, on a static server; fields as in `JobSearch`, occupations as
//! objects or arrays; `id` differs from the live one; before about April 2014
//! groups are of SSYK 96, and in 2006–2015 groups and numbers of vacancies are
//! mostly missing; the oldest files have had columns of their own, which are
//! refused. The groups are Arbetsförmedlingen's 400, not SCB's 429.
//!
//! It counts advertisements within one file; one that stands in the files of two
//! years is in the counts of both (`fil`).

mod assumptions;
mod browse;

use arrow::datatypes::SchemaRef;
use jiff::civil::Date;

use super::advertisements::{ask, metadata};
use super::metadata::Kind;
use super::{Harvest, Plan, Progress, Sink, SourceError};
use crate::config::{HistoricalAdsFetch, Years};
use crate::decode::ads::{Counter, Counts, batches};
use crate::fetch::{Courier, Expect, Request, Validators};

pub use assumptions::ASSUMPTIONS;
pub use browse::{describe, search};

const FIRST_YEAR: u16 = 2006;

#[derive(Clone, Debug)]
pub(super) struct Work {
    /// Year and path.
    files: Vec<(String, String)>,
}

pub(super) fn schema() -> SchemaRef {
    crate::decode::ads::schema()
}

pub(super) async fn plan(courier: &Courier, fetch: &HistoricalAdsFetch, today: Date) -> Result<Plan, SourceError> {
    let years = years(&fetch.years, today)?;
    let files: Vec<(String, String)> = years
        .iter()
        .map(|year| {
            (year.to_string(), format!("/{}", fetch.path.trim_start_matches('/').replace("{year}", &year.to_string())))
        })
        .collect();
    let mut told = Vec::new();
    for (year, path) in &files {
        told.push((year.clone(), courier.head(path).await?));
    }
    let (stamp, stamp_proves) = stamp(&told);
    let calls = files.len() as u64;
    let mut notes = Vec::new();
    if stamp.is_none() {
        notes.push("the server does not tell when the files changed: they are fetched and compared".to_owned());
    }
    if years.iter().any(|year| *year < 2014) {
        notes.push("before 2014 groups are of SSYK 96 (ssyk_variant) and mostly missing".to_owned());
    }
    Ok(Plan {
        calls,
        cells: 0,
        lower_bound: calls,
        limits: courier.source().limits,
        wait: courier.limiter().wait_for(calls),
        stamp,
        stamp_proves,
        estimated: false,
        notes,
        publish_notes: Vec::new(),
        schema: Some(schema()),
        codes: Vec::new(),
        metadata: None,
        work: super::Work::HistoricalAds(Work { files }),
    })
}

pub(super) async fn harvest(
    courier: &Courier,
    fetch: &HistoricalAdsFetch,
    work: &Work,
    sink: &mut dyn Sink,
    progress: Progress<'_>,
) -> Result<Harvest, SourceError> {
    let (mut rows, mut notes, mut told, mut fields) = (0, Vec::new(), Vec::new(), Vec::new());
    for (done, (year, path)) in work.files.iter().enumerate() {
        let cap = fetch.vacancy_cap;
        let new = move || Counter::new(cap);
        let (record, counter) = ask(courier, &Request::get(path), Expect::Any, new, Counter::add).await?;
        courier.accept_record(&record)?;
        let counts = counter.done();
        for batch in batches(year, &counts) {
            let batch = batch.map_err(|error| SourceError::decode_record(&record, error))?;
            sink.write(&batch).map_err(SourceError::Sink)?;
            rows += batch.num_rows() as u64;
        }
        notes.push(note(year, &counts));
        for field in counts.fields {
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
        told.push((year.clone(), Validators::of(&record.headers)));
        progress(done as u64 + 1);
    }
    let metadata = (!fields.is_empty()).then(|| metadata(Kind::HistoricalAds, &fields));
    Ok(Harvest { rows, codes: Vec::new(), stamp: stamp(&told).0, notes, metadata })
}

fn note(year: &str, counts: &Counts) -> String {
    let Counts { ads, doubled, without_id, .. } = counts;
    let mut note = format!("{year}: {} advertisements", ads - doubled);
    if *doubled > 0 {
        note.push_str(&format!(", {doubled} that came again left out"));
    }
    if *without_id > 0 {
        note.push_str(&format!(", {without_id} without an id, so that one that came again would be counted twice"));
    }
    note
}

/// Whole years only: the file of a year that goes on is another file every quarter.
fn years(years: &Years, today: Date) -> Result<Vec<u16>, SourceError> {
    let last = today.year().unsigned_abs().saturating_sub(1);
    let mut list: Vec<u16> = match years {
        Years::List(list) => list.clone(),
        Years::From(first) => ((*first).max(FIRST_YEAR)..=last).collect(),
        Years::Latest(count) => (last.saturating_sub(count.saturating_sub(1)).max(FIRST_YEAR)..=last).collect(),
    };
    list.sort_unstable();
    list.dedup();
    if list.is_empty() {
        return Err(SourceError::NothingToAsk {
            why: format!("no year is whole that is asked for; the last is {last}"),
        });
    }
    Ok(list)
}

/// Files that are put there once and for all: their time and length prove as much as a tag.
fn stamp(told: &[(String, Validators)]) -> (Option<String>, bool) {
    let mut proves = true;
    let mut parts = Vec::new();
    for (year, validators) in told {
        parts.push(match validators {
            Validators { etag: Some(etag), .. } => {
                proves &= !etag.starts_with("W/");
                format!("{year} etag {etag}")
            }
            Validators { last_modified: Some(date), length, .. } => {
                proves &= length.is_some();
                let length = length.map(|length| format!(" length {length}")).unwrap_or_default();
                format!("{year} last-modified {date}{length}")
            }
            _ => return (None, false),
        });
    }
    (Some(parts.join("; ")), proves)
}

#[cfg(test)]
mod tests;
