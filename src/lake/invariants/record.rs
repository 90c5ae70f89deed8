//! The lake against what the ledger has noted of it. The ledger is told what to
//! compare; this module knows no database.

use std::collections::BTreeSet;

use super::report::{Damage, Report, Wrong};
use crate::lake::{Lake, LakeError, VersionId};

/// What a ledger says of the lake.
#[derive(Clone, Debug, Default)]
pub struct Noted {
    /// Dataset and version of everything that runs are recorded to have published.
    pub versions: Vec<(String, String)>,
    /// Dataset, version, and BLAKE3 of the manifest as it was published.
    pub manifests: Vec<(String, String, String)>,
}

impl Lake {
    /// Every version that was recorded is there with the manifest that it was published with.
    pub fn verify_record(&self, noted: &Noted, report: &mut Report) -> Result<(), LakeError> {
        let told: BTreeSet<(String, VersionId)> = report
            .damage
            .iter()
            .filter(|damage| matches!(damage.wrong, Wrong::Manifest | Wrong::Newer))
            .filter_map(|damage| Some((damage.dataset.clone()?, damage.version.clone()?)))
            .collect();
        for (dataset, id) in &noted.versions {
            let Ok(version) = id.parse::<VersionId>() else { continue };
            if !told.contains(&(dataset.clone(), version.clone())) && !self.has_manifest(dataset, &version)? {
                let what = "the ledger says that it was published, and it is not there";
                report.damage.push(Damage::new(Wrong::Manifest, what).of(dataset).version(&version));
            }
        }
        for (dataset, id, expected) in &noted.manifests {
            let Ok(version) = id.parse::<VersionId>() else { continue };
            if told.contains(&(dataset.clone(), version.clone())) || !self.has_manifest(dataset, &version)? {
                continue;
            }
            if self.manifest_hash(dataset, &version)? != *expected {
                let what = "it is not the one that was published (BLAKE3 is not the ledger's)";
                let damage = Damage::new(Wrong::Manifest, what).of(dataset).version(&version);
                report.damage.push(damage.file("manifest.json"));
            }
        }
        Ok(())
    }
}
