//! Which tables a query reads: those are what its rows can come from.

use std::collections::BTreeSet;

use crate::config::{Dataset, Pipeline};
use crate::transform::{Engine, EngineError};

/// The fetches and inputs of a pipeline that a dataset's query names; all of them where the query can't be taken
/// apart.
pub struct Reads {
    pub fetches: Vec<String>,
    pub inputs: Vec<String>,
}

pub fn reads(engine: &Engine, pipeline: &Pipeline, dataset: &Dataset) -> Result<Reads, EngineError> {
    let named: BTreeSet<String> = engine.tables_of(&dataset.sql)?.into_iter().collect();
    let is_read = |name: &str| named.contains(name) || named.contains(&format!("{name}_koder"));
    Ok(Reads {
        fetches: pipeline.fetches.keys().filter(|name| is_read(name)).cloned().collect(),
        inputs: pipeline.inputs.keys().filter(|name| is_read(name)).cloned().collect(),
    })
}
