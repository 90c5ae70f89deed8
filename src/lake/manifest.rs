//! `manifest.json`: what a version holds, how it was checked, and where every figure came from.

use std::collections::BTreeMap;

use arrow::datatypes::DataType;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::contract::{Contract, Severity};
use crate::fetch::AnswerRecord;

use super::VersionId;

/// The number of this program's manifests; [`Manifest::parse`] reads every older one.
pub const FORMAT: u32 = 2;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    pub dataset: String,
    pub title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    pub pipeline: String,
    pub version: VersionId,
    pub created_at: Timestamp,
    /// The program that made it, `underlag/0.1.0`.
    pub program: String,
    /// Of the pipeline's files, sources, areas and reference tables.
    pub config_hash: String,
    /// The archived recipe: all files that this was computed by. None before format 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<String>,
    /// BLAKE3 of the query's text. None before format 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sql_hash: Option<String>,
    /// BLAKE3 over schema and rows in full-key order, without provenance: equal means unchanged.
    pub content_hash: String,
    pub rows: u64,
    /// Every column of the Parquet files, in their order.
    pub columns: Vec<ColumnInfo>,
    pub key: Vec<String>,
    /// All that was promised of it, by which it can be judged again. None in older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<Contract>,
    pub files: Vec<FileInfo>,
    /// Every check that was made, and how it went.
    pub checks: Vec<CheckResult>,
    /// What is different from the version before it, the strongest first; empty for the first version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<Kind>,
    /// How many rows differ from the version before; none where nobody counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Changed>,
    /// BLAKE3 of every act since the manifest before this: rollbacks, withdrawals, removals by the retention.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acts: Vec<String>,
    /// Periods that the source no longer gives, and the versions that they were kept from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carried: Vec<Carried>,
    /// What an operator let through, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<Accepted>,
    /// Per fetch of the pipeline, by its name.
    pub sources: BTreeMap<String, SourceInfo>,
    /// Other datasets this was computed from: name → version.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, VersionId>,
    /// Whom the figures go back to: the credits of all sources, also of those behind the inputs.
    pub credits: Vec<String>,
    /// The latest answer that any figure goes back to.
    pub fetched_at: Timestamp,
    /// Swedish, complete: `Källa: SCB` or `Beräknad av … med underlag från …, hämtat …`.
    pub credit: String,
    /// Licences of the sources, without duplicates.
    pub licences: Vec<String>,
    /// Made from a stand-in source: whoever shows it must say SYNTETISKA DATA.
    pub synthetic: bool,
    /// BLAKE3 of the previous version's manifest.json; none for the first.
    pub previous: Option<String>,
}

/// How one check went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckResult {
    /// `unique`, `min_rows`, …, or the file of a custom query.
    pub check: String,
    pub severity: Severity,
    pub held: bool,
    /// A sentence: what was promised, or how it was broken.
    pub message: String,
    /// When it did not hold: a Swedish sentence for whoever reads the figures.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub notice: String,
    /// The first offending rows, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<String>,
    /// There are offending rows beyond those.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
    /// The archived answers that they came from, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<String>,
}

/// What sets a version apart from the one before it. The order is that of strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A column, key or area level removed or redefined.
    Major,
    /// A column, key or area level added.
    Minor,
    /// Rows of existing periods gone.
    Removal,
    /// Values of existing keys changed.
    Revision,
    /// New periods only.
    Append,
}

/// A version's rows against those of the version before it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// The version compared with.
    pub from: Option<VersionId>,
    pub added: u64,
    pub removed: u64,
    pub revised: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub periods_added: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub periods_gone: Vec<String>,
}

/// A period that left the source's selection and stays published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    pub period: String,
    /// The last version whose source gave it.
    pub version: VersionId,
    pub rows: u64,
}

/// A stopped publish that an operator let through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// What had stopped it, in words.
    pub what: Vec<String>,
    pub reason: String,
    pub at: Timestamp,
}

impl Manifest {
    /// Reads a manifest of this or any older format.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let format = value.get("format").and_then(Value::as_u64).ok_or("it has no format number")?;
        if format > u64::from(FORMAT) {
            return Err(format!("its format {format} is newer than this program, which reads up to {FORMAT}"));
        }
        if format < 2 {
            from_1(&mut value);
        }
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    /// The checks that did not hold, and were published.
    pub fn broken(&self) -> impl Iterator<Item = &CheckResult> {
        self.checks.iter().filter(|check| !check.held)
    }

    /// Whether a reader of the other version is told the same: only then may equal rows stay unpublished.
    /// When the data were fetched is no part of it, nor is a warning that no longer holds: that must not be
    /// taken back from figures that are the same.
    pub fn describes_the_same(&self, other: &Self) -> bool {
        let undated = |manifest: &Self| manifest.credit.split(", hämtat ").next().map(str::to_owned);
        self.content_hash == other.content_hash
            && (&self.title, &self.description, &self.columns, &self.key)
                == (&other.title, &other.description, &other.columns, &other.key)
            && (&self.licences, &self.credits, self.synthetic) == (&other.licences, &other.credits, other.synthetic)
            && undated(self) == undated(other)
            && self.contract.as_ref().zip(other.contract.as_ref()).is_none_or(|(one, two)| one.promises_the_same(two))
            && other
                .broken()
                .all(|new| self.broken().any(|old| (&old.check, &old.message) == (&new.check, &new.message)))
    }
}

/// Format 1 told checks as sentences, and only of those that held.
fn from_1(value: &mut Value) {
    // Written again, it is what it has become.
    value["format"] = json!(2);
    if let Some(checks) = value.get_mut("checks").and_then(Value::as_array_mut) {
        for check in checks {
            *check = json!({ "check": "", "severity": "error", "held": true, "message": check.take() });
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnInfo {
    pub name: String,
    /// `text`, `int64`, `float64` or `date`.
    pub kind: String,
    /// Swedish.
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimals: Option<u8>,
    /// A number with `<name>_status` beside it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub measure: bool,
    /// Perturbed by the source for disclosure control (`ckm`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub perturbation: Option<String>,
    /// A ratio computed here: (numerator, denominator, scale).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<(String, String, f64)>,
}

impl ColumnInfo {
    /// The word for an Arrow type.
    pub fn kind_of(kind: &DataType) -> &'static str {
        match kind {
            DataType::Int64 => "int64",
            DataType::Float64 => "float64",
            DataType::Date32 => "date",
            _ => "text",
        }
    }

    /// The Arrow type that the column is published as: text plain, never a dictionary, which arrives as categorical.
    pub fn arrow_type(&self) -> DataType {
        match self.kind.as_str() {
            "int64" => DataType::Int64,
            "float64" => DataType::Float64,
            "date" => DataType::Date32,
            _ => DataType::Utf8,
        }
    }
}

/// One Parquet file below `data/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileInfo {
    /// Below `data/`, with forward slashes: `lan-01/ID.parquet`.
    pub path: String,
    pub rows: u64,
    pub size: u64,
    pub blake3: String,
}

/// Where one fetched table came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceInfo {
    pub source: String,
    pub credit: String,
    pub licence: String,
    pub synthetic: bool,
    /// What the source says decides whether it has changed (PxWeb's `updated`, an ETag, a hash).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stamp: Option<String>,
    /// The archived metadata that were accepted with these figures: what drift is measured against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
    pub rows: u64,
    /// The latest of the answers' times.
    pub fetched_at: Timestamp,
    pub answers: Vec<AnswerRecord>,
    /// Notes that the source demands be shown with its figures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}
