//! What a published dataset promises: its columns, keys, statuses and checks.
//! It judges data and never repairs it.

mod columns;
mod period;
mod rows;
mod status;
#[cfg(test)]
mod tests;

pub use columns::{Role, Shape, ShapeColumn, ShapeProblem, Spot};
pub use period::{KNOWN_FORMS, Period};
pub use rows::{Finding, ROWS_SHOWN, RowCheck, describe};
pub use status::Status;
