//! What one client, and all of them together, may take.

use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at a time; more are closed at once.
    pub connections: usize,
    /// For a request's line and headers to come in whole, and for a connection to lie idle between two requests.
    pub header_timeout: Duration,
    /// Bytes of a request's line and headers.
    pub header_bytes: usize,
    /// Headers of a request.
    pub headers: usize,
    /// For a client to take any part of an answer that waits for it.
    pub write_timeout: Duration,
    /// For answers under way to end when the server is told to stop.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 256,
            header_timeout: Duration::from_secs(10),
            header_bytes: 16 << 10,
            headers: 64,
            write_timeout: Duration::from_secs(30),
            drain: Duration::from_secs(5),
        }
    }
}
