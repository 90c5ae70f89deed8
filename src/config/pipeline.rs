//! A pipeline (`pipelines/NAME/pipeline.toml`) as the program sees it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::contract::Status;
use serde::{Deserialize, Serialize};

use super::{Checks, Fetch, Release};

#[derive(Clone, Debug)]
pub struct Pipeline {
    pub name: String,
    /// The pipeline's folder, absolute.
    pub dir: PathBuf,
    pub title: String,
    pub description: String,
    pub schedule: Option<Schedule>,
    /// How its sources are polled around their releases; none: they are not.
    pub release: Option<Release>,
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
    /// Five fields, already accepted by croner; none where only a release or another pipeline makes it due.
    pub cron: Option<String>,
    /// Pipelines whose publishing makes this one due.
    pub after: Vec<String>,
    /// Otherwise it is run only by hand.
    pub enabled: bool,
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
