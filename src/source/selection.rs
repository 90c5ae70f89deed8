//! PxWeb v2's selection expressions, resolved against a table's own codes to
//! explicit ones, so that a call says exactly what it asks for and an unknown
//! code is found before a data call is made.
//!
//! | expression | means |
//! |---|---|
//! | a code | itself |
//! | `*` `x*` `*x` `*x*` | any text; at most two stars, only at the ends |
//! | `?` | any one character |
//! | `TOP(n)` `TOP(n,off)` | the first n after off; of a time dimension the latest n |
//! | `BOTTOM(n)` `BOTTOM(n,off)` | the last n; of a time dimension the earliest n |
//! | `RANGE(a,b)` | from a to b, whichever comes first |
//! | `FROM(a)` `TO(a)` | to the end of the list; from its start |
//!
//! Several expressions are united. As on the server, letter case counts
//! neither in the words nor in codes, but an exactly equal code goes first.

use std::collections::BTreeSet;
use std::ops::Range;

use super::SourceError;
use super::nearest_code::nearest_code;

/// One dimension's codes, as the metadata list them.
#[derive(Clone, Copy, Debug)]
pub struct CodeList<'a> {
    pub dimension: &'a str,
    /// Code and label.
    pub codes: &'a [(String, String)],
    pub is_time: bool,
}

impl CodeList<'_> {
    /// The positions that the expressions choose, in the list's order, each once.
    pub fn resolve(&self, expressions: &[String]) -> Result<Vec<usize>, SourceError> {
        let mut chosen = BTreeSet::new();
        for expression in expressions {
            let found = self.positions(expression.trim())?;
            if found.is_empty() {
                return Err(self.empty(expression));
            }
            chosen.extend(found);
        }
        if chosen.is_empty() {
            return Err(self.empty(""));
        }
        Ok(chosen.into_iter().collect())
    }

    fn positions(&self, expression: &str) -> Result<Vec<usize>, SourceError> {
        if let Some(position) = self.find(expression) {
            return Ok(vec![position]);
        }
        if let Some((word, arguments)) = call(expression) {
            return Ok(self.range(expression, &word, &arguments)?.collect());
        }
        if expression.contains(['*', '?']) {
            let pattern = Pattern::new(expression)
                .ok_or_else(|| self.fault(expression, "at most two stars are allowed, and only at the ends"))?;
            return Ok((0..self.codes.len()).filter(|&at| pattern.matches(&self.codes[at].0)).collect());
        }
        Err(self.unknown(expression))
    }

    fn range(&self, expression: &str, word: &str, arguments: &[&str]) -> Result<Range<usize>, SourceError> {
        let all = self.codes.len();
        match (word, arguments) {
            ("TOP" | "BOTTOM", [count]) => self.take(expression, word, count, "0"),
            ("TOP" | "BOTTOM", [count, offset]) => self.take(expression, word, count, offset),
            ("TOP" | "BOTTOM", _) => Err(self.fault(expression, "it takes a number and perhaps an offset")),
            ("RANGE", [from, to]) => {
                let (from, to) = (self.known(from)?, self.known(to)?);
                Ok(from.min(to)..from.max(to) + 1)
            }
            ("RANGE", _) => Err(self.fault(expression, "it takes two codes")),
            ("FROM", [from]) => Ok(self.known(from)?..all),
            ("TO", [to]) => Ok(0..self.known(to)? + 1),
            ("FROM" | "TO", _) => Err(self.fault(expression, "it takes one code")),
            _ => Err(self.fault(expression, "there is no such function")),
        }
    }

    /// TOP and BOTTOM; what goes beyond the list is cut, since the server fails on it.
    fn take(&self, expression: &str, word: &str, count: &str, offset: &str) -> Result<Range<usize>, SourceError> {
        let number = |text: &str| text.parse::<usize>().ok();
        let (Some(count), Some(offset)) = (number(count).filter(|count| *count > 0), number(offset)) else {
            return Err(self.fault(expression, "the number must be 1 or more, and the offset 0 or more"));
        };
        let all = self.codes.len();
        // Time runs forward in the list, unless the list is written latest first.
        let latest_last = self.is_time && !self.is_backward();
        let near = offset.min(all);
        let far = offset.saturating_add(count).min(all);
        Ok(if (word == "TOP") == latest_last { all - far..all - near } else { near..far })
    }

    fn is_backward(&self) -> bool {
        matches!((self.codes.first(), self.codes.last()), (Some(first), Some(last)) if first.0 > last.0)
    }

    fn find(&self, code: &str) -> Option<usize> {
        let exact = self.codes.iter().position(|(known, _)| known == code);
        exact.or_else(|| {
            let code = code.to_lowercase();
            let mut alike = (0..self.codes.len()).filter(|&at| self.codes[at].0.to_lowercase() == code);
            alike.next().filter(|_| alike.next().is_none())
        })
    }

    fn known(&self, code: &str) -> Result<usize, SourceError> {
        self.find(code).ok_or_else(|| self.unknown(code))
    }

    fn unknown(&self, code: &str) -> SourceError {
        let nearest = nearest_code(code, self.codes);
        SourceError::UnknownCode { dimension: self.dimension.to_owned(), code: code.to_owned(), nearest }
    }

    fn empty(&self, expression: &str) -> SourceError {
        SourceError::EmptySelection { dimension: self.dimension.to_owned(), expression: expression.to_owned() }
    }

    fn fault(&self, expression: &str, why: &'static str) -> SourceError {
        SourceError::Expression { dimension: self.dimension.to_owned(), expression: expression.to_owned(), why }
    }
}

/// Whether an expression may choose other codes than the one it spells.
pub fn is_expression(text: &str) -> bool {
    text.contains(['*', '?']) || call(text).is_some()
}

/// `WORD(a,b)`, the word in capitals.
fn call(expression: &str) -> Option<(String, Vec<&str>)> {
    let (word, rest) = expression.strip_suffix(')')?.split_once('(')?;
    let is_word = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_word.then(|| (word.to_ascii_uppercase(), rest.split(',').map(str::trim).collect()))
}

/// Text with `?` for any character, perhaps open at either end.
struct Pattern {
    open_start: bool,
    open_end: bool,
    body: Vec<char>,
}

impl Pattern {
    fn new(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('*');
        let (open_start, rest) = (rest.is_some(), rest.unwrap_or(text));
        let body = rest.strip_suffix('*');
        let (open_end, body) = (body.is_some(), body.unwrap_or(rest));
        let body: Vec<char> = body.to_lowercase().chars().collect();
        (!body.contains(&'*')).then_some(Self { open_start, open_end, body })
    }

    fn matches(&self, code: &str) -> bool {
        let code: Vec<char> = code.to_lowercase().chars().collect();
        let Some(room) = code.len().checked_sub(self.body.len()) else { return false };
        let fits =
            |at: usize| self.body.iter().zip(&code[at..]).all(|(wanted, letter)| *wanted == '?' || wanted == letter);
        match (self.open_start, self.open_end) {
            (false, false) => room == 0 && fits(0),
            (false, true) => fits(0),
            (true, false) => fits(room),
            (true, true) => (0..=room).any(fits),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(list: &[&str]) -> Vec<(String, String)> {
        list.iter().map(|code| ((*code).to_owned(), format!("label of {code}"))).collect()
    }

    fn resolve(list: &[&str], is_time: bool, expressions: &[&str]) -> Result<String, String> {
        let codes = codes(list);
        let list = CodeList { dimension: "D", codes: &codes, is_time };
        let expressions: Vec<String> = expressions.iter().map(|text| (*text).to_owned()).collect();
        match list.resolve(&expressions) {
            Ok(found) => Ok(found.into_iter().map(|at| codes[at].0.as_str()).collect::<Vec<_>>().join(" ")),
            Err(error) => Err(error.to_string()),
        }
    }

    const REGIONS: &[&str] = &["00", "01", "0114", "0115", "03", "0305", "TotSa"];
    const YEARS: &[&str] = &["2020", "2021", "2022", "2023"];

    #[test]
    fn expressions_choose_in_the_lists_order() {
        for (expressions, chosen) in [
            (&["*"][..], "00 01 0114 0115 03 0305 TotSa"),
            (&["01*"], "01 0114 0115"),
            (&["*5"], "0115 0305"),
            (&["*1*"], "01 0114 0115"),
            (&["??"], "00 01 03"),
            (&["?11?"], "0114 0115"),
            (&["*?5"], "0115 0305"),
            (&["03", "01", "03"], "01 03"),
            (&["totsa"], "TotSa"),
            (&["TOP(2)"], "00 01"),
            (&["top(2,1)"], "01 0114"),
            (&["BOTTOM(2)"], "0305 TotSa"),
            (&["Bottom(1, 1)"], "0305"),
            (&["TOP(99)"], "00 01 0114 0115 03 0305 TotSa"),
            (&["RANGE(01,0115)"], "01 0114 0115"),
            (&["range(0115,01)"], "01 0114 0115"),
            (&["FROM(03)"], "03 0305 TotSa"),
            (&["TO(01)"], "00 01"),
            (&["TO(01)", "03*"], "00 01 03 0305"),
        ] {
            assert_eq!(resolve(REGIONS, false, expressions).as_deref(), Ok(chosen), "{expressions:?}");
        }
    }

    #[test]
    fn top_of_time_is_the_latest_in_ascending_order() {
        assert_eq!(resolve(YEARS, true, &["TOP(2)"]).unwrap(), "2022 2023");
        assert_eq!(resolve(YEARS, true, &["TOP(2,1)"]).unwrap(), "2021 2022");
        assert_eq!(resolve(YEARS, true, &["TOP(9)"]).unwrap(), "2020 2021 2022 2023");
        assert_eq!(resolve(YEARS, true, &["BOTTOM(1)"]).unwrap(), "2020");
        assert_eq!(resolve(&["2023", "2022", "2021"], true, &["TOP(1)"]).unwrap(), "2023");
    }

    #[test]
    fn a_code_that_looks_like_an_expression_is_itself() {
        assert_eq!(resolve(&["*", "A(1)", "100+"], false, &["*"]).unwrap(), "*");
        assert_eq!(resolve(&["*", "A(1)", "100+"], false, &["A(1)", "100+"]).unwrap(), "A(1) 100+");
    }

    #[test]
    fn what_chooses_nothing_is_an_error() {
        for (expressions, message) in [
            (&["0116"][..], r#"dimension "D" has no code "0116""#),
            (&["RANGE(01,99)"], r#"dimension "D" has no code "99""#),
            (&["9*"], r#"dimension "D": "9*" selects no code"#),
            (&["TOP(1,50)"], r#"dimension "D": "TOP(1,50)" selects no code"#),
            (&[], r#"dimension "D": "" selects no code"#),
            (&["LAST(2)"], r#"dimension "D": "LAST(2)" is no selection expression: there is no such function"#),
            (
                &["0*1"],
                r#"dimension "D": "0*1" is no selection expression: at most two stars are allowed, and only at the ends"#,
            ),
            (
                &["TOP(0)"],
                r#"dimension "D": "TOP(0)" is no selection expression: the number must be 1 or more, and the offset 0 or more"#,
            ),
        ] {
            assert_eq!(resolve(REGIONS, false, expressions).unwrap_err(), message);
        }
    }

    #[test]
    fn an_unknown_code_brings_the_nearest() {
        let codes = codes(REGIONS);
        let list = CodeList { dimension: "Region", codes: &codes, is_time: false };
        let error = list.resolve(&["0116".to_owned()]).unwrap_err();
        assert!(error.hint().is_some_and(|hint| hint.contains("\"011")), "{:?}", error.hint());
    }
}
