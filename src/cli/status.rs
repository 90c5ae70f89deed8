//! `underlag status`.

use clap::Args;
use jiff::Timestamp;

use crate::codes;
use crate::lake::Lake;
use crate::release::State;
use crate::run::readable_ledger;
use crate::status::{DaemonStatus, DatasetStatus, PipelineStatus, Status as Standing, StatusError};

use super::context::Place;
use super::exit::{Exit, Failure};
use super::text;

#[derive(Debug, Args)]
pub struct Status {
    /// As JSON
    #[arg(long)]
    json: bool,
}

impl Status {
    pub fn run(self, place: &Place) -> Result<Exit, Failure> {
        let (config, refused) = place.standing()?;
        let lake = Lake::look(&config)?;
        let (ledger, note) = readable_ledger(&lake)?;
        if let Some(note) = note {
            text::note(&format!("note: {note}"));
        }
        let look = if refused.is_none() { Standing::look } else { Standing::last_known };
        let mut standing = look(&config, &lake, &ledger, Timestamp::now()).map_err(|error| match error {
            StatusError::Ledger(error) => Failure::from(error),
            StatusError::Lake(error) => Failure::from(error),
        })?;
        if let Some(fault) = standing.fault() {
            return Err(fault.into());
        }
        if self.json {
            text::line(&serde_json::to_string_pretty(&standing.pipelines).map_err(Failure::failed)?);
        } else {
            standing.daemon.iter().for_each(show_daemon);
            standing.pipelines.iter().for_each(show);
        }
        refused.map_or(Ok(Exit::Done), Err)
    }
}

fn time(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "never".to_owned(), crate::status::time)
}

fn show_daemon(daemon: &DaemonStatus) {
    let since = crate::status::time(daemon.since);
    match daemon.unready() {
        None => {
            text::line(&format!("daemon: process {} since {since}, {} runs under way", daemon.process, daemon.running));
        }
        Some(why) => text::line(&format!("daemon: {why}")),
    }
    if let Some(refused) = &daemon.configuration.refused {
        text::line(&format!(
            "the configuration was refused {}; the one from {} stays in force:",
            time(daemon.configuration.refused_at),
            crate::status::time(daemon.configuration.loaded_at)
        ));
        refused.lines().for_each(|line| text::line(&format!("  {line}")));
    }
}

/// `latest period 2026M04, released 2026-06-08 06:00 UTC, next expected 2026-07-08 06:00 UTC: waiting`.
fn release(dataset: &DatasetStatus) -> Option<String> {
    let minute = crate::status::time;
    let mut told: Vec<String> = Vec::new();
    told.extend(dataset.latest_period.as_ref().map(|period| format!("latest period {period}")));
    told.extend(dataset.released_at.map(|at| format!("released {}", minute(at))));
    let state = match (dataset.release_state, dataset.release_since) {
        (Some(State::Waiting), _) => ": waiting".to_owned(),
        (Some(State::Late), Some(since)) => format!(": late since {} [{}]", minute(since), codes::RELEASE_LATE),
        _ => String::new(),
    };
    told.extend(dataset.next_expected.map(|at| format!("next expected {}{state}", minute(at))));
    (!told.is_empty()).then(|| told.join(", "))
}

fn show(row: &PipelineStatus) {
    let outcome = row.last_outcome.map_or_else(|| "never run".to_owned(), |outcome| outcome.to_string());
    text::line(&format!(
        "{:14} {outcome:11} run {}, checked {}",
        row.pipeline,
        time(row.last_run),
        time(row.checked_at)
    ));
    if let Some(since) = row.late_since {
        let why = row.late_why.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        text::line(&format!("  late since {}{why}", crate::status::time(since)));
    }
    match (row.running, row.queued, row.next_due) {
        (Some(run), ..) => text::line(&format!("  run {run} is under way")),
        (None, true, _) => text::line("  due, and waits for its turn"),
        (None, false, Some(due)) => {
            let why = row.next_why.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
            text::line(&format!("  next due {}{why}", crate::status::time(due)));
        }
        (None, false, None) => {}
    }
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
    if let Some(error) = row.error_sentence() {
        text::line(&format!("  last error: {error}"));
    }
}
