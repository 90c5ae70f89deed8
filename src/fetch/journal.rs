//! What a run has in hand, so that a run that was killed can be completed by
//! the next without repeating the calls that had succeeded. It holds only
//! answers that were accepted, never ones that could not be decoded.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;

use super::error::FetchError;
use super::lines::Lines;
use super::lock;
use super::request::{AnswerRecord, Identity};
use crate::store;

/// `journal.jsonl` in a pipeline's folder below `stage/`.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    opened: Timestamp,
    records: Mutex<HashMap<Identity, AnswerRecord>>,
}

impl Journal {
    /// `dir` is `stage/PIPELINE`; it is made when there is something to write. Answers older
    /// than `resume_within` at `now` are left out.
    pub fn open(dir: &Path, resume_within: Duration, now: Timestamp) -> Result<Self, FetchError> {
        let path = dir.join("journal.jsonl");
        let mut records = HashMap::new();
        for record in Lines::<AnswerRecord>::open(&path)? {
            let record = record?;
            let age = Duration::try_from(now.duration_since(record.fetched_at)).unwrap_or_default();
            if age <= resume_within {
                records.insert(record.identity.clone(), record);
            }
        }
        Ok(Self { path, opened: now, records: Mutex::new(records) })
    }

    /// The pipeline's folder of work in progress.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    pub fn get(&self, identity: &Identity) -> Option<AnswerRecord> {
        lock(&self.records).get(identity).cloned()
    }

    /// Writes and syncs a line, unless the same answer is there already.
    pub fn add(&self, record: &AnswerRecord) -> Result<(), FetchError> {
        let mut records = lock(&self.records);
        if records.get(&record.identity) == Some(record) {
            return Ok(());
        }
        if let Some(folder) = self.path.parent() {
            store::create_folder(folder)?;
        }
        let line = serde_json::to_string(record).map_err(|fault| FetchError::io("write", &self.path)(fault.into()))?;
        store::append_line(&self.path, &line)?;
        records.insert(record.identity.clone(), record.clone());
        Ok(())
    }

    /// Whether an answer came since the journal was opened.
    pub fn is_of_this_run(&self, record: &AnswerRecord) -> bool {
        record.fetched_at >= self.opened
    }

    /// What interrupted runs were answered by a source is out of date.
    pub fn forget_earlier(&self, source: &str) -> Result<(), FetchError> {
        let mut records = lock(&self.records);
        records.retain(|_, record| record.source != source || self.is_of_this_run(record));
        if self.path.exists() {
            store::remove_file(&self.path)?;
        }
        for record in records.values() {
            let line =
                serde_json::to_string(record).map_err(|fault| FetchError::io("write", &self.path)(fault.into()))?;
            store::append_line(&self.path, &line)?;
        }
        Ok(())
    }

    /// The run is complete, or shall begin afresh: forgets everything.
    pub fn finish(&self) -> Result<(), FetchError> {
        let mut records = lock(&self.records);
        records.clear();
        if !self.path.exists() {
            return Ok(());
        }
        store::remove_file(&self.path)?;
        Ok(store::sync_parent(&self.path)?)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::io::Write;

    use bytes::Bytes;

    use super::super::archive::tests::{archive, envelope};
    use super::*;
    use crate::fetch::Request;

    const DAY: Duration = Duration::from_hours(24);

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_killed_run_leaves_its_accepted_answers() {
        let folder = tempfile::tempdir().unwrap();
        let stage = folder.path().join("stage/befolkning");
        let archive = archive(folder.path());
        let put = |path: &str, time: &str| archive.put(envelope(path, time), &Bytes::from_static(b"[]")).unwrap();
        let (old, new) = (put("/old", "2026-11-20T08:00:00Z"), put("/new", "2026-11-23T07:00:00Z"));

        let journal = Journal::open(&stage, DAY, at("2026-11-23T08:00:00Z")).unwrap();
        assert!(!stage.exists(), "nothing is written before there is something to write");
        for record in [&old, &new, &new] {
            journal.add(record).unwrap();
        }
        let file = stage.join("journal.jsonl");
        assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 2);
        OpenOptions::new().append(true).open(&file).unwrap().write_all(b"{\"identity\":\"ab").unwrap();

        let journal = Journal::open(&stage, DAY, at("2026-11-23T08:00:00Z")).unwrap();
        assert_eq!(journal.get(&Request::get("/new").identity("scb")), Some(new.clone()));
        assert_eq!(journal.get(&Request::get("/old").identity("scb")), None, "too old to be used");
        let third = put("/third", "2026-11-23T08:00:00Z");
        journal.add(&third).unwrap();

        let journal = Journal::open(&stage, DAY, at("2026-11-23T08:00:00Z")).unwrap();
        assert_eq!(lock(&journal.records).len(), 2, "the torn line has not swallowed the next");
        journal.finish().unwrap();
        journal.finish().unwrap();
        assert!(lock(&journal.records).is_empty() && !file.exists());
    }
}
