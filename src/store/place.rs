//! Keys: where something lies in a storage, with forward slashes, counted from its root.

use std::path::{Path, PathBuf};

/// A key as a path below a folder.
pub fn join(root: &Path, key: &str) -> PathBuf {
    key.split('/').filter(|part| !part.is_empty()).fold(root.to_owned(), |path, part| path.join(part))
}
