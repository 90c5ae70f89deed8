//! Slots: what became of each, so that the daemon goes on where it was, and an operator can see why a run was not.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::schedule::{Cause, Event, Memory, Open, Scheduled, SlotEntry, SlotState};

use super::{Ledger, LedgerError};

/// How long what became of a slot is kept.
pub const SLOTS_KEPT: SignedDuration = SignedDuration::from_hours(400 * 24);

impl Ledger {
    /// Writes all that is to be known of these events before anything starts; all of it, or nothing.
    pub fn record(&self, events: &[Event]) -> Result<(), LedgerError> {
        if events.iter().all(|event| matches!(event, Event::Start(_))) {
            return Ok(());
        }
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        for event in events {
            write(&transaction, event)?;
        }
        Ok(transaction.commit()?)
    }

    /// What the scheduler starts from, of every pipeline that is or was scheduled.
    pub fn memory(&self) -> Result<BTreeMap<String, Memory>, LedgerError> {
        let connection = self.lock();
        let mut memory: BTreeMap<String, Memory> = BTreeMap::new();
        let mut statement = connection.prepare("SELECT pipeline, fingerprint, seen_until FROM schedule")?;
        let rows = statement
            .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?)))?;
        for row in rows {
            let (pipeline, fingerprint, seen_until) = row?;
            // One that can't be read starts from now, like a new one.
            let Ok(seen_until) = seen_until.parse() else { continue };
            memory.entry(pipeline).or_default().scheduled = Some(Scheduled { fingerprint, seen_until });
        }
        let mut statement = connection.prepare(
            "SELECT slot.pipeline, due_at, why, state, run, outcome FROM slot LEFT JOIN run ON run.id = slot.run
             WHERE state IN ('due', 'running') ORDER BY due_at",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let open = Open {
                due_at: instant(row, 1)?,
                cause: row.get::<_, String>(2)?.parse().unwrap_or(Cause::Cron),
                begun: row.get::<_, String>(3)? == SlotState::Running.as_str(),
                run: row.get(4)?,
                outcome: row.get::<_, Option<String>>(5)?.and_then(|outcome| outcome.parse().ok()),
            };
            memory.entry(row.get(0)?).or_default().open.push(open);
        }
        for (pipeline, memory) in &mut memory {
            memory.last = latest(&connection, pipeline, "1")?;
            let handled = latest(&connection, pipeline, "state = 'handled'")?.map(written).unwrap_or_default();
            let failed = "SELECT min(due_at) FROM slot WHERE pipeline = ?1 AND state = 'failed' AND due_at > ?2";
            let failed: Option<String> = connection.query_row(failed, params![pipeline, handled], |row| row.get(0))?;
            memory.failed_since = failed.and_then(|failed| failed.parse().ok());
        }
        Ok(memory)
    }

    /// Newest first.
    pub fn slots(&self, pipeline: Option<&str>, limit: u32) -> Result<Vec<SlotEntry>, LedgerError> {
        let connection = self.lock();
        let mut statement = connection.prepare(
            "SELECT pipeline, due_at, last, count, state, why, run, at FROM slot
             WHERE ?1 IS NULL OR pipeline = ?1 ORDER BY due_at DESC, pipeline LIMIT ?2",
        )?;
        Ok(statement.query_map(params![pipeline, limit], read)?.collect::<Result<_, _>>()?)
    }

    /// Removes what became of slots before that; says how many rows went. What is open stays.
    pub fn prune_slots(&self, before: Timestamp) -> Result<usize, LedgerError> {
        let gone = "DELETE FROM slot WHERE last < ?1 AND state NOT IN ('due', 'running')";
        Ok(self.lock().execute(gone, [written(before)])?)
    }
}

fn write(connection: &Connection, event: &Event) -> Result<(), LedgerError> {
    match event {
        Event::Slot(slot) => connection.execute(
            "INSERT INTO slot (pipeline, due_at, last, count, state, why, run, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (pipeline, due_at) DO UPDATE SET last = excluded.last, count = excluded.count,
             state = excluded.state, why = excluded.why, run = coalesce(excluded.run, run), at = excluded.at",
            params![
                slot.pipeline,
                written(slot.due_at),
                written(slot.last),
                slot.count.cast_signed(),
                slot.state.as_str(),
                slot.why,
                slot.run,
                slot.at.to_string(),
            ],
        )?,
        Event::Remember { pipeline, fingerprint, seen_until } => connection.execute(
            "INSERT OR REPLACE INTO schedule (pipeline, fingerprint, seen_until) VALUES (?1, ?2, ?3)",
            params![pipeline, fingerprint, seen_until.to_string()],
        )?,
        Event::Forget { pipeline } => connection.execute("DELETE FROM schedule WHERE pipeline = ?1", [pipeline])?,
        Event::SetBack { to } => {
            let gone = "DELETE FROM slot WHERE due_at > ?1 AND state NOT IN ('due', 'running')";
            connection.execute(gone, [written(*to)])?
        }
        Event::Start(_) => 0,
    };
    Ok(())
}

/// In whole seconds: slots have no less, and texts of one length sort like the instants they are.
fn written(instant: Timestamp) -> String {
    Timestamp::from_second(instant.as_second()).unwrap_or(instant).to_string()
}

fn latest(connection: &Connection, pipeline: &str, which: &str) -> Result<Option<Timestamp>, LedgerError> {
    let query = format!("SELECT due_at, last FROM slot WHERE pipeline = ?1 AND {which} ORDER BY due_at DESC LIMIT 1");
    Ok(connection.query_row(&query, [pipeline], |row| instant(row, 1)).optional()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<SlotEntry> {
    Ok(SlotEntry {
        pipeline: row.get(0)?,
        due_at: instant(row, 1)?,
        last: instant(row, 2)?,
        count: row.get::<_, i64>(3)?.cast_unsigned(),
        state: row.get::<_, String>(4)?.parse().unwrap_or(SlotState::Skipped),
        why: row.get(5)?,
        run: row.get(6)?,
        at: instant(row, 7)?,
    })
}

fn instant(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    Ok(row.get::<_, String>(column)?.parse().unwrap_or(Timestamp::UNIX_EPOCH))
}
