//! What a driver was told, kept like the ledger keeps it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::schedule::{Event, Memory, Open, Scheduled, SlotEntry, SlotState, Start};

use super::oracle::Expected;

/// A run as it began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SeenRun {
    pub slots: Vec<Timestamp>,
    pub causes: BTreeSet<String>,
}

#[derive(Default)]
pub(crate) struct Book {
    pub slots: BTreeMap<String, BTreeMap<Timestamp, SlotEntry>>,
    pub scheduled: BTreeMap<String, Scheduled>,
    /// By pipeline and beginning.
    pub runs: BTreeMap<(String, Timestamp), SeenRun>,
}

impl Book {
    /// Writes events, and gives what is to be started. No sealed fate may be written again.
    pub fn take(&mut self, events: &[Event]) -> Vec<Start> {
        let mut starts = Vec::new();
        for event in events {
            match event {
                Event::Slot(slot) => {
                    assert!(starts.is_empty(), "{slot:?} comes after a start");
                    let before = self.slots.entry(slot.pipeline.clone()).or_default().insert(slot.due_at, slot.clone());
                    assert!(before.as_ref().is_none_or(|before| before.state.is_open()), "{before:?} became {slot:?}");
                }
                Event::Remember { pipeline, fingerprint, seen_until } => {
                    let scheduled = Scheduled { fingerprint: fingerprint.clone(), seen_until: *seen_until };
                    self.scheduled.insert(pipeline.clone(), scheduled);
                }
                Event::Forget { pipeline } => drop(self.scheduled.remove(pipeline)),
                Event::SetBack { .. } => panic!("no clock is set back in this book"),
                Event::Start(start) => {
                    for due_at in &start.slots {
                        assert_eq!(self.slots[&start.pipeline][due_at].state, SlotState::Running, "{start:?}");
                    }
                    starts.push(start.clone());
                }
            }
        }
        starts
    }

    /// Notes a run that begins; gives its number.
    pub fn begin(&mut self, start: &Start, now: Timestamp) -> i64 {
        let causes = start.causes.iter().map(ToString::to_string).collect();
        let before = self.runs.insert((start.pipeline.clone(), now), SeenRun { slots: start.slots.clone(), causes });
        assert_eq!(before, None, "{start:?} began twice");
        self.runs.len() as i64
    }

    pub fn memory(&self) -> BTreeMap<String, Memory> {
        let mut memory: BTreeMap<String, Memory> = BTreeMap::new();
        for (pipeline, scheduled) in &self.scheduled {
            memory.entry(pipeline.clone()).or_default().scheduled = Some(scheduled.clone());
        }
        for (pipeline, slots) in &self.slots {
            let open: Vec<Open> = slots.values().filter(|slot| slot.state.is_open()).map(open).collect();
            if open.is_empty() && !memory.contains_key(pipeline) {
                continue;
            }
            let latest = |state| slots.values().rev().find(|slot: &&SlotEntry| slot.state == state);
            let handled = latest(SlotState::Handled).map_or(Timestamp::MIN, |slot| slot.due_at);
            let mut failed = slots.values().filter(|slot| slot.state == SlotState::Failed && slot.due_at > handled);
            let memory = memory.entry(pipeline.clone()).or_default();
            memory.open = open;
            memory.failed_since = failed.next().map(|slot| slot.due_at);
            memory.last = slots.values().next_back().map(|slot| slot.last);
        }
        memory
    }

    /// Holds every fate and every run against what was expected.
    pub fn compare(&self, mut expected: Expected) {
        let mut seen = 0;
        for (pipeline, slots) in &self.slots {
            let fates = expected.slots.entry(pipeline.clone()).or_default();
            for slot in slots.values() {
                let row: Vec<Timestamp> = fates.range(slot.due_at..=slot.last).map(|(due_at, _)| *due_at).collect();
                assert_eq!(row.len() as u64, slot.count, "{slot:?} is expected to be {row:?}");
                assert_eq!((row[0], row[row.len() - 1]), (slot.due_at, slot.last), "{slot:?}");
                for due_at in row {
                    let fate = fates.remove(&due_at).unwrap();
                    assert_eq!((slot.state, &slot.why), (fate.state, &fate.why), "{due_at} of {slot:?}");
                    seen += 1;
                }
            }
            assert!(fates.is_empty(), "{pipeline}: not seen {fates:?}");
            expected.slots.remove(pipeline);
        }
        assert!(expected.slots.values().all(BTreeMap::is_empty), "not seen: {:?}", expected.slots);
        for (run, seen) in &self.runs {
            assert_eq!(expected.runs.remove(run).as_ref(), Some(seen), "{run:?}");
        }
        assert!(expected.runs.is_empty(), "not begun: {:?}", expected.runs);
        assert!(seen > 100_000, "only {seen} slots");
    }
}

fn open(slot: &SlotEntry) -> Open {
    Open {
        due_at: slot.due_at,
        cause: slot.why.parse().unwrap(),
        begun: slot.state == SlotState::Running,
        run: slot.run,
        outcome: None,
    }
}
