//! One writer at a time: a lock of the operating system's, which dies with its
//! holder. The text in the file only tells who that is; it decides nothing.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use jiff::Timestamp;

use super::catalogue::{Lake, LakeError};
use crate::store::{At as _, StoreError};

/// As much as is shown of who holds the lock.
const SHOWN: usize = 300;

/// Held while something is written; released when dropped, also by a crash.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lake {
    /// Takes the lock, or says who has it.
    pub fn lock(&self) -> Result<Lock, LakeError> {
        let path = self.root().join("lock");
        let mut file = File::options().create(true).read(true).append(true).open(&path).at("open", &path)?;
        match file.try_lock() {
            Ok(()) => {
                sign(&mut file);
                Ok(Lock { _file: file })
            }
            Err(TryLockError::WouldBlock) => {
                Err(LakeError::Locked { path: self.root().to_owned(), holder: holder(&mut file) })
            }
            Err(TryLockError::Error(error)) => Err(StoreError::new("lock", &path, error).into()),
        }
    }

    /// Tells a folder that may not be written from one that may, in the system's own words.
    pub fn check_writable(&self) -> Result<(), LakeError> {
        let path = self.root().join("lock");
        File::options().create(true).append(true).open(&path).at("write", &path)?;
        Ok(())
    }

    /// Whether somebody holds the lock now. Asking holds it off for no longer than a look takes.
    pub fn is_locked(&self) -> bool {
        File::open(self.root().join("lock"))
            .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }
}

/// Says who holds the lock. On a full disk nobody is told, and the lock holds all the same.
fn sign(file: &mut File) {
    let mut arguments = std::env::args();
    let program = arguments.next().unwrap_or_default();
    let program = Path::new(&program).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let command = std::iter::once(program).chain(arguments).collect::<Vec<_>>().join(" ");
    let now = Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC");
    let text = format!("process {}, `{command}`, since {now}\n", std::process::id());
    let _ = file.set_len(0).and_then(|()| file.write_all(text.as_bytes()));
}

fn holder(file: &mut File) -> Option<String> {
    let mut text = Vec::new();
    file.rewind().and_then(|()| file.take(4096).read_to_end(&mut text)).ok()?;
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().next()?.trim();
    // A file's content is no reason to write control characters to a terminal.
    let shown: String = line.chars().filter(|each| !each.is_control()).take(SHOWN).collect();
    (!shown.is_empty()).then_some(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_the_first_is_and_old_text_is_no_lock() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path()).unwrap();
        std::fs::write(folder.path().join("lock"), "process 1, `underlag run --all`, since 1970\n").unwrap();
        assert!(!lake.is_locked());
        let lock = lake.lock().unwrap();
        assert!(lake.is_locked());
        let told = lake.lock().unwrap_err().to_string();
        let own =
            format!("another underlag is at work in {}: process {}, `", folder.path().display(), std::process::id());
        assert!(told.starts_with(&own) && !told.contains("1970"), "{told}");
        drop(lock);
        assert!(!lake.is_locked());
        lake.lock().unwrap();
    }
}
