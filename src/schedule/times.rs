//! The instants that a schedule gives. croner says which times of which days a
//! pattern means, on a calendar without daylight saving; what happens where a
//! zone's clock leaps is ruled here:
//!
//! - Times that are written out (no `*`, `?` or `/` in minute and hour) come once on every day that has them. One that
//!   the clock leaps over comes when it has leapt; one that the clock shows twice comes the first time.
//! - A pattern of minutes or hours (`*/5`, `0 * * * *`) comes whenever the clock shows it: not when it is leapt over,
//!   and twice when it is shown twice, so that as much time passes between two slots as on any other day.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::{DateTime, date};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// A schedule's cron pattern in its zone.
#[derive(Clone, Debug)]
pub struct Times {
    cron: Cron,
    zone: TimeZone,
    written_out: bool,
}

/// No zone has ever leapt further than a day.
const FURTHEST_LEAP: SignedDuration = SignedDuration::from_hours(48);

/// More leaps than any zone has between two slots of any schedule.
const MOST_LEAPS: usize = 2000;

impl Times {
    /// None where the configuration would have been refused.
    pub fn new(pattern: &str, zone: &str) -> Option<Self> {
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(pattern).ok()?;
        let zone = TimeZone::get(zone).ok()?;
        let written_out = !pattern.split_whitespace().take(2).any(|field| field.contains(['*', '?', '/']));
        Some(Self { cron, zone, written_out })
    }

    /// Whether any day has such a time at all: `0 0 30 2 *` never comes.
    pub fn ever(pattern: &str) -> bool {
        // The calendar repeats itself every 400 years, weekdays and all, and croner looks no further than the year 5000.
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        parser
            .parse(pattern)
            .is_ok_and(|cron| cron.find_next_occurrence(&date(4599, 1, 1).at(0, 0, 0, 0), true).is_ok())
    }

    /// The first slot later than `instant`.
    pub fn after(&self, instant: Timestamp) -> Option<Timestamp> {
        let mut stretch = Stretch::around(&self.zone, instant);
        let seen = stretch.offset.to_datetime(instant);
        let begin = self.begin(&stretch);
        let (mut from, mut inclusive) =
            begin.filter(|begin| *begin > seen).map_or((seen, false), |begin| (begin, true));
        for _ in 0..MOST_LEAPS {
            let shown = self.cron.find_next_occurrence(&from, inclusive).ok()?;
            let slot = stretch.offset.to_timestamp(shown).ok()?;
            // Shown only before the clock leapt over it: it comes when the clock has leapt.
            let slot = stretch.start.map_or(slot, |start| slot.max(start));
            let Some(end) = stretch.end else { return Some(slot) };
            if slot < end {
                return Some(slot);
            }
            let near = slot.checked_sub(FURTHEST_LEAP).unwrap_or(end);
            stretch = Stretch::around(&self.zone, end.max(near));
            (from, inclusive) = (self.begin(&stretch)?, true);
        }
        None
    }

    /// The time on the clock from which a stretch's slots count; none where it has no beginning.
    fn begin(&self, stretch: &Stretch) -> Option<DateTime> {
        let start = stretch.start?;
        let shown = if self.written_out { stretch.before } else { stretch.offset };
        Some(shown.to_datetime(start))
    }
}

/// A time in which the zone's clock does not leap.
struct Stretch {
    start: Option<Timestamp>,
    /// Where the next begins.
    end: Option<Timestamp>,
    offset: Offset,
    /// The offset until `start`.
    before: Offset,
}

impl Stretch {
    fn around(zone: &TimeZone, instant: Timestamp) -> Self {
        let second = SignedDuration::from_secs(1);
        // A leap in this very second belongs to it.
        let whole = Timestamp::from_second(instant.as_second()).unwrap_or(instant);
        let start = whole
            .checked_add(second)
            .ok()
            .and_then(|next| zone.preceding(next).next())
            .map(|transition| transition.timestamp());
        let end = zone.following(whole).next().map(|transition| transition.timestamp());
        let offset = zone.to_offset(whole);
        let before = start.and_then(|start| start.checked_sub(second).ok()).map_or(offset, |at| zone.to_offset(at));
        Self { start, end, offset, before }
    }
}
