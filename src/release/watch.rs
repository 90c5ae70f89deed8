//! One calendar held against one edition: which expected release has come, and which is awaited.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::calendar::Calendar;
use super::edition::{Edition, Known};
use super::sooner;
use crate::config::Release;

pub struct Watch {
    pub calendar: Calendar,
    /// When the edition came that is known; of several fetches the one that came first, since all are expected.
    pub edition: Option<Timestamp>,
    begin: Duration,
    zone: TimeZone,
}

impl Watch {
    /// Everything that is expected of these fetches, or of all.
    pub fn all(release: &Release, known: &Known, fetches: Option<&BTreeSet<String>>) -> Vec<Self> {
        let zone = release.zone();
        let watch = |calendar, edition| Self { calendar, edition, begin: release.begin, zone: zone.clone() };
        let is_meant = |name: &String| fetches.is_none_or(|fetches| fetches.contains(name));
        let meant = || known.editions.iter().filter(|(name, _)| is_meant(name));
        let mut watches: Vec<Self> = meant()
            .filter(|(_, edition)| !edition.next.is_empty())
            .map(|(_, edition)| watch(Calendar::announced(release, &edition.next), edition.at(&zone)))
            .collect();
        let declared = Calendar::declared(release);
        let all_local = known.editions.keys().all(|name| known.local.contains(name));
        let is_followed = |name: &String| match release.fetches.as_slice() {
            [] => all_local || !known.local.contains(name),
            named => named.contains(name),
        };
        let followed: Vec<&Edition> =
            meant().filter(|(name, _)| is_followed(name)).map(|(_, edition)| edition).collect();
        if !declared.is_empty() && !followed.is_empty() {
            let editions: Option<Vec<Timestamp>> = followed.iter().map(|edition| edition.at(&zone)).collect();
            watches.push(watch(declared, editions.and_then(|editions| editions.into_iter().min())));
        }
        watches
    }

    /// An edition from here on is the one that was expected then: a source may be early on the day itself, or by
    /// `begin`, but not by more than half the time since the release before.
    fn earliest(&self, expected: Timestamp) -> Timestamp {
        let day = expected.to_zoned(self.zone.clone()).start_of_day().map_or(expected, |day| day.timestamp());
        let earliest = day.min(sooner(expected, self.begin));
        match self.calendar.before(expected) {
            Some(before) => earliest.max(before + expected.duration_since(before) / 2),
            None => earliest,
        }
    }

    pub fn has_come(&self, expected: Timestamp) -> bool {
        self.edition.is_some_and(|edition| edition >= self.earliest(expected))
    }

    /// The first release from an instant on that has not come.
    pub fn awaited_from(&self, at: Timestamp) -> Option<Timestamp> {
        // What was expected before the edition came has come with it.
        let mut from = self.edition.map_or(at, |edition| at.max(edition));
        loop {
            let expected = self.calendar.from(from)?;
            if !self.has_come(expected) {
                return Some(expected);
            }
            from = expected.checked_add(SignedDuration::from_nanos(1)).ok()?;
        }
    }

    /// The release that is awaited: the first one after the edition that is known, however long ago; where none is
    /// known, the next.
    pub fn awaited(&self, now: Timestamp) -> Option<Timestamp> {
        self.awaited_from(self.edition.unwrap_or(now))
    }
}
