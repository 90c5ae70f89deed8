//! Which version readers have been given, and when: from the chain of
//! manifests and the rollbacks on record. What was never pointed at is no part.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::act::Deed;
use super::catalogue::{Lake, LakeError};
use super::manifest::Manifest;
use super::version::VersionId;

/// From when readers were given a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    pub at: Timestamp,
    pub version: VersionId,
    /// The pointer was moved to it by a rollback; otherwise it was published then.
    pub rollback: bool,
}

impl Lake {
    /// The current version's manifest and every one before it, newest first, as each names the one before.
    pub fn ancestors(&self, dataset: &str) -> Result<Vec<Manifest>, LakeError> {
        let Some(current) = self.current_version(dataset)? else { return Ok(Vec::new()) };
        let all = self.manifests(dataset)?;
        Ok(chain(&all, &current).into_iter().cloned().collect())
    }

    /// Manifests of all versions that readers have been given, oldest first, also those without data by now.
    pub fn published(&self, dataset: &str) -> Result<Vec<Manifest>, LakeError> {
        let all = self.manifests(dataset)?;
        let mut tips: Vec<VersionId> = self.current_version(dataset)?.into_iter().collect();
        for act in self.acts(dataset)? {
            if let Deed::Rollback { from, to, .. } = act.deed {
                tips.extend([from, to]);
            }
        }
        let mut given: BTreeMap<&VersionId, &Manifest> = BTreeMap::new();
        for tip in &tips {
            given.extend(chain(&all, tip).into_iter().map(|manifest| (&manifest.version, manifest)));
        }
        Ok(given.into_values().cloned().collect())
    }

    /// What was current from when, oldest first.
    pub fn timeline(&self, dataset: &str) -> Result<Vec<Moment>, LakeError> {
        let published = self.published(dataset)?;
        let acts = self.acts(dataset)?;
        let mut told: BTreeSet<&str> = BTreeSet::new();
        let mut moments = Vec::new();
        let rollback = |hash: &str| {
            let act = acts.iter().find(|act| act.hash == hash)?;
            let Deed::Rollback { to, .. } = &act.deed else { return None };
            Some(Moment { at: act.at, version: to.clone(), rollback: true })
        };
        // Clocks may jump: the order is that of the record, not of the times.
        for manifest in &published {
            for hash in &manifest.acts {
                if told.insert(hash) {
                    moments.extend(rollback(hash));
                }
            }
            let (at, version) = (manifest.created_at, manifest.version.clone());
            moments.push(Moment { at, version, rollback: false });
        }
        moments
            .extend(acts.iter().filter(|act| !told.contains(act.hash.as_str())).filter_map(|act| rollback(&act.hash)));
        Ok(moments)
    }

    /// The version that readers were given at a time; none before the first.
    pub fn version_at(&self, dataset: &str, at: Timestamp) -> Result<Option<VersionId>, LakeError> {
        let timeline = self.timeline(dataset)?;
        Ok(timeline.into_iter().rev().find(|moment| moment.at <= at).map(|moment| moment.version))
    }

    /// Every readable manifest by its own hash. One that is damaged ends its chain: `verify` tells of it.
    fn manifests(&self, dataset: &str) -> Result<BTreeMap<String, Manifest>, LakeError> {
        let mut all = BTreeMap::new();
        for version in self.versions(dataset)? {
            match self.manifest(dataset, &version) {
                Ok(manifest) => {
                    all.insert(self.manifest_hash(dataset, &version)?, manifest);
                }
                Err(LakeError::Manifest { .. } | LakeError::Missing { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    }
}

/// A version and all before it, newest first.
fn chain<'a>(all: &'a BTreeMap<String, Manifest>, tip: &VersionId) -> Vec<&'a Manifest> {
    let mut next = all.values().find(|manifest| manifest.version == *tip);
    let mut chain = Vec::new();
    while let Some(manifest) = next {
        chain.push(manifest);
        // A hash can't name itself, but an edited file could close a ring.
        next = manifest.previous.as_ref().and_then(|hash| all.get(hash));
        next = next.filter(|before| before.version < manifest.version);
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lake::tests::{prepare, published};

    #[test]
    fn the_timeline_tells_what_readers_were_given_and_leaves_out_the_rest() {
        let (_dir, lake) = published(&[1, 2]);
        let [first, second] = lake.versions("prov").unwrap().try_into().unwrap();
        // A crash before the pointer: nobody has seen this one.
        let orphan = prepare(&lake, 3);
        let place = lake.root().join("datasets/prov/versions").join(orphan.manifest.version.to_string());
        crate::store::move_into_place(&orphan.folder, &place).unwrap();
        let deed = Deed::Rollback { from: second.clone(), to: first.clone(), reason: "fel".to_owned() };
        let act = lake.record_act("prov", deed, Timestamp::now()).unwrap();
        lake.finish_rollback("prov").unwrap();
        let mut next = prepare(&lake, 4);
        next.manifest.acts = vec![act.hash];
        std::fs::write(next.folder.join("manifest.json"), serde_json::to_vec(&next.manifest).unwrap()).unwrap();
        lake.publish(std::slice::from_ref(&next)).unwrap();
        let timeline = lake.timeline("prov").unwrap();
        let told: Vec<_> = timeline.iter().map(|moment| (moment.version.sequence(), moment.rollback)).collect();
        assert_eq!(told, [(1, false), (2, false), (1, true), (4, false)]);
        assert_eq!(lake.published("prov").unwrap().len(), 3);
        assert!(lake.unnamed_acts("prov").unwrap().is_empty());
        assert_eq!(lake.version_at("prov", "2020-01-01T00:00:00Z".parse().unwrap()).unwrap(), None);
        assert_eq!(lake.version_at("prov", Timestamp::now()).unwrap(), Some(next.manifest.version));
    }
}
