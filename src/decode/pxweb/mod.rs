//! PxWeb's answers besides JSON-stat and PX: its CSV in three forms and its own
//! JSON of rows, for installations that give nothing better. Neither says all that
//! JSON-stat says: CSV has labels where others have codes, so that what the source
//! said of the table must be given too, and neither tells units or decimals.

mod csv;
mod json;
mod target;
#[cfg(test)]
mod tests;

pub use csv::csv;
pub use json::json;
