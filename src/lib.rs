//! Underlag fetches public statistics, turns them into regional Parquet
//! datasets and publishes summaries. The way through the house is one line:
//!
//! `source → fetch → archive → decode → stage → transform → check → publish → report → serve`
//!
//! ARCHITECTURE.md says what each module may and may not do.

pub mod codes;
pub mod config;
pub mod contract;
pub mod daemon;
pub mod decode;
pub mod embedded;
pub mod export;
pub mod fetch;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod lake;
pub mod ledger;
pub mod log;
pub mod metrics;
mod nearest;
pub mod reference;
pub mod release;
pub mod sandbox;
pub mod schedule;
pub mod serve;
pub mod source;
mod spreadsheet;
pub mod status;
pub mod store;
pub mod tell;

#[cfg(feature = "engine")]
pub mod cli;
#[cfg(feature = "engine")]
pub mod lineage;
#[cfg(feature = "engine")]
pub mod repair;
#[cfg(feature = "engine")]
pub mod report;
#[cfg(feature = "engine")]
pub mod run;
#[cfg(feature = "engine")]
pub mod transform;

/// The program's name and version as it presents itself to servers and in manifests.
pub const PROGRAM: &str = concat!("underlag/", env!("CARGO_PKG_VERSION"));
