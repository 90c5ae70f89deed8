//! `TIMEVAL`: the periods of the time variable, listed or as a span, on one of
//! the format's time scales.

use super::scan::{Statement, Token};
use crate::decode::DecodeError;

/// A span of more periods than this is a slip of the pen.
const MOST: usize = 100_000;

/// How many periods of a scale make a year, and how one is written: year, then its number.
struct Scale {
    per_year: u32,
    digits: usize,
    /// What stands between year and number in a value's text.
    letter: &'static str,
}

impl Scale {
    fn of(name: &str) -> Option<Self> {
        let (per_year, digits, letter) = match name.to_ascii_uppercase().as_str() {
            "A1" => (1, 0, ""),
            "H1" => (2, 1, "H"),
            // A term of three, four months.
            "T1" => (3, 1, "T"),
            "Q1" => (4, 1, "Q"),
            "M1" => (12, 2, "M"),
            "W1" => (53, 2, "W"),
            _ => return None,
        };
        Some(Self { per_year, digits, letter })
    }

    fn number(&self, text: &str) -> Option<u64> {
        let year = text.get(..4).filter(|year| year.bytes().all(|byte| byte.is_ascii_digit()))?;
        let rest = &text[4..];
        let part: u32 = match self.digits {
            0 if rest.is_empty() => 1,
            digits if rest.len() == digits && digits > 0 => rest.parse().ok()?,
            _ => return None,
        };
        let year: u64 = year.parse().ok()?;
        (1..=self.per_year).contains(&part).then(|| year * u64::from(self.per_year) + u64::from(part) - 1)
    }

    fn text(&self, number: u64) -> String {
        let (year, part) = (number / u64::from(self.per_year), number % u64::from(self.per_year) + 1);
        match self.digits {
            0 => year.to_string(),
            digits => format!("{year}{}{part:0digits$}", self.letter),
        }
    }
}

/// The periods, as texts: those that are listed as they are, those of a span as `2024`, `2024H1`, `2024M01`.
pub(super) fn periods(statement: &Statement) -> Result<Vec<String>, DecodeError> {
    let mut words = statement.value.iter().filter_map(|token| match token {
        Token::Word(word) => Some(word.as_str()),
        _ => None,
    });
    if !words.next().is_some_and(|word| word.eq_ignore_ascii_case("TLIST")) {
        return Err(statement.fault("expected TLIST"));
    }
    let scale = words.next().unwrap_or_default();
    let span = words.next() == Some("-");
    let texts: Vec<&str> = statement
        .value
        .iter()
        .filter_map(|token| match token {
            Token::Text(text) => Some(text.trim()),
            _ => None,
        })
        .collect();
    if !span {
        return Ok(texts.into_iter().map(str::to_owned).collect());
    }
    let [first, last] = texts.as_slice() else {
        return Err(statement.fault("a span of periods has a first and a last one"));
    };
    let known = Scale::of(scale).filter(|scale| scale.letter != "W");
    let ends = known.as_ref().and_then(|scale| Some((scale.number(first)?, scale.number(last)?)));
    let (Some(scale), Some((from, to))) = (&known, ends) else {
        return Err(statement.fault(format!("no span of {scale} periods goes from {first:?} to {last:?}")));
    };
    if from > to || (to - from) as usize >= MOST {
        return Err(statement.fault(format!("the span from {first:?} to {last:?} is empty or beyond reason")));
    }
    Ok((from..=to).map(|number| scale.text(number)).collect())
}

#[cfg(test)]
mod tests {
    use super::super::scan::scan;
    use super::*;

    fn read(value: &str) -> Result<String, String> {
        let file = format!("TIMEVAL(\"t\")={value};DATA=1;");
        let scanned = scan(file.as_bytes()).unwrap();
        periods(&scanned.statements[0]).map(|found| found.join(" ")).map_err(|error| error.to_string())
    }

    #[test]
    fn lists_are_as_written_and_spans_are_counted_out() {
        assert_eq!(read("TLIST(A1),\"2003\",\"2004\"").unwrap(), "2003 2004");
        assert_eq!(read("TLIST(A1,\"1994\"-\"1996\")").unwrap(), "1994 1995 1996");
        assert_eq!(read("TLIST(H1,\"19952\"-\"19961\")").unwrap(), "1995H2 1996H1");
        assert_eq!(read("TLIST(Q1,\"20031\"-\"20041\")").unwrap(), "2003Q1 2003Q2 2003Q3 2003Q4 2004Q1");
        assert_eq!(read("TLIST(M1,\"200311\"-\"200402\")").unwrap(), "2003M11 2003M12 2004M01 2004M02");
        assert_eq!(read("TLIST(W1),\"2023U29\"").unwrap(), "2023U29");
    }

    #[test]
    fn a_span_that_cannot_be_counted_is_refused() {
        for (value, reason) in [
            ("\"2003\"", "expected TLIST"),
            ("TLIST(A1,\"1994\"-)", "a span of periods has a first and a last one"),
            ("TLIST(A1,\"1996\"-\"1994\")", "the span from \"1996\" to \"1994\" is empty or beyond reason"),
            ("TLIST(M1,\"200313\"-\"200402\")", "no span of M1 periods goes from \"200313\" to \"200402\""),
            // Years have 52 or 53 weeks, so that only a list can tell.
            ("TLIST(W1,\"200301\"-\"200402\")", "no span of W1 periods goes from \"200301\" to \"200402\""),
        ] {
            assert_eq!(read(value).unwrap_err(), format!("TIMEVAL(\"t\") at byte 0: {reason}"), "{value}");
        }
    }
}
