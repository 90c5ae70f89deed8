//! What an analyst finds by clicking around a source: its tables, what one of
//! them holds, and the fetch that would get it. Each connector that can be
//! browsed has `search` and `describe` that give these.

use super::metadata::Metadata;

/// One table, indicator or file in a source's catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: String,
    pub title: String,
    /// As the source writes it.
    pub updated: Option<String>,
    /// The first and last period.
    pub periods: Option<(String, String)>,
    /// What else is worth knowing: discontinued, renamed, how many values.
    pub note: Option<String>,
}

/// What a source says of one of its tables.
#[derive(Clone, Debug)]
pub struct Description {
    pub metadata: Metadata,
    pub updated: Option<String>,
    /// In the source's order; empty where it does not list them.
    pub periods: Vec<String>,
    /// Of each dimension that has other lists than its own: dimension, list, the list's label.
    pub codelists: Vec<(String, String, String)>,
    /// Dimensions that a selection may leave out.
    pub eliminable: Vec<String>,
    /// Footnotes and warnings, as the source writes them.
    pub notes: Vec<String>,
    /// A fetch that would get it; none where that takes a choice that only a reader can make.
    pub proposal: Option<Proposal>,
}

/// A ready `[fetch.NAME.KIND]` and what its table would hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The lines below the header, as TOML.
    pub fetch: String,
    pub columns: Vec<ProposedColumn>,
    /// The columns of codes for place and time, where they are known.
    pub region: Option<String>,
    pub period: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedColumn {
    pub name: String,
    /// `text`, `int64` or `float64`, as a dataset's contract writes it.
    pub kind: &'static str,
    pub title: String,
    pub unit: Option<String>,
    pub decimals: Option<u8>,
}
