//! The source's symbols as a file writes them: a text that stands in a number's
//! place (`..`), or a mark around a number, declared with `#` where the number
//! stands (`~#`, `<#`, `cirka #`, `#a`). Which of them there are, and what they
//! mean, is configuration.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use crate::contract::Status;
use crate::decode::number::Number;
use crate::decode::rows::{Cell, localized};

#[derive(Clone, Debug, Default)]
pub struct Marks {
    exact: HashMap<String, Status>,
    /// The longest first, so that `cirka #` goes before `c#`.
    around: Vec<Around>,
    decimal: char,
}

#[derive(Clone, Debug)]
struct Around {
    before: String,
    after: String,
    status: Status,
    /// The declared symbol without its number.
    mark: String,
}

impl Marks {
    pub fn new(symbols: &BTreeMap<String, Status>, decimal: char) -> Self {
        let mut marks = Self { decimal, ..Self::default() };
        for (symbol, status) in symbols {
            match symbol.split_once('#') {
                Some((before, after)) if symbol.len() > 1 => marks.around.push(Around {
                    before: before.trim().to_owned(),
                    after: after.trim().to_owned(),
                    status: *status,
                    mark: format!("{} {}", before.trim(), after.trim()).trim().to_owned(),
                }),
                _ => drop(marks.exact.insert(symbol.trim().to_owned(), *status)),
            }
        }
        marks.around.sort_by_key(|one| std::cmp::Reverse(one.before.len() + one.after.len()));
        marks
    }

    /// What a text means in a column of numbers; a text that means nothing stays one, to be refused by the column.
    pub(crate) fn read<'t>(&'t self, text: &'t str) -> Cell<'t> {
        let text = text.trim();
        if text.is_empty() {
            return match self.exact.get("") {
                Some(status) if *status != Status::Missing => {
                    Cell::Marked { number: None, status: *status, symbol: "" }
                }
                _ => Cell::Absent,
            };
        }
        if let Some(status) = self.exact.get(text) {
            return Cell::Marked { number: None, status: *status, symbol: text };
        }
        if let Some(number) = self.number(text) {
            return Cell::Number(number);
        }
        for one in &self.around {
            let inner = text.strip_prefix(one.before.as_str()).and_then(|rest| rest.strip_suffix(one.after.as_str()));
            if let Some(number) = inner.and_then(|inner| self.number(inner.trim())) {
                return if one.status.has_value() {
                    Cell::Marked { number: Some(number), status: one.status, symbol: &one.mark }
                } else {
                    Cell::Marked { number: None, status: one.status, symbol: text }
                };
            }
        }
        Cell::Text(text)
    }

    /// Where numbers have commas, people set thousands apart by plain spaces too.
    fn number(&self, text: &str) -> Option<Number> {
        let text = if self.decimal == ',' && text.contains(' ') {
            Cow::Owned(text.replace(' ', "\u{a0}"))
        } else {
            Cow::Borrowed(text)
        };
        localized(&text, self.decimal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(marks: &Marks, text: &str) -> String {
        match marks.read(text) {
            Cell::Absent => "absent".to_owned(),
            Cell::Text(text) => format!("text {text}"),
            Cell::Number(number) => number.float().to_string(),
            Cell::Bool(_) => unreachable!(),
            Cell::Marked { number, status, symbol } => {
                format!("{:?} {status} {symbol:?}", number.map(Number::float))
            }
        }
    }

    #[test]
    fn symbols_as_swedish_offices_write_them() {
        let symbols = [
            ("..", Status::Missing),
            ("-", Status::NotApplicable),
            ("<#", Status::Suppressed),
            ("~#", Status::Unreliable),
            ("cirka #", Status::Unreliable),
            ("#a", Status::Observed),
            ("(#)", Status::Preliminary),
            ("0", Status::Suppressed),
        ];
        let marks = Marks::new(&symbols.map(|(symbol, status)| (symbol.to_owned(), status)).into(), ',');
        for (text, expected) in [
            ("..", "None missing \"..\""),
            (" - ", "None not_applicable \"-\""),
            ("<5", "None suppressed \"<5\""),
            ("< 5", "None suppressed \"< 5\""),
            ("~100", "Some(100.0) unreliable \"~\""),
            ("cirka 1 370", "Some(1370.0) unreliable \"cirka\""),
            ("12a", "Some(12.0) observed \"a\""),
            ("(1 234,5)", "Some(1234.5) preliminary \"( )\""),
            ("0", "None suppressed \"0\""),
            ("1 234,5", "1234.5"),
            ("1\u{a0}234", "1234"),
            ("-7", "-7"),
            ("", "absent"),
            ("12b", "text 12b"),
            ("ca 370", "text ca 370"),
            ("1.5", "text 1.5"),
            ("<", "text <"),
        ] {
            assert_eq!(told(&marks, text), expected, "{text}");
        }
        assert_eq!(
            told(&Marks::new(&BTreeMap::from([("#".to_owned(), Status::Missing)]), '.'), "#"),
            "None missing \"#\""
        );
    }
}
