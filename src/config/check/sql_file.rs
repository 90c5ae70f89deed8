//! The SQL files that a pipeline names, each read once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::Spanned;

use crate::codes;
use crate::config::diagnostic::SourceFiles;
use crate::config::leaf;
use crate::nearest::nearest;

use super::Problems;

/// More than this is no query that a person wrote.
const MAX_BYTES: u64 = 1 << 20;

pub(super) struct SqlFiles<'a> {
    dir: &'a Path,
    files: &'a mut SourceFiles,
    /// By name, as the configuration hash wants them.
    pub texts: BTreeMap<String, String>,
}

impl<'a> SqlFiles<'a> {
    pub fn new(dir: &'a Path, files: &'a mut SourceFiles) -> Self {
        Self { dir, files, texts: BTreeMap::new() }
    }

    /// The path and text of the file that is named here; complains when there is none.
    pub fn read(&mut self, name: &Spanned<&str>, problems: &mut Problems<'_>) -> Option<(PathBuf, String)> {
        let written = *name.get_ref();
        leaf::sql_file(written).ok()?;
        let path = self.dir.join(written);
        if let Some(text) = self.texts.get(written) {
            return Some((path, text.clone()));
        }
        let size = match std::fs::metadata(&path) {
            Ok(found) if found.is_file() => found.len(),
            _ => {
                problems.coded(
                    codes::SQL_FILE,
                    name.span(),
                    format!("there is no file `{written}` in this folder"),
                    Some(self.present(written)),
                );
                return None;
            }
        };
        if size > MAX_BYTES {
            let message = format!("`{written}` is {size} bytes long; a query may have {MAX_BYTES}");
            problems.coded(codes::SQL_FILE, name.span(), message, None);
            return None;
        }
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                problems.coded(codes::SQL_FILE, name.span(), format!("`{written}` can't be read: {error}"), None);
                return None;
            }
        };
        if text.trim().is_empty() {
            problems.coded(codes::SQL_FILE, name.span(), format!("`{written}` is empty"), None);
            return None;
        }
        self.files.insert(&*path, &*text);
        self.texts.insert(written.to_owned(), text.clone());
        Some((path, text))
    }

    fn present(&self, wanted: &str) -> String {
        let names = std::fs::read_dir(self.dir).into_iter().flatten().flatten();
        let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.filter(|name| name.ends_with(".sql")).collect();
        names.sort();
        if names.is_empty() {
            return "the folder has no .sql file".to_owned();
        }
        let listed: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let listed = format!("the folder has {}", listed.join(", "));
        match nearest(wanted, names.iter().map(String::as_str)) {
            Some(near) if names.len() > 1 => format!("did you mean `{near}`? {listed}"),
            _ => listed,
        }
    }
}
