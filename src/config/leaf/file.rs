//! Texts that say which file is meant and where in it a table lies.

use super::{Fault, Leaf};
use crate::config::CellRange;

/// `B4:H300`, or `B4:H` with an open end.
pub fn cell_range(text: &str) -> Leaf<CellRange> {
    let fault =
        || Fault::new(format!("{text:?} is not a range of cells"), "such as \"B4:H300\", or \"B4:H\" to the end");
    let (first, last) = text.split_once(':').ok_or_else(fault)?;
    let (first_column, first_row) = cell(first).ok_or_else(fault)?;
    let (last_column, last_row) = cell(last).ok_or_else(fault)?;
    let area = CellRange { first_row: first_row.ok_or_else(fault)?, first_column, last_row, last_column };
    if area.last_column < area.first_column || area.last_row.is_some_and(|last| last < area.first_row) {
        return Err(Fault::new(format!("{text:?} ends before it begins"), "upper left corner first"));
    }
    Ok(area)
}

/// Column and row, from 0.
fn cell(text: &str) -> Option<(u32, Option<u32>)> {
    let letters = text.bytes().take_while(u8::is_ascii_uppercase).count();
    let (letters, digits) = text.split_at(letters);
    if letters.is_empty() || letters.len() > 3 || digits.len() > 7 || !digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let column = letters.bytes().fold(0, |column, letter| column * 26 + u32::from(letter - b'A') + 1);
    let row = match digits {
        "" => None,
        digits => Some(digits.parse::<u32>().ok()?.checked_sub(1)?),
    };
    Some((column - 1, row))
}

/// Named parts of a link's pattern.
const LINK_PARTS: [&str; 6] = ["year", "month", "quarter", "half", "week", "day"];

/// A pattern has a year, and at most one of each part.
pub fn link_pattern(text: &str) -> Leaf<String> {
    let hint = "such as \"*/sokande-{year}-{month}*.xlsx\"; parts: {year}, {month}, {quarter}, {half}, {week}, {day}";
    let mut seen: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some((_, tail)) = rest.split_once('{') {
        let (name, after) =
            tail.split_once('}').ok_or_else(|| Fault::new(format!("{text:?} has a {{ without its }}"), hint))?;
        if !LINK_PARTS.contains(&name) {
            return Err(Fault::new(format!("{{{name}}} is no part of a period"), hint));
        }
        if seen.contains(&name) {
            return Err(Fault::new(format!("{text:?} has {{{name}}} twice"), hint));
        }
        seen.push(name);
        rest = after;
    }
    if !seen.contains(&"year") {
        return Err(Fault::new(format!("{text:?} has no {{year}}, so no link would be the newest"), hint));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_counted_from_nought() {
        let range = |text| cell_range(text).ok();
        assert_eq!(
            range("B4:H300"),
            Some(CellRange { first_row: 3, first_column: 1, last_row: Some(299), last_column: 7 })
        );
        assert_eq!(range("A1:AB"), Some(CellRange { first_row: 0, first_column: 0, last_row: None, last_column: 27 }));
        for wrong in ["", "B4", "4B:5C", "H4:B9", "B9:H4", "b4:h9", "A0:B2", "B:H", "ABCD1:B2"] {
            assert_eq!(range(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_pattern_has_a_year() {
        assert!(link_pattern("*/a-{year}-{month}*.xlsx").is_ok());
        for wrong in ["*.xlsx", "*{month}*", "{year}{year}", "{year", "{year}{manad}"] {
            assert!(link_pattern(wrong).is_err(), "{wrong}");
        }
    }
}
