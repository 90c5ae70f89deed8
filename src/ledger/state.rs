//! What each source said when it was last asked: decides what a run may skip.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::fetch::AnswerRecord;
use crate::release::Edition;

use super::{Ledger, LedgerError};

/// A fetch as of its last success.
#[derive(Clone, Debug)]
pub struct FetchState {
    pub stamp: Option<String>,
    pub answers: Vec<AnswerRecord>,
    /// The archived metadata that were accepted with them.
    pub metadata: Option<String>,
    /// Which edition of the source's data it is, and when the next is expected.
    pub edition: Edition,
}

impl FetchState {
    /// What is known of the edition where nothing was noted: it was seen when the data were fetched.
    pub fn seen(answers: &[AnswerRecord]) -> Edition {
        Edition { seen_at: answers.iter().map(|answer| answer.fetched_at).max(), ..Edition::default() }
    }
}

/// A pipeline as of its last success, published or unchanged.
#[derive(Clone, Debug)]
pub struct PipelineState {
    pub config_hash: String,
    /// When it was last known that what is published is what the sources say.
    pub checked_at: Timestamp,
    pub fetches: BTreeMap<String, FetchState>,
}

impl Ledger {
    pub fn state(&self, pipeline: &str) -> Result<Option<PipelineState>, LedgerError> {
        let connection = self.lock();
        let head = connection
            .query_row("SELECT config_hash, checked_at FROM pipeline_state WHERE pipeline = ?1", [pipeline], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
            })
            .optional()?;
        let Some((config_hash, checked_at)) = head else { return Ok(None) };
        let Ok(checked_at) = checked_at.parse() else { return Ok(None) };
        let mut statement = connection
            .prepare("SELECT fetch, stamp, answers, metadata, edition FROM fetch_state WHERE pipeline = ?1")?;
        let rows = statement.query_map([pipeline], |row| {
            let (fetch, stamp) = (row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?);
            let (answers, metadata) = (row.get::<_, String>(2)?, row.get::<_, Option<String>>(3)?);
            Ok((fetch, stamp, answers, metadata, row.get::<_, Option<String>>(4)?))
        })?;
        let mut fetches = BTreeMap::new();
        for row in rows {
            let (fetch, stamp, answers, metadata, edition) = row?;
            // A line that can't be read means no more than asking again.
            let answers: Vec<AnswerRecord> = serde_json::from_str(&answers).unwrap_or_default();
            let edition = edition.and_then(|edition| serde_json::from_str(&edition).ok());
            let edition = edition.unwrap_or_else(|| FetchState::seen(&answers));
            fetches.insert(fetch, FetchState { stamp, answers, metadata, edition });
        }
        Ok(Some(PipelineState { config_hash, checked_at, fetches }))
    }

    pub fn set_state(&self, pipeline: &str, state: &PipelineState) -> Result<(), LedgerError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        replace(&transaction, pipeline, state)?;
        Ok(transaction.commit()?)
    }
}

pub(super) fn replace(connection: &Connection, pipeline: &str, state: &PipelineState) -> Result<(), LedgerError> {
    let checked_at = state.checked_at.to_string();
    connection.execute("DELETE FROM fetch_state WHERE pipeline = ?1", [pipeline])?;
    for (fetch, state) in &state.fetches {
        let answers = serde_json::to_string(&state.answers).unwrap_or_default();
        let edition = serde_json::to_string(&state.edition).unwrap_or_default();
        connection.execute(
            "INSERT INTO fetch_state (pipeline, fetch, stamp, answers, checked_at, metadata, edition)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![pipeline, fetch, state.stamp, answers, checked_at, state.metadata, edition],
        )?;
    }
    connection.execute(
        "INSERT OR REPLACE INTO pipeline_state (pipeline, config_hash, checked_at) VALUES (?1, ?2, ?3)",
        params![pipeline, state.config_hash, checked_at],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_an_edition_is_kept() {
        let ledger = Ledger::in_memory().unwrap();
        let edition = Edition {
            released: Some("2026-06-08T06:00:00Z".parse().unwrap()),
            seen_at: Some("2026-06-08T06:02:00Z".parse().unwrap()),
            next: vec!["2026-07-08".parse().unwrap()],
        };
        let fetch = FetchState { stamp: None, answers: Vec::new(), metadata: None, edition: edition.clone() };
        let state = PipelineState {
            config_hash: "c".into(),
            checked_at: Timestamp::UNIX_EPOCH,
            fetches: [("folk".to_owned(), fetch)].into(),
        };
        ledger.set_state("befolkning", &state).unwrap();
        assert_eq!(ledger.state("befolkning").unwrap().unwrap().fetches["folk"].edition, edition);
        ledger.lock().execute("UPDATE fetch_state SET edition = NULL", []).unwrap();
        assert_eq!(ledger.state("befolkning").unwrap().unwrap().fetches["folk"].edition, Edition::default());
    }
}
