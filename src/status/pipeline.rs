//! One row: how a pipeline's last run ended, what is published, and what comes next.

use jiff::Timestamp;
use serde::Serialize;

use crate::config::{Dataset, Pipeline, Schedule};
use crate::daemon::live::PipelineLive;
use crate::lake::{Lake, LakeError, Manifest};
use crate::ledger::{Ledger, Outcome, RowsChanged, RunEntry, Stop, Waiting};
use crate::release::{Standing, State};

use super::StatusError;

#[derive(Debug, Serialize)]
pub struct PipelineStatus {
    pub pipeline: String,
    pub title: String,
    /// Its `cron` and what it follows; none where it has neither, or is not enabled.
    pub schedule: Option<String>,
    pub last_outcome: Option<Outcome>,
    /// The number of the last run, which has a page and a log.
    pub run: Option<i64>,
    pub last_run: Option<Timestamp>,
    pub last_success: Option<Timestamp>,
    pub took_secs: Option<f64>,
    pub last_error: Option<String>,
    /// What the last run warned of or was let through in spite of.
    pub last_note: Option<String>,
    pub waiting: Option<WaitingStatus>,
    /// When it was last known that what is published is what the sources say.
    pub checked_at: Option<Timestamp>,
    /// Rows that the last run got from its sources.
    pub rows_in: Option<u64>,
    /// Rows that came through its queries and checks.
    pub rows_kept: Option<u64>,
    /// Rows of the versions that it published.
    pub rows_published: Option<u64>,
    /// Rows of those that differ from the version before; none where nobody counted.
    pub rows_changed: Option<u64>,
    pub next_due: Option<Timestamp>,
    /// `cron`, `release`, `after befolkning`.
    pub next_why: Option<String>,
    /// The run under way.
    pub running: Option<i64>,
    pub queued: bool,
    pub late_since: Option<Timestamp>,
    /// `no run has served what was due`, `the release expected 2026-12-09 07:00 UTC has not come`, or both.
    pub late_why: Option<String>,
    pub datasets: Vec<DatasetStatus>,
    /// What of it could not be read.
    pub problem: Option<String>,
    #[serde(skip)]
    pub fault: Option<LakeError>,
}

/// A stopped publish.
#[derive(Debug, Serialize)]
pub struct WaitingStatus {
    pub since: Timestamp,
    pub what: Vec<String>,
    pub fingerprint: String,
    /// Lets it through.
    pub command: String,
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
pub struct DatasetStatus {
    pub dataset: String,
    pub title: String,
    pub version: Option<String>,
    /// Versions that there are a folder of.
    pub versions: usize,
    pub rows: u64,
    pub created_at: Option<Timestamp>,
    pub fetched_at: Option<Timestamp>,
    pub synthetic: bool,
    /// The last period that it has figures for, as the source writes it.
    pub latest_period: Option<String>,
    /// When its latest edition came: by the source's word, else when it was first seen.
    pub released_at: Option<Timestamp>,
    /// The release that is awaited; while it is overdue, in the past.
    pub next_expected: Option<Timestamp>,
    pub release_state: Option<State>,
    /// Since when it is in that state.
    pub release_since: Option<Timestamp>,
    /// What an operator said of its versions, and what was kept from earlier ones.
    pub notes: Vec<String>,
    /// What it was published in spite of.
    pub drift: Vec<String>,
}

impl PipelineStatus {
    pub(super) fn look(
        pipeline: &Pipeline,
        lake: &Lake,
        ledger: &Ledger,
        at_work: bool,
        live: Option<&PipelineLive>,
        at: Timestamp,
    ) -> Result<Self, StatusError> {
        let (mut datasets, mut fault) = (Vec::new(), None);
        for dataset in pipeline.datasets.values() {
            match DatasetStatus::look(pipeline, dataset, lake, ledger, at) {
                Ok(status) => datasets.push(status),
                Err(error) => fault = fault.or(Some(error)),
            }
        }
        let schedule = pipeline.schedule.as_ref().and_then(schedule);
        let row = Self::of(&pipeline.name, ledger, at_work, live, (datasets, fault))?;
        Ok(Self { title: pipeline.title.clone(), schedule, ..row })
    }

    /// Of a pipeline that no configuration describes now: what ledger and lake remember.
    pub(super) fn remembered(
        name: &str,
        lake: &Lake,
        ledger: &Ledger,
        at_work: bool,
        live: Option<&PipelineLive>,
    ) -> Result<Self, StatusError> {
        let (mut datasets, mut fault) = (Vec::new(), None);
        for dataset in lake.datasets()? {
            match lake.current(&dataset) {
                Ok(Some(manifest)) if manifest.pipeline == name => {
                    match DatasetStatus::recorded(&dataset, Some(&manifest), lake, Standing::default()) {
                        Ok(status) => datasets.push(status),
                        Err(error) => fault = fault.or(Some(error)),
                    }
                }
                _ => {}
            }
        }
        Self::of(name, ledger, at_work, live, (datasets, fault))
    }

    fn of(
        name: &str,
        ledger: &Ledger,
        at_work: bool,
        live: Option<&PipelineLive>,
        (datasets, fault): (Vec<DatasetStatus>, Option<LakeError>),
    ) -> Result<Self, StatusError> {
        let last = ledger.runs(Some(name), 1)?.pop();
        let detail = last.as_ref().map(|run| ledger.detail(run.run)).transpose()?.flatten();
        let ended = last.as_ref().filter(|run| matches!(run.outcome, Outcome::Published | Outcome::Unchanged));
        let rows = |published: bool| {
            let of = |run: &RunEntry| {
                run.datasets.iter().filter(|dataset| dataset.published || !published).map(|dataset| dataset.rows).sum()
            };
            ended.map(of)
        };
        let changed = detail.as_ref().filter(|_| ended.is_some()).and_then(|detail| {
            let changed: Vec<RowsChanged> = detail.datasets.iter().filter_map(|dataset| dataset.changed).collect();
            let published = detail.datasets.iter().any(|dataset| dataset.published);
            (!changed.is_empty() || !published).then(|| changed.into_iter().map(RowsChanged::total).sum())
        });
        let live = live.cloned().unwrap_or_default();
        Ok(Self {
            pipeline: name.to_owned(),
            title: String::new(),
            schedule: None,
            last_outcome: last.as_ref().map(|run| run.outcome.seen(at_work)),
            run: last.as_ref().map(|run| run.run),
            last_run: last.as_ref().map(|run| run.started_at),
            last_success: ledger.last_success(name)?,
            took_secs: last.as_ref().and_then(|run| Some(run.ended_at?.duration_since(run.started_at).as_secs_f64())),
            last_error: message(last.as_ref(), true),
            last_note: message(last.as_ref(), false),
            waiting: ledger.waiting(name)?.map(WaitingStatus::from),
            checked_at: ledger.state(name)?.map(|state| state.checked_at),
            rows_in: last.as_ref().map(|run| run.rows_fetched),
            rows_kept: rows(false),
            rows_published: rows(true),
            rows_changed: changed,
            next_due: live.next_due,
            next_why: Some(live.next_why).filter(|why| !why.is_empty()),
            running: live.running,
            queued: live.queued,
            late_since: live.late_since,
            late_why: Some(live.late_why).filter(|why| !why.is_empty()),
            datasets,
            problem: fault.as_ref().map(ToString::to_string),
            fault,
        })
    }

    /// The error in one sentence.
    pub fn error_sentence(&self) -> Option<&str> {
        self.last_error.as_deref().and_then(|error| error.lines().next())
    }

    /// Its last run did not do what it should.
    pub fn is_failing(&self) -> bool {
        matches!(self.last_outcome, Some(Outcome::Failed | Outcome::Interrupted))
    }
}

/// `5 8 * * * Europe/Stockholm, after befolkning`; none where only a release makes it due, or nobody but a person.
fn schedule(schedule: &Schedule) -> Option<String> {
    let cron = schedule.cron.as_ref().map(|cron| format!("{cron} {}", schedule.timezone));
    let after = (!schedule.after.is_empty()).then(|| format!("after {}", schedule.after.join(", ")));
    let parts: Vec<String> = cron.into_iter().chain(after).filter(|_| schedule.enabled).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

impl DatasetStatus {
    fn look(
        pipeline: &Pipeline,
        dataset: &Dataset,
        lake: &Lake,
        ledger: &Ledger,
        at: Timestamp,
    ) -> Result<Self, LakeError> {
        let name = &dataset.name;
        let manifest = lake.current(name)?;
        let manifest = manifest.as_ref();
        let standing = release(pipeline, dataset, manifest, lake, ledger, at);
        Ok(Self { title: dataset.title.clone(), ..Self::recorded(name, manifest, lake, standing)? })
    }

    /// By the record of the version that readers have.
    fn recorded(name: &str, manifest: Option<&Manifest>, lake: &Lake, standing: Standing) -> Result<Self, LakeError> {
        Ok(Self {
            dataset: name.to_owned(),
            title: manifest.map(|manifest| manifest.title.clone()).unwrap_or_default(),
            version: manifest.map(|manifest| manifest.version.to_string()),
            versions: lake.versions(name)?.len(),
            rows: manifest.map_or(0, |manifest| manifest.rows),
            created_at: manifest.map(|manifest| manifest.created_at),
            fetched_at: manifest.and_then(|manifest| manifest.sources.values().map(|source| source.fetched_at).max()),
            synthetic: manifest.is_some_and(|manifest| manifest.synthetic),
            latest_period: standing.latest_period,
            released_at: standing.released_at,
            next_expected: standing.next_expected,
            release_state: standing.state,
            release_since: standing.since,
            notes: notes(lake, name, manifest)?,
            drift: manifest.map(drift).unwrap_or_default(),
        })
    }
}

/// How its series stands. A file that can't be read is for `verify` to tell of.
#[cfg(feature = "engine")]
fn release(
    pipeline: &Pipeline,
    dataset: &Dataset,
    manifest: Option<&Manifest>,
    lake: &Lake,
    ledger: &Ledger,
    at: Timestamp,
) -> Standing {
    let Ok(known) = crate::run::known(ledger, pipeline, None) else { return Standing::default() };
    crate::run::series(lake, pipeline, dataset, manifest, &known, at).unwrap_or_default()
}

/// Only what runs pipelines knows how a series stands.
#[cfg(not(feature = "engine"))]
fn release(
    _pipeline: &Pipeline,
    _dataset: &Dataset,
    _manifest: Option<&Manifest>,
    _lake: &Lake,
    _ledger: &Ledger,
    _at: Timestamp,
) -> Standing {
    Standing::default()
}

fn notes(lake: &Lake, dataset: &str, current: Option<&Manifest>) -> Result<Vec<String>, LakeError> {
    let standing = lake.standing(dataset)?;
    let withdrawn = standing
        .withdrawn
        .iter()
        .map(|said| format!("{} was withdrawn {}: {}", said.version, super::time(said.at), said.reason));
    let rolled_back = standing
        .rolled_back
        .iter()
        .map(|said| format!("rolled back from {} {}: {}", said.version, super::time(said.at), said.reason));
    Ok(withdrawn.chain(rolled_back).chain(current.and_then(Manifest::carried_note)).collect())
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
