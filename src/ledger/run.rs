//! Runs: one row each, begun before anything else and ended with a verdict.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use serde::Serialize;

use super::{Ledger, LedgerError};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunId(i64);

impl RunId {
    pub const fn number(self) -> i64 {
        self.0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Running,
    Published,
    Unchanged,
    Failed,
    /// The program ended before the run did.
    Interrupted,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Running => "running",
            Self::Published => "published",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        })
    }
}

impl FromStr for Outcome {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Running, Self::Published, Self::Unchanged, Self::Failed, Self::Interrupted]
            .into_iter()
            .find(|outcome| outcome.to_string() == text)
            .ok_or(())
    }
}

impl Outcome {
    /// What a reader is to be told: nothing runs without somebody at work, whatever a crash left in the ledger.
    pub fn seen(self, at_work: bool) -> Self {
        if self == Self::Running && !at_work { Self::Interrupted } else { self }
    }
}

/// A run as the ledger tells it.
#[derive(Clone, Debug, Serialize)]
pub struct RunEntry {
    pub run: i64,
    pub pipeline: String,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub outcome: Outcome,
    pub message: String,
    pub calls: u64,
    pub reused: u64,
    pub retries: u64,
    pub bytes: u64,
    pub rows_fetched: u64,
    pub datasets: Vec<DatasetEntry>,
}

#[derive(Clone, Debug, Serialize)]
pub struct DatasetEntry {
    pub dataset: String,
    pub version: String,
    pub rows: u64,
    pub published: bool,
}

impl Ledger {
    pub fn begin(&self, pipeline: &str, now: Timestamp) -> Result<RunId, LedgerError> {
        insert(&self.lock(), pipeline, now)
    }

    /// Ends a run; `entry.run`, `started_at` and `pipeline` are not looked at.
    pub fn end(&self, run: RunId, entry: &RunEntry) -> Result<(), LedgerError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        update(&transaction, run, entry)?;
        Ok(transaction.commit()?)
    }

    /// The number of the run that began last; 0 before the first.
    pub fn latest_run(&self) -> Result<i64, LedgerError> {
        Ok(self.lock().query_row("SELECT coalesce(max(id), 0) FROM run", [], |row| row.get(0))?)
    }

    /// Runs later than this one that published: number and pipeline, in order.
    pub fn published_since(&self, run: i64) -> Result<Vec<(i64, String)>, LedgerError> {
        let connection = self.lock();
        let mut statement = connection
            .prepare_cached("SELECT id, pipeline FROM run WHERE id > ?1 AND outcome = 'published' ORDER BY id")?;
        let rows = statement.query_map([run], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Runs that a crash left open: `(run, pipeline, started_at)`.
    pub fn open_runs(&self) -> Result<Vec<(RunId, String, Timestamp)>, LedgerError> {
        let connection = self.lock();
        let mut statement = connection.prepare("SELECT id, pipeline, started_at FROM run WHERE outcome = 'running'")?;
        let rows = statement.query_map([], |row| {
            let started_at = row.get::<_, String>(2)?.parse().unwrap_or(Timestamp::UNIX_EPOCH);
            Ok((RunId(row.get(0)?), row.get(1)?, started_at))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Newest first.
    pub fn runs(&self, pipeline: Option<&str>, limit: u32) -> Result<Vec<RunEntry>, LedgerError> {
        let connection = self.lock();
        let mut statement = connection.prepare(
            "SELECT id, pipeline, started_at, ended_at, outcome, message, calls, reused, retries, bytes, rows_fetched
             FROM run WHERE ?1 IS NULL OR pipeline = ?1 ORDER BY id DESC LIMIT ?2",
        )?;
        let mut runs = statement.query_map(params![pipeline, limit], read_run)?.collect::<Result<Vec<_>, _>>()?;
        let mut statement = connection
            .prepare("SELECT dataset, version, rows, published FROM run_dataset WHERE run = ?1 ORDER BY dataset")?;
        for run in &mut runs {
            let datasets = statement.query_map([run.run], |row| {
                Ok(DatasetEntry {
                    dataset: row.get(0)?,
                    version: row.get(1)?,
                    rows: row.get::<_, i64>(2)?.cast_unsigned(),
                    published: row.get(3)?,
                })
            })?;
            run.datasets = datasets.collect::<Result<Vec<_>, _>>()?;
        }
        Ok(runs)
    }
}

pub(super) fn insert(connection: &Connection, pipeline: &str, now: Timestamp) -> Result<RunId, LedgerError> {
    connection.execute(
        "INSERT INTO run (pipeline, started_at, outcome) VALUES (?1, ?2, 'running')",
        params![pipeline, now.to_string()],
    )?;
    Ok(RunId(connection.last_insert_rowid()))
}

pub(super) fn update(connection: &Connection, run: RunId, entry: &RunEntry) -> Result<(), LedgerError> {
    connection.execute(
        "UPDATE run SET ended_at = ?2, outcome = ?3, message = ?4, calls = ?5, reused = ?6, retries = ?7, bytes = ?8,
         rows_fetched = ?9 WHERE id = ?1",
        params![
            run.0,
            entry.ended_at.map(|at| at.to_string()),
            entry.outcome.to_string(),
            entry.message,
            entry.calls.cast_signed(),
            entry.reused.cast_signed(),
            entry.retries.cast_signed(),
            entry.bytes.cast_signed(),
            entry.rows_fetched.cast_signed(),
        ],
    )?;
    for dataset in &entry.datasets {
        connection.execute(
            "INSERT OR REPLACE INTO run_dataset (run, dataset, version, rows, published) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![run.0, dataset.dataset, dataset.version, dataset.rows.cast_signed(), dataset.published],
        )?;
    }
    Ok(())
}

fn read_run(row: &Row<'_>) -> rusqlite::Result<RunEntry> {
    let number = |index| row.get::<_, i64>(index).map(i64::cast_unsigned);
    let time = |text: String| text.parse::<Timestamp>().unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(RunEntry {
        run: row.get(0)?,
        pipeline: row.get(1)?,
        started_at: time(row.get(2)?),
        ended_at: row.get::<_, Option<String>>(3)?.map(time),
        outcome: row.get::<_, String>(4)?.parse().unwrap_or(Outcome::Interrupted),
        message: row.get(5)?,
        calls: number(6)?,
        reused: number(7)?,
        retries: number(8)?,
        bytes: number(9)?,
        rows_fetched: number(10)?,
        datasets: Vec::new(),
    })
}
