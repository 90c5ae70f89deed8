//! `[fetch.NAME.pxweb]`.

use std::collections::BTreeMap;

#[derive(Clone, Debug, Default)]
pub struct PxwebFetch {
    pub table: String,
    /// Of labels and titles; Swedish where it is left out.
    pub language: Option<String>,
    /// Dimension → selection expressions (`*`, `TOP(3)`, codes…), in PxWeb v2's own notation.
    pub select: BTreeMap<String, Vec<String>>,
    /// Dimension → code list id.
    pub codelist: BTreeMap<String, String>,
    /// Dimension → column.
    pub rename: BTreeMap<String, String>,
    /// ContentsCode → column.
    pub measures: BTreeMap<String, String>,
}
