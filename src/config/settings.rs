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

/// Which versions keep their data.
#[derive(Clone, Debug)]
pub struct Retention {
    /// A dataset's newest versions, whatever their age.
    pub keep_newest: usize,
    /// Every version younger than this.
    pub keep_within: Duration,
    /// The last version of every month, for good.
    pub keep_monthly: bool,
    /// How long a version that is no longer current stays for readers that are under way.
    pub grace: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            keep_newest: 10,
            keep_within: Duration::from_hours(400 * 24),
            keep_monthly: true,
            grace: Duration::from_hours(24),
        }
    }
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
    /// Longest time for one streamed answer in all.
    pub stream_timeout: Duration,
    /// Bytes on the wire, per streamed answer.
    pub max_stream: u64,
    /// Bytes after decompression, per streamed answer.
    pub max_stream_decompressed: u64,
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
