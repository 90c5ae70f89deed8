//! Every answer as it came: bodies named by their content, compressed, and an
//! index with one line per answer. Nothing is ever changed or removed here,
//! save that a damaged object is replaced by a sound copy of itself.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::error::FetchError;
use super::incoming::Incoming;
use super::lock;
use super::object::Object;
use super::request::{AnswerRecord, Identity, Method, Original};
use crate::store::Storage;

/// More than any cap on answers should be set to; keeps a damaged object from filling the memory.
const MAX_OBJECT: u64 = 8 << 30;
const ZSTD_LEVEL: i32 = 3;

/// The number of this program's index lines; [`Records`] reads every older one.
const FORMAT: u32 = 2;

const INDEX: &str = "archive/index";

/// `archive/` where the lake lies.
#[derive(Debug)]
pub struct Archive {
    storage: Arc<dyn Storage>,
    appending: Mutex<()>,
}

/// All that is known of an answer before its body is filed.
#[derive(Clone, Debug)]
pub struct Envelope {
    pub identity: Identity,
    pub source: String,
    pub method: Method,
    /// As it may be shown: without secrets.
    pub url: String,
    pub request_body: Option<String>,
    pub fetched_at: Timestamp,
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub synthetic: bool,
}

/// A line of the index. The first format had no number; the second says the same and has one.
#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(default = "first_format")]
    format: u32,
    #[serde(flatten)]
    record: AnswerRecord,
}

/// The number alone, so that a line of a later program is told from a damaged one.
#[derive(Deserialize)]
struct Numbered {
    #[serde(default = "first_format")]
    format: u32,
}

const fn first_format() -> u32 {
    1
}

impl Archive {
    pub fn open(storage: Arc<dyn Storage>) -> Self {
        Self { storage, appending: Mutex::new(()) }
    }

    /// Files the body, unless a sound copy is there already, then the line about it. When
    /// this returns, both are durable.
    pub fn put(&self, envelope: Envelope, body: &Bytes) -> Result<AnswerRecord, FetchError> {
        let hash = self.keep(body)?;
        let record = AnswerRecord {
            identity: envelope.identity,
            source: envelope.source,
            method: envelope.method,
            url: envelope.url,
            request_body: envelope.request_body,
            fetched_at: envelope.fetched_at,
            status: envelope.status,
            headers: envelope.headers,
            hash,
            size: body.len() as u64,
            original: None,
            synthetic: envelope.synthetic,
        };
        self.note(record)
    }

    /// A file to write a body of unknown length into, in a folder on this machine.
    pub(super) fn receive(folder: &Path, scrubbed: bool) -> Result<Incoming, FetchError> {
        // What is left of a scrubbed body packs well anyhow, and the time for it counts.
        Incoming::create(folder, if scrubbed { 1 } else { ZSTD_LEVEL })
    }

    /// Files a body that was received, unless a sound copy is there already, then the line about it. When this
    /// returns, both are durable.
    pub(super) fn put_received(
        &self,
        envelope: Envelope,
        incoming: Incoming,
        original: Option<Original>,
    ) -> Result<AnswerRecord, FetchError> {
        let whole = incoming.finish()?;
        if self.look(&whole.hash).is_err() {
            self.storage.take(whole.path(), &Self::place(&whole.hash))?;
        }
        let record = AnswerRecord {
            identity: envelope.identity,
            source: envelope.source,
            method: envelope.method,
            url: envelope.url,
            request_body: envelope.request_body,
            fetched_at: envelope.fetched_at,
            status: envelope.status,
            headers: envelope.headers,
            hash: whole.hash.clone(),
            size: whole.size,
            original,
            synthetic: envelope.synthetic,
        };
        self.note(record)
    }

    fn note(&self, record: AnswerRecord) -> Result<AnswerRecord, FetchError> {
        let month = record.fetched_at.to_zoned(TimeZone::UTC).strftime("%Y-%m");
        let key = format!("{INDEX}/{month}");
        let line = Line { format: FORMAT, record };
        let text = serde_json::to_string(&line)
            .map_err(|fault| FetchError::io("write", self.storage.address(&key).as_ref())(fault.into()))?;
        let _turn = lock(&self.appending);
        self.storage.append(&key, &text)?;
        Ok(line.record)
    }

    /// Files bytes under their hash, unless a sound copy is there already; the hash. No line is written about them:
    /// a manifest names them (a recipe, accepted metadata).
    pub fn keep(&self, body: &[u8]) -> Result<String, FetchError> {
        let hash = blake3::hash(body).to_hex().to_string();
        // A copy that was damaged meanwhile is worth replacing, so existing is not enough.
        if self.read(&hash).is_err() {
            let key = Self::place(&hash);
            let packed = zstd::bulk::compress(body, ZSTD_LEVEL)
                .map_err(|fault| FetchError::io("write", self.storage.address(&key).as_ref())(fault))?;
            self.storage.write(&key, &packed)?;
        }
        Ok(hash)
    }

    /// The body of this hash (BLAKE3, hex), checked against it.
    pub fn read(&self, hash: &str) -> Result<Bytes, FetchError> {
        let key = Self::place(hash);
        let damaged = |reason: String| FetchError::Damaged { path: PathBuf::from(self.storage.address(&key)), reason };
        if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(damaged(format!("{hash:?} is not a BLAKE3 hash")));
        }
        let packed = self.storage.read(&key)?.ok_or_else(|| damaged("it is not there".to_owned()))?;
        let decoder =
            zstd::stream::read::Decoder::with_buffer(packed.as_ref()).map_err(|fault| damaged(fault.to_string()))?;
        let mut body = Vec::new();
        decoder.take(MAX_OBJECT + 1).read_to_end(&mut body).map_err(|fault| damaged(fault.to_string()))?;
        if body.len() as u64 > MAX_OBJECT {
            return Err(damaged(format!("it unpacks to more than {MAX_OBJECT} bytes")));
        }
        if blake3::hash(&body).to_hex().as_str() != hash {
            return Err(damaged("its content does not have the hash that it is named by".to_owned()));
        }
        Ok(Bytes::from(body))
    }

    /// Reads an object through, to see that it is sound; its size.
    pub fn look(&self, hash: &str) -> Result<u64, FetchError> {
        std::io::copy(&mut self.open_object(hash)?, &mut std::io::sink()).map_err(|fault| self.damaged(hash, &fault))
    }

    /// The body of this hash as a stream. What it holds is only known to be sound when its end was reached without an
    /// error.
    pub fn open_object(&self, hash: &str) -> Result<Object, FetchError> {
        let fault = |reason: &str| self.damaged(hash, &reason);
        if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(fault(&format!("{hash:?} is not a BLAKE3 hash")));
        }
        let packed = self.storage.open(&Self::place(hash))?.ok_or_else(|| fault("it is not there"))?;
        Object::open(packed, hash).map_err(|error| fault(&error.to_string()))
    }

    pub(super) fn damaged(&self, hash: &str, reason: &dyn std::fmt::Display) -> FetchError {
        let path = PathBuf::from(self.storage.address(&Self::place(hash)));
        FetchError::Damaged { path, reason: reason.to_string() }
    }

    /// The whole index, oldest month first.
    pub fn records(&self) -> Result<Records, FetchError> {
        let below = format!("{INDEX}/");
        let month = |key: String| {
            let name = key.strip_prefix(&below)?.split('/').next()?;
            Some(name.strip_suffix(".jsonl").unwrap_or(name).to_owned())
        };
        let mut months: Vec<String> =
            self.storage.list(INDEX)?.into_iter().filter_map(|entry| month(entry.key)).collect();
        // Taken from the back.
        months.sort_unstable_by(|one, other| other.cmp(one));
        months.dedup();
        Ok(Records { storage: Arc::clone(&self.storage), months, place: String::new(), lines: Vec::new().into_iter() })
    }

    /// Where, from the lake's root, a body of this hash lies, for an operator who wants to look at it.
    pub fn place(hash: &str) -> String {
        let (folder, name) = hash.split_at_checked(2).unwrap_or(("", hash));
        format!("archive/objects/{folder}/{name}.zst")
    }
}

/// Iterates over the lines of the index, a month in memory at a time. Lines that are not whole are skipped with a
/// warning: an interrupted write leaves such.
#[derive(Debug)]
pub struct Records {
    storage: Arc<dyn Storage>,
    months: Vec<String>,
    place: String,
    lines: std::vec::IntoIter<String>,
}

impl Records {
    fn record(&self, line: &str) -> Option<Result<AnswerRecord, FetchError>> {
        match serde_json::from_str::<Numbered>(line) {
            Ok(Numbered { format }) if format > FORMAT => {
                return Some(Err(FetchError::Newer { place: self.place.clone(), format, known: FORMAT }));
            }
            _ => {}
        }
        match serde_json::from_str::<Line>(line) {
            Ok(line) => Some(Ok(line.record)),
            Err(fault) => {
                tracing::warn!(
                    index = self.place,
                    %fault,
                    "skipped a line that is not whole; an interrupted write leaves such lines"
                );
                None
            }
        }
    }
}

impl Iterator for Records {
    type Item = Result<AnswerRecord, FetchError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            while let Some(line) = self.lines.next() {
                if let Some(record) = self.record(&line) {
                    return Some(record);
                }
            }
            let key = format!("{INDEX}/{}", self.months.pop()?);
            self.place = self.storage.address(&key);
            match self.storage.lines(&key) {
                Ok(lines) => self.lines = lines.into_iter(),
                Err(fault) => return Some(Err(fault.into())),
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::fs;

    use super::*;
    use crate::fetch::Request;
    use crate::store::LocalFolder;

    pub fn archive(folder: &Path) -> Archive {
        Archive::open(Arc::new(LocalFolder::new(folder)))
    }

    pub fn envelope(path: &str, at: &str) -> Envelope {
        Envelope {
            identity: Request::get(path).identity("scb"),
            source: "scb".to_owned(),
            method: Method::Get,
            url: format!("https://a.example{path}"),
            request_body: None,
            fetched_at: at.parse().unwrap(),
            status: 200,
            headers: BTreeMap::new(),
            synthetic: false,
        }
    }

    fn index(folder: &Path) -> PathBuf {
        folder.join("archive/index/2026-11.jsonl")
    }

    #[test]
    fn a_body_comes_back_and_is_kept_once() {
        let folder = tempfile::tempdir().unwrap();
        let archive = archive(folder.path());
        let body = Bytes::from_static(b"{\"value\":[1,2]}");
        let first = archive.put(envelope("/a", "2026-11-23T08:00:00Z"), &body).unwrap();
        let second = archive.put(envelope("/b", "2026-12-01T00:00:00Z"), &body).unwrap();
        assert_eq!(first.hash, second.hash);
        assert_eq!(first.size, 15);
        assert_eq!(archive.read(&first.hash).unwrap(), body);
        let (start, rest) = first.hash.split_at(2);
        let names: Vec<_> = fs::read_dir(folder.path().join("archive/objects").join(start)).unwrap().collect();
        assert_eq!(names.len(), 1);
        assert_eq!(names[0].as_ref().unwrap().file_name().to_str().unwrap(), format!("{rest}.zst"));
        let records: Vec<_> = archive.records().unwrap().map(Result::unwrap).collect();
        assert_eq!(records, [first, second]);
    }

    #[test]
    fn damage_is_named_and_mended_by_the_next_answer() {
        let folder = tempfile::tempdir().unwrap();
        let archive = archive(folder.path());
        let body = Bytes::from_static(b"[1]");
        let record = archive.put(envelope("/a", "2026-11-23T08:00:00Z"), &body).unwrap();
        let path = folder.path().join(Archive::place(&record.hash));
        fs::write(&path, zstd::bulk::compress(b"[2]", 3).unwrap()).unwrap();
        assert_eq!(
            archive.read(&record.hash).unwrap_err().to_string(),
            format!(
                "the archived answer {} is damaged: its content does not have the hash that it is named by",
                path.display()
            )
        );
        fs::write(&path, b"no zstd").unwrap();
        assert!(matches!(archive.read(&record.hash), Err(FetchError::Damaged { .. })));
        assert!(matches!(archive.read("../../etc/passwd"), Err(FetchError::Damaged { .. })));
        archive.put(envelope("/a", "2026-11-23T09:00:00Z"), &body).unwrap();
        assert_eq!(archive.read(&record.hash).unwrap(), body);
    }

    #[test]
    fn a_torn_line_spoils_neither_what_came_before_nor_after() {
        let folder = tempfile::tempdir().unwrap();
        let archive = archive(folder.path());
        let body = Bytes::from_static(b"[]");
        archive.put(envelope("/a", "2026-11-23T08:00:00Z"), &body).unwrap();
        let whole = fs::read(index(folder.path())).unwrap();
        let torn = [whole.as_slice(), &whole[..whole.len() / 2]].concat();
        fs::write(index(folder.path()), torn).unwrap();
        archive.put(envelope("/b", "2026-11-23T09:00:00Z"), &body).unwrap();
        let urls: Vec<_> = archive.records().unwrap().map(|record| record.unwrap().url).collect();
        assert_eq!(urls, ["https://a.example/a", "https://a.example/b"]);
    }

    #[test]
    fn lines_of_every_format_are_read_and_of_a_later_one_refused() {
        let folder = tempfile::tempdir().unwrap();
        let archive = archive(folder.path());
        // As the first release wrote it.
        let first = r#"{"identity":"00","source":"scb","method":"GET","url":"https://a.example/1","fetched_at":"2026-11-23T08:00:00Z","status":200,"headers":{},"hash":"00","size":2}"#;
        fs::create_dir_all(folder.path().join("archive/index")).unwrap();
        fs::write(index(folder.path()), format!("{first}\n")).unwrap();
        archive.put(envelope("/2", "2026-11-23T09:00:00Z"), &Bytes::from_static(b"[]")).unwrap();
        let urls: Vec<_> = archive.records().unwrap().map(|record| record.unwrap().url).collect();
        assert_eq!(urls, ["https://a.example/1", "https://a.example/2"]);
        let text = fs::read_to_string(index(folder.path())).unwrap();
        assert!(text.lines().nth(1).unwrap().starts_with("{\"format\":2,"), "{text}");

        fs::write(index(folder.path()), format!("{text}{{\"format\":3,\"of\":\"another kind\"}}\n")).unwrap();
        let error = archive.records().unwrap().find_map(Result::err).unwrap();
        assert_eq!(
            error.to_string(),
            format!(
                "{} has format 3, and this program reads up to 2",
                folder.path().join("archive/index/2026-11").display()
            )
        );
    }

    #[test]
    fn a_disk_error_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let archive = archive(folder.path());
        fs::create_dir_all(index(folder.path())).unwrap();
        let fault = archive.put(envelope("/a", "2026-11-23T08:00:00Z"), &Bytes::from_static(b"[]")).unwrap_err();
        assert_eq!(
            fault.to_string(),
            format!("could not write {}: Is a directory (os error 21)", index(folder.path()).display())
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_named_as_such() {
        let folder = tempfile::tempdir().unwrap();
        let archive = archive(folder.path());
        fs::create_dir_all(folder.path().join("archive/index")).unwrap();
        std::os::unix::fs::symlink("/dev/full", index(folder.path())).unwrap();
        let fault = archive.put(envelope("/a", "2026-11-23T08:00:00Z"), &Bytes::from_static(b"[]")).unwrap_err();
        assert_eq!(
            fault.to_string(),
            format!("could not write {}: No space left on device (os error 28)", index(folder.path()).display())
        );
        assert_eq!(
            fault.hint().unwrap(),
            "the disk is full: free space and run again; what was published before is untouched"
        );
    }
}
