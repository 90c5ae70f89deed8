//! The configuration hash of a pipeline: equal means that unchanged sources
//! give an unchanged dataset. A source's address is left out of it, so that a
//! mirror or a new host makes no new version.

use std::collections::{BTreeMap, BTreeSet};

use super::{AreaSet, Pipeline, Source};

/// BLAKE3 (hex) over pipeline.toml, the SQL files by name, and the sources and area sets in use.
pub(super) fn config_hash(
    text: &str,
    sql: &BTreeMap<String, String>,
    pipeline: &Pipeline,
    sources: &BTreeMap<String, Source>,
    area_sets: &BTreeMap<String, AreaSet>,
) -> String {
    let mut parts = Parts::default();
    parts.add(&["pipeline", &pipeline.name, text]);
    for (name, text) in sql {
        parts.add(&["sql", name, text]);
    }
    let used: BTreeSet<&String> = pipeline.fetches.values().filter_map(|fetch| fetch.source.as_ref()).collect();
    for source in used.into_iter().filter_map(|name| sources.get(name)) {
        parts.add(&["source", &source.name, source.kind.as_str(), &source.credit, &source.licence]);
        for (symbol, status) in &source.symbols {
            parts.add(&["symbol", symbol, status.as_str()]);
        }
    }
    let used: BTreeSet<&String> = pipeline.datasets.values().flat_map(|dataset| &dataset.areas).collect();
    for set in used.into_iter().filter_map(|name| area_sets.get(name)) {
        for area in set.areas.values() {
            parts.add(&["area", &set.name, &area.key, &area.title]);
            let kommuner: Vec<&str> = area.kommuner.iter().map(String::as_str).collect();
            parts.add(&kommuner);
        }
    }
    parts.0.finalize().to_hex().to_string()
}

/// Texts with their lengths, so that no two lists of texts look alike.
#[derive(Default)]
struct Parts(blake3::Hasher);

impl Parts {
    fn add(&mut self, texts: &[&str]) {
        self.0.update(&(texts.len() as u64).to_le_bytes());
        for text in texts {
            self.0.update(&(text.len() as u64).to_le_bytes());
            self.0.update(text.as_bytes());
        }
    }
}
