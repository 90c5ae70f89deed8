//! The period that a link's address tells, read by a pattern with named parts.
//! It is compared as a date: by its letters `9` comes after `10` and `april`
//! before `mars`.

use std::collections::HashSet;

use jiff::civil::Date;

use crate::contract::Period;

const MONTHS: [&str; 12] = [
    "januari",
    "februari",
    "mars",
    "april",
    "maj",
    "juni",
    "juli",
    "augusti",
    "september",
    "oktober",
    "november",
    "december",
];

/// Longer addresses are no links to files.
const LONGEST: usize = 2000;

#[derive(Clone, Debug)]
pub(super) struct Pattern(Vec<Token>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Letter(char),
    Any,
    Part(Part),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Year,
    Month,
    Quarter,
    Half,
    Week,
    Day,
}

/// A period as the program writes it, and the day that it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dated {
    pub text: String,
    pub start: Date,
}

#[derive(Clone, Copy, Default)]
struct Read {
    year: Option<u16>,
    month: Option<u16>,
    quarter: Option<u16>,
    half: Option<u16>,
    week: Option<u16>,
    day: Option<u16>,
}

impl Pattern {
    /// A part that is not known stands for its own letters: the configuration has been checked.
    pub fn new(text: &str) -> Self {
        let mut tokens = Vec::new();
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            let part = rest.strip_prefix('{').and_then(|tail| tail.split_once('}')).and_then(|(name, after)| {
                let part = match name {
                    "year" => Part::Year,
                    "month" => Part::Month,
                    "quarter" => Part::Quarter,
                    "half" => Part::Half,
                    "week" => Part::Week,
                    "day" => Part::Day,
                    _ => return None,
                };
                Some((part, after))
            });
            if let Some((part, after)) = part {
                tokens.push(Token::Part(part));
                rest = after;
                continue;
            }
            match letter {
                '*' if tokens.last() == Some(&Token::Any) => {}
                '*' => tokens.push(Token::Any),
                letter => tokens.push(Token::Letter(letter)),
            }
            rest = &rest[letter.len_utf8()..];
        }
        Self(tokens)
    }

    /// The period of an address that fits whole; none where it does not, or tells of no day that ever was.
    pub fn period(&self, address: &str) -> Option<Dated> {
        let text: Vec<char> = address.chars().take(LONGEST + 1).collect();
        if text.len() > LONGEST {
            return None;
        }
        let read = self.fit(&text, 0, 0, Read::default(), &mut HashSet::new())?;
        read.dated()
    }

    /// `failed` are places from which nothing fits, whatever was read before them.
    fn fit(
        &self,
        text: &[char],
        of: usize,
        at: usize,
        read: Read,
        failed: &mut HashSet<(usize, usize)>,
    ) -> Option<Read> {
        if failed.contains(&(of, at)) {
            return None;
        }
        let found = match self.0.get(of) {
            None => (at == text.len()).then_some(read),
            Some(Token::Letter(letter)) => {
                let same = text.get(at) == Some(letter);
                if same { self.fit(text, of + 1, at + 1, read, failed) } else { None }
            }
            Some(Token::Any) => (at..=text.len()).find_map(|next| self.fit(text, of + 1, next, read, failed)),
            Some(Token::Part(part)) => {
                // A number is whole: 2026 is not a part of 120261.
                let open = |neighbour: Option<&Token>| matches!(neighbour, Some(Token::Any));
                let before = of.checked_sub(1).and_then(|before| self.0.get(before));
                let cut = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(char::is_ascii_digit);
                if open(before) && cut(at.checked_sub(1)) && cut(Some(at)) {
                    None
                } else {
                    part.values(&text[at..]).into_iter().find_map(|(length, value)| {
                        let end = at + length;
                        if open(self.0.get(of + 1)) && cut(Some(end)) && cut(end.checked_sub(1)) {
                            return None;
                        }
                        self.fit(text, of + 1, end, part.set(read, value), failed)
                    })
                }
            }
        };
        if found.is_none() {
            failed.insert((of, at));
        }
        found
    }
}

impl Part {
    /// How many letters it may take, and what they say, the likeliest first.
    fn values(self, text: &[char]) -> Vec<(usize, u16)> {
        let digits = |count: usize, range: std::ops::RangeInclusive<u16>| -> Option<(usize, u16)> {
            let taken: String = text.get(..count)?.iter().collect();
            let plain = taken.bytes().all(|byte| byte.is_ascii_digit());
            let value = taken.parse().ok().filter(|value| plain && range.contains(value))?;
            Some((count, value))
        };
        let named = |names: &[(&str, u16)]| -> Vec<(usize, u16)> {
            let begins = |name: &str| {
                let mut letters = text.iter().flat_map(|letter| letter.to_lowercase());
                name.chars().all(|letter| letters.next() == Some(letter))
            };
            names.iter().filter(|(name, _)| begins(name)).map(|(name, value)| (name.chars().count(), *value)).collect()
        };
        let numbers = |range: std::ops::RangeInclusive<u16>| {
            [digits(2, range.clone()), digits(1, range)].into_iter().flatten().collect::<Vec<_>>()
        };
        match self {
            Self::Year => digits(4, 1900..=2199).into_iter().collect(),
            Self::Month => {
                let mut found = numbers(1..=12);
                for (number, name) in (1..).zip(MONTHS) {
                    found.extend(named(&[(name, number)]));
                    if name.len() > 4 {
                        found.extend(named(&[(&name[..4], number)]).into_iter().filter(|_| number == 9));
                    }
                    found.extend(named(&[(&name[..3], number)]));
                }
                found
            }
            Self::Quarter => digits(1, 1..=4).into_iter().collect(),
            Self::Half => {
                let mut found: Vec<_> = digits(1, 1..=2).into_iter().collect();
                found.extend(named(&[("vt", 1), ("ht", 2), ("vår", 1), ("höst", 2)]));
                found
            }
            Self::Week => numbers(1..=53),
            Self::Day => numbers(1..=31),
        }
    }

    fn set(self, mut read: Read, value: u16) -> Read {
        let place = match self {
            Self::Year => &mut read.year,
            Self::Month => &mut read.month,
            Self::Quarter => &mut read.quarter,
            Self::Half => &mut read.half,
            Self::Week => &mut read.week,
            Self::Day => &mut read.day,
        };
        *place = Some(value);
        read
    }
}

impl Read {
    fn dated(self) -> Option<Dated> {
        let year = self.year?;
        let text = match self {
            Self { month: Some(month), day: Some(day), .. } => format!("{year}-{month:02}-{day:02}"),
            Self { month: Some(month), .. } => format!("{year}M{month:02}"),
            Self { quarter: Some(quarter), .. } => format!("{year}K{quarter}"),
            Self { half: Some(half), .. } => format!("{year}H{half}"),
            Self { week: Some(week), .. } => format!("{year}V{week:02}"),
            _ => year.to_string(),
        };
        let start = Period::parse(&text)?.start;
        Some(Dated { text, start })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(pattern: &str, text: &str) -> Option<String> {
        Pattern::new(pattern).period(text).map(|dated| dated.text)
    }

    #[test]
    fn numbers_and_swedish_names() {
        for (pattern, text, expected) in [
            ("*/sokande-{year}-{month}*.xlsx", "https://x/a/b1/sokande-2026-10-ny.xlsx", "2026M10"),
            ("*/sokande-{year}-{month}*.xlsx", "https://x/sokande-2026-9.xlsx", "2026M09"),
            ("*barometer-{year}-{month}.xlsx", "https://x/yrkesbarometer-2026-juni.xlsx", "2026M06"),
            ("*-{month}-{year}.xlsx", "https://x/a-SEPT-2026.xlsx", "2026M09"),
            ("*-{month}-{year}.xlsx", "https://x/a-Augusti-2026.xlsx", "2026M08"),
            ("*{year}{month}.csv", "https://x/17810/a202602.csv", "2026M02"),
            ("*{year}kv{quarter}*", "https://x/2026kv3.px", "2026K3"),
            ("*{half}{year}*", "https://x/antagning-HT2026.ods", "2026H2"),
            ("*-{year}-v{week}.csv", "https://x/a-2026-v07.csv", "2026V07"),
            ("*{year}-{month}-{day}*", "https://x/2026-02-28.csv", "2026-02-28"),
            ("*_{year}.px", "https://x/be_2025.px", "2025"),
            ("*/web-varsel-199201-{year}-{month}.xlsx", "https://x/17/web-varsel-199201-2026-07.xlsx", "2026M07"),
        ] {
            assert_eq!(period(pattern, text).as_deref(), Some(expected), "{pattern} {text}");
        }
    }

    #[test]
    fn what_tells_no_day_is_no_period() {
        for (pattern, text) in [
            ("*{year}*", "https://x/120261781/a"),
            ("*-{year}-{month}.xlsx", "https://x/a-2026-13.xlsx"),
            ("*{year}-{month}-{day}.csv", "https://x/2026-02-30.csv"),
            ("*-{year}.xlsx", "https://x/a-2026.xls"),
            ("*-{year}.xlsx", "https://x/a-26.xlsx"),
            ("*{month}{year}.csv", "https://x/mandag2026.csv"),
        ] {
            assert_eq!(period(pattern, text), None, "{pattern} {text}");
        }
    }

    #[test]
    fn a_pattern_of_stars_takes_no_longer_than_its_text() {
        let text = "a".repeat(LONGEST);
        assert_eq!(period("*a*a*a*a*a*a*a*a*{year}", &text), None);
        let starts = |text: &str| Pattern::new("*{year}-{month}*").period(text).unwrap().start;
        assert!(starts("https://x/2026-10") > starts("https://x/2026-9"));
        assert!(starts("https://x/2026-mars") < starts("https://x/2026-april"));
    }
}
