//! A file for the user, wherever they want it: whole under its name, or not there.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{At as _, StoreError, Writer, move_into_place};

/// Written beside its place under another name; [`Whole::place`] moves it there. Dropped before, it leaves nothing.
#[derive(Debug)]
pub struct Whole {
    to: PathBuf,
    beside: PathBuf,
    /// None once it is finished.
    writer: Option<io::BufWriter<Writer>>,
}

impl Whole {
    /// The folder must be there: a mistyped one should not be made.
    pub fn create(to: &Path) -> Result<Self, StoreError> {
        if to.is_dir() {
            return Err(StoreError::new("write", to, io::Error::from(io::ErrorKind::IsADirectory)));
        }
        let mut beside = to.as_os_str().to_owned();
        beside.push(format!(".{}.tmp", std::process::id()));
        let beside = PathBuf::from(beside);
        let writer = Writer::create(&beside).map_err(|error| StoreError { path: to.to_owned(), ..error })?;
        Ok(Self { to: to.to_owned(), beside, writer: Some(io::BufWriter::with_capacity(1 << 16, writer)) })
    }

    /// Syncs the file and gives it its name.
    pub fn place(mut self) -> Result<(), StoreError> {
        if let Some(writer) = self.writer.take() {
            let writer = writer.into_inner().map_err(io::IntoInnerError::into_error).at("write", &self.to)?;
            writer.finish().map_err(|error| StoreError { path: self.to.clone(), ..error })?;
            move_into_place(&self.beside, &self.to)?;
        }
        Ok(())
    }
}

impl Write for Whole {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.as_mut().map_or(Ok(0), |writer| writer.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        // Gone already when it was placed; a leftover is never read.
        let _ = fs::remove_file(&self.beside);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_whole_or_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let to = dir.path().join("ut.csv");
        fs::write(&to, "before").unwrap();
        let names = || fs::read_dir(dir.path()).unwrap().count();
        let mut given_up = Whole::create(&to).unwrap();
        given_up.write_all(b"half").unwrap();
        drop(given_up);
        assert_eq!((fs::read_to_string(&to).unwrap().as_str(), names()), ("before", 1));
        let mut file = Whole::create(&to).unwrap();
        file.write_all(b"after").unwrap();
        file.place().unwrap();
        assert_eq!((fs::read_to_string(&to).unwrap().as_str(), names()), ("after", 1));
        assert!(Whole::create(dir.path()).is_err());
        assert!(Whole::create(&dir.path().join("finns/inte.csv")).is_err());
    }
}
