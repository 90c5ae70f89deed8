//! What is scheduled: a pipeline's schedule, and a fingerprint that changes whenever an operator changes the pipeline.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::config::{Config, Pipeline, Schedule};

#[derive(Clone, Debug)]
pub struct Job {
    pub pipeline: String,
    /// BLAKE3 (hex) over pipeline.toml and the SQL files. Where it differs, the pipeline starts from now.
    pub fingerprint: String,
    /// None, or one that is not enabled: it never runs by itself.
    pub schedule: Option<Schedule>,
}

/// A job for every pipeline.
pub fn jobs(config: &Config) -> Vec<Job> {
    config
        .pipelines
        .values()
        .map(|pipeline| Job {
            pipeline: pipeline.name.clone(),
            fingerprint: fingerprint(config, pipeline),
            schedule: pipeline.schedule.clone(),
        })
        .collect()
}

/// Other than the configuration's hash, it does not change with sources and areas: those are no edit of the pipeline.
fn fingerprint(config: &Config, pipeline: &Pipeline) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut own: Vec<_> =
        config.files.paths().filter_map(|path| Some((path.strip_prefix(&pipeline.dir).ok()?, path))).collect();
    own.sort_unstable();
    for (name, path) in own {
        for text in [&*name.to_string_lossy(), config.files.text(path).unwrap_or_default()] {
            hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
        }
    }
    hasher.finalize().to_hex().to_string()
}

/// How long after a slot the pipeline's run begins: from 0 to `jitter`, in whole seconds, always the same for a name.
pub(super) fn delay(pipeline: &str, jitter: Duration) -> SignedDuration {
    let hash = blake3::hash(pipeline.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hash.as_bytes()[..8]);
    let seconds = u64::from_le_bytes(first) % jitter.as_secs().saturating_add(1).max(1);
    SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX))
}

/// After how long a run is tried again that failed for what may pass; none when it was tried often enough.
pub(super) fn pause(tried: u8) -> Option<SignedDuration> {
    match tried {
        1 => Some(SignedDuration::from_mins(15)),
        2 => Some(SignedDuration::from_hours(1)),
        3 => Some(SignedDuration::from_hours(4)),
        _ => None,
    }
}

/// As far as the calendar goes.
pub(super) fn later(instant: Timestamp, by: SignedDuration) -> Timestamp {
    instant.checked_add(by).unwrap_or(Timestamp::MAX)
}
