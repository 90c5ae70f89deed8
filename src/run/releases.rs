//! What runs leave for the next release: which edition each fetch has, and how
//! the published series stand by that.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::config::{Dataset, Fetch, FetchKind, FileLocation, Pipeline, When};
use crate::fetch::{AnswerRecord, Validators};
use crate::lake::{Lake, LakeError, Manifest};
use crate::ledger::{FetchState, Ledger, LedgerError};
use crate::release::{self, Edition, Known, Overdue, Standing, Why, standing};
use crate::source::{Metadata, Plan};

use super::{place, stockholm};

/// Announced times older than this are no longer waited for: a source may have forgotten them.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(24 * 60);

/// The edition that was fetched now: the one from before, as long as nothing tells them apart.
pub fn edition(before: Option<&FetchState>, plan: &Plan, stamp: Option<&String>, answers: &[AnswerRecord]) -> Edition {
    let hashes =
        |answers: &[AnswerRecord]| -> BTreeSet<String> { answers.iter().map(|answer| answer.hash.clone()).collect() };
    let same = |before: &&FetchState| match stamp {
        Some(_) if plan.stamp_proves => before.stamp.as_ref() == stamp,
        _ => hashes(&before.answers) == hashes(answers),
    };
    let seen_at = before.filter(same).and_then(|before| before.edition.seen_at);
    Edition { seen_at: Some(seen_at.unwrap_or_else(Timestamp::now)), ..Edition::default() }
}

/// Puts down what the source says of its releases now. What it does not mention stays.
pub fn tell(edition: &mut Edition, fetch: &Fetch, metadata: Option<&Metadata>, answers: &[AnswerRecord]) {
    if let Some(metadata) = metadata {
        let from = (Timestamp::now() - FORGOTTEN).to_zoned(stockholm()).date();
        edition.next = metadata.next_releases.iter().filter(|next| next.is_from(from, &stockholm())).copied().collect();
        edition.released = metadata.released.or(edition.released);
    }
    if edition.released.is_none() && is_file(&fetch.kind) {
        let modified = answers.iter().filter_map(|answer| Validators::of(&answer.headers).last_modified);
        let modified = modified.filter_map(|text| httpdate::parse_http_date(&text).ok());
        edition.released = modified.filter_map(|time| Timestamp::try_from(time).ok()).max().map(When::At);
    }
}

/// The date of a file is that of its edition; other answers are made when they are asked for.
fn is_file(kind: &FetchKind) -> bool {
    match kind {
        FetchKind::File(file) => !matches!(file.location, FileLocation::Local(_)),
        FetchKind::HistoricalAds(_) | FetchKind::Yrkesbarometer(_) | FetchKind::Siris(_) => true,
        _ => false,
    }
}

/// What is known of a pipeline's sources. `since`: when it was taken up or changed, if that is known; a pipeline that
/// has never run and whose beginning nobody knows is overdue.
pub fn known(ledger: &Ledger, pipeline: &Pipeline, since: Option<Timestamp>) -> Result<Known, LedgerError> {
    let last = ledger.runs(Some(&pipeline.name), 1)?.pop().map(|run| run.started_at);
    let mut fetches = ledger.state(&pipeline.name)?.map(|state| state.fetches).unwrap_or_default();
    let editions = pipeline.fetches.keys().map(|name| {
        let state = fetches.remove(name);
        (name.clone(), state.map(|state| state.edition).unwrap_or_default())
    });
    let is_local = |fetch: &&Fetch| matches!(&fetch.kind, FetchKind::File(file) if matches!(file.location, FileLocation::Local(_)));
    Ok(Known {
        pipeline: pipeline.name.clone(),
        asked_at: last.max(since).unwrap_or(Timestamp::UNIX_EPOCH),
        editions: editions.collect(),
        local: pipeline.fetches.values().filter(is_local).map(|fetch| fetch.name.clone()).collect(),
    })
}

/// When a pipeline's sources are to be asked next because of a release; nothing without `[release]`. One that is overdue
/// is due `now`. Asked again after each of its runs, and when the configuration has changed.
pub fn next_poll(
    ledger: &Ledger,
    pipeline: &Pipeline,
    since: Option<Timestamp>,
    now: Timestamp,
) -> Result<Option<(Timestamp, Why)>, LedgerError> {
    let Some(release) = &pipeline.release else { return Ok(None) };
    Ok(release::next_poll(release, &known(ledger, pipeline, since)?, now))
}

/// The release that is late first, or has been longest, of those that this pipeline's datasets wait for; nothing without
/// `[release]`. Asked again after each of its runs, and when the configuration has changed.
pub fn overdue(ledger: &Ledger, pipeline: &Pipeline) -> Result<Option<Overdue>, LedgerError> {
    let Some(release) = &pipeline.release else { return Ok(None) };
    let known = known(ledger, pipeline, None)?;
    let of = |dataset: &Dataset| release::overdue(release, &known, Some(&read_by(pipeline, dataset)));
    Ok(pipeline.datasets.values().filter_map(of).min())
}

/// The fetches that a dataset's query reads.
fn read_by(pipeline: &Pipeline, dataset: &Dataset) -> BTreeSet<String> {
    pipeline.fetches.keys().filter(|name| place::word(&dataset.sql, name).is_some()).cloned().collect()
}

/// How a published dataset stands by the fetches that its query reads.
pub fn series(
    lake: &Lake,
    pipeline: &Pipeline,
    dataset: &Dataset,
    manifest: Option<&Manifest>,
    known: &Known,
    now: Timestamp,
) -> Result<Standing, LakeError> {
    let fetches = read_by(pipeline, dataset);
    let latest_period = match manifest {
        Some(manifest) => lake.latest_period(manifest)?,
        None => None,
    };
    let release = pipeline.release.clone().unwrap_or_default();
    Ok(Standing { latest_period, ..standing(&release, known, Some(&fetches), now) })
}
