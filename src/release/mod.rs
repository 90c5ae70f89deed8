//! When a source is expected to publish, when it is asked because of that, and
//! how a series stands: up to date, waited for, or late.
//!
//! Pure: no clock, no network, no ledger. Expected times are those that the
//! source announces in its metadata and those of the pipeline's `[release]`.
//! Around each, polls are dense (`every`) until the release has come; at all
//! other times they are sparse (`otherwise`). It decides no run by itself: that
//! is the daemon's, which joins these times with the schedule's.

mod calendar;
mod edition;
mod poll;
mod standing;
#[cfg(test)]
mod tests;
mod watch;

pub use edition::{Edition, Known};
pub use poll::{Why, next_poll};
pub use standing::{Overdue, Standing, State, overdue, standing};

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// A duration of the configuration on the line of time; one beyond all times is the longest there is.
fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(signed(by)).unwrap_or(Timestamp::MAX)
}

fn sooner(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_sub(signed(by)).unwrap_or(Timestamp::MIN)
}
