//! Files as a pipeline declares them: text and JSON, spreadsheets and what
//! pivot tables keep, XML, Parquet, and cubes; plain or packed. Types are those
//! declared: a number that isn't one is an error with its place, never a null.
//! Rows go out in batches, so that a large file need not lie in memory.

mod csv;
mod elements;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod header;
mod input;
mod json;
mod map;
mod marks;
mod package;
mod parquet;
mod pivot;
mod record;
mod sheet;
#[cfg(test)]
mod tests;
mod text;
mod unpack;
mod wild;
mod writer;
mod xml;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use encoding_rs::Encoding;

use super::DecodeError;
use super::json::{begins, without_mark};
use super::rows;
use crate::config::{FileFetch, FileFormat, ValueType};
use crate::contract::Status;

pub use input::Input;
pub use marks::Marks;
pub use writer::Out;

/// A document that can only be read whole may be as large as this.
const WHOLE: u64 = 1 << 30;

/// How a file is to be read.
pub struct Reading<'a> {
    pub spec: &'a FileFetch,
    pub marks: Marks,
}

impl<'a> Reading<'a> {
    /// The file's own symbols go over those of its source.
    pub fn new(spec: &'a FileFetch, of_source: &BTreeMap<String, Status>) -> Self {
        let mut symbols = of_source.clone();
        symbols.extend(spec.symbols.iter().map(|(symbol, status)| (symbol.clone(), *status)));
        Self { spec, marks: Marks::new(&symbols, spec.decimal) }
    }
}

/// What a file says of itself.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Its own columns, also those that are not taken; none where it has no header.
    pub columns: Option<Vec<String>>,
    /// Column, header and unit of what is taken, where the file gives units.
    pub units: Vec<(String, String, String)>,
    /// Words for the operator.
    pub notes: Vec<String>,
}

/// Why a file could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The rows could not be kept.
    #[error("{0}")]
    Sink(anyhow::Error),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        text::unwrapped(error).into()
    }
}

impl From<arrow::error::ArrowError> for ReadError {
    fn from(error: arrow::error::ArrowError) -> Self {
        DecodeError::from(error).into()
    }
}

/// Reads a file to its end; its rows go out in batches of the same schema, at least one.
///
/// # Errors
/// When the bytes are not the format or are packed in a harmful way, lack a declared column (in JSON: a key that no
/// record has, though some may go without), have a column or key twice, or hold a cell that is not of its declared
/// type. Rows count from 1; in CSV the header is row 1.
pub fn read(input: Input, reading: &Reading<'_>, out: Out<'_>) -> Result<Told, ReadError> {
    let spec = reading.spec;
    unpack::with(input, spec, &mut |body| match spec.format {
        FileFormat::Csv => csv::read(body.stream()?, reading, &mut *out),
        FileFormat::JsonLines => json::lines(body.stream()?, reading, &mut *out),
        FileFormat::JsonRecords => {
            let body = body.whole()?;
            json::records(&text(&body, spec.encoding)?, reading, &mut *out)
        }
        FileFormat::JsonMap => {
            let body = body.whole()?;
            map::read(&text(&body, spec.encoding)?, reading, &mut *out)
        }
        FileFormat::JsonStat | FileFormat::Px => {
            Err(DecodeError::Shape("cubes are not read as rows".to_owned()).into())
        }
        FileFormat::Xlsx | FileFormat::Xlsb if spec.sheet.pivot_cache.is_some() => {
            pivot::read(body.seekable()?, reading, &mut *out)
        }
        FileFormat::Xlsx | FileFormat::Xlsb | FileFormat::Ods => sheet::read(body.seekable()?, reading, &mut *out),
        FileFormat::Xml => xml::read(body.stream()?, reading, &mut *out),
        FileFormat::Parquet => parquet::read(body.seekable()?, reading, &mut *out),
    })
}

/// The whole of a file that is a document, unpacked.
///
/// # Errors
/// When it is packed in a harmful way, or too large to be read whole.
pub fn whole(input: Input, spec: &FileFetch) -> Result<Bytes, ReadError> {
    let mut bytes = Bytes::new();
    unpack::with(input, spec, &mut |body| {
        bytes = body.whole()?;
        Ok(Told::default())
    })?;
    Ok(bytes)
}

/// Decodes a whole file into one batch: text columns as plain text, each number column followed by
/// `<name>_status` and `<name>_symbol`.
///
/// # Errors
/// As `read`.
pub fn decode(body: &[u8], spec: &FileFetch) -> Result<RecordBatch, DecodeError> {
    let mut batches = Vec::new();
    let mut keep = |batch| {
        batches.push(batch);
        Ok(())
    };
    match read(Input::Memory(Bytes::copy_from_slice(body)), &Reading::new(spec, &BTreeMap::new()), &mut keep) {
        Ok(_) => {}
        Err(ReadError::Decode(error)) => return Err(error),
        Err(ReadError::Sink(error)) => return Err(DecodeError::Shape(error.to_string())),
    }
    match batches.as_slice() {
        [batch] => Ok(batch.clone()),
        [first, ..] => Ok(arrow::compute::concat_batches(&first.schema(), &batches)?),
        [] => Err(DecodeError::Shape("the file gave no batch".to_owned())),
    }
}

/// The schema, where it is known without the file: the columns are declared, or it is a map.
#[must_use]
pub fn schema(spec: &FileFetch) -> Option<SchemaRef> {
    let columns = declared(spec)?;
    Some(rows::schema(columns.iter().map(|(name, kind)| (name.as_str(), *kind))))
}

/// The declared columns in the order that the batch has them.
fn declared(spec: &FileFetch) -> Option<Vec<(String, ValueType)>> {
    let kind = |name: &String| spec.columns.get(name).copied().unwrap_or(ValueType::Text);
    match spec.format {
        FileFormat::JsonMap => {
            let names = spec.keys.iter().chain(&spec.value);
            Some(names.map(|name| (name.clone(), kind(name))).collect())
        }
        FileFormat::Xml => Some(spec.fields.keys().map(|name| (name.clone(), kind(name))).collect()),
        _ => {
            let columns = spec.columns.iter().map(|(name, kind)| (name.clone(), *kind));
            (!spec.columns.is_empty()).then(|| columns.collect())
        }
    }
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
