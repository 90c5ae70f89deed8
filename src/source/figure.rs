//! Figures and dates as Swedish agencies write them into text: a decimal
//! comma, thousands set apart by blanks, a mark before a number (`~100`,
//! `cirka 370`) or in its place (`..`). Which marks there are and what they
//! mean is the source's `symbols`; a text that is neither is refused.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::contract::Status;
use crate::decode::number::{self, Number};
use crate::decode::rows::Cell;

pub(crate) const NO_FIGURE: &str = "neither a number nor a symbol of the source";

/// The date that stands for "no last date".
const FAR_OFF: Date = jiff::civil::date(2099, 12, 31);

/// The number with its mark. `None` where the text is no figure.
pub(crate) fn figure<'a>(text: &'a str, symbols: &BTreeMap<String, Status>) -> Option<Cell<'a>> {
    let text = text.trim();
    if let Some(number) = number(text) {
        return Some(Cell::Number(number));
    }
    if let Some(status) = symbols.get(text) {
        return (!status.has_value()).then_some(Cell::Marked { number: None, status: *status, symbol: text });
    }
    // The longest mark that begins the text: `..` before `.`.
    let marks = symbols.iter().filter(|(mark, status)| !mark.is_empty() && status.has_value());
    let (mark, status) =
        marks.filter(|(mark, _)| text.starts_with(mark.as_str())).max_by_key(|(mark, _)| mark.len())?;
    let (symbol, rest) = text.split_at(mark.len());
    let number = number(rest.trim())?;
    Some(Cell::Marked { number: Some(number), status: *status, symbol })
}

/// `1 234,5`, `1234.5` or `-3`; blanks only between groups of three digits.
pub(crate) fn number(text: &str) -> Option<Number> {
    let (sign, digits) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (whole, decimals) = match digits.split_once([',', '.']) {
        Some((whole, decimals)) => (whole, Some(decimals)),
        None => (digits, None),
    };
    let mut plain = sign.to_owned();
    let groups: Vec<&str> = whole.split(['\u{a0}', '\u{202f}', ' ']).collect();
    let (first, others) = groups.split_first()?;
    if !others.is_empty() && (!(1..=3).contains(&first.len()) || others.iter().any(|group| group.len() != 3)) {
        return None;
    }
    plain.extend(groups);
    if let Some(decimals) = decimals {
        plain.push('.');
        plain.push_str(decimals);
    }
    number::parse(&plain)
}

/// What a date says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Day {
    /// `YYYY-MM-DD`.
    On(String),
    /// The sentinel for a date that there is not.
    Open,
    Unreadable,
}

/// A day, alone or with a time after it (`2024-11-28T23:59:59`, with or without fractions and an offset): the day is
/// taken as written, in the time that the source means.
pub(crate) fn day(text: &str) -> Day {
    let text = text.trim();
    let (day, rest) = text.split_at_checked(10).unwrap_or((text, ""));
    match day.parse::<Date>() {
        Ok(FAR_OFF) => Day::Open,
        Ok(date) if (rest.is_empty() || rest.starts_with(['T', ' '])) && date.to_string() == day => {
            Day::On(day.to_owned())
        }
        _ => Day::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        let symbols: BTreeMap<String, Status> = [
            (".", Status::Missing),
            ("..", Status::Suppressed),
            ("~", Status::Unreliable),
            ("cirka", Status::Unreliable),
            ("null", Status::Missing),
        ]
        .map(|(mark, status)| (mark.to_owned(), status))
        .into();
        Some(match figure(text, &symbols)? {
            Cell::Number(number) => number.float().to_string(),
            Cell::Marked { number, status, symbol } => {
                format!("{:?} {status} {symbol}", number.map(Number::float))
            }
            other => format!("{other:?}"),
        })
    }

    #[test]
    fn figures_keep_their_marks() {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(read("11,3"), text("11.3"));
        assert_eq!(read("100.0"), text("100"));
        assert_eq!(read("133 700"), text("133700"));
        assert_eq!(read("1\u{a0}234,5"), text("1234.5"));
        assert_eq!(read("cirka 370"), text("Some(370.0) unreliable cirka"));
        assert_eq!(read("~100"), text("Some(100.0) unreliable ~"));
        assert_eq!(read(".."), text("None suppressed .."));
        assert_eq!(read("."), text("None missing ."));
        assert_eq!(read(" null "), text("None missing null"));
        for wrong in ["12 34", "x", "cirka", "1,2,3", "..5", "25-75", "~", "1e5,5"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn days_are_taken_as_written() {
        let on = |text: &str| Day::On(text.to_owned());
        assert_eq!(day("2025-08-01"), on("2025-08-01"));
        assert_eq!(day("2024-11-28T23:59:59"), on("2024-11-28"));
        assert_eq!(day("2024-10-15T00:00:00.000+02:00"), on("2024-10-15"));
        assert_eq!(day("2099-12-31T00:00:00"), Day::Open);
        for wrong in ["", "2025-13-01", "20250801", "2025-08-01x", "å2025-08-0", "HT25"] {
            assert_eq!(day(wrong), Day::Unreadable, "{wrong}");
        }
    }
}
