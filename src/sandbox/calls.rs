//! What has been asked of the sandbox, and the limit on how often.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

#[derive(Clone, Debug, Serialize)]
pub struct Call {
    pub method: String,
    /// Path and query as they were sent.
    pub path: String,
    pub status: u16,
    /// Cells or rows in the answer, where it holds data.
    pub cells: Option<u64>,
    /// The request's body, where it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

#[derive(Default)]
pub struct Calls {
    made: Mutex<Vec<Call>>,
    /// A line per call.
    file: Option<Mutex<File>>,
}

impl Calls {
    /// With a file that every call is added to, whatever is forgotten here.
    pub fn new(file: Option<&Path>) -> io::Result<Self> {
        let open = |path| OpenOptions::new().create(true).append(true).open(path).map(Mutex::new);
        Ok(Self { made: Mutex::default(), file: file.map(open).transpose()? })
    }

    pub fn record(&self, call: Call) {
        if let Some(file) = &self.file
            && let Err(error) = writeln!(hold(file), "{}", serde_json::json!(call))
        {
            tracing::warn!(%error, "a call could not be recorded");
        }
        hold(&self.made).push(call);
    }

    pub fn all(&self) -> Vec<Call> {
        hold(&self.made).clone()
    }

    pub fn clear(&self) {
        hold(&self.made).clear();
    }
}

/// A sliding window. Calls that are refused are not counted by PxWeb v2, and are by v1.
pub struct Limiter {
    calls: usize,
    window: Duration,
    counts_refused: bool,
    admitted: Mutex<VecDeque<Instant>>,
}

/// What a call is told about the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// So many calls are left.
    Granted { remaining: usize },
    /// Whole seconds to wait.
    Refused { seconds: u64 },
}

impl Limiter {
    pub fn new(calls: u32, window: Duration) -> Self {
        Self { calls: calls as usize, window, counts_refused: false, admitted: Mutex::default() }
    }

    /// Who goes on calling stays locked out.
    pub fn counting_refused(calls: u32, window: Duration) -> Self {
        Self { counts_refused: true, ..Self::new(calls, window) }
    }

    pub fn admit(&self, now: Instant) -> Admission {
        if self.calls == 0 {
            return Admission::Granted { remaining: usize::MAX };
        }
        let mut admitted = hold(&self.admitted);
        while admitted.front().is_some_and(|first| now.duration_since(*first) >= self.window) {
            admitted.pop_front();
        }
        match admitted.front() {
            Some(first) if admitted.len() >= self.calls => {
                // The call that has to leave the window before one more is let in.
                let last_but = admitted.len() - self.calls;
                let first = admitted.get(last_but).copied().unwrap_or(*first);
                if self.counts_refused {
                    admitted.push_back(now);
                }
                let left = self.window.saturating_sub(now.duration_since(first));
                let whole = left.as_secs() + u64::from(left.subsec_nanos() > 0);
                Admission::Refused { seconds: whole.max(1) }
            }
            _ => {
                admitted.push_back(now);
                Admission::Granted { remaining: self.calls - admitted.len() }
            }
        }
    }
}

fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while it was held cannot leave a list half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_slides_and_refused_calls_are_not_counted() {
        let limiter = Limiter::new(2, Duration::from_secs(10));
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(limiter.admit(at(0)), Admission::Granted { remaining: 1 });
        assert_eq!(limiter.admit(at(4)), Admission::Granted { remaining: 0 });
        assert_eq!(limiter.admit(at(5)), Admission::Refused { seconds: 5 });
        assert_eq!(limiter.admit(at(9)), Admission::Refused { seconds: 1 });
        assert_eq!(limiter.admit(at(10)), Admission::Granted { remaining: 0 });
        assert_eq!(limiter.admit(at(11)), Admission::Refused { seconds: 3 });
    }

    #[test]
    fn refused_calls_are_counted_by_v1() {
        let limiter = Limiter::counting_refused(1, Duration::from_secs(10));
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(limiter.admit(at(0)), Admission::Granted { remaining: 0 });
        assert_eq!(limiter.admit(at(6)), Admission::Refused { seconds: 4 });
        assert_eq!(limiter.admit(at(12)), Admission::Refused { seconds: 4 }, "the second one is in the window still");
        assert_eq!(limiter.admit(at(22)), Admission::Granted { remaining: 0 });
    }
}
