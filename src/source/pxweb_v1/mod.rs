//! PxWeb API v1, at SCB and most other agencies: `GET` on a folder lists it, on a
//! table tells its variables, `POST` on the table gives data, `?config` the limits.
//!
//! Known from the server's source (PCAxis.Api, PCAxis.Query), from answers recorded
//! at SCB in 2023 and 2026, and from clients' notes on other installations; what is
//! second-hand has a name in [`ASSUMPTIONS`]. Facts behind the code: the path holds
//! language and database, so they are part of `base_url`. A variable that a query
//! leaves out is eliminated where the metadata say so, else all its values come.
//! Metadata tell neither units, decimals nor contents: one small data call does. A
//! code list (`agg:…`, `vs:…`) is nowhere listed. Of a table that is withdrawn the
//! server knows nothing but 400. A refused call counts against the limit too.
//! It never sends a selection that it has not resolved to codes, and never asks for
//! a whole table by leaving out what it selects.

pub(in crate::source) mod answer;
pub mod assumptions;
pub mod browse;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod harvest;
mod listing;
mod plan;
mod successors;
pub(in crate::source) mod table;
#[cfg(test)]
mod tests;

pub use assumptions::ASSUMPTIONS;
pub use harvest::harvest;
pub use plan::{Work, plan};

use super::encode::encode;

/// A table's or folder's path as it goes into a URL.
fn path(table: &str) -> String {
    let parts: Vec<String> = table.split('/').filter(|part| !part.is_empty()).map(encode).collect();
    format!("/{}", parts.join("/"))
}

/// The folder that a table is in, and its own name.
fn split(table: &str) -> (&str, &str) {
    table.trim_end_matches('/').rsplit_once('/').unwrap_or(("", table))
}
