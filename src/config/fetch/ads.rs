//! `[fetch.NAME.historical-ads]` and `[fetch.NAME.jobstream]`.

use std::time::Duration;

use super::Years;

#[derive(Clone, Debug)]
pub struct HistoricalAdsFetch {
    pub years: Years,
    /// Below the source, with `{year}` in the year's place.
    pub path: String,
    /// As many vacancies of one advertisement are counted in `platser_tak`.
    pub vacancy_cap: u32,
}

#[derive(Clone, Debug)]
pub struct JobStreamFetch {
    /// A snapshot older than this is taken anew.
    pub snapshot_every: Duration,
    /// The longest time that one call asks the changes of.
    pub window: Duration,
    /// How far back a window goes beyond the end of the last.
    pub overlap: Duration,
}
