//! `underlag sandbox`.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;

use crate::embedded;
use crate::sandbox::{self, Options};

use super::context::Place;
use super::exit::{Exit, Failure};
use super::text;

#[derive(Debug, Args)]
pub struct Sandbox {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDR")]
    listen: SocketAddr,
    /// PxWeb calls admitted per window; 0 admits any number
    #[arg(long, default_value_t = 30)]
    calls: u32,
    /// The window's length in seconds
    #[arg(long, default_value_t = 10)]
    window: u64,
    /// Cells that one PxWeb call may ask for
    #[arg(long, default_value_t = 150_000)]
    max_cells: u64,
    /// Another seed gives other figures
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Sandbox {
    /// Until the process is told to stop.
    pub async fn run(self, _place: &Place) -> Result<Exit, Failure> {
        let options = Options {
            calls: self.calls,
            window: Duration::from_secs(self.window),
            max_cells: self.max_cells,
            seed: self.seed,
            ..Options::default()
        };
        let reference = embedded::reference().map_err(Failure::failed)?;
        let sandbox = sandbox::start(self.listen, reference, options).await.map_err(Failure::failed)?;
        for (api, url) in sandbox.endpoints() {
            text::line(&format!("{api} {url}"));
        }
        stopped().await;
        Ok(Exit::Done)
    }
}

/// Ctrl-C or SIGTERM.
pub async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}
