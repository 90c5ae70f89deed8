//! What a harvest would do: limits, folder, metadata, and one call for a cell of
//! each content, which tells what the metadata leave out.

use std::ops::Range;

use super::super::answer::parse;
use super::super::pxweb::announced::announced;
use super::super::pxweb::describe::describe;
use super::super::pxweb::planner::Split;
use super::super::pxweb::query::Query;
use super::super::{Plan, SourceError};
use super::answer::{Format, body};
use super::listing::{self, Node};
use super::table::{Dialect, SourceErrorOr, Table, codelist, read};
use super::{path, split, successors};
use crate::config::{PxwebFetch, When};
use crate::decode::json_stat::CubeMeta;
use crate::fetch::{Answer, Courier, Expect, FetchError, Request};

#[derive(Clone, Debug)]
pub struct Work {
    pub(super) table: String,
    pub(super) format: Format,
    pub(super) query: Query,
    pub(super) split: Split,
    pub(super) dialect: Dialect,
    pub(super) edition: Option<Edition>,
}

/// Which edition of the table it is, and by whose word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Edition {
    Listed(String),
    /// The call that told it, since the folder does not.
    Told {
        updated: String,
        body: String,
    },
}

impl Edition {
    pub(super) fn updated(&self) -> &str {
        match self {
            Self::Listed(updated) | Self::Told { updated, .. } => updated,
        }
    }
}

pub async fn plan(courier: &Courier, fetch: &PxwebFetch) -> Result<Plan, SourceError> {
    let mut notes = Vec::new();
    let as_before = as_before(courier, fetch).await?;
    let (limits, _) = announced(courier, "/?config", &[400, 404], &mut notes).await?;
    let found = find(courier, fetch).await?;
    let Found { fetch, node, answer, meta, dialect } = found;
    let misfit = |error, meta: &CubeMeta| SourceError::Misfit {
        name: courier.source().name.clone(),
        url: answer.record.url.clone(),
        error: Box::new(error),
        metadata: Box::new(describe(&fetch, meta)),
        drift: Vec::new(),
    };
    // What can't be asked for is found before any data call.
    let first = Query::new(&fetch, &meta).map_err(|error| misfit(error, &meta))?;
    courier.accept(&answer)?;
    let format = format(courier);
    let limit = limits.map_or(0, |limits| limits.cells);
    let is_dated = node.as_ref().is_some_and(|node| node.updated.is_some());
    let dated = match &as_before {
        _ if !is_dated => Dated::Nowhere,
        Some(table) => Dated::AsBefore(table),
        None => Dated::InFolder,
    };
    let sample = sample(courier, &fetch, &first, &dialect, format, limit, dated).await?;
    let told = sample.as_ref().map(|sample| sample.meta.clone()).unwrap_or_default();
    let meta = completed(meta, &told, &fetch, &dialect);
    let query = Query::new(&fetch, &meta).map_err(|error| misfit(error, &meta))?;
    let split = Split::new(&query.sizes(), query.per_row(), limit).map_err(|fault| SourceError::TooLarge {
        name: courier.source().name.clone(),
        table: fetch.table.clone(),
        cells: fault.cells,
        limit,
    })?;
    let mut metadata = describe(&fetch, &meta);
    let dated = node.as_ref().and_then(|node| node.updated.as_deref()).and_then(When::read);
    metadata.released = dated.or(metadata.released);
    let listed = node.as_ref().and_then(|node| node.updated.clone()).map(Edition::Listed);
    let edition = listed.or_else(|| {
        let sample = sample.as_ref()?;
        Some(Edition::Told { updated: sample.meta.updated.clone()?, body: sample.body.clone() })
    });
    if edition.is_none() {
        notes.push(format!("the source does not say when {} was updated: every run fetches it whole", fetch.table));
    }
    let work = Work { table: fetch.table.clone(), format, query, split, dialect, edition };
    let stamp =
        work.edition.as_ref().map(|edition| format!("{} {} {}", fetch.table, edition.updated(), work.query.hash()));
    Ok(Plan {
        calls: work.split.calls,
        cells: work.split.cells,
        lower_bound: work.split.lower_bound,
        limits,
        wait: courier.limiter().wait_for(work.split.calls),
        stamp,
        stamp_proves: work.edition.is_some(),
        estimated: false,
        notes,
        publish_notes: told.notes.clone(),
        schema: Some(work.query.layout(&work.query.whole(), &courier.source().symbols).schema()),
        codes: work.query.codes.clone(),
        metadata: Some(metadata),
        work: super::super::Work::PxwebV1(Box::new(work)),
    })
}

/// The table's metadata, where they and its folder are those of the last success: what else was asked then need not be
/// asked again. The folder alone would not show another label or code.
async fn as_before(courier: &Courier, fetch: &PxwebFetch) -> Result<Option<Answer>, SourceError> {
    let (folder, table) = (Request::get(path(split(&fetch.table).0)), Request::get(path(&fetch.table)));
    if courier.is_of_archive() || !courier.remembers(&folder) || !courier.remembers(&table) {
        return Ok(None);
    }
    let listed = match courier.ask_for_edition(&folder, Expect::Json).await {
        Ok(listed) => listed,
        // What is wrong is told by those who ask next.
        Err(FetchError::Refused { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if parse::<Vec<Node>>(&listed).is_err() {
        return Ok(None);
    }
    // So that it is of this very run for whoever asks for the edition next.
    courier.accept(&listed)?;
    if !courier.stands(&listed, &[]) {
        return Ok(None);
    }
    let answer = match courier.ask_anew(&table, Expect::Json).await {
        Ok(answer) => answer,
        Err(FetchError::Refused { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    courier.reuse([answer.record.clone()]);
    Ok(courier.stands(&answer, &[Request::get("/?config")]).then_some(answer))
}

/// By whose word an edition is known, when a sample of it is taken.
#[derive(Clone, Copy)]
pub(super) enum Dated<'a> {
    /// The sample's own.
    Nowhere,
    InFolder,
    /// The folder's, and nothing has changed; so say the table's metadata.
    AsBefore(&'a Answer),
}

/// The first of the installation's formats.
pub(super) fn format(courier: &Courier) -> Format {
    let formats = &courier.source().installation.formats;
    formats.iter().find_map(|name| Format::of(name)).unwrap_or(Format::JsonStat2)
}

/// A table as its folder and its own metadata tell of it.
pub(super) struct Found {
    /// With the table's whole path, and code lists as this API names them.
    pub fetch: PxwebFetch,
    pub node: Option<Node>,
    pub answer: Answer,
    pub meta: CubeMeta,
    pub dialect: Dialect,
}

pub(super) async fn find(courier: &Courier, fetch: &PxwebFetch) -> Result<Found, SourceError> {
    let name = courier.source().name.clone();
    if let Some(language) = &fetch.language {
        let why =
            format!("the language of {name} is part of its base_url: name a source whose address says {language:?}");
        return Err(SourceError::NothingToAsk { why });
    }
    if let Some(dimension) = fetch.output_values.keys().next() {
        let why = format!(
            "{name} is asked by API v1, which has no `output_values`: select the codes of {dimension:?} without `codelist`"
        );
        return Err(SourceError::NothingToAsk { why });
    }
    let (folder, _) = split(&fetch.table);
    let nodes = listing::list_for_edition(courier, folder).await?;
    let mut fetch = fetch.clone();
    fetch.table = listing::resolve(&name, &fetch.table, nodes.as_deref())?;
    for list in fetch.codelist.values_mut() {
        *list = codelist(list);
    }
    let node = nodes.as_deref().and_then(|nodes| listing::entry(nodes, &fetch.table)).cloned();
    let answer = match courier.ask(&Request::get(path(&fetch.table)), Expect::Json).await {
        Ok(answer) => answer,
        Err(FetchError::Refused { status: status @ (400 | 404 | 410), url, .. }) => {
            let successors = successors::find(courier, &fetch.table, nodes.as_deref()).await;
            return Err(SourceError::Withdrawn { name, table: fetch.table, url, status, successors });
        }
        Err(error) => return Err(error.into()),
    };
    if answer.content().trim_ascii_start().first() == Some(&b'[') {
        let url = answer.record.url.clone();
        let inside: Vec<Node> = parse(&answer)?;
        let tables = inside.iter().filter(|node| node.is_table()).take(5);
        let successors = tables.map(|node| format!("{}/{} ({})", fetch.table, node.id, node.text.trim())).collect();
        return Err(SourceError::Withdrawn { name, table: fetch.table, url, status: answer.record.status, successors });
    }
    let table: Table = parse(&answer)?;
    let (meta, dialect) = read(table, &fetch, &courier.source().installation).map_err(|error| match error {
        SourceErrorOr::Decode(error) => SourceError::decode(&answer, error),
        SourceErrorOr::Source(error) => error,
    })?;
    Ok(Found { fetch, node, answer, meta, dialect })
}

pub(super) struct Sample {
    pub meta: CubeMeta,
    pub body: String,
}

/// A cell of each content: the answer tells units, decimals, notes and when the table was updated. Codes that no list
/// tells are all asked for, where there is room, since the answer tells their labels.
pub(super) async fn sample(
    courier: &Courier,
    fetch: &PxwebFetch,
    query: &Query,
    dialect: &Dialect,
    format: Format,
    limit: u64,
    dated: Dated<'_>,
) -> Result<Option<Sample>, SourceError> {
    if !format.describes() {
        return Ok(None);
    }
    let whole = query.whole();
    let ids: Vec<String> = query.parts(&whole).map(|part| part.id.to_owned()).collect();
    let mut room = if limit == 0 { u64::MAX } else { limit } / query.per_row().max(1);
    let ranges: Vec<Range<usize>> = whole
        .iter()
        .zip(&ids)
        .map(|(range, id)| {
            let codes = range.len() as u64;
            if dialect.named.contains(id) && codes <= room {
                room /= codes.max(1);
                range.clone()
            } else {
                0..range.len().min(1)
            }
        })
        .collect();
    let body = body(query, &ranges, dialect, format);
    let request = Request::post(path(&fetch.table), body.clone());
    // Where the folder does not date the table, this answer tells the edition.
    if let Dated::AsBefore(table) = dated {
        courier.stands(table, std::slice::from_ref(&request));
    }
    let answer = match dated {
        Dated::Nowhere => courier.ask_for_edition(&request, format.expect()).await?,
        Dated::InFolder | Dated::AsBefore(_) => courier.ask(&request, format.expect()).await?,
    };
    let meta = format.metadata(&answer.body).map_err(|error| SourceError::decode(&answer, error))?;
    courier.accept(&answer)?;
    Ok(Some(Sample { meta, body }))
}

/// The metadata with what an answer told besides.
pub(super) fn completed(mut meta: CubeMeta, told: &CubeMeta, fetch: &PxwebFetch, dialect: &Dialect) -> CubeMeta {
    let names = dialect.names();
    let ids: Vec<String> = meta.dimensions.iter().map(|dimension| dimension.id.clone()).collect();
    let known = |one: &str| ids.iter().find(|id| *id == one).or_else(|| names.ids.get(one)).cloned();
    // A dimension that is selected like any other is no dimension of measures, whatever the source makes of it.
    let metric = told.metric.as_deref().and_then(known);
    let usual = |id: &String| *id == super::super::pxweb::CONTENTS || !fetch.select.contains_key(id);
    meta.metric = metric.filter(usual).or(meta.metric);
    let times: Vec<String> = told.time.iter().filter_map(|one| known(one)).collect();
    for time in times {
        if !meta.time.contains(&time) {
            meta.time.push(time);
        }
    }
    for other in &told.dimensions {
        let Some(id) = known(&other.id).or_else(|| known(&other.label)) else { continue };
        let texts = names.codes.get(&id);
        // A file names its contents by text where the metadata number them.
        let code_of = |code: &String| texts.and_then(|texts| texts.get(code)).unwrap_or(code).clone();
        let Some(dimension) = meta.dimensions.iter_mut().find(|one| one.id == id) else { continue };
        dimension.decimals_by_code = other.decimals_by_code.iter().map(|(code, one)| (code_of(code), *one)).collect();
        dimension.unit_by_code = other.unit_by_code.iter().map(|(code, one)| (code_of(code), one.clone())).collect();
        if dialect.named.contains(&id) {
            for (code, label) in &mut dimension.codes {
                if let Some((_, known)) = other.codes.iter().find(|(other, _)| other == code) {
                    label.clone_from(known);
                }
            }
        }
    }
    meta.decimals = told.decimals;
    meta.unit.clone_from(&told.unit);
    meta.updated.clone_from(&told.updated);
    meta.next_update.clone_from(&told.next_update);
    meta.table.clone_from(&told.table);
    meta.source.clone_from(&told.source);
    meta.notes.clone_from(&told.notes);
    meta
}
