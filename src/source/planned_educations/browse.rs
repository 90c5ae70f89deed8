//! The five tables that the API has, and the counties and directions by which
//! events can be asked for.

use super::super::SourceError;
use super::super::metadata::{Column, Kind, Metadata};
use super::support;
use crate::config::{PlannedWhat, ValueType};
use crate::fetch::Courier;
use crate::source::browse::{Description, Entry, Proposal, ProposedColumn};

const TITLES: [(PlannedWhat, &str); 5] = [
    (PlannedWhat::AdultEducationEvents, "Planerade tillfällen inom vuxenutbildning"),
    (PlannedWhat::Areas, "Utbildningsområden och inriktningar"),
    (PlannedWhat::SchoolTypes, "Skolformer"),
    (PlannedWhat::GeographicalAreas, "Kommuner och orter"),
    (PlannedWhat::Statistics, "Statistik per skolenhet"),
];

/// Tables whose title, and directions whose name, holds the text.
pub async fn search(courier: &Courier, text: &str) -> Result<Vec<Entry>, SourceError> {
    let wanted = text.to_lowercase();
    let entry =
        |id: String, title: String, note: Option<String>| Entry { id, title, updated: None, periods: None, note };
    let mut found: Vec<Entry> = TITLES
        .iter()
        .filter(|(what, title)| title.to_lowercase().contains(&wanted) || what.as_str().contains(&wanted))
        .map(|(what, title)| entry(what.as_str().to_owned(), (*title).to_owned(), None))
        .collect();
    let answer = support::ask(courier, support::AREAS).await?;
    for area in support::areas(&answer)? {
        let directions = area.directions.iter();
        let fitting = directions.filter(|one| format!("{} {}", area.name, one.name).to_lowercase().contains(&wanted));
        found.extend(fitting.map(|direction| {
            let title = format!("{}: {}", area.name.trim(), direction.name.trim());
            let note = format!("directions = [\"{}\"]", direction.id);
            entry(format!("adult-education-events/{}", direction.id), title, Some(note))
        }));
    }
    Ok(found)
}

/// `id` is a table's name, or that of the events and the id of a direction behind a slash.
pub async fn describe(courier: &Courier, id: &str) -> Result<Description, SourceError> {
    let (name, direction) = id.split_once('/').map_or((id, None), |(name, direction)| (name, Some(direction)));
    let Some((what, title)) = TITLES.iter().find(|(what, _)| what.as_str() == name) else {
        return Err(super::unknown(courier, "table", "", id, None));
    };
    let fields = super::table(*what);
    let columns: Vec<(String, ValueType)> = match what {
        PlannedWhat::AdultEducationEvents => owned(super::event::COLUMNS),
        PlannedWhat::Statistics => owned(super::statistics::COLUMNS),
        _ => fields.names().map(|name| (name.to_owned(), ValueType::Text)).collect(),
    };
    let kind = |kind: ValueType| match kind {
        ValueType::Text => "text",
        ValueType::Int64 => "int64",
        ValueType::Float64 => "float64",
    };
    let mut fetch = format!("what = \"{name}\"\n");
    match (what, direction) {
        (PlannedWhat::AdultEducationEvents, Some(direction)) => {
            fetch.push_str(&format!("directions = [\"{direction}\"]\n"));
        }
        (PlannedWhat::AdultEducationEvents, None) => fetch.push_str("areas = \"*\"\n"),
        _ => {}
    }
    let mut metadata = Metadata { table: name.to_owned(), ..Metadata::new(Kind::PlannedEducations) };
    (*title).clone_into(&mut metadata.title);
    metadata.columns =
        columns.iter().map(|(name, of)| Column { name: name.clone(), kind: kind(*of).to_owned() }).collect();
    let proposed = columns.into_iter().map(|(name, of)| ProposedColumn {
        unit: match name.as_str() {
            "studietakt" => Some("procent".to_owned()),
            "poang" => Some("poäng".to_owned()),
            _ => None,
        },
        title: name.clone(),
        name,
        kind: kind(of),
        decimals: None,
    });
    let events = *what == PlannedWhat::AdultEducationEvents;
    let proposal = Proposal {
        fetch,
        columns: proposed.collect(),
        region: events.then(|| "kommun_kod".to_owned()),
        period: events.then(|| "start".to_owned()),
    };
    // What school units there are is for another source to tell.
    let proposal = (*what != PlannedWhat::Statistics).then_some(proposal);
    let notes = vec!["only what is planned now is served: earlier years cannot be asked for".to_owned()];
    Ok(Description {
        metadata,
        updated: None,
        periods: Vec::new(),
        codelists: Vec::new(),
        eliminable: Vec::new(),
        notes,
        proposal,
    })
}

fn owned(columns: &[(&str, ValueType)]) -> Vec<(String, ValueType)> {
    columns.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect()
}
