//! Exports of Skolverket's SiRiS: one file a year of a numbered report, as
//! semicolon-separated text.
//!
//! It has a kind of its own, and is no file fetch, since a series lies in a file per year, below a preamble whose length
//! has changed over the years, under headings that have changed too, and a year that is not published yet is answered
//! with an empty table. Known from others' clients alone (siris-scraper, Region Dalarna's, Kungsbacka's): the addresses
//! and parameters; `lasar` lists an export's years; UTF-8 with a byte order mark; decimal commas; `..` hides a figure of
//! few pupils, `.` means that there is none, `~100` that one to four lacked it; connections that break in the middle.

pub mod assumptions;
mod browse;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod sheet;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use arrow::datatypes::SchemaRef;
use serde::Deserialize;

use super::answer::parse;
use super::encode::encode;
use super::metadata::{Dimension, Kind, Metadata};
use super::{Harvest, Plan, Progress, Sink, SourceError};
use crate::config::{SirisFetch, ValueType, Years};
use crate::decode::DecodeError;
use crate::decode::rows::Table;
use crate::fetch::{Answer, Courier, Expect, Request};

pub use browse::{describe, search};

/// The column of the year, which every export gets.
pub const YEAR: &str = "ar";

#[derive(Clone, Debug, Default)]
pub(super) struct Work {
    years: Vec<u16>,
}

/// A code list of the service.
#[derive(Debug, Deserialize)]
struct Listed {
    data: Vec<Code>,
}

#[derive(Debug, Deserialize)]
struct Code {
    #[serde(deserialize_with = "text")]
    kod: String,
    #[serde(default)]
    namn: Option<String>,
}

fn text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Kod {
        Number(u64),
        Text(String),
    }
    Ok(match Kod::deserialize(deserializer)? {
        Kod::Number(number) => number.to_string(),
        Kod::Text(text) => text,
    })
}

/// The year, the texts, then the numbers, each by name.
fn columns(fetch: &SirisFetch) -> Vec<(String, ValueType)> {
    let named = |headings: &std::collections::BTreeMap<String, String>| -> BTreeSet<String> {
        headings.values().cloned().collect()
    };
    let texts = named(&fetch.texts).into_iter().map(|name| (name, ValueType::Text));
    let numbers = named(&fetch.numbers).into_iter().map(|name| (name, ValueType::Float64));
    std::iter::once((YEAR.to_owned(), ValueType::Text)).chain(texts).chain(numbers).collect()
}

pub(super) fn schema(fetch: &SirisFetch) -> SchemaRef {
    Table::new(columns(fetch), ',').schema()
}

fn export(fetch: &SirisFetch, year: u16) -> Request {
    let mut path = format!(
        "/runexport/?pFormat=csv&pExportID={}&pAr={year}&pLan={}&pKommun={}&pFlikar=0",
        fetch.export,
        fetch.county.as_deref().unwrap_or_default(),
        fetch.municipality.as_deref().unwrap_or_default(),
    );
    for (name, value) in &fetch.parameters {
        path.push('&');
        path.push_str(&encode(name));
        path.push('=');
        path.push_str(&encode(value));
    }
    Request::get(path)
}

/// A list of codes; the service ends paths with a slash before the question mark.
async fn list(courier: &Courier, path: &str) -> Result<(Answer, Vec<Code>), SourceError> {
    let answer = courier.ask(&Request::get(path), Expect::Json).await?;
    let codes = parse::<Listed>(&answer)?.data;
    Ok((answer, codes))
}

pub(super) async fn plan(courier: &Courier, fetch: &SirisFetch) -> Result<Plan, SourceError> {
    let (answer, codes) = list(courier, &format!("/lasar/?pExportID={}", fetch.export)).await?;
    let listed: BTreeSet<u16> = codes.iter().filter_map(|code| code.kod.trim().parse().ok()).collect();
    let years: Vec<u16> = match &fetch.years {
        Years::List(years) => years.iter().copied().collect::<BTreeSet<_>>().into_iter().collect(),
        Years::From(first) => listed.iter().copied().filter(|year| year >= first).collect(),
        Years::Latest(count) => {
            let mut latest: Vec<u16> = listed.iter().rev().take(usize::from(*count)).copied().collect();
            latest.reverse();
            latest
        }
    };
    let unknown = years.iter().find(|year| !listed.contains(year));
    if let Some(year) = unknown {
        return Err(SourceError::UnknownValue {
            name: courier.source().name.clone(),
            url: answer.record.url.clone(),
            what: "year",
            value: year.to_string(),
            nearest: listed.last().map(u16::to_string),
        });
    }
    if years.is_empty() {
        return Err(SourceError::NothingToAsk { why: format!("export {} has no such year", fetch.export) });
    }
    courier.accept(&answer)?;
    let calls = years.len() as u64;
    let metadata = Metadata {
        table: fetch.export.to_string(),
        dimensions: vec![Dimension {
            id: YEAR.to_owned(), label: "år".to_owned(), time: true, ..Dimension::default()
        }],
        ..Metadata::new(Kind::Siris)
    };
    Ok(Plan {
        calls,
        cells: 0,
        lower_bound: calls,
        limits: courier.source().limits,
        wait: courier.limiter().wait_for(calls),
        stamp: None,
        stamp_proves: false,
        estimated: false,
        notes: vec!["the source does not tell when it has changed: it is fetched and compared".to_owned()],
        publish_notes: Vec::new(),
        schema: Some(schema(fetch)),
        codes: Vec::new(),
        metadata: Some(metadata),
        work: super::Work::Siris(Work { years }),
    })
}

pub(super) async fn harvest(
    courier: &Courier,
    fetch: &SirisFetch,
    plan: &Plan,
    work: &Work,
    sink: &mut dyn Sink,
    progress: Progress<'_>,
) -> Result<Harvest, SourceError> {
    let (mut rows, mut notes) = (0, Vec::new());
    let mut last = None;
    for (number, year) in work.years.iter().enumerate() {
        let answer = courier.ask(&export(fetch, *year), Expect::Any).await?;
        let mut table = Table::new(columns(fetch), ',');
        let aside = sheet::read(&answer.body, *year, fetch, &courier.source().symbols, &mut table)
            .map_err(|error| SourceError::decode(&answer, error))?;
        if table.rows() == 0 {
            notes.push(format!("{year} has no rows: it may not be published yet"));
        } else if aside > 0 {
            notes.push(format!("{year}: {aside} lines around the table are text and left out"));
        }
        let batch = table.take().map_err(|error| SourceError::decode(&answer, error))?;
        courier.accept(&answer)?;
        sink.write(&batch).map_err(SourceError::Sink)?;
        rows += batch.num_rows() as u64;
        progress(number as u64 + 1);
        last = Some(answer);
    }
    if let Some(answer) = last.filter(|_| rows == 0) {
        let why = format!("none of {} years has a row", work.years.len());
        return Err(SourceError::decode(&answer, DecodeError::Shape(why)));
    }
    Ok(Harvest { rows, codes: plan.codes.clone(), stamp: None, notes, metadata: None })
}
