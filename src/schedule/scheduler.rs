//! Every pipeline's track and the places to run in: what the daemon's loop talks to.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::ledger::Outcome;

use super::job::later;
use super::track::{CHANGED, REMOVED, Track};
use super::{Cause, Event, Job, SlotState};

/// A clock that is set back by more than this was wrong before; until then it is waited for what was there already.
pub(super) const SET_BACK: SignedDuration = SignedDuration::from_hours(24);

pub struct Scheduler {
    pub(super) tracks: BTreeMap<String, Track>,
    pub(super) places: usize,
    /// The time when it was last told.
    pub(super) now: Timestamp,
    pub(super) stopping: bool,
}

impl Scheduler {
    /// The configuration changed: what is new, was changed or is enabled again starts from now.
    pub fn reload(&mut self, jobs: Vec<Job>, places: usize, now: Timestamp) -> Vec<Event> {
        let mut events = self.pass(now);
        self.places = places.max(1);
        let mut jobs: BTreeMap<String, Job> = jobs.into_iter().map(|job| (job.pipeline.clone(), job)).collect();
        self.tracks.retain(|name, track| {
            match jobs.remove(name) {
                Some(job) if job.fingerprint == track.job.fingerprint && !track.removed => track.define(job),
                Some(job) => {
                    track.give_up(CHANGED, now, &mut events);
                    track.seen_until = track.seen_until.max(now);
                    track.unsaved = true;
                    track.define(job);
                }
                None if track.removed => {}
                None => {
                    track.give_up(REMOVED, now, &mut events);
                    track.removed = true;
                    track.next = None;
                    track.unsaved = false;
                    events.push(Event::Forget { pipeline: name.clone() });
                }
            }
            !track.removed || track.running.is_some()
        });
        self.tracks.extend(jobs.into_iter().map(|(name, job)| (name, Track::new(job, now))));
        self.settle(now, events)
    }

    /// Time went on. To be called at [`Scheduler::next_wake`], and whenever else.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Event> {
        let events = self.pass(now);
        self.settle(now, events)
    }

    /// Something makes a pipeline due: a release, a publish, a person. One that is not enabled, only the last does.
    pub fn request(&mut self, pipeline: &str, cause: Cause, now: Timestamp) -> Vec<Event> {
        let events = self.pass(now);
        self.ask(pipeline, cause, now);
        self.settle(now, events)
    }

    /// The run of a [`super::Start`] has this number.
    pub fn began(&mut self, pipeline: &str, run: i64, now: Timestamp) -> Vec<Event> {
        let Some(track) = self.tracks.get_mut(pipeline) else { return Vec::new() };
        let Some(running) = &mut track.running else { return Vec::new() };
        running.run = Some(run);
        let slots = running.slots.clone();
        slots.iter().map(|(due_at, cause)| track.slot(*due_at, SlotState::Running, &cause.to_string(), now)).collect()
    }

    /// The run ended, and what waits for its place or for what it published may begin. An interrupted one leaves its
    /// slots open while stopping, for the next start to judge; otherwise it failed.
    pub fn ended(&mut self, pipeline: &str, outcome: Outcome, now: Timestamp) -> Vec<Event> {
        let mut events = self.pass(now);
        let Some(track) = self.tracks.get_mut(pipeline) else { return self.settle(now, events) };
        let Some(running) = &track.running else { return self.settle(now, events) };
        let slots = running.slots.clone();
        let open = matches!(outcome, Outcome::Running | Outcome::Interrupted) && self.stopping;
        let succeeded = matches!(outcome, Outcome::Published | Outcome::Unchanged);
        let state = if succeeded { SlotState::Handled } else { SlotState::Failed };
        if !open {
            let told = |(due_at, cause): &(Timestamp, Cause)| track.slot(*due_at, state, &cause.to_string(), now);
            events.extend(slots.iter().map(told));
            let first = slots.first().map(|(due_at, _)| *due_at);
            let failed = track.failed_since.into_iter().chain(first).min();
            track.failed_since = if succeeded { None } else { failed };
        }
        track.running = None;
        if track.removed {
            self.tracks.remove(pipeline);
        }
        if outcome == Outcome::Published {
            self.follow(pipeline, now);
        }
        self.settle(now, events)
    }

    /// A run that is none of ours (`underlag run`) published: its followers become due.
    pub fn published(&mut self, pipeline: &str, now: Timestamp) -> Vec<Event> {
        let events = self.pass(now);
        self.follow(pipeline, now);
        self.settle(now, events)
    }

    /// From now on nothing starts.
    pub fn stop(&mut self) {
        self.stopping = true;
    }

    /// When there is something to do or to tell next, unless something ends or is asked for before.
    pub fn next_wake(&self) -> Option<Timestamp> {
        let soonest = |track: &Track| {
            let judged = track.waiting.values().map(|waiting| waiting.ready_at).filter(|ready_at| *ready_at > self.now);
            let late = track.late_at().filter(|late| *late > self.now);
            track.next.into_iter().chain(judged).chain(late).min()
        };
        self.tracks.values().filter_map(soonest).min()
    }

    /// The slot that is served next, and why it is one: what waits, or else the next time of the schedule.
    pub fn next_due(&self, pipeline: &str) -> Option<(Timestamp, Cause)> {
        let track = self.tracks.get(pipeline)?;
        let waiting = track.waiting.iter().next().map(|(due_at, waiting)| (*due_at, waiting.cause.clone()));
        waiting.or_else(|| Some((track.next?, Cause::Cron)))
    }

    /// A slot is due, and waits for a place or for the pipeline's own run before.
    pub fn is_queued(&self, pipeline: &str) -> bool {
        let ready = |track: &Track| track.waiting.values().any(|waiting| waiting.ready_at <= self.now);
        self.tracks.get(pipeline).is_some_and(ready)
    }

    pub fn is_running(&self, pipeline: &str) -> bool {
        self.tracks.get(pipeline).is_some_and(|track| track.running.is_some())
    }

    /// Every pipeline that there is, scheduled or not.
    pub fn pipelines(&self) -> impl Iterator<Item = &str> {
        self.tracks.iter().filter(|(_, track)| !track.removed).map(|(name, _)| name.as_str())
    }

    pub fn running(&self) -> usize {
        self.tracks.values().filter(|track| track.running.is_some()).count()
    }

    /// Since when the pipeline is late: `late_after` past the earliest slot that no success has served. Skipped slots
    /// make nothing late.
    pub fn late_since(&self, pipeline: &str, now: Timestamp) -> Option<Timestamp> {
        self.tracks.get(pipeline)?.late_at().filter(|late| *late <= now)
    }

    pub(super) fn ask(&mut self, pipeline: &str, cause: Cause, now: Timestamp) {
        let Some(track) = self.tracks.get_mut(pipeline) else { return };
        let disabled = track.job.schedule.as_ref().is_some_and(|schedule| !schedule.enabled);
        if !track.removed && (!disabled || cause == Cause::Hand) {
            track.request(cause, now);
        }
    }

    /// Makes those due that run after this one.
    pub(super) fn follow(&mut self, pipeline: &str, now: Timestamp) {
        let follows = |track: &&mut Track| {
            track.schedule().is_some_and(|schedule| schedule.after.iter().any(|before| before == pipeline))
        };
        for track in self.tracks.values_mut().filter(follows) {
            track.request(Cause::After(pipeline.to_owned()), now);
        }
    }

    /// Takes in what came due since it was last told the time.
    fn pass(&mut self, now: Timestamp) -> Vec<Event> {
        let mut events = Vec::new();
        if later(now, SET_BACK) < self.now {
            for track in self.tracks.values_mut() {
                track.set_back(now);
            }
            events.push(Event::SetBack { to: now });
        }
        self.now = now;
        for track in self.tracks.values_mut() {
            track.notice(now, &mut events);
        }
        events
    }
}
