//! JobTech's taxonomy, as the files that are published for each version:
//! `version/N/query/NAME/NAME.json`, one per query, such as
//! `the-ssyk-hierarchy-with-occupations` or `concepts-and-common-relations`.
//!
//! Known from 17 exports of December 2025, others' programs and documents
//! (`assumptions`): a version's files never change, so a version that was
//! fetched is not fetched again; `latest` is looked up in the list of versions
//! when planning, and the version stands in stamp, rows and manifest. An answer
//! is `{"data": {"concepts": [...]}}`, concepts within concepts under the name
//! of their relation. Codes have many leading zeros and no common name.
//! It resolves nothing: what replaces a concept is told in rows of its own.

pub mod assumptions;
pub mod browse;
mod concept;
mod flatten;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod versions;

#[cfg(test)]
mod tests;

use super::{Harvest, Plan, Progress, Sink, SourceError};
use crate::config::{TaxonomyFetch, TaxonomyVersion};
use crate::fetch::{Courier, Expect, Request};

use flatten::Flat;

pub(super) use flatten::schema;

#[derive(Clone, Debug)]
pub(super) struct Work {
    version: u32,
}

pub(super) async fn plan(courier: &Courier, fetch: &TaxonomyFetch) -> Result<Plan, SourceError> {
    let version = match fetch.version {
        TaxonomyVersion::Number(version) => version,
        TaxonomyVersion::Latest => versions::latest(courier, &fetch.versions_url).await?,
    };
    Ok(Plan {
        calls: 1,
        cells: 0,
        lower_bound: 1,
        limits: courier.source().limits,
        wait: courier.limiter().wait_for(1),
        stamp: Some(stamp(version, &fetch.query)),
        // The files of a version do not change.
        stamp_proves: true,
        estimated: false,
        notes: Vec::new(),
        publish_notes: Vec::new(),
        schema: Some(schema()),
        codes: Vec::new(),
        metadata: None,
        work: super::Work::Taxonomy(Work { version }),
    })
}

pub(super) async fn harvest(
    courier: &Courier,
    fetch: &TaxonomyFetch,
    plan: &Plan,
    work: &Work,
    sink: &mut dyn Sink,
    progress: Progress<'_>,
) -> Result<Harvest, SourceError> {
    let Work { version } = *work;
    let answer = courier.ask(&Request::get(path(version, &fetch.query)), Expect::Json).await?;
    let Flat { batches, rows, notes, metadata } = flatten::flatten(&answer, version, &fetch.query)?;
    courier.accept(&answer)?;
    for batch in &batches {
        sink.write(batch).map_err(SourceError::Sink)?;
    }
    progress(1);
    Ok(Harvest { rows, codes: Vec::new(), stamp: plan.stamp.clone(), notes, metadata: Some(metadata) })
}

fn path(version: u32, query: &str) -> String {
    format!("/version/{version}/query/{query}/{query}.json")
}

fn stamp(version: u32, query: &str) -> String {
    format!("taxonomy version {version} {query}")
}
