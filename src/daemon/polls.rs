//! When each pipeline with a `[release]` asks its source next.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::config::Config;
use crate::ledger::Ledger;

/// By pipeline.
#[derive(Default)]
pub struct Polls {
    next: BTreeMap<String, Timestamp>,
}

impl Polls {
    pub fn new(_config: &Config, _ledger: &Ledger, _now: Timestamp) -> Self {
        Self::default()
    }

    /// Those to be asked now; each is asked again only after its run has ended.
    pub fn due(&mut self, now: Timestamp) -> Vec<String> {
        let due: Vec<String> = self.next.iter().filter(|(_, at)| **at <= now).map(|(name, _)| name.clone()).collect();
        for name in &due {
            self.next.remove(name);
        }
        due
    }

    /// What the source said decides when it is asked again.
    pub fn ended(&mut self, _pipeline: &str, _ledger: &Ledger, _now: Timestamp) {}

    pub fn next(&self, pipeline: &str) -> Option<Timestamp> {
        self.next.get(pipeline).copied()
    }
}
