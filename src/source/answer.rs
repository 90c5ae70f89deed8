//! Small JSON answers into typed structs, with faults that name place and call.

use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::SourceError;
use crate::decode::DecodeError;
use crate::fetch::Answer;

/// Parses a JSON answer.
pub fn parse<T: DeserializeOwned>(answer: &Answer) -> Result<T, SourceError> {
    serde_json::from_slice(bytes(answer)).map_err(|error| SourceError::decode(answer, fault(answer, &error)))
}

/// The body without a byte-order mark, which some installations send although JSON forbids it.
pub fn bytes(answer: &Answer) -> &[u8] {
    answer.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&answer.body)
}

/// What serde says about a body, as a decode error.
pub fn fault(answer: &Answer, error: &serde_json::Error) -> DecodeError {
    let body = bytes(answer);
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    if !matches!(first, Some(b'{' | b'[')) {
        let begins = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        return DecodeError::NotTheFormat { expected: "JSON", begins };
    }
    match error.classify() {
        Category::Data => DecodeError::Shape(error.to_string()),
        Category::Io | Category::Syntax | Category::Eof => {
            DecodeError::Broken { offset: offset(body, error.line(), error.column()), reason: error.to_string() }
        }
    }
}

/// serde_json counts lines and columns from 1.
fn offset(body: &[u8], line: usize, column: usize) -> u64 {
    let before: usize = body.split_inclusive(|byte| *byte == b'\n').take(line.saturating_sub(1)).map(<[u8]>::len).sum();
    (before + column) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offset_counts_whole_lines_and_columns() {
        let body = b"{\n\"a\": 1,\n\"b\": }";
        let error = serde_json::from_slice::<serde_json::Value>(body).unwrap_err();
        assert_eq!(offset(body, error.line(), error.column()), 16);
    }
}
