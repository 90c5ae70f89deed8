//! `[fetch.NAME.file]`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use url::Url;

use crate::config::ValueType;

#[derive(Clone, Debug)]
pub struct FileFetch {
    pub location: FileLocation,
    pub format: FileFormat,
    /// json-map: names for the nested keys, outermost first.
    pub keys: Vec<String>,
    /// json-map: the column of the leaf.
    pub value: Option<String>,
    /// Column → type; for csv and json every column that is taken, in the file's order.
    /// Left empty: all columns, as text.
    pub columns: BTreeMap<String, ValueType>,
    /// json-records: where the array lies, as an RFC 6901 pointer; empty for the root.
    pub pointer: String,
    pub delimiter: u8,
    pub decimal: char,
    /// An encoding_rs label, `utf-8` unless told.
    pub encoding: &'static str,
}

#[derive(Clone, Debug)]
pub enum FileLocation {
    /// Below the source's base URL.
    OnSource(String),
    Url(Url),
    /// Absolute.
    Local(PathBuf),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    Csv,
    JsonLines,
    JsonRecords,
    JsonMap,
}
