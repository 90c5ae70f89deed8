//! The configuration through its public face: projects on disk, what `load`
//! says of them, and the schema beside what it accepts.

mod broken;
mod mistakes;
mod notify;
mod promises;
mod regional;
mod release;
mod schema;
mod shipped;
mod valid;

use std::path::Path;

use tempfile::TempDir;

use super::{Config, Loaded, Overrides, load, render_all};

/// A project that is right, for a test to change one thing in.
struct Project(TempDir);

const SOURCES: &str = r#"version = 1
[source.scb.pxweb]
base_url = "https://statistik.example.org/api/v2"
credit = "SCB"
licence = "CC0-1.0"
"#;

const PIPELINE: &str = r#"version = 1
title = "Befolkning"
[fetch.folk.pxweb]
source = "scb"
table = "TAB1"
select = { Region = "*", Tid = "TOP(3)" }
rename = { Region = "kod", Tid = "period" }
measures = { "000007SF" = "folkmangd" }
[dataset.befolkning]
title = "Folkmängd"
sql = "befolkning.sql"
key = ["kod", "period"]
[dataset.befolkning.column.folkmangd]
type = "int64"
title = "Folkmängd"
unit = "antal"
additive = true
"#;

impl Project {
    fn new() -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        project
            .write("config/underlag.toml", "version = 1\n")
            .write("config/sources.toml", SOURCES)
            .write("pipelines/befolkning/pipeline.toml", PIPELINE)
            .write("pipelines/befolkning/befolkning.sql", "SELECT * FROM folk\n");
        project
    }

    fn write(&self, path: &str, text: &str) -> &Self {
        let file = self.0.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
        self
    }

    /// Replaces a piece of the pipeline's file.
    fn with(self, old: &str, new: &str) -> Self {
        assert!(PIPELINE.contains(old), "{old}");
        self.write("pipelines/befolkning/pipeline.toml", &PIPELINE.replacen(old, new, 1));
        self
    }

    fn load(&self) -> Loaded {
        load(&self.0.path().join("config/underlag.toml"), &Overrides::default())
    }

    fn config(&self) -> Config {
        let loaded = self.load();
        let text = render_all(&loaded.diagnostics, &loaded.files, false);
        loaded.config.unwrap_or_else(|| panic!("{text}"))
    }

    /// What a person would see, with paths counted from the project.
    fn report(&self) -> String {
        report(&self.load(), self.0.path())
    }
}

fn report(loaded: &Loaded, root: &Path) -> String {
    let root = format!("{}/", root.canonicalize().unwrap().display());
    render_all(&loaded.diagnostics, &loaded.files, false).replace(&root, "")
}
