//! The program starts: what the ledger remembers, held against the pipelines that there are now.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::config::Missed;
use crate::ledger::Outcome;

use super::job::later;
use super::scheduler::{Pass, SET_BACK};
use super::track::{CHANGED, DISABLED, INTERRUPTED, INTERRUPTED_OLDER, MISSED, MISSED_OLDER, REMOVED, Track};
use super::{Cause, Event, Job, Memory, Open, Scheduler, SlotEntry, SlotState};

impl Scheduler {
    /// `places`: as many runs may be under way at once. Runs that a crash left open must have been ended in the ledger
    /// before `memory` is read, so that a slot whose run did end gets that run's verdict.
    pub fn start(
        jobs: Vec<Job>,
        places: usize,
        memory: BTreeMap<String, Memory>,
        now: Timestamp,
    ) -> (Self, Vec<Event>) {
        let seen = |memory: &Memory| memory.scheduled.as_ref().map(|known| known.seen_until).max(memory.last);
        let latest = memory.values().filter_map(seen).max().unwrap_or(now).max(now);
        let set_back = later(now, SET_BACK) < latest;
        let latest = if set_back { now } else { latest };
        let tracks = jobs.into_iter().map(|job| (job.pipeline.clone(), Track::new(job, latest))).collect();
        let (agenda, queue) = (BTreeSet::new(), BTreeSet::new());
        let mut scheduler =
            Self { tracks, agenda, queue, places: places.max(1), running: 0, now, latest, stopping: false };
        let mut pass = Pass { now, touched: scheduler.tracks.keys().cloned().collect(), events: Vec::new() };
        if set_back {
            pass.events.push(Event::SetBack { to: now });
        }
        let mut published = Vec::new();
        for (name, memory) in memory {
            for open in &memory.open {
                if let Some(verdict) = open.verdict() {
                    pass.events.push(open.event(&name, verdict, &open.cause.to_string(), now));
                }
            }
            if memory.open.iter().any(|open| open.outcome == Some(Outcome::Published)) {
                published.push(name.clone());
            }
            if let Some(track) = scheduler.tracks.get_mut(&name) {
                track.recall(memory, set_back, now, &mut pass.events);
            } else {
                let left = memory.open.iter().filter(|open| open.verdict().is_none());
                pass.events.extend(left.map(|open| open.event(&name, SlotState::Skipped, REMOVED, now)));
                if memory.scheduled.is_some() {
                    pass.events.push(Event::Forget { pipeline: name });
                }
            }
        }
        for name in published {
            scheduler.follow(&name, &mut pass);
        }
        let events = scheduler.settle(pass);
        (scheduler, events)
    }
}

impl Track {
    fn recall(&mut self, memory: Memory, set_back: bool, now: Timestamp, events: &mut Vec<Event>) {
        let name = self.job.pipeline.clone();
        self.last = self.last.max(memory.last.filter(|_| !set_back).unwrap_or(now));
        self.failed_since = memory.failed_since;
        let failed =
            memory.open.iter().filter(|open| open.verdict() == Some(SlotState::Failed)).map(|open| open.due_at);
        self.failed_since = self.failed_since.into_iter().chain(failed).min();
        if memory.open.iter().any(|open| open.verdict() == Some(SlotState::Handled)) {
            self.failed_since = None;
        }
        let open = memory.open.into_iter().filter(|open| open.verdict().is_none());
        let Some(known) = memory.scheduled.filter(|known| known.fingerprint == self.job.fingerprint) else {
            events.extend(open.map(|open| open.event(&name, SlotState::Skipped, CHANGED, now)));
            return;
        };
        if set_back {
            self.set_back(now);
        } else {
            self.seen_until = known.seen_until;
            self.aim();
        }
        let made_up = self.notice(now, events);
        let mut missed = Vec::new();
        for open in open {
            if !self.hears(&open.cause) {
                events.push(open.event(&name, SlotState::Skipped, DISABLED, now));
                continue;
            }
            // What else made it due is as new as it was.
            if open.cause == Cause::Cron && (open.begun || self.is_missed(open.due_at, now)) {
                missed.push(open);
            } else {
                let at_once = open.begun || set_back;
                let ready_at = if at_once { now } else { self.ready_for(open.due_at, &open.cause, now) };
                self.wait(open.due_at, open.cause, ready_at);
            }
        }
        if self.missed() == Missed::Latest
            && !made_up
            && let Some(latest) = missed.pop()
        {
            self.wait(latest.due_at, latest.cause, now);
        }
        for open in missed {
            let why = match (self.missed(), open.begun) {
                (Missed::Skip, false) => MISSED,
                (Missed::Skip, true) => INTERRUPTED,
                (Missed::Latest, false) => MISSED_OLDER,
                (Missed::Latest, true) => INTERRUPTED_OLDER,
            };
            events.push(open.event(&name, SlotState::Skipped, why, now));
        }
    }

    /// The clock was far ahead: what is still to come has not been, and the schedule starts from now.
    pub(super) fn set_back(&mut self, now: Timestamp) {
        self.seen_until = now;
        let kept = self.running.iter().flat_map(|running| running.slots.iter().map(|(due_at, _)| *due_at));
        self.last = kept.chain(self.waiting.keys().copied()).max().unwrap_or(now);
        for waiting in self.waiting.values_mut() {
            waiting.ready_at = waiting.ready_at.min(now);
        }
        self.unsaved = true;
        self.aim();
    }

    /// When it becomes late, or became.
    pub(super) fn late_at(&self) -> Option<Timestamp> {
        let after = self.schedule()?.late_after?;
        Some(self.owed()?.checked_add(after).unwrap_or(Timestamp::MAX))
    }
}

impl Open {
    /// What its run came to, where that is known.
    fn verdict(&self) -> Option<SlotState> {
        match self.outcome? {
            Outcome::Published | Outcome::Unchanged => Some(SlotState::Handled),
            Outcome::Failed => Some(SlotState::Failed),
            Outcome::Running | Outcome::Interrupted => None,
        }
    }

    fn event(&self, pipeline: &str, state: SlotState, why: &str, at: Timestamp) -> Event {
        let run = if state == SlotState::Skipped { None } else { self.run };
        let (due_at, why) = (self.due_at, why.to_owned());
        Event::Slot(SlotEntry { pipeline: pipeline.to_owned(), due_at, last: due_at, count: 1, state, why, run, at })
    }
}
