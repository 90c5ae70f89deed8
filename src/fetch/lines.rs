//! Reading a file of JSON lines that a crash may have torn.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::error::FetchError;

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
