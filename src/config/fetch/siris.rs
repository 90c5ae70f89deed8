//! `[fetch.NAME.siris]`.

use std::collections::BTreeMap;

use super::Years;

#[derive(Clone, Debug)]
pub struct SirisFetch {
    /// The number of the export, `pExportID`.
    pub export: u32,
    pub years: Years,
    /// Two digits; none: all counties.
    pub county: Option<String>,
    /// Four digits; none: all municipalities.
    pub municipality: Option<String>,
    /// Heading → column of text. Several headings may name one column: exports rename theirs over the years.
    pub texts: BTreeMap<String, String>,
    /// Heading → column of numbers.
    pub numbers: BTreeMap<String, String>,
    /// Further parameters of the export, such as `pVerkform`.
    pub parameters: BTreeMap<String, String>,
}
