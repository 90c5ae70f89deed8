//! Where in a file a fault lies, when all that is known is a word, a column or
//! a line: so that every problem of `check` has its caret.

use std::ops::Range;

/// Line and column (in characters, from 1) as a byte offset.
pub fn offset(text: &str, (line, column): (u64, u64)) -> usize {
    let lines = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
    let start: usize = text.split_inclusive('\n').take(lines).map(str::len).sum();
    let characters = usize::try_from(column.saturating_sub(1)).unwrap_or(usize::MAX);
    text[start..].char_indices().nth(characters).map_or(text.len(), |(byte, _)| start + byte)
}

/// A place of one character is the start of a word: mark it whole.
pub fn grown(text: &str, span: Range<usize>) -> Range<usize> {
    let word = text[span.start..].find(|c: char| !in_word(c)).map_or(text.len(), |length| span.start + length);
    span.start..span.end.max(word)
}

/// The first word of a query, after blank lines and comments.
pub fn beginning(sql: &str) -> Range<usize> {
    let mut start = 0;
    for line in sql.split_inclusive('\n') {
        let text = line.trim_start();
        if !text.is_empty() && !text.starts_with("--") {
            start += line.len() - text.len();
            return grown(sql, start..(start + 1).min(sql.len()));
        }
        start += line.len();
    }
    0..0
}

/// Where a query names something, in any case; where it gives a column, the place of its `AS`.
pub fn word(sql: &str, name: &str) -> Option<Range<usize>> {
    let (text, name) = (sql.to_ascii_lowercase(), name.to_ascii_lowercase());
    let commented = |at: usize| text[..at].rsplit('\n').next().is_some_and(|line| line.contains("--"));
    let whole = |at: usize| {
        !text[..at].chars().next_back().is_some_and(in_word)
            && !text[at + name.len()..].chars().next().is_some_and(in_word)
    };
    let found: Vec<usize> =
        text.match_indices(&name).map(|(at, _)| at).filter(|at| !commented(*at) && whole(*at)).collect();
    let aliased = found.iter().find(|at| text[..**at].trim_end().ends_with(" as"));
    let at = *aliased.or(found.first())?;
    Some(at..at + name.len())
}

/// The header of a column's table in pipeline.toml, else that of its dataset.
pub fn declared(toml: &str, dataset: &str, column: &str) -> Option<Range<usize>> {
    let header = |text: &str| toml.find(text).map(|at| at..at + text.len());
    header(&format!("[dataset.{dataset}.column.{column}]")).or_else(|| header(&format!("[dataset.{dataset}]")))
}

/// The names in the header of the table that a place of a TOML file lies in.
pub fn table(toml: &str, at: usize) -> Vec<&str> {
    let at = at.min(toml.len());
    let end = toml[at..].find('\n').map_or(toml.len(), |length| at + length);
    let header = toml[..end].lines().rev().map(str::trim).find_map(|line| line.strip_prefix('['));
    let names = header.and_then(|header| header.split(']').next()).unwrap_or_default();
    names.split('.').map(|name| name.trim_matches(['"', '\'', ' '])).filter(|name| !name.is_empty()).collect()
}

fn in_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQL: &str = "-- antal per kommun\n\nSELECT kod, antal_total, a.Antal, b AS summa\nFROM a\n";

    #[test]
    fn words_are_found_whole_and_outside_comments() {
        assert_eq!(word(SQL, "antal").map(|span| &SQL[span]), Some("Antal"));
        assert_eq!(word(SQL, "summa").map(|span| &SQL[span.start - 3..span.end]), Some("AS summa"));
        assert_eq!(word(SQL, "kommun"), None);
        assert_eq!(&SQL[beginning(SQL)], "SELECT");
        assert_eq!(beginning("-- only a comment"), 0..0);
    }

    #[test]
    fn a_column_of_an_alias_goes_before_one_of_a_table() {
        let sql = "SELECT r.antal * 2 AS antal FROM r";
        assert_eq!(word(sql, "antal"), Some(22..27));
    }

    #[test]
    fn tables_of_toml_are_found_by_their_headers() {
        let toml = "version = 1\n[fetch.a.file]\npath = \"x\"\n[dataset.b]\n[dataset.b.column.\"c\"]\ntype = 1\n";
        let at = |text: &str| table(toml, toml.find(text).unwrap());
        assert_eq!(at("version"), Vec::<&str>::new());
        assert_eq!(at("path"), ["fetch", "a", "file"]);
        assert_eq!(at("type"), ["dataset", "b", "column", "c"]);
        assert_eq!(at("fetch.a"), ["fetch", "a", "file"]);
        assert_eq!(declared(toml, "b", "d").map(|span| &toml[span]), Some("[dataset.b]"));
    }
}
