//! What kind of change a new version is: computed from the two versions, never declared.
//!
//! - *major*: a column, the key or an area level removed, or a column redefined (type, unit, decimals, perturbation,
//!   ratio).
//! - *minor*: a column or an area level added; also when only what is said of the figures has changed (a title, a
//!   credit).
//! - *removal*: rows of periods that are still published gone, or whole periods gone.
//! - *revision*: values, statuses or labels of existing keys changed, or rows added to existing periods within the
//!   known area levels.
//! - *append*: new periods.

use super::carried::ORIGIN;
use super::compare::{Comparison, Rows};
use super::manifest::{Changed, Kind};
use super::version::VersionId;

/// The kinds, strongest first, and the counts; no counts where rows can't be laid side by side.
pub fn kinds(comparison: &Comparison, from: &VersionId) -> (Vec<Kind>, Option<Changed>) {
    // The mark of kept periods comes and goes; it is no column of the figures.
    let told = |names: &[String]| names.iter().any(|name| name != ORIGIN);
    let columns = &comparison.columns;
    let mut kinds = Vec::new();
    if told(&columns.removed) || !columns.redefined.is_empty() {
        kinds.push(Kind::Major);
    }
    if told(&columns.added) {
        kinds.push(Kind::Minor);
    }
    let changed = match &comparison.rows {
        Rows::Unlike(_) => {
            kinds.push(Kind::Major);
            None
        }
        Rows::Compared(summary) => {
            if !summary.levels_only_old.is_empty() {
                kinds.push(Kind::Major);
            }
            if !summary.levels_only_new.is_empty() {
                kinds.push(Kind::Minor);
            }
            if summary.removed > 0 {
                kinds.push(Kind::Removal);
            }
            let revised = summary.columns.keys().any(|column| column != ORIGIN);
            let filled = summary.levels_only_new.is_empty() && summary.added_to_existing_periods() > 0;
            if revised || filled {
                kinds.push(Kind::Revision);
            }
            if !summary.periods_only_new.is_empty() {
                kinds.push(Kind::Append);
            }
            Some(Changed {
                from: Some(from.clone()),
                added: summary.added,
                removed: summary.removed,
                revised: if revised { summary.revised } else { 0 },
                periods_added: summary.periods_only_new.clone(),
                periods_gone: summary.periods_only_old.clone(),
            })
        }
    };
    if kinds.is_empty() {
        kinds.push(Kind::Minor);
    }
    kinds.sort_unstable();
    kinds.dedup();
    (kinds, changed)
}
