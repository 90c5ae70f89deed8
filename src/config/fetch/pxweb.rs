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
    /// Dimension with a code list → which codes the rows have.
    pub output_values: BTreeMap<String, OutputValues>,
    /// Dimension → column.
    pub rename: BTreeMap<String, String>,
    /// ContentsCode → column.
    pub measures: BTreeMap<String, String>,
}

/// What comes of a code list: sums by its own codes, or the codes behind them one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputValues {
    Aggregated,
    Single,
}

impl OutputValues {
    pub const ALL: &[Self] = &[Self::Aggregated, Self::Single];

    /// As PxWeb writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aggregated => "aggregated",
            Self::Single => "single",
        }
    }
}
