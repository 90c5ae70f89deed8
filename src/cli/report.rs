//! `underlag report`.

use clap::Args;

use super::context::Place;
use super::exit::{Exit, Failure};
use super::run::publish_site;

#[derive(Debug, Args)]
pub struct Report {}

impl Report {
    pub fn run(self, place: &Place) -> Result<Exit, Failure> {
        let (config, reference) = place.load()?;
        let workshop = crate::run::Workshop::open(config, reference)?;
        let _lock = workshop.lake.lock()?;
        Ok(if publish_site(&workshop) { Exit::Done } else { Exit::Failed })
    }
}
