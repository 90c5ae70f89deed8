//! How a sandbox is set up.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use super::fault::Fault;

#[derive(Clone, Debug)]
pub struct Options {
    /// `PxWeb` calls admitted per `window`; 0 admits any number.
    pub calls: u32,
    pub window: Duration,
    /// Cells that one `PxWeb` call may ask for.
    pub max_cells: u64,
    /// What `PxWeb` v2 answers in, the default first.
    pub pxweb_formats: Vec<String>,
    /// Cells that one call to Eurostat may ask for, to be answered at once.
    pub eurostat_cells: u64,
    pub seed: u64,
    /// What the APIs give as the time of the latest update.
    pub updated: Timestamp,
    /// What those APIs that can do so announce as the time of the next one; none: they announce nothing, as SCB.
    pub next_update: Option<Timestamp>,
    /// Misbehaviour from the start; more can be ordered at `/_fault`.
    pub faults: Vec<Fault>,
    /// A file that every call is added to, as a line of JSON.
    pub record_calls: Option<PathBuf>,
    /// A recording whose answers are given in the place of the invented ones.
    pub replay: Option<PathBuf>,
}

impl Default for Options {
    /// The limits recorded at SCB in June 2026.
    fn default() -> Self {
        Self {
            calls: 30,
            window: Duration::from_secs(10),
            max_cells: 150_000,
            pxweb_formats: ["json-stat2", "csv", "px"].map(str::to_owned).to_vec(),
            eurostat_cells: 500_000,
            seed: 1,
            updated: Timestamp::constant(1_795_158_000, 0),
            next_update: None,
            faults: Vec::new(),
            record_calls: None,
            replay: None,
        }
    }
}
