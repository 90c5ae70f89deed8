//! A dataset: its pointer, the chain of its manifests, the record of acts, and
//! nothing in its folder that belongs to nobody.

use std::collections::BTreeSet;

use super::report::{Damage, Report, Wrong};
use super::version::{leftover, version};
use crate::lake::catalogue::{manifest_key, version_key};
use crate::lake::{FORMAT, Lake, LakeError, Manifest, VersionId};

pub fn all(lake: &Lake, report: &mut Report) -> Result<(), LakeError> {
    // Versions that no reader has been given yet.
    let mut unseen: BTreeSet<(String, VersionId)> = BTreeSet::new();
    match lake.intents() {
        Ok(intents) => {
            for intended in intents.into_iter().flat_map(|(_, intent)| intent.versions) {
                unseen.insert((intended.dataset, intended.version));
            }
        }
        Err(LakeError::Intent { place, reason }) => {
            report.damage.push(Damage::new(Wrong::Newer, reason).file(place));
        }
        Err(error) => return Err(error),
    }
    for name in lake.datasets()? {
        report.datasets += 1;
        dataset(lake, &name, &unseen, report)?;
    }
    for name in lake.datasets()? {
        if let Ok(Some(to)) = lake.pending_rollback(&name) {
            report.notes.push(format!("{name}: a rollback to {to} was cut short; the next run ends that"));
        }
    }
    // The publish may have ended since, or its pointers may have moved before it was cut short.
    for (dataset, version) in &unseen {
        if lake.current_version(dataset).is_ok_and(|current| current.as_ref() != Some(version)) {
            let what = "it was about to be published; the next run ends that";
            report.notes.push(format!("{dataset} {version}: {what}"));
        }
    }
    Ok(())
}

fn dataset(
    lake: &Lake,
    name: &str,
    unseen: &BTreeSet<(String, VersionId)>,
    report: &mut Report,
) -> Result<(), LakeError> {
    let versions = lake.versions(name)?;
    let current = pointer(lake, name, &versions, unseen, report)?;
    strays(lake, name, report)?;
    let pruned = match lake.pruned(name) {
        Ok(pruned) => pruned,
        Err(LakeError::Act { place, reason }) => {
            let wrong = if reason.contains("format") { Wrong::Newer } else { Wrong::Act };
            report.damage.push(Damage::new(wrong, format!("{place}: {reason}")).of(name));
            BTreeSet::new()
        }
        Err(error) => return Err(error),
    };
    let mut hashes = BTreeSet::new();
    let mut acts_named: BTreeSet<String> = BTreeSet::new();
    for id in &versions {
        if unseen.contains(&(name.to_owned(), id.clone())) && current.as_ref() != Some(id) {
            continue;
        }
        report.versions += 1;
        let Some(manifest) = manifest(lake, name, id, report) else { continue };
        let mut damaged = |damage: Damage| report.damage.push(damage.of(name).version(id));
        if let Some(previous) = &manifest.previous
            && !hashes.contains(previous)
        {
            let what = "it names a previous manifest that is not there, or not any more as it was";
            damaged(Damage::new(Wrong::Manifest, what).file("manifest.json"));
        }
        hashes.insert(lake.manifest_hash(name, id)?);
        acts_named.extend(manifest.acts.iter().cloned());
        let (read, found) = version(lake.storage(), &version_key(name, id), &manifest, pruned.contains(id))?;
        // The retention may have been quicker than the reading.
        if !found.is_empty() && !pruned.contains(id) && lake.pruned(name).is_ok_and(|now| now.contains(id)) {
            continue;
        }
        found.into_iter().for_each(damaged);
        report.files += if pruned.contains(id) { 0 } else { manifest.files.len() as u64 };
        report.rows += read.rows;
        report.bytes += read.bytes;
    }
    if let Ok(acts) = lake.acts(name) {
        let known: BTreeSet<&String> = acts.iter().map(|act| &act.hash).collect();
        if acts_named.iter().any(|hash| !known.contains(hash)) {
            let what = "a manifest names an act that is not there, or not any more as it was";
            report.damage.push(Damage::new(Wrong::Act, what).of(name).file("acts"));
        }
    }
    Ok(())
}

/// The version that readers are given, and what is wrong with the way to it.
fn pointer(
    lake: &Lake,
    name: &str,
    versions: &[VersionId],
    unseen: &BTreeSet<(String, VersionId)>,
    report: &mut Report,
) -> Result<Option<VersionId>, LakeError> {
    let mut damaged = |what: String| report.damage.push(Damage::new(Wrong::Pointer, what).of(name).file("current"));
    let seen = versions.iter().any(|id| !unseen.contains(&(name.to_owned(), id.clone())));
    match lake.current_version(name) {
        Ok(Some(current)) if !versions.contains(&current) => {
            let what = "the pointer names a version that is not there";
            report.damage.push(Damage::new(Wrong::Pointer, what).of(name).version(&current));
            Ok(Some(current))
        }
        // A first publish may have ended since the versions were listed.
        Ok(None) if seen => match lake.current_version(name) {
            Ok(None) => {
                damaged("there are versions, but no pointer to the current one".to_owned());
                Ok(None)
            }
            later => later,
        },
        Ok(current) => Ok(current),
        Err(error @ (LakeError::Pointer { .. } | LakeError::Store(_))) => {
            damaged(error.to_string());
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn manifest(lake: &Lake, name: &str, id: &VersionId, report: &mut Report) -> Option<Manifest> {
    let wrong = |wrong, what: String| Damage::new(wrong, what).of(name).version(id).file("manifest.json");
    let bytes = match lake.storage().read(&manifest_key(name, id)) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            report.damage.push(wrong(Wrong::Manifest, "it is not there".to_owned()));
            return None;
        }
        Err(error) => {
            report.damage.push(wrong(Wrong::Manifest, error.source.to_string()));
            return None;
        }
    };
    let number = serde_json::from_slice::<serde_json::Value>(&bytes).ok();
    let number = number.as_ref().and_then(|value| value.get("format")).and_then(serde_json::Value::as_u64);
    match Manifest::parse(&bytes) {
        Ok(manifest) if manifest.version == *id && manifest.dataset == name => Some(manifest),
        Ok(manifest) => {
            let what = format!("it is that of {} {}", manifest.dataset, manifest.version);
            report.damage.push(wrong(Wrong::Manifest, what));
            None
        }
        Err(reason) if number.is_some_and(|number| number > u64::from(FORMAT)) => {
            report.damage.push(wrong(Wrong::Newer, reason));
            None
        }
        Err(reason) => {
            report.damage.push(wrong(Wrong::Manifest, format!("it is no manifest: {reason}")));
            None
        }
    }
}

/// Files beside those that a dataset's folder consists of.
fn strays(lake: &Lake, name: &str, report: &mut Report) -> Result<(), LakeError> {
    let below = format!("datasets/{name}/");
    for id in lake.version_folders(name)? {
        if id.parse::<VersionId>().is_err() {
            let what = "it is no version";
            report.damage.push(Damage::new(Wrong::Stray, what).of(name).file(format!("versions/{id}")));
        }
    }
    for folder in lake.storage().folders(&format!("datasets/{name}"))? {
        // A pointer leads to a folder, also one that a crash left.
        if !matches!(folder.as_str(), "versions" | "acts" | "current") && !leftover(&folder) {
            report.damage.push(Damage::new(Wrong::Stray, "it belongs to nothing").of(name).file(folder));
        }
    }
    for entry in lake.storage().list(&format!("datasets/{name}"))? {
        let path = entry.key.strip_prefix(&below).unwrap_or(&entry.key);
        let known = match path.split('/').collect::<Vec<_>>().as_slice() {
            [file] => matches!(*file, "current" | "current.json" | "changes.json" | "changes.atom") || leftover(file),
            ["acts", file] => file.ends_with(".json") || leftover(file),
            // A folder at the top, or of a version: told above, or with the version.
            ["versions", _] => false,
            _ => true,
        };
        if !known {
            report.damage.push(Damage::new(Wrong::Stray, "it belongs to nothing").of(name).file(path));
        }
        if path.split('/').next_back().is_some_and(leftover) {
            report.notes.push(format!("{name}: {path}: left by a write that was cut short"));
        }
    }
    Ok(())
}
