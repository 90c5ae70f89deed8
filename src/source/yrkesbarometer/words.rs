//! The words of an assessment, and what a field says by them. What they mean
//! is Arbetsförmedlingen's: here they are only known or not.

use std::collections::BTreeMap;

use super::row::{Field, Row};
use crate::contract::Status;
use crate::decode::DecodeError;

pub const UNKNOWN: &str = "a word that no assessment has been known to use";

/// A field of the assessment, from its column's name to the words that it may hold.
pub struct Assessed {
    pub column: &'static str,
    pub words: &'static [&'static str],
    pub of: fn(&Row) -> &Field<String>,
}

/// Each has a status and a symbol beside it.
pub const ASSESSED: [Assessed; 3] = [
    Assessed { column: "jobbmojligheter", words: &["små", "medelstora", "stora"], of: |row| &row.jobbmojligheter },
    Assessed {
        column: "rekryteringssituation",
        words: &["överskott", "balans", "paradox", "brist"],
        of: |row| &row.rekryteringssituation,
    },
    // In five years, by direction only.
    Assessed { column: "prognos", words: &["öka", "vara oförändrad", "minska"], of: |row| &row.prognos },
];

/// From how large an area the judgement was borrowed, and whether wholly.
pub const BORROWED: [Assessed; 2] = [
    Assessed {
        column: "hogsta_bedomningsniva",
        words: &["län", "nuts2", "nuts1", "nationellt"],
        of: |row| &row.hogsta_bedomningsniva,
    },
    Assessed { column: "delvis_helt", words: &["helt", "delvis"], of: |row| &row.delvis_helt },
];

/// What a field says: the word, if it is one, its status, and the source's symbol where `symbols` has it.
pub fn judge<'a>(
    number: u64,
    row: &'a Row,
    field: &Assessed,
    symbols: &BTreeMap<String, Status>,
) -> Result<(Option<&'a str>, Status, Option<&'a str>), DecodeError> {
    let Some(Some(word)) = (field.of)(row) else {
        return Ok((None, symbols.get("").copied().unwrap_or(Status::NotAssessed), None));
    };
    let word = word.trim();
    match symbols.get(word) {
        Some(status) => {
            let symbol = Some(word).filter(|word| !word.is_empty());
            Ok((symbol.filter(|_| status.has_value()), *status, symbol))
        }
        None if field.words.contains(&word) => Ok((Some(word), Status::Observed, None)),
        None if word.is_empty() => Ok((None, Status::NotAssessed, None)),
        None => Err(DecodeError::Cell {
            row: number,
            column: field.column.to_owned(),
            value: word.to_owned(),
            why: UNKNOWN,
        }),
    }
}
