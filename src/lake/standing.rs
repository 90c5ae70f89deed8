//! How versions stand: withdrawn, rolled back, kept away. From the acts alone.

use jiff::Timestamp;

use super::act::{Act, Deed};
use super::catalogue::{Lake, LakeError};
use super::manifest::{FileInfo, Manifest};
use super::version::VersionId;

/// What an operator has said of a dataset's versions, as far as it still matters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Oldest act first; a version that was withdrawn twice stands with the later reason.
    pub withdrawn: Vec<Said>,
    /// The version that the pointer was moved away from, while it still is where it was moved to.
    pub rolled_back: Option<Said>,
}

/// A version, why it should not be used, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub version: VersionId,
    pub reason: String,
    pub at: Timestamp,
}

impl Standing {
    pub fn is_withdrawn(&self, version: &VersionId) -> bool {
        self.withdrawn.iter().any(|said| said.version == *version)
    }

    /// Sentences for readers, Swedish.
    pub fn sentences(&self) -> Vec<String> {
        let withdrawn = self.withdrawn.iter().map(|Said { version, reason, at }| {
            format!("Version {version} är återkallad ({}): {}", day(*at), sentence(reason))
        });
        let rolled_back = self.rolled_back.iter().map(|Said { version, reason, at }| {
            format!(
                "Version {version} drogs tillbaka ({}), och en tidigare version gäller igen: {}",
                day(*at),
                sentence(reason)
            )
        });
        withdrawn.chain(rolled_back).collect()
    }
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// With its full stop.
pub(super) fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

/// Why no earlier version can take the current one's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    pub version: VersionId,
    /// A clause: `its data are removed by the retention`.
    pub why: String,
}

impl Lake {
    pub fn standing(&self, dataset: &str) -> Result<Standing, LakeError> {
        Ok(standing(&self.acts(dataset)?, self.current_version(dataset)?.as_ref()))
    }

    /// Versions that were rolled back or withdrawn, and not made current again on purpose: a run does not publish
    /// the like of them without being told to.
    pub fn withheld(&self, dataset: &str) -> Result<Vec<(Manifest, String)>, LakeError> {
        let mut withheld: Vec<(VersionId, String)> = Vec::new();
        for act in self.acts(dataset)? {
            match act.deed {
                Deed::Rollback { from, to, reason } => {
                    withheld.retain(|(version, _)| *version != to);
                    withheld.push((from, reason));
                }
                Deed::Withdraw { version, reason } => withheld.push((version, reason)),
                Deed::Prune { .. } => {}
            }
        }
        let mut found = Vec::new();
        for (version, reason) in withheld {
            match self.manifest(dataset, &version) {
                Ok(manifest) => found.push((manifest, reason)),
                // `verify` tells of a damaged one; nothing can be compared with it.
                Err(LakeError::Manifest { .. } | LakeError::Missing { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// Why the pointer must not be moved to a version; none when it may.
    pub fn unfit(&self, manifest: &Manifest) -> Result<Option<Unfit>, LakeError> {
        let (dataset, version) = (&manifest.dataset, &manifest.version);
        let because = |why: &str| Ok(Some(Unfit { version: version.clone(), why: why.to_owned() }));
        if self.standing(dataset)?.is_withdrawn(version) {
            return because("it is withdrawn");
        }
        if self.pruned(dataset)?.contains(version) {
            return because("its data were removed by the retention");
        }
        for file in &manifest.files {
            if !self.is_as_published(manifest, file)? {
                return because("its files are not what was published: see underlag verify");
            }
        }
        Ok(None)
    }

    fn is_as_published(&self, manifest: &Manifest, file: &FileInfo) -> Result<bool, LakeError> {
        let key = format!("datasets/{}/versions/{}/data/{}", manifest.dataset, manifest.version, file.path);
        let bytes = self.storage().read(&key)?;
        Ok(bytes.is_some_and(|bytes| blake3::hash(&bytes).to_hex().as_str() == file.blake3))
    }

    /// The newest version before the current one that may take its place, and what was passed over on the way.
    pub fn fallback(&self, dataset: &str) -> Result<(Option<Manifest>, Vec<Unfit>), LakeError> {
        let Some(current) = self.current_version(dataset)? else { return Ok((None, Vec::new())) };
        let mut passed = Vec::new();
        for manifest in self.published(dataset)?.into_iter().rev().filter(|manifest| manifest.version < current) {
            match self.unfit(&manifest)? {
                None => return Ok((Some(manifest), passed)),
                Some(unfit) => passed.push(unfit),
            }
        }
        Ok((None, passed))
    }
}

pub(super) fn standing(acts: &[Act], current: Option<&VersionId>) -> Standing {
    let mut standing = Standing::default();
    for act in acts {
        match &act.deed {
            Deed::Withdraw { version, reason } => {
                standing.withdrawn.retain(|said| said.version != *version);
                standing.withdrawn.push(Said { version: version.clone(), reason: reason.clone(), at: act.at });
            }
            Deed::Rollback { from, to, reason } => {
                let said = Said { version: from.clone(), reason: reason.clone(), at: act.at };
                standing.rolled_back = (current == Some(to)).then_some(said);
            }
            Deed::Prune { .. } => {}
        }
    }
    standing
}
