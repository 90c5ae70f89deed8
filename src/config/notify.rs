//! `[notify]`: who is told of what, and how. No secret stands here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

#[derive(Clone, Debug, PartialEq)]
pub struct Notify {
    /// What happens within this time is told in one message.
    pub batch: Duration,
    /// The built-in server's address as its readers reach it, for links.
    pub link: Option<Url>,
    /// A revision is told of when a larger share of a dataset's rows was revised; in percent.
    pub revision_above: f64,
    pub channels: BTreeMap<String, Channel>,
}

impl Default for Notify {
    fn default() -> Self {
        Self { batch: Duration::from_mins(2), link: None, revision_above: 5.0, channels: BTreeMap::new() }
    }
}

/// One way to somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    pub name: String,
    pub tell: BTreeSet<Matter>,
    /// Whether the end of what was told is told too.
    pub recovered: bool,
    pub way: Way,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    Mail(Mail),
    Webhook(Webhook),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    pub server: String,
    pub port: u16,
    pub security: Security,
    pub from: String,
    pub to: Vec<String>,
    /// Signs in with this name and a password that stands elsewhere; none: not at all.
    pub user: Option<String>,
    /// Certificates (PEM) that are trusted beside the system's own.
    pub ca_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    StartTls,
    Tls,
    /// Nothing is encrypted.
    None,
}

impl Security {
    /// The port that is usual for it.
    pub const fn port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// None: it is a secret itself, and stands elsewhere.
    pub url: Option<Url>,
    pub form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Everything, as docs/notifications.md describes it.
    Json,
    /// `{"text": "…"}`, as Slack, Teams and Mattermost take it.
    Text,
}

/// What may be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matter {
    Configuration,
    SourceBroken,
    CheckFailed,
    Failed,
    Late,
    Revision,
    Published,
}

impl Matter {
    pub const ALL: [Self; 7] = [
        Self::Configuration,
        Self::SourceBroken,
        Self::CheckFailed,
        Self::Failed,
        Self::Late,
        Self::Revision,
        Self::Published,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::SourceBroken => "source_broken",
            Self::CheckFailed => "check_failed",
            Self::Failed => "failed",
            Self::Late => "late",
            Self::Revision => "revision",
            Self::Published => "published",
        }
    }

    /// It happens; nothing lasts that could end.
    pub const fn is_event(self) -> bool {
        matches!(self, Self::Revision | Self::Published)
    }
}

impl fmt::Display for Matter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Matter {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|matter| matter.as_str() == text).ok_or(())
    }
}
