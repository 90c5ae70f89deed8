//! Susa-navet's three lists.

use super::super::SourceError;
use super::super::metadata::{Column, Kind, Metadata};
use super::rows;
use crate::config::{SusaWhat, ValueType};
use crate::fetch::Courier;
use crate::source::browse::{Description, Entry, Proposal, ProposedColumn, lists, no_such_list};

const TITLES: [(SusaWhat, &str); 3] = [
    (SusaWhat::Events, "Utbildningstillfällen"),
    (SusaWhat::Infos, "Utbildningar"),
    (SusaWhat::Providers, "Utbildningsanordnare"),
];

pub async fn search(_: &Courier, text: &str) -> Result<Vec<Entry>, SourceError> {
    Ok(lists(TITLES.iter().map(|(what, title)| (what.as_str(), *title)), text))
}

pub async fn describe(courier: &Courier, id: &str) -> Result<Description, SourceError> {
    let Some((what, title)) = TITLES.into_iter().find(|(what, _)| what.as_str() == id) else {
        return Err(no_such_list(courier, id));
    };
    let kind = |kind: ValueType| if kind == ValueType::Text { "text" } else { "float64" };
    let columns = rows::columns(what).iter();
    let metadata = Metadata {
        table: id.to_owned(),
        title: title.to_owned(),
        columns: columns
            .clone()
            .map(|(name, of)| Column { name: (*name).to_owned(), kind: kind(*of).to_owned() })
            .collect(),
        ..Metadata::new(Kind::SusaNavet)
    };
    let proposed = columns.map(|(name, of)| ProposedColumn {
        name: (*name).to_owned(),
        kind: kind(*of),
        title: (*name).to_owned(),
        unit: (*name == "studietakt").then(|| "procent".to_owned()),
        decimals: None,
    });
    let events = what == SusaWhat::Events;
    Ok(Description {
        metadata,
        updated: None,
        periods: Vec::new(),
        codelists: Vec::new(),
        eliminable: Vec::new(),
        notes: Vec::new(),
        proposal: Some(Proposal {
            fetch: format!("what = \"{id}\"\nschool_types = [\"YH\"]\n"),
            columns: proposed.collect(),
            region: events.then(|| "kommun_kod".to_owned()),
            period: events.then(|| "start".to_owned()),
        }),
    })
}
