//! A ledger that was lost, told again from the manifests: which runs there
//! were, and what each source said last. What the manifests do not know (failed
//! runs, calls and retries, a source that said the same) stays lost.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::lake::{Deed, Lake, LakeError, Manifest};
use crate::ledger::{DatasetEntry, FetchState, Ledger, Outcome, Past, PipelineState, PublishedManifest, RunEntry};

use super::Problem;

/// Stands in the history with every run that was told again.
pub const REBUILT: &str = "rebuilt from the manifests";

/// Everything that the manifests tell.
pub fn past(lake: &Lake) -> Result<Past, LakeError> {
    let mut past = Past::default();
    let mut runs: Vec<(Manifest, RunEntry)> = Vec::new();
    let mut newest: BTreeMap<String, Manifest> = BTreeMap::new();
    for dataset in lake.datasets()? {
        past.published.extend(unnoted(lake, &dataset, &[])?);
        // A record that can't be read is for `verify` to tell of.
        let Ok(manifests) = lake.published(&dataset) else { continue };
        for manifest in manifests {
            let entry = DatasetEntry {
                dataset: dataset.clone(),
                version: manifest.version.to_string(),
                rows: manifest.rows,
                published: true,
            };
            match runs.iter_mut().find(|(first, _)| of_one_run(first, &manifest)) {
                Some((_, run)) => {
                    run.started_at = run.started_at.min(manifest.created_at);
                    run.ended_at = run.ended_at.max(Some(manifest.created_at));
                    run.datasets.push(entry);
                }
                None => {
                    let run = run(&manifest, entry);
                    runs.push((manifest, run));
                }
            }
        }
        if let Some(manifest) = latest(lake, &dataset)
            && newest.get(&manifest.pipeline).is_none_or(|known| known.created_at < manifest.created_at)
        {
            newest.insert(manifest.pipeline.clone(), manifest);
        }
    }
    past.runs = runs.into_iter().map(|(_, run)| run).collect();
    past.runs.sort_by_key(|run| run.started_at);
    past.states = newest.into_iter().map(|(pipeline, manifest)| (pipeline, state(manifest))).collect();
    Ok(past)
}

/// Manifests of a dataset that are not among those noted.
pub fn unnoted(lake: &Lake, dataset: &str, noted: &[PublishedManifest]) -> Result<Vec<PublishedManifest>, LakeError> {
    let mut found = Vec::new();
    for version in lake.versions(dataset)? {
        let id = version.to_string();
        if noted.iter().any(|noted| noted.dataset == dataset && noted.version == id)
            || lake.manifest(dataset, &version).is_err()
        {
            continue;
        }
        let manifest = lake.manifest_hash(dataset, &version)?;
        found.push(PublishedManifest { dataset: dataset.to_owned(), version: id, manifest });
    }
    Ok(found)
}

/// The version that says what the sources said last: the current one, or the one that it was rolled back from.
fn latest(lake: &Lake, dataset: &str) -> Option<Manifest> {
    let current = lake.current(dataset).ok()??;
    let acts = lake.acts(dataset).unwrap_or_default();
    let left = acts.into_iter().rev().find_map(|act| match act.deed {
        Deed::Rollback { from, to, .. } => Some((from, to)),
        _ => None,
    });
    match left {
        Some((from, to)) if to == current.version => lake.manifest(dataset, &from).ok().or(Some(current)),
        _ => Some(current),
    }
}

/// Datasets of a pipeline that one run published have one configuration and one harvest.
fn of_one_run(one: &Manifest, other: &Manifest) -> bool {
    one.dataset != other.dataset
        && (&one.pipeline, &one.config_hash, &one.sources, &one.inputs)
            == (&other.pipeline, &other.config_hash, &other.sources, &other.inputs)
}

fn run(manifest: &Manifest, entry: DatasetEntry) -> RunEntry {
    RunEntry {
        run: 0,
        pipeline: manifest.pipeline.clone(),
        started_at: manifest.created_at,
        ended_at: Some(manifest.created_at),
        outcome: Outcome::Published,
        message: REBUILT.to_owned(),
        calls: 0,
        reused: 0,
        retries: 0,
        bytes: 0,
        rows_fetched: manifest.sources.values().map(|source| source.rows).sum(),
        datasets: vec![entry],
    }
}

fn state(manifest: Manifest) -> PipelineState {
    let fetches = manifest.sources.into_iter().map(|(name, source)| {
        let edition = FetchState::seen(&source.answers);
        (name, FetchState { stamp: source.stamp, answers: source.answers, metadata: source.metadata, edition })
    });
    PipelineState { config_hash: manifest.config_hash, checked_at: manifest.created_at, fetches: fetches.collect() }
}

/// A ledger to read from, whatever has become of the file; and what an operator should know of that.
pub fn readable_ledger(lake: &Lake) -> Result<(Ledger, Option<String>), Problem> {
    let why = match Ledger::read(lake.root()) {
        Ok(Some(ledger)) if !ledger.is_empty()? => return Ok((ledger, None)),
        Ok(Some(_)) => "ledger.sqlite is empty".to_owned(),
        Ok(None) => "ledger.sqlite is not there".to_owned(),
        Err(error) if error.is_damage() => "ledger.sqlite is damaged".to_owned(),
        Err(error) => return Err(error.into()),
    };
    let ledger = Ledger::in_memory()?;
    let past = past(lake)?;
    if past.runs.is_empty() {
        return Ok((ledger, None));
    }
    ledger.fill(&past)?;
    let note = format!("{why}: this is what the manifests tell; the next run makes the ledger anew from them");
    Ok((ledger, Some(note)))
}

/// Opens the ledger to write in it. A damaged one is set aside first; then its new place is given, too.
pub fn writable_ledger(lake: &Lake) -> Result<(Ledger, Option<std::path::PathBuf>), Problem> {
    lake.check_writable()?;
    match Ledger::open(lake.root()) {
        Err(error) if error.is_damage() => {}
        other => return Ok((other?, None)),
    }
    // Under the lock, and asked again: another process may have done it meanwhile.
    let _lock = lake.lock()?;
    match Ledger::open(lake.root()) {
        Err(error) if error.is_damage() => {
            let aside = Ledger::set_aside(lake.root(), Timestamp::now())?;
            Ok((Ledger::open(lake.root())?, Some(aside)))
        }
        other => Ok((other?, None)),
    }
}
