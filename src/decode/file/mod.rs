//! Files of rows (CSV, JSON records, JSON Lines) and nested JSON maps, as a
//! pipeline declares them. Types are those declared: a number that isn't one is
//! an error with its row, never a null.

mod csv;
mod json;
mod map;
mod record;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use encoding_rs::Encoding;

use super::DecodeError;
use super::json::{begins, without_mark};
use super::rows;
use crate::config::{FileFetch, FileFormat, ValueType};

/// Decodes a whole file into one batch: text columns as plain text, each number column followed by
/// `<name>_status` and `<name>_symbol`.
///
/// # Errors
/// When the bytes are not text in the declared encoding, not the format, lack a declared column (in
/// JSON: a key that no record has, though some may go without), have a column or key twice, or hold a
/// cell that is not of its declared type. Rows count from 1; in CSV the header is row 1.
pub fn decode(body: &[u8], spec: &FileFetch) -> Result<RecordBatch, DecodeError> {
    let text = text(body, spec.encoding)?;
    match spec.format {
        FileFormat::Csv => csv::decode(&text, spec),
        FileFormat::JsonRecords => json::records(&text, spec),
        FileFormat::JsonLines => json::lines(&text, spec),
        FileFormat::JsonMap => map::decode(&text, spec),
    }
}

/// The names in a CSV file's header, also of columns that are not taken; none for what has no header.
#[must_use]
pub fn header(body: &[u8], spec: &FileFetch) -> Option<Vec<String>> {
    if spec.format != FileFormat::Csv {
        return None;
    }
    csv::header(&text(body, spec.encoding).ok()?, spec)
}

/// The schema, where it is known without the file: the columns are declared, or it is a map.
#[must_use]
pub fn schema(spec: &FileFetch) -> Option<SchemaRef> {
    let columns = declared(spec)?;
    Some(rows::schema(columns.iter().map(|(name, kind)| (name.as_str(), *kind))))
}

/// The declared columns in the order that the batch has them.
fn declared(spec: &FileFetch) -> Option<Vec<(String, ValueType)>> {
    if spec.format == FileFormat::JsonMap {
        let names = spec.keys.iter().chain(&spec.value);
        let kind = |name: &String| spec.columns.get(name).copied().unwrap_or(ValueType::Text);
        return Some(names.map(|name| (name.clone(), kind(name))).collect());
    }
    (!spec.columns.is_empty()).then(|| spec.columns.iter().map(|(name, kind)| (name.clone(), *kind)).collect())
}

/// The body as text without a byte order mark.
fn text<'a>(body: &'a [u8], label: &str) -> Result<Cow<'a, str>, DecodeError> {
    let encoding = Encoding::for_label(label.as_bytes())
        .ok_or_else(|| DecodeError::Shape(format!("{label:?} is not an encoding")))?;
    let bare = without_mark(body);
    if encoding == encoding_rs::UTF_8 {
        return std::str::from_utf8(bare).map(Cow::Borrowed).map_err(|error| DecodeError::Broken {
            offset: (body.len() - bare.len() + error.valid_up_to()) as u64,
            reason: "not UTF-8".to_owned(),
        });
    }
    if bare.len() < body.len() {
        return Err(DecodeError::Shape(format!("the file begins with a UTF-8 mark, but {label} is declared")));
    }
    encoding
        .decode_without_bom_handling_and_without_replacement(body)
        .ok_or_else(|| DecodeError::NotTheFormat { expected: "text in the declared encoding", begins: begins(body) })
}
