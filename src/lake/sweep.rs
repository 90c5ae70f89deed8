//! What crashes left behind and nobody will ever read: half-written files,
//! pointers that were not moved, versions that were never pointed at, old work
//! in progress.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::catalogue::{Lake, LakeError, version_key};
use super::retention::before;
use super::version::VersionId;
use crate::config::Retention;
use crate::store::{At as _, StoreError, remove_file, remove_tree};

impl Lake {
    /// Versions that were put in place before a crash and never pointed at. The newest stays: its number must not be
    /// given again.
    pub(super) fn sweep_orphans(
        &self,
        dataset: &str,
        policy: &Retention,
        now: Timestamp,
        dry_run: bool,
    ) -> Result<Vec<String>, LakeError> {
        let published: BTreeSet<VersionId> =
            self.published(dataset)?.into_iter().map(|manifest| manifest.version).collect();
        let mut swept = Vec::new();
        for version in self.versions(dataset)? {
            let is_old = version.at().is_some_and(|at| at <= before(now, policy.grace));
            if published.contains(&version) || !is_old || published.iter().all(|one| *one < version) {
                continue;
            }
            let key = version_key(dataset, &version);
            if !dry_run {
                self.storage().remove(&key)?;
            }
            swept.push(self.storage().address(&key));
        }
        Ok(swept)
    }

    /// Below the folder of this machine. Under the lock nobody writes, so that what is half-written stays so.
    pub(super) fn sweep(&self, policy: &Retention, now: Timestamp, dry_run: bool) -> Result<Vec<String>, LakeError> {
        let mut leftovers = Vec::new();
        for place in ["archive", "datasets", "publishing", "site"] {
            half_made(&self.root().join(place), &mut leftovers)?;
        }
        let mut swept = Vec::new();
        for path in leftovers {
            if !dry_run {
                remove_file(&path)?;
            }
            swept.push(path.display().to_string());
        }
        for folder in folders(&self.root().join("stage"))? {
            if newest(&folder)?.is_some_and(|newest| newest <= before(now, policy.grace)) {
                if !dry_run {
                    remove_tree(&folder)?;
                }
                swept.push(folder.display().to_string());
            }
        }
        Ok(swept)
    }
}

/// Files of [`place_file`](crate::store::place_file) that were not renamed, and links that were not.
fn half_made(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), StoreError> {
    for (path, kind) in entries(folder)? {
        let ends = |end: &str| path.extension().is_some_and(|extension| extension == end);
        if kind.is_dir() {
            half_made(&path, found)?;
        } else if (kind.is_file() && ends("tmp")) || (kind.is_symlink() && ends("next")) {
            found.push(path);
        }
    }
    Ok(())
}

fn folders(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    Ok(entries(folder)?.into_iter().filter(|(_, kind)| kind.is_dir()).map(|(path, _)| path).collect())
}

/// When anything below a folder, or the folder itself, was last written.
fn newest(folder: &Path) -> Result<Option<Timestamp>, StoreError> {
    let time = |path: &Path| {
        let modified = fs::symlink_metadata(path).and_then(|found| found.modified()).at("read", path)?;
        Ok::<_, StoreError>(Timestamp::try_from(modified).ok())
    };
    let mut newest_yet = time(folder)?;
    for (path, kind) in entries(folder)? {
        let one = if kind.is_dir() { newest(&path)? } else { time(&path)? };
        newest_yet = newest_yet.max(one);
    }
    Ok(newest_yet)
}

fn entries(folder: &Path) -> Result<Vec<(PathBuf, fs::FileType)>, StoreError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::new("read", folder, error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.at("read", folder)?;
        found.push((entry.path(), entry.file_type().at("read", folder)?));
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(found)
}
