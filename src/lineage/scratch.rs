//! A folder to work in that is gone afterwards. It lies where the system wants
//! temporary files (`TMPDIR`), not in the data folder, which a reader of it may
//! not be allowed to write to.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::LineageError;

#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    rooms: AtomicUsize,
}

/// How many names are tried before giving up on a crowded folder.
const TRIES: u32 = 100;

impl Scratch {
    pub fn new() -> Result<Self, LineageError> {
        let root = std::env::temp_dir();
        let mut last = None;
        for number in 0..TRIES {
            let path = root.join(format!("underlag-{}-{number}", std::process::id()));
            match create(&path) {
                Ok(()) => return Ok(Self { path, rooms: AtomicUsize::new(0) }),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => last = Some((path, error)),
                Err(error) => return Err(LineageError::Scratch { path, error }),
            }
        }
        let (path, error) = last.unwrap_or_else(|| (root, std::io::Error::other("no name is free")));
        Err(LineageError::Scratch { path, error })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A new folder inside, whose name begins so.
    pub fn room(&self, name: &str) -> Result<PathBuf, LineageError> {
        let number = self.rooms.fetch_add(1, Ordering::Relaxed);
        let path = self.path.join(format!("{name}-{number}"));
        match std::fs::create_dir(&path) {
            Ok(()) => Ok(path),
            Err(error) => Err(LineageError::Scratch { path, error }),
        }
    }
}

/// Nobody else may look into it: it holds what was published, or almost.
fn create(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            tracing::warn!(folder = %self.path.display(), %error, "a temporary folder could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_gone_with_all_its_rooms() {
        let scratch = Scratch::new().unwrap();
        let (one, two) = (scratch.room("a").unwrap(), scratch.room("a").unwrap());
        assert!(one.is_dir() && two.is_dir() && one != two);
        let path = scratch.path().to_owned();
        drop(scratch);
        assert!(!path.exists());
    }
}
