//! What the manifests tell of the past, written into a ledger that has lost its own.

use rusqlite::params;

use super::{Ledger, LedgerError, PipelineState, RunEntry};

/// The past as far as the lake knows it.
#[derive(Debug, Default)]
pub struct Past {
    /// Oldest first.
    pub runs: Vec<RunEntry>,
    /// By pipeline.
    pub states: Vec<(String, PipelineState)>,
    pub published: Vec<PublishedManifest>,
}

/// A version's manifest as it was when it was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedManifest {
    pub dataset: String,
    pub version: String,
    /// BLAKE3 of `manifest.json`.
    pub manifest: String,
}

impl Ledger {
    /// Nothing has been noted here yet: it is new, or what was lost has not been told again.
    pub fn is_empty(&self) -> Result<bool, LedgerError> {
        let noted = "SELECT EXISTS (SELECT 1 FROM run) OR EXISTS (SELECT 1 FROM pipeline_state)";
        Ok(!self.lock().query_row(noted, [], |row| row.get::<_, bool>(0))?)
    }

    /// Writes all of the past, or nothing.
    pub fn fill(&self, past: &Past) -> Result<(), LedgerError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        for run in &past.runs {
            let id = super::run::insert(&transaction, &run.pipeline, run.started_at)?;
            super::run::update(&transaction, id, run)?;
        }
        for (pipeline, state) in &past.states {
            super::state::replace(&transaction, pipeline, state)?;
        }
        insert(&transaction, &past.published)?;
        Ok(transaction.commit()?)
    }

    /// Notes how manifests read that have been published; what is noted already stays.
    pub fn note_published(&self, published: &[PublishedManifest]) -> Result<(), LedgerError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        insert(&transaction, published)?;
        Ok(transaction.commit()?)
    }

    /// Notes how a manifest reads in place of what was noted, where anything was.
    pub fn renote_published(&self, published: &PublishedManifest) -> Result<(), LedgerError> {
        let PublishedManifest { dataset, version, manifest } = published;
        self.lock().execute(
            "UPDATE published SET manifest = ?3 WHERE dataset = ?1 AND version = ?2",
            params![dataset, version, manifest],
        )?;
        Ok(())
    }

    /// Every manifest that was noted.
    pub fn published(&self) -> Result<Vec<PublishedManifest>, LedgerError> {
        let connection = self.lock();
        let mut statement =
            connection.prepare("SELECT dataset, version, manifest FROM published ORDER BY dataset, version")?;
        let rows = statement.query_map([], |row| {
            Ok(PublishedManifest { dataset: row.get(0)?, version: row.get(1)?, manifest: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Every version that a run is recorded to have published: dataset and version.
    pub fn recorded(&self) -> Result<Vec<(String, String)>, LedgerError> {
        let connection = self.lock();
        let mut statement = connection
            .prepare("SELECT DISTINCT dataset, version FROM run_dataset WHERE published ORDER BY dataset, version")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn insert(connection: &rusqlite::Connection, published: &[PublishedManifest]) -> Result<(), LedgerError> {
    for PublishedManifest { dataset, version, manifest } in published {
        connection.execute(
            "INSERT OR IGNORE INTO published (dataset, version, manifest) VALUES (?1, ?2, ?3)",
            params![dataset, version, manifest],
        )?;
    }
    Ok(())
}
