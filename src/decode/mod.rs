//! Bytes to Arrow. Knows formats, never networks; drops, rounds, guesses and
//! fills nothing.

pub mod staging;
mod table;

pub use table::{CodeRow, DecodeError, Dimension, Layout, Measure};
