//! The data calls of a plan, in whichever of PxWeb's APIs: parts in the plan's
//! order, whole or halved, and their rows to the sink as they come or, where the
//! wished-for order cuts across the calls, put together first.

use std::ops::Range;
use std::sync::Arc;

use super::super::{Plan, Progress, Sink, SourceError, parallel};
use super::assembly::Assembly;
use super::band::Bands;
use super::part::{Asking, Shared, part};
use crate::fetch::Courier;

/// What the calls have brought.
pub struct Brought {
    pub rows: u64,
    pub answers: u64,
    /// For the operator, where parts had to be halved.
    pub note: Option<String>,
}

pub async fn harvest(
    courier: &Courier,
    plan: &Plan,
    table: &(impl Asking + Clone),
    sink: &mut dyn Sink,
    progress: Progress<'_>,
) -> Result<Brought, SourceError> {
    let limit = plan.limits.map_or(0, |limits| limits.cells);
    let shared = Arc::new(Shared::new(table.clone(), limit));
    let call = |ranges: Vec<Range<usize>>| {
        let (courier, shared) = (courier.clone(), Arc::clone(&shared));
        async move { part(&courier, shared, ranges).await }
    };
    let (query, split) = (table.query(), table.split());
    let bands = Bands::of(query, split.boxes(), table.order());
    let whole = query.layout(&query.whole(), &courier.source().symbols);
    let mut assembly = bands.as_ref().map(|bands| Assembly::new(query, bands, &whole));
    let boxes: Vec<_> = bands.as_ref().map_or_else(|| split.boxes().collect(), |bands| bands.boxes().collect());
    // One more than may be asked for at a time, so that an answer is decoded while the next one is on its way.
    let at_once = courier.source().parallel + 1;
    let (mut rows, mut calls, mut answers) = (0, 0, 0);
    parallel::in_order(at_once, boxes, call, |pieces| {
        for (answer, batch) in pieces {
            courier.accept(&answer)?;
            answers += 1;
            let Some(batch) = batch else { continue };
            match &mut assembly {
                Some(assembly) => {
                    let taken = assembly.take(&answer.record, &batch);
                    taken.map_err(|error| SourceError::decode(&answer, error))?;
                }
                None => sink.write(&batch).map_err(SourceError::Sink)?,
            }
            rows += batch.num_rows() as u64;
        }
        if let Some(assembly) = &mut assembly {
            assembly.end_call(sink).map_err(SourceError::Sink)?;
        }
        calls += 1;
        progress(calls);
        Ok(())
    })
    .await?;
    Ok(Brought { rows, answers, note: shared.note() })
}
