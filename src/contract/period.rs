//! Time as the sources write it, made sortable: a period's first and last day.
//! A form that is not known here is refused, never guessed.

use jiff::civil::{Date, ISOWeekDate, Weekday};

/// The first and the last day of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    pub start: Date,
    pub end: Date,
}

/// What the error for an unknown form lists.
pub const KNOWN_FORMS: &str = "2024, 2024M06, 2024K2, 2024H1, 2024V30, 2024-06-30, 2007-2008, 2024/25, HT2024, VT2025";

impl Period {
    /// Reads a year (`2024`), month (`2024M06`), quarter (`2024K2`, `2024Q2`), half-year (`2024H1`), ISO week
    /// (`2024V30`, `2024W30`), date, span of years (`2007-2008`), school year (`2024/25`, July to June)
    /// or school term (`HT2024`, `VT2025`: July to December, January to June).
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(term) = school_term(text) {
            return Some(term);
        }
        let year = number(text.get(..4)?, 4)?;
        let rest = text.get(4..)?;
        let Some(mark) = rest.chars().next() else {
            return Self::months(year, 1, 12);
        };
        let tail = rest.get(mark.len_utf8()..)?;
        match mark {
            'M' => number(tail, 2).and_then(|month| Self::months(year, month, 1)),
            'K' | 'Q' => number(tail, 1)
                .filter(|quarter| (1..=4).contains(quarter))
                .and_then(|quarter| Self::months(year, quarter * 3 - 2, 3)),
            'H' => number(tail, 1)
                .filter(|half| (1..=2).contains(half))
                .and_then(|half| Self::months(year, half * 6 - 5, 6)),
            'V' | 'W' => number(tail, 2).and_then(|week| Self::week(year, week)),
            '/' => school_year(year, tail),
            '-' if tail.len() == 4 => {
                let last = number(tail, 4).filter(|last| *last >= year)?;
                Some(Self { start: Date::new(year, 1, 1).ok()?, end: Date::new(last, 12, 31).ok()? })
            }
            '-' => text.parse().ok().map(|day| Self { start: day, end: day }),
            _ => None,
        }
    }

    fn months(year: i16, first: i16, count: i16) -> Option<Self> {
        let start = Date::new(year, i8::try_from(first).ok()?, 1).ok()?;
        let end = Date::new(year, i8::try_from(first + count - 1).ok()?, 1).ok()?.last_of_month();
        Some(Self { start, end })
    }

    fn week(year: i16, week: i16) -> Option<Self> {
        let week = i8::try_from(week).ok()?;
        let day = |weekday| ISOWeekDate::new(year, week, weekday).ok().map(Date::from);
        Some(Self { start: day(Weekday::Monday)?, end: day(Weekday::Sunday)? })
    }
}

/// Exactly `width` digits.
fn number(text: &str, width: usize) -> Option<i16> {
    (text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

fn school_year(year: i16, tail: &str) -> Option<Period> {
    let next = match tail.len() {
        2 => number(tail, 2)? == (year + 1) % 100,
        4 => number(tail, 4)? == year + 1,
        _ => false,
    };
    next.then_some(())?;
    Some(Period { start: Date::new(year, 7, 1).ok()?, end: Date::new(year + 1, 6, 30).ok()? })
}

fn school_term(text: &str) -> Option<Period> {
    let (term, year) = match text.get(..2)? {
        term @ ("HT" | "VT") => (term, text.get(2..)?.trim_start()),
        _ => (text.get(4..)?, text.get(..4)?),
    };
    let year = if year.len() == 2 { 2000 + number(year, 2)? } else { number(year, 4)? };
    match term {
        "VT" => Period::months(year, 1, 6),
        "HT" => Period::months(year, 7, 6),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(text: &str) -> Option<String> {
        Period::parse(text).map(|period| format!("{}..{}", period.start, period.end))
    }

    #[test]
    fn every_known_form_has_its_days() {
        for (text, expected) in [
            ("2024", "2024-01-01..2024-12-31"),
            ("2024M02", "2024-02-01..2024-02-29"),
            ("2025K4", "2025-10-01..2025-12-31"),
            ("2025Q1", "2025-01-01..2025-03-31"),
            ("2025H2", "2025-07-01..2025-12-31"),
            ("2026V01", "2025-12-29..2026-01-04"),
            ("2024-06-30", "2024-06-30..2024-06-30"),
            ("2007-2008", "2007-01-01..2008-12-31"),
            ("2024/25", "2024-07-01..2025-06-30"),
            ("1999/2000", "1999-07-01..2000-06-30"),
            ("HT2024", "2024-07-01..2024-12-31"),
            ("2025VT", "2025-01-01..2025-06-30"),
            ("VT25", "2025-01-01..2025-06-30"),
        ] {
            assert_eq!(days(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "24",
            "2024M13",
            "2024M6",
            "2024K5",
            "2024V60",
            "2008-2007",
            "2024/26",
            "2024-02-30",
            "hösten",
            "20244",
            "２０２４",
        ] {
            assert_eq!(days(text), None, "{text}");
        }
    }

    #[test]
    fn the_spring_term_comes_before_the_autumn_term() {
        let start = |text| Period::parse(text).map(|period| period.start);
        assert!(start("VT2025") < start("HT2025"));
    }
}
