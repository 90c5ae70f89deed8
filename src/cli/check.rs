//! `underlag check`.

use super::context::Place;
use super::exit::{Exit, Failure};
use super::text;

pub async fn check(place: &Place) -> Result<Exit, Failure> {
    let (config, reference) = place.checked().await?;
    Place::tell_outside(&config)?;
    let datasets: usize = config.pipelines.values().map(|pipeline| pipeline.datasets.len()).sum();
    text::line(&format!(
        "ok: {} sources, {} pipelines, {datasets} datasets, {} reference tables",
        config.sources.len(),
        config.pipelines.len(),
        reference.tables.len(),
    ));
    Ok(Exit::Done)
}
