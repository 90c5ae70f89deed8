//! One part of a table: asked for whole, and in halves where the source refuses
//! it as too much although it keeps to the announced limit. Halving has an end,
//! and what one part has taught holds for those after it.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::record_batch::RecordBatch;

use super::super::{SourceError, parallel};
use super::planner::Split;
use super::query::Query;
use crate::contract::Status;
use crate::decode::DecodeError;
use crate::fetch::{Answer, Courier, Expect, FetchError, Request, Said};

/// How often a part is halved: 128 pieces. A source that refuses those as well means something else.
const DEEPEST: u32 = 7;

/// How a table is asked for a box, and what it says.
pub trait Asking: Send + Sync + 'static {
    fn request(&self, ranges: &[Range<usize>]) -> (Request, Expect);

    /// The rows of the answer for a box.
    fn decode(
        &self,
        body: &[u8],
        ranges: &[Range<usize>],
        symbols: &BTreeMap<String, Status>,
    ) -> Result<RecordBatch, DecodeError>;

    /// What is asked of the table, in its own terms.
    fn query(&self) -> &Query;

    /// The boxes of the calls.
    fn split(&self) -> &Split;

    /// The columns by which the rows are wanted in order; none leaves them in the order of the calls.
    fn order(&self) -> &[String] {
        &[]
    }

    /// What a refusal of so many cells means.
    fn refused(&self, error: SourceError, limit: u64, cells: u64) -> SourceError;
}

/// What all data calls of a harvest have in common.
pub struct Shared {
    table: Box<dyn Asking>,
    /// Cells that the source allows in a call.
    limit: u64,
    /// The fewest cells that were refused.
    refused: AtomicU64,
    pieces: AtomicU64,
}

/// An answer and its rows; none where it says that there are none.
pub type Piece = (Answer, Option<RecordBatch>);

type Ranges = Vec<Range<usize>>;

impl Shared {
    pub fn new(table: impl Asking, limit: u64) -> Self {
        Self { table: Box::new(table), limit, refused: AtomicU64::new(u64::MAX), pieces: AtomicU64::new(0) }
    }

    fn cells(&self, ranges: &Ranges) -> u64 {
        ranges.iter().map(|range| range.len() as u64).product::<u64>() * self.table.query().per_row()
    }

    /// For the operator, where parts had to be halved.
    pub fn note(&self) -> Option<String> {
        let (refused, pieces) = (self.refused.load(Ordering::Relaxed), self.pieces.load(Ordering::Relaxed));
        let announced = if self.limit == 0 { "no limit".to_owned() } else { format!("a limit of {}", self.limit) };
        (refused < u64::MAX).then(|| {
            format!("the source refused calls of {refused} cells as too many, though it announces {announced}: those parts were asked for in {pieces} smaller ones")
        })
    }
}

/// Asks for one box, whole or in pieces, and decodes it; the pieces stand in the order of the box.
pub async fn part(courier: &Courier, shared: Arc<Shared>, ranges: Ranges) -> Result<Vec<Piece>, SourceError> {
    let mut waiting = VecDeque::from([(ranges, 0)]);
    let mut pieces = Vec::new();
    let mut missing = None;
    while let Some((ranges, depth)) = waiting.pop_front() {
        let cells = shared.cells(&ranges);
        let halves = if depth < DEEPEST { halves(&ranges) } else { None };
        // What the archive has was asked for as it was, whatever else was refused.
        let hopeless = !courier.is_of_archive() && cells >= shared.refused.load(Ordering::Relaxed);
        let [before, after] = match halves {
            Some(halves) if hopeless => halves,
            halves => match (ask(courier, &shared, &ranges).await, halves) {
                (Ok(piece), _) => {
                    shared.pieces.fetch_add(u64::from(depth > 0), Ordering::Relaxed);
                    pieces.push(piece);
                    continue;
                }
                (Err(SourceError::Fetch(FetchError::TooMuch { .. })), Some(halves)) => {
                    shared.refused.fetch_min(cells, Ordering::Relaxed);
                    halves
                }
                // A part that was refused then is not there; its pieces may be.
                (Err(error @ SourceError::Fetch(FetchError::NotArchived { .. })), Some(halves)) => {
                    missing = missing.or(Some(error));
                    halves
                }
                (Err(error), _) => {
                    let error = missing.filter(|_| courier.is_of_archive()).unwrap_or(error);
                    return Err(shared.table.refused(error, shared.limit, cells));
                }
            },
        };
        waiting.push_front((after, depth + 1));
        waiting.push_front((before, depth + 1));
    }
    Ok(pieces)
}

/// The box cut across its outermost dimension that can be cut, so that its rows keep their order.
fn halves(ranges: &Ranges) -> Option<[Ranges; 2]> {
    let at = ranges.iter().position(|range| range.len() > 1)?;
    let middle = ranges[at].start + ranges[at].len().div_ceil(2);
    let (mut before, mut after) = (ranges.clone(), ranges.clone());
    before[at].end = middle;
    after[at].start = middle;
    Some([before, after])
}

async fn ask(courier: &Courier, shared: &Arc<Shared>, ranges: &Ranges) -> Result<Piece, SourceError> {
    let (request, expect) = shared.table.request(ranges);
    let answer = match courier.ask_or_nothing(&request, expect).await? {
        Said::Answer(answer) => answer,
        Said::Nothing(answer) => return Ok((answer, None)),
    };
    let (shared, ranges, courier) = (Arc::clone(shared), ranges.clone(), courier.clone());
    parallel::off_thread(move || {
        let batch = shared.table.decode(&answer.body, &ranges, &courier.source().symbols);
        let batch = batch.map_err(|error| SourceError::decode(&answer, error))?;
        Ok((answer, Some(batch)))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_is_cut_across_its_outermost_dimension() {
        assert_eq!(halves(&vec![3..4, 0..5, 2..9]), Some([vec![3..4, 0..3, 2..9], vec![3..4, 3..5, 2..9]]));
        assert_eq!(halves(&vec![3..4, 7..8]), None);
        assert_eq!(halves(&Vec::new()), None);
    }
}
