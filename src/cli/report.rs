//! `underlag report`.

use crate::run::Workshop;

use super::context::Place;
use super::exit::{Exit, Failure};
use super::run::publish_site;

/// Renders what is published now.
pub fn report(place: &Place) -> Result<Exit, Failure> {
    let (config, reference) = place.load()?;
    let workshop = Workshop::open(config, reference)?;
    let _lock = workshop.lake.lock()?;
    Ok(if publish_site(&workshop) { Exit::Done } else { Exit::Failed })
}
