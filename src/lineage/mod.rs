//! From a published figure back to its bytes. `again` computes a version once
//! more from the archive alone, `replay` says whether the same came out, and
//! `trace` leads from a row to the answers that hold it. Nothing here asks a
//! source, and nothing here writes into lake, ledger or archive.

mod again;
mod error;
mod harvest;
mod made;
mod query;
mod replay;
mod row;
mod scratch;
mod table;
mod trace;

use std::path::Path;
use std::sync::Arc;

use crate::config::{Config, HttpSettings, Outbound};
use crate::fetch::{Archive, Client};
use crate::lake::{Lake, Manifest};
use crate::reference::Reference;

pub use again::Recomputed;
pub use error::LineageError;
pub use made::Made;
pub use replay::Replay;
pub use row::{Cell, Condition, Row};
pub use scratch::Scratch;
pub use table::{FoundRow, Holding, Table};
pub use trace::{Input, QueryText, Trace};

/// What is published and archived, and a folder to work in.
pub struct Lineage {
    /// Of today. A version is computed by its own, where it has one.
    config: Config,
    reference: Option<Reference>,
    lake: Lake,
    archive: Arc<Archive>,
    client: Client,
    scratch: Scratch,
}

impl Lineage {
    pub fn open(config: Config, reference: Reference) -> Result<Self, LineageError> {
        Self::of(config, Some(reference))
    }

    /// Without reference tables, today's configuration is one with mistakes in it: it says where the data lie, and
    /// never stands in for a recipe.
    pub fn of(config: Config, reference: Option<Reference>) -> Result<Self, LineageError> {
        let lake = Lake::look(&config)?;
        let archive = Arc::new(Archive::open(lake.shared_storage()));
        // Nothing is sent: neither a proxy nor a certificate of today's is needed.
        let http = HttpSettings { outbound: Outbound::default(), ..config.http.clone() };
        let client = Client::new(&http, &config.publisher)?;
        let scratch = Scratch::new()?;
        Ok(Self { config, reference, lake, archive, client, scratch })
    }

    pub fn lake(&self) -> &Lake {
        &self.lake
    }

    /// Whether all of a version's Parquet files are there; the retention removes those of old versions.
    pub fn has_data(&self, manifest: &Manifest) -> Result<bool, LineageError> {
        let data = format!("datasets/{}/versions/{}/data", manifest.dataset, manifest.version);
        let there = self.lake.storage().list(&data)?;
        let is_there = |path: &str| there.iter().any(|entry| entry.key == format!("{data}/{path}"));
        Ok(manifest.files.iter().all(|file| is_there(&file.path)))
    }

    /// A folder of its own below the scratch folder.
    fn room(&self, name: &str) -> Result<std::path::PathBuf, LineageError> {
        self.scratch.room(name)
    }

    fn spill(&self) -> &Path {
        self.scratch.path()
    }
}
