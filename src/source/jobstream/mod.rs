//! `JobStream`: the job advertisements of the moment, one row each. All of them
//! are asked for once (`/v2/snapshot`), and then what has changed
//! (`/v2/stream`), in bounded windows that overlap; what there is now follows
//! from those answers alone, so that a version can be computed again from the
//! archive. Now and then all are asked for anew.
//!
//! Known from provider code and others' notes, never seen live (each fact has a
//! name in `assumptions`): a snapshot is 300–390 MB, a day's changes some 33 MB;
//! the server writes `[`, advertisements and `]` one by one, so that an error
//! midway is an array without its end under 200; windows are inclusive at both
//! ends and in Swedish local time without a zone; data are some three minutes
//! behind; removals are told of for 90 days, as ids of concepts; at most one
//! request a minute is asked of clients.
//!
//! A time that the autumn's change of clocks has twice is taken for the first:
//! the overlap covers the hour.

mod assumptions;
mod browse;
mod state;

use std::time::Duration;

use arrow::datatypes::SchemaRef;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::advertisements::{metadata, read, without_persons};
use super::metadata::Kind;
use super::{Harvest, Plan, Progress, Sink, SourceError};
use crate::config::JobStreamFetch;
use crate::fetch::{AnswerRecord, Courier, Expect, Request};

use state::State;

pub use assumptions::ASSUMPTIONS;
pub use browse::{describe, search};

const SNAPSHOT: &str = "/v2/snapshot";
const STREAM: &str = "/v2/stream";

/// The server is this far behind, and a little more.
const BEHIND: Duration = Duration::from_mins(10);

#[derive(Clone, Debug)]
pub(super) struct Work {
    /// Answers that the next ones build on.
    known: Vec<AnswerRecord>,
    calls: Vec<String>,
}

/// What an answer covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Covers {
    /// All, at this time.
    All(Timestamp),
    Changes {
        from: Timestamp,
        to: Timestamp,
    },
}

impl Covers {
    fn of(record: &AnswerRecord) -> Option<Self> {
        let (path, query) = record.url.split_once('?').unwrap_or((&record.url, ""));
        if path.ends_with(SNAPSHOT) {
            return Some(Self::All(record.fetched_at));
        }
        if !path.ends_with(STREAM) {
            return None;
        }
        let time = |wanted: &str| {
            let mut pairs = url::form_urlencoded::parse(query.as_bytes());
            let text = pairs.find(|(name, _)| name == wanted)?.1;
            instant(&text)
        };
        Some(Self::Changes { from: time("updated-after")?, to: time("updated-before")? })
    }

    const fn until(self) -> Timestamp {
        match self {
            Self::All(at) => at,
            Self::Changes { to, .. } => to,
        }
    }
}

/// The newest snapshot and the windows that follow it without a gap, and until when they tell.
fn chain(records: &[AnswerRecord]) -> Option<(Vec<AnswerRecord>, Timestamp)> {
    let covers = |record: &AnswerRecord| Covers::of(record);
    let snapshot = records.iter().filter(|record| matches!(covers(record), Some(Covers::All(_))));
    let snapshot = snapshot.max_by_key(|record| record.fetched_at)?;
    let mut windows: Vec<(Timestamp, Timestamp, &AnswerRecord)> = records
        .iter()
        .filter_map(|record| match covers(record)? {
            Covers::Changes { from, to } => Some((to, from, record)),
            Covers::All(_) => None,
        })
        .collect();
    windows.sort_by_key(|(to, from, _)| (*to, *from));
    let (mut chain, mut until) = (vec![snapshot.clone()], snapshot.fetched_at);
    for (to, from, record) in windows {
        if from <= until && to > until {
            chain.push(record.clone());
            until = to;
        }
    }
    Some((chain, until))
}

/// The windows from `covered` to `end`, each at most as long as allowed and beginning before the end of the last.
fn windows(fetch: &JobStreamFetch, covered: Timestamp, end: Timestamp) -> Vec<String> {
    let (window, overlap) = (span(fetch.window), span(fetch.overlap));
    let mut calls = Vec::new();
    let mut covered = covered;
    while covered < end && calls.len() < 10_000 {
        let from = covered.saturating_sub(overlap).unwrap_or(covered);
        let to = from.saturating_add(window).unwrap_or(end).min(end);
        calls.push(format!("{STREAM}?updated-after={}&updated-before={}", local(from), local(to)));
        covered = to;
    }
    calls
}

fn span(duration: Duration) -> jiff::SignedDuration {
    jiff::SignedDuration::from_secs(duration.as_secs().cast_signed())
}

fn zone() -> TimeZone {
    TimeZone::get("Europe/Stockholm").unwrap_or(TimeZone::UTC)
}

fn local(at: Timestamp) -> String {
    at.to_zoned(zone()).datetime().strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

fn instant(text: &str) -> Option<Timestamp> {
    let at: DateTime = text.parse().ok()?;
    Some(zone().to_zoned(at).ok()?.timestamp())
}

/// Whole hours, so that a run that was interrupted asks the same again and finds it answered.
fn end_at(now: Timestamp) -> Timestamp {
    let seconds = now.as_second() - BEHIND.as_secs().cast_signed();
    Timestamp::from_second(seconds - seconds.rem_euclid(3600)).unwrap_or(now)
}

pub(super) fn schema() -> SchemaRef {
    state::schema()
}

pub(super) async fn plan(courier: &Courier, fetch: &JobStreamFetch) -> Result<Plan, SourceError> {
    plan_at(courier, fetch, Timestamp::now()).await
}

async fn plan_at(courier: &Courier, fetch: &JobStreamFetch, now: Timestamp) -> Result<Plan, SourceError> {
    let before = chain(&courier.before());
    let (work, stamp, notes) = match before {
        // Only the archive is asked: what was read then, and no more.
        Some((known, until)) if courier.is_of_archive() => (Work { known, calls: Vec::new() }, until, Vec::new()),
        Some((known, until)) if is_fresh(&known, fetch, now) && courier.are_sound(&known).await => {
            let end = end_at(now).max(until);
            (Work { known, calls: windows(fetch, until, end) }, end, Vec::new())
        }
        before => {
            let why = if before.is_some() { "the last snapshot is old or spoilt" } else { "there is no snapshot yet" };
            let note = format!("{why}: all advertisements are asked for, some 300 to 400 MB");
            (Work { known: Vec::new(), calls: vec![SNAPSHOT.to_owned()] }, now, vec![note])
        }
    };
    let calls = work.calls.len() as u64;
    let is_snapshot = work.known.is_empty();
    Ok(Plan {
        calls,
        cells: 0,
        lower_bound: calls,
        limits: courier.source().limits,
        wait: courier.limiter().wait_for(calls),
        stamp: (!is_snapshot).then(|| stamp.to_string()),
        // The same windows over the same snapshot: nothing is asked, and nothing can be different.
        stamp_proves: calls == 0,
        estimated: false,
        notes,
        publish_notes: Vec::new(),
        schema: Some(schema()),
        codes: Vec::new(),
        metadata: None,
        work: super::Work::JobStream(work),
    })
}

fn is_fresh(known: &[AnswerRecord], fetch: &JobStreamFetch, now: Timestamp) -> bool {
    known.first().is_some_and(|snapshot| {
        snapshot.fetched_at.saturating_add(span(fetch.snapshot_every)).is_ok_and(|until| until > now)
    })
}

pub(super) async fn harvest(
    courier: &Courier,
    work: &Work,
    sink: &mut dyn Sink,
    progress: Progress<'_>,
) -> Result<Harvest, SourceError> {
    let mut records = work.known.clone();
    for record in &records {
        courier.accept_record(record)?;
    }
    for (done, path) in work.calls.iter().enumerate() {
        let scrub = without_persons(courier);
        let streamed = courier.ask_streamed(&Request::get(path), Expect::Json, Some(scrub)).await?;
        // A run that is interrupted goes on after it.
        courier.accept_record(&streamed.record)?;
        records.push(streamed.record);
        progress(done as u64 + 1);
    }
    let until = records.iter().filter_map(Covers::of).map(Covers::until).max();
    let until =
        until.ok_or_else(|| SourceError::NothingToAsk { why: "no answer tells of any advertisement".to_owned() })?;
    let mut state = State::default();
    for (answer, record) in records.iter().enumerate() {
        let at = Covers::of(record).map_or(record.fetched_at, Covers::until).as_millisecond();
        state = read(courier, record, state, move |state, ad| state.add(answer, at, ad)).await?;
    }
    let (fields, notes) = (state.fields(), vec![state.note(records.len(), &local(until))]);
    let rows = state.rows(until.to_zoned(zone()).datetime());
    let mut written = 0;
    for (answer, record) in records.iter().enumerate() {
        // Its rows are those that it told of last.
        courier.accept_record(record)?;
        let batch = state::batch(&rows, answer).map_err(|error| SourceError::decode_record(record, error))?;
        if batch.num_rows() > 0 {
            sink.write(&batch).map_err(SourceError::Sink)?;
        }
        written += batch.num_rows() as u64;
    }
    let metadata = (!fields.is_empty()).then(|| metadata(Kind::JobStream, &fields));
    Ok(Harvest { rows: written, codes: Vec::new(), stamp: Some(until.to_string()), notes, metadata })
}

#[cfg(test)]
mod tests;
