//! What a run's page shows beyond its row: where its time went, what each
//! source was asked, how the checks came out, and its own log. For people:
//! nothing is decided by it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use super::run::read_run;
use super::{DatasetEntry, Ledger, LedgerError, RunEntry, RunId};
use crate::fetch::SourceCounts;

/// Kept as JSON; a field that an older program did not know is empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunDetail {
    /// `underlag/0.1.0`.
    pub program: String,
    /// `by hand`, `cron`, `release`, `after befolkning`, …
    pub started_by: String,
    /// In the order in which they were done.
    pub steps: Vec<Step>,
    pub sources: BTreeMap<String, SourceCounts>,
    pub fetches: Vec<FetchDetail>,
    pub datasets: Vec<DatasetDetail>,
    /// What stopped the run; checks that held are with their dataset.
    pub failed_checks: Vec<CheckDetail>,
    pub notes: Vec<String>,
    pub error: Option<String>,
    pub hint: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Step {
    pub step: String,
    pub seconds: f64,
}

/// What one fetch was to bring, and what it brought.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FetchDetail {
    pub fetch: String,
    pub source: String,
    /// Data calls that were planned.
    pub calls: u64,
    /// Cells asked for; 0 where the source does not count them.
    pub cells: u64,
    pub rows: Option<u64>,
    /// The source proved that nothing is new.
    pub unchanged: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DatasetDetail {
    pub dataset: String,
    pub version: String,
    pub rows: u64,
    pub published: bool,
    /// Rows that differ from the version before; none for an unchanged dataset and where nobody counted.
    pub changed: Option<RowsChanged>,
    /// `revision`, `append`, …
    pub kinds: Vec<String>,
    pub checks: Vec<CheckDetail>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RowsChanged {
    pub added: u64,
    pub removed: u64,
    pub revised: u64,
}

impl RowsChanged {
    pub fn total(self) -> u64 {
        self.added + self.removed + self.revised
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CheckDetail {
    pub dataset: String,
    pub check: String,
    pub held: bool,
    /// `error` stops a publish, `warn` does not.
    pub severity: String,
    pub message: String,
}

/// One line of a run's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogLine {
    pub line: u32,
    pub at: Timestamp,
    /// `error`, `warn` or `info`.
    pub level: String,
    pub text: String,
}

impl Ledger {
    pub fn set_detail(&self, run: RunId, detail: &RunDetail) -> Result<(), LedgerError> {
        let json = serde_json::to_string(detail).unwrap_or_default();
        self.lock()
            .execute("INSERT OR REPLACE INTO run_detail (run, detail) VALUES (?1, ?2)", params![run.number(), json])?;
        Ok(())
    }

    /// None where none was kept: of runs before there were any, and of those that a crash ended.
    pub fn detail(&self, run: i64) -> Result<Option<RunDetail>, LedgerError> {
        let read = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
        let json = self.lock().query_row("SELECT detail FROM run_detail WHERE run = ?1", [run], read).optional()?;
        Ok(json.and_then(|json| serde_json::from_str(&json).ok()))
    }

    /// Adds lines to a run's log; one that is there already is written again.
    pub fn add_log(&self, run: RunId, lines: &[LogLine]) -> Result<(), LedgerError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        {
            let mut statement = transaction
                .prepare("INSERT OR REPLACE INTO run_log (run, line, at, level, text) VALUES (?1, ?2, ?3, ?4, ?5)")?;
            for line in lines {
                statement.execute(params![run.number(), line.line, line.at.to_string(), line.level, line.text])?;
            }
        }
        Ok(transaction.commit()?)
    }

    pub fn log(&self, run: i64) -> Result<Vec<LogLine>, LedgerError> {
        let connection = self.lock();
        let mut statement =
            connection.prepare("SELECT line, at, level, text FROM run_log WHERE run = ?1 ORDER BY line")?;
        let lines = statement.query_map([run], |row| {
            Ok(LogLine {
                line: row.get(0)?,
                at: time(&row.get::<_, String>(1)?),
                level: row.get(2)?,
                text: row.get(3)?,
            })
        })?;
        Ok(lines.collect::<Result<_, _>>()?)
    }

    pub fn run(&self, run: i64) -> Result<Option<RunEntry>, LedgerError> {
        let connection = self.lock();
        let entry = connection
            .query_row(
                "SELECT id, pipeline, started_at, ended_at, outcome, message, calls, reused, retries, bytes, rows_fetched
                 FROM run WHERE id = ?1",
                [run],
                read_run,
            )
            .optional()?;
        let Some(mut entry) = entry else { return Ok(None) };
        let mut statement = connection
            .prepare("SELECT dataset, version, rows, published FROM run_dataset WHERE run = ?1 ORDER BY dataset")?;
        let datasets = statement.query_map([run], |row| {
            let rows = row.get::<_, i64>(2)?.cast_unsigned();
            Ok(DatasetEntry { dataset: row.get(0)?, version: row.get(1)?, rows, published: row.get(3)? })
        })?;
        entry.datasets = datasets.collect::<Result<_, _>>()?;
        Ok(Some(entry))
    }

    /// When a pipeline's last run ended well, whether or not it published.
    pub fn last_success(&self, pipeline: &str) -> Result<Option<Timestamp>, LedgerError> {
        let found = self
            .lock()
            .query_row(
                "SELECT COALESCE(ended_at, started_at) FROM run
                 WHERE pipeline = ?1 AND outcome IN ('published', 'unchanged') ORDER BY id DESC LIMIT 1",
                [pipeline],
                |row| row.get::<_, String>(0),
            )
            .optional()?;
        Ok(found.and_then(|text| text.parse().ok()))
    }
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runs_detail_and_log_come_back_as_they_were_kept() {
        let ledger = Ledger::in_memory().unwrap();
        let now: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let run = ledger.begin("folk", now).unwrap();
        assert_eq!(ledger.detail(run.number()).unwrap(), None);
        let detail = RunDetail {
            program: "underlag/0.1.0".to_owned(),
            steps: vec![Step { step: "plan".to_owned(), seconds: 0.5 }],
            ..RunDetail::default()
        };
        ledger.set_detail(run, &detail).unwrap();
        let line = |line, text: &str| LogLine { line, at: now, level: "warn".to_owned(), text: text.to_owned() };
        ledger.add_log(run, &[line(1, "ett")]).unwrap();
        ledger.add_log(run, &[line(1, "ett"), line(2, "två")]).unwrap();
        assert_eq!(ledger.detail(run.number()).unwrap(), Some(detail));
        assert_eq!(ledger.log(run.number()).unwrap(), [line(1, "ett"), line(2, "två")]);
        assert_eq!(ledger.run(run.number()).unwrap().unwrap().pipeline, "folk");
        assert!(ledger.run(99).unwrap().is_none() && ledger.log(99).unwrap().is_empty());
    }

    #[test]
    fn a_detail_of_another_program_is_read_as_far_as_it_goes() {
        let ledger = Ledger::in_memory().unwrap();
        let run = ledger.begin("folk", Timestamp::UNIX_EPOCH).unwrap();
        let json = r#"{"program":"underlag/0.0.9","steps":[{"step":"plan"}],"unheard_of":1}"#;
        ledger.lock().execute("INSERT INTO run_detail VALUES (?1, ?2)", params![run.number(), json]).unwrap();
        let detail = ledger.detail(run.number()).unwrap().unwrap();
        assert_eq!((detail.program.as_str(), detail.steps[0].step.as_str()), ("underlag/0.0.9", "plan"));
    }
}
