//! What is published: which datasets, which versions, which one is current.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::invariants;
use super::manifest::Manifest;
use super::prepare::Prepared;
use super::version::VersionId;
use crate::codes::{self, Code};
use crate::config::Config;
use crate::store::{AccessError, Credentials, LocalFolder, ObjectStorage, Pointer, Storage, StoreError, create_folder};

/// The place of published versions, and the folder of this machine where they are made.
#[derive(Clone, Debug)]
pub struct Lake {
    root: PathBuf,
    storage: Arc<dyn Storage>,
}

#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error("{place} is no manifest: {reason}")]
    Manifest { place: String, reason: String },
    #[error("{place} is no act: {reason}")]
    Act { place: String, reason: String },
    #[error("{place} is no list of citations: {reason}")]
    Frozen { place: String, reason: String },
    #[error("{place} points at {target:?}, which is no version")]
    Pointer { place: String, target: String },
    #[error("{place} is not there")]
    Missing { place: String },
    #[error("dataset {dataset}: another version was published while this one was made; the current one is now {now}")]
    Overtaken { dataset: String, now: String },
    #[error("{place} can't be read: {reason}")]
    Intent { place: String, reason: String },
    /// A version that is ready does not hold what it says; its pointer does not move.
    #[error("{dataset} {version} is not published: {what}")]
    Unsound { dataset: String, version: VersionId, what: String },
    #[error("another underlag is at work in {}{}", path.display(), holder.as_ref().map(|holder| format!(": {holder}")).unwrap_or_default())]
    Locked { path: PathBuf, holder: Option<String> },
    #[error("{}: {source}", path.display())]
    Parquet { path: PathBuf, source: parquet::errors::ParquetError },
    #[error(transparent)]
    Arrow(#[from] arrow::error::ArrowError),
    /// The program is ending.
    #[error("the work was stopped")]
    Stopped,
}

impl LakeError {
    pub fn code(&self) -> Code {
        let newer = |reason: &str| reason.contains("newer than this program");
        match self {
            Self::Store(error) => error.code(),
            Self::Access(_) => codes::STORAGE_ACCESS,
            Self::Manifest { reason, .. } | Self::Act { reason, .. } | Self::Intent { reason, .. } if newer(reason) => {
                codes::NEWER
            }
            Self::Frozen { .. } => codes::CITATIONS,
            Self::Overtaken { .. } => codes::OVERTAKEN,
            Self::Locked { .. } => codes::LOCKED,
            Self::Stopped => codes::STOPPED,
            Self::Manifest { .. }
            | Self::Act { .. }
            | Self::Intent { .. }
            | Self::Pointer { .. }
            | Self::Missing { .. }
            | Self::Unsound { .. }
            | Self::Parquet { .. }
            | Self::Arrow(_) => codes::DAMAGED,
        }
    }
}

impl Lake {
    /// All in a folder of this machine.
    pub fn open(data_dir: &Path) -> Result<Self, LakeError> {
        Self::over(data_dir, Arc::new(LocalFolder::new(data_dir)))
    }

    /// Where the configuration says.
    pub fn of(config: &Config) -> Result<Self, LakeError> {
        create_folder(&config.data_dir)?;
        Self::look(config)
    }

    /// For readers, who make nothing: of a folder that is not there, nothing is published.
    pub fn look(config: &Config) -> Result<Self, LakeError> {
        let root = config.data_dir.clone();
        let storage: Arc<dyn Storage> = match &config.bucket {
            None => Arc::new(LocalFolder::new(&root)),
            Some(bucket) => {
                Arc::new(ObjectStorage::connect(bucket.clone(), &Credentials::find()?, &root.join("cache"))?)
            }
        };
        Ok(Self { root, storage })
    }

    /// Published and archived there, worked on in `data_dir`.
    pub fn over(data_dir: &Path, storage: Arc<dyn Storage>) -> Result<Self, LakeError> {
        create_folder(data_dir)?;
        Ok(Self { root: data_dir.to_owned(), storage })
    }

    /// The folder of this machine: stage, ledger and lock are there, whatever place the lake has.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What one machine notes for itself alone, wherever the lake lies.
    pub(super) fn desk(&self) -> LocalFolder {
        LocalFolder::new(&self.root)
    }

    pub fn storage(&self) -> &dyn Storage {
        self.storage.as_ref()
    }

    /// The same place, for those who outlive this borrow: the archive lies there too.
    pub fn shared_storage(&self) -> Arc<dyn Storage> {
        Arc::clone(&self.storage)
    }

    /// Names of all datasets with a folder, sorted.
    pub fn datasets(&self) -> Result<Vec<String>, LakeError> {
        Ok(self.storage.folders("datasets")?)
    }

    /// Every version with a folder, oldest first, current or not.
    pub fn versions(&self, dataset: &str) -> Result<Vec<VersionId>, LakeError> {
        let mut versions: Vec<VersionId> =
            self.version_folders(dataset)?.iter().filter_map(|name| name.parse().ok()).collect();
        versions.sort();
        Ok(versions)
    }

    /// Every folder below `versions/`, whatever its name.
    pub(super) fn version_folders(&self, dataset: &str) -> Result<Vec<String>, LakeError> {
        Ok(self.storage.folders(&format!("datasets/{dataset}/versions"))?)
    }

    /// The version that the pointer names; none when nothing is published.
    pub fn current_version(&self, dataset: &str) -> Result<Option<VersionId>, LakeError> {
        self.named_version(&current_key(dataset), "/data")
    }

    pub fn current(&self, dataset: &str) -> Result<Option<Manifest>, LakeError> {
        self.current_version(dataset)?.map(|version| self.manifest(dataset, &version)).transpose()
    }

    pub fn manifest(&self, dataset: &str, version: &VersionId) -> Result<Manifest, LakeError> {
        let key = manifest_key(dataset, version);
        let bytes = self.bytes(&key)?;
        Manifest::parse(&bytes).map_err(|reason| LakeError::Manifest { place: self.storage.address(&key), reason })
    }

    /// BLAKE3 of a version's manifest file: what the next version's manifest names.
    pub fn manifest_hash(&self, dataset: &str, version: &VersionId) -> Result<String, LakeError> {
        let bytes = self.bytes(&manifest_key(dataset, version))?;
        Ok(blake3::hash(&bytes).to_hex().to_string())
    }

    /// Whether a version's folder holds a manifest, readable or not.
    pub fn has_manifest(&self, dataset: &str, version: &VersionId) -> Result<bool, LakeError> {
        Ok(self.storage.read(&manifest_key(dataset, version))?.is_some())
    }

    fn bytes(&self, key: &str) -> Result<Bytes, LakeError> {
        self.storage.read(key)?.ok_or_else(|| LakeError::Missing { place: self.storage.address(key) })
    }

    /// A version's Parquet files as files of this machine, in the manifest's order.
    pub fn files(&self, manifest: &Manifest) -> Result<Vec<PathBuf>, LakeError> {
        let data = format!("{}/data", version_key(&manifest.dataset, &manifest.version));
        let local = |path: &str| self.storage.local(&format!("{data}/{path}")).map_err(LakeError::from);
        manifest.files.iter().map(|file| local(&file.path)).collect()
    }

    /// The next number of a sequence that never repeats, also after a crash or a removed version.
    pub fn next_sequence(&self, dataset: &str) -> Result<u64, LakeError> {
        let newest = self.versions(dataset)?.last().map_or(0, VersionId::sequence);
        let current = self.current_version(dataset)?.map_or(0, |version| version.sequence());
        Ok(newest.max(current) + 1)
    }

    /// Puts prepared versions in place, then moves the pointers: nothing is seen before all is durable.
    pub fn publish(&self, prepared: &[Prepared]) -> Result<(), LakeError> {
        if prepared.is_empty() {
            return Ok(());
        }
        for version in prepared {
            invariants::prepared(version)?;
        }
        let before = prepared.iter().map(|version| self.unmoved(&version.manifest)).collect::<Result<Vec<_>, _>>()?;
        let note = self.intend(prepared)?;
        for (count, version) in prepared.iter().enumerate() {
            let key = version_key(&version.manifest.dataset, &version.manifest.version);
            let placed = self.storage.place(&version.folder, &key);
            if placed.as_ref().is_err_and(StoreError::is_overtaken) {
                // This folder is another's; those before it are nobody's.
                self.retreat(&prepared[..count], &note)?;
            }
            placed?;
        }
        for (place, (version, before)) in prepared.iter().zip(&before).enumerate() {
            let moved = self.point_from(&version.manifest, before.as_ref());
            if moved.as_ref().is_err_and(StoreError::is_overtaken) {
                self.retreat(&prepared[place..], &note)?;
            }
            moved?;
            self.clear_unfinished(&version.manifest, before.as_ref())?;
        }
        self.fulfilled(&note);
        Ok(())
    }

    /// Takes away what an overtaken publish has put in place: nobody has seen it, and another's chain goes on without.
    fn retreat(&self, placed: &[Prepared], note: &str) -> Result<(), LakeError> {
        for Prepared { manifest, .. } in placed {
            self.storage.remove(&version_key(&manifest.dataset, &manifest.version))?;
        }
        self.fulfilled(note);
        Ok(())
    }

    /// Makes a version that is in its place the current one.
    pub fn point(&self, manifest: &Manifest) -> Result<(), LakeError> {
        let before = self.storage.pointer(&current_key(&manifest.dataset))?;
        Ok(self.point_from(manifest, before.as_ref())?)
    }

    fn point_from(&self, manifest: &Manifest, before: Option<&Pointer>) -> Result<(), StoreError> {
        let files: Vec<String> = manifest.files.iter().map(|file| file.path.clone()).collect();
        let target = format!("versions/{}/data", manifest.version);
        self.storage.point(&current_key(&manifest.dataset), &target, &files, before)
    }

    /// The pointer, if it still leads to the version that this one was made to follow.
    fn unmoved(&self, manifest: &Manifest) -> Result<Option<Pointer>, LakeError> {
        let dataset = &manifest.dataset;
        let before = self.storage.pointer(&current_key(dataset))?;
        let current =
            before.as_ref().map(|before| self.version_of(before, &current_key(dataset), "/data")).transpose()?;
        let follows = current.as_ref().map(|current| self.manifest_hash(dataset, current)).transpose()?;
        if follows == manifest.previous {
            return Ok(before);
        }
        let now = current.map_or_else(|| "none".to_owned(), |current| current.to_string());
        Err(LakeError::Overtaken { dataset: dataset.clone(), now })
    }

    /// Removes what uploads that never ended have left between the version before and this one. Whoever still writes
    /// there has lost the pointer.
    fn clear_unfinished(&self, manifest: &Manifest, before: Option<&Pointer>) -> Result<(), LakeError> {
        let dataset = &manifest.dataset;
        let before = before.map(|before| self.version_of(before, &current_key(dataset), "/data")).transpose()?;
        let after = before.map_or(0, |before| before.sequence());
        for version in self.versions(dataset)? {
            let between = version.sequence() > after && version.sequence() < manifest.version.sequence();
            if between && self.storage.read(&manifest_key(dataset, &version))?.is_none() {
                self.storage.remove(&version_key(dataset, &version))?;
            }
        }
        Ok(())
    }

    /// The version that a pointer names: its target is exactly `versions/ID` and what follows.
    pub(super) fn named_version(&self, key: &str, below: &str) -> Result<Option<VersionId>, LakeError> {
        self.storage.pointer(key)?.map(|pointer| self.version_of(&pointer, key, below)).transpose()
    }

    fn version_of(&self, pointer: &Pointer, key: &str, below: &str) -> Result<VersionId, LakeError> {
        let target = &pointer.target;
        let id = target.strip_prefix("versions/").and_then(|rest| rest.strip_suffix(below));
        let wrong = || LakeError::Pointer { place: self.storage.address(key), target: target.clone() };
        id.and_then(|id| id.parse().ok()).ok_or_else(wrong)
    }
}

fn current_key(dataset: &str) -> String {
    format!("datasets/{dataset}/current")
}

pub(super) fn version_key(dataset: &str, version: &VersionId) -> String {
    format!("datasets/{dataset}/versions/{version}")
}

pub(super) fn manifest_key(dataset: &str, version: &VersionId) -> String {
    format!("{}/manifest.json", version_key(dataset, version))
}
