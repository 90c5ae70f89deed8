//! `[dataset.X.check]`: what must hold of a dataset's rows as a whole.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug)]
pub struct Checks {
    pub min_rows: u64,
    /// Percent of the published version's rows that may go.
    pub max_drop: Option<f64>,
    /// Measure → percent of its values that may be empty.
    pub max_null: BTreeMap<String, f64>,
    pub unique: bool,
    /// Days that may have passed since the newest period's end.
    pub freshness: Option<u32>,
    pub complete: Option<Complete>,
    /// In the order of their names.
    pub equals: Vec<Equals>,
    /// Name, file and text of each custom query.
    pub custom: Vec<(PathBuf, String)>,
    /// Checks that are published although they do not hold: `freshness`, `equals`, `equals.kon`, `stor.sql`.
    pub warn: Vec<String>,
}

impl Default for Checks {
    fn default() -> Self {
        Self {
            min_rows: 1,
            max_drop: None,
            max_null: BTreeMap::new(),
            unique: true,
            freshness: None,
            complete: None,
            equals: Vec::new(),
            custom: Vec::new(),
            warn: Vec::new(),
        }
    }
}

/// No holes: every combination of the values that occur in these columns has a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complete {
    pub over: Vec<String>,
    /// Judged within each combination of these columns by itself; `niva` is one of them where `kod` is in `over`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub per: Vec<String>,
    /// Rows with these values are left aside.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub except: BTreeMap<String, Vec<String>>,
}

/// A total is the sum of its parts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Equals {
    pub name: String,
    /// An additive measure that nobody has perturbed.
    pub column: String,
    /// The rows that are totals: column → value.
    pub total: BTreeMap<String, String>,
    /// The rows that are parts: the same columns → values.
    pub parts: BTreeMap<String, Vec<String>>,
    /// By how much they may differ.
    pub tolerance: f64,
}
