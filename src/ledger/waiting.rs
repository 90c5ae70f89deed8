//! What was stopped and waits for an operator: at most one publish per pipeline.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use super::{Ledger, LedgerError};

/// One reason why a publish was stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// `fetch folk` or `dataset befolkning`.
    pub about: String,
    /// A sentence.
    pub what: String,
    /// The same with nothing left out: this is what is let through, and nothing else.
    pub whole: String,
}

impl Stop {
    pub fn sentence(&self) -> String {
        format!("{}: {}", self.about, self.what)
    }
}

/// A stopped publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub pipeline: String,
    /// When it was first stopped for these reasons.
    pub since: Timestamp,
    pub what: Vec<Stop>,
    /// BLAKE3 over the reasons and what they are about.
    pub fingerprint: String,
}

/// The same for the same reasons, in whatever order they were found.
pub fn fingerprint(stops: &[Stop]) -> String {
    let mut parts: Vec<(&str, &str)> = stops.iter().map(|stop| (stop.about.as_str(), stop.whole.as_str())).collect();
    parts.sort_unstable();
    let mut hasher = blake3::Hasher::new();
    for (about, whole) in parts {
        hasher.update(about.as_bytes()).update(&[0]).update(whole.as_bytes()).update(&[0]);
    }
    hasher.finalize().to_hex().to_string()
}

impl Ledger {
    /// Notes a stopped publish in place of any other of the pipeline; one that waits already has waited since then.
    pub fn wait(&self, pipeline: &str, stops: &[Stop], now: Timestamp) -> Result<(), LedgerError> {
        let what = serde_json::to_string(stops).unwrap_or_default();
        self.lock().execute(
            "INSERT INTO waiting (pipeline, since, what, fingerprint) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (pipeline) DO UPDATE SET
             since = CASE WHEN fingerprint = excluded.fingerprint THEN since ELSE excluded.since END,
             what = excluded.what, fingerprint = excluded.fingerprint",
            params![pipeline, now.to_string(), what, fingerprint(stops)],
        )?;
        Ok(())
    }

    pub fn waiting(&self, pipeline: &str) -> Result<Option<Waiting>, LedgerError> {
        let connection = self.lock();
        let row = connection
            .query_row("SELECT since, what FROM waiting WHERE pipeline = ?1", [pipeline], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
            })
            .optional()?;
        let Some((since, what)) = row else { return Ok(None) };
        // A line that can't be read means no more than that the next run stops again.
        let Ok(what) = serde_json::from_str::<Vec<Stop>>(&what) else { return Ok(None) };
        let since = since.parse().unwrap_or(Timestamp::UNIX_EPOCH);
        Ok(Some(Waiting { pipeline: pipeline.to_owned(), since, fingerprint: fingerprint(&what), what }))
    }

    /// Nothing of the pipeline waits any longer.
    pub fn stop_waiting(&self, pipeline: &str) -> Result<(), LedgerError> {
        self.lock().execute("DELETE FROM waiting WHERE pipeline = ?1", [pipeline])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop(about: &str, what: &str) -> Stop {
        Stop { about: about.into(), what: what.into(), whole: what.into() }
    }

    #[test]
    fn what_waits_keeps_its_date_until_it_is_something_else() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path()).unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(ledger.waiting("folk").unwrap(), None);
        let (first, second) = (stop("fetch a", "x"), stop("fetch b", "y"));
        ledger.wait("folk", &[first.clone(), second.clone()], at("2026-11-01T06:00:00Z")).unwrap();
        ledger.wait("folk", &[second, first.clone()], at("2026-11-02T06:00:00Z")).unwrap();
        let waiting = ledger.waiting("folk").unwrap().unwrap();
        assert_eq!((waiting.since, waiting.what.len()), (at("2026-11-01T06:00:00Z"), 2));
        ledger.wait("folk", &[first], at("2026-11-03T06:00:00Z")).unwrap();
        let other = ledger.waiting("folk").unwrap().unwrap();
        assert_eq!(other.since, at("2026-11-03T06:00:00Z"));
        assert_ne!(other.fingerprint, waiting.fingerprint);
        assert_eq!(ledger.waiting("annan").unwrap(), None);
        ledger.stop_waiting("folk").unwrap();
        assert_eq!(ledger.waiting("folk").unwrap(), None);
    }

    #[test]
    fn a_fingerprint_tells_what_a_reason_is_about() {
        assert_ne!(fingerprint(&[stop("fetch a", "x")]), fingerprint(&[stop("fetch b", "x")]));
        assert_ne!(fingerprint(&[stop("fetch a", "x")]), fingerprint(&[stop("fetch a", "x"), stop("fetch a", "y")]));
    }
}
