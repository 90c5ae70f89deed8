//! When each pipeline that waits for releases is to be asked next, and when what it waits for is late.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::beat::Work;
use crate::release::Overdue;

/// By pipeline.
#[derive(Default)]
pub struct Polls {
    next: BTreeMap<String, Timestamp>,
    overdue: BTreeMap<String, Overdue>,
}

impl Polls {
    pub fn new<'a>(pipelines: impl Iterator<Item = &'a str>, work: &impl Work, now: Timestamp) -> Self {
        let mut polls = Self::default();
        for name in pipelines {
            polls.ended(name, work, now);
        }
        polls
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
    pub fn ended(&mut self, pipeline: &str, work: &impl Work, now: Timestamp) {
        match work.next_poll(pipeline, now) {
            Some(at) => drop(self.next.insert(pipeline.to_owned(), at)),
            None => drop(self.next.remove(pipeline)),
        }
        self.published(pipeline, work);
    }

    /// Something else than its own run may have fetched what was waited for.
    pub fn published(&mut self, pipeline: &str, work: &impl Work) {
        match work.overdue(pipeline) {
            Some(overdue) => drop(self.overdue.insert(pipeline.to_owned(), overdue)),
            None => drop(self.overdue.remove(pipeline)),
        }
    }

    pub fn overdue(&self, pipeline: &str) -> Option<Overdue> {
        self.overdue.get(pipeline).copied()
    }

    pub fn next(&self, pipeline: &str) -> Option<Timestamp> {
        self.next.get(pipeline).copied()
    }
}
