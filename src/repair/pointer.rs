//! Pointers that are lost, lead nowhere, or to a damaged version that could not
//! be mended: to the newest sound version that nobody has withdrawn.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::lake::{Deed, Lake, LakeError, Manifest, VerifyReport, VersionId, Wrong};
use crate::run::{Problem, Workshop};

use super::aside::Aside;
use super::{Repair, versions};

pub fn mend(workshop: &Workshop, aside: &Aside<'_>, report: &VerifyReport, repair: &mut Repair) -> Result<(), Problem> {
    let lake = &workshop.lake;
    let unsound: BTreeSet<(String, VersionId)> =
        versions(report, &[Wrong::Data, Wrong::Manifest, Wrong::Contract]).into_iter().collect();
    for dataset in lake.datasets()? {
        let lost = report
            .damage
            .iter()
            .any(|damage| damage.wrong == Wrong::Pointer && damage.dataset.as_deref() == Some(dataset.as_str()));
        let named = lake.current_version(&dataset).ok().flatten();
        let damaged = named.as_ref().is_some_and(|named| unsound.contains(&(dataset.clone(), named.clone())));
        if !lost && !damaged {
            continue;
        }
        let sound = |version: &VersionId| !unsound.contains(&(dataset.clone(), version.clone()));
        let Some(manifest) = newest(lake, &dataset, named.as_ref(), sound)? else {
            repair.left.push(format!(
                "{dataset}: there is no sound version to go to: run its pipeline with --force, then repair again"
            ));
            continue;
        };
        let to = manifest.version.clone();
        if let Some(from) = named.filter(|from| *from != to) {
            // Readers are shown it.
            let reason = "versionens filer är skadade".to_owned();
            lake.record_act(&dataset, Deed::Rollback { from, to: to.clone(), reason }, Timestamp::now())?;
        }
        let key = format!("datasets/{dataset}/current");
        if !matches!(lake.storage().pointer(&key), Ok(None | Some(_))) {
            // Not even a pointer.
            aside.put(&key)?;
        }
        lake.point(&manifest)?;
        repair.done.push(format!("{dataset}: the pointer names {to}, the newest sound version"));
    }
    Ok(())
}

/// The newest version that readers may be given.
fn newest(
    lake: &Lake,
    dataset: &str,
    named: Option<&VersionId>,
    sound: impl Fn(&VersionId) -> bool,
) -> Result<Option<Manifest>, LakeError> {
    let acts = lake.acts(dataset)?;
    let mut withheld: BTreeSet<&VersionId> = BTreeSet::new();
    let mut last_rollback = None;
    for act in &acts {
        match &act.deed {
            Deed::Rollback { from, to, .. } => {
                withheld.remove(to);
                withheld.insert(from);
                last_rollback = Some((to, &act.hash));
            }
            Deed::Withdraw { version, .. } => {
                withheld.insert(version);
            }
            Deed::Prune { versions } => withheld.extend(versions),
        }
    }
    // With a pointer, only what readers were given; without one, that can't be told from the chain.
    let known: Vec<Manifest> = if named.is_some() {
        lake.published(dataset)?
    } else {
        let versions = lake.versions(dataset)?;
        versions.iter().filter_map(|version| lake.manifest(dataset, version).ok()).collect()
    };
    let mut fit: Vec<Manifest> = known
        .into_iter()
        .filter(|manifest| sound(&manifest.version) && !withheld.contains(&manifest.version))
        .collect();
    // A rollback that no version after it names was the last word.
    if let Some((to, hash)) = last_rollback
        && !fit.iter().any(|manifest| manifest.acts.contains(hash))
        && let Some(at) = fit.iter().position(|manifest| manifest.version == *to)
    {
        return Ok(Some(fit.swap_remove(at)));
    }
    fit.sort_by(|one, other| one.version.cmp(&other.version));
    Ok(fit.pop())
}
