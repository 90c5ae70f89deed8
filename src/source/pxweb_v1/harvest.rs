//! The data calls of a plan. A call that is refused as too large is split and asked
//! again in parts, since some installations allow fewer cells than they announce.

use std::ops::Range;

use super::super::{Harvest, Plan, Progress, Sink, SourceError};
use super::answer::body;
use super::listing;
use super::plan::{Edition, Work};
use super::{path, split};
use crate::fetch::{Answer, Courier, FetchError, Request};

pub async fn harvest(
    courier: &Courier,
    plan: &Plan,
    work: &Work,
    sink: &mut dyn Sink,
    progress: Progress<'_>,
) -> Result<Harvest, SourceError> {
    let symbols = &courier.source().symbols;
    let (mut rows, mut calls, mut done) = (0, 0_u64, 0);
    for planned in work.split.boxes() {
        // Parts of a planned call come in its own order, so that its rows do too.
        let mut waiting = vec![planned];
        while let Some(ranges) = waiting.pop() {
            let answer = match ask(courier, work, &ranges).await {
                Ok(answer) => answer,
                Err(error) if is_too_large(&error) => {
                    let (first, second) = halves(&ranges).ok_or_else(|| too_large(error, work, plan, &ranges))?;
                    waiting.push(second);
                    waiting.push(first);
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let batch = work
                .format
                .decode(&answer.body, &work.query.layout(&ranges, symbols), &work.dialect)
                .map_err(|error| SourceError::decode(&answer, error))?;
            courier.accept(&answer)?;
            sink.write(&batch).map_err(SourceError::Sink)?;
            rows += batch.num_rows() as u64;
            calls += 1;
        }
        done += 1;
        progress(done);
    }
    if calls > 1 {
        refuse_moved(courier, work).await?;
    }
    Ok(Harvest { rows, codes: plan.codes.clone(), stamp: plan.stamp.clone(), notes: Vec::new(), metadata: None })
}

async fn ask(courier: &Courier, work: &Work, ranges: &[Range<usize>]) -> Result<Answer, FetchError> {
    let request = Request::post(path(&work.table), body(&work.query, ranges, &work.dialect, work.format));
    courier.ask(&request, work.format.expect()).await
}

/// 403 with these words; without them it may be a refusal of who asks.
fn is_too_large(error: &FetchError) -> bool {
    match error {
        FetchError::Refused { status: 400 | 403 | 413, message, .. } => {
            let message = message.to_lowercase();
            message.contains("too many values") || message.contains("too many cells")
        }
        _ => false,
    }
}

/// Two halves of the longest dimension; none of a single row.
fn halves(ranges: &[Range<usize>]) -> Option<(Vec<Range<usize>>, Vec<Range<usize>>)> {
    let (place, longest) = ranges.iter().enumerate().max_by_key(|(_, range)| range.len())?;
    if longest.len() < 2 {
        return None;
    }
    let middle = longest.start + longest.len() / 2;
    let (mut first, mut second) = (ranges.to_vec(), ranges.to_vec());
    first[place].end = middle;
    second[place].start = middle;
    Some((first, second))
}

fn too_large(error: FetchError, work: &Work, plan: &Plan, ranges: &[Range<usize>]) -> SourceError {
    let cells = ranges.iter().map(|range| range.len() as u64).product::<u64>() * work.query.per_row();
    let limit = plan.limits.map_or(0, |limits| limits.cells);
    match error {
        FetchError::Refused { source_name: name, url, .. } => SourceError::TooManyCells { name, url, cells, limit },
        error => error.into(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_dimension_is_halved_until_one_row_is_left() {
        assert_eq!(halves(&[0..1, 2..7]), Some((vec![0..1, 2..4], vec![0..1, 4..7])));
        assert_eq!(halves(&[0..1, 3..4]), None);
        assert_eq!(halves(&[]), None);
    }
}
