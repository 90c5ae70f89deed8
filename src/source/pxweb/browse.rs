//! A v2 installation's tables as an analyst looks for them, and the fetch that
//! would get one whole.

use serde::Deserialize;

use super::CONTENTS;
use super::describe::describe as metadata_of;
use super::v2;
use crate::config::{PxwebFetch, column_of};
use crate::decode::json_stat::{self, CubeDimension, CubeMeta};
use crate::fetch::{Courier, Expect, Request};
use crate::source::SourceError;
use crate::source::answer::parse;
use crate::source::browse::{Description, Entry, Proposal, ProposedColumn, column_names, key, quoted};

/// Tables in a page, and pages at most: who finds more than a thousand tables has not searched yet.
const PAGE: usize = 100;
const PAGES: usize = 10;

/// As many codes are told beside a selection.
const CODES_TOLD: usize = 12;

#[derive(Deserialize)]
struct Found {
    tables: Vec<Table>,
    page: Page,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    total_pages: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Table {
    id: String,
    label: String,
    updated: Option<String>,
    first_period: Option<String>,
    last_period: Option<String>,
    discontinued: Option<bool>,
}

pub async fn search(courier: &Courier, text: &str) -> Result<Vec<Entry>, SourceError> {
    let query: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    let mut entries = Vec::new();
    for number in 1..=PAGES {
        let path = format!("/tables?lang=sv&query={query}&pageSize={PAGE}&pageNumber={number}");
        let answer = courier.ask(&Request::get(path), Expect::Json).await?;
        let found: Found = parse(&answer)?;
        entries.extend(found.tables.into_iter().map(entry));
        if number >= found.page.total_pages {
            break;
        }
    }
    Ok(entries)
}

fn entry(table: Table) -> Entry {
    Entry {
        id: table.id,
        title: table.label.trim().to_owned(),
        updated: table.updated,
        periods: table.first_period.zip(table.last_period),
        note: (table.discontinued == Some(true)).then(|| "discontinued".to_owned()),
    }
}

pub async fn describe(courier: &Courier, id: &str) -> Result<Description, SourceError> {
    let request = v2::table_request(id, &v2::language(&PxwebFetch::default()));
    let answer = courier.ask(&request, Expect::Json).await;
    let answer = answer.map_err(|error| v2::unknown_table(error, id))?;
    let table: Table = parse(&answer)?;
    let fetch = PxwebFetch { table: id.to_owned(), ..PxwebFetch::default() };
    let answer = v2::metadata(courier, &fetch).await?;
    let meta = json_stat::metadata(&answer.body).map_err(|error| SourceError::decode(&answer, error))?;
    let mut notes = meta.notes.clone();
    if table.discontinued == Some(true) || meta.discontinued == Some(true) {
        notes.insert(0, "discontinued: the source will not update it".to_owned());
    }
    Ok(Description { updated: table.updated, notes, ..of_cube(id, &fetch, &meta) })
}

/// What any cube's metadata tell, whichever API they came by.
pub fn of_cube(id: &str, fetch: &PxwebFetch, meta: &CubeMeta) -> Description {
    let dimensions = || meta.dimensions.iter().filter(|dimension| meta.metric.as_ref() != Some(&dimension.id));
    let time = dimensions().find(|dimension| meta.time.contains(&dimension.id));
    Description {
        metadata: metadata_of(fetch, meta),
        updated: meta.updated.clone(),
        periods: time.map(|time| time.codes.iter().map(|(code, _)| code.clone()).collect()).unwrap_or_default(),
        codelists: dimensions()
            .flat_map(|dimension| {
                let lists = dimension.codelists.iter();
                lists.map(|(list, label)| (dimension.id.clone(), list.clone(), label.clone()))
            })
            .collect(),
        eliminable: dimensions()
            .filter(|dimension| dimension.elimination)
            .map(|dimension| dimension.id.clone())
            .collect(),
        notes: meta.notes.clone(),
        proposal: Some(proposal(id, meta)),
    }
}

fn proposal(id: &str, meta: &CubeMeta) -> Proposal {
    let mut lines = vec![format!("table = {}", quoted(id))];
    let mut renamed = Vec::new();
    let mut measures = Vec::new();
    let mut columns = Vec::new();
    let (mut region, mut period) = (None, None);
    for dimension in &meta.dimensions {
        let id = key(&dimension.id);
        if meta.metric.as_ref() == Some(&dimension.id) {
            let names = column_names(dimension.codes.iter().map(|(_, label)| label.as_str()));
            for ((code, label), name) in dimension.codes.iter().zip(names) {
                measures.push(format!("measures.{} = {}", key(code), quoted(&name)));
                let decimals = dimension.decimals_by_code.get(code).copied().or(meta.decimals);
                let unit = dimension.unit_by_code.get(code).cloned();
                columns.push(measure(name, label.clone(), unit, decimals));
            }
            continue;
        }
        let column = if meta.time.contains(&dimension.id) && period.is_none() {
            period = Some("period".to_owned());
            "period".to_owned()
        } else if region.is_none() && is_region(dimension) {
            region = Some("kod".to_owned());
            "kod".to_owned()
        } else {
            column_of(&dimension.id)
        };
        lines.push(format!("# {}", told(dimension)));
        lines.push(format!("select.{id} = \"*\""));
        if column != column_of(&dimension.id) {
            renamed.push(format!("rename.{id} = {}", quoted(&column)));
        }
        columns.push(ProposedColumn {
            name: column,
            kind: "text",
            title: dimension.label.clone(),
            unit: None,
            decimals: None,
        });
    }
    if measures.is_empty() {
        measures.push(format!("measures.\"\" = {}", quoted(super::ONLY_MEASURE)));
        columns.push(measure(super::ONLY_MEASURE.to_owned(), meta.label.clone(), None, meta.decimals));
    }
    lines.extend(renamed);
    lines.extend(measures);
    Proposal { fetch: lines.join("\n"), columns, region, period }
}

fn measure(name: String, title: String, unit: Option<String>, decimals: Option<u8>) -> ProposedColumn {
    let whole = decimals == Some(0);
    ProposedColumn {
        name,
        kind: if whole { "int64" } else { "float64" },
        title,
        unit,
        decimals: decimals.filter(|_| !whole),
    }
}

/// By the names that Swedish installations give it; a code list of places proves nothing, since other codes look alike.
fn is_region(dimension: &CubeDimension) -> bool {
    let id = dimension.id.to_lowercase();
    dimension.id != CONTENTS
        && ["region", "kommun", "lan", "län", "area", "geo"].iter().any(|word| id.starts_with(word))
}

/// How many codes there are, and the first of them.
fn told(dimension: &CubeDimension) -> String {
    let codes = &dimension.codes;
    let shown = |(code, label): &(String, String)| {
        if code == label { code.clone() } else { format!("{code} {label}") }
    };
    let first: Vec<String> = codes.iter().take(CODES_TOLD).map(shown).collect();
    let more = if codes.len() > CODES_TOLD { ", …" } else { "" };
    format!("{}, {} codes: {}{more}", dimension.label, codes.len(), first.join(", ")).replace(['\n', '\r'], " ")
}
