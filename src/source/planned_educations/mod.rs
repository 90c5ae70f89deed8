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
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod gather;
mod slice;
mod statistics;
mod support;
mod version;
mod vocabulary;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap, HashSet};

use arrow::datatypes::SchemaRef;
use bytes::Bytes;

use super::metadata::{Dimension, Kind, Metadata};
use super::nearest_code::nearest_code;
use super::{Harvest, Plan, Progress, Sink, SourceError, order};
use crate::config::{PlannedEducationsFetch, PlannedWhat};
use crate::decode::CodeRow;
use crate::decode::rows::Table;
use crate::fetch::{Answer, Courier, Expect, Request, masked};

pub use browse::{describe, search};

use answer::events;
use event::{Cleaned, FIELDS, Row};
use gather::Gatherer;
use slice::{Dim, Slice, Ways, counties};

/// Rows in a page: more do not work.
const PAGE: u64 = 100;

/// How often a slice is read that does not add up.
const TRIES: usize = 3;

/// Slices whose first page is asked for when planning: it is the harvest's too.
const FORESEEN: usize = 25;

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
    let (count, notes) = foresee(courier, &slices, &ways).await?;
    Ok(made(courier, fetch, count, notes, metadata, Work { slices, ways }))
}

fn dimension(id: &str, codes: Vec<(String, String)>) -> Dimension {
    let mut seen = HashSet::new();
    let codes = codes.into_iter().filter(|(code, _)| seen.insert(code.clone())).collect();
    Dimension { id: id.to_owned(), label: id.to_owned(), codes, ..Dimension::default() }
}

/// Calls, and the fewest; the counts are of the first pages, which the harvest uses.
async fn foresee(courier: &Courier, slices: &[Slice], ways: &Ways) -> Result<([u64; 2], Vec<String>), SourceError> {
    let mut notes = vec!["the source does not tell when it has changed: it is fetched and compared".to_owned()];
    if slices.len() > FORESEEN {
        let calls = slices.len() as u64;
        notes.push(format!(
            "{calls} slices are asked for one by one; one of more than {PAGE} events takes more calls, and how many is \
             known only then"
        ));
        return Ok(([calls, calls], notes));
    }
    let (mut calls, mut least, mut total) = (0, 0, 0);
    for slice in slices {
        let answer = courier.ask(&slice.request(), Expect::Json).await?;
        let listed = events(&answer)?;
        courier.accept(&answer)?;
        total += listed.total;
        let pages = listed.total.div_ceil(PAGE).max(1);
        least += pages;
        calls += if pages == 1 { 1 } else { 1 + expected_parts(slice, ways, listed.total) };
    }
    notes.push(format!("the source counts {total} events"));
    if calls > slices.len() as u64 {
        notes.push(format!(
            "{calls} calls are a guess: how far a slice of more than {PAGE} events must be cut is known only when its \
             parts are asked for; {least} are the least"
        ));
    }
    Ok(([calls, least], notes))
}

/// Calls below a slice that is cut: its counties and municipalities, and parts half full below those.
fn expected_parts(slice: &Slice, ways: &Ways, total: u64) -> u64 {
    let places = match slice.only(Dim::Area) {
        None => ways.municipalities.len() + counties(&ways.municipalities).len(),
        Some(code) if code.len() == 2 => ways.municipalities.iter().filter(|one| one.starts_with(code)).count(),
        Some(_) => 0,
    };
    places as u64 + (total * 2).div_ceil(PAGE)
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

/// What has been written so far.
#[derive(Default)]
struct Written {
    rows: u64,
    /// Event and direction → what its row said.
    events: HashMap<(String, String), [u8; 32]>,
    /// The same again, with the same row and with another.
    twice: u64,
    differing: u64,
    fields: BTreeSet<&'static str>,
    seen: u64,
    elsewhere: u64,
    cleaned: Cleaned,
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

impl Written {
    /// Writes those rows of an answer that are not written yet.
    fn take(
        &mut self,
        courier: &Courier,
        fetch: &PlannedEducationsFetch,
        slice: &Slice,
        answer: &Answer,
        sink: &mut dyn Sink,
    ) -> Result<(), SourceError> {
        let mut table = event::table();
        // Told only where the fetch asks by it, so that a column means the same in every row.
        let school = slice.only(Dim::Type).filter(|_| !fetch.types.is_empty()).map(current);
        let direction = slice.only(Dim::Direction).filter(|_| !fetch.directions.is_empty());
        let area = slice.only(Dim::Area);
        for (number, fields) in events(answer)?.rows.iter().enumerate() {
            let row = Row { number: number as u64, fields };
            self.row(&row, [school, direction], area, &courier.source().symbols, &mut table)
                .map_err(|error| SourceError::decode(answer, error))?;
        }
        if table.rows() == 0 {
            // Accepted already: it tells that there is nothing.
            return Ok(());
        }
        let slim = Answer { record: answer.record.clone(), body: Bytes::new() };
        self.rows += write(courier, &slim, table, sink)?;
        Ok(())
    }

    fn row(
        &mut self,
        row: &Row<'_>,
        asked: [Option<&str>; 2],
        area: Option<&str>,
        symbols: &std::collections::BTreeMap<String, crate::contract::Status>,
        table: &mut Table,
    ) -> Result<(), crate::decode::DecodeError> {
        self.seen += 1;
        let fields = FIELDS.iter().filter(|field| row.fields.contains_key(**field));
        self.fields.extend(fields);
        let mut own = row.fields.clone();
        own.remove("_links");
        let said = *blake3::hash(serde_json::Value::Object(own).to_string().as_bytes()).as_bytes();
        let key = (row.id()?.to_owned(), asked[1].unwrap_or_default().to_owned());
        match self.events.get(&key) {
            Some(before) if *before == said => {
                self.twice += 1;
                return Ok(());
            }
            Some(_) => {
                self.differing += 1;
                return Ok(());
            }
            None => drop(self.events.insert(key, said)),
        }
        let place = row.raw("geographicalAreaCode")?;
        let inside = area.is_none_or(|area| place.is_some_and(|place| place.starts_with(area)));
        self.elsewhere += u64::from(!inside);
        row.write(table, asked, symbols, &mut self.cleaned)
    }
}

/// The current code of a type, whichever the source was asked by.
fn current(code: &str) -> &str {
    vocabulary::known(code).map_or(code, |known| known.code)
}

/// With the header that says which version is asked.
pub fn as_sent(request: Request) -> Request {
    request.accepting(version::CURRENT.accept)
}
