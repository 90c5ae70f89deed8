//! A look at every operation before it is done, for those who test what a
//! failing disk or a crash leaves behind. Without a watcher it costs one load.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// One operation that changes the file system or makes a change durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation<'a> {
    CreateFolder(&'a Path),
    /// A file is made, or emptied when it exists.
    CreateFile(&'a Path),
    /// Bytes added at the end of a file.
    Write(&'a Path, &'a [u8]),
    SyncFile(&'a Path),
    SyncFolder(&'a Path),
    Rename(&'a Path, &'a Path),
    /// A symbolic link, to what it says.
    Link(&'a Path, &'a Path),
    RemoveFile(&'a Path),
    /// An empty folder.
    RemoveFolder(&'a Path),
}

impl Operation<'_> {
    /// The path that an error would name.
    pub fn path(&self) -> &Path {
        match self {
            Self::CreateFolder(path)
            | Self::CreateFile(path)
            | Self::Write(path, _)
            | Self::SyncFile(path)
            | Self::SyncFolder(path)
            | Self::Rename(_, path)
            | Self::Link(path, _)
            | Self::RemoveFile(path)
            | Self::RemoveFolder(path) => path,
        }
    }
}

type Look = dyn Fn(&Operation<'_>) -> io::Result<()> + Send + Sync;

struct Watcher {
    id: usize,
    below: PathBuf,
    look: Arc<Look>,
}

static COUNT: AtomicUsize = AtomicUsize::new(0);
static WATCHERS: Mutex<Vec<Watcher>> = Mutex::new(Vec::new());

/// Ends the watch when dropped.
#[derive(Debug)]
pub struct Watched {
    id: usize,
}

/// Shows `look` every operation below a folder before it is done; an error from it is the operation's.
pub fn watch(below: &Path, look: impl Fn(&Operation<'_>) -> io::Result<()> + Send + Sync + 'static) -> Watched {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    let watcher = Watcher { id, below: below.to_owned(), look: Arc::new(look) };
    WATCHERS.lock().unwrap_or_else(PoisonError::into_inner).push(watcher);
    COUNT.fetch_add(1, Ordering::SeqCst);
    Watched { id }
}

impl Drop for Watched {
    fn drop(&mut self) {
        COUNT.fetch_sub(1, Ordering::SeqCst);
        WATCHERS.lock().unwrap_or_else(PoisonError::into_inner).retain(|watcher| watcher.id != self.id);
    }
}

pub(super) fn look(operation: &Operation<'_>) -> io::Result<()> {
    if COUNT.load(Ordering::Relaxed) == 0 {
        return Ok(());
    }
    let looks: Vec<Arc<Look>> = {
        let watchers = WATCHERS.lock().unwrap_or_else(PoisonError::into_inner);
        let concerned = watchers.iter().filter(|watcher| operation.path().starts_with(&watcher.below));
        concerned.map(|watcher| Arc::clone(&watcher.look)).collect()
    };
    looks.iter().try_for_each(|look| look(operation))
}

#[cfg(test)]
mod tests {
    use super::super::write_file;
    use super::*;

    #[test]
    fn a_watcher_sees_its_folder_only_and_may_refuse() {
        let (seen, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let told = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&told);
        let watched = watch(seen.path(), move |operation| {
            notes.lock().unwrap().push(format!("{operation:?}").split('(').next().unwrap().to_owned());
            match operation {
                Operation::SyncFile(_) => Err(io::Error::from_raw_os_error(5)),
                _ => Ok(()),
            }
        });
        write_file(&other.path().join("a"), b"1").unwrap();
        let error = write_file(&seen.path().join("a"), b"1").unwrap_err();
        assert!(error.to_string().contains("could not sync"), "{error}");
        assert_eq!(*told.lock().unwrap(), ["CreateFile", "Write", "SyncFile"]);
        drop(watched);
        write_file(&seen.path().join("a"), b"1").unwrap();
    }
}
