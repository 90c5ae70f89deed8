//! The daemon as it shows itself, and whether it is still there.

use std::fs::{File, TryLockError};
use std::path::Path;

use serde::Serialize;

use crate::daemon::live::{Configuration, PipelineLive, Shown};

/// Held by a daemon for as long as it lives.
const LOCK: &str = "daemon.lock";

#[derive(Debug, Serialize)]
pub struct DaemonStatus {
    /// It runs now; otherwise the rest is what it showed last.
    pub alive: bool,
    pub process: u32,
    pub program: String,
    pub since: jiff::Timestamp,
    pub ready: bool,
    pub why_not_ready: Option<String>,
    pub stopping: bool,
    /// Runs under way.
    pub running: usize,
    pub configuration: Configuration,
    #[serde(skip)]
    pipelines: std::collections::BTreeMap<String, PipelineLive>,
}

impl DaemonStatus {
    /// None where none ever ran.
    pub fn look(data_dir: &Path) -> Option<Self> {
        let shown = Shown::read(data_dir)?;
        let alive = is_held(&data_dir.join(LOCK));
        Some(Self {
            alive,
            process: shown.process,
            program: shown.program,
            since: shown.since,
            ready: alive && shown.ready && !shown.stopping,
            why_not_ready: shown.why_not_ready,
            stopping: shown.stopping,
            running: if alive { shown.running } else { 0 },
            configuration: shown.configuration,
            pipelines: shown.pipelines,
        })
    }

    /// The pipelines of the configuration that it went by last.
    pub fn pipelines(&self) -> impl Iterator<Item = String> {
        self.pipelines.keys().cloned()
    }

    /// What it does with a pipeline; nothing when it is gone.
    pub fn of(&self, pipeline: &str) -> Option<&PipelineLive> {
        self.pipelines.get(pipeline).filter(|_| self.alive)
    }

    /// Why nothing can be published now; none when it can.
    pub fn unready(&self) -> Option<String> {
        match (self.alive, self.stopping, self.ready) {
            (false, ..) => Some("the daemon does not run".to_owned()),
            (_, true, _) => Some("the daemon is stopping".to_owned()),
            (.., false) => Some(self.why_not_ready.clone().unwrap_or_else(|| "the daemon is not ready".to_owned())),
            _ => None,
        }
    }
}

/// Asking holds it off for no longer than a look takes.
fn is_held(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_that_is_gone_is_not_ready_whatever_it_showed_last() {
        let dir = tempfile::tempdir().unwrap();
        assert!(DaemonStatus::look(dir.path()).is_none());
        let json = r#"{"process":1,"program":"underlag/0.1.0","since":"2026-11-23T08:00:00Z","ready":true,
            "why_not_ready":null,"configuration":{"loaded_at":"2026-11-23T08:00:00Z","changed":"","refused_at":null,
            "refused":null},"pipelines":{"folk":{"next_due":null,"next_why":"cron","running":null,"queued":false,
            "late_since":null}},"running":1,"stopping":false}"#;
        std::fs::write(dir.path().join("daemon.json"), json).unwrap();
        let gone = DaemonStatus::look(dir.path()).unwrap();
        assert!(!gone.alive && !gone.ready && gone.running == 0 && gone.of("folk").is_none());
        assert_eq!(gone.unready().as_deref(), Some("the daemon does not run"));
        let held = File::create(dir.path().join(LOCK)).unwrap();
        held.lock().unwrap();
        let alive = DaemonStatus::look(dir.path()).unwrap();
        assert!(alive.alive && alive.ready && alive.of("folk").is_some() && alive.unready().is_none());
    }
}
