//! What was read, and what was found wrong: exactly what, and where.

use std::fmt;

use serde::Serialize;

use crate::lake::VersionId;

/// A look at everything published.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    pub datasets: u64,
    pub versions: u64,
    pub files: u64,
    pub rows: u64,
    pub bytes: u64,
    /// Objects of the archive that were read; none when it was not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objects: Option<u64>,
    pub damage: Vec<Damage>,
    /// What is no damage and yet worth knowing: a publish cut short, leftovers of a crash.
    pub notes: Vec<String>,
}

/// What kind of thing is wrong, for those who mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wrong {
    /// The pointer is lost, or names what is not there.
    Pointer,
    /// A manifest is lost, unreadable, or not the one that was published.
    Manifest,
    /// Rows or files are not those that were published.
    Data,
    /// The rows break what the manifest promises of them.
    Contract,
    /// `datapackage.json` is not what the manifest gives.
    Descriptor,
    /// The record of what operators and the retention did.
    Act,
    /// The list of changes is not what manifests and acts give.
    Changes,
    /// A file that belongs to nothing.
    Stray,
    /// An archived answer, recipe or description of a source.
    Archive,
    Site,
    Ledger,
    /// Written by a later program: nothing is said of it, and nothing may be done to it.
    Newer,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Damage {
    pub wrong: Wrong,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionId>,
    /// Below the version's folder where there is a version, below the dataset's where there is a dataset, otherwise
    /// below the lake's root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    pub what: String,
}

impl Damage {
    pub fn new(wrong: Wrong, what: impl Into<String>) -> Self {
        Self { wrong, dataset: None, version: None, file: None, what: what.into() }
    }

    #[must_use]
    pub fn of(mut self, dataset: &str) -> Self {
        self.dataset = Some(dataset.to_owned());
        self
    }

    #[must_use]
    pub fn version(mut self, version: &VersionId) -> Self {
        self.version = Some(version.clone());
        self
    }

    #[must_use]
    pub fn file(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }
}

/// `tal 000001-…: data/lan-01/x.parquet: it is not there`.
impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.dataset, &self.version) {
            (Some(dataset), Some(version)) => write!(f, "{dataset} {version}: ")?,
            (Some(dataset), None) => write!(f, "{dataset}: ")?,
            (None, _) => {}
        }
        if let Some(file) = &self.file {
            write!(f, "{file}: ")?;
        }
        f.write_str(&self.what)
    }
}
