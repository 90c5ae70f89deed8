//! Where files become durable: the only place that writes, renames, links and
//! syncs what must survive a crash, so that a local folder and an object store
//! differ only here.

mod durable;
mod local;
mod object;
mod place;
mod storage;
mod watch;
mod whole;

use std::io;
use std::path::{Path, PathBuf};

use crate::codes::{self, Code};

pub use durable::{
    Writer, append_line, create_folder, move_into_place, move_pointer, place_file, remove_file, remove_tree,
    sync_folder, sync_parent, sync_tree, write_file,
};
pub use local::LocalFolder;
pub use object::{AccessError, Bucket, Credentials, ObjectStorage};
pub use place::join;
pub use storage::{Entry, Pointer, Storage};
pub use watch::{Operation, Watched, watch};
pub use whole::Whole;

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

    pub fn code(&self) -> Code {
        match self.source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => codes::DISK_FULL,
            io::ErrorKind::ResourceBusy if self.is_overtaken() => codes::OVERTAKEN,
            io::ErrorKind::PermissionDenied if self.path.starts_with("s3:") => codes::STORAGE_ACCESS,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => codes::NOT_PERMITTED,
            _ => codes::STORAGE,
        }
    }

    /// What an operator can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        if self.path.starts_with("s3:") {
            return self.remote_hint();
        }
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

    fn remote_hint(&self) -> Option<&'static str> {
        match self.source.kind() {
            io::ErrorKind::ResourceBusy => Some("run again: what the other one published will be found"),
            io::ErrorKind::PermissionDenied => Some(
                "the server refuses these credentials: they must be valid for the bucket, and allow reading, writing, \
                 listing and deleting in it",
            ),
            io::ErrorKind::NotFound => Some("does the bucket exist? underlag makes none; see data_url"),
            io::ErrorKind::InvalidData => None,
            _ => Some("see data_url and [storage] and the network, and run again; what was published is untouched"),
        }
    }

    /// Another writer was quicker: what is published is the other's.
    pub fn is_overtaken(&self) -> bool {
        self.source.kind() == io::ErrorKind::ResourceBusy && self.path.starts_with("s3:")
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
