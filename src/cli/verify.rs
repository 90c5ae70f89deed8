//! `underlag verify`.

use crate::lake::Lake;

use super::context::Place;
use super::exit::{Exit, Failure};
use super::text;

pub fn verify(place: &Place) -> Result<Exit, Failure> {
    let (config, _) = place.load()?;
    let report = Lake::of(&config)?.verify()?;
    text::line(&format!(
        "{} datasets, {} versions, {} files, {} rows, {} bytes read",
        report.datasets, report.versions, report.files, report.rows, report.bytes
    ));
    for damage in &report.damage {
        let version = damage.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
        text::line(&format!("damaged: {}{version}: {}", damage.dataset, damage.what));
    }
    if report.damage.is_empty() {
        text::line("ok: everything is as it was published");
        Ok(Exit::Done)
    } else {
        Ok(Exit::Damaged)
    }
}
