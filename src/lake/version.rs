//! Version ids: `SEQ-UTC-HASH8`, ordered by a sequence that never repeats.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// `000001-20261123T083000Z-1a2b3c4d`: sequence, time of publishing, start of the content hash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VersionId {
    sequence: u64,
    stamp: String,
    hash8: String,
}

#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a version id (SEQ-UTC-HASH8)")]
pub struct NotAVersionId(String);

impl VersionId {
    pub fn new(sequence: u64, at: Timestamp, content_hash: &str) -> Self {
        let stamp = at.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string();
        Self { sequence, stamp, hash8: content_hash.chars().take(8).collect() }
    }

    /// When it was made, to the second.
    pub fn at(&self) -> Option<Timestamp> {
        jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", &self.stamp)
            .ok()?
            .to_zoned(TimeZone::UTC)
            .ok()
            .map(|at| at.timestamp())
    }

    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The start of the content hash.
    pub fn hash8(&self) -> &str {
        &self.hash8
    }
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}-{}-{}", self.sequence, self.stamp, self.hash8)
    }
}

impl FromStr for VersionId {
    type Err = NotAVersionId;

    fn from_str(text: &str) -> Result<Self, NotAVersionId> {
        let fault = || NotAVersionId(text.to_owned());
        let mut parts = text.split('-');
        let (Some(sequence), Some(stamp), Some(hash8), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(fault());
        };
        let well_formed = sequence.len() >= 6
            && stamp.len() == 16
            && stamp.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && hash8.len() == 8
            && hash8.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !well_formed {
            return Err(fault());
        }
        let sequence = sequence.parse().map_err(|_| fault())?;
        Ok(Self { sequence, stamp: stamp.to_owned(), hash8: hash8.to_owned() })
    }
}

impl TryFrom<String> for VersionId {
    type Error = NotAVersionId;

    fn try_from(text: String) -> Result<Self, NotAVersionId> {
        text.parse()
    }
}

impl From<VersionId> for String {
    fn from(id: VersionId) -> Self {
        id.to_string()
    }
}
