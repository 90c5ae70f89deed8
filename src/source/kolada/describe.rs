//! Indicators and units in the form that all sources share.

use std::collections::BTreeSet;

use super::answer::{Group, Kpi, Ou};
use super::lookup::Unit;
use crate::config::When;
use crate::source::metadata;
use crate::source::metadata::{Content, Dimension, Kind, Metadata};

/// `units` are all that there are, whichever are asked for.
pub fn describe(kpis: &[Kpi], units: &[Unit]) -> Metadata {
    let code = |unit: &Unit| (unit.id.clone(), unit.title.trim().to_owned());
    of("enhet", kpis, units.iter().map(code).collect())
}

/// The same of units such as schools.
pub fn describe_ous(kpis: &[Kpi], ous: &[Ou]) -> Metadata {
    of("ou", kpis, ous.iter().map(|ou| (ou.id.clone(), ou.title.trim().to_owned())).collect())
}

fn of(dimension: &str, kpis: &[Kpi], codes: Vec<(String, String)>) -> Metadata {
    Metadata {
        dimensions: vec![Dimension {
            id: dimension.to_owned(),
            label: dimension.to_owned(),
            codes,
            ..Dimension::default()
        }],
        contents: kpis.iter().map(content).collect(),
        next_releases: next_releases(kpis),
        ..Metadata::new(Kind::Kolada)
    }
}

/// The days on which figures are to be published or were last, each once: what was published is not moved on at once.
fn next_releases(kpis: &[Kpi]) -> Vec<When> {
    let days = kpis.iter().flat_map(|kpi| [&kpi.prel_publication_date, &kpi.publication_date]);
    let days: BTreeSet<When> = days.flatten().filter_map(|day| When::read(day)).collect();
    days.into_iter().collect()
}

/// A group with its members of today, in the order of their ids.
pub fn group(group: &Group, of_contents: bool) -> metadata::Group {
    let mut members: Vec<(String, String)> =
        group.members.iter().map(|member| (member.id.clone(), member.title.trim().to_owned())).collect();
    members.sort_unstable();
    metadata::Group { id: group.id.clone(), label: group.title.trim().to_owned(), of_contents, members }
}

/// When it is published next is no part of what an indicator means.
fn content(kpi: &Kpi) -> Content {
    let description = kpi.description.as_deref().unwrap_or_default().trim().to_owned();
    Content {
        code: kpi.id.clone(),
        label: kpi.title.trim().to_owned(),
        unit: None,
        decimals: None,
        definition: vec![
            ("description".to_owned(), description),
            ("municipality_type".to_owned(), kpi.municipality_type.clone()),
            ("is_divided_by_gender".to_owned(), kpi.is_divided_by_gender.to_string()),
        ],
    }
}
