//! The data calls of a plan, and the question afterwards whether the table is still
//! the one that was planned. Refusals as too large are the parts' business.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;

use super::super::pxweb::part::{Asking, Shared, part};
use super::super::{Harvest, Plan, Progress, Sink, SourceError, parallel};
use super::answer::body;
use super::listing;
use super::plan::{Edition, Work};
use super::{path, split};
use crate::config::SourceKind;
use crate::contract::Status;
use crate::decode::DecodeError;
use crate::fetch::{Courier, Expect, FetchError, Request};

pub async fn harvest(
    courier: &Courier,
    plan: &Plan,
    work: &Work,
    sink: &mut dyn Sink,
    progress: Progress<'_>,
) -> Result<Harvest, SourceError> {
    let limit = plan.limits.map_or(0, |limits| limits.cells);
    let shared = Arc::new(Shared::new(work.clone(), limit));
    let (mut rows, mut calls, mut answers) = (0, 0, 0_u64);
    let call = |ranges: Vec<Range<usize>>| {
        let (courier, shared) = (courier.clone(), Arc::clone(&shared));
        async move { part(&courier, shared, ranges).await }
    };
    // One more than may be asked for at a time, so that an answer is decoded while the next one is on its way.
    let at_once = courier.source().parallel + 1;
    parallel::in_order(at_once, work.split.boxes(), call, |pieces| {
        for (answer, batch) in pieces {
            courier.accept(&answer)?;
            answers += 1;
            if let Some(batch) = batch {
                sink.write(&batch).map_err(SourceError::Sink)?;
                rows += batch.num_rows() as u64;
            }
        }
        calls += 1;
        progress(calls);
        Ok(())
    })
    .await?;
    if answers > 1 {
        refuse_moved(courier, work).await?;
    }
    let notes = shared.note().into_iter().collect();
    Ok(Harvest { rows, codes: plan.codes.clone(), stamp: plan.stamp.clone(), notes, metadata: None })
}

impl Asking for Work {
    fn request(&self, ranges: &[Range<usize>]) -> (Request, Expect) {
        let body = body(&self.query, ranges, &self.dialect, self.format);
        (Request::post(path(&self.table), body), self.format.expect())
    }

    fn decode(
        &self,
        body: &[u8],
        ranges: &[Range<usize>],
        symbols: &BTreeMap<String, Status>,
    ) -> Result<RecordBatch, DecodeError> {
        self.format.decode(body, &self.query.layout(ranges, symbols), &self.dialect, SourceKind::PxwebV1)
    }

    fn per_row(&self) -> u64 {
        self.query.per_row()
    }

    fn refused(&self, error: SourceError, limit: u64, cells: u64) -> SourceError {
        match error {
            SourceError::Fetch(FetchError::TooMuch { source_name: name, url, .. }) => {
                SourceError::TooManyCells { name, url, cells, limit }
            }
            error => error,
        }
    }
}

/// Parts of two editions must not meet in one table, so the source is asked again, past any journal.
async fn refuse_moved(courier: &Courier, work: &Work) -> Result<(), SourceError> {
    let now = match &work.edition {
        None => return Ok(()),
        Some(Edition::Listed(_)) => {
            let nodes = listing::list_anew(courier, split(&work.table).0).await?.unwrap_or_default();
            listing::entry(&nodes, &work.table).and_then(|node| node.updated.clone())
        }
        Some(Edition::Told { body, .. }) => {
            let request = Request::post(path(&work.table), body.clone());
            let answer = courier.ask_anew(&request, work.format.expect()).await?;
            let meta = work.format.metadata(&answer.body).map_err(|error| SourceError::decode(&answer, error))?;
            meta.updated
        }
    };
    let before = work.edition.as_ref().map_or("", Edition::updated);
    if now.as_deref() == Some(before) {
        return Ok(());
    }
    Err(SourceError::Moved {
        name: courier.source().name.clone(),
        table: work.table.clone(),
        before: before.to_owned(),
        after: now.unwrap_or_else(|| "no date".to_owned()),
    })
}
