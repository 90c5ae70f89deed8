//! `underlag report`.

use crate::run::Workshop;

use super::context::Place;
use super::exit::{Exit, Failure};
use super::run::{lock, publish_site};

/// Renders what is published now.
pub async fn report(place: &Place) -> Result<Exit, Failure> {
    let (config, reference) = place.load()?;
    let workshop = Workshop::open(config, reference)?;
    let _lock = lock(&workshop.lake).await?;
    Ok(if publish_site(&workshop) { Exit::Done } else { Exit::Failed })
}
