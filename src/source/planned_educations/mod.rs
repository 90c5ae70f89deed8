//! Skolverket's Planned Educations API, version 4: planned adult education in
//! Sweden, the code lists that go with it, and figures of school units.
//!
//! Known from its OpenAPI document and the recorded answers in it (November 2025): paths, parameters, the envelope,
//! the rows and their dirt. Known from others' clients alone, and named in `assumptions`: `Accept` must name the
//! path's version; more than 100 rows a page do not work (500 is answered with 404); the order of rows is not stable
//! over pages, which loses a fifth of them to whoever turns pages. So no page but the first is ever asked for: see
//! `gather`. It serves what is planned now: there is no history to ask for.

mod answer;
pub mod assumptions;
mod browse;
mod event;
mod foresee;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod gather;
mod known;
mod seek;
mod slice;
mod statistics;
mod support;
mod version;
mod vocabulary;
mod written;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashSet};

use arrow::datatypes::SchemaRef;

use super::metadata::{Dimension, Kind, Metadata};
use super::nearest_code::nearest_code;
use super::{Harvest, Plan, Progress, Sink, SourceError, order, parallel};
use crate::config::{PlannedEducationsFetch, PlannedWhat};
use crate::decode::CodeRow;
use crate::decode::rows::Table;
use crate::fetch::{Answer, Courier, Request, masked};

pub use browse::{describe, search};

use event::FIELDS;
use foresee::Seer;
use gather::Gatherer;
use slice::{Dim, Slice, Ways, counties};
use written::Written;

/// Rows in a page: more do not work.
const PAGE: u64 = 100;

/// How often a slice is read that does not add up.
const TRIES: usize = 3;

#[derive(Clone, Debug, Default)]
pub(super) struct Work {
    slices: Vec<Slice>,
    ways: Ways,
}

pub(super) fn schema(fetch: &PlannedEducationsFetch) -> SchemaRef {
    table(fetch.what).schema()
}

fn table(what: PlannedWhat) -> Table {
    match what {
        PlannedWhat::AdultEducationEvents => event::table(),
        PlannedWhat::Areas => support::table(&support::AREA_COLUMNS),
        PlannedWhat::SchoolTypes => support::table(&support::TYPE_COLUMNS),
        PlannedWhat::GeographicalAreas => support::table(&support::GEOGRAPHICAL_COLUMNS),
        PlannedWhat::Statistics => statistics::table(),
    }
}

pub(super) async fn plan(courier: &Courier, fetch: &PlannedEducationsFetch) -> Result<Plan, SourceError> {
    if fetch.what == PlannedWhat::AdultEducationEvents {
        return plan_events(courier, fetch).await;
    }
    let calls = match fetch.what {
        PlannedWhat::SchoolTypes => 2,
        PlannedWhat::Statistics => fetch.school_units.iter().collect::<BTreeSet<_>>().len() as u64,
        _ => 1,
    };
    let metadata = Metadata { table: fetch.what.as_str().to_owned(), ..Metadata::new(Kind::PlannedEducations) };
    let notes = vec!["the source does not tell when it has changed: it is fetched and compared".to_owned()];
    Ok(made(courier, fetch, [calls, calls], notes, metadata, Work::default()))
}

fn made(
    courier: &Courier,
    fetch: &PlannedEducationsFetch,
    [calls, lower_bound]: [u64; 2],
    notes: Vec<String>,
    metadata: Metadata,
    work: Work,
) -> Plan {
    Plan {
        calls,
        cells: 0,
        lower_bound,
        limits: courier.source().limits,
        wait: courier.limiter().wait_for(calls),
        stamp: None,
        stamp_proves: false,
        estimated: false,
        notes,
        publish_notes: Vec::new(),
        schema: Some(schema(fetch)),
        codes: codes(&metadata),
        metadata: Some(metadata),
        work: super::Work::PlannedEducations(Box::new(work)),
    }
}

fn codes(metadata: &Metadata) -> Vec<CodeRow> {
    let rows = metadata.dimensions.iter().flat_map(|dimension| {
        dimension.codes.iter().enumerate().map(|(place, (kod, text))| CodeRow {
            kolumn: dimension.id.clone(),
            kod: kod.clone(),
            text: text.clone(),
            ordning: order(place),
        })
    });
    rows.collect()
}

async fn plan_events(courier: &Courier, fetch: &PlannedEducationsFetch) -> Result<Plan, SourceError> {
    let list = async |path: &str| -> Result<Answer, SourceError> { support::ask(courier, path).await };
    let answer = list(support::AREAS).await?;
    let areas = support::areas(&answer)?;
    courier.accept(&answer)?;
    let answer = list(support::ADULT_TYPES).await?;
    let types = support::types(&answer)?;
    courier.accept(&answer)?;
    let answer = list(support::GEOGRAPHICAL).await?;
    let places = support::places(&answer)?;
    courier.accept(&answer)?;

    let directions: Vec<(String, String)> = areas
        .iter()
        .flat_map(|area| &area.directions)
        .map(|direction| (direction.id.clone(), direction.name.trim().to_owned()))
        .collect();
    let municipalities = support::municipalities(&places);
    let listed: Vec<String> = types.iter().map(|one| one.code.clone()).collect();
    let names: Vec<(String, String)> =
        places.iter().map(|place| (place.code.clone(), place.name.trim().to_owned())).collect();
    let known = |what: &'static str, path: &str, wanted: &[String], known: &[(String, String)]| match wanted
        .iter()
        .find(|value| !known.iter().any(|(code, _)| code == *value))
    {
        None => Ok(()),
        Some(value) => Err(unknown(courier, what, path, value, nearest_code(value, known))),
    };
    let all_places: Vec<(String, String)> =
        counties(&municipalities).into_iter().map(|code| (code, String::new())).chain(names.clone()).collect();
    known("area", support::GEOGRAPHICAL, &fetch.areas, &all_places)?;
    let named_directions: Vec<String> = fetch.directions.iter().filter(|id| *id != "*").cloned().collect();
    known("direction", support::AREAS, &named_directions, &directions)?;
    let all_types: Vec<(String, String)> = vocabulary::TYPES
        .iter()
        .flat_map(|one| {
            std::iter::once(&one.code).chain(one.older).map(|code| ((*code).to_owned(), one.title.to_owned()))
        })
        .chain(types.iter().map(|one| (one.code.clone(), one.name.clone())))
        .collect();
    known("type of school", support::ADULT_TYPES, &fetch.types, &all_types)?;

    let ways = Ways {
        municipalities: municipalities.clone(),
        directions: distinct(directions.iter().map(|(id, _)| id.clone())),
        types: distinct(vocabulary::TYPES.iter().map(|one| vocabulary::asked(one.code, &listed))),
    };
    let slices = slices(fetch, &ways, &listed);
    let metadata = Metadata {
        table: fetch.what.as_str().to_owned(),
        dimensions: vec![
            dimension("inriktning_id", directions),
            dimension("skolform_kod", types.iter().map(|one| (one.code.clone(), one.name.clone())).collect()),
            dimension("kommun_kod", names.into_iter().filter(|(code, _)| municipalities.contains(code)).collect()),
        ],
        ..Metadata::new(Kind::PlannedEducations)
    };
    let (count, estimated, notes) = foresee(courier, &slices, &ways).await?;
    Ok(Plan { estimated, ..made(courier, fetch, count, notes, metadata, Work { slices, ways }) })
}

fn dimension(id: &str, codes: Vec<(String, String)>) -> Dimension {
    let mut seen = HashSet::new();
    let codes = codes.into_iter().filter(|(code, _)| seen.insert(code.clone())).collect();
    Dimension { id: id.to_owned(), label: id.to_owned(), codes, ..Dimension::default() }
}

/// Calls, and the fewest, and whether the former are an estimate.
async fn foresee(
    courier: &Courier,
    slices: &[Slice],
    ways: &Ways,
) -> Result<([u64; 2], bool, Vec<String>), SourceError> {
    let mut notes = vec!["the source does not tell when it has changed: it is fetched and compared".to_owned()];
    if courier.is_of_archive() {
        // What was made then is all there is to be made.
        let calls = slices.len() as u64;
        return Ok(([calls, calls], false, notes));
    }
    let seen = Seer::new(courier, ways).foresee(slices.to_vec()).await?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole, positive number of calls")]
    let calls = (seen.calls.round() as u64).max(seen.least);
    notes.push(match slices.len() - seen.asked {
        0 => format!("the source counts {} events", seen.total),
        others => format!(
            "the source counts {} events in {} slices; of {others} more, one call each is certain, and they are taken to \
             be like these",
            seen.total, seen.asked
        ),
    });
    if seen.guessed > 0 {
        notes.push(format!(
            "{calls} calls are an estimate: how far a place of more than {PAGE} events must be cut is known only when its \
             parts are asked for; {} are certain",
            seen.least
        ));
    }
    Ok(([calls, seen.least], seen.guessed > 0, notes))
}

fn unknown(courier: &Courier, what: &'static str, path: &str, value: &str, nearest: Option<String>) -> SourceError {
    let source = courier.source();
    let base = masked(source.base_url.as_str());
    let url = format!("{}{}{path}", base.trim_end_matches('/'), version::CURRENT.path);
    SourceError::UnknownValue { name: source.name.clone(), url, what, value: value.to_owned(), nearest }
}

/// Every combination of what the fetch names.
fn slices(fetch: &PlannedEducationsFetch, ways: &Ways, listed: &[String]) -> Vec<Slice> {
    let directions = if fetch.directions.iter().any(|id| id == "*") { &ways.directions } else { &fetch.directions };
    let types = distinct(fetch.types.iter().map(|code| vocabulary::asked(code, listed)));
    let mut slices = vec![Slice::default()];
    for (dim, values) in [(Dim::Area, &fetch.areas), (Dim::Direction, directions), (Dim::Type, &types)] {
        let values = distinct(values.iter().cloned());
        if !values.is_empty() {
            let with = |slice: &Slice, value: &String| slice.with(dim, std::slice::from_ref(value));
            slices = slices.iter().flat_map(|slice| values.iter().map(move |value| with(slice, value))).collect();
        }
    }
    slices
}

fn distinct(values: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = HashSet::new();
    values.filter(|value| seen.insert(value.clone())).collect()
}

pub(super) async fn harvest(
    courier: &Courier,
    fetch: &PlannedEducationsFetch,
    plan: &Plan,
    work: &Work,
    sink: &mut dyn Sink,
    progress: Progress<'_>,
) -> Result<Harvest, SourceError> {
    let (rows, notes) = match fetch.what {
        PlannedWhat::AdultEducationEvents => {
            let done = harvest_events(courier, fetch, plan, work, sink, progress).await?;
            progress(plan.calls);
            done
        }
        PlannedWhat::Statistics => (harvest_statistics(courier, fetch, sink, progress).await?, Vec::new()),
        _ => (harvest_list(courier, fetch.what, sink, progress).await?, Vec::new()),
    };
    Ok(Harvest { rows, codes: plan.codes.clone(), stamp: None, notes, metadata: None })
}

async fn harvest_list(
    courier: &Courier,
    what: PlannedWhat,
    sink: &mut dyn Sink,
    progress: Progress<'_>,
) -> Result<u64, SourceError> {
    let lists: &[(&str, &str)] = match what {
        PlannedWhat::Areas => &[("", support::AREAS)],
        PlannedWhat::SchoolTypes => &[("vuxenutbildning", support::ADULT_TYPES), ("skolform", support::SCHOOL_TYPES)],
        _ => &[("", support::GEOGRAPHICAL)],
    };
    let mut rows = 0;
    for (number, (list, path)) in lists.iter().enumerate() {
        let answer = support::ask(courier, path).await?;
        let mut table = table(what);
        let written = match what {
            PlannedWhat::Areas => support::write_areas(&support::areas(&answer)?, &mut table),
            PlannedWhat::SchoolTypes => support::write_types(list, &support::types(&answer)?, &mut table),
            _ => support::write_places(&support::places(&answer)?, &mut table),
        };
        written.map_err(|error| SourceError::decode(&answer, error))?;
        rows += write(courier, &answer, table, sink)?;
        progress(number as u64 + 1);
    }
    Ok(rows)
}

async fn harvest_statistics(
    courier: &Courier,
    fetch: &PlannedEducationsFetch,
    sink: &mut dyn Sink,
    progress: Progress<'_>,
) -> Result<u64, SourceError> {
    let school = fetch.school_type.as_deref().unwrap_or_default();
    let mut rows = 0;
    for (number, unit) in distinct(fetch.school_units.iter().cloned()).iter().enumerate() {
        let answer = support::ask(courier, &format!("/school-units/{unit}/statistics/{school}")).await?;
        let body = answer::body(&answer)?;
        let mut table = statistics::table();
        let about = statistics::About { unit, school, symbols: &courier.source().symbols };
        statistics::write(&about, &body, &mut table).map_err(|error| SourceError::decode(&answer, error))?;
        rows += write(courier, &answer, table, sink)?;
        progress(number as u64 + 1);
    }
    Ok(rows)
}

fn write(courier: &Courier, answer: &Answer, mut table: Table, sink: &mut dyn Sink) -> Result<u64, SourceError> {
    let batch = table.take().map_err(|error| SourceError::decode(answer, error))?;
    courier.accept(answer)?;
    sink.write(&batch).map_err(SourceError::Sink)?;
    Ok(batch.num_rows() as u64)
}

async fn harvest_events(
    courier: &Courier,
    fetch: &PlannedEducationsFetch,
    plan: &Plan,
    work: &Work,
    sink: &mut dyn Sink,
    progress: Progress<'_>,
) -> Result<(u64, Vec<String>), SourceError> {
    let mut written = Written::default();
    let most = plan.calls;
    let (mut before, mut again) = (0, 0);
    for slice in &work.slices {
        let told = {
            let progress = &mut *progress;
            Box::new(move |calls: u64| progress((before + calls).min(most)))
        };
        let gatherer = Gatherer::new(courier, &work.ways, told);
        let gathered = gatherer.gather(slice).await?;
        (before, again) = (before + gatherer.calls(), again + gatherer.again());
        drop(gatherer);
        for answer in gathered.answers() {
            let body = courier.kept(&answer.record.hash).await?;
            written.take(courier, fetch, slice, &Answer { record: answer.record.clone(), body }, sink)?;
        }
    }
    let lost = FIELDS.iter().find(|field| written.seen > 0 && !written.fields.contains(*field));
    if let Some(field) = lost {
        let url =
            format!("{}{}", masked(courier.source().base_url.as_str()).trim_end_matches('/'), version::CURRENT.path);
        return Err(SourceError::FieldLost {
            name: courier.source().name.clone(),
            url,
            field: (*field).to_owned(),
            rows: written.seen,
        });
    }
    let mut notes = vec![format!("{before} calls were made or reused")];
    let said = [
        (written.twice, "events came more than once, with the same row; one is kept of each"),
        (written.differing, "events came more than once, with different rows; the first is kept of each"),
        (written.elsewhere, "events lie in another municipality than the one they were asked for by"),
        (again, "slices were asked for again, since their count had moved or their parts did not make it up"),
    ];
    notes.extend(said.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
    notes.extend(written.cleaned.notes());
    Ok((written.rows, notes))
}

/// With the header that says which version is asked.
pub fn as_sent(request: Request) -> Request {
    request.accepting(version::CURRENT.accept)
}
