//! What ran, what it gave, and what each source said last: an index over the
//! lake and the archive, in SQLite. The lake is the truth; what the ledger
//! lacks after a crash is taken from there.

mod run;
mod state;
mod waiting;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, ErrorCode};

pub use run::{DatasetEntry, Outcome, RunEntry, RunId};
pub use state::{FetchState, PipelineState};
pub use waiting::{Stop, Waiting};

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    pipeline TEXT NOT NULL,
    started_at TEXT NOT NULL,
    ended_at TEXT,
    outcome TEXT NOT NULL,
    message TEXT NOT NULL DEFAULT '',
    calls INTEGER NOT NULL DEFAULT 0,
    reused INTEGER NOT NULL DEFAULT 0,
    retries INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    rows_fetched INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS run_pipeline ON run (pipeline, id);
CREATE TABLE IF NOT EXISTS run_dataset (
    run INTEGER NOT NULL REFERENCES run (id),
    dataset TEXT NOT NULL,
    version TEXT NOT NULL,
    rows INTEGER NOT NULL,
    published INTEGER NOT NULL,
    PRIMARY KEY (run, dataset)
) STRICT;
CREATE TABLE IF NOT EXISTS fetch_state (
    pipeline TEXT NOT NULL,
    fetch TEXT NOT NULL,
    stamp TEXT,
    answers TEXT NOT NULL,
    checked_at TEXT NOT NULL,
    metadata TEXT,
    PRIMARY KEY (pipeline, fetch)
) STRICT;
CREATE TABLE IF NOT EXISTS waiting (
    pipeline TEXT PRIMARY KEY,
    since TEXT NOT NULL,
    what TEXT NOT NULL,
    fingerprint TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS pipeline_state (
    pipeline TEXT PRIMARY KEY,
    config_hash TEXT NOT NULL,
    checked_at TEXT NOT NULL
) STRICT;
";

/// The ledger's one connection; calls are short, so a lock around it is enough.
pub struct Ledger {
    connection: Mutex<Connection>,
}

#[derive(Debug, thiserror::Error)]
#[error("could not use ledger.sqlite: {reason}")]
pub struct LedgerError {
    code: Option<ErrorCode>,
    reason: String,
}

impl From<rusqlite::Error> for LedgerError {
    fn from(error: rusqlite::Error) -> Self {
        // SQLite's own words, without those that the library puts around them.
        let reason = match &error {
            rusqlite::Error::SqliteFailure(_, Some(words)) => words.clone(),
            error => error.to_string(),
        };
        Self { code: error.sqlite_error_code(), reason }
    }
}

impl LedgerError {
    /// What an operator can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self.code? {
            ErrorCode::DiskFull | ErrorCode::SystemIoFailure => Some(
                "the disk may be full or failing: free space and run again; what was published before is untouched",
            ),
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Some("another underlag is writing; run again"),
            ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => {
                Some("the user that runs underlag must own data_dir")
            }
            _ => None,
        }
    }
}

impl Ledger {
    pub fn open(data_dir: &Path) -> Result<Self, LedgerError> {
        let connection = Connection::open(data_dir.join("ledger.sqlite"))?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic elsewhere leaves the connection as it was: SQLite rolls back what was open.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
