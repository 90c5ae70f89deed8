//! Rows, cell by cell, into batches of the shape that every staged table has:
//! text as plain text, each number with its status and the source's symbol.

mod column;
mod table;

pub(crate) use column::{Cell, localized, schema};
pub(crate) use table::Table;
