//! Where files become durable: the only place that renames, links and syncs,
//! so that a local folder and another kind of store differ only here.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// What could not be done, to what, and why.
#[derive(Debug, thiserror::Error)]
#[error("could not {action} {}: {source}", path.display())]
pub struct StoreError {
    pub action: &'static str,
    pub path: PathBuf,
    pub source: io::Error,
}

impl StoreError {
    pub fn new(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self { action, path: path.to_owned(), source }
    }

    /// What an operator can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self.source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Some("the disk is full: free space and run again; what was published before is untouched")
            }
            io::ErrorKind::FileTooLarge => {
                Some("the system limits how large a file may be (ulimit -f, LimitFSIZE): raise that and run again")
            }
            io::ErrorKind::PermissionDenied => Some("the user that runs underlag must own data_dir"),
            io::ErrorKind::ReadOnlyFilesystem => Some("data_dir is on a read-only file system"),
            _ => None,
        }
    }
}

/// Names the action and the path of an I/O error.
pub trait At<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T, StoreError>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T, StoreError> {
        self.map_err(|source| StoreError::new(action, path, source))
    }
}

/// Creates a folder and every missing one above it, each synced into its parent.
pub fn create_folder(path: &Path) -> Result<(), StoreError> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        create_folder(parent)?;
    }
    match fs::create_dir(path) {
        // Another process may have been quicker; a file in its place is a fault.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        result => result.at("create", path)?,
    }
    sync_parent(path)
}

/// Writes a whole file and syncs it; its folder is synced by [`sync_tree`] or the caller.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let mut file = File::create(path).at("write", path)?;
    file.write_all(bytes).at("write", path)?;
    file.sync_all().at("sync", path)
}

/// Puts whole content in place under its name, or leaves nothing under it.
#[expect(clippy::disallowed_methods, reason = "the one place that renames")]
pub fn place_file(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    static SERIAL: AtomicU64 = AtomicU64::new(0);
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}-{serial}.tmp", std::process::id()));
    let beside = PathBuf::from(name);
    let placed = write_file(&beside, bytes).and_then(|()| fs::rename(&beside, path).at("write", path));
    if let Err(error) = placed {
        // The first error is the one that matters; a leftover is never read.
        let _ = fs::remove_file(&beside);
        return Err(StoreError { path: path.to_owned(), ..error });
    }
    sync_parent(path)
}

/// Appends one line and syncs it. A line that a crash cut off is ended first, so that it spoils no other.
pub fn append_line(path: &Path, line: &str) -> Result<(), StoreError> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path).at("write", path)?;
    let length = file.metadata().at("write", path)?.len();
    let mut bytes = Vec::with_capacity(line.len() + 2);
    if length > 0 {
        let mut last = [0];
        file.seek(SeekFrom::End(-1)).and_then(|_| file.read_exact(&mut last)).at("write", path)?;
        if last != *b"\n" {
            bytes.push(b'\n');
        }
    }
    bytes.extend_from_slice(line.as_bytes());
    bytes.push(b'\n');
    // One write, so that lines of two processes never mix.
    file.write_all(&bytes).and_then(|()| file.sync_data()).at("write", path)?;
    if length == 0 { sync_parent(path) } else { Ok(()) }
}

pub fn sync_folder(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|folder| folder.sync_all()).at("sync", path)
}

/// Makes a new or removed entry of a folder durable.
pub fn sync_parent(path: &Path) -> Result<(), StoreError> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_folder(parent),
        _ => sync_folder(Path::new(".")),
    }
}

/// Syncs every file and folder below a path, and the path itself.
pub fn sync_tree(path: &Path) -> Result<(), StoreError> {
    for entry in fs::read_dir(path).at("read", path)? {
        let entry = entry.at("read", path)?.path();
        if entry.is_dir() {
            sync_tree(&entry)?;
        } else {
            File::open(&entry).and_then(|file| file.sync_all()).at("sync", &entry)?;
        }
    }
    sync_folder(path)
}

/// Moves a finished file or folder to its place on the same file system, durably.
#[expect(clippy::disallowed_methods, reason = "the one place that renames")]
pub fn move_into_place(from: &Path, to: &Path) -> Result<(), StoreError> {
    if let Some(parent) = to.parent() {
        create_folder(parent)?;
    }
    fs::rename(from, to).at("move into place", to)?;
    sync_parent(to)
}

/// Points a link at a target (relative to the link's folder) by one atomic rename.
#[expect(clippy::disallowed_methods, reason = "the one place that renames")]
pub fn move_pointer(link: &Path, target: &Path) -> Result<(), StoreError> {
    let next = link.with_extension("next");
    match fs::remove_file(&next) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        result => result.at("remove", &next)?,
    }
    std::os::unix::fs::symlink(target, &next).at("write", &next)?;
    fs::rename(&next, link).at("move", link)?;
    sync_parent(link)
}

/// Removes a folder and all in it; a missing one is no error.
pub fn remove_tree(path: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result.at("remove", path),
    }
}
