//! Why a cell has no value, or how good its value is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The status of one observation, in order of precedence: where several meet
/// (a ratio, a roll-up) the first of them in this order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(i8)]
pub enum Status {
    Suppressed,
    NotApplicable,
    NotAssessed,
    Missing,
    Pending,
    Unreliable,
    Preliminary,
    Observed,
}

impl Status {
    pub const ALL: [Self; 8] = [
        Self::Suppressed,
        Self::NotApplicable,
        Self::NotAssessed,
        Self::Missing,
        Self::Pending,
        Self::Unreliable,
        Self::Preliminary,
        Self::Observed,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Suppressed => "suppressed",
            Self::NotApplicable => "not_applicable",
            Self::NotAssessed => "not_assessed",
            Self::Missing => "missing",
            Self::Pending => "pending",
            Self::Unreliable => "unreliable",
            Self::Preliminary => "preliminary",
            Self::Observed => "observed",
        }
    }

    /// Whether a cell with this status holds a value.
    pub const fn has_value(self) -> bool {
        matches!(self, Self::Unreliable | Self::Preliminary | Self::Observed)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Status {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(())
    }
}
