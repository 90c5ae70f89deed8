//! Files that survive a crash: written beside and renamed, or grown line by
//! line; the file and its folder are synced before anyone is told.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::de::DeserializeOwned;

use super::error::FetchError;

/// Makes the folder and syncs every folder that a new one was entered in.
pub(super) fn create_folder(path: &Path) -> Result<(), FetchError> {
    let missing: Vec<&Path> =
        path.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    fs::create_dir_all(path).map_err(FetchError::io("create", path))?;
    missing.iter().try_for_each(|folder| sync_parent(folder))
}

/// Puts whole content in place under its name, or leaves nothing under it.
pub(super) fn place(path: &Path, content: &[u8]) -> Result<(), FetchError> {
    static SERIAL: AtomicU64 = AtomicU64::new(0);
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}-{serial}.tmp", std::process::id()));
    let beside = PathBuf::from(name);
    let write = || -> std::io::Result<()> {
        let mut file = File::create(&beside)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    if let Err(error) = write() {
        // The first error is the one that matters; a leftover is never read.
        let _ = fs::remove_file(&beside);
        return Err(FetchError::Io { action: "write", path: path.to_owned(), error });
    }
    sync_parent(path)
}

/// Appends one line and syncs it. A line that a crash cut off is ended first, so that it
/// spoils no other.
pub(super) fn append_line(path: &Path, line: &str) -> Result<(), FetchError> {
    let fault = || FetchError::io("write", path);
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(fault())?;
    let length = file.metadata().map_err(fault())?.len();
    let mut bytes = Vec::with_capacity(line.len() + 2);
    if length > 0 {
        let mut last = [0];
        file.seek(SeekFrom::End(-1)).and_then(|_| file.read_exact(&mut last)).map_err(fault())?;
        if last != *b"\n" {
            bytes.push(b'\n');
        }
    }
    bytes.extend_from_slice(line.as_bytes());
    bytes.push(b'\n');
    // One write, so that lines of two processes never mix.
    file.write_all(&bytes).and_then(|()| file.sync_data()).map_err(fault())?;
    if length == 0 { sync_parent(path) } else { Ok(()) }
}

pub(super) fn sync_parent(path: &Path) -> Result<(), FetchError> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(parent).and_then(|folder| folder.sync_all()).map_err(FetchError::io("write", parent))
}

/// The lines of a file that hold a whole `T`; others are skipped with a warning.
#[derive(Debug)]
pub(super) struct Lines<T> {
    path: PathBuf,
    reader: Option<BufReader<File>>,
    number: u64,
    kind: PhantomData<T>,
}

impl<T: DeserializeOwned> Lines<T> {
    /// A missing file has no lines.
    pub fn open(path: &Path) -> Result<Self, FetchError> {
        let reader = match File::open(path) {
            Ok(file) => Some(BufReader::new(file)),
            Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => None,
            Err(fault) => return Err(FetchError::io("read", path)(fault)),
        };
        Ok(Self { path: path.to_owned(), reader, number: 0, kind: PhantomData })
    }
}

impl<T: DeserializeOwned> Iterator for Lines<T> {
    type Item = Result<T, FetchError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let mut line = Vec::new();
            match self.reader.as_mut()?.read_until(b'\n', &mut line) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(fault) => {
                    self.reader = None;
                    return Some(Err(FetchError::io("read", &self.path)(fault)));
                }
            }
            self.number += 1;
            if line.trim_ascii().is_empty() {
                continue;
            }
            match serde_json::from_slice(&line) {
                Ok(item) => return Some(Ok(item)),
                Err(fault) => tracing::warn!(
                    file = %self.path.display(),
                    line = self.number,
                    %fault,
                    "skipped a line that is not whole; an interrupted write leaves such lines"
                ),
            }
        }
    }
}
