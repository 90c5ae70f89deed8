//! `underlag sandbox`.

use std::net::SocketAddr;

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
}

impl Sandbox {
    /// Until the process is told to stop.
    pub async fn run(self, _place: &Place) -> Result<Exit, Failure> {
        let reference = embedded::reference().map_err(Failure::failed)?;
        let sandbox = sandbox::start(self.listen, reference, Options::default()).await.map_err(Failure::failed)?;
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
