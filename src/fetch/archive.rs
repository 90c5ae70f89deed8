//! Every answer as it came: bodies named by their content, compressed, and an
//! index with one line per answer. Nothing is ever changed or removed here,
//! save that a damaged object is replaced by a sound copy of itself.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use bytes::Bytes;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::error::FetchError;
use super::lines::Lines;
use super::lock;
use super::request::{AnswerRecord, Identity, Method};
use crate::store;

/// More than any cap on answers should be set to; keeps a damaged object from filling the memory.
const MAX_OBJECT: u64 = 8 << 30;
const ZSTD_LEVEL: i32 = 3;

/// `archive/` in the data folder.
#[derive(Debug)]
pub struct Archive {
    objects: PathBuf,
    index: PathBuf,
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

impl Archive {
    pub fn open(data_dir: &Path) -> Result<Self, FetchError> {
        let objects = data_dir.join("archive").join("objects");
        let index = data_dir.join("archive").join("index");
        store::create_folder(&objects)?;
        store::create_folder(&index)?;
        Ok(Self { objects, index, appending: Mutex::new(()) })
    }

    /// Files the body, unless a sound copy is there already, then the line about it. When
    /// this returns, both are on the disk.
    pub fn put(&self, envelope: Envelope, body: &Bytes) -> Result<AnswerRecord, FetchError> {
        let hash = self.put_object(body)?;
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
            synthetic: envelope.synthetic,
        };
        let month = record.fetched_at.to_zoned(TimeZone::UTC).strftime("%Y-%m.jsonl").to_string();
        let path = self.index.join(month);
        let line = serde_json::to_string(&record).map_err(|fault| FetchError::io("write", &path)(fault.into()))?;
        let _turn = lock(&self.appending);
        store::append_line(&path, &line)?;
        Ok(record)
    }

    /// Files bytes that are no answer (a recipe, accepted metadata) under their hash, which a manifest names.
    pub fn put_object(&self, bytes: &[u8]) -> Result<String, FetchError> {
        let hash = blake3::hash(bytes).to_hex().to_string();
        let path = self.object(&hash);
        // A copy that was damaged meanwhile is worth replacing, so existing is not enough.
        if !path.exists() || self.read(&hash).is_err() {
            if let Some(folder) = path.parent() {
                store::create_folder(folder)?;
            }
            let packed = zstd::bulk::compress(bytes, ZSTD_LEVEL).map_err(FetchError::io("write", &path))?;
            store::place_file(&path, &packed)?;
        }
        Ok(hash)
    }

    /// The body of this hash (BLAKE3, hex), checked against it.
    pub fn read(&self, hash: &str) -> Result<Bytes, FetchError> {
        let path = self.object(hash);
        let damaged = |reason: String| FetchError::Damaged { path: path.clone(), reason };
        if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(damaged(format!("{hash:?} is not a BLAKE3 hash")));
        }
        let file = File::open(&path).map_err(FetchError::io("read", &path))?;
        let decoder = zstd::stream::read::Decoder::new(file).map_err(FetchError::io("read", &path))?;
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

    /// The whole index, oldest month first.
    pub fn records(&self) -> Result<Records, FetchError> {
        let fault = || FetchError::io("read", &self.index);
        let mut months = Vec::new();
        for entry in fs::read_dir(&self.index).map_err(fault())? {
            let path = entry.map_err(fault())?.path();
            if path.extension().is_some_and(|extension| extension == "jsonl") {
                months.push(path);
            }
        }
        // Taken from the back.
        months.sort_unstable_by(|one, other| other.cmp(one));
        Ok(Records { months, lines: None })
    }

    /// Where in the data folder a body of this hash lies, for an operator who wants to look at it.
    pub fn place(hash: &str) -> String {
        let (folder, name) = split(hash);
        format!("archive/objects/{folder}/{name}.zst")
    }

    fn object(&self, hash: &str) -> PathBuf {
        let (folder, name) = split(hash);
        self.objects.join(folder).join(format!("{name}.zst"))
    }
}

fn split(hash: &str) -> (&str, &str) {
    hash.split_at_checked(2).unwrap_or(("", hash))
}

/// Iterates over the lines of the index.
#[derive(Debug)]
pub struct Records {
    months: Vec<PathBuf>,
    lines: Option<Lines<AnswerRecord>>,
}

impl Iterator for Records {
    type Item = Result<AnswerRecord, FetchError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(record) = self.lines.as_mut().and_then(Iterator::next) {
                return Some(record);
            }
            match Lines::open(&self.months.pop()?) {
                Ok(lines) => self.lines = Some(lines),
                Err(fault) => return Some(Err(fault)),
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::fetch::Request;

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
        let archive = Archive::open(folder.path()).unwrap();
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
        let archive = Archive::open(folder.path()).unwrap();
        let body = Bytes::from_static(b"[1]");
        let record = archive.put(envelope("/a", "2026-11-23T08:00:00Z"), &body).unwrap();
        let path = archive.object(&record.hash);
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
        let archive = Archive::open(folder.path()).unwrap();
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
    fn a_disk_error_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::open(folder.path()).unwrap();
        fs::remove_dir_all(folder.path().join("archive/index")).unwrap();
        let fault = archive.put(envelope("/a", "2026-11-23T08:00:00Z"), &Bytes::from_static(b"[]")).unwrap_err();
        assert_eq!(
            fault.to_string(),
            format!("could not write {}: No such file or directory (os error 2)", index(folder.path()).display())
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_named_as_such() {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::open(folder.path()).unwrap();
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
