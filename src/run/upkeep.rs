//! What is done before and after the pipelines: what a crash cut short is
//! ended, the retention applied. Under the lake's lock.

use jiff::Timestamp;

use super::{Problem, Workshop};
use crate::lake::{Collected, LakeError};

/// Ends rollbacks that a crash cut short, and tells changes that were not told. What was mended or can't be, in words:
/// one damaged dataset keeps no other from being run.
pub fn settle(workshop: &Workshop) -> Result<Vec<String>, Problem> {
    let mut told = Vec::new();
    for dataset in workshop.lake.datasets()? {
        match settle_one(workshop, &dataset) {
            Ok(Some(line)) => told.push(line),
            Ok(None) => {}
            Err(error) => told.push(format!("{dataset}: {error}")),
        }
    }
    Ok(told)
}

fn settle_one(workshop: &Workshop, dataset: &str) -> Result<Option<String>, LakeError> {
    let lake = &workshop.lake;
    let ended = lake.finish_rollback(dataset)?;
    if lake.current_version(dataset)?.is_some() && !lake.changes_are_told(dataset)? {
        lake.tell_changes(dataset, &workshop.config.publisher.name)?;
    }
    Ok(ended.map(|to| format!("{dataset}: ended the rollback to {to}, which had been cut short")))
}

/// Applies `[retention]` and sweeps up what crashes left.
pub fn collect(workshop: &Workshop, dry_run: bool) -> Result<Collected, Problem> {
    let collected = workshop.lake.collect(&workshop.config.retention, Timestamp::now(), dry_run)?;
    if !dry_run {
        let mut datasets: Vec<&str> = collected.pruned.iter().map(|pruned| &*pruned.dataset).collect();
        datasets.dedup();
        for dataset in datasets {
            workshop.lake.tell_changes(dataset, &workshop.config.publisher.name)?;
        }
    }
    Ok(collected)
}
