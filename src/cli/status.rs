//! `underlag status`.

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use crate::lake::{Lake, LakeError, Manifest};
use crate::ledger::{Outcome, RunEntry, Stop, Waiting};
use crate::release::{Standing, State};
use crate::run::{known, readable_ledger, series};

use super::context::Place;
use super::exit::{Exit, Failure};
use super::text;

#[derive(Debug, Args)]
pub struct Status {
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct PipelineStatus {
    pipeline: String,
    last_outcome: Option<Outcome>,
    last_run: Option<Timestamp>,
    last_error: Option<String>,
    /// What the last run warned of or was let through in spite of.
    last_note: Option<String>,
    waiting: Option<WaitingStatus>,
    checked_at: Option<Timestamp>,
    datasets: Vec<DatasetStatus>,
}

/// A stopped publish.
#[derive(Debug, Serialize)]
struct WaitingStatus {
    since: Timestamp,
    what: Vec<String>,
    fingerprint: String,
    /// Lets it through.
    command: String,
}

impl From<Waiting> for WaitingStatus {
    fn from(waiting: Waiting) -> Self {
        Self {
            since: waiting.since,
            what: waiting.what.iter().map(Stop::sentence).collect(),
            fingerprint: waiting.fingerprint,
            command: format!("underlag accept {} --reason \"…\"", waiting.pipeline),
        }
    }
}

#[derive(Debug, Serialize)]
struct DatasetStatus {
    dataset: String,
    version: Option<String>,
    rows: u64,
    created_at: Option<Timestamp>,
    /// The last period, by its last day, as the source writes it, is in the data; here the sources' times.
    fetched_at: Option<Timestamp>,
    synthetic: bool,
    /// The last period that it has figures for, as the source writes it.
    latest_period: Option<String>,
    /// When its latest edition came: by the source's word, else when it was first seen.
    released_at: Option<Timestamp>,
    /// The release that is awaited; while it is overdue, in the past.
    next_expected: Option<Timestamp>,
    release_state: Option<State>,
    /// Since when it is in that state.
    release_since: Option<Timestamp>,
    /// What an operator said of its versions, and what was kept from earlier ones.
    notes: Vec<String>,
    /// What it was published in spite of.
    drift: Vec<String>,
}

impl Status {
    pub fn run(self, place: &Place) -> Result<Exit, Failure> {
        let (config, _) = place.load()?;
        let lake = Lake::look(&config)?;
        let (ledger, note) = readable_ledger(&lake)?;
        if let Some(note) = note {
            text::note(&format!("note: {note}"));
        }
        let at_work = lake.is_locked();
        let now = Timestamp::now();
        let mut rows = Vec::new();
        for pipeline in config.pipelines.values() {
            let last = ledger.runs(Some(&pipeline.name), 1)?.pop();
            let known = known(&ledger, pipeline, None)?;
            let mut datasets = Vec::new();
            for (name, dataset) in &pipeline.datasets {
                let manifest = lake.current(name)?;
                // A file that can't be read is for `verify` to tell of.
                let standing = series(&lake, pipeline, dataset, manifest.as_ref(), &known, now).unwrap_or_default();
                let Standing { latest_period, released_at, next_expected, state, since } = standing;
                datasets.push(DatasetStatus {
                    dataset: name.clone(),
                    version: manifest.as_ref().map(|manifest| manifest.version.to_string()),
                    rows: manifest.as_ref().map_or(0, |manifest| manifest.rows),
                    created_at: manifest.as_ref().map(|manifest| manifest.created_at),
                    fetched_at: manifest
                        .as_ref()
                        .and_then(|manifest| manifest.sources.values().map(|source| source.fetched_at).max()),
                    synthetic: manifest.as_ref().is_some_and(|manifest| manifest.synthetic),
                    latest_period,
                    released_at,
                    next_expected,
                    release_state: state,
                    release_since: since,
                    notes: notes(&lake, name, manifest.as_ref())?,
                    drift: manifest.as_ref().map(drift).unwrap_or_default(),
                });
            }
            rows.push(PipelineStatus {
                pipeline: pipeline.name.clone(),
                last_outcome: last.as_ref().map(|run| run.outcome.seen(at_work)),
                last_run: last.as_ref().map(|run| run.started_at),
                last_error: message(last.as_ref(), true),
                last_note: message(last.as_ref(), false),
                waiting: ledger.waiting(&pipeline.name)?.map(WaitingStatus::from),
                checked_at: ledger.state(&pipeline.name)?.map(|state| state.checked_at),
                datasets,
            });
        }
        if self.json {
            text::line(&serde_json::to_string_pretty(&rows).map_err(Failure::failed)?);
        } else {
            for row in &rows {
                show(row);
            }
        }
        Ok(Exit::Done)
    }
}

fn notes(lake: &Lake, dataset: &str, current: Option<&Manifest>) -> Result<Vec<String>, LakeError> {
    let standing = lake.standing(dataset)?;
    let time = |at: Timestamp| at.strftime("%Y-%m-%d %H:%M UTC");
    let mut notes: Vec<String> = standing
        .withdrawn
        .iter()
        .map(|said| format!("{} was withdrawn {}: {}", said.version, time(said.at), said.reason))
        .collect();
    let rolled_back = standing.rolled_back.iter();
    notes.extend(
        rolled_back.map(|said| format!("rolled back from {} {}: {}", said.version, time(said.at), said.reason)),
    );
    notes.extend(current.and_then(Manifest::carried_note));
    Ok(notes)
}

/// Of a run that failed, or of one that did not.
fn message(last: Option<&RunEntry>, failed: bool) -> Option<String> {
    let of_kind = |run: &&RunEntry| matches!(run.outcome, Outcome::Published | Outcome::Unchanged) != failed;
    last.filter(of_kind).map(|run| run.message.clone()).filter(|message| !message.is_empty())
}

fn drift(manifest: &Manifest) -> Vec<String> {
    let checks = manifest.checks.iter().filter(|check| check.check == "drift" && !check.held);
    checks.map(|check| check.message.clone()).collect()
}

fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// `latest period 2026M04, released 2026-06-08 06:00 UTC, next expected 2026-07-08 06:00 UTC: waiting`.
fn release(dataset: &DatasetStatus) -> Option<String> {
    let mut told: Vec<String> = Vec::new();
    told.extend(dataset.latest_period.as_ref().map(|period| format!("latest period {period}")));
    told.extend(dataset.released_at.map(|at| format!("released {}", minute(at))));
    let state = match (dataset.release_state, dataset.release_since) {
        (Some(State::Waiting), _) => ": waiting".to_owned(),
        (Some(State::Late), Some(since)) => format!(": late since {}", minute(since)),
        _ => String::new(),
    };
    told.extend(dataset.next_expected.map(|at| format!("next expected {}{state}", minute(at))));
    (!told.is_empty()).then(|| told.join(", "))
}

fn show(row: &PipelineStatus) {
    let time = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), minute);
    let outcome = row.last_outcome.map_or_else(|| "never run".to_owned(), |outcome| outcome.to_string());
    text::line(&format!(
        "{:14} {outcome:11} run {}, checked {}",
        row.pipeline,
        time(row.last_run),
        time(row.checked_at)
    ));
    for dataset in &row.datasets {
        match &dataset.version {
            Some(version) => text::line(&format!(
                "  {} {version}: {} rows, fetched {}{}",
                dataset.dataset,
                dataset.rows,
                time(dataset.fetched_at),
                if dataset.synthetic { ", SYNTETISKA DATA" } else { "" },
            )),
            None => text::line(&format!("  {}: not published", dataset.dataset)),
        }
        if let Some(told) = release(dataset) {
            text::line(&format!("    {told}"));
        }
        dataset.notes.iter().for_each(|note| text::line(&format!("    {note}")));
    }
    // All datasets of a pipeline are made of the same fetches; what the last run says needs not be said twice.
    let said = row.last_note.as_deref().unwrap_or_default();
    let mut drift: Vec<&String> = row.datasets.iter().flat_map(|dataset| &dataset.drift).collect();
    drift.retain(|what| !said.contains(what.as_str()));
    drift.sort();
    drift.dedup();
    for what in drift {
        text::line(&format!("  published with drift: {what}"));
    }
    if let Some(waiting) = &row.waiting {
        for what in &waiting.what {
            text::line(&format!("  waiting for accept since {}: {what}", time(Some(waiting.since))));
        }
        text::line(&format!("  to let it through: {}", waiting.command));
    }
    for note in row.last_note.iter().flat_map(|note| note.lines()) {
        text::line(&format!("  {note}"));
    }
    if let Some(error) = &row.last_error {
        text::line(&format!("  last error: {}", error.lines().next().unwrap_or_default()));
    }
}
