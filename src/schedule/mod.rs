//! When pipelines run: what is due by the clock, by a release or because
//! another pipeline published, and what becomes of every slot. Pure: it is told
//! what time it is and what ended, and answers with what is to be written and
//! started. It has no clock, touches no disk and knows nothing of what a run does.
//! docs/schedules.md has the rules in an operator's words.

mod job;
mod scheduler;
mod settle;
mod start;
mod times;
mod track;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::Serialize;

use crate::ledger::Outcome;

pub use job::{Job, jobs};
pub use scheduler::Scheduler;
pub use times::Times;

/// Why a pipeline is due.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(into = "String")]
pub enum Cause {
    Cron,
    Release,
    /// The pipeline that published.
    After(String),
    /// A run failed for what may pass; for the so-manieth time in a row.
    Retry(u8),
    Hand,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cron => f.pad("cron"),
            Self::Release => f.pad("release"),
            Self::After(pipeline) => f.pad(&format!("after {pipeline}")),
            Self::Retry(tried) => f.pad(&format!("retry {tried}")),
            Self::Hand => f.pad("by hand"),
        }
    }
}

impl From<Cause> for String {
    fn from(cause: Cause) -> Self {
        cause.to_string()
    }
}

impl FromStr for Cause {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "cron" => Ok(Self::Cron),
            "release" => Ok(Self::Release),
            "by hand" => Ok(Self::Hand),
            text => match text.split_once(' ') {
                Some(("after", pipeline)) => Ok(Self::After(pipeline.to_owned())),
                Some(("retry", tried)) => tried.parse().map(Self::Retry).map_err(drop),
                _ => Err(()),
            },
        }
    }
}

/// One run that is to begin now, and all that it serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    pub pipeline: String,
    /// In order of time; each has been told as [`SlotState::Running`].
    pub slots: Vec<Timestamp>,
    pub causes: BTreeSet<Cause>,
}

/// What became of a slot: an instant that cron gives, or the second in which something else made the pipeline due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SlotEntry {
    pub pipeline: String,
    /// Names the slot together with the pipeline; a whole second.
    pub due_at: Timestamp,
    /// Later than `due_at` where one entry tells of a row of slots that share a fate.
    pub last: Timestamp,
    /// How many they are.
    pub count: u64,
    pub state: SlotState,
    /// The cause, as [`Cause`] writes it; of a skipped slot the reason.
    pub why: String,
    /// The run that serves it, once it has begun.
    pub run: Option<i64>,
    /// When it came into this state.
    pub at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotState {
    /// A run will serve it, and has not begun.
    Due,
    Running,
    Handled,
    Failed,
    Skipped,
}

impl SlotState {
    pub const ALL: [Self; 5] = [Self::Due, Self::Running, Self::Handled, Self::Failed, Self::Skipped];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Running => "running",
            Self::Handled => "handled",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// Its fate is not sealed yet.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Due | Self::Running)
    }
}

impl fmt::Display for SlotState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for SlotState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(())
    }
}

/// What is to be done, in this order: everything is written ([`crate::ledger::Ledger::record`], in one
/// transaction) before anything starts. Starts stand last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Slot(SlotEntry),
    /// All slots of the pipeline until then have been told of, under the definition of that fingerprint.
    Remember {
        pipeline: String,
        fingerprint: String,
        seen_until: Timestamp,
    },
    /// The pipeline is there no longer.
    Forget {
        pipeline: String,
    },
    /// The clock was set back by more than a day: what is recorded of later than `to` has not been.
    SetBack {
        to: Timestamp,
    },
    Start(Start),
}

/// What the ledger knows of a pipeline when the program starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// None when only slots are left of it.
    pub scheduled: Option<Scheduled>,
    /// Due or running when the program ended, in order of time.
    pub open: Vec<Open>,
    /// The earliest slot that failed since the last success.
    pub failed_since: Option<Timestamp>,
    /// The latest slot that is recorded.
    pub last: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheduled {
    pub fingerprint: String,
    pub seen_until: Timestamp,
}

/// A slot whose fate was not sealed when the program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    pub due_at: Timestamp,
    pub cause: Cause,
    /// A run had begun to serve it.
    pub begun: bool,
    pub run: Option<i64>,
    /// How that run ended, where it was still recorded.
    pub outcome: Option<Outcome>,
}
