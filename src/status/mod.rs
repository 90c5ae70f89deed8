//! How everything stands, as `underlag status`, the status page and the metrics
//! tell it: the lake, the ledger, and what a daemon shows of itself. Read only.

mod daemon;
mod pipeline;
mod words;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use crate::config::Config;
use crate::lake::{Lake, LakeError};
use crate::ledger::{Ledger, LedgerError};

pub use daemon::DaemonStatus;
pub use pipeline::{DatasetStatus, PipelineStatus, WaitingStatus};
pub use words::{age, ago, span, time};

/// As far back as pipelines are looked for that nothing else tells of.
const MOST_RUNS: u32 = 10_000;

#[derive(Debug, Serialize)]
pub struct Status {
    pub program: &'static str,
    /// When this was looked at.
    pub at: Timestamp,
    /// None where no daemon ever ran here.
    pub daemon: Option<DaemonStatus>,
    pub pipelines: Vec<PipelineStatus>,
}

#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Lake(#[from] LakeError),
}

impl Status {
    /// What cannot be read of one pipeline's datasets is told with it, and hinders no other.
    pub fn look(config: &Config, lake: &Lake, ledger: &Ledger, at: Timestamp) -> Result<Self, StatusError> {
        let daemon = DaemonStatus::look(lake.root());
        let at_work = lake.is_locked();
        let mut pipelines = Vec::new();
        for pipeline in config.pipelines.values() {
            let live = daemon.as_ref().and_then(|daemon| daemon.of(&pipeline.name));
            pipelines.push(PipelineStatus::look(pipeline, lake, ledger, at_work, live, at)?);
        }
        Ok(Self { program: crate::PROGRAM, at, daemon, pipelines })
    }

    /// The same where the configuration is refused: also of pipelines that could not be read, by what was recorded.
    pub fn last_known(config: &Config, lake: &Lake, ledger: &Ledger, at: Timestamp) -> Result<Self, StatusError> {
        let mut status = Self::look(config, lake, ledger, at)?;
        let mut names: BTreeSet<String> = ledger.runs(None, MOST_RUNS)?.into_iter().map(|run| run.pipeline).collect();
        names.extend(status.daemon.iter().flat_map(DaemonStatus::pipelines));
        let at_work = lake.is_locked();
        let live = |name: &str| status.daemon.as_ref().and_then(|daemon| daemon.of(name));
        let mut rows = Vec::new();
        for name in names {
            // One that was read to its end has its datasets.
            let read = status.pipelines.iter().any(|row| row.pipeline == name && !row.datasets.is_empty());
            if !read {
                rows.push(PipelineStatus::remembered(&name, lake, ledger, at_work, live(&name))?);
            }
        }
        status.pipelines.retain(|row| rows.iter().all(|other| other.pipeline != row.pipeline));
        status.pipelines.extend(rows);
        status.pipelines.sort_by(|a, b| a.pipeline.cmp(&b.pipeline));
        Ok(status)
    }

    pub fn pipeline(&self, name: &str) -> Option<&PipelineStatus> {
        self.pipelines.iter().find(|row| row.pipeline == name)
    }

    /// The first that could not be read, for whom nothing less than all will do.
    pub fn fault(&mut self) -> Option<LakeError> {
        self.pipelines.iter_mut().find_map(|row| row.fault.take())
    }
}
