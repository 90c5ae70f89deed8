//! When the sources are to be asked next.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use super::edition::Known;
use super::watch::Watch;
use super::{later, sooner};
use crate::config::{LEAST_BETWEEN_POLLS, Release};

/// Pipelines that expect the same release are spread over this much, at most.
const SPREAD: Duration = Duration::from_mins(5);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// A release is expected about now.
    Expected(Timestamp),
    /// None is; a look all the same.
    Otherwise,
}

impl Why {
    pub const fn is_dense(self) -> bool {
        matches!(self, Self::Expected(_))
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expected(at) => write!(f, "release expected {}", at.strftime("%Y-%m-%d %H:%M UTC")),
            Self::Otherwise => f.write_str("no release expected"),
        }
    }
}

/// The next poll, never before `after`: one that was due before that is due then. Where none is ever due: nothing.
///
/// Two polls are never closer than `every`, nor are two between which nothing is expected closer than `otherwise`, if
/// [`Known::asked_at`] is when the last one began.
pub fn next_poll(release: &Release, known: &Known, after: Timestamp) -> Option<(Timestamp, Why)> {
    let every = release.every.max(LEAST_BETWEEN_POLLS);
    let soonest = after.max(later(known.asked_at, every));
    let delay = share(&known.pipeline, every.min(SPREAD));
    let dense = Watch::all(release, known, None).into_iter().filter_map(|watch| {
        // Of those before, the time has passed.
        let open = sooner(soonest, release.during) + jiff::SignedDuration::from_nanos(1);
        let expected = watch.awaited_from(open)?;
        let begin = later(sooner(expected, release.begin), delay);
        Some((soonest.max(begin), Why::Expected(expected)))
    });
    let sparse = release.otherwise.map(|otherwise| {
        let otherwise = otherwise.max(every);
        let delay = share(&known.pipeline, (otherwise / 10).min(SPREAD));
        (soonest.max(later(known.asked_at, otherwise + delay)), Why::Otherwise)
    });
    // Of two at the same time, the one with a reason.
    dense.chain(sparse).min_by_key(|(at, why)| (*at, !why.is_dense()))
}

/// A part of a duration that is a pipeline's own, and always the same: whole seconds.
fn share(pipeline: &str, of: Duration) -> Duration {
    let hash = blake3::hash(pipeline.as_bytes());
    let [a, b, c, d, ..] = *hash.as_bytes();
    Duration::from_secs(u64::from(u32::from_le_bytes([a, b, c, d])) % of.as_secs().max(1))
}
