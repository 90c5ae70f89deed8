//! A call and its answer, apart from how they travel.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::problem::without_bom;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    Get,
    Post,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "GET",
            Self::Post => "POST",
        })
    }
}

/// One call, named by source and path, so that it stays the same call when the source moves host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub method: Method,
    /// Percent-encoded, appended to the source's base URL, with the query string; begins with `/`.
    /// An absolute URL for a file fetch with `url`.
    pub path: String,
    /// A JSON body, for POST.
    pub body: Option<String>,
    /// What `Accept` says, where the source wants more than the kind of body; no part of what makes a call the same.
    pub accept: Option<&'static str>,
}

impl Request {
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: Method::Get, path: path.into(), body: None, accept: None }
    }

    pub fn post(path: impl Into<String>, body: impl Into<String>) -> Self {
        Self { method: Method::Post, path: path.into(), body: Some(body.into()), accept: None }
    }

    pub const fn accepting(mut self, accept: &'static str) -> Self {
        self.accept = Some(accept);
        self
    }

    /// Source name, path and body: never host or port.
    pub fn identity(&self, source: &str) -> Identity {
        let mut hasher = blake3::Hasher::new();
        for part in [source, &self.path, self.body.as_deref().unwrap_or_default()] {
            hasher.update(part.as_bytes());
            hasher.update(&[0]);
        }
        Identity(hasher.finalize().to_hex().to_string())
    }
}

/// What makes two calls the same call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identity(pub String);

/// One answer as the archive's index records it (a line of `archive/index/YYYY-MM.jsonl`) with its body.
#[derive(Clone, Debug)]
pub struct Answer {
    pub record: AnswerRecord,
    pub body: Bytes,
}

impl Answer {
    /// The body without a byte order mark.
    pub fn content(&self) -> &[u8] {
        without_bom(&self.body)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerRecord {
    pub identity: Identity,
    pub source: String,
    pub method: Method,
    /// As it may be shown: without credentials and secret parameters.
    pub url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_body: Option<String>,
    pub fetched_at: Timestamp,
    pub status: u16,
    /// Those that matter: content-type, etag, last-modified, date, retry-after, content-encoding, content-length.
    pub headers: BTreeMap<String, String>,
    /// BLAKE3 (hex) of the decompressed body; names the object in the archive.
    pub hash: String,
    /// Bytes of the decompressed body.
    pub size: u64,
    /// What came, where only a part of it may be kept: personal data was dropped on the way into the archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<Original>,
    /// Given by a stand-in: never used where a real source is asked, nor the other way round.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub synthetic: bool,
}

/// A body that was not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Original {
    /// BLAKE3 (hex) of the body without the encoding of its transport.
    pub hash: String,
    /// Bytes of the same.
    pub size: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_the_same_wherever_its_source_has_moved() {
        let call = Request::post("/tables/TAB1/data?lang=sv", "{\"selection\":[]}");
        assert_eq!(call.identity("scb"), call.clone().identity("scb"));
        assert_ne!(call.identity("scb"), call.identity("kolada"));
        assert_ne!(call.identity("scb"), Request::get("/tables/TAB1/data?lang=sv").identity("scb"));
        // The parts are told apart, not just joined.
        assert_ne!(Request::post("/a", "b").identity("scb"), Request::get("/ab").identity("scb"));
    }
}
