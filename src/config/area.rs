//! Named sets of municipalities (`areas.toml`).

use std::collections::BTreeMap;

/// One division of municipalities into areas, such as `samverkan`.
#[derive(Clone, Debug)]
pub struct AreaSet {
    pub name: String,
    pub areas: BTreeMap<String, Area>,
}

#[derive(Clone, Debug)]
pub struct Area {
    pub key: String,
    pub title: String,
    /// Municipality codes, four digits, at least one, no duplicates.
    pub kommuner: Vec<String>,
}
