//! Kolada v3: key figures for municipalities, regions and units such as schools, from RKA.
//!
//! What is known of the API, and how (`assumptions.rs` names each fact, so that it can be held against the live one):
//! from clients that others have written (rKolada, koladapy, Kolada-MCP), from the README of v2, and from recorded
//! catalogues and values of 2024 and 2026; no description of v3 of Kolada's own was at hand. At most 25 values per path
//! segment, years too; an answer goes on at `next_url`, 5,000 rows a page, so no more are asked for at a time, and
//! `count` is no reliable total; an unknown indicator is answered with 200 and no rows; revisions are not announced, and
//! a deleted value is sent with `isdeleted`; groups change their members under the same id.
//!
//! `from_date` (what has changed since a day) is not used: the calls are as many with it as without, since the lengths
//! of the lists decide their number, and it is said to hold for "the exact same query" only, which nobody has described.

mod answer;
pub mod assumptions;
pub mod browse;
mod churn;
mod describe;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod lookup;
mod ou;
mod paging;
mod rows;
mod segment;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use jiff::civil::Date;

use super::chunk::chunks;
use super::encode::encode_list;
use super::{Harvest, Metadata, Plan, Progress, Sink, SourceError, order, parallel};
use crate::config::{KoladaFetch, ValueType, Years};
use crate::contract::Status;
use crate::decode::{CodeRow, DecodeError, Dimension, Layout, Measure};
use crate::fetch::{Answer, Courier, Request};

pub use answer::Kpi;
pub use churn::{ended, plain};
pub use lookup::catalogue;

pub(super) use ou::schema as ou_schema;

use answer::{DataRow, Group};
use lookup::Unit;
use ou::OuRows;
use paging::Pages;
use rows::Rows;
use segment::Segment;

/// Values that one path segment may list.
const SEGMENT: usize = 25;

/// Rows in a page, the most that Kolada gives: one per indicator, unit and year.
const PAGE: usize = 5000;

#[derive(Clone, Debug)]
pub(super) struct Work {
    segments: Vec<Segment>,
    whose: Whose,
}

/// Who the figures are about.
#[derive(Clone, Debug)]
enum Whose {
    /// By id.
    Units(HashMap<String, Unit>),
    /// The municipality of each.
    Ous(BTreeMap<String, String>),
}

/// `kpi, enhet, niva, kod, period, kon`, then `varde` with its status and symbol.
pub(super) fn schema() -> SchemaRef {
    let dimension = |column: &str| Dimension { id: column.to_owned(), column: column.to_owned(), codes: Vec::new() };
    let dimensions = ["kpi", "enhet", "niva", "kod", "period", "kon"].map(dimension).into();
    Layout { dimensions, measures: vec![measure()], ..Layout::default() }.schema()
}

fn measure() -> Measure {
    Measure { code: String::new(), column: "varde".into(), kind: ValueType::Float64, decimals: None, unit: None }
}

/// Of municipalities and the like, or of schools and the like.
pub(super) fn schema_of(fetch: &KoladaFetch) -> SchemaRef {
    if fetch.ou.is_empty() { schema() } else { ou_schema() }
}

pub(super) async fn plan(courier: &Courier, fetch: &KoladaFetch, today: Date) -> Result<Plan, SourceError> {
    let years = years(&fetch.years, today)?;
    let mut notes = Vec::new();
    let groups = lookup::kpi_groups(courier, &fetch.kpi_group).await?;
    let kpis = chosen(courier, fetch, &groups, &mut notes).await?;
    for kpi in &kpis {
        if let Some(year) = ended(&kpi.title) {
            notes.push(format!("{} has ended: its title says that {year} is its last year", kpi.id));
        }
    }
    let groups = groups.iter().map(|group| {
        let mut group = describe::group(group, true);
        group.members.retain(|(id, _)| kpis.iter().any(|kpi| kpi.id == *id));
        group
    });
    let groups: Vec<_> = groups.collect();
    let (whose, segments, codes, mut metadata) = if fetch.ou.is_empty() {
        let lookup::Units { chosen: units, all, groups } =
            lookup::units(courier, fetch.municipality.as_deref()).await?;
        let segments = segment::segments(&kpis, &units, &years)?;
        let mut metadata = describe::describe(&kpis, &all);
        metadata.groups.extend(groups.iter().map(|group| describe::group(group, false)));
        let codes = codes(&kpis, "enhet", units.iter().map(|unit| (unit.id.as_str(), unit.title.as_str())));
        let units = units.into_iter().map(|unit| (unit.id.clone(), unit)).collect();
        (Whose::Units(units), segments, codes, metadata)
    } else {
        ou::plan(courier, fetch, &kpis, &years).await?
    };
    metadata.groups.extend(groups);
    refuse_retitled(courier, fetch, &kpis, &metadata)?;
    notes.extend(segments.notes);
    notes.push("Kolada does not announce revisions: data are fetched and compared".to_owned());

    let by_id: HashMap<&str, &Kpi> = kpis.iter().map(|kpi| (kpi.id.as_str(), kpi)).collect();
    let cells = segments.calls.iter().map(|segment| segment.cells(&by_id)).sum();
    let calls = segments.calls.len() as u64;
    let limits = courier.source().limits;
    Ok(Plan {
        calls,
        cells,
        lower_bound: segments.lower_bound,
        limits,
        wait: courier.limiter().wait_for(calls),
        stamp: Some(stamp(&kpis, &segments.calls)),
        stamp_proves: false,
        estimated: false,
        notes,
        publish_notes: Vec::new(),
        schema: Some(schema_of(fetch)),
        codes,
        metadata: Some(metadata),
        work: super::Work::Kolada(Work { segments: segments.calls, whose }),
    })
}

/// The indicators that are named and those of the groups. One that is named must exist; that a group still lists
/// one that is gone is the source's slip, which is told.
async fn chosen(
    courier: &Courier,
    fetch: &KoladaFetch,
    groups: &[Group],
    notes: &mut Vec<String>,
) -> Result<Vec<Kpi>, SourceError> {
    let members = groups.iter().flat_map(|group| group.members.iter().map(|member| member.id.clone()));
    let ids: Vec<String> = fetch.kpi.iter().cloned().chain(members).collect();
    let (kpis, unknown) = lookup::kpis(courier, &ids).await?;
    let (gone, stale): (Vec<String>, Vec<String>) = unknown.into_iter().partition(|id| fetch.kpi.contains(id));
    if !gone.is_empty() {
        let all = lookup::catalogue_or_nothing(courier).await;
        let catalogue: Vec<(String, String)> = all.into_iter().map(|kpi| (kpi.id, kpi.title)).collect();
        let kpis = churn::vanished(&gone, |id| fetch.titles.get(id).cloned(), &catalogue);
        let (name, url) = lookup::place(courier, "kpi");
        return Err(SourceError::UnknownKpi { name, url, kpis, catalogue });
    }
    for group in groups {
        let stale: Vec<&str> = group
            .members
            .iter()
            .map(|member| member.id.as_str())
            .filter(|id| stale.iter().any(|one| one == id))
            .collect();
        if !stale.is_empty() {
            notes.push(format!(
                "group {} names {}, which Kolada no longer knows: left out",
                group.id,
                stale.join(", ")
            ));
        }
    }
    Ok(kpis)
}

/// Holds titles against those that were chosen.
fn refuse_retitled(
    courier: &Courier,
    fetch: &KoladaFetch,
    kpis: &[Kpi],
    metadata: &Metadata,
) -> Result<(), SourceError> {
    let renamed = churn::retitled(kpis, |id| fetch.titles.get(id));
    if renamed.is_empty() {
        return Ok(());
    }
    let (name, url) = lookup::place(courier, "kpi");
    let error = SourceError::Retitled { kpis: renamed };
    Err(SourceError::Misfit {
        name,
        url,
        error: Box::new(error),
        metadata: Box::new(metadata.clone()),
        drift: Vec::new(),
    })
}

/// The same error with what was accepted before: the titles that the indicators had then.
pub fn with_accepted(error: SourceError, accepted: &Metadata) -> SourceError {
    let SourceError::UnknownKpi { name, url, kpis, catalogue } = error else { return error };
    let title = |id: &str| {
        let chosen = kpis.iter().find(|kpi| kpi.id == id).and_then(|kpi| kpi.title.clone());
        chosen.or_else(|| accepted.contents.iter().find(|old| old.code == id).map(|old| old.label.clone()))
    };
    let ids: Vec<String> = kpis.iter().map(|kpi| kpi.id.clone()).collect();
    let kpis = churn::vanished(&ids, title, &catalogue);
    SourceError::UnknownKpi { name, url, kpis, catalogue }
}

pub(super) async fn harvest(
    courier: &Courier,
    plan: &Plan,
    work: &Work,
    sink: &mut dyn Sink,
    progress: Progress<'_>,
) -> Result<Harvest, SourceError> {
    let (mut rows, mut calls, mut deleted) = (0, 0, 0);
    let shared = Arc::new(work.clone());
    let call = |segment: Segment| pages_of(courier.clone(), Arc::clone(&shared), segment);
    parallel::in_order(courier.source().parallel, work.segments.iter().cloned(), call, |pages| {
        for (answer, batch, taken_back) in pages {
            deleted += taken_back;
            courier.accept(&answer)?;
            sink.write(&batch).map_err(SourceError::Sink)?;
            rows += batch.num_rows() as u64;
        }
        calls += 1;
        progress(calls);
        Ok(())
    })
    .await?;
    let notes = match deleted {
        0 => Vec::new(),
        _ => vec![format!("{deleted} values are marked as deleted by the source and left out")],
    };
    Ok(Harvest { rows, codes: plan.codes.clone(), stamp: plan.stamp.clone(), notes, metadata: None })
}

/// The pages of a segment, which are few: it is cut so that one holds it. Their bodies are left out.
async fn pages_of(
    courier: Courier,
    work: Arc<Work>,
    segment: Segment,
) -> Result<Vec<(Answer, RecordBatch, u64)>, SourceError> {
    let (data, unit) = match work.whose {
        Whose::Units(_) => ("data", "municipality"),
        Whose::Ous(_) => ("oudata", "ou"),
    };
    let path = format!(
        "/{data}/kpi/{}/{unit}/{}/year/{}?per_page={PAGE}",
        encode_list(&segment.kpis),
        encode_list(&segment.units),
        encode_list(&segment.years),
    );
    let mut pages = Pages::<DataRow>::open(&courier, Request::get(path)).await?;
    let mut read = Vec::new();
    while let Some((answer, page)) = pages.next().await? {
        let (batch, deleted) = decode(&work, &segment, &courier.source().symbols, &page)
            .map_err(|error| SourceError::decode(&answer, error))?;
        read.push((Answer { body: Bytes::new(), ..answer }, batch, deleted));
    }
    Ok(read)
}

/// The rows of a page, and how many values in it are deleted.
fn decode(
    work: &Work,
    segment: &Segment,
    symbols: &BTreeMap<String, Status>,
    page: &[DataRow],
) -> Result<(RecordBatch, u64), DecodeError> {
    match &work.whose {
        Whose::Units(units) => {
            let mut rows = Rows::new(units, segment, symbols);
            page.iter().enumerate().try_for_each(|(number, row)| rows.push(number, row))?;
            let deleted = rows.deleted();
            Ok((rows.finish()?, deleted))
        }
        Whose::Ous(municipalities) => {
            let mut rows = OuRows::new(municipalities, segment, symbols);
            page.iter().enumerate().try_for_each(|(number, row)| rows.push(number, row))?;
            let deleted = rows.deleted();
            Ok((rows.finish()?, deleted))
        }
    }
}

/// The years as texts, ascending, each once.
fn years(years: &Years, today: Date) -> Result<Vec<String>, SourceError> {
    let now = today.year().unsigned_abs();
    let list: BTreeSet<u16> = match years {
        Years::List(list) => list.iter().copied().collect(),
        Years::From(first) => (*first..=now).collect(),
        Years::Latest(count) => (now.saturating_sub(*count) + 1..=now).collect(),
    };
    if list.is_empty() {
        return Err(SourceError::NothingToAsk { why: format!("no year up to {now} is meant") });
    }
    Ok(list.iter().map(u16::to_string).collect())
}

/// Names what Kolada says of the indicators and what is asked. New values can come without a new stamp.
fn stamp(kpis: &[Kpi], segments: &[Segment]) -> String {
    let mut hasher = blake3::Hasher::new();
    for kpi in kpis {
        hasher.update(kpi.canonical().as_bytes()).update(&[0]);
    }
    for segment in segments {
        for values in [&segment.kpis, &segment.units, &segment.years] {
            hasher.update(encode_list(values).as_bytes()).update(&[0]);
        }
    }
    hasher.finalize().to_hex().to_string()
}

fn codes<'a>(kpis: &[Kpi], column: &str, units: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<CodeRow> {
    let row = |kolumn: &str, place: usize, kod: &str, text: &str| CodeRow {
        kolumn: kolumn.to_owned(),
        kod: kod.to_owned(),
        text: text.trim().to_owned(),
        ordning: order(place),
    };
    let sexes = [("T", "Totalt"), ("M", "Män"), ("K", "Kvinnor")];
    let kpis = kpis.iter().enumerate().map(|(place, kpi)| row("kpi", place, &kpi.id, &kpi.title));
    let units = units.enumerate().map(|(place, (id, title))| row(column, place, id, title));
    let sexes = sexes.iter().enumerate().map(|(place, (code, text))| row("kon", place, code, text));
    kpis.chain(units).chain(sexes).collect()
}

/// Ids in lists that fit a path segment.
fn id_lists(ids: &[String]) -> impl Iterator<Item = String> {
    chunks(ids, SEGMENT).map(encode_list)
}

#[cfg(test)]
#[path = "tests.rs"]
mod behaviour;

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn open_years_end_with_the_current_one() {
        let today = date(2026, 11, 23);
        assert_eq!(years(&Years::From(2024), today).unwrap(), ["2024", "2025", "2026"]);
        assert_eq!(years(&Years::Latest(2), today).unwrap(), ["2025", "2026"]);
        assert_eq!(years(&Years::List(vec![2020, 2015, 2020]), today).unwrap(), ["2015", "2020"]);
        assert!(matches!(years(&Years::From(2027), today), Err(SourceError::NothingToAsk { .. })));
        assert!(matches!(years(&Years::Latest(0), today), Err(SourceError::NothingToAsk { .. })));
    }

    #[test]
    fn the_schema_is_the_documented_one() {
        let names: Vec<String> = schema().fields().iter().map(|field| field.name().clone()).collect();
        let expected = ["kpi", "enhet", "niva", "kod", "period", "kon", "varde", "varde_status", "varde_symbol"];
        assert_eq!(names, expected);
    }
}
