//! The register's four lists.

use super::super::SourceError;
use super::super::metadata::{Column, Kind, Metadata};
use super::rows;
use crate::config::{RegisterWhat, ValueType};
use crate::fetch::Courier;
use crate::source::browse::{Description, Entry, Proposal, ProposedColumn, lists, no_such_list};

const TITLES: [(RegisterWhat, &str); 4] = [
    (RegisterWhat::SchoolUnits, "Skolenheter"),
    (RegisterWhat::Organizers, "Huvudmän"),
    (RegisterWhat::EducationProviders, "Utbildningsanordnare inom komvux"),
    (RegisterWhat::Contracts, "Komvux på entreprenad"),
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
        ..Metadata::new(Kind::SchoolUnits)
    };
    let proposed = columns.map(|(name, of)| ProposedColumn {
        name: (*name).to_owned(),
        kind: kind(*of),
        title: (*name).to_owned(),
        unit: None,
        decimals: None,
    });
    let units = what == RegisterWhat::SchoolUnits;
    let narrowed = if units { "school_types = [\"VUX\"]\nstatuses = [\"AKTIV\"]\ndetails = true\n" } else { "" };
    Ok(Description {
        metadata,
        updated: None,
        periods: Vec::new(),
        codelists: Vec::new(),
        eliminable: Vec::new(),
        notes: vec!["details take a call per row".to_owned()],
        proposal: Some(Proposal {
            fetch: format!("what = \"{id}\"\n{narrowed}"),
            columns: proposed.collect(),
            region: units.then(|| "kommun_kod".to_owned()),
            period: None,
        }),
    })
}
