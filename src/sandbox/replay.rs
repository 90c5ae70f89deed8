//! Answers that a source gave once, kept in a folder and given again: what
//! `underlag probe --record` writes and `underlag sandbox --replay` serves.
//!
//! `index.jsonl` has a line per call, in their order: `format` (1), the source's
//! `source` name, `kind` and `base_url`, `method`, `path` below that address with its
//! query, `request_body` of a POST, `status`, `headers`, `fetched_at`, and `file`, the
//! body as it was after decompression, in `bodies/`. A call that was recorded
//! several times is answered so in turn, and the last stays. It never makes an
//! answer up: a call that was not recorded is answered 404, and named.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::http::Reply;
use crate::fetch::Method;
use crate::nearest::nearest;

const INDEX: &str = "index.jsonl";
const BODIES: &str = "bodies";
const FORMAT: u32 = 1;
/// The headers that are given again; the others are about the way that the answer took.
const GIVEN: [&str; 4] = ["Content-Type", "ETag", "Last-Modified", "Retry-After"];

/// One call and what came, as a line of the index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    #[serde(default = "format")]
    pub format: u32,
    /// The source's name in sources.toml.
    pub source: String,
    /// Its kind there.
    pub kind: String,
    pub base_url: String,
    pub method: Method,
    /// Below `base_url`, with the query; begins with `/`.
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_body: Option<String>,
    pub status: u16,
    /// Names in lower case.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    pub fetched_at: Timestamp,
    /// Counted from the recording's folder; the writer fills it in.
    #[serde(default)]
    pub file: String,
}

const fn format() -> u32 {
    FORMAT
}

#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    #[error("could not read the recording {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} line {line}: {reason}", path.display())]
    Line { path: PathBuf, line: usize, reason: String },
}

/// Writes a recording, call by call; what is written is there at once.
#[derive(Debug)]
pub struct Recorder {
    dir: PathBuf,
    index: File,
    number: usize,
}

impl Recorder {
    /// Begins a recording in a folder, or goes on with the one that is there.
    ///
    /// # Errors
    /// Where the folder cannot be written.
    pub fn create(dir: &Path) -> io::Result<Self> {
        fs::create_dir_all(dir.join(BODIES))?;
        let number = fs::read_dir(dir.join(BODIES))?.count();
        let index = OpenOptions::new().create(true).append(true).open(dir.join(INDEX))?;
        Ok(Self { dir: dir.to_owned(), index, number })
    }

    /// # Errors
    /// Where the folder cannot be written.
    pub fn add(&mut self, call: &Recorded, body: &[u8]) -> io::Result<()> {
        self.number += 1;
        let hash = blake3::hash(body).to_hex();
        let file = format!("{BODIES}/{:05}-{}{}", self.number, &hash[..12], suffix(&call.headers));
        fs::write(self.dir.join(&file), body)?;
        let line = serde_json::to_string(&Recorded { format: FORMAT, file, ..call.clone() })?;
        writeln!(self.index, "{line}")
    }
}

/// So that a person's programs know what to open it with.
fn suffix(headers: &BTreeMap<String, String>) -> &'static str {
    match headers.get("content-type").map(String::as_str).unwrap_or_default() {
        kind if kind.contains("json") => ".json",
        kind if kind.contains("html") => ".html",
        kind if kind.contains("xml") => ".xml",
        kind if kind.contains("csv") => ".csv",
        kind if kind.starts_with("text/") => ".txt",
        _ => ".bin",
    }
}

/// A recording, ready to be served.
#[derive(Debug)]
pub struct Recording {
    dir: PathBuf,
    calls: HashMap<Key, Vec<Recorded>>,
    /// Name and base URL of each source.
    sources: BTreeMap<String, String>,
    given: Mutex<HashMap<Key, usize>>,
}

/// Source, method, path with its query in no order, body.
type Key = (String, String, String, String);

impl Recording {
    /// # Errors
    /// Where there is none, or a line of it is not one.
    pub fn open(dir: &Path) -> Result<Self, RecordingError> {
        let path = dir.join(INDEX);
        let text = fs::read_to_string(&path).map_err(|source| RecordingError::Read { path: path.clone(), source })?;
        let mut recording =
            Self { dir: dir.to_owned(), calls: HashMap::new(), sources: BTreeMap::new(), given: Mutex::default() };
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let fault = |reason: String| RecordingError::Line { path: path.clone(), line: number + 1, reason };
            let call: Recorded = serde_json::from_str(line).map_err(|error| fault(error.to_string()))?;
            if call.format > FORMAT {
                return Err(fault(format!("it has format {}, and this program reads {FORMAT}", call.format)));
            }
            let plain = call.file.strip_prefix("bodies/").is_some_and(|name| {
                !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
            });
            if !plain {
                return Err(fault(format!("{:?} is not a file in bodies/", call.file)));
            }
            recording.sources.insert(call.source.clone(), call.base_url.trim_end_matches('/').to_owned());
            let key = key(
                &call.source,
                &call.method.to_string(),
                &call.path,
                call.request_body.as_deref().map(str::as_bytes),
            );
            recording.calls.entry(key).or_default().push(call);
        }
        Ok(recording)
    }

    pub fn sources(&self) -> impl Iterator<Item = &str> {
        self.sources.keys().map(String::as_str)
    }

    /// What was recorded of this call; `path` begins with the source's name.
    pub(super) fn answer(
        &self,
        method: &str,
        path: &str,
        body: Option<&[u8]>,
        origin: &str,
        header: &dyn Fn(&str) -> Option<String>,
    ) -> Reply {
        let (source, rest) = split(path);
        let asked = |method: &str| key(source, method, rest, body);
        // A server that tells of a file by HEAD tells the same by GET.
        let found = [asked(method), asked("GET")]
            .into_iter()
            .find(|key| (key.1 == method || method == "HEAD") && self.calls.contains_key(key));
        let Some(key) = found else { return self.missing(method, source, rest, body) };
        let calls = &self.calls[&key];
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = given.entry(key).or_default();
        let call = &calls[(*turn).min(calls.len() - 1)];
        *turn += usize::from(method != "HEAD");
        drop(given);
        let unchanged = call.headers.get("etag").is_some_and(|tag| header("if-none-match").as_ref() == Some(tag));
        let body = match fs::read(self.dir.join(&call.file)) {
            Ok(_) if unchanged => Vec::new(),
            Ok(body) => self.here(source, body, origin),
            Err(error) => {
                return Reply::json(500, &json!({ "detail": format!("the recording's {}: {error}", call.file) }));
            }
        };
        let mut reply = Reply::new(if unchanged { 304 } else { call.status }, "application/octet-stream", body);
        for name in GIVEN {
            if let Some(value) = call.headers.get(&name.to_lowercase()) {
                reply = reply.with(name, value);
            }
        }
        reply
    }

    /// The body with its links to the source leading here.
    fn here(&self, source: &str, body: Vec<u8>, origin: &str) -> Vec<u8> {
        let there = self.sources.get(source).map(String::as_str).unwrap_or_default();
        match String::from_utf8(body) {
            Ok(text) if !there.is_empty() && (text.contains(there) || text.contains(&escaped(there))) => {
                let here = format!("{origin}/{source}");
                text.replace(there, &here).replace(&escaped(there), &escaped(&here)).into_bytes()
            }
            Ok(text) => text.into_bytes(),
            Err(error) => error.into_bytes(),
        }
    }

    fn missing(&self, method: &str, source: &str, path: &str, body: Option<&[u8]>) -> Reply {
        let of_source = self.calls.values().flatten().filter(|call| call.source == source);
        let paths: Vec<&str> = of_source.map(|call| call.path.as_str()).collect();
        let mut detail = format!("the recording has no answer to {method} {path} of source {source:?}");
        if let Some(body) = body {
            detail.push_str(&format!(" with {}", String::from_utf8_lossy(&body[..body.len().min(300)])));
        }
        if paths.is_empty() {
            let known: Vec<&str> = self.sources().collect();
            detail.push_str(&format!("; it has the sources {}", known.join(", ")));
        } else if let Some(near) = nearest(path, paths.iter().copied()) {
            detail.push_str(&format!("; near it is {near}"));
        }
        Reply::json(404, &json!({ "detail": detail }))
    }
}

fn escaped(url: &str) -> String {
    url.replace('/', "\\/")
}

/// `/scb/tables/X?lang=sv` → `scb`, `/tables/X?lang=sv`.
fn split(path: &str) -> (&str, &str) {
    let path = path.trim_start_matches('/');
    path.find(['/', '?']).map_or((path, ""), |end| path.split_at(end))
}

fn key(source: &str, method: &str, path: &str, body: Option<&[u8]>) -> Key {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    pairs.sort();
    let decoded = super::http::decode(path.trim_end_matches('/')).unwrap_or_else(|| path.to_owned());
    let body = body.map(|body| match serde_json::from_slice::<serde_json::Value>(body) {
        Ok(document) => document.to_string(),
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    });
    (source.to_owned(), method.to_owned(), format!("{decoded}?{pairs:?}"), body.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(method: Method, path: &str, body: Option<&str>) -> Recorded {
        Recorded {
            format: FORMAT,
            source: "scb".into(),
            kind: "pxweb".into(),
            base_url: "https://statistik.example/api/v2".into(),
            method,
            path: path.into(),
            request_body: body.map(str::to_owned),
            status: 200,
            headers: [("content-type", "application/json"), ("etag", "\"7\""), ("server", "nginx")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            fetched_at: "2026-11-23T08:00:00Z".parse().unwrap(),
            file: String::new(),
        }
    }

    fn given(recording: &Recording, method: &str, path: &str, body: Option<&str>) -> (u16, String) {
        let reply = recording.answer(method, path, body.map(str::as_bytes), "http://127.0.0.1:1", &|_| None);
        (reply.status, String::from_utf8(reply.body).unwrap())
    }

    #[test]
    fn what_was_recorded_is_given_again_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let mut recorder = Recorder::create(folder.path()).unwrap();
        let link = r#"{"href":"https://statistik.example/api/v2/tables?page=2","other":"https:\/\/statistik.example\/api\/v2"}"#;
        recorder.add(&call(Method::Get, "/tables?lang=sv&page=1", None), link.as_bytes()).unwrap();
        recorder.add(&call(Method::Post, "/tables/A/data", Some(r#"{"a": 1}"#)), b"[1]").unwrap();
        drop(recorder);
        let mut recorder = Recorder::create(folder.path()).unwrap();
        recorder.add(&call(Method::Post, "/tables/A/data", Some(r#"{"a":1}"#)), b"[2]").unwrap();
        let recording = Recording::open(folder.path()).unwrap();
        assert_eq!(recording.sources().collect::<Vec<_>>(), ["scb"]);
        let here = r#"{"href":"http://127.0.0.1:1/scb/tables?page=2","other":"http:\/\/127.0.0.1:1\/scb"}"#;
        assert_eq!(given(&recording, "GET", "/scb/tables?page=1&lang=sv", None), (200, here.to_owned()));
        assert_eq!(given(&recording, "HEAD", "/scb/tables/?page=1&lang=sv", None).0, 200);
        for expected in ["[1]", "[2]", "[2]"] {
            assert_eq!(given(&recording, "POST", "/scb/tables/A/data", Some(r#"{"a":1}"#)).1, expected);
        }
        let (status, text) = given(&recording, "GET", "/scb/tables?page=3", None);
        assert_eq!(status, 404);
        assert_eq!(text, r#"{"detail":"the recording has no answer to GET /tables?page=3 of source \"scb\""}"#);
        let (_, text) = given(&recording, "POST", "/kolada/x", Some("{}"));
        assert_eq!(
            text,
            r#"{"detail":"the recording has no answer to POST /x of source \"kolada\" with {}; it has the sources scb"}"#
        );
        let same = recording.answer("GET", "/scb/tables?page=1&lang=sv", None, "", &|_| Some("\"7\"".to_owned()));
        assert_eq!((same.status, same.body.len()), (304, 0));
        assert!(same.headers.iter().all(|(name, _)| *name != "server"));
    }

    #[test]
    fn a_spoilt_recording_says_where() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Recording::open(folder.path()).unwrap_err().to_string().starts_with("could not read the recording"));
        let text = |line: &str| {
            fs::write(folder.path().join(INDEX), format!("\n{line}\n")).unwrap();
            let text = Recording::open(folder.path()).unwrap_err().to_string();
            text.replace(folder.path().to_str().unwrap(), "DIR")
        };
        let line = serde_json::to_string(&Recorded { file: "bodies/../../x".into(), ..call(Method::Get, "/", None) });
        assert_eq!(text(&line.unwrap()), "DIR/index.jsonl line 2: \"bodies/../../x\" is not a file in bodies/");
        let line = serde_json::to_string(&Recorded { format: 2, ..call(Method::Get, "/", None) });
        assert_eq!(text(&line.unwrap()), "DIR/index.jsonl line 2: it has format 2, and this program reads 1");
        assert!(text("{\"format\":1").contains("line 2: EOF while parsing"));
    }
}
