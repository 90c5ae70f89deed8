//! A fetch made once more, with the archive in the source's place.

use std::sync::Arc;

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::config::Fetch;
use crate::fetch::{AnswerRecord, Courier, FetchError};
use crate::lake::{Manifest, SourceInfo};
use crate::run::{AnswerRows, Noting, Origins, source_of, stockholm};
use crate::source::{self, Harvest, Plan, Sink, SourceError};

use super::{Lineage, LineageError, Made};

/// What became of a fetch.
pub struct Harvested {
    pub plan: Plan,
    pub harvest: Harvest,
    /// The answers that were read, in their order.
    pub answers: Vec<AnswerRecord>,
    /// Those with rows, and which.
    pub parts: Vec<AnswerRows>,
}

impl Lineage {
    /// Decodes the answers of one fetch of a version into a sink made for its plan.
    pub async fn harvest<S: Sink>(
        &self,
        made: &Made,
        manifest: &Manifest,
        fetch: &Fetch,
        sink: impl Fn(&Plan) -> Result<S, LineageError>,
    ) -> Result<(Harvested, S), LineageError> {
        let info = manifest.sources.get(&fetch.name).ok_or_else(|| LineageError::NoAnswers {
            dataset: manifest.dataset.clone(),
            version: manifest.version.clone(),
            fetch: fetch.name.clone(),
        })?;
        let fault = |error| LineageError::Answer { fetch: fetch.name.clone(), error };
        let mut days = days(manifest);
        loop {
            let today = days.remove(0);
            let courier = self.courier(made, manifest, fetch, info);
            let end = async {
                let plan = source::plan(&courier, fetch, today).await.map_err(fault)?;
                let mut sink = sink(&plan)?;
                let mut noting = Noting { sink: &mut sink, courier: courier.clone(), origins: Origins::default() };
                let harvest = source::harvest(&courier, fetch, &plan, &mut noting, &mut |_| ()).await.map_err(fault)?;
                let parts = noting.origins.parts();
                Ok((Harvested { plan, harvest, answers: courier.accepted(), parts }, sink))
            };
            match end.await {
                Err(LineageError::Answer { error: SourceError::Fetch(FetchError::NotArchived { .. }), .. })
                    if !days.is_empty() => {}
                end => return end,
            }
        }
    }

    fn courier(&self, made: &Made, manifest: &Manifest, fetch: &Fetch, info: &SourceInfo) -> Courier {
        let source = crate::config::Source { synthetic: info.synthetic, ..source_of(&made.config, fetch) };
        let (client, archive) = (self.client.clone(), Arc::clone(&self.archive));
        Courier::of_archive(&manifest.pipeline, Arc::new(source), client, archive, info.answers.iter().cloned())
    }
}

/// What "today" may have been when the version was planned: selections that end with the current year depend on
/// it, and a run may have seen New Year.
fn days(manifest: &Manifest) -> Vec<Date> {
    let created = manifest.created_at.to_zoned(stockholm()).date();
    let before = created.checked_sub(1.day()).ok().filter(|before| before.year() != created.year());
    std::iter::once(created).chain(before).collect()
}
