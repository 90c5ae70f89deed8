//! Slots: what became of each, so that the daemon goes on where it was, and an operator can see why a run was not.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Row, params};

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
        let mut statement = connection.prepare("SELECT pipeline, max(last) FROM slot GROUP BY pipeline")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            memory.entry(row.get(0)?).or_default().last = Some(instant(row, 1)?);
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
            let failed: Option<String> = connection.query_row(
                "SELECT min(due_at) FROM slot WHERE pipeline = ?1 AND state = 'failed' AND due_at >
                 (SELECT coalesce(max(due_at), '') FROM slot WHERE pipeline = ?1 AND state = 'handled')",
                [pipeline],
                |row| row.get(0),
            )?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Outcome, RunEntry};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn slot(pipeline: &str, due_at: &str, state: SlotState, why: &str) -> SlotEntry {
        let (pipeline, why) = (pipeline.to_owned(), why.to_owned());
        let (due_at, last, at) = (at(due_at), at(due_at), at("2026-11-23T08:00:00.25Z"));
        SlotEntry { pipeline, due_at, last, count: 1, state, why, run: None, at }
    }

    fn remember(pipeline: &str, seen_until: &str) -> Event {
        let seen_until = at(seen_until);
        Event::Remember { pipeline: pipeline.into(), fingerprint: "f1".into(), seen_until }
    }

    #[test]
    fn a_slot_is_one_row_whatever_becomes_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path()).unwrap();
        let run = ledger.begin("folk", at("2026-11-23T08:00:01Z")).unwrap();
        let number = ledger.runs(None, 1).unwrap()[0].run;
        let due = slot("folk", "2026-11-23T08:00:00Z", SlotState::Due, "cron");
        let running = SlotEntry { state: SlotState::Running, run: Some(number), ..due.clone() };
        ledger.record(&[Event::Slot(due.clone()), remember("folk", "2026-11-23T08:00:00Z")]).unwrap();
        assert_eq!(ledger.slots(Some("folk"), 9).unwrap(), [due]);
        ledger.record(&[Event::Slot(running.clone())]).unwrap();
        let memory = &ledger.memory().unwrap()["folk"];
        let outcome = Some(Outcome::Running);
        let open = Open { due_at: running.due_at, cause: Cause::Cron, begun: true, run: Some(number), outcome };
        assert_eq!(memory.open, std::slice::from_ref(&open));
        // The run was ended before the daemon could write what that means for the slot.
        let entry = RunEntry { outcome: Outcome::Published, ..ledger.runs(None, 1).unwrap().remove(0) };
        ledger.end(run, &entry).unwrap();
        let memory = &ledger.memory().unwrap()["folk"];
        assert_eq!(memory.open, [Open { outcome: Some(Outcome::Published), ..open }]);
        // An entry without a run keeps the one that is known.
        ledger.record(&[Event::Slot(SlotEntry { state: SlotState::Handled, run: None, ..running })]).unwrap();
        let slots = ledger.slots(None, 9).unwrap();
        assert_eq!((slots.len(), slots[0].state, slots[0].run), (1, SlotState::Handled, Some(number)));
        assert_eq!(ledger.memory().unwrap()["folk"].open, []);
    }

    #[test]
    fn all_events_are_written_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path()).unwrap();
        let lost = SlotEntry { run: Some(77), ..slot("folk", "2026-11-23T09:00:00Z", SlotState::Running, "cron") };
        let first = slot("folk", "2026-11-23T08:00:00Z", SlotState::Due, "cron");
        ledger.record(&[Event::Slot(first), Event::Slot(lost)]).unwrap_err();
        assert_eq!(ledger.slots(None, 9).unwrap(), []);
    }

    #[test]
    fn memory_tells_what_failed_since_the_last_success_and_what_was_last() {
        let ledger = Ledger::in_memory().unwrap();
        let mut events = vec![remember("folk", "2026-11-23T12:00:00.5Z"), remember("ny", "2026-11-23T12:00:00Z")];
        for (hour, state) in [
            (6, SlotState::Failed),
            (7, SlotState::Handled),
            (8, SlotState::Failed),
            (9, SlotState::Failed),
            (10, SlotState::Skipped),
        ] {
            events.push(Event::Slot(slot("folk", &format!("2026-11-23T{hour:02}:00:00Z"), state, "x")));
        }
        events.push(Event::Slot(slot("borta", "2026-11-23T06:00:00Z", SlotState::Due, "after folk")));
        ledger.record(&events).unwrap();
        let memory = ledger.memory().unwrap();
        let folk = &memory["folk"];
        assert_eq!(folk.failed_since, Some(at("2026-11-23T08:00:00Z")));
        assert_eq!(folk.last, Some(at("2026-11-23T10:00:00Z")));
        let seen_until = at("2026-11-23T12:00:00.5Z");
        assert_eq!(folk.scheduled, Some(Scheduled { fingerprint: "f1".into(), seen_until }));
        assert_eq!((memory["ny"].last, memory["ny"].failed_since), (None, None));
        assert_eq!(memory["borta"].scheduled, None);
        assert_eq!(memory["borta"].open[0].cause, Cause::After("folk".into()));
        ledger.record(&[Event::Forget { pipeline: "ny".into() }]).unwrap();
        assert!(!ledger.memory().unwrap().contains_key("ny"));
    }

    #[test]
    fn slots_come_newest_first_and_old_ones_go_unless_they_are_open() {
        let ledger = Ledger::in_memory().unwrap();
        let old = SlotEntry {
            last: at("2025-02-01T00:00:00Z"),
            count: 32,
            ..slot("a", "2025-01-01T00:00:00Z", SlotState::Skipped, "missed")
        };
        let open = slot("a", "2025-01-15T00:00:00Z", SlotState::Due, "cron");
        let b = slot("b", "2026-11-23T00:00:00Z", SlotState::Handled, "cron");
        let a = slot("a", "2026-11-22T00:00:00Z", SlotState::Handled, "by hand");
        ledger.record(&[&old, &open, &b, &a].map(|slot| Event::Slot(slot.clone()))).unwrap();
        assert_eq!(ledger.slots(None, 2).unwrap(), [b, a.clone()]);
        assert_eq!(ledger.prune_slots(at("2025-02-01T00:00:00Z")).unwrap(), 0);
        assert_eq!(ledger.slots(Some("a"), 9).unwrap(), [a.clone(), open.clone(), old]);
        assert_eq!(ledger.prune_slots(at("2026-11-23T00:00:00Z").checked_sub(SLOTS_KEPT).unwrap()).unwrap(), 1);
        assert_eq!(ledger.slots(Some("a"), 9).unwrap(), [a, open]);
    }

    #[test]
    fn what_was_written_by_a_clock_that_ran_ahead_goes() {
        let ledger = Ledger::in_memory().unwrap();
        let kept = slot("a", "2026-11-22T00:00:00Z", SlotState::Handled, "cron");
        let open = slot("a", "2031-01-01T00:00:00Z", SlotState::Running, "cron");
        let ahead = slot("a", "2030-01-01T00:00:00Z", SlotState::Skipped, "missed");
        ledger.record(&[kept.clone(), ahead, open.clone()].map(Event::Slot)).unwrap();
        ledger.record(&[Event::SetBack { to: at("2026-11-23T00:00:00Z") }]).unwrap();
        assert_eq!(ledger.slots(None, 9).unwrap(), [open, kept]);
    }
}
