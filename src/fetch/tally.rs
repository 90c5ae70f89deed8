//! What a run has asked for so far, counted as it happens: for the run itself,
//! per source, and for the process's metrics.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::lock;
use crate::metrics;

/// Counters that the calls of one run share.
#[derive(Debug, Default)]
pub struct Tally {
    calls: AtomicU64,
    reused: AtomicU64,
    retries: AtomicU64,
    bytes_wire: AtomicU64,
    bytes_body: AtomicU64,
    waited_micros: AtomicU64,
    by_source: Mutex<BTreeMap<String, SourceCounts>>,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// HTTP calls sent, those of retries included.
    pub calls: u64,
    /// Answers taken from the archive in place of a call.
    pub reused: u64,
    /// Calls that were tried again; part of `calls`.
    pub retries: u64,
    /// Bytes of bodies as they came over the network.
    pub bytes_wire: u64,
    /// Bytes of the same bodies after decompression, and of local files.
    pub bytes_body: u64,
    /// Time spent waiting for the limiter and before retries, summed over parallel calls.
    pub waited: Duration,
}

/// The same of one source, with what its calls were answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceCounts {
    pub calls: u64,
    pub reused: u64,
    pub retries: u64,
    pub bytes_wire: u64,
    pub bytes_body: u64,
    pub waited_secs: f64,
    /// Calls by the status that came, `none` where no answer did.
    pub statuses: BTreeMap<String, u64>,
}

impl Tally {
    pub fn snapshot(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            calls: read(&self.calls),
            reused: read(&self.reused),
            retries: read(&self.retries),
            bytes_wire: read(&self.bytes_wire),
            bytes_body: read(&self.bytes_body),
            waited: Duration::from_micros(read(&self.waited_micros)),
        }
    }

    pub fn by_source(&self) -> BTreeMap<String, SourceCounts> {
        lock(&self.by_source).clone()
    }

    fn of(&self, source: &str, count: impl FnOnce(&mut SourceCounts)) {
        let mut by_source = lock(&self.by_source);
        if let Some(counts) = by_source.get_mut(source) {
            count(counts);
        } else {
            count(by_source.entry(source.to_owned()).or_default());
        }
    }

    /// A call is sent.
    pub(super) fn called(&self, source: &str) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.of(source, |counts| counts.calls += 1);
    }

    /// What came of a call that was sent; no status where no answer began.
    pub(super) fn answered(&self, source: &str, status: Option<u16>) {
        let shown = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        self.of(source, |counts| *counts.statuses.entry(shown).or_default() += 1);
        metrics::call(source, status);
    }

    pub(super) fn reused(&self, source: &str) {
        self.reused.fetch_add(1, Ordering::Relaxed);
        self.of(source, |counts| counts.reused += 1);
        metrics::count(metrics::REUSED_ANSWERS, source, 1);
    }

    pub(super) fn retried(&self, source: &str) {
        self.retries.fetch_add(1, Ordering::Relaxed);
        self.of(source, |counts| counts.retries += 1);
        metrics::count(metrics::RETRIES, source, 1);
    }

    pub(super) fn wire(&self, source: &str, bytes: u64) {
        self.bytes_wire.fetch_add(bytes, Ordering::Relaxed);
        self.of(source, |counts| counts.bytes_wire += bytes);
        metrics::count(metrics::WIRE_BYTES, source, bytes);
    }

    pub(super) fn body(&self, source: &str, bytes: u64) {
        self.bytes_body.fetch_add(bytes, Ordering::Relaxed);
        self.of(source, |counts| counts.bytes_body += bytes);
        metrics::count(metrics::BODY_BYTES, source, bytes);
    }

    pub(super) fn waited(&self, source: &str, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.waited_micros.fetch_add(micros, Ordering::Relaxed);
        self.of(source, |counts| counts.waited_secs += time.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_told_by_source_and_by_what_came_of_them() {
        let tally = Tally::default();
        for status in [Some(200), Some(429), Some(200), None] {
            tally.called("scb");
            tally.answered("scb", status);
        }
        tally.retried("scb");
        tally.reused("kolada");
        let told = tally.by_source();
        let statuses: Vec<_> = told["scb"].statuses.iter().map(|(status, calls)| (status.as_str(), *calls)).collect();
        assert_eq!(statuses, [("200", 2), ("429", 1), ("none", 1)]);
        assert_eq!((told["scb"].calls, told["scb"].retries, told["kolada"].reused), (4, 1, 1));
        assert_eq!((tally.snapshot().calls, tally.snapshot().reused), (4, 1));
    }
}
