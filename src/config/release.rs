//! `[release]`: when an operator expects the sources to publish, and how often they are asked around it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};

/// Sources are never asked more often than this because of a release, whatever is configured.
pub const LEAST_BETWEEN_POLLS: Duration = Duration::from_mins(1);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    pub dates: Vec<When>,
    /// Five fields each, already accepted by croner.
    pub cron: Vec<String>,
    /// At what time of day, where only the day is known.
    pub time: Time,
    /// An IANA name, already accepted by jiff.
    pub timezone: String,
    /// How long before the expected time dense polling begins.
    pub begin: Duration,
    /// Between two polls while a release is expected.
    pub every: Duration,
    /// How long after the expected time dense polling goes on.
    pub during: Duration,
    /// Between two polls at all other times; none: never.
    pub otherwise: Option<Duration>,
    /// How long after the expected time the release is late.
    pub late_after: Duration,
    /// The fetches that `dates` and `cron` are about; left empty: all but this machine's own files.
    pub fetches: Vec<String>,
}

impl Default for Release {
    /// SCB publishes at eight in the morning.
    fn default() -> Self {
        Self {
            dates: Vec::new(),
            cron: Vec::new(),
            time: Time::constant(8, 0, 0, 0),
            timezone: "Europe/Stockholm".to_owned(),
            begin: Duration::from_mins(10),
            every: Duration::from_mins(5),
            during: Duration::from_hours(6),
            otherwise: Some(Duration::from_hours(24)),
            late_after: Duration::from_hours(48),
            fetches: Vec::new(),
        }
    }
}

impl Release {
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.timezone).unwrap_or(TimeZone::UTC)
    }
}

/// A time of publishing as somebody wrote it: an instant, or a day or local time of the zone in which it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum When {
    Day(Date),
    Local(DateTime),
    At(Timestamp),
}

impl When {
    /// The instant; a day's is at `time`. A local time that a change of clocks skips is as much later as the clocks
    /// are, and of one that comes twice it is the first.
    pub fn instant(self, time: Time, zone: &TimeZone) -> Timestamp {
        let local = match self {
            Self::At(at) => return at,
            Self::Day(day) => day.to_datetime(time),
            Self::Local(local) => local,
        };
        zone.to_zoned(local).map_or(Timestamp::MAX, |zoned| zoned.timestamp())
    }

    /// A day is its midnight: of what has been published, no later time is known.
    pub fn earliest(self, zone: &TimeZone) -> Timestamp {
        self.instant(Time::midnight(), zone)
    }

    /// Whether that day, in the zone, is on or after another.
    pub fn is_from(self, day: Date, zone: &TimeZone) -> bool {
        match self {
            Self::Day(own) => own >= day,
            Self::Local(own) => own.date() >= day,
            Self::At(at) => at.to_zoned(zone.clone()).date() >= day,
        }
    }

    /// As metadata write it, in any of the forms seen; none for what is no time.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        text.parse().ok().or_else(|| px(text))
    }
}

/// `20240525 16:13`, as PX files have it.
fn px(text: &str) -> Option<When> {
    if let Ok(local) = DateTime::strptime("%Y%m%d %H:%M", text) {
        return Some(When::Local(local));
    }
    let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| Date::strptime("%Y%m%d", text).ok().map(When::Day))?
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("{text:?} is no time");
        if text.len() == 10 {
            return text.parse().map(Self::Day).map_err(|_| refused());
        }
        if text.get(10..11) != Some("T") {
            return Err(refused());
        }
        if let Ok(at) = text.parse::<Timestamp>() {
            return Ok(Self::At(at));
        }
        if let Ok(zoned) = text.parse::<Zoned>() {
            return Ok(Self::At(zoned.timestamp()));
        }
        text.parse().map(Self::Local).map_err(|_| refused())
    }
}

impl TryFrom<String> for When {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<When> for String {
    fn from(when: When) -> Self {
        when.to_string()
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => day.fmt(f),
            Self::Local(local) => local.fmt(f),
            Self::At(at) => at.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> String {
        let zone = TimeZone::get("Europe/Stockholm").unwrap();
        When::read(text)
            .map_or_else(|| "none".to_owned(), |when| when.instant(Time::constant(8, 0, 0, 0), &zone).to_string())
    }

    #[test]
    fn every_form_of_metadata_is_read() {
        for (text, expected) in [
            ("2026-12-09", "2026-12-09T07:00:00Z"),
            ("2026-06-09", "2026-06-09T06:00:00Z"),
            ("2026-12-09T09:30", "2026-12-09T08:30:00Z"),
            ("2026-06-08T08:00:00", "2026-06-08T06:00:00Z"),
            ("2024-05-25T14:13:00Z", "2024-05-25T14:13:00Z"),
            ("2026-03-12T11:00:00+0100", "2026-03-12T10:00:00Z"),
            ("2026-03-12T11:00:00+01:00", "2026-03-12T10:00:00Z"),
            ("20240525 16:13", "2024-05-25T14:13:00Z"),
            ("20240525", "2024-05-25T06:00:00Z"),
            ("2007-10-10", "2007-10-10T06:00:00Z"),
            ("", "none"),
            ("i december", "none"),
            ("2026-13-01", "none"),
        ] {
            assert_eq!(utc(text), expected, "{text}");
        }
    }

    #[test]
    fn a_time_reads_as_it_was_written() {
        for text in ["2026-12-09", "2026-12-09T08:00:00", "2026-12-09T07:00:00Z"] {
            let when: When = text.parse().unwrap();
            assert_eq!(when.to_string(), text);
            assert_eq!(serde_json::from_str::<When>(&serde_json::to_string(&when).unwrap()).unwrap(), when);
        }
    }

    #[test]
    fn a_time_that_the_clocks_skip_is_later_and_one_that_comes_twice_is_the_first() {
        assert_eq!(utc("2026-03-29T02:30"), "2026-03-29T01:30:00Z");
        assert_eq!(utc("2026-10-25T02:30"), "2026-10-25T00:30:00Z");
    }
}
