//! One pipeline on its way through time: which slots it has seen, which wait
//! for a run, and which the run under way serves.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::config::{Missed, Overlap, Schedule};

use super::job::{delay, later, pause};
use super::{Cause, Event, Job, SlotEntry, SlotState, Times};

/// A slot is missed when it is noticed later than this after its run should have begun.
pub(super) const GRACE: SignedDuration = SignedDuration::from_secs(60);

/// More missed slots than this are not counted one by one.
const MOST_COUNTED: u64 = 40_000;

/// What is left to be counted when they were more.
const UNCOUNTED: SignedDuration = SignedDuration::from_hours(31 * 24);

pub(super) const MISSED: &str = "missed: nothing ran at the time, and `missed` is \"skip\"";
pub(super) const MISSED_OLDER: &str = "missed: nothing ran at the time, and only the latest is made up for";
const MISSED_MANY: &str = "missed: nothing ran at the time, and they are too many to count";
pub(super) const INTERRUPTED: &str = "interrupted: the program ended during its run, and `missed` is \"skip\"";
pub(super) const INTERRUPTED_OLDER: &str =
    "interrupted: the program ended during its run, and a later one is made up for";
pub(super) const OVERLAPPED: &str = "the run before was not done, and `overlap` is \"skip\"";
pub(super) const DISABLED: &str = "the pipeline does not run by itself any longer";
pub(super) const CHANGED: &str = "the pipeline was changed before a run was done";
pub(super) const REMOVED: &str = "the pipeline was removed before a run was done";

pub(super) struct Track {
    pub job: Job,
    times: Option<Times>,
    delay: SignedDuration,
    /// Until when its slots have been told of.
    pub seen_until: Timestamp,
    /// The latest slot that was told of.
    pub last: Timestamp,
    /// The first slot after `seen_until`.
    pub next: Option<Timestamp>,
    pub waiting: BTreeMap<Timestamp, Waiting>,
    pub running: Option<Running>,
    /// The earliest slot that failed since the last success.
    pub failed_since: Option<Timestamp>,
    /// Its pipeline was removed while a run was under way.
    pub removed: bool,
    /// `seen_until` is to be stored.
    pub unsaved: bool,
    /// Where it stands in the scheduler's agenda, and in its queue.
    pub noted: Option<Timestamp>,
    pub queued: Option<Timestamp>,
}

/// A slot that no run serves yet.
pub(super) struct Waiting {
    pub cause: Cause,
    pub ready_at: Timestamp,
    /// It has been told as due.
    pub told: bool,
}

pub(super) struct Running {
    pub slots: Vec<(Timestamp, Cause)>,
    pub run: Option<i64>,
}

impl Track {
    /// As of now: what was before is no business of it.
    pub fn new(job: Job, now: Timestamp) -> Self {
        let mut track = Self {
            job: Job { schedule: None, ..job.clone() },
            times: None,
            delay: SignedDuration::ZERO,
            seen_until: now,
            last: now,
            next: None,
            waiting: BTreeMap::new(),
            running: None,
            failed_since: None,
            removed: false,
            unsaved: true,
            noted: None,
            queued: None,
        };
        track.define(job);
        track
    }

    /// Takes another definition, from `seen_until` on.
    pub fn define(&mut self, job: Job) {
        self.times = None;
        self.delay = SignedDuration::ZERO;
        if let Some(schedule) = job.schedule.as_ref().filter(|schedule| schedule.enabled) {
            self.times = schedule.cron.as_ref().and_then(|cron| Times::new(cron, &schedule.timezone));
            self.delay = delay(&job.pipeline, schedule.jitter);
        }
        self.job = job;
        self.removed = false;
        self.aim();
    }

    /// Finds the next slot anew.
    pub fn aim(&mut self) {
        self.next = self.times.as_ref().and_then(|times| times.after(self.seen_until));
    }

    /// None when it does not run by itself.
    pub fn schedule(&self) -> Option<&Schedule> {
        self.job.schedule.as_ref().filter(|schedule| schedule.enabled && !self.removed)
    }

    /// Whether such a cause makes it due at all: one that is not enabled, only a person does.
    pub fn hears(&self, cause: &Cause) -> bool {
        let disabled = self.job.schedule.as_ref().is_some_and(|schedule| !schedule.enabled);
        match cause {
            Cause::Hand => !self.removed,
            Cause::Release => !self.removed && !disabled,
            Cause::Cron | Cause::After(_) | Cause::Retry(_) => self.schedule().is_some(),
        }
    }

    pub fn missed(&self) -> Missed {
        self.schedule().map_or(Missed::Latest, |schedule| schedule.missed)
    }

    pub fn overlap(&self) -> Overlap {
        self.schedule().map_or(Overlap::Skip, |schedule| schedule.overlap)
    }

    pub fn ready_at(&self, due_at: Timestamp) -> Timestamp {
        later(due_at, self.delay)
    }

    /// When a run for it may begin, that has not begun before.
    pub fn ready_for(&self, due_at: Timestamp, cause: &Cause, now: Timestamp) -> Timestamp {
        match cause {
            Cause::Cron => self.ready_at(due_at),
            Cause::Retry(tried) => pause(*tried).map_or(now, |pause| later(due_at, pause)),
            Cause::Release | Cause::After(_) | Cause::Hand => now,
        }
    }

    pub fn is_missed(&self, due_at: Timestamp, now: Timestamp) -> bool {
        later(self.ready_at(due_at), GRACE) < now
    }

    /// Takes in the slots until now; true when a missed one is made up for.
    pub fn notice(&mut self, now: Timestamp, events: &mut Vec<Event>) -> bool {
        let mut missed: Option<Row> = None;
        while let Some(slot) = self.next.filter(|slot| *slot <= now) {
            if self.is_missed(slot, now) {
                let row = missed.get_or_insert(Row { first: slot, before: slot, last: slot, count: 0 });
                *row = Row { before: row.last, last: slot, count: row.count + 1, ..*row };
                if row.count == MOST_COUNTED {
                    let last = slot.max(later(now, -UNCOUNTED));
                    events.push(self.skipped(Row { last, ..*row }, MISSED_MANY, now));
                    self.seen_until = last;
                    missed = None;
                }
            } else {
                let ready_at = self.ready_at(slot);
                self.wait(slot, Cause::Cron, ready_at);
            }
            self.unsaved = true;
            self.last = self.last.max(slot);
            self.seen_until = self.seen_until.max(slot);
            self.aim();
        }
        self.seen_until = self.seen_until.max(now);
        let Some(row) = missed else { return false };
        if self.missed() == Missed::Skip {
            events.push(self.skipped(row, MISSED, now));
            return false;
        }
        if row.count > 1 {
            events.push(self.skipped(Row { last: row.before, count: row.count - 1, ..row }, MISSED_OLDER, now));
        }
        self.wait(row.last, Cause::Cron, now);
        true
    }

    pub fn wait(&mut self, due_at: Timestamp, cause: Cause, ready_at: Timestamp) {
        self.last = self.last.max(due_at);
        self.waiting.insert(due_at, Waiting { cause, ready_at, told: false });
    }

    /// Something else than its own times makes it due now.
    pub fn request(&mut self, cause: Cause, now: Timestamp) {
        self.wait(self.free(now), cause, now);
    }

    /// In whole seconds, so that slots sort in the ledger as they do here; and no two are the same.
    fn free(&self, now: Timestamp) -> Timestamp {
        let second = SignedDuration::from_secs(1);
        let free = later(self.last, second).max(now);
        let free = Timestamp::from_second(free.as_second()).unwrap_or(free);
        if self.next == Some(free) { later(free, second) } else { free }
    }

    /// The run that served these failed for what may pass: after a pause it is tried again, unless something known by
    /// now makes it run before.
    fn try_again(&mut self, slots: &[(Timestamp, Cause)], now: Timestamp) {
        let tried = slots.iter().map(|(_, cause)| if let Cause::Retry(tried) = cause { *tried } else { 0 }).max();
        let cause = Cause::Retry(tried.unwrap_or(0).saturating_add(1));
        if !self.hears(&cause) || !matches!(cause, Cause::Retry(tried) if pause(tried).is_some()) {
            return;
        }
        let due_at = self.free(now);
        let ready_at = self.ready_for(due_at, &cause, now);
        let waiting = self.waiting.values().map(|waiting| waiting.ready_at);
        let before = waiting.chain(self.next.map(|next| self.ready_at(next))).min();
        if before.is_none_or(|before| ready_at < before) {
            self.wait(due_at, cause, ready_at);
        }
    }

    /// Tells what waits and was not told yet.
    pub fn tell(&mut self, now: Timestamp, events: &mut Vec<Event>) {
        let untold: Vec<Timestamp> =
            self.waiting.iter().filter(|(_, waiting)| !waiting.told).map(|(due_at, _)| *due_at).collect();
        for due_at in untold {
            let Some(waiting) = self.waiting.get_mut(&due_at) else { continue };
            waiting.told = true;
            let why = waiting.cause.to_string();
            events.push(self.slot(due_at, SlotState::Due, &why, now));
        }
        if std::mem::take(&mut self.unsaved) && !self.removed {
            events.push(Event::Remember {
                pipeline: self.job.pipeline.clone(),
                fingerprint: self.job.fingerprint.clone(),
                seen_until: self.seen_until,
            });
        }
    }

    /// Gives up what waits.
    pub fn give_up(&mut self, why: &str, now: Timestamp, events: &mut Vec<Event>) {
        for due_at in std::mem::take(&mut self.waiting).into_keys() {
            events.push(self.slot(due_at, SlotState::Skipped, why, now));
        }
    }

    /// The run under way ended; `again`: it failed for what may pass.
    pub fn end(&mut self, succeeded: bool, again: bool, now: Timestamp, events: &mut Vec<Event>) {
        let slots = self.running.as_ref().map(|running| running.slots.clone()).unwrap_or_default();
        let state = if succeeded { SlotState::Handled } else { SlotState::Failed };
        events.extend(slots.iter().map(|(due_at, cause)| self.slot(*due_at, state, &cause.to_string(), now)));
        let first = slots.first().map(|(due_at, _)| *due_at);
        self.failed_since = if succeeded { None } else { self.failed_since.into_iter().chain(first).min() };
        self.running = None;
        if again && !succeeded {
            self.try_again(&slots, now);
        }
    }

    /// Its pipeline is there no longer; the run under way goes on.
    pub fn remove(&mut self) {
        self.removed = true;
        self.times = None;
        self.next = None;
    }

    /// The earliest slot that no success has served, of those that were not skipped.
    pub fn owed(&self) -> Option<Timestamp> {
        let running = self.running.iter().filter_map(|running| running.slots.first().map(|(due_at, _)| *due_at));
        self.failed_since.into_iter().chain(running).chain(self.waiting.keys().next().copied()).min()
    }

    pub fn slot(&self, due_at: Timestamp, state: SlotState, why: &str, at: Timestamp) -> Event {
        let run = self.running.as_ref().and_then(|running| running.run);
        Event::Slot(SlotEntry {
            pipeline: self.job.pipeline.clone(),
            due_at,
            last: due_at,
            count: 1,
            state,
            why: why.to_owned(),
            run: if matches!(state, SlotState::Due | SlotState::Skipped) { None } else { run },
            at,
        })
    }

    fn skipped(&self, row: Row, why: &str, at: Timestamp) -> Event {
        Event::Slot(SlotEntry {
            pipeline: self.job.pipeline.clone(),
            due_at: row.first,
            last: row.last,
            count: row.count,
            state: SlotState::Skipped,
            why: why.to_owned(),
            run: None,
            at,
        })
    }
}

/// Slots that were missed one after the other.
#[derive(Clone, Copy)]
struct Row {
    first: Timestamp,
    /// The last but one.
    before: Timestamp,
    last: Timestamp,
    count: u64,
}
