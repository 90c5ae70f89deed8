//! When each pipeline that waits for releases is to be asked next.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::beat::Work;

/// By pipeline.
#[derive(Default)]
pub struct Polls {
    next: BTreeMap<String, Timestamp>,
}

impl Polls {
    pub fn new<'a>(pipelines: impl Iterator<Item = &'a str>, work: &impl Work, now: Timestamp) -> Self {
        let next = pipelines.filter_map(|name| Some((name.to_owned(), work.next_poll(name, now)?)));
        Self { next: next.collect() }
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
    }

    pub fn next(&self, pipeline: &str) -> Option<Timestamp> {
        self.next.get(pipeline).copied()
    }
}
