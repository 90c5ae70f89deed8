//! What spreadsheets do to text that they open, and how it is kept from harm.

use std::borrow::Cow;

/// The byte-order mark by which Excel knows UTF-8.
pub const MARK: &[u8] = b"\xef\xbb\xbf";

/// A text as a cell of a CSV file: one that a spreadsheet would take for a formula gets a leading apostrophe.
pub fn safe(text: &str) -> Cow<'_, str> {
    let runs = text.trim_start().starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'])
        || text.starts_with(['\t', '\r', '\n']);
    if runs { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_a_spreadsheet_would_run_is_neutralised() {
        for text in ["=cmd()", "+1", "-4 år", "@SUM(A1)", "  =1", "\t=1", "\r=1", "\u{ff1d}1"] {
            assert_eq!(safe(text), format!("'{text}"));
        }
        assert_eq!(safe("Kock = bra"), "Kock = bra");
    }
}
