//! A run's verdict as plain facts, for those who are told of it.

use jiff::Timestamp;

use crate::config::Config;
use crate::fetch::FetchError;
use crate::lake::{Lake, VersionId};
use crate::run::{Problem, Verdict};
use crate::source::SourceError;
use crate::tell::{Fault, Given, Ran};

/// None of a run that the ledger does not know.
pub fn facts(verdict: &Verdict, config: &Config, lake: &Lake) -> Option<Ran> {
    let datasets = verdict.result.as_ref().map(Vec::as_slice).unwrap_or_default();
    Some(Ran {
        pipeline: verdict.pipeline.clone(),
        run: verdict.run?,
        at: Timestamp::now(),
        outcome: verdict.outcome(),
        message: verdict.result.as_ref().err().map(Problem::told).unwrap_or_default(),
        fault: verdict.result.as_ref().err().map(|problem| fault(problem, &verdict.pipeline, config)),
        datasets: datasets
            .iter()
            .map(|dataset| {
                let (revised, before) = if dataset.published { revised(lake, &dataset.dataset) } else { (0, 0) };
                Given {
                    dataset: dataset.dataset.clone(),
                    version: dataset.version.clone(),
                    rows: dataset.rows,
                    published: dataset.published,
                    revised,
                    before,
                }
            })
            .collect(),
    })
}

fn fault(problem: &Problem, pipeline: &str, config: &Config) -> Fault {
    match problem {
        Problem::Checks { .. } | Problem::Shape { .. } => Fault::Check,
        Problem::Drift { .. } => Fault::Drift,
        Problem::Source { fetch, error } => {
            let fetch = config.pipelines.get(pipeline).and_then(|pipeline| pipeline.fetches.get(fetch));
            match fetch.and_then(|fetch| fetch.source.as_deref()) {
                Some(source) => Fault::of(source, error),
                None => Fault::Other,
            }
        }
        _ => Fault::Other,
    }
}

/// Whether the same run may well end otherwise in an hour: the source did not answer, or not whole. Not when it answered
/// and a check, a drift or an assumption stood in the way, and not when it is this machine's fault.
pub fn may_pass(problem: &Problem) -> bool {
    let Problem::Source { error, .. } = problem else { return false };
    match error {
        SourceError::Fetch(error) => matches!(
            error,
            FetchError::GaveUp { .. }
                | FetchError::WaitTooLong { .. }
                | FetchError::NotJson { .. }
                | FetchError::Out { .. }
        ),
        SourceError::Incomplete { .. } | SourceError::Unsteady { .. } => true,
        _ => false,
    }
}

/// How many rows the version that is current now revised, and how many the one before had.
fn revised(lake: &Lake, dataset: &str) -> (u64, u64) {
    // What can't be read is told of by others.
    let Ok(Some(manifest)) = lake.current(dataset) else { return (0, 0) };
    let Some(change) = &manifest.change else { return (0, 0) };
    let rows = |version: &VersionId| lake.manifest(dataset, version).map(|before| before.rows).ok();
    (change.revised, change.from.as_ref().and_then(rows).unwrap_or(0))
}
