//! Manifests as they were published, from the archive: by the hash that the
//! ledger noted, or that the next manifest names.

use std::collections::{BTreeMap, BTreeSet};

use crate::lake::{Changes, LakeError, Manifest, VersionId};
use crate::ledger::PublishedManifest;
use crate::run::{Problem, Workshop};

use super::Repair;
use super::aside::Aside;

pub fn restore(workshop: &Workshop, aside: &Aside<'_>, repair: &mut Repair) -> Result<(), Problem> {
    let mut tried = BTreeSet::new();
    // A manifest that is restored names the one before it.
    loop {
        let wanted: Vec<_> = wanted(workshop)?.into_iter().filter(|(hash, _)| !tried.contains(hash)).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        for (hash, named) in wanted {
            tried.insert(hash.clone());
            let found = workshop.archive.read(&hash).ok();
            let found = found.and_then(|bytes| Manifest::parse(&bytes).ok().map(|manifest| (bytes, manifest)));
            let Some((bytes, manifest)) = found else {
                if let Some((dataset, version)) = named {
                    repair.left.push(format!(
                        "{dataset} {version}: manifest.json: the archive does not have it: restore it from a backup"
                    ));
                }
                continue;
            };
            let (dataset, version) = (&manifest.dataset, &manifest.version);
            let key = format!("datasets/{dataset}/versions/{version}/manifest.json");
            aside.put(&key)?;
            workshop.lake.storage().write(&key, &bytes)?;
            // What a ledger noted that was made anew from the edited one.
            workshop.ledger.renote_published(&PublishedManifest {
                dataset: dataset.clone(),
                version: version.to_string(),
                manifest: hash,
            })?;
            repair.done.push(format!("{dataset} {version}: manifest.json is as it was published, from the archive"));
        }
    }
}

type Named = Option<(String, VersionId)>;

/// Hashes of manifests that are not there, each with its version where that is known.
fn wanted(workshop: &Workshop) -> Result<BTreeMap<String, Named>, LakeError> {
    let lake = &workshop.lake;
    let mut wanted: BTreeMap<String, Named> = BTreeMap::new();
    for noted in workshop.ledger.published().unwrap_or_default() {
        let Ok(version) = noted.version.parse::<VersionId>() else { continue };
        let there = lake.has_manifest(&noted.dataset, &version)?;
        if !there || lake.manifest_hash(&noted.dataset, &version)? != noted.manifest {
            wanted.insert(noted.manifest, Some((noted.dataset, version)));
        }
    }
    for dataset in lake.datasets()? {
        let mut there = BTreeSet::new();
        let mut named = BTreeSet::new();
        for version in lake.versions(&dataset)? {
            if let Ok(manifest) = lake.manifest(&dataset, &version) {
                there.insert(lake.manifest_hash(&dataset, &version)?);
                named.extend(manifest.previous);
            }
        }
        // The list of changes tells hashes, too; one that it makes up is not in the archive.
        let told = lake.storage().read(&format!("datasets/{dataset}/changes.json"))?;
        if let Some(told) = told.and_then(|bytes| serde_json::from_slice::<Changes>(&bytes).ok()) {
            named.extend(told.versions.into_iter().map(|version| version.manifest));
        }
        for hash in named.difference(&there) {
            wanted.entry(hash.clone()).or_insert(None);
        }
    }
    Ok(wanted)
}
