//! One run, end to end: fetch, compute, check, publish. Every step belongs to
//! another module; here they meet, in order, for one pipeline after another.

mod accepted;
mod account;
mod carrying;
mod checks;
pub(crate) mod compute;
mod declare;
mod estimate;
mod fetching;
mod fixture;
mod gate;
mod lane;
mod pace;
mod past;
mod pipeline;
mod place;
mod problem;
mod progress;
mod provenance;
mod publishing;
mod recipe;
mod releases;
mod site;
mod upkeep;
mod verdict;
mod verify;
mod workshop;

pub use declare::check_queries;
pub use estimate::{Estimate, FetchEstimate, estimate};
pub use fixture::{CaseResult, test_pipeline};
pub use gate::Accept;
pub use past::{past, readable_ledger};
pub use problem::Problem;
pub use progress::Progress;
pub use provenance::{AnswerRows, Noting, Origins, Wanted, answers_of};
pub use recipe::{Recipe, RecipeError};
pub use releases::{known, next_poll, overdue, series};
pub use site::{SiteOutcome, render_site};
pub use upkeep::{collect, settle};
pub use verdict::{DatasetVerdict, Verdict};
pub use verify::{present, verify};
pub(crate) use workshop::source_of;
pub use workshop::{Workshop, settled};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::config::Pipeline;

/// The zone in which Swedish publications are dated.
pub(crate) fn stockholm() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::get("Europe/Stockholm").unwrap_or(jiff::tz::TimeZone::UTC)
}

/// What a run was asked for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Fetch again what the sources say is unchanged. No check is skipped.
    pub force: bool,
    /// What an operator lets through, of the one pipeline that is run for it.
    pub accept: Option<Accept>,
    /// Who or what started it, in words (`cron`); left out, it was started by hand.
    pub started_by: Option<String>,
}

/// Runs one pipeline; `began` hears the run's number. None when there is no such pipeline.
pub async fn run_one(
    workshop: &Arc<Workshop>,
    name: &str,
    options: Options,
    progress: &Progress,
    began: impl FnOnce(i64) + Send,
) -> Option<Verdict> {
    let pipeline = workshop.config.pipelines.get(name)?;
    Some(pipeline::run(workshop, pipeline, &options, progress, began).await)
}

/// Runs pipelines, those that read another's datasets after it, as many at a time as the configuration allows.
/// One that fails stops no other: its last good version stays, and stands in for the pipelines after it.
pub async fn run(
    workshop: &Arc<Workshop>,
    names: &[String],
    options: Options,
    progress: &Arc<Progress>,
) -> Vec<Verdict> {
    let pipelines: BTreeMap<String, Pipeline> = names
        .iter()
        .filter_map(|name| workshop.config.pipelines.get(name).map(|pipeline| (name.clone(), pipeline.clone())))
        .collect();
    let mut waiting: BTreeMap<String, BTreeSet<String>> = pipelines
        .iter()
        .map(|(name, pipeline)| {
            let before = pipelines.values().filter(|other| {
                other.name != *name && pipeline.inputs.values().any(|input| other.datasets.contains_key(&input.dataset))
            });
            (name.clone(), before.map(|other| other.name.clone()).collect())
        })
        .collect();
    let places = Arc::new(Semaphore::new(workshop.config.run.max_parallel_pipelines.max(1)));
    let mut running = JoinSet::new();
    let mut verdicts = Vec::new();
    loop {
        let ready: Vec<String> =
            waiting.iter().filter(|(_, before)| before.is_empty()).map(|(name, _)| name.clone()).collect();
        for name in ready {
            waiting.remove(&name);
            let Some(pipeline) = pipelines.get(&name).cloned() else { continue };
            let (workshop, places, progress) = (Arc::clone(workshop), Arc::clone(&places), Arc::clone(progress));
            let options = options.clone();
            running.spawn(async move {
                let _place = places.acquire_owned().await;
                pipeline::run(&workshop, &pipeline, &options, &progress, |_| ()).await
            });
        }
        let Some(ended) = running.join_next().await else { break };
        match ended {
            Ok(verdict) => {
                for before in waiting.values_mut() {
                    before.remove(&verdict.pipeline);
                }
                verdicts.push(verdict);
            }
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    verdicts.sort_by(|one: &Verdict, other| one.pipeline.cmp(&other.pipeline));
    verdicts
}
