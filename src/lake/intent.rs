//! What a publish is about to do, written down before it begins, so that a
//! crash in the midst of it is told from damage, and ended by the next writer:
//! forwards when all is in place, backwards when it is not. The note lies in the data folder of the machine that
//! publishes, also when the lake does not: another machine must not end what this one is about.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::catalogue::{Lake, LakeError, manifest_key, version_key};
use super::invariants;
use super::prepare::Prepared;
use super::version::VersionId;
use crate::store::Storage as _;

/// Beside `datasets/`, not in it: no reader has to do with it. One file per pipeline, since several may publish at a
/// time.
const INTENTS: &str = "publishing";
const FORMAT: u32 = 1;

/// Versions that are being put in place, and pointers that then move, all together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    pub format: u32,
    pub at: Timestamp,
    pub program: String,
    pub versions: Vec<Intended>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intended {
    pub dataset: String,
    pub version: VersionId,
    /// BLAKE3 of its manifest.
    pub manifest: String,
    /// What was current when the publish began.
    pub before: Option<VersionId>,
}

/// What became of a publish that a crash had cut short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Everything was in place: the pointers that had not moved have been moved.
    Published(Vec<Intended>),
    /// Not everything was: what nobody had seen is taken away again.
    Undone(Vec<Intended>),
}

impl Lake {
    /// Publishes that have begun and not ended, under way or cut short, each with its key.
    pub fn intents(&self) -> Result<Vec<(String, Intent)>, LakeError> {
        let mut intents = Vec::new();
        for entry in self.desk().list(INTENTS)?.into_iter().filter(|entry| entry.key.ends_with(".json")) {
            // It may have ended between the two looks.
            let Some(bytes) = self.desk().read(&entry.key)? else { continue };
            let fault = |reason: String| LakeError::Intent { place: self.desk().address(&entry.key), reason };
            let intent: Intent = serde_json::from_slice(&bytes).map_err(|error| fault(error.to_string()))?;
            if intent.format > FORMAT {
                let number = intent.format;
                return Err(fault(format!(
                    "its format {number} is newer than this program, which reads up to {FORMAT}"
                )));
            }
            intents.push((entry.key, intent));
        }
        Ok(intents)
    }

    /// Writes down what is about to be published; gives the key of that note.
    pub(super) fn intend(&self, prepared: &[Prepared]) -> Result<String, LakeError> {
        let mut versions = Vec::new();
        for version in prepared {
            let (manifest, bytes) = (&version.manifest, version.manifest_bytes()?);
            versions.push(Intended {
                dataset: manifest.dataset.clone(),
                version: manifest.version.clone(),
                manifest: blake3::hash(&bytes).to_hex().to_string(),
                before: self.current_version(&manifest.dataset)?,
            });
        }
        let pipeline = prepared.first().map(|version| version.manifest.pipeline.as_str()).unwrap_or_default();
        let key = format!("{INTENTS}/{pipeline}.json");
        // What an earlier publish left open is ended first: its note would be lost.
        for (_, intent) in self.intents()?.into_iter().filter(|(open, _)| *open == key) {
            self.end(&key, intent)?;
        }
        let intent = Intent { format: FORMAT, at: Timestamp::now(), program: crate::PROGRAM.to_owned(), versions };
        let fault = |error: serde_json::Error| LakeError::Intent { place: key.clone(), reason: error.to_string() };
        let mut bytes = serde_json::to_vec_pretty(&intent).map_err(fault)?;
        bytes.push(b'\n');
        self.desk().write(&key, &bytes)?;
        Ok(key)
    }

    /// The pointers have moved. A note that can't be removed now is found fulfilled by the next writer.
    pub(super) fn fulfilled(&self, key: &str) {
        if let Err(error) = self.desk().remove(key) {
            tracing::warn!(%error, "the note of a publish that is done stays until the next");
        }
    }

    /// Ends every publish that was cut short. The caller holds the lock.
    pub fn settle(&self) -> Result<Vec<Settled>, LakeError> {
        let intents = self.intents()?;
        let mut settled = Vec::new();
        for (key, intent) in intents {
            settled.extend(self.end(&key, intent)?);
        }
        Ok(settled)
    }

    fn end(&self, key: &str, intent: Intent) -> Result<Option<Settled>, LakeError> {
        let mut open = Vec::new();
        for intended in intent.versions {
            if self.current_version(&intended.dataset)?.as_ref() != Some(&intended.version) {
                open.push(intended);
            }
        }
        let settled = if open.is_empty() {
            None
        } else if self.all_in_place(&open)? {
            for Intended { dataset, version, before, .. } in &open {
                if self.current_version(dataset)? == *before {
                    self.point(&self.manifest(dataset, version)?)?;
                }
            }
            Some(Settled::Published(open))
        } else {
            for Intended { dataset, version, .. } in &open {
                self.storage().remove(&version_key(dataset, version))?;
            }
            Some(Settled::Undone(open))
        };
        self.desk().remove(key)?;
        Ok(settled)
    }

    fn all_in_place(&self, intended: &[Intended]) -> Result<bool, LakeError> {
        for Intended { dataset, version, manifest: expected, .. } in intended {
            let bytes = self.storage().read(&manifest_key(dataset, version))?;
            if bytes.is_none_or(|bytes| blake3::hash(&bytes).to_hex().as_str() != expected) {
                return Ok(false);
            }
            let manifest = self.manifest(dataset, version)?;
            if !invariants::outline(self.storage(), &version_key(dataset, version), &manifest)?.is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lake::tests::{prepare, published};

    #[test]
    fn a_publish_cut_short_before_its_pointer_is_ended_forwards_when_all_is_in_place() {
        let (_dir, lake) = published(&[1]);
        let next = prepare(&lake, 2);
        lake.intend(std::slice::from_ref(&next)).unwrap();
        lake.storage().place(&next.folder, &version_key("prov", &next.manifest.version)).unwrap();
        let report = lake.verify().unwrap();
        assert!(report.damage.is_empty(), "{:?}", report.damage);
        assert_eq!(report.notes.len(), 1);
        assert!(matches!(lake.settle().unwrap().as_slice(), [Settled::Published(_)]));
        assert_eq!(lake.current_version("prov").unwrap(), Some(next.manifest.version));
        assert!(lake.intents().unwrap().is_empty() && lake.settle().unwrap().is_empty());
    }

    #[test]
    fn a_publish_cut_short_before_all_is_in_place_leaves_no_trace() {
        let (_dir, lake) = published(&[1]);
        let current = lake.current_version("prov").unwrap();
        let next = prepare(&lake, 2);
        lake.intend(std::slice::from_ref(&next)).unwrap();
        lake.storage().place(&next.folder, &version_key("prov", &next.manifest.version)).unwrap();
        let file = &lake.files(&next.manifest).unwrap()[0];
        std::fs::remove_file(file).unwrap();
        assert!(lake.verify().unwrap().damage.is_empty());
        assert!(matches!(lake.settle().unwrap().as_slice(), [Settled::Undone(_)]));
        assert_eq!((lake.current_version("prov").unwrap(), lake.versions("prov").unwrap().len()), (current, 1));
    }

    #[test]
    fn a_version_that_is_not_what_its_manifest_says_is_not_published() {
        let (_dir, lake) = published(&[1]);
        let next = prepare(&lake, 2);
        std::fs::write(next.folder.join("data/lan-01/lapp.txt"), "x").unwrap();
        let error = lake.publish(std::slice::from_ref(&next)).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("prov {} is not published: data/lan-01/lapp.txt: it is not in the manifest", next.manifest.version)
        );
        assert_eq!(lake.versions("prov").unwrap().len(), 1);
    }

    #[test]
    fn a_lost_pointer_is_told_from_a_first_publish_cut_short() {
        let (_dir, lake) = published(&[1]);
        std::fs::remove_file(lake.root().join("datasets/prov/current")).unwrap();
        let damage = lake.verify().unwrap().damage;
        assert_eq!(damage.len(), 1);
        assert_eq!(damage[0].what, "there are versions, but no pointer to the current one");
    }
}
