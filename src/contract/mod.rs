//! What a published dataset promises: its columns, keys, statuses and checks.
//! It judges data and never repairs it.

mod check;
mod columns;
mod finding;
mod period;
mod promise;
mod rows;
mod status;
#[cfg(test)]
mod tests;
mod words;

pub use check::{Check, Rule, Severity, counted, totals};
pub use columns::{Role, Shape, ShapeColumn, ShapeProblem, Spot};
pub use finding::{Finding, Offences, Offender, ROWS_SHOWN};
pub use period::{KNOWN_FORMS, Period};
pub use promise::{Contract, Part, Promise, ValueKind};
pub use rows::{Occasion, RowCheck, offender};
pub use status::Status;
pub use words::{Said, holes, nothing_to_add, unequal, unwanted};
