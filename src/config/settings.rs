//! The settings of `underlag.toml` that are not places.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

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
    pub outbound: Outbound,
    pub outages: OutageSettings,
}

/// The way out of this network, where there is not simply one.
#[derive(Clone, Debug, Default)]
pub struct Outbound {
    /// In the place of those that the environment names; without credentials.
    pub proxy: Option<Url>,
    /// Hosts that are reached without it, with all below them.
    pub no_proxy: Vec<String>,
    /// Certificates (PEM) that are trusted beside the system's own.
    pub ca_file: Option<PathBuf>,
    /// `api.example.org`, or `*.example.org` for all below it; none: any host.
    pub allow_hosts: Vec<String>,
}

impl Outbound {
    /// Whether this host, in lower case, may be called.
    pub fn allows(&self, host: &str) -> bool {
        let allowed = |pattern: &String| match pattern.strip_prefix("*.") {
            Some(domain) => host.strip_suffix(domain).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
            None => *pattern == host,
        };
        self.allow_hosts.is_empty() || self.allow_hosts.iter().any(allowed)
    }
}

/// When a source counts as out of order, and how it is left alone.
#[derive(Clone, Copy, Debug)]
pub struct OutageSettings {
    /// Failures in a row, over all pipelines.
    pub after: u32,
    /// From then to the first call that looks whether it is back; doubled for every such call that fails.
    pub pause: Duration,
}

impl Default for OutageSettings {
    fn default() -> Self {
        Self { after: 10, pause: Duration::from_mins(5) }
    }
}

#[derive(Clone, Debug)]
pub struct ServerSettings {
    pub listen: SocketAddr,
}

#[derive(Clone, Debug)]
pub struct DaemonSettings {
    /// What is under way when the daemon is told to stop may take so long to end.
    pub shutdown_grace: Duration,
}
