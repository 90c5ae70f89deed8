//! A dataset's SQL over staged, reference and other published tables. It
//! reaches no network, no clock and no file but those it was given.

mod engine;
mod fault;
mod functions;
mod projection;

pub use engine::{Engine, EngineError, Query};
pub use fault::SqlFault;
pub use projection::{AREAS, GEOGRAPHY, Projection};
