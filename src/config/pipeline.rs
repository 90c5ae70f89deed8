//! A pipeline (`pipelines/NAME/pipeline.toml`) as the program sees it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::contract::Status;

use super::Checks;

#[derive(Clone, Debug)]
pub struct Pipeline {
    pub name: String,
    /// The pipeline's folder, absolute.
    pub dir: PathBuf,
    pub title: String,
    pub description: String,
    pub schedule: Option<Schedule>,
    pub fetches: BTreeMap<String, Fetch>,
    /// SQL table name → another pipeline's dataset.
    pub inputs: BTreeMap<String, Input>,
    pub datasets: BTreeMap<String, Dataset>,
    /// BLAKE3 (hex) over pipeline.toml, every SQL file it names, and the definition of the
    /// sources and areas it uses: decides whether an unchanged source means an unchanged dataset.
    pub config_hash: String,
}

#[derive(Clone, Debug)]
pub struct Schedule {
    /// Five fields, already accepted by croner.
    pub cron: String,
    /// An IANA name, already accepted by jiff.
    pub timezone: String,
    pub missed: Missed,
    pub overlap: Overlap,
    pub jitter: Duration,
    pub late_after: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missed {
    Skip,
    Latest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    Skip,
    Queue,
}

#[derive(Clone, Debug)]
pub struct Fetch {
    /// Becomes the SQL table of this name.
    pub name: String,
    /// A key of `Config::sources`; none for a local file or a bare URL.
    pub source: Option<String>,
    pub kind: FetchKind,
    pub history: History,
    pub drift: DriftPolicy,
}

/// What is done when a source says something else of its data than what was last accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DriftPolicy {
    pub new_code: Reaction,
    pub lost_code: Reaction,
    pub renamed: Reaction,
}

impl Default for DriftPolicy {
    fn default() -> Self {
        Self { new_code: Reaction::Warn, lost_code: Reaction::Stop, renamed: Reaction::Stop }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    Accept,
    /// Publish, and tell of it.
    Warn,
    /// Publish nothing until an operator lets it through.
    Stop,
}

/// What becomes of periods that the source's selection has left behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum History {
    /// They stay published, marked with the version that they are from.
    #[default]
    Keep,
    /// They go.
    Window,
}

#[derive(Clone, Debug)]
pub enum FetchKind {
    Pxweb(PxwebFetch),
    Kolada(KoladaFetch),
    File(FileFetch),
}

#[derive(Clone, Debug)]
pub struct PxwebFetch {
    pub table: String,
    /// Dimension → selection expressions (`*`, `TOP(3)`, codes…), in PxWeb v2's own notation.
    pub select: BTreeMap<String, Vec<String>>,
    /// Dimension → code list id.
    pub codelist: BTreeMap<String, String>,
    /// Dimension → column.
    pub rename: BTreeMap<String, String>,
    /// ContentsCode → column.
    pub measures: BTreeMap<String, String>,
}

#[derive(Clone, Debug)]
pub struct KoladaFetch {
    pub kpi: Vec<String>,
    /// `None`: every municipality and region.
    pub municipality: Option<Vec<String>>,
    pub years: Years,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Years {
    List(Vec<u16>),
    /// `2015..`, to the current year.
    From(u16),
    /// `latest(5)`: that many years up to the current one.
    Latest(u16),
}

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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    Text,
    Int64,
    Float64,
}

#[derive(Clone, Debug)]
pub struct Input {
    pub name: String,
    pub dataset: String,
}

#[derive(Clone, Debug)]
pub struct Dataset {
    pub name: String,
    pub title: String,
    pub description: String,
    /// The SQL file, absolute, and its text.
    pub sql_file: PathBuf,
    pub sql: String,
    /// Always `["lan"]` so far.
    pub partition_by: Vec<String>,
    pub key: Vec<String>,
    /// Keys of `Config::area_sets`.
    pub areas: Vec<String>,
    /// In the file's order.
    pub columns: Vec<Column>,
    pub checks: Checks,
}

#[derive(Clone, Debug)]
pub struct Column {
    pub name: String,
    pub kind: ColumnType,
    pub title: String,
    pub unit: Option<String>,
    pub decimals: Option<u8>,
    /// Whether a value may be empty; a measure's empty value needs a status that says why all the same.
    pub nullable: bool,
    /// The codes that may occur; left empty: any.
    pub values: Vec<String>,
    /// A column of a reference table that lists the codes that may occur.
    pub codes: Option<CodeList>,
    pub range: Option<ValueRange>,
    /// The statuses that a measure may have; left empty: any.
    pub statuses: Vec<Status>,
    pub additive: bool,
    pub perturbation: Perturbation,
    pub ratio: Option<Ratio>,
}

impl Column {
    /// A number about the key, with a status of its own, as against a code or label.
    pub fn is_measure(&self) -> bool {
        self.kind.is_number()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    Text,
    Int64,
    Float64,
}

impl ColumnType {
    pub const fn is_number(self) -> bool {
        matches!(self, Self::Int64 | Self::Float64)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Int64 => "int64",
            Self::Float64 => "float64",
        }
    }
}

/// `codes = "ssyk.benamning"`: that column of `reference/ssyk.csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeList {
    pub table: String,
    pub column: String,
}

/// Both ends belong to it; an end that is left out is open.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ValueRange {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Perturbation {
    #[default]
    None,
    Ckm,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ratio {
    pub numerator: String,
    pub denominator: String,
    pub scale: f64,
}
