//! Bytes to Arrow. Knows formats, never networks; drops, rounds, guesses and
//! fills nothing.

pub mod ads;
pub mod file;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod json;
pub mod json_stat;
pub(crate) mod number;
pub mod px;
pub mod pxweb;
pub(crate) mod rows;
pub mod scrub;
pub mod staging;
mod table;

pub use staging::{parquet_writer_properties, writer};
pub use table::{CodeRow, DecodeError, Dimension, Layout, Measure};
