//! What the daemon shows of itself: `daemon.json` in the data folder, the status page and systemd's status line are
//! all made of it. Written at each change, whole or not at all; nothing is decided by it.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::store::{StoreError, place_file};

/// A file in the data folder.
pub const FILE: &str = "daemon.json";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    pub process: u32,
    pub program: String,
    pub since: Timestamp,
    /// The configuration is valid and the lake was looked through: what is due can be published.
    pub ready: bool,
    pub why_not_ready: Option<String>,
    pub configuration: Configuration,
    pub pipelines: BTreeMap<String, PipelineLive>,
    /// Runs under way.
    pub running: usize,
    /// It was told to stop and starts nothing more.
    pub stopping: bool,
}

/// The configuration in force, and what became of the last attempt to change it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    pub loaded_at: Timestamp,
    /// `added a; removed b; changed c`, of the last change that was taken.
    pub changed: String,
    /// When a later one was refused, and why, as `check` shows it. The one in force stays.
    pub refused_at: Option<Timestamp>,
    pub refused: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PipelineLive {
    pub next_due: Option<Timestamp>,
    /// `cron`, `release` or `after befolkning`.
    pub next_why: String,
    /// The run under way.
    pub running: Option<i64>,
    /// Due, and waiting for a place or for its own run before.
    pub queued: bool,
    /// Since when a slot or a release is later than it may be, and which.
    pub late_since: Option<Timestamp>,
    #[serde(default)]
    pub late_why: String,
}

impl Shown {
    pub fn write(&self, data_dir: &Path) -> Result<(), StoreError> {
        let json = serde_json::to_vec_pretty(self).unwrap_or_default();
        place_file(&data_dir.join(FILE), &json)
    }

    /// None when there is none, or none that this program can read.
    pub fn read(data_dir: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(data_dir.join(FILE)).ok()?).ok()
    }
}
