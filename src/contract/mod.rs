//! What a published dataset promises: its columns, keys, statuses and checks.
//! It judges data and never repairs it.

mod status;

pub use status::Status;
