//! How the loop is heard: `daemon.json`, systemd, the log.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::tell::{Said, Teller};

use super::beat::{Ended, Tell};
use super::late::Late;
use super::live::Shown;
use super::systemd;

pub struct Voice {
    data_dir: PathBuf,
    teller: Arc<Teller>,
}

impl Voice {
    pub fn new(data_dir: &Path, teller: Arc<Teller>) -> Self {
        Self { data_dir: data_dir.to_owned(), teller }
    }

    fn observe(&self, said: Said) {
        if let Err(error) = self.teller.observe(&[said]) {
            tracing::warn!(%error, "something is not told to anybody");
        }
    }
}

impl Tell for Voice {
    fn shown(&self, shown: &Shown) {
        systemd::status(&status_line(shown));
        if let Err(error) = shown.write(&self.data_dir) {
            tracing::warn!(%error, "daemon.json is out of date");
        }
    }

    fn ended(&self, _ended: &Ended) {}

    fn late(&self, pipeline: &str, late: Option<&Late>, now: Timestamp) {
        match late {
            Some(late) => {
                let since = late.since().unwrap_or(now).strftime("%Y-%m-%d %H:%M UTC");
                let why = late.why();
                let code = late.code();
                tracing::warn!(pipeline, %code, %since, why, "late");
                let text = code.mark(&format_args!("late since {since}: {why}"));
                self.observe(Said::late(pipeline, &text, now));
            }
            None => {
                tracing::info!(pipeline, "late no longer");
                self.observe(Said::on_time(pipeline, now));
            }
        }
    }

    fn alive(&self) {
        systemd::alive();
    }
}

/// `2 running; next folk 08:05 UTC; late: annonser; configuration refused`.
pub fn status_line(shown: &Shown) -> String {
    let mut parts = Vec::new();
    if shown.stopping {
        parts.push("stopping".to_owned());
    }
    if let Some(why) = shown.why_not_ready.as_ref().filter(|_| !shown.stopping) {
        parts.push(format!("not ready: {why}"));
    }
    parts.push(format!("{} running", shown.running));
    let due = |(name, live): (&String, &super::live::PipelineLive)| Some((live.next_due?, name.clone()));
    if let Some((at, name)) = shown.pipelines.iter().filter_map(due).min() {
        parts.push(format!("next {name} {}", at.strftime("%Y-%m-%d %H:%M UTC")));
    }
    let late: Vec<&str> =
        shown.pipelines.iter().filter(|(_, live)| live.late_since.is_some()).map(|(name, _)| name.as_str()).collect();
    if !late.is_empty() {
        parts.push(format!("late: {}", late.join(", ")));
    }
    if shown.configuration.refused.is_some() {
        parts.push("the configuration on disk is refused, the one before is in force".to_owned());
    }
    parts.join("; ")
}
