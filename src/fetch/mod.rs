//! Asking politely and keeping every answer: one HTTP client with caps and
//! timeouts, a limiter per host, retries, a content-addressed archive, and a
//! journal that lets an interrupted run go on where it was. Nothing here
//! interprets a number or knows an API.

mod address;
mod archive;
mod body;
mod client;
mod courier;
mod earlier;
mod errand;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod incoming;
mod journal;
mod key;
mod limiter;
mod lines;
mod manners;
mod object;
mod observe;
mod outage;
mod outbound;
mod post;
mod problem;
mod request;
mod response;
mod retry;
mod scrubbed;
mod stream;
mod tally;
mod verdict;

#[cfg(test)]
mod courier_tests;
#[cfg(test)]
mod firewall_tests;
#[cfg(test)]
mod loopback;
#[cfg(test)]
mod polite_tests;
#[cfg(test)]
mod stream_tests;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub(crate) use address::is_loopback;
pub use address::{masked, on_origin};
pub use archive::{Archive, Envelope, Records};
pub use client::Client;
pub use courier::{Courier, Expect, Said, Validators};
pub use error::FetchError;
pub use journal::Journal;
pub use limiter::{Limiter, Place, Slot};
pub use manners::{Manners, Turnstile};
pub use object::Object;
pub use observe::Observed;
pub(crate) use outbound::certificate_fault;
pub use post::{PostError, Posted, post};
pub use request::{Answer, AnswerRecord, Identity, Method, Original, Request};
pub use stream::{Scrub, ScrubError, Streamed, scrub};
pub use tally::{Counts, Tally};

/// The states behind these locks are valid after every statement, so a panic
/// elsewhere does not spoil them.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
