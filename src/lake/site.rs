//! The published site: versions and a pointer, as for datasets.

use std::path::PathBuf;

use jiff::Timestamp;

use super::catalogue::{Lake, LakeError};
use super::version::VersionId;
use crate::store::{create_folder, remove_tree, sync_tree};

/// A site about to be published: render into `folder`, then publish.
#[derive(Debug)]
pub struct SiteVersion {
    pub folder: PathBuf,
    lake: Lake,
}

/// How many versions of the site are kept for readers that are under way.
const KEPT: usize = 3;

const VERSIONS: &str = "site/versions";
const CURRENT: &str = "site/current";

impl SiteVersion {
    pub fn begin(lake: &Lake) -> Result<Self, LakeError> {
        let folder = lake.root().join("stage").join("_site");
        remove_tree(&folder)?;
        create_folder(&folder)?;
        Ok(Self { folder, lake: lake.clone() })
    }

    /// Leaves what is published as it is.
    pub fn discard(self) -> Result<(), LakeError> {
        Ok(remove_tree(&self.folder)?)
    }

    /// Publishes what was rendered, unless its content is what readers see already (then `None`).
    pub fn publish(self, content_hash: &str, now: Timestamp) -> Result<Option<VersionId>, LakeError> {
        let storage = self.lake.storage();
        let current = self.lake.named_version(CURRENT, "")?;
        if current.as_ref().is_some_and(|current| current.to_string().ends_with(&content_hash[..8])) {
            self.discard()?;
            return Ok(None);
        }
        let names = storage.folders(VERSIONS)?;
        let mut versions: Vec<VersionId> = names.iter().filter_map(|name| name.parse().ok()).collect();
        versions.sort();
        let sequence = versions.last().map_or(0, VersionId::sequence) + 1;
        let version = VersionId::new(sequence, now, content_hash);
        sync_tree(&self.folder)?;
        let key = format!("{VERSIONS}/{version}");
        storage.place(&self.folder, &key)?;
        let before = storage.pointer(CURRENT)?;
        let below = format!("{key}/");
        let files: Vec<String> = storage
            .list(&key)?
            .into_iter()
            .filter_map(|file| Some(file.key.strip_prefix(&below)?.to_owned()))
            .collect();
        storage.point(CURRENT, &format!("versions/{version}"), &files, before.as_ref())?;
        let old = versions.len().saturating_sub(KEPT - 1);
        for version in &versions[..old] {
            storage.remove(&format!("{VERSIONS}/{version}"))?;
        }
        Ok(Some(version))
    }
}
