//! Which bucket, where in it, and how it is reached. No credentials.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use url::Url;

#[derive(Clone, Debug)]
pub struct Bucket {
    pub name: String,
    /// Where in the bucket the lake lies; empty for the whole bucket.
    pub prefix: String,
    /// The server; none for Amazon's own.
    pub endpoint: Option<Url>,
    pub region: String,
    /// Without encryption on the way.
    pub allow_http: bool,
    seen: Arc<AtomicBool>,
}

impl Bucket {
    pub fn new(name: &str, prefix: &str) -> Self {
        Self {
            name: name.to_owned(),
            prefix: prefix.trim_matches('/').to_owned(),
            endpoint: None,
            region: "us-east-1".to_owned(),
            allow_http: false,
            seen: Arc::default(),
        }
    }

    /// As an operator would write it.
    pub fn address(&self, key: &str) -> String {
        format!("s3://{}/{}", self.name, self.key(key))
    }

    /// Counted from the bucket's root.
    pub(super) fn key(&self, key: &str) -> String {
        let parts = self.prefix.split('/').chain(key.split('/'));
        parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
    }

    /// Counted from the prefix.
    pub(super) fn below(&self, key: &str) -> String {
        let below = key.strip_prefix(&self.prefix).unwrap_or(key);
        below.trim_start_matches('/').to_owned()
    }

    /// The server has answered for this bucket.
    pub(super) fn seen(&self) {
        self.seen.store(true, Ordering::Relaxed);
    }

    pub(super) fn was_seen(&self) -> bool {
        self.seen.load(Ordering::Relaxed)
    }
}
