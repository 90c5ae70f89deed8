//! The configuration's four kinds of file and the SQL beside them.

use std::fs;
use std::path::Path;

use crate::config::{Diagnostic, Overrides, load, render_all};

/// Files in this order, parted by a zero byte.
const FILES: [&str; 5] = [
    "config/underlag.toml",
    "config/sources.toml",
    "config/areas.toml",
    "pipelines/prov/pipeline.toml",
    "pipelines/prov/prov.sql",
];

/// A configuration is either handed out or refused with a reason, and every reason can be shown in its place.
pub fn config(scratch: &Path, data: &[u8]) {
    let mut parts = data.split(|byte| *byte == 0);
    for file in FILES {
        let path = scratch.join(file);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).expect("the scratch folder can be written");
        }
        fs::write(path, parts.next().unwrap_or_default()).expect("the scratch folder can be written");
    }
    let loaded = load(&scratch.join(FILES[0]), &Overrides::default());
    let refused = loaded.diagnostics.iter().any(Diagnostic::is_error);
    assert_eq!(loaded.config.is_none(), refused, "refused without a reason, or handed out in spite of one");
    assert_eq!(loaded.refused.is_some(), refused);
    let shown = render_all(&loaded.diagnostics, &loaded.files, false);
    assert_eq!(shown.is_empty(), loaded.diagnostics.is_empty(), "a reason that is not shown");
}
