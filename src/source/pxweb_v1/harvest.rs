//! The data calls of a plan, and the question afterwards whether the table is still
//! the one that was planned. Refusals as too large are the parts' business.

use std::collections::BTreeMap;
use std::ops::Range;

use arrow::record_batch::RecordBatch;

use super::super::pxweb::harvest as shared;
use super::super::pxweb::part::Asking;
use super::super::pxweb::planner::Split;
use super::super::pxweb::query::Query;
use super::super::{Harvest, Plan, Progress, Sink, SourceError};
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
    let brought = shared::harvest(courier, plan, work, sink, progress).await?;
    if brought.answers > 1 {
        refuse_moved(courier, work).await?;
    }
    let notes = brought.note.into_iter().collect();
    Ok(Harvest { rows: brought.rows, codes: plan.codes.clone(), stamp: plan.stamp.clone(), notes, metadata: None })
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

    fn query(&self) -> &Query {
        &self.query
    }

    fn split(&self) -> &Split {
        &self.split
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
