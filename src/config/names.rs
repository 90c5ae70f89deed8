//! What the things of a configuration may be called, and what a hint offers in
//! place of a mistyped one.

use crate::nearest::nearest;

/// Columns that a regional dataset's SQL always gives; they need no contract of their own.
pub const GIVEN_COLUMNS: [&str; 3] = ["niva", "kod", "period"];

/// Columns that the program adds where the SQL leaves them out.
pub const ADDED_COLUMNS: [&str; 4] = ["namn", "lan", "period_start", "period_end"];

/// Endings of the columns that follow a measure by themselves.
pub const MEASURE_SUFFIXES: [&str; 3] = ["_status", "_symbol", "_storda"];

/// Levels that the program knows; an area set can't take their names.
pub(super) const LEVELS: [&str; 5] = ["riket", "lan", "kommun", "fa", "grupp"];

/// Tables of a custom check; a pipeline's own tables can't take their names.
pub(super) const CHECK_TABLES: [&str; 2] = ["ny", "publicerad"];

/// Words that would have to be quoted in every query.
const SQL_WORDS: [&str; 32] = [
    "all", "and", "as", "between", "by", "case", "cross", "distinct", "else", "end", "except", "exists", "false",
    "from", "group", "having", "in", "is", "join", "limit", "not", "null", "on", "or", "order", "select", "table",
    "then", "true", "union", "values", "where",
];

/// ASCII snake_case: `befolkning`, `andel_2`. At most 63 characters.
pub(super) fn is_name(text: &str) -> bool {
    text.len() <= 63
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|each| each.is_ascii_lowercase() || each.is_ascii_digit() || each == '_')
}

pub(super) fn is_sql_word(text: &str) -> bool {
    SQL_WORDS.contains(&text)
}

/// The column of a dimension that is not renamed: its name in lower-case ASCII.
pub fn column_of(dimension: &str) -> String {
    dimension
        .chars()
        .flat_map(char::to_lowercase)
        .map(|letter| match letter {
            'å' | 'ä' => 'a',
            'ö' => 'o',
            'é' | 'è' => 'e',
            'ü' => 'u',
            letter if letter.is_ascii_alphanumeric() => letter,
            _ => '_',
        })
        .collect()
}

/// The snake_case name that comes closest to what was written, as a hint.
pub(super) fn suggestion(text: &str) -> Option<String> {
    let column = column_of(text);
    let name: Vec<&str> = column.split('_').filter(|part| !part.is_empty()).collect();
    let name = name.join("_");
    is_name(&name).then_some(name)
}

/// ``did you mean `x`?``, or all there is to choose from.
pub(super) fn choice<'a>(word: &str, what: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(near) = nearest(word, candidates.clone()) {
        return format!("did you mean `{near}`?");
    }
    let all: Vec<String> = candidates.into_iter().map(|each| format!("`{each}`")).collect();
    if all.is_empty() { format!("there are no {what}") } else { format!("{what}: {}", all.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_ascii_snake_case() {
        for name in ["befolkning", "e3", "andel_25_64"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "Befolkning", "3e", "_x", "ålder", "a-b", "a b"] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn a_dimension_becomes_its_lower_case_ascii_name() {
        assert_eq!(column_of("KonAlderFodelseland"), "konalderfodelseland");
        assert_eq!(column_of("Ålder"), "alder");
        assert_eq!(column_of("kön"), "kon");
    }
}
