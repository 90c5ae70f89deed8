//! `underlag demo`: the shipped configuration against the sandbox, so that the
//! whole job can be seen with nothing installed and no network.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::anyhow;
use clap::Args;
use url::Url;

use crate::codes;
use crate::config::SourceKind;
use crate::embedded;
use crate::lake::Lake;
use crate::metrics;
use crate::run::{Options, Workshop};
use crate::sandbox;
use crate::serve;

use super::context::Place;
use super::exit::{Exit, Failure};
use super::run::{execute, lock, publish_site};
use super::sandbox::stopped;
use super::text;

#[derive(Debug, Args)]
pub struct Demo {
    /// End after publishing instead of serving the site
    #[arg(long)]
    once: bool,
    /// Where to serve the site; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,
}

impl Demo {
    pub async fn run(self, place: &Place) -> Result<Exit, Failure> {
        let begun = Instant::now();
        let data_dir = place.data_dir.clone().unwrap_or_else(|| PathBuf::from("underlag-demo"));
        let data_dir = std::path::absolute(&data_dir).map_err(Failure::failed)?;
        let config = match &place.config {
            Some(config) => config.clone(),
            None => embedded::unpack(&data_dir.join("etc")).map_err(Failure::failed)?,
        };
        let place = Place { config: Some(config), data_dir: Some(data_dir.clone()) };
        let (mut config, reference) = place.checked().await?;
        if let Some(bucket) = config.bucket.as_ref().filter(|_| !self.once) {
            return Err(Failure::usage(
                codes::USAGE,
                anyhow!("the demo serves its pages from a folder, and data_url keeps them in {}", bucket.address("")),
            )
            .hint("add --once to publish there and end, or take data_url out"));
        }

        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let stand_in = embedded::reference().map_err(Failure::failed)?;
        let sandbox = sandbox::start(loopback, stand_in, sandbox::Options::default()).await.map_err(Failure::failed)?;
        for (api, url) in sandbox.endpoints() {
            text::note(&format!("sandbox: {api} {url}"));
        }
        for source in config.sources.values_mut() {
            let api = match source.kind {
                SourceKind::Pxweb => "pxweb-v2",
                SourceKind::Kolada => "kolada-v3",
                SourceKind::File => "filer",
                kind => kind.as_str(),
            };
            let Some((_, url)) = sandbox.endpoints().into_iter().find(|(name, _)| *name == api) else {
                return Err(Failure::coded(codes::NOT_POSSIBLE, anyhow!("the sandbox does not stand in for {api}")));
            };
            source.base_url = Url::parse(&url).map_err(Failure::failed)?;
            source.synthetic = true;
        }

        metrics::install();
        metrics::begin(config.pipelines.keys().map(String::as_str), config.sources.keys().map(String::as_str));
        let workshop = Arc::new(Workshop::open(config, reference)?);
        let names: Vec<String> = workshop.config.pipelines.keys().cloned().collect();
        text::note(&format!("running {} on synthetic data into {}", names.join(", "), data_dir.display()));
        let held = lock(&workshop.lake).await?;
        refuse_real_data(&workshop.lake, &data_dir)?;
        let verdicts = execute(&workshop, &names, Options::default()).await?;
        let site = publish_site(&workshop);
        let failed = !site || verdicts.iter().any(|verdict| verdict.result.is_err());
        text::note(&format!("done in {:.1} s", begun.elapsed().as_secs_f64()));
        if failed {
            return Ok(Exit::Failed);
        }
        if self.once {
            return Ok(Exit::Done);
        }
        drop(held);
        let (server, address) = match serve::bind(self.listen).await {
            Ok(bound) => bound,
            // The usual port is taken: any free one will do for a demonstration.
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                serve::bind(loopback).await.map_err(Failure::failed)?
            }
            Err(error) => return Err(Failure::failed(error)),
        };
        text::line(&format!("site: http://{address}/"));
        text::line(&format!("status: http://{address}/status/"));
        text::line(&format!("datasets: {}", data_dir.join("datasets").display()));
        text::note("stop with Ctrl-C");
        let router = serve::router(serve::State::alone(Arc::new(workshop.config.clone())));
        serve::serve(server, router, serve::Limits::default(), stopped()).await.map_err(Failure::failed)?;
        Ok(Exit::Done)
    }
}

/// Invented figures never take the place of real ones.
fn refuse_real_data(lake: &Lake, data_dir: &Path) -> Result<(), Failure> {
    for dataset in lake.datasets()? {
        if lake.current(&dataset)?.is_some_and(|manifest| !manifest.synthetic) {
            return Err(Failure::usage(
                codes::USAGE,
                anyhow!("{} holds real data: dataset {dataset:?} is published there", data_dir.display()),
            )
            .hint("the demo publishes invented figures; give it a folder of its own with --data-dir"));
        }
    }
    Ok(())
}
