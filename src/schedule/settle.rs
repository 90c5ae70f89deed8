//! What becomes of the slots that wait, now that everything is known: skipped, told as due, or served by a run that starts.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::config::Overlap;

use super::scheduler::Pass;
use super::track::{OVERLAPPED, Running, Track};
use super::{Cause, Event, Scheduler, SlotState, Start};

impl Scheduler {
    pub(super) fn settle(&mut self, pass: Pass) -> Vec<Event> {
        let Pass { now, mut touched, mut events } = pass;
        for name in &touched {
            let Some(track) = self.tracks.get_mut(name) else { continue };
            track.overlap_skipped(now, &mut events);
            let ready = track.ready_since(now);
            let queued = std::mem::replace(&mut track.queued, ready);
            if let Some(since) = queued {
                self.queue.remove(&(since, name.clone()));
            }
            if let Some(since) = ready {
                self.queue.insert((since, name.clone()));
            }
        }
        let mut starts = Vec::new();
        while !self.stopping && self.running < self.places {
            // Who has been ready longest goes first.
            let Some((_, name)) = self.queue.pop_first() else { break };
            let Some(track) = self.tracks.get_mut(&name) else { continue };
            starts.push(Event::Start(track.begin(now, &mut events)));
            self.running += 1;
            touched.insert(name);
        }
        for name in touched {
            let Some(track) = self.tracks.get_mut(&name) else { continue };
            track.tell(now, &mut events);
            let wake = track.wake(now);
            let before = std::mem::replace(&mut track.noted, wake);
            let gone = track.removed && track.running.is_none();
            if gone {
                self.tracks.remove(&name);
            }
            if let Some(before) = before {
                self.agenda.remove(&(before, name.clone()));
            }
            if let Some(wake) = wake.filter(|_| !gone) {
                self.agenda.insert((wake, name));
            }
        }
        events.extend(starts);
        events
    }
}

impl Track {
    /// While a run is under way, a time of the schedule that would start now is skipped or waits on. What came by
    /// anything else tells of something new, which that run may not have seen: it always waits.
    fn overlap_skipped(&mut self, now: Timestamp, events: &mut Vec<Event>) {
        if self.running.is_none() || self.overlap() == Overlap::Queue {
            return;
        }
        let skipped = self.waiting.iter().filter(|(_, each)| each.cause == Cause::Cron && each.ready_at <= now);
        let skipped: Vec<Timestamp> = skipped.map(|(due_at, _)| *due_at).collect();
        for due_at in skipped {
            self.waiting.remove(&due_at);
            events.push(self.slot(due_at, SlotState::Skipped, OVERLAPPED, now));
        }
    }

    /// When there is something to do or to tell next.
    fn wake(&self, now: Timestamp) -> Option<Timestamp> {
        let judged = self.waiting.values().map(|waiting| waiting.ready_at).filter(|ready_at| *ready_at > now);
        let late = self.late_at().filter(|late| *late > now);
        self.next.into_iter().chain(judged).chain(late).min()
    }

    /// Since when a run could begin.
    fn ready_since(&self, now: Timestamp) -> Option<Timestamp> {
        let since = self.waiting.values().map(|waiting| waiting.ready_at).min()?;
        (self.running.is_none() && since <= now).then_some(since)
    }

    /// A run begins, and serves everything that is due, also what would have waited for its delay.
    fn begin(&mut self, now: Timestamp, events: &mut Vec<Event>) -> Start {
        let slots: Vec<_> =
            std::mem::take(&mut self.waiting).into_iter().map(|(due_at, waiting)| (due_at, waiting.cause)).collect();
        self.running = Some(Running { slots: slots.clone(), run: None });
        self.queued = None;
        events.extend(
            slots.iter().map(|(due_at, cause)| self.slot(*due_at, SlotState::Running, &cause.to_string(), now)),
        );
        let causes: BTreeSet<Cause> = slots.iter().map(|(_, cause)| cause.clone()).collect();
        Start {
            pipeline: self.job.pipeline.clone(),
            slots: slots.into_iter().map(|(due_at, _)| due_at).collect(),
            causes,
        }
    }
}
