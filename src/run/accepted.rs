//! What was last accepted of what a source says: by the ledger, or by the
//! manifests where the ledger was lost or a crash came before its turn.

use std::collections::BTreeMap;

use crate::config::Pipeline;
use crate::fetch::Courier;
use crate::lake::Manifest;
use crate::ledger::PipelineState;
use crate::source::Metadata;

use super::{Problem, Workshop};

/// Fetch → the archived document.
pub fn hashes(
    workshop: &Workshop,
    pipeline: &Pipeline,
    state: Option<&PipelineState>,
) -> Result<BTreeMap<String, String>, Problem> {
    let mut newest: Option<Manifest> = None;
    for dataset in pipeline.datasets.keys() {
        let current = workshop.lake.current(dataset)?.filter(|manifest| manifest.pipeline == pipeline.name);
        newest = newest.into_iter().chain(current).max_by_key(|manifest| manifest.created_at);
    }
    let of_ledger = state.iter().flat_map(|state| &state.fetches);
    let of_ledger = of_ledger.filter_map(|(name, fetch)| Some((name.clone(), fetch.metadata.clone()?)));
    let after_ledger =
        newest.as_ref().is_some_and(|manifest| state.is_none_or(|state| manifest.created_at > state.checked_at));
    let of_lake = newest.iter().flat_map(|manifest| &manifest.sources);
    let of_lake = of_lake.filter_map(|(name, source)| Some((name.clone(), source.metadata.clone()?)));
    // What comes last prevails.
    Ok(if after_ledger { of_ledger.chain(of_lake).collect() } else { of_lake.chain(of_ledger).collect() })
}

/// The document, or why there is nothing to compare with.
pub async fn read(courier: &Courier, hash: &str) -> Result<Metadata, String> {
    let bytes = courier.kept(hash).await.map_err(|error| error.to_string());
    bytes.and_then(|bytes| Metadata::parse(&bytes)).map_err(|reason| {
        format!("what the source said before can't be read, so changes in it go unseen this time: {reason}")
    })
}
