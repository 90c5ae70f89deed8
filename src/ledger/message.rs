//! What is told: the state of each matter, and the messages that wait to be delivered or were. A change of state and
//! the message that tells of it are written in one transaction, so that a crash loses neither or both.

use std::fmt;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::Serialize;

use super::{Ledger, LedgerError};

/// A matter of a subject: whether it is so, and what was told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// `pipeline befolkning`, `source scb`, `configuration`.
    pub subject: String,
    pub matter: String,
    pub raised: bool,
    /// In this state.
    pub since: Timestamp,
    pub text: String,
    pub told: Told,
    /// When it was lately raised, or became something else.
    pub changes: Vec<Timestamp>,
}

/// What its readers believe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// Nothing is wrong.
    Nothing,
    Raised,
    /// It comes and goes, and they hear more when it has settled.
    Unstable,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "",
            Self::Raised => "raised",
            Self::Unstable => "unstable",
        })
    }
}

/// One message to one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    pub id: i64,
    pub channel: String,
    pub made_at: Timestamp,
    /// JSON; what the tellers wrote.
    pub body: String,
    pub tries: u32,
    pub next_try: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// What became of the last try.
    pub outcome: String,
}

/// Conditions and messages inside one transaction.
pub struct Notes<'t>(&'t Connection);

const CONDITION: &str = "SELECT subject, matter, state, since, text, told, changes FROM condition";
const MESSAGE: &str = "SELECT id, channel, made_at, body, tries, next_try, ended_at, outcome FROM message";

impl Notes<'_> {
    pub fn condition(&self, subject: &str, matter: &str) -> Result<Option<Condition>, LedgerError> {
        let mut statement = self.0.prepare_cached(&format!("{CONDITION} WHERE subject = ?1 AND matter = ?2"))?;
        Ok(statement.query_row(params![subject, matter], read_condition).optional()?)
    }

    /// Every condition, by subject.
    pub fn conditions(&self) -> Result<Vec<Condition>, LedgerError> {
        let mut statement = self.0.prepare_cached(&format!("{CONDITION} ORDER BY subject, matter"))?;
        Ok(statement.query_map([], read_condition)?.collect::<Result<_, _>>()?)
    }

    pub fn put(&self, condition: &Condition) -> Result<(), LedgerError> {
        let changes: Vec<String> = condition.changes.iter().map(ToString::to_string).collect();
        self.0.execute(
            "INSERT OR REPLACE INTO condition (subject, matter, state, since, text, told, changes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                condition.subject,
                condition.matter,
                if condition.raised { "raised" } else { "cleared" },
                condition.since.to_string(),
                condition.text,
                condition.told.to_string(),
                serde_json::to_string(&changes).unwrap_or_default(),
            ],
        )?;
        Ok(())
    }

    pub fn remove(&self, subject: &str, matter: &str) -> Result<(), LedgerError> {
        self.0.execute("DELETE FROM condition WHERE subject = ?1 AND matter = ?2", params![subject, matter])?;
        Ok(())
    }

    /// The channel's message that nobody has tried to deliver yet: what happens now is added to it.
    pub fn untried(&self, channel: &str) -> Result<Option<Message>, LedgerError> {
        let mut statement = self.0.prepare_cached(&format!(
            "{MESSAGE} WHERE channel = ?1 AND ended_at IS NULL AND tries = 0 ORDER BY id DESC LIMIT 1"
        ))?;
        Ok(statement.query_row([channel], read_message).optional()?)
    }

    pub fn add(&self, channel: &str, made_at: Timestamp, body: &str, next_try: Timestamp) -> Result<(), LedgerError> {
        self.0.execute(
            "INSERT INTO message (channel, made_at, body, next_try) VALUES (?1, ?2, ?3, ?4)",
            params![channel, made_at.to_string(), body, next_try.to_string()],
        )?;
        Ok(())
    }

    pub fn rewrite(&self, message: i64, body: &str) -> Result<(), LedgerError> {
        self.0.execute("UPDATE message SET body = ?2 WHERE id = ?1", params![message, body])?;
        Ok(())
    }

    /// A message of which nothing is left to tell.
    pub fn drop_message(&self, message: i64) -> Result<(), LedgerError> {
        self.0.execute("DELETE FROM message WHERE id = ?1", [message])?;
        Ok(())
    }

    /// Forgets messages that ended before then.
    pub fn forget_messages(&self, before: Timestamp) -> Result<(), LedgerError> {
        let mut statement = self.0.prepare_cached("SELECT id, ended_at FROM message WHERE ended_at IS NOT NULL")?;
        let ended = statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
        for row in ended {
            let (id, at) = row?;
            if at.parse::<Timestamp>().is_ok_and(|at| at < before) {
                self.drop_message(id)?;
            }
        }
        Ok(())
    }
}

impl Ledger {
    /// All of what `change` does, or nothing.
    pub fn note<R>(&self, change: impl FnOnce(&Notes<'_>) -> Result<R, LedgerError>) -> Result<R, LedgerError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let result = change(&Notes(&transaction))?;
        transaction.commit()?;
        Ok(result)
    }

    /// What is so now, by subject.
    pub fn raised(&self) -> Result<Vec<Condition>, LedgerError> {
        let conditions = Notes(&self.lock()).conditions()?;
        Ok(conditions.into_iter().filter(|condition| condition.raised).collect())
    }

    /// Messages that are not ended, oldest first.
    pub fn waiting_messages(&self) -> Result<Vec<Message>, LedgerError> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(&format!("{MESSAGE} WHERE ended_at IS NULL ORDER BY id"))?;
        Ok(statement.query_map([], read_message)?.collect::<Result<_, _>>()?)
    }

    /// Newest first.
    pub fn messages(&self, limit: u32) -> Result<Vec<Message>, LedgerError> {
        let connection = self.lock();
        let mut statement = connection.prepare(&format!("{MESSAGE} ORDER BY id DESC LIMIT ?1"))?;
        Ok(statement.query_map([limit], read_message)?.collect::<Result<_, _>>()?)
    }

    /// A try begins: the message as it now is, to which nothing more is added, even should the program end before the
    /// answer. None when nothing of it was left to tell.
    pub fn begin_message(&self, message: i64) -> Result<Option<Message>, LedgerError> {
        let connection = self.lock();
        connection.execute("UPDATE message SET tries = tries + 1 WHERE id = ?1 AND ended_at IS NULL", [message])?;
        let mut statement = connection.prepare_cached(&format!("{MESSAGE} WHERE id = ?1 AND ended_at IS NULL"))?;
        Ok(statement.query_row([message], read_message).optional()?)
    }

    /// Whatever was tried in vain is to be tried again now.
    pub fn hurry_messages(&self, now: Timestamp) -> Result<(), LedgerError> {
        let hurry = "UPDATE message SET next_try = ?1 WHERE ended_at IS NULL AND tries > 0";
        self.lock().execute(hurry, [now.to_string()])?;
        Ok(())
    }

    /// What became of a try.
    pub fn message_tried(&self, message: &Message) -> Result<(), LedgerError> {
        self.lock().execute(
            "UPDATE message SET body = ?2, tries = ?3, next_try = ?4, ended_at = ?5, outcome = ?6 WHERE id = ?1",
            params![
                message.id,
                message.body,
                message.tries,
                message.next_try.to_string(),
                message.ended_at.map(|at| at.to_string()),
                message.outcome,
            ],
        )?;
        Ok(())
    }
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap_or(Timestamp::UNIX_EPOCH)
}

fn read_condition(row: &Row<'_>) -> rusqlite::Result<Condition> {
    let changes: Vec<String> = serde_json::from_str(&row.get::<_, String>(6)?).unwrap_or_default();
    Ok(Condition {
        subject: row.get(0)?,
        matter: row.get(1)?,
        raised: row.get::<_, String>(2)? == "raised",
        since: time(&row.get::<_, String>(3)?),
        text: row.get(4)?,
        told: match row.get::<_, String>(5)?.as_str() {
            "raised" => Told::Raised,
            "unstable" => Told::Unstable,
            _ => Told::Nothing,
        },
        changes: changes.iter().filter_map(|at| at.parse().ok()).collect(),
    })
}

fn read_message(row: &Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message {
        id: row.get(0)?,
        channel: row.get(1)?,
        made_at: time(&row.get::<_, String>(2)?),
        body: row.get(3)?,
        tries: row.get::<_, i64>(4)?.try_into().unwrap_or(u32::MAX),
        next_try: time(&row.get::<_, String>(5)?),
        ended_at: row.get::<_, Option<String>>(6)?.map(|at| time(&at)),
        outcome: row.get(7)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_condition_is_read_as_it_was_written() {
        let ledger = Ledger::in_memory().unwrap();
        let condition = Condition {
            subject: "pipeline folk".into(),
            matter: "failed".into(),
            raised: true,
            since: at("2026-11-01T06:00:00Z"),
            text: "något gick fel".into(),
            told: Told::Unstable,
            changes: vec![at("2026-11-01T05:00:00Z"), at("2026-11-01T06:00:00Z")],
        };
        ledger.note(|notes| notes.put(&condition)).unwrap();
        assert_eq!(ledger.raised().unwrap(), std::slice::from_ref(&condition));
        ledger.note(|notes| notes.put(&Condition { raised: false, ..condition.clone() })).unwrap();
        assert!(ledger.raised().unwrap().is_empty());
        ledger.note(|notes| notes.remove("pipeline folk", "failed")).unwrap();
        assert_eq!(ledger.note(|notes| notes.condition("pipeline folk", "failed")).unwrap(), None);
    }

    #[test]
    fn what_fails_in_between_leaves_nothing() {
        let ledger = Ledger::in_memory().unwrap();
        let now = at("2026-11-01T06:00:00Z");
        let fails = ledger.note(|notes| {
            notes.add("drift", now, "{}", now)?;
            Err::<(), _>(LedgerError::damaged("made up".into()))
        });
        assert!(fails.is_err());
        assert!(ledger.waiting_messages().unwrap().is_empty());
    }

    #[test]
    fn a_message_is_added_to_until_it_is_tried_and_kept_until_forgotten() {
        let ledger = Ledger::in_memory().unwrap();
        let now = at("2026-11-01T06:00:00Z");
        ledger.note(|notes| notes.add("drift", now, "{}", now)).unwrap();
        let untried = || ledger.note(|notes| notes.untried("drift")).unwrap();
        let mut message = untried().unwrap();
        assert_eq!(ledger.note(|notes| notes.untried("annan")).unwrap(), None);
        // What was added since it was read belongs to it.
        ledger.note(|notes| notes.rewrite(message.id, "{\"items\":[]}")).unwrap();
        message = ledger.begin_message(message.id).unwrap().unwrap();
        assert_eq!((message.tries, message.body.as_str()), (1, "{\"items\":[]}"));
        assert_eq!(untried(), None);
        ledger.hurry_messages(at("2026-11-01T05:00:00Z")).unwrap();
        assert_eq!(ledger.waiting_messages().unwrap()[0].next_try, at("2026-11-01T05:00:00Z"));
        assert_eq!(ledger.begin_message(99).unwrap(), None);
        message.ended_at = Some(now);
        message.outcome = "delivered".into();
        ledger.message_tried(&message).unwrap();
        assert!(ledger.waiting_messages().unwrap().is_empty());
        assert_eq!(ledger.messages(9).unwrap(), [message.clone()]);
        // What is ended stays so.
        ledger.hurry_messages(now).unwrap();
        assert_eq!(ledger.begin_message(message.id).unwrap(), None);
        assert_eq!(ledger.messages(9).unwrap()[0].tries, 1);
        ledger.note(|notes| notes.forget_messages(now)).unwrap();
        assert_eq!(ledger.messages(9).unwrap().len(), 1);
        ledger.note(|notes| notes.forget_messages(at("2026-11-02T06:00:00Z"))).unwrap();
        assert!(ledger.messages(9).unwrap().is_empty());
    }
}
