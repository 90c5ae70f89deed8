//! The exports, by type of school, level and subject.

use serde_json::{Map, Value};

use super::super::SourceError;
use super::super::answer::parse;
use super::super::encode::encode;
use super::super::metadata::{Dimension, Kind, Metadata};
use super::{YEAR, list};
use crate::decode::DecodeError;
use crate::fetch::{Answer, Courier, Expect, Request};
use crate::source::browse::{Description, Entry};

/// Exports whose name, or that of what they are listed under, holds the text.
pub async fn search(courier: &Courier, text: &str) -> Result<Vec<Entry>, SourceError> {
    let wanted = text.to_lowercase();
    let mut found = Vec::new();
    for (form, form_name) in codes(courier, "/verksamhetsformer/").await? {
        let form_part = format!("pVerkform={}", encode(&form));
        for (level, level_name) in codes(courier, &format!("/niva/?{form_part}")).await? {
            let level_part = format!("{form_part}&pNiva={}", encode(&level));
            for (area, area_name) in codes(courier, &format!("/omrade/?{level_part}")).await? {
                let path = format!("/export/?{level_part}&pOmrade={}", encode(&area));
                for (export, name) in codes(courier, &path).await? {
                    let title = format!("{form_name}, {level_name}, {area_name}: {name}");
                    if title.to_lowercase().contains(&wanted) {
                        found.push(Entry { id: export, title, updated: None, periods: None, note: None });
                    }
                }
            }
        }
    }
    Ok(found)
}

/// An export's years. What headings it has only its files tell.
pub async fn describe(courier: &Courier, id: &str) -> Result<Description, SourceError> {
    let (_, years) = list(courier, &format!("/lasar/?pExportID={}", encode(id))).await?;
    let metadata = Metadata {
        table: id.to_owned(),
        dimensions: vec![Dimension {
            id: YEAR.to_owned(), label: "år".to_owned(), time: true, ..Dimension::default()
        }],
        ..Metadata::new(Kind::Siris)
    };
    let named = |code: super::Code| code.namn.filter(|name| !name.trim().is_empty()).unwrap_or(code.kod);
    Ok(Description {
        metadata,
        updated: None,
        periods: years.into_iter().map(named).collect(),
        codelists: Vec::new(),
        eliminable: Vec::new(),
        notes: vec!["which headings become which columns is for the pipeline to say: `texts` and `numbers`".to_owned()],
        proposal: None,
    })
}

/// Code and name; the list's own name differs between the service's lists.
async fn codes(courier: &Courier, path: &str) -> Result<Vec<(String, String)>, SourceError> {
    let answer: Answer = courier.ask(&Request::get(path), Expect::Json).await?;
    let body: Map<String, Value> = parse(&answer)?;
    let rows = body.values().find_map(Value::as_array);
    let rows =
        rows.ok_or_else(|| SourceError::decode(&answer, DecodeError::Shape("there is no list in it".to_owned())))?;
    let text = |row: &Value, field: &str| match row.get(field) {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    Ok(rows.iter().map(|row| (text(row, "kod"), text(row, "namn"))).filter(|(code, _)| !code.is_empty()).collect())
}
