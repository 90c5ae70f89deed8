//! Times and ages as an operator reads them.

use jiff::Timestamp;

/// `2026-11-23 08:00 UTC`.
pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// `3 h`, `12 days`: the largest unit of which there are two, or one of the smallest.
pub fn span(seconds: i64) -> String {
    let units = [(86400, "days"), (3600, "h"), (60, "min")];
    match units.into_iter().find(|(unit, _)| seconds >= 2 * unit) {
        Some((unit, name)) => format!("{} {name}", seconds / unit),
        None => format!("{} s", seconds.max(0)),
    }
}

/// How long ago, or in how long.
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    match now.as_second() - at.as_second() {
        seconds if seconds >= 0 => format!("{} ago", span(seconds)),
        seconds => format!("in {}", span(-seconds)),
    }
}

pub fn age(at: Timestamp, now: Timestamp) -> String {
    span(now.as_second() - at.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_in_the_unit_that_says_most() {
        let told = [0, 59, 60, 119, 120, 7199, 7200, 172_799, 172_800, 8_640_000].map(span);
        assert_eq!(told, ["0 s", "59 s", "60 s", "119 s", "2 min", "119 min", "2 h", "47 h", "2 days", "100 days"]);
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!((ago(at(0), at(300)), ago(at(300), at(0))), ("5 min ago".to_owned(), "in 5 min".to_owned()));
    }
}
