//! Which versions lose their data. Manifests are never removed, so that the
//! chain stays whole; what goes is written down before it goes.
//!
//! Never removed, whatever the policy: the current version, the one that a rollback would go to, versions that a
//! current version of another dataset was made from, those that a frozen report cites, and any that was current
//! within the grace time. A dataset whose record is not whole is left alone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::act::Deed;
use super::catalogue::{Lake, LakeError, manifest_key, version_key};
use super::manifest::Manifest;
use super::timeline::Moment;
use super::version::VersionId;
use crate::config::Retention;

/// Where frozen reports say what they cite: `frozen/NAME.json`.
const FROZEN: &str = "frozen";

/// What was removed, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Versions that lose their data now.
    pub pruned: Vec<Pruned>,
    /// What crashes left behind: addresses.
    pub leftovers: Vec<String>,
    /// Datasets left alone, and why.
    pub skipped: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pruned {
    pub dataset: String,
    pub version: VersionId,
    pub bytes: u64,
}

/// `frozen/NAME.json`: the versions whose figures stand in a report that must never change.
#[derive(Debug, Deserialize)]
struct Frozen {
    format: u32,
    cites: Vec<Citation>,
}

#[derive(Debug, Deserialize)]
struct Citation {
    dataset: String,
    version: VersionId,
}

type Pins = BTreeSet<(String, VersionId)>;

impl Lake {
    /// Applies the retention and sweeps up what crashes left behind. The caller holds the lock and tells the changes
    /// of the datasets in `pruned`.
    pub fn collect(&self, policy: &Retention, now: Timestamp, dry_run: bool) -> Result<Collected, LakeError> {
        let mut collected = Collected::default();
        let pins = self.pins()?;
        for dataset in self.datasets()? {
            if let Some(why) = self.not_whole(&dataset)? {
                collected.skipped.push((dataset, why));
                continue;
            }
            let going = self.going(&dataset, policy, &pins, now)?;
            if !dry_run {
                self.prune(&dataset, &going, now)?;
            }
            for manifest in going {
                let bytes = manifest.files.iter().map(|file| file.size).sum();
                collected.pruned.push(Pruned { dataset: dataset.clone(), version: manifest.version, bytes });
            }
            collected.leftovers.extend(self.sweep_orphans(&dataset, policy, now, dry_run)?);
        }
        collected.leftovers.extend(self.sweep(policy, now, dry_run)?);
        Ok(collected)
    }

    /// Writes down what goes, then removes it; also what an earlier removal did not get to.
    fn prune(&self, dataset: &str, going: &[Manifest], now: Timestamp) -> Result<(), LakeError> {
        if !going.is_empty() {
            let versions = going.iter().map(|manifest| manifest.version.clone()).collect();
            self.record_act(dataset, Deed::Prune { versions }, now)?;
        }
        for version in self.pruned(dataset)? {
            let folder = version_key(dataset, &version);
            let kept = manifest_key(dataset, &version);
            if self.storage().list(&folder)?.iter().any(|entry| entry.key != kept) {
                self.storage().remove(&format!("{folder}/data"))?;
                self.storage().remove(&format!("{folder}/datapackage.json"))?;
            }
        }
        Ok(())
    }

    /// The versions that no rule keeps, oldest first.
    fn going(
        &self,
        dataset: &str,
        policy: &Retention,
        pins: &Pins,
        now: Timestamp,
    ) -> Result<Vec<Manifest>, LakeError> {
        let pruned = self.pruned(dataset)?;
        let standing = self.standing(dataset)?;
        let mut there = self.published(dataset)?;
        there.retain(|manifest| !pruned.contains(&manifest.version));
        let mut keep = by_policy(&there, |version| standing.is_withdrawn(version), policy, now);
        keep.extend(in_use(&self.timeline(dataset)?, policy, now));
        if let Some(current) = self.current_version(dataset)? {
            let sound = |manifest: &&Manifest| manifest.version < current && !standing.is_withdrawn(&manifest.version);
            keep.extend(there.iter().rev().find(sound).map(|manifest| manifest.version.clone()));
            keep.insert(current);
        }
        there.retain(|manifest| {
            !keep.contains(&manifest.version) && !pins.contains(&(dataset.to_owned(), manifest.version.clone()))
        });
        Ok(there)
    }

    /// Versions that something outside their own dataset holds on to.
    fn pins(&self) -> Result<Pins, LakeError> {
        let mut pins = Pins::new();
        for dataset in self.datasets()? {
            let Some(current) = self.current_version(&dataset)? else { continue };
            match self.manifest(&dataset, &current) {
                Ok(manifest) => pins.extend(manifest.inputs),
                // What a damaged manifest holds on to is unknown: nothing may go.
                Err(error) => return Err(error),
            }
        }
        for entry in self.storage().list(FROZEN)? {
            if !entry.key.ends_with(".json") {
                continue;
            }
            let fault = |reason: String| LakeError::Frozen { place: self.storage().address(&entry.key), reason };
            let Some(bytes) = self.storage().read(&entry.key)? else { continue };
            let frozen: Frozen = serde_json::from_slice(&bytes).map_err(|error| fault(error.to_string()))?;
            if frozen.format != 1 {
                return Err(fault(format!("its format {} is unknown to this program", frozen.format)));
            }
            pins.extend(frozen.cites.into_iter().map(|cite| (cite.dataset, cite.version)));
        }
        Ok(pins)
    }

    /// Why a dataset's record can't be relied on; none when it can.
    fn not_whole(&self, dataset: &str) -> Result<Option<String>, LakeError> {
        let current = match self.current_version(dataset) {
            Ok(Some(current)) => current,
            Ok(None) => return Ok(Some("nothing is published".to_owned())),
            Err(error) => return Ok(Some(error.to_string())),
        };
        if let Err(error @ LakeError::Act { .. }) = self.acts(dataset) {
            return Ok(Some(error.to_string()));
        }
        let mut known = BTreeMap::new();
        for version in self.versions(dataset)? {
            match self.manifest(dataset, &version) {
                Ok(manifest) => {
                    known.insert(self.manifest_hash(dataset, &version)?, manifest);
                }
                // A folder without a manifest never was a version.
                Err(LakeError::Missing { .. }) => {}
                Err(error) => return Ok(Some(error.to_string())),
            }
        }
        if !known.values().any(|manifest| manifest.version == current) {
            return Ok(Some(format!("the current version {current} has no manifest")));
        }
        let broken = known.values().find(|one| one.previous.as_ref().is_some_and(|hash| !known.contains_key(hash)));
        Ok(broken.map(|manifest| format!("the manifest before {} is not there", manifest.version)))
    }
}

/// What the three rules of `[retention]` keep. `there` is sorted, oldest first.
fn by_policy(
    there: &[Manifest],
    is_withdrawn: impl Fn(&VersionId) -> bool,
    policy: &Retention,
    now: Timestamp,
) -> BTreeSet<VersionId> {
    let mut keep: BTreeSet<VersionId> =
        there.iter().rev().take(policy.keep_newest).map(|manifest| manifest.version.clone()).collect();
    let since = before(now, policy.keep_within);
    keep.extend(there.iter().filter(|manifest| manifest.created_at > since).map(|manifest| manifest.version.clone()));
    if policy.keep_monthly {
        let mut months: BTreeMap<(i16, i8), &VersionId> = BTreeMap::new();
        // The last of the month, one that may be used before one that may not.
        let (good, withdrawn): (Vec<&Manifest>, Vec<&Manifest>) =
            there.iter().partition(|manifest| !is_withdrawn(&manifest.version));
        for manifest in withdrawn.into_iter().chain(good) {
            let date = manifest.created_at.to_zoned(TimeZone::UTC).date();
            months.insert((date.year(), date.month()), &manifest.version);
        }
        keep.extend(months.into_values().cloned());
    }
    keep
}

/// Versions that were current within the grace time.
fn in_use(timeline: &[Moment], policy: &Retention, now: Timestamp) -> BTreeSet<VersionId> {
    let since = before(now, policy.grace);
    let ends = timeline.iter().skip(1).map(|next| Some(next.at)).chain([None]);
    let used = timeline.iter().zip(ends).filter(|(_, end)| end.is_none_or(|end| end > since));
    used.map(|(moment, _)| moment.version.clone()).collect()
}

pub(super) fn before(now: Timestamp, span: std::time::Duration) -> Timestamp {
    let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
    now.checked_sub(span).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::lake::tests::{prepare, published};

    const DAY: Duration = Duration::from_hours(24);

    fn lean(keep_newest: usize) -> Retention {
        Retention { keep_newest, keep_within: Duration::ZERO, keep_monthly: false, grace: Duration::ZERO }
    }

    fn pruned(lake: &Lake, policy: &Retention, now: Timestamp) -> Vec<u64> {
        let collected = lake.collect(policy, now, true).unwrap();
        assert_eq!(collected.skipped, []);
        collected.pruned.into_iter().map(|pruned| pruned.version.sequence()).collect()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_current_version_and_the_way_back_stay_under_every_policy() {
        let (_dir, lake) = published(&[1, 2, 3, 4]);
        let later = Timestamp::now() + SignedDuration::from_hours(1);
        assert_eq!(pruned(&lake, &lean(1), later), [1, 2]);
        assert_eq!(pruned(&lake, &lean(3), later), [1]);
        assert_eq!(pruned(&lake, &Retention { keep_within: DAY, ..lean(1) }, later), [] as [u64; 0]);
        assert_eq!(pruned(&lake, &Retention { grace: DAY, ..lean(1) }, later), [] as [u64; 0]);
        // All are of one month: its last is kept anyway.
        assert_eq!(pruned(&lake, &Retention { keep_monthly: true, ..lean(1) }, later), [1, 2]);
        // A withdrawn version is no way back.
        let third = lake.versions("prov").unwrap()[2].clone();
        lake.record_act("prov", Deed::Withdraw { version: third, reason: "fel".to_owned() }, later).unwrap();
        assert_eq!(pruned(&lake, &lean(1), later), [1, 3]);
    }

    #[test]
    fn one_version_of_every_month_stays() {
        let (_dir, lake) = published(&[1]);
        let mut manifest = lake.current("prov").unwrap().unwrap();
        let mut version = |sequence: u64, time: &str| {
            manifest.created_at = at(time);
            manifest.version = VersionId::new(sequence, at(time), "0123456789abcdef");
            manifest.clone()
        };
        let there = [
            version(1, "2024-01-02T00:00:00Z"),
            version(2, "2024-01-30T00:00:00Z"),
            version(3, "2024-01-31T23:59:59Z"),
            version(4, "2024-03-01T00:00:00Z"),
            version(5, "2026-01-01T00:00:00Z"),
            version(6, "2026-01-02T00:00:00Z"),
        ];
        let policy = Retention { keep_within: 30 * DAY, keep_monthly: true, ..lean(1) };
        let kept = |withdrawn: u64| {
            let kept =
                by_policy(&there, |version| version.sequence() == withdrawn, &policy, at("2026-01-10T00:00:00Z"));
            kept.iter().map(VersionId::sequence).collect::<Vec<_>>()
        };
        assert_eq!(kept(0), [3, 4, 5, 6]);
        assert_eq!(kept(3), [2, 4, 5, 6]);
    }

    #[test]
    fn what_goes_is_written_down_first_and_a_removal_cut_short_is_ended() {
        let (_dir, lake) = published(&[1, 2, 3]);
        let later = Timestamp::now() + SignedDuration::from_hours(1);
        let first = lake.versions("prov").unwrap()[0].clone();
        let data = lake.root().join("datasets/prov/versions").join(first.to_string()).join("data");
        // The act, and then a crash.
        lake.record_act("prov", Deed::Prune { versions: vec![first.clone()] }, later).unwrap();
        assert!(data.exists());
        assert_eq!(pruned(&lake, &lean(1), later), [] as [u64; 0], "it is on record already");
        lake.collect(&lean(1), later, false).unwrap();
        assert!(!data.exists());
        assert!(lake.has_manifest("prov", &first).unwrap());
        assert_eq!(lake.acts("prov").unwrap().len(), 1);
    }

    #[test]
    fn a_version_that_a_frozen_report_cites_or_another_dataset_was_made_from_stays() {
        let (_dir, lake) = published(&[1, 2, 3, 4]);
        let later = Timestamp::now() + SignedDuration::from_hours(1);
        let first = lake.versions("prov").unwrap()[0].clone();
        let file = lake.root().join("frozen/arsbok-2026.json");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let text = format!(r#"{{"format":1,"cites":[{{"dataset":"prov","version":"{first}"}}]}}"#);
        std::fs::write(&file, text).unwrap();
        assert_eq!(pruned(&lake, &lean(1), later), [2]);
        std::fs::write(&file, "{").unwrap();
        let error = lake.collect(&lean(1), later, false).unwrap_err().to_string();
        assert!(error.contains("arsbok-2026.json is no list of citations"), "{error}");
    }

    #[test]
    fn a_dataset_whose_record_is_not_whole_is_left_alone() {
        let (_dir, lake) = published(&[1, 2, 3]);
        let later = Timestamp::now() + SignedDuration::from_hours(1);
        let first = lake.versions("prov").unwrap()[0].clone();
        std::fs::remove_dir_all(lake.root().join("datasets/prov/versions").join(first.to_string())).unwrap();
        let collected = lake.collect(&lean(1), later, false).unwrap();
        assert_eq!(collected.pruned, []);
        assert!(collected.skipped[0].1.contains("is not there"), "{:?}", collected.skipped);
    }

    #[test]
    fn what_crashes_left_behind_is_swept_up_when_it_is_old() {
        let (_dir, lake) = published(&[1]);
        let orphan = prepare(&lake, 2);
        let place = lake.root().join("datasets/prov/versions").join(orphan.manifest.version.to_string());
        crate::store::move_into_place(&orphan.folder, &place).unwrap();
        lake.publish(&[prepare(&lake, 3)]).unwrap();
        let tmp = lake.root().join("archive/objects/ab/cd.zst.12-0.tmp");
        std::fs::create_dir_all(tmp.parent().unwrap()).unwrap();
        std::fs::write(&tmp, "halvt").unwrap();
        std::os::unix::fs::symlink("versions/x/data", lake.root().join("datasets/prov/current.next")).unwrap();
        let policy = Retention { grace: DAY, ..lean(1) };
        let now = Timestamp::now();
        let young = lake.collect(&policy, now, false).unwrap().leftovers;
        assert_eq!(young.len(), 2, "the half-written file and the half-moved pointer: {young:?}");
        assert!(place.exists(), "a reader can't be there, but another writer's crash is younger than the grace time");
        let old = lake.collect(&policy, now + SignedDuration::from_hours(25), false).unwrap().leftovers;
        assert!(old.iter().any(|address| address.contains(&orphan.manifest.version.to_string())), "{old:?}");
        assert!(!place.exists() && !tmp.exists());
        assert!(!lake.root().join("stage/prov").exists());
        assert!(lake.verify().unwrap().damage.is_empty());
    }
}
