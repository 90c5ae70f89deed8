//! A folder of this machine as a storage.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::storage::{Entry, Pointer, Storage};
use super::{
    At as _, StoreError, append_line, create_folder, join, move_into_place, move_pointer, place_file, remove_file,
    remove_tree, sync_parent,
};

#[derive(Clone, Debug)]
pub struct LocalFolder {
    root: PathBuf,
}

impl LocalFolder {
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    fn path(&self, key: &str) -> PathBuf {
        join(&self.root, key)
    }

    fn record(&self, key: &str) -> PathBuf {
        self.path(&format!("{key}.jsonl"))
    }
}

impl Storage for LocalFolder {
    fn address(&self, key: &str) -> String {
        self.path(key).display().to_string()
    }

    fn read(&self, key: &str) -> Result<Option<Bytes>, StoreError> {
        let path = self.path(key);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::new("read", &path, error)),
        }
    }

    fn open(&self, key: &str) -> Result<Option<Box<dyn Read + Send>>, StoreError> {
        let path = self.path(key);
        match File::open(&path) {
            Ok(file) => Ok(Some(Box::new(file))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::new("read", &path, error)),
        }
    }

    fn take(&self, file: &Path, key: &str) -> Result<(), StoreError> {
        move_into_place(file, &self.path(key))
    }

    fn write(&self, key: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.path(key);
        if let Some(folder) = path.parent() {
            create_folder(folder)?;
        }
        place_file(&path, bytes)
    }

    fn append(&self, key: &str, line: &str) -> Result<(), StoreError> {
        let path = self.record(key);
        if let Some(folder) = path.parent() {
            create_folder(folder)?;
        }
        append_line(&path, line)
    }

    fn lines(&self, key: &str) -> Result<Vec<String>, StoreError> {
        let mut lines = Vec::new();
        let itself = self.list(&format!("{key}.jsonl"))?;
        let below = self.list(key)?;
        for entry in itself.into_iter().chain(below).filter(|entry| entry.key.ends_with(".jsonl")) {
            let path = self.path(&entry.key);
            let text = fs::read(&path).at("read", &path)?;
            lines.extend(text.split(|byte| *byte == b'\n').map(|line| String::from_utf8_lossy(line).into_owned()));
        }
        lines.retain(|line| !line.is_empty());
        Ok(lines)
    }

    fn list(&self, key: &str) -> Result<Vec<Entry>, StoreError> {
        let mut entries = Vec::new();
        files_below(&self.root, &self.path(key), &mut entries)?;
        entries.sort_by(|one, other| one.key.cmp(&other.key));
        Ok(entries)
    }

    fn folders(&self, key: &str) -> Result<Vec<String>, StoreError> {
        let path = self.path(key);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StoreError::new("read", &path, error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.at("read", &path)?;
            if entry.path().is_dir()
                && let Ok(name) = entry.file_name().into_string()
            {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    fn remove(&self, key: &str) -> Result<(), StoreError> {
        let path = self.path(key);
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(StoreError::new("remove", &path, error)),
            Ok(found) if found.is_dir() => remove_tree(&path)?,
            Ok(_) => remove_file(&path)?,
        }
        sync_parent(&path)
    }

    fn local(&self, key: &str) -> Result<PathBuf, StoreError> {
        Ok(self.path(key))
    }

    fn place(&self, folder: &Path, key: &str) -> Result<(), StoreError> {
        move_into_place(folder, &self.path(key))
    }

    fn pointer(&self, key: &str) -> Result<Option<Pointer>, StoreError> {
        let path = self.path(key);
        match fs::read_link(&path) {
            Ok(target) => Ok(Some(Pointer { target: target.to_string_lossy().into_owned(), tag: None })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::new("read", &path, error)),
        }
    }

    /// The lock on the data folder keeps other writers away, so nothing is compared.
    fn point(&self, key: &str, target: &str, _files: &[String], _before: Option<&Pointer>) -> Result<(), StoreError> {
        move_pointer(&self.path(key), Path::new(target))
    }
}

fn files_below(root: &Path, path: &Path, out: &mut Vec<Entry>) -> Result<(), StoreError> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(StoreError::new("read", path, error)),
    };
    if found.is_dir() {
        for entry in fs::read_dir(path).at("read", path)? {
            files_below(root, &entry.at("read", path)?.path(), out)?;
        }
    } else {
        let key = path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned();
        out.push(Entry { key, size: found.len() });
    }
    Ok(())
}
