//! Acts: what an operator or the retention did to a dataset without a new
//! version. Written once, numbered, each naming the one before; never changed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::catalogue::{Lake, LakeError};
use super::version::VersionId;

/// The number of this program's acts; every older one is read, too.
pub const ACT_FORMAT: u32 = 1;

/// `datasets/NAME/acts/000001-KIND.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    pub format: u32,
    pub number: u64,
    pub dataset: String,
    pub at: Timestamp,
    /// The program that wrote it, `underlag/0.1.0`.
    pub program: String,
    #[serde(flatten)]
    pub deed: Deed,
    /// BLAKE3 of the act before it; none for the first.
    pub previous: Option<String>,
    /// BLAKE3 of the manifest that was current then.
    pub manifest: Option<String>,
    /// BLAKE3 of this act's own file: what a later manifest and the next act name.
    #[serde(skip)]
    pub hash: String,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Deed {
    /// The pointer was moved from one version to another.
    Rollback { from: VersionId, to: VersionId, reason: String },
    /// A version should not be used.
    Withdraw { version: VersionId, reason: String },
    /// The data of these versions are removed; their manifests stay.
    Prune { versions: Vec<VersionId> },
}

impl Deed {
    /// As the act's file is named.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Rollback { .. } => "rollback",
            Self::Withdraw { .. } => "withdraw",
            Self::Prune { .. } => "prune",
        }
    }
}

impl Act {
    fn key(&self) -> String {
        format!("{}/{:06}-{}.json", acts_key(&self.dataset), self.number, self.deed.kind())
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let format = value.get("format").and_then(serde_json::Value::as_u64).ok_or("it has no format number")?;
        if format == 0 || format > u64::from(ACT_FORMAT) {
            return Err(format!("its format {format} is unknown to this program, which reads up to {ACT_FORMAT}"));
        }
        let mut act: Self = serde_json::from_value(value).map_err(|error| error.to_string())?;
        act.hash = blake3::hash(bytes).to_hex().to_string();
        Ok(act)
    }
}

pub(super) fn acts_key(dataset: &str) -> String {
    format!("datasets/{dataset}/acts")
}

impl Lake {
    /// Every act of a dataset, oldest first. A gap, a file that is no act, or one that does not name the act before
    /// it is an error: the record is whole or not to be trusted.
    pub fn acts(&self, dataset: &str) -> Result<Vec<Act>, LakeError> {
        let mut acts: Vec<Act> = Vec::new();
        for entry in self.storage().list(&acts_key(dataset))? {
            // What a crash left of a write that never was.
            if entry.key.ends_with(".tmp") {
                continue;
            }
            let fault = |reason: String| LakeError::Act { place: self.storage().address(&entry.key), reason };
            let Some(bytes) = self.storage().read(&entry.key)? else { continue };
            let act = Act::parse(&bytes).map_err(fault)?;
            if act.dataset != dataset || act.key() != entry.key {
                return Err(fault(format!("it is act {} of {}", act.number, act.dataset)));
            }
            let before = acts.last().map(|act| &act.hash);
            if act.number != acts.len() as u64 + 1 || act.previous.as_ref() != before {
                return Err(fault("the act before it is not there, or not the one that it names".to_owned()));
            }
            acts.push(act);
        }
        Ok(acts)
    }

    /// Writes an act down, durably, before anything is done. The caller holds the lock.
    pub fn record_act(&self, dataset: &str, deed: Deed, at: Timestamp) -> Result<Act, LakeError> {
        let acts = self.acts(dataset)?;
        let manifest = match self.current_version(dataset)? {
            Some(current) if self.has_manifest(dataset, &current)? => Some(self.manifest_hash(dataset, &current)?),
            _ => None,
        };
        let mut act = Act {
            format: ACT_FORMAT,
            number: acts.len() as u64 + 1,
            dataset: dataset.to_owned(),
            at,
            program: crate::PROGRAM.to_owned(),
            deed,
            previous: acts.last().map(|act| act.hash.clone()),
            manifest,
            hash: String::new(),
        };
        let key = act.key();
        let mut bytes = serde_json::to_vec_pretty(&act)
            .map_err(|error| LakeError::Act { place: self.storage().address(&key), reason: error.to_string() })?;
        bytes.push(b'\n');
        self.storage().write(&key, &bytes)?;
        act.hash = blake3::hash(&bytes).to_hex().to_string();
        Ok(act)
    }

    /// The hashes of the acts that no version up to the current one has named: what the next manifest names.
    pub fn unnamed_acts(&self, dataset: &str) -> Result<Vec<String>, LakeError> {
        let mut hashes: Vec<String> = self.acts(dataset)?.into_iter().map(|act| act.hash).collect();
        if hashes.is_empty() {
            return Ok(hashes);
        }
        let named: BTreeSet<String> = self.ancestors(dataset)?.into_iter().flat_map(|one| one.acts).collect();
        hashes.retain(|hash| !named.contains(hash));
        Ok(hashes)
    }

    /// Versions whose data the retention removed, or was about to.
    pub fn pruned(&self, dataset: &str) -> Result<BTreeSet<VersionId>, LakeError> {
        let acts = self.acts(dataset)?.into_iter();
        Ok(acts
            .flat_map(|act| match act.deed {
                Deed::Prune { versions } => versions,
                _ => Vec::new(),
            })
            .collect())
    }

    /// Versions that should not be used, each with its latest reason and when that was said.
    pub fn withdrawn(&self, dataset: &str) -> Result<BTreeMap<VersionId, (String, Timestamp)>, LakeError> {
        let acts = self.acts(dataset)?.into_iter();
        Ok(acts
            .filter_map(|act| match act.deed {
                Deed::Withdraw { version, reason } => Some((version, (reason, act.at))),
                _ => None,
            })
            .collect())
    }

    /// A rollback that was written down while its pointer has not moved yet: where the pointer should be.
    pub fn pending_rollback(&self, dataset: &str) -> Result<Option<VersionId>, LakeError> {
        let last = self.acts(dataset)?.into_iter().rev().find_map(|act| match act.deed {
            Deed::Rollback { from, to, .. } => Some((from, to)),
            _ => None,
        });
        let current = self.current_version(dataset)?;
        Ok(last.filter(|(from, _)| current.as_ref() == Some(from)).map(|(_, to)| to))
    }

    /// Moves the pointer to where a recorded rollback wants it, if a crash came between. The caller holds the lock.
    pub fn finish_rollback(&self, dataset: &str) -> Result<Option<VersionId>, LakeError> {
        let Some(to) = self.pending_rollback(dataset)? else { return Ok(None) };
        self.point(&self.manifest(dataset, &to)?)?;
        Ok(Some(to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lake::tests::published;

    fn withdraw(lake: &Lake, version: &VersionId, reason: &str) -> Act {
        let deed = Deed::Withdraw { version: version.clone(), reason: reason.to_owned() };
        lake.record_act("prov", deed, "2026-11-23T10:00:00Z".parse().unwrap()).unwrap()
    }

    #[test]
    fn acts_are_a_chain_that_no_one_can_edit_unseen() {
        let (_dir, lake) = published(&[1, 2]);
        let [first, second] = lake.versions("prov").unwrap().try_into().unwrap();
        withdraw(&lake, &first, "fel län");
        withdraw(&lake, &second, "fel enhet");
        let acts = lake.acts("prov").unwrap();
        assert_eq!(acts.iter().map(|act| act.number).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(acts[1].previous.as_ref(), Some(&acts[0].hash));
        assert_eq!(acts[0].manifest, Some(lake.manifest_hash("prov", &second).unwrap()));
        assert_eq!(lake.unnamed_acts("prov").unwrap(), [acts[0].hash.clone(), acts[1].hash.clone()]);
        let file = lake.root().join("datasets/prov/acts/000001-withdraw.json");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace("fel län", "inget")).unwrap();
        assert!(lake.acts("prov").unwrap_err().to_string().contains("not the one that it names"));
        std::fs::remove_file(&file).unwrap();
        assert!(lake.acts("prov").unwrap_err().to_string().contains("the act before it is not there"));
    }

    #[test]
    fn an_act_of_format_1_is_read_and_a_newer_one_is_not() {
        let text = r#"{"format":1,"number":1,"dataset":"prov","at":"2026-11-23T10:00:00Z","program":"underlag/0.1.0",
            "kind":"rollback","from":"000002-20261123T083000Z-12345678","to":"000001-20261122T083000Z-12345678",
            "reason":"fel","previous":null,"manifest":null}"#;
        let act = Act::parse(text.as_bytes()).unwrap();
        assert!(matches!(act.deed, Deed::Rollback { ref reason, .. } if reason == "fel"));
        let newer = text.replace("\"format\":1", "\"format\":9");
        assert!(Act::parse(newer.as_bytes()).unwrap_err().contains("format 9"));
    }

    #[test]
    fn a_rollback_that_a_crash_cut_short_is_ended() {
        let (_dir, lake) = published(&[1, 2]);
        let [first, second] = lake.versions("prov").unwrap().try_into().unwrap();
        let deed = Deed::Rollback { from: second.clone(), to: first.clone(), reason: "fel".to_owned() };
        lake.record_act("prov", deed, Timestamp::now()).unwrap();
        assert_eq!(lake.current_version("prov").unwrap(), Some(second));
        assert_eq!(lake.finish_rollback("prov").unwrap(), Some(first.clone()));
        assert_eq!(lake.current_version("prov").unwrap(), Some(first));
        assert_eq!(lake.finish_rollback("prov").unwrap(), None);
    }
}
