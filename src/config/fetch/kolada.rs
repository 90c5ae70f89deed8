//! `[fetch.NAME.kolada]`.

#[derive(Clone, Debug)]
pub struct KoladaFetch {
    pub kpi: Vec<String>,
    /// `None`: every municipality and region.
    pub municipality: Option<Vec<String>>,
    pub years: Years,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Years {
    List(Vec<u16>),
    /// `2015..`, to the current year.
    From(u16),
    /// `latest(5)`: that many years up to the current one.
    Latest(u16),
}
