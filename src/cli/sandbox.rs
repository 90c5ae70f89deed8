//! `underlag sandbox`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;
use clap::Args;
use jiff::Timestamp;

use crate::codes;
use crate::embedded;
use crate::sandbox::{self, Fault, Options};

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
    /// What PxWeb v2 answers in, the default first: an installation without json-stat2 is `px,csv`
    #[arg(long, value_delimiter = ',', default_value = "json-stat2,csv,px", value_name = "FORMATS",
          value_parser = ["json-stat2", "csv", "px"])]
    pxweb_formats: Vec<String>,
    /// Another seed gives other figures
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// When the tables were updated, such as 2026-12-09T07:00:00Z
    #[arg(long, value_name = "TIME")]
    updated: Option<Timestamp>,
    /// When PxWeb and Kolada say that they publish next; left out, they say nothing
    #[arg(long, value_name = "TIME")]
    next_update: Option<Timestamp>,
    /// Misbehave from the start: a list of faults in TOML ([[fault]]) or JSON; see docs/operations.md
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// Add every call to this file, as a line of JSON
    #[arg(long, value_name = "FILE")]
    record_calls: Option<PathBuf>,
    /// Serve the answers that `underlag probe --record` has kept there, and 404 for every other call
    #[arg(long, value_name = "DIR")]
    replay: Option<PathBuf>,
}

impl Sandbox {
    /// Until the process is told to stop.
    pub async fn run(self, _place: &Place) -> Result<Exit, Failure> {
        let faults = match &self.faults {
            Some(file) => {
                let named = |error: String| Failure::usage(codes::USAGE, anyhow!("{}: {error}", file.display()));
                let text = std::fs::read_to_string(file).map_err(|error| named(error.to_string()))?;
                Fault::read_all(&text).map_err(named)?
            }
            None => Vec::new(),
        };
        let default = Options::default();
        let options = Options {
            updated: self.updated.unwrap_or(default.updated),
            next_update: self.next_update,
            calls: self.calls,
            window: Duration::from_secs(self.window),
            max_cells: self.max_cells,
            pxweb_formats: self.pxweb_formats,
            seed: self.seed,
            faults,
            record_calls: self.record_calls,
            replay: self.replay,
            ..default
        };
        let reference = embedded::reference().map_err(Failure::failed)?;
        let sandbox = sandbox::start(self.listen, reference, options).await.map_err(Failure::failed)?;
        for (api, url) in sandbox.endpoints() {
            text::line(&format!("{api} {url}"));
        }
        for (source, url) in sandbox.recorded() {
            text::line(&format!("{source} {url}"));
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
