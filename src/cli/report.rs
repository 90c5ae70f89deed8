//! `underlag report`.

use crate::run::Workshop;

use super::context::Place;
use super::exit::{Exit, Failure};
use super::lock::Wait;
use super::run::publish_site;

/// Renders what is published now.
pub async fn report(place: &Place, wait: &Wait) -> Result<Exit, Failure> {
    let (config, reference) = place.load()?;
    let workshop = Workshop::open(config, reference)?;
    let _lock = wait.lock(&workshop.lake).await?;
    Ok(if publish_site(&workshop) { Exit::Done } else { Exit::Failed })
}
