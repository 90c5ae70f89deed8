//! Every pipeline's track and the places to run in: what the daemon's loop talks to.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::ledger::Outcome;

use super::job::later;
use super::track::{CHANGED, REMOVED, Track};
use super::{Cause, Event, Job, SlotState};

/// A clock that is set back by more than this was wrong before; until then it is waited for what was there already.
pub(super) const SET_BACK: SignedDuration = SignedDuration::from_hours(24);

pub struct Scheduler {
    pub(super) tracks: BTreeMap<String, Track>,
    /// When which track has something to do or to tell next.
    pub(super) agenda: BTreeSet<(Timestamp, String)>,
    /// Tracks whose run could begin if there were a place, by the time since when.
    pub(super) queue: BTreeSet<(Timestamp, String)>,
    pub(super) places: usize,
    pub(super) running: usize,
    /// The time when it was last told.
    pub(super) now: Timestamp,
    /// The latest that it was told, unless the clock was wrong then.
    pub(super) latest: Timestamp,
    pub(super) stopping: bool,
}

/// What one call does: the tracks that it touches, and what it tells of them.
pub(super) struct Pass {
    pub now: Timestamp,
    pub touched: BTreeSet<String>,
    pub events: Vec<Event>,
}

impl Scheduler {
    /// The configuration changed: what is new, was changed or is enabled again starts from now.
    pub fn reload(&mut self, jobs: Vec<Job>, places: usize, now: Timestamp) -> Vec<Event> {
        let mut pass = self.pass(now);
        self.places = places.max(1);
        let mut jobs: BTreeMap<String, Job> = jobs.into_iter().map(|job| (job.pipeline.clone(), job)).collect();
        for (name, track) in &mut self.tracks {
            pass.touched.insert(name.clone());
            track.notice(now, &mut pass.events);
            match jobs.remove(name) {
                Some(job) if job.fingerprint == track.job.fingerprint && !track.removed => track.define(job),
                Some(job) => {
                    track.give_up(CHANGED, now, &mut pass.events);
                    track.seen_until = track.seen_until.max(self.latest);
                    track.unsaved = true;
                    track.define(job);
                }
                None if track.removed => {}
                None => {
                    track.give_up(REMOVED, now, &mut pass.events);
                    track.remove();
                    pass.events.push(Event::Forget { pipeline: name.clone() });
                }
            }
        }
        for (name, job) in jobs {
            pass.touched.insert(name.clone());
            self.tracks.insert(name, Track::new(job, self.latest));
        }
        self.settle(pass)
    }

    /// Time went on. To be called at [`Scheduler::next_wake`], and whenever else.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Event> {
        let pass = self.pass(now);
        self.settle(pass)
    }

    /// Something makes a pipeline due: a release, a publish, a person. One that is not enabled, only the last does.
    pub fn request(&mut self, pipeline: &str, cause: Cause, now: Timestamp) -> Vec<Event> {
        let mut pass = self.pass(now);
        if self.tracks.get(pipeline).is_some_and(|track| track.hears(&cause)) {
            self.ask(pipeline, cause, &mut pass);
        }
        self.settle(pass)
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
    /// slots open while stopping, for the next start to judge; otherwise it failed. `may_pass`: if it failed, for
    /// something that may be over by and by.
    pub fn ended(&mut self, pipeline: &str, outcome: Outcome, may_pass: bool, now: Timestamp) -> Vec<Event> {
        let mut pass = self.pass(now);
        let Some(track) = self.tracks.get_mut(pipeline).filter(|track| track.running.is_some()) else {
            return self.settle(pass);
        };
        let open = matches!(outcome, Outcome::Running | Outcome::Interrupted) && self.stopping;
        let succeeded = matches!(outcome, Outcome::Published | Outcome::Unchanged);
        // Before the run's end, so that a slot of this very moment finds the pipeline free.
        track.notice(now, &mut pass.events);
        if open {
            track.running = None;
        } else {
            track.end(succeeded, may_pass && outcome == Outcome::Failed, now, &mut pass.events);
            self.latest = self.latest.max(track.last);
        }
        self.running -= 1;
        pass.touched.insert(pipeline.to_owned());
        if outcome == Outcome::Published {
            self.follow(pipeline, &mut pass);
        }
        self.settle(pass)
    }

    /// A run that is none of ours (`underlag run`) published: its followers become due.
    pub fn published(&mut self, pipeline: &str, now: Timestamp) -> Vec<Event> {
        let mut pass = self.pass(now);
        self.follow(pipeline, &mut pass);
        self.settle(pass)
    }

    /// From now on nothing starts.
    pub fn stop(&mut self) {
        self.stopping = true;
    }

    /// When there is something to do or to tell next, unless something ends or is asked for before.
    pub fn next_wake(&self) -> Option<Timestamp> {
        self.agenda.first().map(|(wake, _)| *wake)
    }

    /// The slot that is served next, and why it is one: what waits, or else the next time of the schedule.
    pub fn next_due(&self, pipeline: &str) -> Option<(Timestamp, Cause)> {
        let track = self.tracks.get(pipeline)?;
        let waiting = track.waiting.iter().next().map(|(due_at, waiting)| {
            let at = if matches!(waiting.cause, Cause::Retry(_)) { waiting.ready_at } else { *due_at };
            (at, waiting.cause.clone())
        });
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

    /// How many runs are under way.
    pub fn running(&self) -> usize {
        self.running
    }

    /// A release makes it due: it is there, and not disabled.
    pub fn polls(&self, pipeline: &str) -> bool {
        self.tracks.get(pipeline).is_some_and(|track| track.hears(&Cause::Release))
    }

    /// Since when the pipeline is late: `late_after` past the earliest slot that no success has served. Skipped slots
    /// make nothing late.
    pub fn late_since(&self, pipeline: &str, now: Timestamp) -> Option<Timestamp> {
        self.tracks.get(pipeline)?.late_at().filter(|late| *late <= now)
    }

    fn ask(&mut self, pipeline: &str, cause: Cause, pass: &mut Pass) {
        let Some(track) = self.tracks.get_mut(pipeline) else { return };
        track.notice(pass.now, &mut pass.events);
        track.request(cause, pass.now);
        self.latest = self.latest.max(track.last);
        pass.touched.insert(pipeline.to_owned());
    }

    /// Makes those due that run after this one.
    pub(super) fn follow(&mut self, pipeline: &str, pass: &mut Pass) {
        let follows = |track: &&Track| {
            track.schedule().is_some_and(|schedule| schedule.after.iter().any(|before| before == pipeline))
        };
        let followers: Vec<String> =
            self.tracks.values().filter(follows).map(|track| track.job.pipeline.clone()).collect();
        for follower in followers {
            self.ask(&follower, Cause::After(pipeline.to_owned()), pass);
        }
    }

    /// Takes in what came due since it was last told the time.
    fn pass(&mut self, now: Timestamp) -> Pass {
        let mut pass = Pass { now, touched: BTreeSet::new(), events: Vec::new() };
        self.now = now;
        if later(now, SET_BACK) < self.latest {
            self.latest = now;
            pass.events.push(Event::SetBack { to: now });
            for (name, track) in &mut self.tracks {
                track.set_back(now);
                pass.touched.insert(name.clone());
            }
        }
        self.latest = self.latest.max(now);
        pass.touched.extend(self.agenda.iter().take_while(|(wake, _)| *wake <= now).map(|(_, name)| name.clone()));
        for name in &pass.touched {
            if let Some(track) = self.tracks.get_mut(name) {
                track.notice(now, &mut pass.events);
            }
        }
        pass
    }
}
