//! Eurostat as an analyst looks through it: the table of contents by title and
//! code, and what a dataset holds.

use super::super::SourceError;
use super::super::browse::{Description, Entry, Proposal, ProposedColumn};
use super::super::encode::encode;
use super::structure::{self, TIME};
use crate::config::column_of;
use crate::decode::DecodeError;
use crate::fetch::{Answer, Courier, Expect, Request};
use crate::source::metadata::{Dimension, Kind, Metadata};

/// Codes of a dimension that a proposal takes whole.
const FEW: usize = 40;

/// Datasets whose title or code holds every word of the text, each once.
pub async fn search(courier: &Courier, text: &str) -> Result<Vec<Entry>, SourceError> {
    let answer = courier.ask(&Request::get("/catalogue/toc/txt?lang=en"), Expect::Any).await?;
    let entries = contents(&answer).map_err(|error| SourceError::decode(&answer, error))?;
    courier.accept(&answer)?;
    let words: Vec<String> = text.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let mut seen = std::collections::BTreeSet::new();
    let found = entries.into_iter().filter(|entry| {
        let text = format!("{} {}", entry.title, entry.id).to_lowercase();
        words.iter().all(|word| text.contains(word.as_str())) && seen.insert(entry.id.clone())
    });
    Ok(found.collect())
}

/// A dataset stands in several folders; folders are no datasets.
fn contents(answer: &Answer) -> Result<Vec<Entry>, DecodeError> {
    const EXPECTED: &str = "Eurostat's table of contents";
    let text = String::from_utf8_lossy(answer.content());
    let begins = || text.chars().take(60).collect::<String>();
    let mut lines = text.lines();
    let clean = |field: &str| field.trim().trim_matches('"').trim().to_owned();
    let head: Vec<String> =
        lines.next().unwrap_or_default().split('\t').map(|name| clean(name).to_lowercase()).collect();
    let find = |name: &str| head.iter().position(|column| column == name);
    let not_it = || DecodeError::NotTheFormat { expected: EXPECTED, begins: begins() };
    let (title, code) = (find("title").ok_or_else(not_it)?, find("code").ok_or_else(not_it)?);
    let kind = find("type");
    let columns = [find("last update of data"), find("data start"), find("data end"), find("values")];
    let entries = lines.filter_map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        let field = |at: Option<usize>| {
            let text = clean(fields.get(at?)?);
            (!text.is_empty()).then_some(text)
        };
        if kind.is_some_and(|kind| field(Some(kind)).is_some_and(|kind| kind == "folder")) {
            return None;
        }
        let [updated, start, end, values] = columns.map(field);
        Some(Entry {
            id: field(Some(code))?,
            title: field(Some(title))?,
            updated,
            periods: start.zip(end),
            note: values.map(|values| format!("{values} values")),
        })
    });
    Ok(entries.collect())
}

pub async fn describe(courier: &Courier, id: &str) -> Result<Description, SourceError> {
    let dataflow = structure::dataflow(courier, id).await?;
    let (structure, _) = structure::structure(courier, id).await?;
    let mut dimensions = Vec::new();
    let mut periods = Vec::new();
    for (dimension, codes) in &structure.dimensions {
        let time = dimension == TIME;
        if time {
            periods.clone_from(codes);
        }
        let labels = if time { Vec::new() } else { labels(courier, dimension).await };
        let label = |code: &String| {
            labels.iter().find(|(known, _)| known == code).map_or_else(String::new, |(_, label)| label.clone())
        };
        dimensions.push(Dimension {
            id: dimension.clone(),
            label: dimension.clone(),
            time,
            codes: if time { Vec::new() } else { codes.iter().map(|code| (code.clone(), label(code))).collect() },
            ..Dimension::default()
        });
    }
    let mut notes: Vec<String> =
        dataflow.observations.map(|count| format!("{count} observations")).into_iter().collect();
    if periods.is_empty()
        && let Some((first, last)) = &dataflow.periods
    {
        notes.push(format!("periods from {first} to {last}"));
    }
    let proposal = Some(propose(id, &dimensions));
    let metadata =
        Metadata { table: id.to_owned(), title: dataflow.title, dimensions, ..Metadata::new(Kind::Eurostat) };
    Ok(Description {
        metadata,
        updated: dataflow.updated,
        periods,
        codelists: Vec::new(),
        eliminable: Vec::new(),
        notes,
        proposal,
    })
}

/// Code and label, as far as Eurostat has a list by the dimension's name: labels are a help, never needed.
async fn labels(courier: &Courier, dimension: &str) -> Vec<(String, String)> {
    let path = format!("/sdmx/2.1/codelist/ESTAT/{}/latest?format=TSV&lang=en", encode(&dimension.to_uppercase()));
    let Ok(answer) = courier.ask(&Request::get(path), Expect::Any).await else { return Vec::new() };
    if courier.accept(&answer).is_err() {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(answer.content()).into_owned();
    let pair =
        |line: &str| line.split_once('\t').map(|(code, label)| (code.trim().to_owned(), label.trim().to_owned()));
    text.lines().filter_map(pair).collect()
}

/// Sweden's regions where there are any; every code of short lists, the first of long ones.
fn propose(id: &str, dimensions: &[Dimension]) -> Proposal {
    let mut select = Vec::new();
    let mut columns = Vec::new();
    for dimension in dimensions {
        let name = if dimension.time { "period".to_owned() } else { column_of(&dimension.id) };
        columns.push(ProposedColumn { name, kind: "text", title: dimension.label.clone(), unit: None, decimals: None });
        if dimension.time || dimension.id == "freq" {
            continue;
        }
        let sweden = dimension.id == "geo" && dimension.codes.iter().any(|(code, _)| code.starts_with("SE"));
        let chosen = match dimension.codes.first() {
            _ if sweden => "SE*".to_owned(),
            Some((code, _)) if dimension.codes.len() > FEW => code.clone(),
            _ => "*".to_owned(),
        };
        select.push(format!("{} = {chosen:?}", dimension.id));
    }
    columns.push(ProposedColumn {
        name: "varde".to_owned(),
        kind: "float64",
        title: "Värde".to_owned(),
        unit: None,
        decimals: None,
    });
    let region = dimensions.iter().any(|dimension| dimension.id == "geo").then(|| "geo".to_owned());
    Proposal {
        fetch: format!(
            "dataset = {id:?}\nselect = {{ {} }}\nlatest = 10\nrename = {{ time = \"period\" }}\n",
            select.join(", ")
        ),
        columns,
        region,
        period: Some("period".to_owned()),
    }
}
