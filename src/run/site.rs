//! The step after the runs: the site, rendered from what is published now.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::lake::SiteVersion;
use crate::report::{self, Geography, Published, ReportError, SiteInput};

use super::{Problem, Workshop};

/// The report at the site's root.
const FRONT: &str = "oversikt";

/// What became of the site.
#[derive(Debug)]
pub struct SiteOutcome {
    /// None when readers see these very bytes already.
    pub version: Option<String>,
    pub pages: usize,
    /// Reports and figures left out, and why.
    pub skipped: Vec<String>,
}

/// Renders every report and publishes the site. None when there is nothing to show yet.
pub fn render_site(workshop: &Workshop) -> Result<Option<SiteOutcome>, Problem> {
    let reports = report::load_reports(&workshop.config.reports_dir).map_err(Problem::ReportFiles)?;
    let input = input(workshop)?;
    let site = SiteVersion::begin(&workshop.lake)?;
    let mut outcome = SiteOutcome { version: None, pages: 0, skipped: Vec::new() };
    let mut hasher = blake3::Hasher::new();
    for report in &reports {
        // The overview is the front door; other reports stand in folders of their own.
        let folder = if report.name == FRONT { site.folder.clone() } else { site.folder.join(&report.name) };
        let rendered = match report::render(report, &input, &folder) {
            Ok(rendered) => rendered,
            Err(waiting @ ReportError::NotPublished { .. }) => {
                outcome.skipped.push(waiting.to_string());
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        hasher.update(rendered.content_hash.as_bytes());
        outcome.pages += rendered.pages;
        outcome.skipped.extend(rendered.skipped);
    }
    if outcome.pages == 0 {
        site.discard()?;
        return Ok(None);
    }
    let hash = hasher.finalize().to_hex().to_string();
    outcome.version = site.publish(&hash, Timestamp::now())?.map(|version| version.to_string());
    Ok(Some(outcome))
}

/// Every published dataset, pinned at its current version.
fn input(workshop: &Workshop) -> Result<SiteInput, Problem> {
    let lake = &workshop.lake;
    let mut published = BTreeMap::new();
    for dataset in lake.datasets()? {
        let Some(manifest) = lake.current(&dataset)? else { continue };
        let checked_at =
            workshop.ledger.state(&manifest.pipeline)?.map_or(manifest.created_at, |state| state.checked_at);
        let files = lake.files(&manifest)?;
        let mut notices = lake.standing(&dataset)?.sentences();
        notices.extend(manifest.carried_in_words());
        published.insert(dataset, Published { manifest, files, checked_at, notices });
    }
    let reference = &workshop.reference;
    let geography = Geography {
        lan: reference.lan.values().map(|lan| (lan.kod.clone(), lan.namn.clone())).collect(),
        kommuner: reference
            .kommuner
            .values()
            .map(|kommun| (kommun.kod.clone(), kommun.namn.clone(), kommun.lan.clone()))
            .collect(),
    };
    Ok(SiteInput { published, publisher: workshop.config.publisher.clone(), geography })
}
