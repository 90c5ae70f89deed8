//! The tables, as steps from one format to the next: a ledger of any older
//! number is taken through those that it lacks, in one transaction.

use rusqlite::{Connection, TransactionBehavior};

use super::LedgerError;

/// The number of this program's ledgers (`PRAGMA user_version`). Those before 2 carried none.
pub const FORMAT: u32 = STEPS.len() as u32;

/// The step at an index leads to the format one above it. A step that was released is never changed.
const STEPS: [&str; 3] = [FIRST, SECOND, THIRD];

/// Made without a number, so these tables may be there already.
const FIRST: &str = "
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
    PRIMARY KEY (pipeline, fetch)
) STRICT;
CREATE TABLE IF NOT EXISTS pipeline_state (
    pipeline TEXT PRIMARY KEY,
    config_hash TEXT NOT NULL,
    checked_at TEXT NOT NULL
) STRICT;
";

/// What waits for an operator, the metadata that were accepted, and how each manifest read when it was published.
const SECOND: &str = "
CREATE TABLE waiting (
    pipeline TEXT PRIMARY KEY,
    since TEXT NOT NULL,
    what TEXT NOT NULL,
    fingerprint TEXT NOT NULL
) STRICT;
ALTER TABLE fetch_state ADD COLUMN metadata TEXT;
CREATE TABLE published (
    dataset TEXT NOT NULL,
    version TEXT NOT NULL,
    manifest TEXT NOT NULL,
    PRIMARY KEY (dataset, version)
) STRICT;
";

/// What the daemon needs to go on where it was: each schedule's slots, what a run did, and what was told to whom.
///
/// `schedule`: until when a pipeline's slots are recorded, under the schedule of that fingerprint.
/// `slot`: one slot, or with `count` above 1 a row of them from `due_at` to `last` that share a fate.
/// `run_log`, `run_detail`: what a run's page shows. `condition`: the state of each matter that is told of,
/// what was last told of it, and when it lately changed. `message`: what waits to be delivered, or was.
/// `edition`: a fetch's `release::Edition`, as JSON.
const THIRD: &str = "
ALTER TABLE fetch_state ADD COLUMN edition TEXT;
CREATE TABLE schedule (
    pipeline TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    seen_until TEXT NOT NULL
) STRICT;
CREATE TABLE slot (
    pipeline TEXT NOT NULL,
    due_at TEXT NOT NULL,
    last TEXT NOT NULL,
    count INTEGER NOT NULL DEFAULT 1,
    state TEXT NOT NULL,
    why TEXT NOT NULL DEFAULT '',
    run INTEGER REFERENCES run (id),
    at TEXT NOT NULL,
    PRIMARY KEY (pipeline, due_at)
) STRICT;
CREATE TABLE run_detail (
    run INTEGER PRIMARY KEY REFERENCES run (id),
    detail TEXT NOT NULL
) STRICT;
CREATE TABLE run_log (
    run INTEGER NOT NULL REFERENCES run (id),
    line INTEGER NOT NULL,
    at TEXT NOT NULL,
    level TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (run, line)
) STRICT;
CREATE TABLE condition (
    subject TEXT NOT NULL,
    matter TEXT NOT NULL,
    state TEXT NOT NULL,
    since TEXT NOT NULL,
    text TEXT NOT NULL DEFAULT '',
    told TEXT NOT NULL DEFAULT '',
    changes TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (subject, matter)
) STRICT;
CREATE TABLE message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    channel TEXT NOT NULL,
    made_at TEXT NOT NULL,
    body TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    next_try TEXT NOT NULL,
    ended_at TEXT,
    outcome TEXT NOT NULL DEFAULT ''
) STRICT;
";

/// The number that a ledger carries; 0 when it is new or older than numbers. A newer one than known is refused.
pub(super) fn number(connection: &Connection) -> Result<u32, LedgerError> {
    let number: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if number > FORMAT { Err(LedgerError::newer(number)) } else { Ok(number) }
}

/// Takes a ledger of any older format to this program's.
pub(super) fn upgrade(connection: &mut Connection) -> Result<(), LedgerError> {
    if number(connection)? == FORMAT {
        return Ok(());
    }
    // Asked again with the database to ourselves: another process may have been quicker.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let lacking = STEPS.iter().zip(1..).skip(number(&transaction)? as usize);
    for (step, becomes) in lacking {
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", becomes)?;
    }
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests {
    use super::super::Ledger;
    use super::*;

    /// A ledger as the first release left it, with one run and its state.
    fn first(folder: &std::path::Path) -> Connection {
        let connection = Connection::open(folder.join("ledger.sqlite")).unwrap();
        connection.execute_batch(FIRST).unwrap();
        connection
            .execute_batch(
                "INSERT INTO run (pipeline, started_at, outcome) VALUES ('folk', '2026-11-01T06:00:00Z', 'published');
                 INSERT INTO run_dataset VALUES (1, 'tal', '000001-20261101T060000Z-0123abcd', 3, 1);
                 INSERT INTO fetch_state VALUES ('folk', 'rader', 's1', '[]', '2026-11-01T06:00:00Z');
                 INSERT INTO pipeline_state VALUES ('folk', 'c1', '2026-11-01T06:00:00Z');",
            )
            .unwrap();
        connection
    }

    #[test]
    fn a_ledger_without_a_number_is_upgraded_and_keeps_what_it_knew() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(number(&first(folder.path())).unwrap(), 0);
        for _ in 0..2 {
            let ledger = Ledger::open(folder.path()).unwrap();
            assert_eq!(number(&ledger.lock()).unwrap(), FORMAT);
            let state = ledger.state("folk").unwrap().unwrap();
            assert_eq!((state.config_hash.as_str(), state.fetches["rader"].stamp.as_deref()), ("c1", Some("s1")));
            assert_eq!(ledger.runs(None, 9).unwrap()[0].datasets[0].rows, 3);
        }
    }

    #[test]
    fn a_newer_ledger_is_refused_untouched() {
        let folder = tempfile::tempdir().unwrap();
        first(folder.path()).pragma_update(None, "user_version", 9).unwrap();
        let before = std::fs::read(folder.path().join("ledger.sqlite")).unwrap();
        for error in [Ledger::open(folder.path()).map(|_| ()), Ledger::read(folder.path()).map(|_| ())] {
            let error = error.unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "could not use ledger.sqlite: its format 9 is newer than this program, which knows up to {FORMAT}"
                )
            );
            assert!(!error.is_damage());
        }
        assert_eq!(std::fs::read(folder.path().join("ledger.sqlite")).unwrap(), before);
    }
}
