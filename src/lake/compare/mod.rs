//! Two versions of a dataset side by side: which rows came, went or were
//! revised. Both are sorted alike, so that one pass over both is enough,
//! whatever their size. It says what differs, never whether that is good.
//!
//! A row is known by its key, its county and its period's first day: one that
//! moved to another county counts as removed there and added here.

mod cells;
mod columns;
mod file;
mod largest;
mod merge;
mod stream;
mod summary;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use arrow::record_batch::RecordBatch;

use super::catalogue::{Lake, LakeError};
use super::manifest::Manifest;
use super::prepare::Prepared;
use columns::Plan;

pub use columns::{Aspect, ColumnChanges, Redefinition};
pub use file::ChangesFile;
pub use largest::{Figure, Largest, Number, Revision, Tally};
pub use summary::{Counts, Place, Summary};

/// A version and its files on this machine, in the manifest's order.
#[derive(Clone, Debug)]
pub struct Side<'a> {
    pub manifest: &'a Manifest,
    pub files: Vec<PathBuf>,
}

impl<'a> Side<'a> {
    /// A version that is in its place.
    pub fn published(lake: &Lake, manifest: &'a Manifest) -> Result<Self, LakeError> {
        Ok(Self { manifest, files: lake.files(manifest)? })
    }

    /// A version that is ready, but not yet in its place.
    pub fn prepared(prepared: &'a Prepared) -> Self {
        let data = prepared.folder.join("data");
        let files = prepared.manifest.files.iter().map(|file| crate::store::join(&data, &file.path)).collect();
        Self { manifest: &prepared.manifest, files }
    }
}

/// What became of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    Added,
    Removed,
    /// The key is in both, something else differs.
    Revised,
}

impl Change {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Revised => "revised",
        }
    }
}

/// A changed row by its places in the two batches of its [`Changes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangedRow {
    pub change: Change,
    /// None for an added row.
    pub old: Option<u32>,
    /// None for a removed row.
    pub new: Option<u32>,
}

/// Some of the changed rows, in order. Both batches have the same columns: those of the key and those compared.
#[derive(Debug)]
pub struct Changes<'a> {
    pub old: &'a RecordBatch,
    pub new: &'a RecordBatch,
    pub rows: &'a [ChangedRow],
}

/// Is given every changed row once, in the order of the versions.
pub type Sink<'a> = dyn FnMut(&Changes<'_>) -> Result<(), LakeError> + 'a;

/// What differs between two versions.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    pub columns: ColumnChanges,
    pub rows: Rows,
}

/// How the rows differ, or why that can't be said row by row.
#[derive(Clone, Debug, PartialEq)]
pub enum Rows {
    Compared(Summary),
    Unlike(Unlike),
}

/// Why two versions can't be laid side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unlike {
    /// The keys, or the order of their columns, differ.
    Key { old: Vec<String>, new: Vec<String> },
    /// A column that rows are known by is gone or has another type.
    KeyColumn { column: String, old: Option<String>, new: Option<String> },
}

impl std::fmt::Display for Unlike {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = |kind: &Option<String>| kind.clone().unwrap_or_else(|| "absent".to_owned());
        match self {
            Self::Key { old, new } => {
                write!(f, "the key was {} and is {}", old.join(", "), new.join(", "))
            }
            Self::KeyColumn { column, old, new } => {
                write!(f, "the key's column {column} was {} and is {}", kind(old), kind(new))
            }
        }
    }
}

/// Reads both versions once, in memory that does not grow with their rows, and gives `sink` every changed row.
pub fn compare(old: &Side<'_>, new: &Side<'_>, sink: &mut Sink<'_>) -> Result<Comparison, LakeError> {
    let columns = ColumnChanges::between(old.manifest, new.manifest);
    let plan = match Plan::of(old.manifest, new.manifest) {
        Ok(plan) => plan,
        Err(unlike) => return Ok(Comparison { columns, rows: Rows::Unlike(unlike) }),
    };
    let summary = merge::merge(&plan, &old.files, &new.files, merge::Pace::USUAL, sink)?;
    Ok(Comparison { columns, rows: Rows::Compared(summary) })
}
