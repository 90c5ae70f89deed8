//! What the lake and the archive ask of the place where they lie. A key is
//! where something lies, with forward slashes: `datasets/befolkning/changes.json`.

use std::fmt::Debug;
use std::io::Read;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::StoreError;

/// A durable place. Every call that changes something has made it durable when it returns.
pub trait Storage: Debug + Send + Sync {
    /// As an operator would write it: a path, or a URL without secrets.
    fn address(&self, key: &str) -> String;

    /// A whole small file; none when there is none.
    fn read(&self, key: &str) -> Result<Option<Bytes>, StoreError>;

    /// A file of any size, to be read from its beginning; none when there is none.
    fn open(&self, key: &str) -> Result<Option<Box<dyn Read + Send>>, StoreError>;

    /// Puts a finished and synced file of this machine under its key, replacing what was there, or changes nothing.
    /// The file itself is gone afterwards.
    fn take(&self, file: &Path, key: &str) -> Result<(), StoreError>;

    /// Puts a whole file under its key, replacing what was there, or changes nothing.
    fn write(&self, key: &str, bytes: &[u8]) -> Result<(), StoreError>;

    /// Adds a line to the record `key` (no extension), whole or not at all.
    fn append(&self, key: &str, line: &str) -> Result<(), StoreError>;

    /// Every line of the record of that key and of those below it, oldest record first, as appended. After a crash a
    /// line may be torn.
    fn lines(&self, key: &str) -> Result<Vec<String>, StoreError>;

    /// Every file below a key, its own key and size, sorted.
    fn list(&self, key: &str) -> Result<Vec<Entry>, StoreError>;

    /// Names of the folders right below a key, sorted.
    fn folders(&self, key: &str) -> Result<Vec<String>, StoreError>;

    /// Removes a file, or everything below a folder; what is missing is no error.
    fn remove(&self, key: &str) -> Result<(), StoreError>;

    /// A file as one on this machine, to be read by tools that take a path.
    fn local(&self, key: &str) -> Result<PathBuf, StoreError>;

    /// Puts a finished local folder in its place; what makes it whole (`manifest.json`) comes last.
    fn place(&self, folder: &Path, key: &str) -> Result<(), StoreError>;

    /// What a pointer names now.
    fn pointer(&self, key: &str) -> Result<Option<Pointer>, StoreError>;

    /// Moves a pointer at once. `before` is what the caller read: another writer's move since then is an error where
    /// a place can tell. `files` are the keys that it leads to, relative to the target.
    fn point(&self, key: &str, target: &str, files: &[String], before: Option<&Pointer>) -> Result<(), StoreError>;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub key: String,
    pub size: u64,
}

/// A pointer as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer {
    /// Relative to the pointer's folder: `versions/ID/data`.
    pub target: String,
    /// What a conditional write compares, where the place has that.
    pub tag: Option<String>,
}
