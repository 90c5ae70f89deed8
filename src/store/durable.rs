//! The operations themselves on a local file system, each shown to [`watch`](super::watch) first.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::watch::{Operation, look};
use super::{At as _, StoreError};

/// Creates a folder and every missing one above it, each synced into its parent.
pub fn create_folder(path: &Path) -> Result<(), StoreError> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        create_folder(parent)?;
    }
    match look(&Operation::CreateFolder(path)).and_then(|()| fs::create_dir(path)) {
        // Another process may have been quicker; a file in its place is a fault.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        result => result.at("create", path)?,
    }
    sync_parent(path)
}

/// A file being written. What it holds is durable after [`Writer::finish`] and a sync of its folder.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    file: File,
}

impl Writer {
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        let file = look(&Operation::CreateFile(path)).and_then(|()| File::create(path)).at("write", path)?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Syncs what was written.
    pub fn finish(self) -> Result<(), StoreError> {
        look(&Operation::SyncFile(&self.path)).and_then(|()| self.file.sync_all()).at("sync", &self.path)
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        look(&Operation::Write(&self.path, bytes))?;
        self.file.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Writes a whole file and syncs it; its folder is synced by [`sync_tree`] or the caller.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let mut file = Writer::create(path)?;
    file.write_all(bytes).at("write", path)?;
    file.finish()
}

/// Puts whole content in place under its name, or leaves nothing under it.
pub fn place_file(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    static SERIAL: AtomicU64 = AtomicU64::new(0);
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}-{serial}.tmp", std::process::id()));
    let beside = PathBuf::from(name);
    let placed = write_file(&beside, bytes).and_then(|()| rename(&beside, path).at("write", path));
    if let Err(error) = placed {
        // The first error is the one that matters; a leftover is never read.
        let _ = fs::remove_file(&beside);
        return Err(StoreError { path: path.to_owned(), ..error });
    }
    sync_parent(path)
}

/// Appends one line and syncs it. A line that a crash cut off is ended first, so that it spoils no other.
pub fn append_line(path: &Path, line: &str) -> Result<(), StoreError> {
    let is_new = !path.exists();
    if is_new {
        look(&Operation::CreateFile(path)).at("write", path)?;
    }
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
    look(&Operation::Write(path, &bytes))
        .and_then(|()| file.write_all(&bytes))
        .and_then(|()| look(&Operation::SyncFile(path)))
        .and_then(|()| file.sync_data())
        .at("write", path)?;
    if length == 0 { sync_parent(path) } else { Ok(()) }
}

pub fn sync_folder(path: &Path) -> Result<(), StoreError> {
    look(&Operation::SyncFolder(path))
        .and_then(|()| File::open(path))
        .and_then(|folder| folder.sync_all())
        .at("sync", path)
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
            look(&Operation::SyncFile(&entry))
                .and_then(|()| File::open(&entry))
                .and_then(|file| file.sync_all())
                .at("sync", &entry)?;
        }
    }
    sync_folder(path)
}

#[expect(clippy::disallowed_methods, reason = "the one place that renames")]
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    look(&Operation::Rename(from, to))?;
    fs::rename(from, to)
}

/// Moves a finished file or folder to its place on the same file system, durably.
pub fn move_into_place(from: &Path, to: &Path) -> Result<(), StoreError> {
    if let Some(parent) = to.parent() {
        create_folder(parent)?;
    }
    rename(from, to).at("move into place", to)?;
    sync_parent(to)
}

/// Points a link at a target (relative to the link's folder) by one atomic rename.
pub fn move_pointer(link: &Path, target: &Path) -> Result<(), StoreError> {
    let next = link.with_extension("next");
    if next.symlink_metadata().is_ok() {
        remove_file(&next)?;
    }
    look(&Operation::Link(&next, target))
        .and_then(|()| std::os::unix::fs::symlink(target, &next))
        .at("write", &next)?;
    rename(&next, link).at("move", link)?;
    sync_parent(link)
}

/// Removes a file; a missing one is no error. Its folder is synced by the caller, where that matters.
pub fn remove_file(path: &Path) -> Result<(), StoreError> {
    match look(&Operation::RemoveFile(path)).and_then(|()| fs::remove_file(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result.at("remove", path),
    }
}

/// Removes a folder and all in it; a missing one is no error.
pub fn remove_tree(path: &Path) -> Result<(), StoreError> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(StoreError::new("remove", path, error)),
    };
    for entry in entries {
        let entry = entry.at("remove", path)?;
        if entry.file_type().at("remove", path)?.is_dir() {
            remove_tree(&entry.path())?;
        } else {
            remove_file(&entry.path())?;
        }
    }
    match look(&Operation::RemoveFolder(path)).and_then(|()| fs::remove_dir(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result.at("remove", path),
    }
}
