//! Telling people: what is so, what of it is worth a message, and delivering that by mail or webhook. One message per
//! change of state, batched, never a storm; what waits is in the ledger and survives a restart. Nothing here runs a
//! pipeline or knows how one is run, and a delivery never holds one up.
//!
//! The rules stand where they are kept: what a run tells in `said`, when a state is told and when it counts as
//! unstable in `state`, what is told together in `notice`, retries in `deliver`.

mod answer;
mod cleaned;
mod deliver;
mod mail;
mod notice;
mod observe;
mod plain;
mod said;
mod secret;
mod smtp;
mod state;
mod webhook;

#[cfg(test)]
mod deliver_tests;
#[cfg(test)]
mod observe_tests;
#[cfg(test)]
mod post_office;
#[cfg(test)]
mod smtp_tests;
#[cfg(test)]
mod webhook_tests;

pub use crate::config::Matter;
pub use answer::{Answered, Refusal};
pub use deliver::{Teller, test};
pub use said::{Fault, Given, Ran, Said};
