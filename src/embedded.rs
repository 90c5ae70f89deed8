//! The shipped configuration, pipelines, reports and reference tables, carried
//! inside the program so that `demo` needs no other file.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use crate::reference::{Reference, ReferenceError};

static CONFIG: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/config");
static PIPELINES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/pipelines");
static REPORTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/reports");
static REFERENCE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/reference");

/// Writes the shipped files below a folder, anew each time, and returns the path of `underlag.toml`.
pub fn unpack(root: &Path) -> io::Result<PathBuf> {
    for (name, folder) in
        [("config", &CONFIG), ("pipelines", &PIPELINES), ("reports", &REPORTS), ("reference", &REFERENCE)]
    {
        let path = root.join(name);
        if path.exists() {
            std::fs::remove_dir_all(&path)?;
        }
        std::fs::create_dir_all(&path)?;
        folder.extract(&path)?;
    }
    Ok(root.join("config").join("underlag.toml"))
}

/// The shipped reference tables.
pub fn reference() -> Result<Reference, ReferenceError> {
    let files: BTreeMap<PathBuf, Vec<u8>> = REFERENCE
        .files()
        .filter(|file| file.path().extension().is_some_and(|extension| extension == "csv"))
        .map(|file| (file.path().to_owned(), file.contents().to_vec()))
        .collect();
    Reference::from_files(&files)
}
