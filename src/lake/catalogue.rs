//! What is published: which datasets, which versions, which one is current.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::manifest::Manifest;
use super::prepare::Prepared;
use super::version::VersionId;
use crate::store::{At as _, StoreError, create_folder, move_into_place, move_pointer};

/// The data folder, as a place of published versions.
#[derive(Clone, Debug)]
pub struct Lake {
    root: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{} is no manifest: {reason}", path.display())]
    Manifest { path: PathBuf, reason: String },
    #[error("{} points at {target:?}, which is no version", path.display())]
    Pointer { path: PathBuf, target: String },
    #[error("another underlag is at work in {}", path.display())]
    Locked { path: PathBuf },
    #[error("{}: {source}", path.display())]
    Parquet { path: PathBuf, source: parquet::errors::ParquetError },
    #[error(transparent)]
    Arrow(#[from] arrow::error::ArrowError),
}

/// Held while something is written; released when dropped, also by a crash.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lake {
    pub fn open(data_dir: &Path) -> Result<Self, LakeError> {
        create_folder(data_dir)?;
        Ok(Self { root: data_dir.to_owned() })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// One writer at a time.
    pub fn lock(&self) -> Result<Lock, LakeError> {
        let path = self.root.join("lock");
        let file = File::options().create(true).append(true).open(&path).at("open", &path)?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(fs::TryLockError::WouldBlock) => Err(LakeError::Locked { path: self.root.clone() }),
            Err(fs::TryLockError::Error(error)) => Err(StoreError::new("lock", &path, error).into()),
        }
    }

    /// Whether somebody holds the lock now. Asking holds it off for no longer than a look takes.
    pub fn is_locked(&self) -> bool {
        File::open(self.root.join("lock"))
            .is_ok_and(|file| matches!(file.try_lock_shared(), Err(fs::TryLockError::WouldBlock)))
    }

    pub fn dataset_dir(&self, dataset: &str) -> PathBuf {
        self.root.join("datasets").join(dataset)
    }

    pub fn version_dir(&self, dataset: &str, version: &VersionId) -> PathBuf {
        self.dataset_dir(dataset).join("versions").join(version.to_string())
    }

    /// Names of all datasets with a folder, sorted.
    pub fn datasets(&self) -> Result<Vec<String>, LakeError> {
        folders(&self.root.join("datasets"))
    }

    /// Every version with a folder, oldest first, current or not.
    pub fn versions(&self, dataset: &str) -> Result<Vec<VersionId>, LakeError> {
        let mut versions: Vec<VersionId> =
            folders(&self.dataset_dir(dataset).join("versions"))?.iter().filter_map(|name| name.parse().ok()).collect();
        versions.sort();
        Ok(versions)
    }

    /// The version that the pointer names; none when nothing is published.
    pub fn current_version(&self, dataset: &str) -> Result<Option<VersionId>, LakeError> {
        read_pointer(&self.dataset_dir(dataset).join("current"), "/data")
    }

    pub fn current(&self, dataset: &str) -> Result<Option<Manifest>, LakeError> {
        self.current_version(dataset)?.map(|version| self.manifest(dataset, &version)).transpose()
    }

    pub fn manifest(&self, dataset: &str, version: &VersionId) -> Result<Manifest, LakeError> {
        let path = self.version_dir(dataset, version).join("manifest.json");
        let bytes = fs::read(&path).at("read", &path)?;
        serde_json::from_slice(&bytes).map_err(|error| LakeError::Manifest { path, reason: error.to_string() })
    }

    /// BLAKE3 of a version's manifest file: what the next version's manifest names.
    pub fn manifest_hash(&self, dataset: &str, version: &VersionId) -> Result<String, LakeError> {
        let path = self.version_dir(dataset, version).join("manifest.json");
        let bytes = fs::read(&path).at("read", &path)?;
        Ok(blake3::hash(&bytes).to_hex().to_string())
    }

    /// The next number of a sequence that never repeats, also after a crash or a removed version.
    pub fn next_sequence(&self, dataset: &str) -> Result<u64, LakeError> {
        let newest = self.versions(dataset)?.last().map_or(0, VersionId::sequence);
        let current = self.current_version(dataset)?.map_or(0, |version| version.sequence());
        Ok(newest.max(current) + 1)
    }

    /// Puts prepared versions in place, then moves the pointers: nothing is seen before all is durable.
    pub fn publish(&self, prepared: &[Prepared]) -> Result<(), LakeError> {
        for version in prepared {
            let place = self.version_dir(&version.manifest.dataset, &version.manifest.version);
            move_into_place(&version.folder, &place)?;
        }
        for version in prepared {
            let Manifest { dataset, version, .. } = &version.manifest;
            let target = Path::new("versions").join(version.to_string()).join("data");
            move_pointer(&self.dataset_dir(dataset).join("current"), &target)?;
        }
        Ok(())
    }
}

/// The version that a pointer names: its target is exactly `versions/ID` and what follows.
pub(super) fn read_pointer(link: &Path, below: &str) -> Result<Option<VersionId>, LakeError> {
    let target = match fs::read_link(link) {
        Ok(target) => target,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::new("read", link, error).into()),
    };
    let target = target.to_string_lossy().into_owned();
    let id = target.strip_prefix("versions/").and_then(|rest| rest.strip_suffix(below)).and_then(|id| id.parse().ok());
    id.map(Some).ok_or_else(|| LakeError::Pointer { path: link.to_owned(), target })
}

pub(super) fn folders(path: &Path) -> Result<Vec<String>, LakeError> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::new("read", path, error).into()),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.at("read", path)?;
        if entry.path().is_dir()
            && let Ok(name) = entry.file_name().into_string()
        {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}
