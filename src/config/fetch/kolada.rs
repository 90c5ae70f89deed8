//! `[fetch.NAME.kolada]`.

use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub struct KoladaFetch {
    pub kpi: Vec<String>,
    /// Groups of indicators, whose members are asked for too.
    pub kpi_group: Vec<String>,
    /// Indicator → its title when it was chosen.
    pub titles: BTreeMap<String, String>,
    /// `None`: every municipality and region.
    pub municipality: Option<Vec<String>>,
    /// Ids or patterns of units such as schools; empty for figures of municipalities.
    pub ou: Vec<String>,
    pub years: Years,
}

impl KoladaFetch {
    /// These indicators for every municipality and region.
    pub fn of(kpi: Vec<String>, years: Years) -> Self {
        Self { kpi, kpi_group: Vec::new(), titles: BTreeMap::new(), municipality: None, ou: Vec::new(), years }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Years {
    List(Vec<u16>),
    /// `2015..`, to the current year.
    From(u16),
    /// `latest(5)`: that many years up to the current one.
    Latest(u16),
}
