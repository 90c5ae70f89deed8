//! Kolada v3: key figures for municipalities and regions, from RKA.
//!
//! Facts behind the code: at most 25 values per path segment, years too; an
//! answer goes on at `next_url`, 5,000 rows a page, so no more are asked for at
//! a time, and `count` is no reliable total; an unknown indicator is answered with 200 and no rows; revisions are
//! not announced, and a deleted value is sent with `isdeleted`.

mod answer;
mod describe;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod lookup;
mod paging;
mod rows;
mod segment;

use std::collections::{BTreeSet, HashMap};

use arrow::datatypes::SchemaRef;
use jiff::civil::Date;

use super::chunk::chunks;
use super::encode::encode_list;
use super::{Harvest, Plan, Progress, Sink, SourceError, order};
use crate::config::{KoladaFetch, ValueType, Years};
use crate::decode::{CodeRow, Dimension, Layout, Measure};
use crate::fetch::{Courier, Request};

pub use answer::Kpi;
pub use lookup::catalogue;

use answer::DataRow;
use lookup::Unit;
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
    units: HashMap<String, Unit>,
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

pub(super) async fn plan(courier: &Courier, fetch: &KoladaFetch, today: Date) -> Result<Plan, SourceError> {
    let years = years(&fetch.years, today)?;
    let kpis = lookup::kpis(courier, &fetch.kpi).await?;
    let (units, all) = lookup::units(courier, fetch.municipality.as_deref()).await?;
    let segment::Segments { calls: segments, lower_bound, mut notes } = segment::segments(&kpis, &units, &years)?;
    notes.push("Kolada does not announce revisions: data are fetched and compared".to_owned());

    let by_id: HashMap<&str, &Kpi> = kpis.iter().map(|kpi| (kpi.id.as_str(), kpi)).collect();
    let cells = segments.iter().map(|segment| segment.cells(&by_id)).sum();
    let calls = segments.len() as u64;
    let limits = courier.source().limits;
    Ok(Plan {
        calls,
        cells,
        lower_bound,
        limits,
        wait: courier.limiter().wait_for(calls),
        stamp: Some(stamp(&kpis, &segments)),
        stamp_proves: false,
        notes,
        publish_notes: Vec::new(),
        schema: Some(schema()),
        codes: codes(&kpis, &units),
        metadata: Some(describe::describe(&kpis, &all)),
        work: super::Work::Kolada(Work {
            segments,
            units: units.into_iter().map(|unit| (unit.id.clone(), unit)).collect(),
        }),
    })
}

pub(super) async fn harvest(
    courier: &Courier,
    plan: &Plan,
    work: &Work,
    sink: &mut dyn Sink,
    progress: Progress<'_>,
) -> Result<Harvest, SourceError> {
    let symbols = &courier.source().symbols;
    let (mut rows, mut calls, mut deleted) = (0, 0, 0);
    for segment in &work.segments {
        let path = format!(
            "/data/kpi/{}/municipality/{}/year/{}?per_page={PAGE}",
            encode_list(&segment.kpis),
            encode_list(&segment.units),
            encode_list(&segment.years),
        );
        let mut pages = Pages::<DataRow>::open(courier, Request::get(path)).await?;
        while let Some((answer, page)) = pages.next().await? {
            let mut batch = Rows::new(&work.units, segment, symbols);
            for (number, row) in page.iter().enumerate() {
                batch.push(number, row).map_err(|error| SourceError::decode(&answer, error))?;
            }
            deleted += batch.deleted();
            let batch = batch.finish().map_err(|error| SourceError::decode(&answer, error))?;
            courier.accept(&answer)?;
            sink.write(&batch).map_err(SourceError::Sink)?;
            rows += batch.num_rows() as u64;
        }
        calls += 1;
        progress(calls);
    }
    let notes = match deleted {
        0 => Vec::new(),
        _ => vec![format!("{deleted} values are marked as deleted by the source and left out")],
    };
    Ok(Harvest { rows, codes: plan.codes.clone(), stamp: plan.stamp.clone(), notes, metadata: None })
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

fn codes(kpis: &[Kpi], units: &[Unit]) -> Vec<CodeRow> {
    let row = |kolumn: &str, place: usize, kod: &str, text: &str| CodeRow {
        kolumn: kolumn.to_owned(),
        kod: kod.to_owned(),
        text: text.trim().to_owned(),
        ordning: order(place),
    };
    let sexes = [("T", "Totalt"), ("M", "Män"), ("K", "Kvinnor")];
    let kpis = kpis.iter().enumerate().map(|(place, kpi)| row("kpi", place, &kpi.id, &kpi.title));
    let units = units.iter().enumerate().map(|(place, unit)| row("enhet", place, &unit.id, &unit.title));
    let sexes = sexes.iter().enumerate().map(|(place, (code, text))| row("kon", place, code, text));
    kpis.chain(units).chain(sexes).collect()
}

/// Ids in lists that fit a path segment.
fn id_lists(ids: &[String]) -> impl Iterator<Item = String> {
    chunks(ids, SEGMENT).map(encode_list)
}

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
