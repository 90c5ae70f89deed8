//! Stand-ins of the public APIs, for the demonstration, tests and benchmarks:
//! `PxWeb` v2, Kolada v3 and files over HTTP on one port, with the documented
//! limits, errors and shapes, and synthetic figures on the real code lists.
//!
//! Two sandboxes with the same options answer with the same bytes. The figures are
//! nobody's: every label says so, and nothing here reaches out to a network.

pub mod ads;
mod calls;
mod eurostat;
mod examples;
mod fault;
mod file;
mod http;
mod kolada;
mod lists;
mod noise;
pub mod office;
mod options;
mod population;
mod pxweb;
mod region;
pub mod replay;
mod server;
mod skolverket;
mod world;

#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use self::calls::Call;
pub use self::examples::PAGE;
pub use self::fault::{Fault, FaultKind};
pub use self::file::ADVERTISEMENTS;
pub use self::options::Options;
pub use self::replay::{Recorded, Recorder};

use self::calls::{Calls, Limiter};
use self::fault::Faults;
use self::replay::Recording;
use self::server::Server;
use self::world::Worlds;
use crate::reference::Reference;

/// How long calls under way may take to finish when the sandbox stops.
const FAREWELL: Duration = Duration::from_secs(2);

/// A running sandbox. It stops when it is dropped.
pub struct Sandbox {
    pub addr: SocketAddr,
    server: Arc<Server>,
    stop: CancellationToken,
    task: Option<JoinHandle<io::Result<()>>>,
}

/// Starts to listen; port 0 takes a free one.
///
/// # Errors
/// Where the address cannot be listened on.
pub async fn start(listen: SocketAddr, reference: Reference, options: Options) -> io::Result<Sandbox> {
    let listener = TcpListener::bind(listen).await?;
    let addr = listener.local_addr()?;
    let server = Arc::new(Server {
        calls: Calls::new(options.record_calls.as_deref())?,
        recording: options.replay.as_deref().map(Recording::open).transpose().map_err(io::Error::other)?,
        faults: Faults::new(options.faults.clone()),
        limiter: Limiter::new(options.calls, options.window),
        limiter_v1: Limiter::counting_refused(options.calls, options.window),
        worlds: Worlds::new(reference, options.clone()),
        options,
        origin: format!("http://{addr}"),
    });
    let stop = CancellationToken::new();
    let router = Router::new().fallback(server::handle).with_state(Arc::clone(&server));
    let serving = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
    let task = tokio::spawn(async move { serving.await });
    Ok(Sandbox { addr, server, stop, task: Some(task) })
}

impl Sandbox {
    /// Each API's name and base URL.
    #[must_use]
    pub fn endpoints(&self) -> Vec<(&'static str, String)> {
        if self.server.recording.is_some() {
            return Vec::new();
        }
        let url = |path| format!("http://{}/{path}", self.addr);
        vec![
            ("pxweb-v2", url("pxweb/api/v2")),
            ("pxweb-v1", url("pxweb/api/v1/sv/ssd")),
            ("kolada-v3", url("kolada/v3")),
            ("filer", url("filer")),
            ("historical-ads", url("historiska")),
            ("jobstream", url("jobstream")),
            ("planned-educations", url("planned-educations")),
            ("school-units", url("skolenhetsregistret")),
            ("susa-navet", url("susa-navet/emil3")),
            ("siris", url("siris/reports/export_api")),
            ("eurostat", url("eurostat/api/dissemination")),
            ("pxweb-v1", url("pxweb/api/v1/sv/ssd")),
        ]
    }

    /// Each recorded source's name and base URL, where a recording is served.
    #[must_use]
    pub fn recorded(&self) -> Vec<(String, String)> {
        let sources = self.server.recording.iter().flat_map(Recording::sources);
        sources.map(|source| (source.to_owned(), format!("http://{}/{source}", self.addr))).collect()
    }

    /// What has been asked so far.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.server.calls.all()
    }

    /// Orders misbehaviour from now on.
    pub fn order(&self, fault: Fault) {
        self.server.faults.add(fault);
    }

    /// Ends all misbehaviour.
    pub fn behave(&self) {
        self.server.faults.clear();
    }

    /// Lets calls under way finish, within reason, and stops.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(mut task) = self.task.take()
            && tokio::time::timeout(FAREWELL, &mut task).await.is_err()
        {
            task.abort();
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
