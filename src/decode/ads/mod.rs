//! Job advertisements as JobTech writes them (JSON Lines or an array, plain or
//! in a zip): personal data dropped while they stream by, and what is left
//! read and counted. Memory stays the same whatever their number, apart from a
//! few bytes per advertisement that tell duplicates, and per place it counts in.
//!
//! A value is followed to its end before it is dropped, and looked at no
//! further; an error never shows a piece of an advertisement.

mod ad;
mod count;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod kept;
mod key;
mod objects;
mod pipe;
mod scrub;
mod seen;
mod unzip;
mod written;

#[cfg(test)]
mod tests;

use std::io;

pub use ad::{Ad, Field};
pub use count::{Counter, Counts, Tallied};
pub use kept::KEPT;
pub use objects::{Objects, each_ad, read_ads};
pub use scrub::{Keeper, Scrubbed, scrub};
pub use written::{batches, columns, schema};

/// Why advertisements could not be read.
#[derive(Debug, thiserror::Error)]
pub enum AdsError {
    /// It ends before its end: the rest may come another time.
    #[error("{0}")]
    Cut(String),
    /// It will not be right another time either.
    #[error("{0}")]
    Wrong(String),
    #[error(transparent)]
    Io(#[from] io::Error),
}
