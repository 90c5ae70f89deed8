//! Skolverket's Skolenhetsregistret, version 2: school units, their organizers
//! (huvudmän), education providers, and contracts of municipal adult education.
//!
//! Known from its OpenAPI document (2.0.0): every list comes whole in one answer, without pages and without a count, so
//! that only the checks of a dataset can tell a short list from a shorter truth; a list names little more than code, name
//! and status, and the rest takes a call per row (`details`). A unit's municipality is known without details where the
//! units are asked for by municipality. Codes of units and providers are eight digits and stay texts.
//!
//! The answers of details hold names of headmasters, telephone numbers and addresses of mail: only the fields in `kept`
//! are ever written down.

pub mod assumptions;
mod browse;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod kept;
mod rows;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};

use arrow::datatypes::SchemaRef;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::answer::parse;
use super::encode::encode;
use super::metadata::{Kind, Metadata};
use super::persons::only;
use super::{Harvest, Plan, Progress, Sink, SourceError, parallel};
use crate::config::{RegisterWhat, SchoolUnitsFetch};
use crate::decode::DecodeError;
use crate::decode::rows::Table;
use crate::fetch::{Answer, Courier, Expect, Request, masked};

pub use browse::{describe, search};
pub use kept::KEPT;

/// The API's version, before every path.
const VERSION: &str = "/v2";

type Record = Map<String, Value>;

#[derive(Clone, Debug, Default)]
pub(super) struct Work {
    /// The lists, and by which municipality each was asked for.
    lists: Vec<(Option<String>, String)>,
    /// What the details are asked for, in order; empty without details.
    items: Vec<(String, Record)>,
}

#[derive(Deserialize)]
struct List {
    data: ListData,
}

#[derive(Deserialize)]
struct ListData {
    attributes: Vec<Record>,
}

pub(super) fn schema(fetch: &SchoolUnitsFetch) -> SchemaRef {
    table(fetch.what).schema()
}

fn table(what: RegisterWhat) -> Table {
    Table::new(rows::columns(what).iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect(), ',')
}

fn list_path(fetch: &SchoolUnitsFetch, municipality: Option<&str>) -> String {
    let mut path = format!("{VERSION}/{}", fetch.what.as_str());
    let filters = municipality
        .iter()
        .map(|code| ("municipality_code", *code))
        .chain(fetch.school_types.iter().map(|code| ("school_type", code.as_str())))
        .chain(fetch.statuses.iter().map(|code| ("status", code.as_str())));
    for (place, (name, value)) in filters.enumerate() {
        path.push(if place == 0 { '?' } else { '&' });
        path.push_str(name);
        path.push('=');
        path.push_str(&encode(value));
    }
    path
}

pub(super) async fn plan(courier: &Courier, fetch: &SchoolUnitsFetch) -> Result<Plan, SourceError> {
    let municipalities: BTreeSet<&str> = fetch.municipalities.iter().map(String::as_str).collect();
    let lists: Vec<(Option<String>, String)> = if municipalities.is_empty() {
        vec![(None, list_path(fetch, None))]
    } else {
        municipalities.into_iter().map(|code| (Some(code.to_owned()), list_path(fetch, Some(code)))).collect()
    };
    let mut work = Work { lists, items: Vec::new() };
    if fetch.details {
        let mut known = Known::default();
        for (_, path) in &work.lists {
            let answer = courier.ask_scrubbed(&Request::get(path), Expect::Json, only(courier, KEPT)).await?;
            let records = list(&answer)?;
            for (number, record) in records.into_iter().enumerate() {
                let key =
                    rows::key(fetch.what, number, &record).map_err(|error| SourceError::decode(&answer, error))?;
                if known.is_new(&key, &record, number).map_err(|error| SourceError::decode(&answer, error))? {
                    let path = format!("{VERSION}/{}/{}", fetch.what.as_str(), rows::detail(&key));
                    work.items.push((path, record));
                }
            }
            courier.accept(&answer)?;
        }
    }
    let lists = work.lists.len() as u64;
    let calls = if fetch.details { work.items.len() as u64 } else { lists };
    let mut notes = vec!["the source does not tell when it has changed: it is fetched and compared".to_owned()];
    if fetch.details {
        notes.push(format!("details take {calls} calls, one per row of {lists} lists"));
    }
    Ok(Plan {
        calls,
        cells: 0,
        lower_bound: calls,
        limits: courier.source().limits,
        wait: courier.limiter().wait_for(calls),
        stamp: None,
        stamp_proves: false,
        estimated: false,
        notes,
        publish_notes: Vec::new(),
        schema: Some(schema(fetch)),
        codes: Vec::new(),
        metadata: Some(Metadata { table: fetch.what.as_str().to_owned(), ..Metadata::new(Kind::SchoolUnits) }),
        work: super::Work::SchoolUnits(Box::new(work)),
    })
}

fn list(answer: &Answer) -> Result<Vec<Record>, SourceError> {
    Ok(parse::<List>(answer)?.data.attributes)
}

/// What came so far, by key.
#[derive(Default)]
struct Known(HashMap<Vec<String>, Record>, u64);

impl Known {
    /// The same record again is passed over, another with its key is refused.
    fn is_new(&mut self, key: &[String], record: &Record, number: usize) -> Result<bool, DecodeError> {
        match self.0.get(key) {
            None => {
                self.0.insert(key.to_vec(), record.clone());
                Ok(true)
            }
            Some(before) if before == record => {
                self.1 += 1;
                Ok(false)
            }
            Some(_) => {
                Err(DecodeError::Shape(format!("row {number}: {} came before, with other facts", key.join(", "))))
            }
        }
    }
}

pub(super) async fn harvest(
    courier: &Courier,
    fetch: &SchoolUnitsFetch,
    plan: &Plan,
    work: &Work,
    sink: &mut dyn Sink,
    progress: Progress<'_>,
) -> Result<Harvest, SourceError> {
    let what = fetch.what;
    let (mut rows, mut done, mut seen) = (0, 0, BTreeSet::new());
    let mut known = Known::default();
    if fetch.details {
        let asked = |(path, record): (String, Record)| {
            let courier = courier.clone();
            async move {
                let answer = courier.ask_scrubbed(&Request::get(path), Expect::Json, only(&courier, KEPT)).await?;
                Ok((answer, record))
            }
        };
        parallel::in_order(courier.source().parallel, work.items.iter().cloned(), asked, |(answer, listed)| {
            let fault = |error| SourceError::decode(&answer, error);
            let mut table = table(what);
            let record: Record = parse(&answer)?;
            seen.extend(listed.keys().cloned());
            rows::write_detail(what, &listed, &record, &mut table).map_err(fault)?;
            rows += write(courier, &answer, table, sink)?;
            done += 1;
            progress(done);
            Ok(())
        })
        .await?;
    } else {
        for (municipality, path) in &work.lists {
            let answer = courier.ask_scrubbed(&Request::get(path), Expect::Json, only(courier, KEPT)).await?;
            let fault = |error| SourceError::decode(&answer, error);
            let mut table = table(what);
            for (number, record) in list(&answer)?.iter().enumerate() {
                let key = rows::key(what, number, record).map_err(fault)?;
                seen.extend(record.keys().cloned());
                if known.is_new(&key, record, number).map_err(fault)? {
                    rows::write_listed(what, number, municipality.as_deref(), record, &mut table).map_err(fault)?;
                }
            }
            rows += write(courier, &answer, table, sink)?;
            done += 1;
            progress(done);
        }
    }
    let lost = rows::fields(what).iter().find(|field| rows > 0 && !seen.contains(**field));
    if let Some(field) = lost {
        let base = masked(courier.source().base_url.as_str());
        return Err(SourceError::FieldLost {
            name: courier.source().name.clone(),
            url: format!("{}{VERSION}/{}", base.trim_end_matches('/'), what.as_str()),
            field: (*field).to_owned(),
            rows,
        });
    }
    let notes = match known.1 {
        0 => Vec::new(),
        twice => vec![format!("{twice} rows came more than once; one is kept of each")],
    };
    Ok(Harvest { rows, codes: plan.codes.clone(), stamp: None, notes, metadata: None })
}

fn write(courier: &Courier, answer: &Answer, mut table: Table, sink: &mut dyn Sink) -> Result<u64, SourceError> {
    let batch = table.take().map_err(|error| SourceError::decode(answer, error))?;
    courier.accept(answer)?;
    sink.write(&batch).map_err(SourceError::Sink)?;
    Ok(batch.num_rows() as u64)
}
