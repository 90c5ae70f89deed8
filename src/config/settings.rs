//! The settings of `underlag.toml` that are not places.

use std::net::SocketAddr;
use std::time::Duration;

#[derive(Clone, Debug)]
pub struct Publisher {
    pub name: String,
    pub contact: String,
}

#[derive(Clone, Debug)]
pub struct RunSettings {
    pub max_parallel_pipelines: usize,
    /// Bytes that the SQL engine may hold before it spills or fails.
    pub memory_limit: u64,
    /// How long an interrupted run's answers may be used by the next one.
    pub resume_within: Duration,
}

/// Bounds on everything that comes from outside.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    pub connect_timeout: Duration,
    pub read_timeout: Duration,
    pub total_timeout: Duration,
    /// Bytes on the wire, per answer.
    pub max_body: u64,
    /// Bytes after decompression, per answer.
    pub max_decompressed: u64,
    pub max_redirects: usize,
    /// How many times a call is tried in all.
    pub max_tries: usize,
    /// The longest wait before a retry; a longer `Retry-After` is an error.
    pub max_wait: Duration,
}

#[derive(Clone, Debug)]
pub struct ServerSettings {
    pub listen: SocketAddr,
}
