//! Whatever the clock, the operator and the runs do: no slot is lost, none has two fates, and no rule of starting is
//! broken. Told through a real ledger, from which the scheduler is started again now and then.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use crate::config::{Missed, Overlap, Schedule};
use crate::ledger::{Ledger, Outcome, RunEntry, RunId};
use crate::schedule::testing::{Pattern, walk};
use crate::schedule::{Cause, Event, Job, Scheduler, SlotEntry, SlotState};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const PATTERNS: [&str; 6] =
    ["*/20 * * * *", "30 2 * * *", "0 * * * *", "15 8,20 * * *", "*/30 2 * * *", "7 */3 * * 0,1"];
const ZONE: &str = "Europe/Stockholm";

#[derive(Clone, Debug)]
enum Happening {
    /// As the daemon's loop does.
    Wake,
    Advance(i64),
    /// The clock is set back, less than a day in all.
    Back(i64),
    End(usize, Outcome, bool),
    Request(usize, Cause),
    Published(usize),
    /// One pipeline becomes another edition of itself, or goes (0).
    Edit(usize, u8),
    /// Killed, stopped, or killed after the runs' ends were written; edited meanwhile or not.
    Restart {
        how: u8,
        gap: i64,
        edit: Option<(usize, u8)>,
    },
}

fn happening() -> impl Strategy<Value = Happening> {
    let outcome =
        prop::sample::select(vec![Outcome::Published, Outcome::Unchanged, Outcome::Failed, Outcome::Interrupted]);
    let cause = prop::sample::select(vec![Cause::Hand, Cause::Release]);
    let edit = || (0..NAMES.len(), 0..9_u8);
    prop_oneof![
        8 => Just(Happening::Wake),
        4 => (1..9000_i64).prop_map(Happening::Advance),
        1 => (9000..200_000_i64).prop_map(Happening::Advance),
        1 => (1..50_000_i64).prop_map(Happening::Back),
        6 => (0..NAMES.len(), outcome, any::<bool>())
            .prop_map(|(which, outcome, may_pass)| Happening::End(which, outcome, may_pass)),
        2 => (0..NAMES.len(), cause).prop_map(|(which, cause)| Happening::Request(which, cause)),
        1 => (0..NAMES.len()).prop_map(Happening::Published),
        2 => edit().prop_map(|(which, edition)| Happening::Edit(which, edition)),
        2 => (0..3_u8, 0..30_000_i64, prop::option::weighted(0.3, edit()))
            .prop_map(|(how, gap, edit)| Happening::Restart { how, gap, edit }),
    ]
}

/// None in edition 0.
fn job(which: usize, edition: u8) -> Option<Job> {
    let bit = |bit: u8| edition.wrapping_mul(37).wrapping_add(which as u8) & bit > 0;
    let schedule = Schedule {
        cron: Some(PATTERNS[(which + edition as usize) % PATTERNS.len()].to_owned()),
        after: if which > 0 && bit(8) { vec![NAMES[which - 1].to_owned()] } else { Vec::new() },
        enabled: edition % 5 != 4,
        timezone: ZONE.to_owned(),
        missed: if bit(1) { Missed::Skip } else { Missed::Latest },
        overlap: if bit(2) { Overlap::Skip } else { Overlap::Queue },
        jitter: if bit(4) { Duration::from_mins(40) } else { Duration::ZERO },
        late_after: bit(16).then_some(Duration::from_hours(1)),
    };
    let fingerprint = edition.to_string();
    (edition > 0).then(|| Job { pipeline: NAMES[which].to_owned(), fingerprint, schedule: Some(schedule) })
}

/// In which a pipeline's definition is in force.
struct Life {
    which: usize,
    edition: u8,
    from: Timestamp,
    to: Option<Timestamp>,
}

struct World {
    ledger: Ledger,
    scheduler: Scheduler,
    places: usize,
    stopping: bool,
    editions: [u8; 4],
    now: Timestamp,
    /// The latest it has been, or has been said to be.
    latest: Timestamp,
    lives: Vec<Life>,
    running: BTreeMap<String, RunId>,
    fates: BTreeMap<(String, Timestamp), SlotEntry>,
    /// Slots that came by something else than their time.
    asked: BTreeSet<(String, Timestamp)>,
}

impl World {
    fn new(places: usize, begin: Timestamp) -> Self {
        let editions = [1, 2, 3, 5];
        let ledger = Ledger::in_memory().unwrap();
        let (scheduler, events) = Scheduler::start(jobs(&editions), places, BTreeMap::new(), begin);
        let lives = (0..4).map(|which| Life { which, edition: editions[which], from: begin, to: None }).collect();
        let (running, fates, asked) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        let mut world = Self {
            ledger,
            scheduler,
            places,
            stopping: false,
            editions,
            now: begin,
            latest: begin,
            lives,
            running,
            fates,
            asked,
        };
        world.take(events);
        world
    }

    fn happen(&mut self, happening: &Happening) {
        match happening {
            Happening::Wake => {
                let wake = self.scheduler.next_wake().unwrap_or(self.now);
                // The loop sleeps a day at most.
                self.pass(wake.duration_since(self.now).as_secs().clamp(0, 86_400));
                let events = self.scheduler.tick(self.now);
                self.take(events);
            }
            Happening::Advance(seconds) => {
                self.pass(*seconds);
                let events = self.scheduler.tick(self.now);
                self.take(events);
            }
            Happening::Back(seconds) => {
                let floor = self.latest - SignedDuration::from_hours(23);
                self.now = (self.now - SignedDuration::from_secs(*seconds)).max(floor);
                let events = self.scheduler.tick(self.now);
                self.take(events);
            }
            Happening::End(which, outcome, may_pass) => {
                let Some(run) = self.running.remove(NAMES[*which]) else { return };
                self.pass(1);
                self.end(run, *outcome);
                let events = self.scheduler.ended(NAMES[*which], *outcome, *may_pass, self.now);
                self.take(events);
            }
            Happening::Request(which, cause) => {
                let events = self.scheduler.request(NAMES[*which], cause.clone(), self.now);
                self.take(events);
            }
            Happening::Published(which) => {
                let events = self.scheduler.published(NAMES[*which], self.now);
                self.take(events);
            }
            Happening::Edit(which, edition) => {
                let before = self.editions;
                self.editions[*which] = *edition;
                let events = self.scheduler.reload(jobs(&self.editions), self.places, self.now);
                self.live_on(before, self.latest);
                self.take(events);
            }
            Happening::Restart { how, gap, edit } => self.restart(*how, *gap, *edit),
        }
    }

    fn restart(&mut self, how: u8, gap: i64, edit: Option<(usize, u8)>) {
        for (pipeline, run) in std::mem::take(&mut self.running) {
            if how == 1 {
                self.stopping = true;
                self.scheduler.stop();
                let events = self.scheduler.ended(&pipeline, Outcome::Interrupted, false, self.now);
                self.take(events);
            }
            self.end(run, if how == 2 { Outcome::Published } else { Outcome::Interrupted });
        }
        let told = self.latest;
        self.pass(gap);
        let before = self.editions;
        if let Some((which, edition)) = edit {
            self.editions[which] = edition;
        }
        let memory = self.ledger.memory().unwrap();
        let (scheduler, events) = Scheduler::start(jobs(&self.editions), self.places, memory, self.now);
        self.scheduler = scheduler;
        self.stopping = false;
        self.live_on(before, told);
        self.take(events);
    }

    fn pass(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
        self.latest = self.latest.max(self.now);
    }

    /// Notes which definitions ended, their slots told until then, and which began. From when is the scheduler's word:
    /// when the clock was set back, a new definition waits until it has caught up.
    fn live_on(&mut self, before: [u8; 4], told: Timestamp) {
        let from = self.scheduler.latest;
        assert!(from >= self.now && from <= self.latest + SignedDuration::from_secs(100));
        for (which, old) in before.into_iter().enumerate() {
            if old != self.editions[which] {
                for life in self.lives.iter_mut().filter(|life| life.which == which) {
                    life.to.get_or_insert(told);
                }
                self.lives.push(Life { which, edition: self.editions[which], from, to: None });
            }
        }
    }

    fn end(&mut self, run: RunId, outcome: Outcome) {
        let entry = RunEntry { outcome, ..self.ledger.runs(None, 1).unwrap().remove(0) };
        self.ledger.end(run, &entry).unwrap();
    }

    fn take(&mut self, events: Vec<Event>) {
        self.ledger.record(&events).unwrap();
        for event in events {
            match event {
                Event::Slot(slot) => self.slot(slot),
                Event::Start(start) => {
                    let which = NAMES.iter().position(|name| *name == start.pipeline).unwrap();
                    let job = job(which, self.editions[which]).unwrap();
                    assert!(job.schedule.unwrap().enabled || start.causes.contains(&Cause::Hand), "{start:?}");
                    for due_at in &start.slots {
                        assert_eq!(self.fates[&(start.pipeline.clone(), *due_at)].state, SlotState::Running);
                    }
                    assert!(!self.running.contains_key(&start.pipeline), "{start:?} overlaps");
                    let run = self.ledger.begin(&start.pipeline, self.now).unwrap();
                    let number = self.ledger.runs(None, 1).unwrap()[0].run;
                    self.running.insert(start.pipeline.clone(), run);
                    let events = self.scheduler.began(&start.pipeline, number, self.now);
                    assert_eq!(events.len(), start.slots.len());
                    self.ledger.record(&events).unwrap();
                }
                Event::Remember { .. } | Event::Forget { .. } => {}
                Event::SetBack { .. } => panic!("it was set back by less than a day"),
            }
        }
        assert!(self.running.len() <= self.places);
        if !self.stopping {
            assert_eq!(self.scheduler.running(), self.running.len());
            let idle = |name: &&str| self.scheduler.is_queued(name) && !self.scheduler.is_running(name);
            assert!(self.running.len() == self.places || !NAMES.iter().any(idle), "nobody waits beside a free place");
        }
        assert_eq!(self.scheduler.tick(self.now), [], "a second look finds nothing");
        assert!(self.scheduler.next_wake().is_none_or(|wake| wake > self.now));
    }

    fn slot(&mut self, slot: SlotEntry) {
        let key = (slot.pipeline.clone(), slot.due_at);
        if slot.state.is_open() && slot.why != "cron" {
            self.asked.insert(key.clone());
        }
        assert_eq!(slot.due_at.subsec_nanosecond(), 0);
        let before = self.fates.insert(key, slot.clone());
        assert!(before.as_ref().is_none_or(|before| before.state.is_open()), "{before:?} became {slot:?}");
    }

    /// Every slot that the calendar gives to a definition has exactly one row, or its part of one, and there are no others.
    fn close(mut self, begin: Timestamp) {
        self.now = self.latest;
        let events = self.scheduler.tick(self.now);
        self.take(events);
        let read: Vec<Pattern> = PATTERNS.iter().map(|pattern| Pattern::new(pattern)).collect();
        let calendar = walk(ZONE, &read, begin, self.latest);
        for (which, name) in NAMES.iter().enumerate() {
            let mut expected: BTreeSet<Timestamp> = BTreeSet::new();
            for life in self.lives.iter().filter(|life| life.which == which) {
                let Some(schedule) = job(which, life.edition).and_then(|job| job.schedule).filter(|each| each.enabled)
                else {
                    continue;
                };
                let slots =
                    &calendar[PATTERNS.iter().position(|each| Some(*each) == schedule.cron.as_deref()).unwrap()];
                let to = life.to.unwrap_or(self.latest);
                expected.extend(slots.iter().filter(|slot| **slot > life.from && **slot <= to));
            }
            for slot in self.fates.values().filter(|slot| slot.pipeline == *name) {
                if self.asked.contains(&(slot.pipeline.clone(), slot.due_at)) {
                    assert_eq!(slot.count, 1);
                    continue;
                }
                let row: Vec<Timestamp> = expected.range(slot.due_at..=slot.last).copied().collect();
                assert_eq!(row.len() as u64, slot.count, "{slot:?} is {row:?}");
                for due_at in row {
                    expected.remove(&due_at);
                }
            }
            assert!(expected.is_empty(), "lost of {name}: {expected:?}");
        }
        // The ledger knows the same.
        for row in self.ledger.slots(None, 1_000_000).unwrap() {
            let told = self.fates.remove(&(row.pipeline.clone(), row.due_at)).unwrap();
            assert_eq!((row.last, row.count, row.state, &row.why), (told.last, told.count, told.state, &told.why));
        }
        assert!(self.fates.is_empty());
    }
}

fn jobs(editions: &[u8; 4]) -> Vec<Job> {
    (0..NAMES.len()).filter_map(|which| job(which, editions[which])).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_slot_is_lost_and_none_has_two_fates(
        // Before, in and after the nights in which the clock leaps.
        begin in prop::sample::select(vec!["2026-03-27T20:10:05.5Z", "2026-10-24T12:00:00Z", "2026-07-01T00:00:30Z"]),
        places in 1..4_usize,
        happenings in prop::collection::vec(happening(), 1..60),
    ) {
        let begin: Timestamp = begin.parse().unwrap();
        let mut world = World::new(places, begin);
        for happening in &happenings {
            world.happen(happening);
        }
        world.close(begin);
    }
}
