//! What a run would do, found out with metadata calls alone.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::config::{Limits, Pipeline, Reaction};
use crate::fetch::{Journal, Tally};
use crate::source::Change;

use super::fetching;
use super::{Problem, Workshop};

/// One pipeline's run, in advance.
#[derive(Debug)]
pub struct Estimate {
    pub pipeline: String,
    pub fetches: Vec<FetchEstimate>,
    /// The configuration, reference tables, inputs and program are those of the published versions.
    pub as_before: bool,
    pub all_published: bool,
}

#[derive(Debug)]
pub struct FetchEstimate {
    pub fetch: String,
    pub source: String,
    pub calls: u64,
    pub lower_bound: u64,
    /// Whether `calls` is no more than an estimate.
    pub estimated: bool,
    pub cells: u64,
    pub limits: Option<Limits>,
    /// The most calls under way at a time.
    pub parallel: usize,
    pub wait: Duration,
    /// The source proves that its data are those of the last run.
    pub unchanged: bool,
    /// What the source says of its data is as at the last run, which proves nothing.
    pub seems_unchanged: bool,
    pub notes: Vec<String>,
}

impl Estimate {
    /// Nothing would be fetched and no version made.
    pub fn is_unchanged(&self) -> bool {
        self.as_before && self.all_published && self.fetches.iter().all(|fetch| fetch.unchanged)
    }

    /// No new version is expected, but data must be fetched to know.
    pub fn seems_unchanged(&self) -> bool {
        self.as_before
            && self.all_published
            && self.fetches.iter().all(|fetch| fetch.unchanged || fetch.seems_unchanged)
    }
}

pub async fn estimate(workshop: &Workshop, pipeline: &Pipeline) -> Result<Estimate, Problem> {
    let state = workshop.ledger.state(&pipeline.name)?;
    let config_hash = workshop.config_hash(pipeline)?;
    let tally = Arc::new(Tally::default());
    // A plan journals nothing: it has a folder of its own, which goes with it.
    let folder = workshop.lake.root().join("stage").join("_plan").join(&pipeline.name);
    let journal = Arc::new(Journal::open(&folder, Duration::ZERO, Timestamp::now())?);
    let planned = fetching::plan(workshop, pipeline, state.as_ref(), &journal, &tally, false).await;
    crate::store::remove_tree(&folder)?;
    let fetches = planned?
        .into_iter()
        .map(|planned| {
            let told = |change: &Change| match change.reaction(&planned.fetch.drift) {
                Reaction::Stop => format!("would stop and wait: {}", change.what),
                Reaction::Warn => format!("warning: {}", change.what),
                Reaction::Accept => change.what.clone(),
            };
            let before = state.as_ref().and_then(|state| state.fetches.get(&planned.fetch.name));
            FetchEstimate {
                fetch: planned.fetch.name.clone(),
                source: planned.courier.source().name.clone(),
                calls: planned.plan.calls,
                lower_bound: planned.plan.lower_bound,
                estimated: planned.plan.estimated,
                cells: planned.plan.cells,
                limits: planned.plan.limits,
                parallel: planned.courier.source().parallel,
                wait: planned.plan.wait,
                unchanged: planned.unchanged,
                seems_unchanged: planned.plan.stamp.is_some()
                    && before.is_some_and(|before| before.stamp == planned.plan.stamp),
                notes: planned.plan.notes.iter().cloned().chain(planned.changes.iter().map(told)).collect(),
            }
        })
        .collect();
    let mut all_published = true;
    for dataset in pipeline.datasets.keys() {
        all_published &= workshop.lake.current_version(dataset)?.is_some();
    }
    Ok(Estimate {
        pipeline: pipeline.name.clone(),
        fetches,
        as_before: state.is_some_and(|state| state.config_hash == config_hash),
        all_published,
    })
}
