//! When each pipeline that waits for releases is to be asked next, and when what it waits for is late.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::beat::Work;

/// By pipeline.
#[derive(Default)]
pub struct Polls {
    next: BTreeMap<String, Timestamp>,
    late: BTreeMap<String, Timestamp>,
}

impl Polls {
    pub fn new<'a>(pipelines: impl Iterator<Item = &'a str>, work: &impl Work, now: Timestamp) -> Self {
        let mut polls = Self::default();
        pipelines.for_each(|name| polls.ended(name, work, now));
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
        match work.late_release(pipeline, now) {
            Some(at) => drop(self.late.insert(pipeline.to_owned(), at)),
            None => drop(self.late.remove(pipeline)),
        }
    }

    /// Since when the release that it waits for is late.
    pub fn late_since(&self, pipeline: &str, now: Timestamp) -> Option<Timestamp> {
        self.late.get(pipeline).copied().filter(|at| *at <= now)
    }

    pub fn next(&self, pipeline: &str) -> Option<Timestamp> {
        self.next.get(pipeline).copied()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::sync::mpsc;

    use super::super::beat::Message;
    use super::*;
    use crate::schedule::Start;

    /// A source whose release is late at a time, until it has come.
    struct Awaits(Mutex<Option<Timestamp>>);

    impl Work for Awaits {
        fn start(&self, _: Start, _: mpsc::UnboundedSender<Message>) {}

        fn next_poll(&self, _: &str, after: Timestamp) -> Option<Timestamp> {
            Some(after)
        }

        fn late_release(&self, _: &str, _: Timestamp) -> Option<Timestamp> {
            *self.0.lock().unwrap()
        }

        fn stop(&self) {}
    }

    #[test]
    fn a_release_is_late_from_its_time_until_a_run_has_found_it() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let work = Awaits(Mutex::new(Some(at(100))));
        let mut polls = Polls::new(["folk"].into_iter(), &work, at(0));
        assert_eq!(polls.late_since("folk", at(99)), None);
        assert_eq!(polls.late_since("folk", at(100)), Some(at(100)));
        polls.ended("folk", &work, at(150));
        assert_eq!(polls.late_since("folk", at(150)), Some(at(100)), "the run found nothing");
        *work.0.lock().unwrap() = Some(at(900));
        polls.ended("folk", &work, at(200));
        assert_eq!(polls.late_since("folk", at(200)), None);
        assert_eq!(polls.late_since("annat", at(200)), None);
    }
}
