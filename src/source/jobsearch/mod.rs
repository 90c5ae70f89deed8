//! JobSearch: the job advertisements that are open in Platsbanken now, counted
//! by occupation group and place. No advertisement is fetched.
//!
//! Known from the API's source of 2021, its documents and third parties' calls
//! of 2025 and 2026, not from calls of our own (`assumptions`): `limit=0` with
//! `stats` counts; a statistic has 5 values unless `stats.limit` says otherwise,
//! and never more than 30; a name or an id that it does not know is answered 200
//! with a total of 0, so only ids of the project's own lists are asked for; the
//! values are counted by the concepts' old ids, so that a concept without one is
//! in the total and in no value, and one concept may have two values; places are
//! united, not intersected; `positions` is 0 with `limit=0` and not taken.
//!
//! Every call asks for at most 29 groups (or places) of one place (or group):
//! fewer values than the limit prove that none was left out. It counts what is
//! open at the moment; growth must not be computed from it.

mod answer;
pub mod assumptions;
pub mod browse;
mod call;
mod count;
mod describe;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod known;
mod planner;
mod select;
mod tally;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use jiff::tz::TimeZone;

use super::{Harvest, Plan, Progress, Sink, SourceError, parallel};
use crate::config::{JobsearchFetch, ValueType};
use crate::decode::rows::{self, Table};
use crate::fetch::{Answer, Courier};

use answer::Counts;
use call::Call;
use known::{Group, Place};
use tally::Tally;

const COLUMNS: [(&str, ValueType); 9] = [
    ("niva", ValueType::Text),
    ("kod", ValueType::Text),
    ("plats_id", ValueType::Text),
    ("period", ValueType::Text),
    ("yrkesgrupp_id", ValueType::Text),
    ("ssyk", ValueType::Text),
    ("yrkesgrupp", ValueType::Text),
    ("yrkesomrade_id", ValueType::Text),
    ("antal", ValueType::Int64),
];

#[derive(Clone, Debug)]
pub(super) struct Work {
    groups: Vec<Group>,
    places: Vec<Place>,
    calls: Vec<Call>,
    /// Every known group and every place of the level is counted, so that the whole can be held against its parts.
    every_group: bool,
    every_lan: bool,
}

pub(super) fn schema() -> SchemaRef {
    rows::schema(COLUMNS.into_iter())
}

/// No call: what is counted is known by ids from the project's own lists.
pub(super) fn plan(courier: &Courier, fetch: &JobsearchFetch) -> Result<Plan, SourceError> {
    let work = select::select(fetch)?;
    // One more than the counts: the whole, by region and by field.
    let calls = work.calls.len() as u64 + 1;
    let cells = work.calls.iter().map(Call::cells).sum();
    Ok(Plan {
        calls,
        cells,
        lower_bound: planner::lower_bound(cells) + 1,
        limits: courier.source().limits,
        wait: courier.limiter().wait_for(calls),
        stamp: None,
        stamp_proves: false,
        estimated: false,
        notes: vec!["advertisements come and go by the minute: they are counted anew in every run".to_owned()],
        publish_notes: Vec::new(),
        schema: Some(schema()),
        codes: describe::codes(&work.groups, &work.places),
        metadata: Some(describe::describe(&work.groups, &work.places)),
        work: super::Work::Jobsearch(Box::new(work)),
    })
}

pub(super) async fn harvest(
    courier: &Courier,
    plan: &Plan,
    work: &Work,
    sink: &mut dyn Sink,
    progress: Progress<'_>,
) -> Result<Harvest, SourceError> {
    let (whole, overview) = count::overview(courier).await?;
    courier.accept(&whole)?;
    let period = day(&whole);
    progress(1);
    let mut tally = Tally::new(work, overview);
    let (mut rows, mut done) = (0, 1);
    let shared = Arc::new(work.clone());
    let ask = |call: Call| whole_of(courier.clone(), Arc::clone(&shared), call);
    parallel::in_order(courier.source().parallel, work.calls.iter().cloned(), ask, |answers| {
        for (answer, call, counted) in answers {
            let Some(counted) = counted else {
                courier.accept(&answer)?;
                continue;
            };
            let mut table = Table::new(COLUMNS.map(|(name, kind)| (name.to_owned(), kind)).into(), '.');
            count::rows(work, &call, &counted, &period, &mut table)
                .map_err(|error| SourceError::decode(&answer, error))?;
            tally.add(work, &call, &counted);
            let batch = table.take().map_err(|error| SourceError::decode(&answer, error))?;
            courier.accept(&answer)?;
            sink.write(&batch).map_err(SourceError::Sink)?;
            rows += batch.num_rows() as u64;
        }
        done += 1;
        progress(done);
        Ok(())
    })
    .await?;
    tally.judge(work).map_err(|error| SourceError::decode(&whole, error))?;
    Ok(Harvest { rows, codes: plan.codes.clone(), stamp: None, notes: tally.notes(work), metadata: None })
}

/// A call whose answer may be cut goes on as two; all that came of it, in order. The cut ones have no counts.
async fn whole_of(
    courier: Courier,
    work: Arc<Work>,
    call: Call,
) -> Result<Vec<(Answer, Call, Option<Counts>)>, SourceError> {
    let (mut open, mut answers) = (vec![call], Vec::new());
    while let Some(call) = open.pop() {
        match count::count(&courier, &work, &call).await? {
            count::Outcome::Counted(answer, counted) => answers.push((answer, call, Some(counted))),
            count::Outcome::Cut(answer, halves) => {
                open.extend(halves);
                answers.push((answer, call, None));
            }
        }
    }
    Ok(answers)
}

/// The day, in Sweden, on which the source was first asked.
fn day(answer: &Answer) -> String {
    let zone = TimeZone::get("Europe/Stockholm").unwrap_or(TimeZone::UTC);
    answer.record.fetched_at.to_zoned(zone).date().to_string()
}
