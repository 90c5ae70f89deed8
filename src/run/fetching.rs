//! The first half of a run: plan every fetch, have the calls made, stage the tables.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::config::{Fetch, OnEmpty, Pipeline, Source};
use crate::decode::CodeRow;
use crate::fetch::{AnswerRecord, Courier, Journal, Tally, masked};
use crate::lake::{SourceInfo, Stage};
use crate::ledger::{FetchState, PipelineState};
use crate::source::{self, Change, Metadata, Plan, SourceError, kolada};
use crate::transform::Projection;

use super::pace::Pace;
use super::progress::Line;
use super::provenance::{Noting, Origins};
use super::{Options, Problem, Workshop, accepted, place, releases, stockholm};

/// A fetch whose calls are known.
pub struct Planned<'a> {
    pub fetch: &'a Fetch,
    pub courier: Courier,
    pub plan: Plan,
    /// The source proves that nothing has changed since the last success.
    pub unchanged: bool,
    /// The archived metadata that were accepted last, and what they say.
    pub accepted: Option<(String, Option<Metadata>)>,
    /// What the source says differently now.
    pub changes: Vec<Change>,
}

impl Planned<'_> {
    /// Files what the source says now; what was accepted before stays where it says nothing.
    pub async fn file_metadata(&self, told: Option<&Metadata>) -> Result<Option<String>, Problem> {
        match told.or(self.plan.metadata.as_ref()) {
            Some(metadata) => Ok(Some(self.courier.keep(metadata.bytes()).await?)),
            None => Ok(self.accepted.as_ref().map(|(hash, _)| hash.clone())),
        }
    }

    fn compared(&self, told: &Metadata) -> Vec<Change> {
        let accepted = self.accepted.as_ref().and_then(|(_, metadata)| metadata.as_ref());
        accepted.map(|accepted| source::compare(self.fetch, accepted, told)).unwrap_or_default()
    }
}

/// A fetched table on disk.
pub struct Staged {
    pub path: PathBuf,
    /// Which rows of it each answer gave.
    pub origins: Origins,
    pub codes: Vec<CodeRow>,
    pub info: SourceInfo,
    /// The one answer's address, or what all of them lie below.
    pub origin: String,
    pub state: FetchState,
    /// What the source wants the operator to know.
    pub notes: Vec<String>,
    /// What the data tell differently of themselves now, where the plan could not know.
    pub changes: Vec<Change>,
}

pub async fn plan<'a>(
    workshop: &Workshop,
    pipeline: &'a Pipeline,
    state: Option<&PipelineState>,
    journal: &Arc<Journal>,
    tally: &Arc<Tally>,
    force: bool,
) -> Result<Vec<Planned<'a>>, Problem> {
    let today = Timestamp::now().to_zoned(stockholm()).date();
    let mut hashes = accepted::hashes(workshop, pipeline, state)?;
    let mut planned = Vec::new();
    for (name, fetch) in &pipeline.fetches {
        let courier = workshop.courier(&pipeline.name, fetch, journal, tally);
        if force {
            courier.ask_afresh();
        }
        if let Some(before) = state.and_then(|state| state.fetches.get(name)) {
            courier.remember(before.answers.iter().cloned());
            if !force {
                courier.reuse(before.answers.iter().filter(|answer| is_fresh(answer, courier.source())).cloned());
            }
        }
        let mut notes = Vec::new();
        let accepted = match hashes.remove(name) {
            Some(hash) => {
                let metadata = accepted::read(&courier, &hash).await;
                Some((hash, metadata.map_err(|note| notes.push(note)).ok()))
            }
            None => None,
        };
        let known = accepted.as_ref().and_then(|(_, metadata)| metadata.as_ref());
        let mut plan = source::plan(&courier, fetch, today)
            .await
            .map_err(|error| Problem::Source { fetch: name.clone(), error: with_drift(error, fetch, known) })?;
        plan.notes.extend(notes);
        plan.wish(wished(pipeline, name));
        let before = state.and_then(|state| state.fetches.get(name));
        let unchanged = plan.stamp_proves
            && plan.stamp.is_some()
            && before.is_some_and(|before| before.stamp == plan.stamp && !before.answers.is_empty());
        let mut one = Planned { fetch, courier, plan, unchanged, accepted, changes: Vec::new() };
        one.changes = one.plan.metadata.as_ref().map(|told| one.compared(told)).unwrap_or_default();
        planned.push(one);
    }
    Ok(planned)
}

/// The order in which the first dataset that reads a fetch is published: rows that come so need not be sorted.
fn wished(pipeline: &Pipeline, fetch: &str) -> Vec<String> {
    let reader = pipeline.datasets.values().find(|dataset| place::word(&dataset.sql, fetch).is_some());
    reader.map(Projection::columns).unwrap_or_default()
}

/// Whether an answer is so young that its source wants not to be asked again.
fn is_fresh(answer: &AnswerRecord, source: &Source) -> bool {
    let age = Duration::try_from(Timestamp::now().duration_since(answer.fetched_at));
    age.is_ok_and(|age| age < source.fresh_for)
}

/// A selection that no longer fits its table: what the table said before tells why.
fn with_drift(error: SourceError, fetch: &Fetch, known: Option<&Metadata>) -> SourceError {
    match (error, known) {
        (SourceError::Misfit { name, url, error, metadata, .. }, Some(known)) => {
            let drift = source::compare(fetch, known, &metadata).into_iter().map(|change| change.what).collect();
            SourceError::Misfit { name, url, error, metadata, drift }
        }
        (error @ SourceError::UnknownKpi { .. }, Some(known)) => kolada::with_accepted(error, known),
        (error, _) => error,
    }
}

pub async fn stage(
    planned: Vec<Planned<'_>>,
    stage: &Stage,
    state: Option<&PipelineState>,
    options: &Options,
    line: &Line,
) -> Result<BTreeMap<String, Staged>, Problem> {
    let mut staged = BTreeMap::new();
    for one in planned {
        let Planned { fetch, courier, plan, unchanged, .. } = &one;
        let name = &fetch.name;
        // What is proven unchanged is read from the archive by the same way, call by call.
        if *unchanged
            && !options.force
            && let Some(before) = state.and_then(|state| state.fetches.get(name))
        {
            courier.reuse(before.answers.iter().cloned());
        }
        line.step(format!("fetching {name}: {} calls", plan.calls));
        let mut file = stage.create(name);
        if let Some(schema) = &plan.schema {
            file.open(Arc::clone(schema)).map_err(|error| Problem::Stage { fetch: name.clone(), error })?;
        }
        let pace = Pace::new(plan.calls, courier.tally().snapshot().reused);
        let mut progress = |done: u64| {
            let floor = courier.limiter().wait_for(pace.remaining(done));
            let left = pace.left(done, courier.tally().snapshot().reused, floor);
            let left = left.map(|left| format!(", {left}")).unwrap_or_default();
            line.tick(format!("fetching {name}: {done} of {} calls{left}", plan.calls));
        };
        progress(0);
        let mut noting = Noting { sink: &mut file, courier: courier.clone(), origins: Origins::default() };
        let harvest = source::harvest(courier, fetch, plan, &mut noting, &mut progress)
            .await
            .map_err(|error| Problem::Source { fetch: name.clone(), error })?;
        let origins = noting.origins;
        let (path, rows) = file.finish()?;
        if rows == 0 && fetch.drift.empty == OnEmpty::Error {
            return Err(Problem::Empty { fetch: name.clone(), source_name: courier.source().name.clone() });
        }
        let answers = courier.accepted();
        let source = courier.source();
        let fetched_at = answers.iter().map(|answer| answer.fetched_at).max().unwrap_or_else(Timestamp::now);
        let stamp = harvest.stamp.clone().or_else(|| plan.stamp.clone());
        let origin = match answers.as_slice() {
            [answer] => answer.url.clone(),
            _ => masked(source.base_url.as_str()),
        };
        let metadata = one.file_metadata(harvest.metadata.as_ref()).await?;
        let changes = harvest.metadata.as_ref().map(|told| one.compared(told)).unwrap_or_default();
        let info = SourceInfo {
            source: source.name.clone(),
            credit: source.credit.clone(),
            licence: source.licence.clone(),
            synthetic: source.synthetic,
            stamp: stamp.clone(),
            metadata: metadata.clone(),
            rows,
            fetched_at,
            answers: answers.clone(),
            notes: plan.publish_notes.clone(),
        };
        let mut notes = plan.notes.clone();
        notes.extend(harvest.notes);
        let codes = harvest.codes;
        let before = state.and_then(|state| state.fetches.get(name));
        let mut edition = releases::edition(before, plan, stamp.as_ref(), &answers);
        releases::tell(&mut edition, fetch, harvest.metadata.as_ref().or(plan.metadata.as_ref()), &answers);
        let state = FetchState { stamp, answers, metadata, edition };
        staged.insert(name.clone(), Staged { path, origins, codes, info, origin, state, notes, changes });
    }
    Ok(staged)
}
