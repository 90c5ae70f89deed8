//! What can go wrong between a configuration and a source's answer.

use super::metadata::Metadata;
use crate::codes::{self, Code};
use crate::config::SourceKind;
use crate::decode::DecodeError;
use crate::fetch::{Answer, AnswerRecord, Archive, FetchError, Method};

#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("{name}: {method} {url}: {error}")]
    Decode {
        name: String,
        method: Method,
        url: String,
        /// Of the answer, by which the archive keeps it.
        hash: String,
        error: Box<DecodeError>,
    },
    /// What is asked for does not fit what the source says of its table. `drift` tells what it said before.
    #[error("{name}: {url}: {error}{}", since(drift))]
    Misfit { name: String, url: String, error: Box<SourceError>, metadata: Box<Metadata>, drift: Vec<String> },
    /// The rows could not be kept.
    #[error("{0}")]
    Sink(anyhow::Error),
    #[error("{name}: table {table:?} does not exist at {url}")]
    UnknownTable { name: String, table: String, url: String },
    /// It is not there, or not any more.
    #[error("{name}: there is no table {table:?} at {url}, which answered {status}")]
    Withdrawn { name: String, table: String, url: String, status: u16, successors: Vec<String> },
    #[error("{name}: {table:?} fits no table of its folder, or several: {}", found(tables))]
    NoSingleTable { name: String, table: String, tables: Vec<String> },
    #[error("{name}: {url} refused a call of {cells} cells as too many, though {}", announced(*limit))]
    TooManyCells { name: String, url: String, cells: u64, limit: u64 },
    #[error("table {table} has no dimension {dimension:?}")]
    UnknownDimension { table: String, dimension: String, known: Vec<String>, nearest: Option<String> },
    #[error("dimension {dimension:?} has no code {code:?}")]
    UnknownCode { dimension: String, code: String, nearest: Option<String> },
    #[error("dimension {dimension:?}: {expression:?} is no selection expression: {why}")]
    Expression { dimension: String, expression: String, why: &'static str },
    #[error("dimension {dimension:?}: {expression:?} selects no code")]
    EmptySelection { dimension: String, expression: String },
    #[error("dimension {dimension:?} is not selected, and the table cannot do without it")]
    NotEliminable { dimension: String },
    #[error("dimension {dimension:?} has a name in `rename` but is not selected")]
    RenamedNotSelected { dimension: String },
    #[error("{first} and {second} would both become column {column:?}")]
    SameColumn { column: String, first: String, second: String },
    #[error("{name}: table {table}: one row of {cells} measures exceeds the limit of {limit} cells in a call")]
    TooLarge { name: String, table: String, cells: u64, limit: u64 },
    #[error("{name}: table {table} was updated during the download: {before} became {after}")]
    Moved { name: String, table: String, before: String, after: String },
    /// `catalogue` holds the indicators that there are, as id and title, where it could be had.
    #[error("{name}: {url} knows no indicator {}", vanished(kpis))]
    UnknownKpi { name: String, url: String, kpis: Vec<Vanished>, catalogue: Vec<(String, String)> },
    #[error("{name}: {url} knows no {what} {id:?}")]
    UnknownUnit { name: String, url: String, what: &'static str, id: String, nearest: Option<String> },
    #[error("{}", retitled(kpis))]
    Retitled { kpis: Vec<Renamed> },
    /// What a source's catalogue is asked to describe.
    #[error("{name} knows no {what} {id:?}")]
    UnknownEntry { name: String, what: &'static str, id: String, nearest: Option<String> },
    #[error("nothing to ask for: {why}")]
    NothingToAsk { why: String },
    #[error("{name}: the answer to {url} goes on at {link:?}, which is not below the source's own address")]
    OffOrigin { name: String, url: String, link: String },
    #[error("{name}: the answer to {url} goes on without end: {why}")]
    Endless { name: String, url: String, why: String },
    #[error(
        "{name}: {url} has no link that fits {pattern:?}; {}",
        if links.is_empty() { "it has no links".to_owned() } else { format!("of its {count} links: {}", links.join(", ")) }
    )]
    NoLink { name: String, url: String, pattern: String, count: usize, links: Vec<String> },
    #[error("{name}: {url} has several links for {period} that fit {pattern:?}: {}", links.join(", "))]
    TwoNewest { name: String, url: String, pattern: String, period: String, links: Vec<String> },
    #[error("{name}: the newest link of {url} leads to another host: {link}")]
    LinkElsewhere { name: String, url: String, link: String, host: String },
    #[error("{name}: {slice}: the source counts {total} events, and {found} different ones came")]
    Incomplete { name: String, slice: String, total: u64, found: u64 },
    #[error("{name}: {slice} holds {total} events, more than the {limit} of a page, and cannot be cut further")]
    Uncuttable { name: String, slice: String, total: u64, limit: u64 },
    #[error("{name}: {url}: none of {rows} rows has a field {field:?}")]
    FieldLost { name: String, url: String, field: String, rows: u64 },
    #[error("{name}: {url} knows no {what} {value:?}")]
    UnknownValue { name: String, url: String, what: &'static str, value: String, nearest: Option<String> },
    #[error("{name}: {url}: {seen} rows came over {pages} pages, and the source counts {total}")]
    Unsteady { name: String, url: String, seen: u64, pages: u64, total: u64 },
    #[error("{name}: a source of kind {} can't be browsed", .kind.as_str())]
    NotBrowsed { name: String, kind: SourceKind },
    #[error("fetch {fetch:?} was given the plan of another fetch")]
    NotItsPlan { fetch: String },
}

/// An indicator that the source no longer knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vanished {
    pub id: String,
    /// When it was chosen or last accepted.
    pub title: Option<String>,
    /// Id and title, the likeliest first.
    pub successors: Vec<(String, String)>,
}

/// An indicator that does not mean what was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renamed {
    pub id: String,
    pub chosen: String,
    pub now: String,
}

impl SourceError {
    /// An answer that could not be decoded, with the call it answers.
    pub(super) fn decode(answer: &Answer, error: impl Into<DecodeError>) -> Self {
        Self::decode_record(&answer.record, error)
    }

    /// The same of an answer whose body is in the archive alone.
    pub(super) fn decode_record(record: &AnswerRecord, error: impl Into<DecodeError>) -> Self {
        Self::Decode {
            name: record.source.clone(),
            method: record.method,
            url: record.url.clone(),
            hash: record.hash.clone(),
            error: Box::new(error.into()),
        }
    }

    /// Whether the source answered, and knows no such table.
    pub fn is_unknown_table(&self) -> bool {
        matches!(self, Self::UnknownTable { .. } | Self::UnknownKpi { .. } | Self::UnknownEntry { .. })
    }

    pub fn code(&self) -> Code {
        match self {
            Self::Fetch(error) => error.code(),
            Self::Decode { error, .. } => error.code(),
            Self::Misfit { error, .. } => error.code(),
            Self::Sink(error) => codes::of_kept(error),
            Self::UnknownTable { .. }
            | Self::Withdrawn { .. }
            | Self::NoSingleTable { .. }
            | Self::UnknownKpi { .. }
            | Self::UnknownEntry { .. } => codes::NO_SUCH_TABLE,
            Self::TooManyCells { .. } | Self::TooLarge { .. } | Self::Uncuttable { .. } => codes::ASKED_TOO_MUCH,
            Self::UnknownDimension { .. }
            | Self::UnknownCode { .. }
            | Self::Expression { .. }
            | Self::EmptySelection { .. }
            | Self::NotEliminable { .. }
            | Self::RenamedNotSelected { .. }
            | Self::SameColumn { .. }
            | Self::UnknownUnit { .. }
            | Self::UnknownValue { .. }
            | Self::NotItsPlan { .. } => codes::SELECTION,
            Self::Moved { .. } | Self::Incomplete { .. } | Self::Unsteady { .. } | Self::Endless { .. } => {
                codes::MOVED_MEANWHILE
            }
            Self::Retitled { .. } => codes::RENAMED,
            Self::NothingToAsk { .. } => codes::NOTHING_THERE,
            Self::OffOrigin { .. } => codes::MOVED,
            Self::NoLink { .. } | Self::TwoNewest { .. } | Self::LinkElsewhere { .. } => codes::LINK,
            Self::FieldLost { .. } => codes::COLUMN_LOST,
            Self::NotBrowsed { .. } => codes::NOT_POSSIBLE,
        }
    }

    /// What the operator can do about it.
    pub fn hint(&self) -> Option<String> {
        let did_you_mean = |nearest: &Option<String>| nearest.as_ref().map(|name| format!("did you mean {name:?}?"));
        match self {
            Self::Fetch(error) => error.hint(),
            Self::Decode { name, error, .. }
                if let DecodeError::Contradiction { symbol, kind, .. } = error.as_ref() =>
            {
                Some(format!(
                    "if {symbol:?} does not mean that here, say so under [source.{name}.{}.symbols]",
                    kind.as_str()
                ))
            }
            Self::Decode { error, .. }
                if matches!(error.as_ref(), DecodeError::ColumnLost { .. } | DecodeError::HeaderLost { .. }) =>
            {
                Some("the source may have renamed it: see `columns` of the fetch".into())
            }
            Self::Decode { name, error, .. }
                if matches!(error.as_ref(), DecodeError::Cell { why: super::yrkesbarometer::UNKNOWN_WORD, .. }) =>
            {
                Some(format!(
                    "look up what it means, and say so under [source.{name}.yrkesbarometer.symbols], such as \
                     \"observed\" for a word of its own or \"not_assessed\""
                ))
            }
            Self::Decode { url, .. } if url.starts_with("file:") => Some("correct the file and run again".into()),
            Self::Decode { error, .. } if is_page(error) => {
                Some("a proxy or maintenance page may be answering in the file's place".into())
            }
            Self::Decode { hash, .. } => Some(format!(
                "run again later; if it stays so, the source has changed its answers (this one is kept as {})",
                Archive::place(hash)
            )),
            Self::Misfit { error, .. } => error.hint(),
            Self::TooManyCells { .. } => {
                Some("select less in this fetch, in two fetches if need be, and tell the source's owner".into())
            }
            Self::Withdrawn { successors, .. } if !successors.is_empty() => {
                Some(format!("likely successors: {}", successors.join("; ")))
            }
            Self::NoSingleTable { .. } => Some("name it so that one table is left".into()),
            Self::UnknownTable { .. } | Self::Withdrawn { .. } => {
                Some("the table may have been withdrawn or replaced by one with another id".into())
            }
            Self::UnknownDimension { known, nearest, .. } => {
                Some(did_you_mean(nearest).unwrap_or_else(|| format!("the table has {}", known.join(", "))))
            }
            Self::UnknownCode { nearest, .. } => Some(did_you_mean(nearest).unwrap_or_else(|| {
                "the source may have changed its code list, or the code stands in another `codelist`".into()
            })),
            Self::Expression { .. } => Some(
                "a code, a pattern such as \"01*\" or \"??\", or TOP(n), BOTTOM(n), RANGE(a,b), FROM(a), TO(a)".into(),
            ),
            Self::EmptySelection { .. } => Some("\"*\" takes every code".into()),
            Self::NotEliminable { dimension } | Self::RenamedNotSelected { dimension } => {
                Some(format!("add it to `select`, such as {dimension} = \"*\""))
            }
            Self::SameColumn { .. } => Some("give one of them another name in `rename` or `measures`".into()),
            Self::TooLarge { .. } => Some("name fewer contents in `measures`".into()),
            Self::Moved { .. } => Some("nothing was published; run again to fetch the new edition whole".into()),
            Self::UnknownKpi { kpis, .. } if kpis.iter().any(|kpi| !kpi.successors.is_empty()) => {
                Some("compare the descriptions before you take a successor: it may be defined in another way".into())
            }
            Self::UnknownKpi { .. } => {
                Some("Kolada removes and replaces indicators without notice; look for a successor by title".into())
            }
            Self::Retitled { .. } => Some(
                "look at what it means now; if it is still what you want, write its new title under `titles`".into(),
            ),
            Self::NoLink { .. } => Some("the page or its links may have new names: see `link_pattern`".into()),
            Self::TwoNewest { .. } => Some("write more of the address in `link_pattern`, so that one link fits".into()),
            Self::LinkElsewhere { host, .. } => {
                Some(format!("if that host may be asked, say so: link_hosts = [{host:?}]"))
            }
            Self::UnknownUnit { nearest, .. }
            | Self::UnknownValue { nearest, .. }
            | Self::UnknownEntry { nearest, .. } => did_you_mean(nearest),
            Self::Incomplete { .. } => {
                Some("nothing was published; the source may be in the middle of an import: run again later".into())
            }
            Self::Unsteady { .. } => {
                Some("nothing was published: the list changed while it was read; run again".into())
            }
            Self::Uncuttable { .. } => Some("tell the program's maintainers: a further way to cut is needed".into()),
            Self::FieldLost { .. } => Some("the source may have renamed it".into()),
            _ => None,
        }
    }
}

fn since(drift: &[String]) -> String {
    if drift.is_empty() {
        return String::new();
    }
    format!("\n  since it was last accepted: {}", drift.join("\n  since it was last accepted: "))
}

fn vanished(kpis: &[Vanished]) -> String {
    let ids = kpis.iter().map(|kpi| kpi.id.as_str()).collect::<Vec<_>>().join(", ");
    let known = kpis.iter().filter_map(|kpi| {
        let title = kpi.title.as_ref()?;
        let likely: Vec<String> = kpi.successors.iter().map(|(id, title)| format!("{id} {title:?}")).collect();
        Some(match likely.as_slice() {
            [] => format!("\n  {} was {title:?}; no other has a title like it", kpi.id),
            _ => format!("\n  {} was {title:?}; likely successors: {}", kpi.id, likely.join(", ")),
        })
    });
    ids + &known.collect::<String>()
}

fn retitled(kpis: &[Renamed]) -> String {
    let each = kpis
        .iter()
        .map(|kpi| format!("indicator {} was chosen as {:?} and is now called {:?}", kpi.id, kpi.chosen, kpi.now));
    each.collect::<Vec<_>>().join("\n  ")
}

fn found(tables: &[String]) -> String {
    if tables.is_empty() { "none".to_owned() } else { tables.join(", ") }
}

fn is_page(error: &DecodeError) -> bool {
    matches!(error, DecodeError::NotTheFormat { begins, .. } if begins.starts_with('<'))
}

fn announced(limit: u64) -> String {
    if limit == 0 { "it announces no limit".to_owned() } else { format!("it announces a limit of {limit}") }
}
