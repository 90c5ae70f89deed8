//! Expected times of publishing, as instants.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::config::{Release, When};
use crate::schedule::Times;

pub struct Calendar {
    /// In order.
    times: Vec<Timestamp>,
    crons: Vec<Expected>,
    zone: TimeZone,
}

/// One pattern, forwards by the rules that schedules have too, and backwards by croner's own.
struct Expected {
    times: Times,
    cron: Cron,
}

impl Calendar {
    /// What the operator expects.
    pub fn declared(release: &Release) -> Self {
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let expected = |text: &String| {
            Some(Expected { times: Times::new(text, &release.timezone)?, cron: parser.parse(text).ok()? })
        };
        let crons = release.cron.iter().filter_map(expected).collect();
        Self { crons, ..Self::announced(release, &release.dates) }
    }

    /// What a source announces.
    pub fn announced(release: &Release, next: &[When]) -> Self {
        let zone = release.zone();
        let mut times: Vec<Timestamp> = next.iter().map(|when| when.instant(release.time, &zone)).collect();
        times.sort_unstable();
        times.dedup();
        Self { times, crons: Vec::new(), zone }
    }

    pub fn is_empty(&self) -> bool {
        self.times.is_empty() && self.crons.is_empty()
    }

    /// The first at or after an instant.
    pub fn from(&self, at: Timestamp) -> Option<Timestamp> {
        let listed = self.times.get(self.times.partition_point(|time| *time < at)).copied();
        let just_before = at.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(at);
        self.crons.iter().filter_map(|cron| cron.times.after(just_before)).chain(listed).min()
    }

    /// The last before an instant.
    pub fn before(&self, at: Timestamp) -> Option<Timestamp> {
        let listed = self.times.partition_point(|time| *time < at).checked_sub(1).map(|place| self.times[place]);
        let (second, is_whole) = self.second(at);
        let found = self.crons.iter().filter_map(|one| one.cron.find_previous_occurrence(&second, !is_whole).ok());
        found.map(|zoned| zoned.timestamp()).chain(listed).max()
    }

    /// The whole second that an instant lies in, since cron knows none smaller; and whether it is its beginning.
    fn second(&self, at: Timestamp) -> (jiff::Zoned, bool) {
        let second = Timestamp::from_second(at.as_nanosecond().div_euclid(1_000_000_000).try_into().unwrap_or(0));
        let second = second.unwrap_or(at);
        (second.to_zoned(self.zone.clone()), second == at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(cron: &[&str], dates: &[&str]) -> Calendar {
        Calendar::declared(&Release {
            cron: cron.iter().map(ToString::to_string).collect(),
            dates: dates.iter().map(|date| date.parse().unwrap()).collect(),
            ..Release::default()
        })
    }

    fn all(calendar: &Calendar, from: &str, many: usize) -> Vec<String> {
        let mut at: Timestamp = from.parse().unwrap();
        let mut found = Vec::new();
        while let Some(next) = calendar.from(at).filter(|_| found.len() < many) {
            found.push(next.to_string());
            assert_eq!(calendar.before(next + jiff::SignedDuration::from_nanos(1)), Some(next));
            at = next + jiff::SignedDuration::from_nanos(1);
        }
        found
    }

    #[test]
    fn dates_and_schedules_are_one_calendar_in_the_zones_own_time() {
        let calendar = calendar(&["0 8 15 2,5,8,11 *"], &["2026-12-09", "2027-03-10T09:30", "2027-05-15"]);
        assert_eq!(
            all(&calendar, "2026-11-15T07:00:00Z", 6),
            [
                "2026-11-15T07:00:00Z",
                "2026-12-09T07:00:00Z",
                "2027-02-15T07:00:00Z",
                "2027-03-10T08:30:00Z",
                "2027-05-15T06:00:00Z",
                "2027-08-15T06:00:00Z"
            ]
        );
        assert_eq!(all(&calendar, "2026-11-15T07:00:00.5Z", 1), ["2026-12-09T07:00:00Z"]);
        assert_eq!(
            calendar.before("2026-12-09T07:00:00Z".parse().unwrap()).unwrap().to_string(),
            "2026-11-15T07:00:00Z"
        );
    }

    #[test]
    fn a_schedule_that_never_comes_expects_nothing() {
        let calendar = calendar(&["0 8 30 2 *"], &[]);
        assert_eq!(calendar.from("2026-11-15T07:00:00Z".parse().unwrap()), None);
        assert!(!calendar.is_empty());
    }

    #[test]
    fn eight_o_clock_stays_eight_o_clock_when_clocks_change() {
        let calendar = calendar(&["0 8 * 3,10 *"], &[]);
        assert_eq!(
            all(&calendar, "2027-03-27T00:00:00Z", 3),
            ["2027-03-27T07:00:00Z", "2027-03-28T06:00:00Z", "2027-03-29T06:00:00Z"]
        );
        assert_eq!(all(&calendar, "2027-10-30T00:00:00Z", 2), ["2027-10-30T06:00:00Z", "2027-10-31T07:00:00Z"]);
    }
}
