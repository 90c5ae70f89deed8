//! `changes.json`: every version that readers were given, newest first, with
//! what changed and what was said of it since. Derived from manifests and acts,
//! written again whenever it says something else than they do.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::act::{Act, Deed};
use super::catalogue::{Lake, LakeError};
use super::feed::{author_of, feed};
use super::manifest::{Accepted, Carried, Changed, Kind, Manifest};
use super::version::VersionId;
use crate::contract::Severity;

pub const CHANGES_FORMAT: u32 = 1;

/// `datasets/NAME/changes.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    pub format: u32,
    pub dataset: String,
    pub title: String,
    /// What readers are given now.
    pub current: VersionId,
    /// BLAKE3 of the latest act, if there is any.
    pub act: Option<String>,
    pub versions: Vec<ChangedVersion>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedVersion {
    pub version: VersionId,
    pub time: Timestamp,
    /// The strongest first; empty for the first version.
    pub kinds: Vec<Kind>,
    pub rows: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Changed>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carried: Vec<Carried>,
    /// Checks that did not hold and only warn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warned: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<Accepted>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withdrawn: Vec<Mark>,
    /// The pointer was moved away from it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rolled_back: Vec<Mark>,
    /// Its data were removed by the retention.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pruned: Option<Timestamp>,
    /// BLAKE3 of its manifest.
    pub manifest: String,
}

/// What an operator said of a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub at: Timestamp,
    pub reason: String,
    /// Where the pointer was moved instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<VersionId>,
}

fn key(dataset: &str, file: &str) -> String {
    format!("datasets/{dataset}/{file}")
}

impl Lake {
    /// What manifests and acts say; none for a dataset that is not published.
    pub fn changes(&self, dataset: &str) -> Result<Option<Changes>, LakeError> {
        let Some(current) = self.current(dataset)? else { return Ok(None) };
        let acts = self.acts(dataset)?;
        let mut versions = Vec::new();
        for manifest in self.published(dataset)?.into_iter().rev() {
            let hash = self.manifest_hash(dataset, &manifest.version)?;
            versions.push(changed_version(manifest, hash, &acts));
        }
        Ok(Some(Changes {
            format: CHANGES_FORMAT,
            dataset: dataset.to_owned(),
            title: current.title,
            current: current.version,
            act: acts.last().map(|act| act.hash.clone()),
            versions,
        }))
    }

    /// Both files as they should be: name and bytes. `author` stands in the feed.
    fn told(&self, dataset: &str, author: &str) -> Result<Vec<(&'static str, Vec<u8>)>, LakeError> {
        let Some(changes) = self.changes(dataset)? else { return Ok(Vec::new()) };
        let fault = |reason: String| LakeError::Manifest {
            place: self.storage().address(&key(dataset, "changes.json")),
            reason,
        };
        let mut json = serde_json::to_vec_pretty(&changes).map_err(|error| fault(error.to_string()))?;
        json.push(b'\n');
        let atom = feed(&changes, &self.acts(dataset)?, author).map_err(|error| fault(error.to_string()))?;
        Ok(vec![("changes.json", json), ("changes.atom", atom)])
    }

    /// The files that do not say what manifests and acts say: `changes.json`, `changes.atom`. Whom the feed names as its
    /// author is not of the lake.
    pub fn stale_changes(&self, dataset: &str) -> Result<Vec<&'static str>, LakeError> {
        let feed = self.storage().read(&key(dataset, "changes.atom"))?;
        let author = feed.and_then(|feed| author_of(&feed)).unwrap_or_default();
        let mut stale = Vec::new();
        for (file, bytes) in self.told(dataset, &author)? {
            if self.storage().read(&key(dataset, file))?.as_deref() != Some(bytes.as_slice()) {
                stale.push(file);
            }
        }
        Ok(stale)
    }

    /// Writes `changes.json` and `changes.atom` where they say something else than manifests and acts do; whether
    /// anything was written. Safe at any time under the lock.
    pub fn tell_changes(&self, dataset: &str, author: &str) -> Result<bool, LakeError> {
        let mut written = false;
        // The list comes last: what it tells decides whether a crash has kept any of this from being told.
        for (file, bytes) in self.told(dataset, author)?.into_iter().rev() {
            let key = key(dataset, file);
            if self.storage().read(&key)?.as_deref() != Some(bytes.as_slice()) {
                self.storage().write(&key, &bytes)?;
                written = true;
            }
        }
        Ok(written)
    }

    /// Whether `changes.json` tells of the current version and the latest act: a quick look, that trusts the rest.
    pub fn changes_are_told(&self, dataset: &str) -> Result<bool, LakeError> {
        let read = |file: &str| self.storage().read(&key(dataset, file));
        let (Some(json), true) = (read("changes.json")?, read("changes.atom")?.is_some()) else { return Ok(false) };
        let Ok(told) = serde_json::from_slice::<Changes>(&json) else { return Ok(false) };
        let act = self.acts(dataset)?.pop().map(|act| act.hash);
        Ok(told.format == CHANGES_FORMAT && Some(told.current) == self.current_version(dataset)? && told.act == act)
    }
}

fn changed_version(manifest: Manifest, hash: String, acts: &[Act]) -> ChangedVersion {
    let (mut withdrawn, mut rolled_back, mut pruned) = (Vec::new(), Vec::new(), None);
    for act in acts {
        match &act.deed {
            Deed::Withdraw { version, reason } if *version == manifest.version => {
                withdrawn.push(Mark { at: act.at, reason: reason.clone(), to: None });
            }
            Deed::Rollback { from, to, reason } if *from == manifest.version => {
                rolled_back.push(Mark { at: act.at, reason: reason.clone(), to: Some(to.clone()) });
            }
            Deed::Prune { versions } if versions.contains(&manifest.version) => pruned = Some(act.at),
            _ => {}
        }
    }
    let failed = manifest.checks.into_iter().filter(|check| !check.held && check.severity == Severity::Warn);
    ChangedVersion {
        version: manifest.version,
        time: manifest.created_at,
        kinds: manifest.kinds,
        rows: manifest.rows,
        change: manifest.change,
        carried: manifest.carried,
        warned: failed.map(|check| check.message).collect(),
        accepted: manifest.accepted,
        withdrawn,
        rolled_back,
        pruned,
        manifest: hash,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lake::tests::published;

    fn text(lake: &Lake, file: &str) -> String {
        std::fs::read_to_string(lake.root().join("datasets/prov").join(file)).unwrap()
    }

    #[test]
    fn both_files_say_what_the_record_says_and_mend_what_does_not() {
        let (_dir, lake) = published(&[1, 2]);
        let [first, second] = lake.versions("prov").unwrap().try_into().unwrap();
        assert!(!lake.changes_are_told("prov").unwrap());
        assert!(lake.tell_changes("prov", "Kommunen").unwrap());
        assert!(lake.changes_are_told("prov").unwrap());
        assert!(!lake.tell_changes("prov", "Kommunen").unwrap(), "nothing new to tell");
        let deed = Deed::Rollback { from: second.clone(), to: first.clone(), reason: "fel <län> & år".to_owned() };
        lake.record_act("prov", deed, "2026-11-23T10:00:00Z".parse().unwrap()).unwrap();
        lake.finish_rollback("prov").unwrap();
        assert!(!lake.changes_are_told("prov").unwrap());
        assert!(lake.tell_changes("prov", "Kommunen").unwrap());
        let changes: Changes = serde_json::from_str(&text(&lake, "changes.json")).unwrap();
        assert_eq!(changes.current, first);
        assert_eq!(changes.versions[0].version, second);
        assert_eq!(changes.versions[0].rolled_back[0].reason, "fel <län> & år");
        assert_eq!(changes.versions[0].rolled_back[0].to, Some(first));
        let atom = text(&lake, "changes.atom");
        assert!(atom.contains("fel &lt;län&gt; &amp; år"), "{atom}");
        std::fs::write(lake.root().join("datasets/prov/changes.atom"), "<feed/>").unwrap();
        assert_eq!(lake.stale_changes("prov").unwrap(), ["changes.atom"]);
        lake.tell_changes("prov", "Kommunen").unwrap();
        assert_eq!(text(&lake, "changes.atom"), atom);
    }

    #[test]
    fn changes_of_format_1_are_read() {
        let text = r#"{"format":1,"dataset":"prov","title":"Prov","current":"000001-20261123T083000Z-12345678","act":null,
            "versions":[{"version":"000001-20261123T083000Z-12345678","time":"2026-11-23T08:30:00Z","kinds":[],"rows":4,
            "manifest":"00"}]}"#;
        let changes: Changes = serde_json::from_str(text).unwrap();
        assert_eq!(changes.versions[0].rows, 4);
    }
}
