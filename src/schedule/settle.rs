//! What becomes of the slots that wait, now that everything is known: skipped, told as due, or served by a run that starts.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::config::Overlap;

use super::track::{OVERLAPPED, Running, Track};
use super::{Cause, Event, Scheduler, SlotState, Start};

impl Scheduler {
    pub(super) fn settle(&mut self, now: Timestamp, mut events: Vec<Event>) -> Vec<Event> {
        for track in self.tracks.values_mut() {
            track.overlap_skipped(now, &mut events);
        }
        let mut starts = Vec::new();
        if !self.stopping {
            let mut free = self.places.saturating_sub(self.running());
            // Who has been ready longest goes first.
            let ready =
                |track: &Track| track.ready_since(now).map(|since| (Reverse(since), track.job.pipeline.clone()));
            let mut queue: Vec<_> = self.tracks.values().filter_map(ready).collect();
            queue.sort_unstable();
            while let Some((_, name)) = (free > 0).then(|| queue.pop()).flatten() {
                if let Some(track) = self.tracks.get_mut(&name) {
                    starts.push(Event::Start(track.begin(now, &mut events)));
                    free -= 1;
                }
            }
        }
        for track in self.tracks.values_mut() {
            track.tell(now, &mut events);
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
