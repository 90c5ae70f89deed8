//! What a run's page will show of it, gathered while it goes on.

use std::time::Instant;

use crate::contract::Severity;
use crate::fetch::{SourceCounts, Tally};
use crate::lake::{CheckResult, Manifest};
use crate::ledger::{CheckDetail, DatasetDetail, FetchDetail, RowsChanged, RunDetail, Step};

use super::fetching::{Planned, Staged};
use super::{Options, Problem, Verdict};

/// Where the time went, and what was asked, found and made.
pub struct Account {
    since: Instant,
    detail: RunDetail,
}

impl Default for Account {
    fn default() -> Self {
        Self { since: Instant::now(), detail: RunDetail::default() }
    }
}

impl Account {
    /// A step is done; the next begins.
    pub fn lap(&mut self, step: &str) {
        let took = self.since.elapsed();
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(step, took_ms, "a step is done");
        self.detail.steps.push(Step { step: step.to_owned(), seconds: took.as_secs_f64() });
        self.since = Instant::now();
    }

    pub fn planned(&mut self, planned: &[Planned<'_>]) {
        self.detail.fetches = planned
            .iter()
            .map(|one| FetchDetail {
                fetch: one.fetch.name.clone(),
                source: one.courier.source().name.clone(),
                calls: one.plan.calls,
                cells: one.plan.cells,
                rows: None,
                unchanged: one.unchanged,
            })
            .collect();
    }

    pub fn staged<'a>(&mut self, staged: impl Iterator<Item = (&'a String, &'a Staged)>) {
        for (name, staged) in staged {
            for fetch in self.detail.fetches.iter_mut().filter(|fetch| fetch.fetch == *name) {
                fetch.rows = Some(staged.info.rows);
            }
        }
    }

    /// A dataset as it stands at the run's end.
    pub fn dataset(&mut self, manifest: &Manifest, published: bool) {
        let change = manifest.change.as_ref().filter(|_| published);
        self.detail.datasets.push(DatasetDetail {
            dataset: manifest.dataset.clone(),
            version: manifest.version.to_string(),
            rows: manifest.rows,
            published,
            changed: change.map(|change| RowsChanged {
                added: change.added,
                removed: change.removed,
                revised: change.revised,
            }),
            kinds: if published {
                manifest.kinds.iter().map(|kind| format!("{kind:?}").to_lowercase()).collect()
            } else {
                Vec::new()
            },
            checks: manifest.checks.iter().map(|result| check(&manifest.dataset, result)).collect(),
        });
    }

    pub fn end(mut self, verdict: &Verdict, options: &Options, tally: &Tally) -> RunDetail {
        if verdict.result.is_err() {
            self.lap("where it failed");
        }
        let mut detail = self.detail;
        crate::PROGRAM.clone_into(&mut detail.program);
        detail.started_by = match (&options.started_by, &options.accept) {
            (Some(by), _) => by.clone(),
            (None, Some(accept)) => format!("accept: {}", accept.reason),
            (None, None) => "by hand".to_owned(),
        };
        detail.sources = tally.by_source();
        detail.sources.values_mut().for_each(rounded);
        detail.notes.clone_from(&verdict.notes);
        if let Err(problem) = &verdict.result {
            detail.error = Some(problem.told());
            detail.hint = problem.hint();
            if let Problem::Checks { findings, .. } = problem {
                detail.failed_checks = findings
                    .iter()
                    .map(|(dataset, finding)| CheckDetail {
                        dataset: dataset.clone(),
                        check: finding.check.clone(),
                        held: false,
                        severity: severity(finding.severity).to_owned(),
                        message: finding.message.clone(),
                    })
                    .collect();
            }
        }
        detail
    }
}

fn rounded(counts: &mut SourceCounts) {
    counts.waited_secs = (counts.waited_secs * 1000.0).round() / 1000.0;
}

fn check(dataset: &str, result: &CheckResult) -> CheckDetail {
    CheckDetail {
        dataset: dataset.to_owned(),
        check: result.check.clone(),
        held: result.held,
        severity: severity(result.severity).to_owned(),
        message: result.message.clone(),
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warn => "warn",
    }
}
