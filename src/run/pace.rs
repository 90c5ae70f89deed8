//! How long a fetch will take yet: never less than the limiter's floor, by the
//! pace measured so far, and nothing before either means something.

use std::fmt;
use std::time::{Duration, Instant};

/// Calls and time before a measured pace is told.
const CALLS: u64 = 3;
const TIME: Duration = Duration::from_secs(3);

#[derive(Clone, Copy, Debug)]
pub struct Pace {
    begun: Instant,
    total: u64,
    /// Answers that had been taken from the archive before this fetch began.
    reused_before: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// What the limit makes it take, were every answer immediate.
    AtLeast(Duration),
    /// By the pace so far.
    About(Duration),
}

impl Pace {
    pub fn new(total: u64, reused_before: u64) -> Self {
        Self { begun: Instant::now(), total, reused_before }
    }

    pub fn remaining(&self, done: u64) -> u64 {
        self.total.saturating_sub(done)
    }

    /// `reused` as the pipeline's counter says now, `floor` the limiter's for what remains.
    pub fn left(&self, done: u64, reused: u64, floor: Duration) -> Option<Left> {
        self.left_after(self.begun.elapsed(), done, reused, floor)
    }

    fn left_after(&self, elapsed: Duration, done: u64, reused: u64, floor: Duration) -> Option<Left> {
        let remaining = self.remaining(done);
        // What came from the archive took no time and says nothing of the rest.
        let asked = done.saturating_sub(reused.saturating_sub(self.reused_before));
        if remaining == 0 {
            None
        } else if asked >= CALLS && elapsed >= TIME {
            let measured = elapsed.mul_f64(remaining as f64 / asked as f64);
            Some(Left::About(measured.max(floor)))
        } else {
            (floor >= TIME).then_some(Left::AtLeast(floor))
        }
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(time) => write!(f, "at least {} left", shown(*time)),
            Self::About(time) => write!(f, "about {} left", shown(*time)),
        }
    }
}

/// As fine as a guess can be.
fn shown(time: Duration) -> String {
    let seconds = time.as_secs_f64().ceil() as u64;
    match seconds {
        0..=90 => format!("{seconds} s"),
        91..=5_400 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn nothing_is_told_before_it_means_something() {
        let pace = Pace::new(127, 0);
        let left = |elapsed, done, reused, floor| pace.left_after(secs(elapsed), done, reused, secs(floor));
        assert_eq!(left(0, 0, 0, 0), None);
        assert_eq!(left(60, 2, 0, 0), None, "two calls are no pace");
        assert_eq!(left(1, 30, 0, 0), None, "a second is no pace");
        assert_eq!(left(0, 0, 0, 42), Some(Left::AtLeast(secs(42))), "the limit is known at once");
        assert_eq!(left(10, 27, 0, 30), Some(Left::About(Duration::from_secs_f64(1000.0 / 27.0))));
        assert_eq!(left(3, 27, 0, 40), Some(Left::About(secs(40))), "a burst promises nothing against the limit");
        assert_eq!(left(10, 60, 60, 0), None, "what came from the archive is no pace");
        assert_eq!(left(10, 63, 58, 0), Some(Left::About(secs(128))));
        assert_eq!(left(10, 127, 0, 0), None);
    }

    #[test]
    fn times_are_told_as_roughly_as_they_are_known() {
        assert_eq!(Left::About(Duration::from_millis(36_200)).to_string(), "about 37 s left");
        assert_eq!(Left::AtLeast(secs(91)).to_string(), "at least 2 min left");
        assert_eq!(Left::About(secs(7_000)).to_string(), "about 1 h 56 min left");
    }
}
