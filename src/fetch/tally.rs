//! What a run has asked for so far, counted as it happens.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counters that the calls of one run share.
#[derive(Debug, Default)]
pub struct Tally {
    calls: AtomicU64,
    reused: AtomicU64,
    retries: AtomicU64,
    bytes_wire: AtomicU64,
    bytes_body: AtomicU64,
    waited_micros: AtomicU64,
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

    pub(super) fn called(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn reused(&self) {
        self.reused.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn retried(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn wire(&self, bytes: u64) {
        self.bytes_wire.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn body(&self, bytes: u64) {
        self.bytes_body.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn waited(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.waited_micros.fetch_add(micros, Ordering::Relaxed);
    }
}
