//! How a series stands.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::edition::Known;
use super::later;
use super::watch::Watch;
use crate::config::Release;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// What was expected has come.
    Current,
    /// A release was expected and has not come yet.
    Waiting,
    /// It has not come for so long that somebody should know.
    Late,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Current => "current",
            Self::Waiting => "waiting",
            Self::Late => "late",
        })
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// As the source writes it.
    pub latest_period: Option<String>,
    /// When its latest edition came: by the source's word, else when it was first seen.
    pub released_at: Option<Timestamp>,
    /// The release that is awaited: while it is overdue, in the past.
    pub next_expected: Option<Timestamp>,
    /// None before anything was fetched.
    pub state: Option<State>,
    pub since: Option<Timestamp>,
}

/// A release that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Overdue {
    /// When it is late, or has been since.
    pub late_at: Timestamp,
    pub expected: Timestamp,
}

/// What is waited for after the editions that are known of these fetches, or of all: the same until one of them is
/// another. None of what was never fetched.
pub fn overdue(release: &Release, known: &Known, fetches: Option<&BTreeSet<String>>) -> Option<Overdue> {
    let watches = Watch::all(release, known, fetches);
    let expected = watches.iter().filter_map(|watch| watch.awaited_from(watch.edition?)).min()?;
    Some(Overdue { late_at: later(expected, release.late_after), expected })
}

/// How these fetches stand, or all; the latest period is for whoever knows the data.
pub fn standing(release: &Release, known: &Known, fetches: Option<&BTreeSet<String>>, now: Timestamp) -> Standing {
    let zone = release.zone();
    let is_meant = |name: &String| fetches.is_none_or(|fetches| fetches.contains(name));
    let editions = known.editions.iter().filter(|(name, _)| is_meant(name));
    let released_at = editions.filter_map(|(_, edition)| edition.at(&zone)).max();
    let watches = Watch::all(release, known, fetches);
    let next_expected = watches.iter().filter_map(|watch| watch.awaited(now)).min();
    let (state, since) = match (released_at, next_expected) {
        (None, _) => (None, None),
        (_, Some(expected)) if expected <= now => {
            let late = later(expected, release.late_after);
            if late <= now { (Some(State::Late), Some(late)) } else { (Some(State::Waiting), Some(expected)) }
        }
        (released_at, _) => (Some(State::Current), released_at),
    };
    Standing { latest_period: None, released_at, next_expected, state, since }
}
