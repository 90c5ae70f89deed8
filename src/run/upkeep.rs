//! What is done before and after the pipelines: what a crash cut short is
//! ended, the retention applied. Under the lake's lock.

use jiff::Timestamp;

use super::{Problem, Workshop};
use crate::lake::Collected;

/// Ends rollbacks that a crash cut short, and tells changes that were not told. What was mended, in words.
pub fn settle(workshop: &Workshop) -> Result<Vec<String>, Problem> {
    let lake = &workshop.lake;
    let mut mended = Vec::new();
    for dataset in lake.datasets()? {
        if let Some(to) = lake.finish_rollback(&dataset)? {
            mended.push(format!("{dataset}: ended the rollback to {to}, which was cut short"));
        }
        if lake.current_version(&dataset)?.is_some() && !lake.changes_are_told(&dataset)? {
            lake.tell_changes(&dataset, &workshop.config.publisher.name)?;
        }
    }
    Ok(mended)
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
