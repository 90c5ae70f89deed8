//! The published site: versions and a pointer, as for datasets.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::catalogue::{Lake, LakeError, folders, read_pointer};
use super::version::VersionId;
use crate::store::{create_folder, move_into_place, move_pointer, remove_tree, sync_tree};

/// A site about to be published: render into `folder`, then publish.
#[derive(Debug)]
pub struct SiteVersion {
    pub folder: PathBuf,
    root: PathBuf,
}

/// How many versions of the site are kept for readers that are under way.
const KEPT: usize = 3;

impl SiteVersion {
    pub fn begin(lake: &Lake) -> Result<Self, LakeError> {
        let folder = lake.root().join("stage").join("_site");
        remove_tree(&folder)?;
        create_folder(&folder)?;
        Ok(Self { folder, root: lake.root().join("site") })
    }

    /// Leaves what is published as it is.
    pub fn discard(self) -> Result<(), LakeError> {
        Ok(remove_tree(&self.folder)?)
    }

    /// Publishes what was rendered, unless its content is what readers see already (then `None`).
    pub fn publish(self, content_hash: &str, now: Timestamp) -> Result<Option<VersionId>, LakeError> {
        let current = read_pointer(&self.root.join("current"), "")?;
        if current.as_ref().is_some_and(|current| current.to_string().ends_with(&content_hash[..8])) {
            self.discard()?;
            return Ok(None);
        }
        let mut versions: Vec<VersionId> =
            folders(&self.root.join("versions"))?.iter().filter_map(|name| name.parse().ok()).collect();
        versions.sort();
        let sequence = versions.last().map_or(0, VersionId::sequence) + 1;
        let version = VersionId::new(sequence, now, content_hash);
        sync_tree(&self.folder)?;
        move_into_place(&self.folder, &self.root.join("versions").join(version.to_string()))?;
        move_pointer(&self.root.join("current"), &Path::new("versions").join(version.to_string()))?;
        let old = versions.len().saturating_sub(KEPT - 1);
        for version in &versions[..old] {
            remove_tree(&self.root.join("versions").join(version.to_string()))?;
        }
        Ok(Some(version))
    }
}
