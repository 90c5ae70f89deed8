//! Yrkesbarometern: Arbetsförmedlingen's assessments of some 220 occupations
//! for the nation and each län, twice a year, as one JSON file.
//!
//! Known from third parties' copies and notes of 2025 and 2026, not from calls
//! of our own (`assumptions`): one array, 19 fields a row, some 5 MB; the file
//! is overwritten with each omgång (`YYYY-1` spring, `YYYY-2` autumn), so every
//! one that was fetched stays in the archive under its omgång; `lan` is text
//! with a leading zero and "00" the nation; `ssyk` lists one or more SSYK 2012
//! groups, with a comma between; a null is no assessment (28 % of the rows),
//! never balance. It judges no word: one that it does not know is an error.

pub mod assumptions;
pub mod browse;
mod describe;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod row;
mod rows;
mod words;

#[cfg(test)]
mod tests;

use arrow::record_batch::RecordBatch;

use super::{Harvest, Plan, Progress, Sink, SourceError};
use crate::config::YrkesbarometerFetch;
use crate::fetch::{Answer, Courier, Expect, Request};

use rows::Barometer;

pub(super) use rows::schema;
pub(super) use words::UNKNOWN as UNKNOWN_WORD;

/// The file is read when planning: only it tells its omgång, and nothing else tells whether it has changed for certain.
pub(super) async fn plan(courier: &Courier, fetch: &YrkesbarometerFetch) -> Result<Plan, SourceError> {
    let (answer, barometer, _) = read(courier, fetch).await?;
    courier.accept(&answer)?;
    Ok(Plan {
        calls: 1,
        cells: barometer.rows.len() as u64,
        lower_bound: 1,
        limits: courier.source().limits,
        wait: courier.limiter().wait_for(1),
        stamp: Some(format!("omgang {} blake3 {}", barometer.rounds(), answer.record.hash)),
        stamp_proves: true,
        estimated: false,
        notes: barometer.notes(),
        publish_notes: Vec::new(),
        schema: Some(schema()),
        codes: describe::codes(&barometer),
        metadata: Some(describe::describe(&barometer)),
        work: super::Work::Yrkesbarometer,
    })
}

pub(super) async fn harvest(
    courier: &Courier,
    fetch: &YrkesbarometerFetch,
    plan: &Plan,
    sink: &mut dyn Sink,
    progress: Progress<'_>,
) -> Result<Harvest, SourceError> {
    let (answer, barometer, batch) = read(courier, fetch).await?;
    courier.accept(&answer)?;
    sink.write(&batch).map_err(SourceError::Sink)?;
    progress(1);
    // Where the plan's answer could not be kept, this one is another, and perhaps of another omgång.
    let stamp = format!("omgang {} blake3 {}", barometer.rounds(), answer.record.hash);
    let moved = plan.stamp.as_ref() != Some(&stamp);
    Ok(Harvest {
        rows: batch.num_rows() as u64,
        codes: describe::codes(&barometer),
        stamp: Some(stamp),
        notes: if moved { barometer.notes() } else { Vec::new() },
        metadata: moved.then(|| describe::describe(&barometer)),
    })
}

async fn read(courier: &Courier, fetch: &YrkesbarometerFetch) -> Result<(Answer, Barometer, RecordBatch), SourceError> {
    let answer = courier.ask_for_edition(&Request::get(format!("/{}", fetch.path)), Expect::Json).await?;
    let rows = row::rows(&answer)?;
    let fault = |error| SourceError::decode(&answer, error);
    let barometer = Barometer::new(rows).map_err(fault)?;
    let batch = barometer.batch(&courier.source().symbols).map_err(fault)?;
    Ok((answer, barometer, batch))
}
