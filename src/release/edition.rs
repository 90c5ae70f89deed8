//! What is known of the editions that were fetched last.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::config::When;

/// One fetch's edition, as of its last success. Kept in the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edition {
    /// When it was published, by the source's own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<When>,
    /// When it was seen first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Timestamp>,
    /// When the source says that it publishes next; also times that have passed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<When>,
}

impl Edition {
    /// When it came: the source's word goes before our own eyes.
    pub fn at(&self, zone: &TimeZone) -> Option<Timestamp> {
        self.released.map(|released| released.earliest(zone)).or(self.seen_at)
    }
}

/// What is known of a pipeline's sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub pipeline: String,
    /// When the sources were asked last, by any run and with whatever outcome; for a pipeline that has not run since
    /// it was taken up or changed, when that was.
    pub asked_at: Timestamp,
    /// Per fetch.
    pub editions: BTreeMap<String, Edition>,
    /// Fetches that read this machine's own files.
    pub local: Vec<String>,
}
