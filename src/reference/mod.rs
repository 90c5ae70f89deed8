//! The code lists the program carries: today's 21 län and 290 kommuner, the
//! history of municipal changes, occupation groups, places and key figures,
//! each a CSV file in `reference/` with a first line that names its source.
//! It reads and checks them; it never completes or corrects a list.

mod file;
mod geography;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::record_batch::RecordBatch;

/// The nation's code, and the `lan` of everything that crosses county borders.
pub const RIKET: &str = "00";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lan {
    /// Two digits.
    pub kod: String,
    pub namn: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kommun {
    /// Four digits, of which the first two are the län.
    pub kod: String,
    pub namn: String,
    pub lan: String,
}

#[derive(Clone, Debug, Default)]
pub struct Reference {
    pub lan: BTreeMap<String, Lan>,
    pub kommuner: BTreeMap<String, Kommun>,
    /// Every `reference/F.csv` as `F`, all columns text: the SQL table `ref_F`.
    pub tables: BTreeMap<String, RecordBatch>,
    /// Every file by name, as it was read: what a recipe is made of.
    pub files: BTreeMap<String, Arc<[u8]>>,
    hash: String,
}

/// One thing wrong in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub file: PathBuf,
    pub line: u64,
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.reason)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    #[error("cannot read {}: {error}", path.display())]
    Read { path: PathBuf, error: io::Error },
    /// Every problem of every file, in the files' order.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Problems(Vec<Problem>),
}

impl Reference {
    /// Reads every `*.csv` of a folder. A folder that does not exist is an empty one.
    ///
    /// # Errors
    /// Where the folder or a file cannot be read, and every problem found in the files.
    pub fn load(dir: &Path) -> Result<Self, ReferenceError> {
        let mut files = BTreeMap::new();
        let entries = match fs::read_dir(dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Self::from_files(&files),
            Err(error) => return Err(ReferenceError::Read { path: dir.to_path_buf(), error }),
        };
        for entry in entries {
            let path = entry.map_err(|error| ReferenceError::Read { path: dir.to_path_buf(), error })?.path();
            if path.extension().is_some_and(|extension| extension == "csv") {
                let bytes = fs::read(&path).map_err(|error| ReferenceError::Read { path: path.clone(), error })?;
                files.insert(path, bytes);
            }
        }
        Self::from_files(&files)
    }

    /// The same from bytes already in memory: each file's path, of which the stem names the table, and its content.
    ///
    /// # Errors
    /// Every problem found in the files.
    pub fn from_files(files: &BTreeMap<PathBuf, Vec<u8>>) -> Result<Self, ReferenceError> {
        let mut problems = Vec::new();
        let mut hasher = blake3::Hasher::new();
        let mut parsed = Vec::new();
        let mut texts = BTreeMap::new();
        for (path, bytes) in files {
            // Only the file's name counts, so that the hash is the same wherever the folder lies.
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
            hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
            texts.insert(name.into_owned(), Arc::from(bytes.as_slice()));
            parsed.extend(file::parse(path, bytes, &mut problems));
        }
        let mut reference = Self { hash: hasher.finalize().to_hex().to_string(), files: texts, ..Self::default() };
        geography::fill(&mut reference, &parsed, &mut problems);
        for table in parsed {
            let batch = table.batch();
            reference.tables.insert(table.name, batch);
        }
        if problems.is_empty() { Ok(reference) } else { Err(ReferenceError::Problems(problems)) }
    }

    /// BLAKE3 (hex) over the names and contents of all files, in name order.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The name of a unit; `niva` is `riket`, `lan` or `kommun`.
    #[must_use]
    pub fn name_of(&self, niva: &str, kod: &str) -> Option<&str> {
        match niva {
            "riket" => (kod == RIKET).then_some("Riket"),
            "lan" => self.lan.get(kod).map(|lan| lan.namn.as_str()),
            "kommun" => self.kommuner.get(kod).map(|kommun| kommun.namn.as_str()),
            _ => None,
        }
    }

    /// The two-digit län of a unit: `00` for the nation, itself for a län.
    #[must_use]
    pub fn lan_of(&self, niva: &str, kod: &str) -> Option<&str> {
        match niva {
            "riket" => (kod == RIKET).then_some(RIKET),
            "lan" => self.lan.get(kod).map(|lan| lan.kod.as_str()),
            "kommun" => self.kommuner.get(kod).map(|kommun| kommun.lan.as_str()),
            _ => None,
        }
    }

    /// Every unit with its level, code, name and län: `niva`, `kod`, `namn`, `lan`.
    #[must_use]
    pub fn geography(&self) -> RecordBatch {
        geography::batch(self)
    }
}

#[cfg(test)]
mod tests;
