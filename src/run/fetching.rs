//! The first half of a run: plan every fetch, have the calls made, stage the tables.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use crate::config::{Fetch, Pipeline};
use crate::decode::CodeRow;
use crate::fetch::{Courier, Journal, Tally, masked};
use crate::lake::{SourceInfo, Stage};
use crate::ledger::{FetchState, PipelineState};
use crate::source::{self, Plan};

use super::progress::Line;
use super::provenance::{AnswerRows, Noting};
use super::{Options, Problem, Workshop, stockholm};

/// A fetch whose calls are known.
pub struct Planned<'a> {
    pub fetch: &'a Fetch,
    pub courier: Courier,
    pub plan: Plan,
    /// The source proves that nothing has changed since the last success.
    pub unchanged: bool,
}

/// A fetched table on disk.
pub struct Staged {
    pub path: PathBuf,
    /// Which rows of it each answer gave.
    pub parts: Vec<AnswerRows>,
    pub codes: Vec<CodeRow>,
    pub info: SourceInfo,
    /// The one answer's address, or what all of them lie below.
    pub origin: String,
    pub state: FetchState,
    /// What the source wants the operator to know.
    pub notes: Vec<String>,
}

pub async fn plan<'a>(
    workshop: &Workshop,
    pipeline: &'a Pipeline,
    state: Option<&PipelineState>,
    journal: &Arc<Journal>,
    tally: &Arc<Tally>,
) -> Result<Vec<Planned<'a>>, Problem> {
    let today = Timestamp::now().to_zoned(stockholm()).date();
    let mut planned = Vec::new();
    for (name, fetch) in &pipeline.fetches {
        let courier = workshop.courier(&pipeline.name, fetch, journal, tally);
        let plan = source::plan(&courier, fetch, today)
            .await
            .map_err(|error| Problem::Source { fetch: name.clone(), error })?;
        let before = state.and_then(|state| state.fetches.get(name));
        let unchanged = plan.stamp_proves
            && plan.stamp.is_some()
            && before.is_some_and(|before| before.stamp == plan.stamp && !before.answers.is_empty());
        planned.push(Planned { fetch, courier, plan, unchanged });
    }
    Ok(planned)
}

pub async fn stage(
    planned: Vec<Planned<'_>>,
    stage: &Stage,
    state: Option<&PipelineState>,
    options: Options,
    line: &Line,
) -> Result<BTreeMap<String, Staged>, Problem> {
    let mut staged = BTreeMap::new();
    for Planned { fetch, courier, plan, unchanged } in planned {
        let name = &fetch.name;
        // What is proven unchanged is read from the archive by the same way, call by call.
        if unchanged
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
        let mut progress = |done: u64| line.tick(format!("fetching {name}: {done} of {} calls", plan.calls));
        let mut noting = Noting { sink: &mut file, courier: courier.clone(), parts: Vec::new() };
        let harvest = source::harvest(&courier, fetch, &plan, &mut noting, &mut progress)
            .await
            .map_err(|error| Problem::Source { fetch: name.clone(), error })?;
        let parts = noting.parts;
        let (path, rows) = file.finish()?;
        let answers = courier.accepted();
        let source = courier.source();
        let fetched_at = answers.iter().map(|answer| answer.fetched_at).max().unwrap_or_else(Timestamp::now);
        let stamp = harvest.stamp.clone().or_else(|| plan.stamp.clone());
        let origin = match answers.as_slice() {
            [answer] => answer.url.clone(),
            _ => masked(source.base_url.as_str()),
        };
        let info = SourceInfo {
            source: source.name.clone(),
            credit: source.credit.clone(),
            licence: source.licence.clone(),
            synthetic: source.synthetic,
            stamp: stamp.clone(),
            metadata: None,
            rows,
            fetched_at,
            answers: answers.clone(),
            notes: plan.publish_notes.clone(),
        };
        let mut notes = plan.notes.clone();
        notes.extend(harvest.notes);
        let codes = harvest.codes;
        staged.insert(
            name.clone(),
            Staged { path, parts, codes, info, origin, state: FetchState { stamp, answers }, notes },
        );
    }
    Ok(staged)
}
