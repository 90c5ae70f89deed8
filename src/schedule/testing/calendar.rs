//! Cron plainly: every minute is looked at, as the zone's clock shows it, and held against five lists of numbers.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

pub(crate) struct Pattern {
    minute: Vec<i8>,
    hour: Vec<i8>,
    day: Vec<i8>,
    month: Vec<i8>,
    weekday: Vec<i8>,
    any_day: bool,
    any_weekday: bool,
    /// Minute and hour are numbers, not patterns.
    fixed: bool,
}

impl Pattern {
    /// Numbers, lists, ranges, steps and the English names of weekdays.
    pub fn new(text: &str) -> Self {
        let fields: Vec<&str> = text.split(' ').collect();
        let [minute, hour, day, month, weekday] = fields[..] else { panic!("{text}") };
        let mut named = weekday.to_owned();
        for (number, name) in ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"].iter().enumerate() {
            named = named.replace(name, &number.to_string());
        }
        Self {
            minute: numbers(minute, 0, 59),
            hour: numbers(hour, 0, 23),
            day: numbers(day, 1, 31),
            month: numbers(month, 1, 12),
            weekday: numbers(&named, 0, 6),
            any_day: day == "*",
            any_weekday: weekday == "*",
            fixed: !minute.contains('*') && !minute.contains('/') && !hour.contains('*') && !hour.contains('/'),
        }
    }

    fn has(&self, time: DateTime) -> bool {
        self.minute.contains(&time.minute())
            && self.hour.contains(&time.hour())
            && self.month.contains(&time.month())
            && self.has_day(time)
    }

    /// A day of the month or a weekday, where both are given.
    fn has_day(&self, time: DateTime) -> bool {
        let day = self.day.contains(&time.day());
        let weekday = self.weekday.contains(&time.weekday().to_sunday_zero_offset());
        if self.any_day || self.any_weekday { day && weekday } else { day || weekday }
    }
}

fn numbers(field: &str, min: i8, max: i8) -> Vec<i8> {
    let mut found = Vec::new();
    for part in field.split(',') {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        let (first, last) = if range == "*" {
            (min, max)
        } else if let Some((first, last)) = range.split_once('-') {
            (first.parse().unwrap(), last.parse().unwrap())
        } else {
            (range.parse().unwrap(), range.parse().unwrap())
        };
        found.extend((first..=last).step_by(step.parse().unwrap()));
    }
    found
}

/// The slots of each pattern after `from`, until `to`, in one zone.
pub(crate) fn walk(zone: &str, patterns: &[Pattern], from: Timestamp, to: Timestamp) -> Vec<Vec<Timestamp>> {
    let zone = TimeZone::get(zone).unwrap();
    let mut slots = vec![Vec::new(); patterns.len()];
    // Which patterns have a minute at all, so that a year takes seconds.
    let having = |minute: i8| (0..patterns.len()).filter(|at| patterns[*at].minute.contains(&minute)).collect();
    let of_minute: Vec<Vec<usize>> = (0..60).map(having).collect();
    let mut minute = Timestamp::from_second((from.as_second() / 60 + 1) * 60).unwrap();
    let mut latest = zone.to_datetime(minute).checked_sub(1.minute()).unwrap();
    while minute <= to {
        let shown = zone.to_datetime(minute);
        for at in &of_minute[shown.minute() as usize] {
            if !patterns[*at].fixed && patterns[*at].has(shown) {
                slots[*at].push(minute);
            }
        }
        // What the clock shows for the first time: one minute, none while it shows an hour again, many when it leapt.
        while latest < shown {
            latest = latest.checked_add(1.minute()).unwrap();
            for at in &of_minute[latest.minute() as usize] {
                if patterns[*at].fixed && patterns[*at].has(latest) && slots[*at].last() != Some(&minute) {
                    slots[*at].push(minute);
                }
            }
        }
        minute += SignedDuration::from_mins(1);
    }
    slots
}
