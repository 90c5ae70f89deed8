//! Indicators and units in the form that all sources share.

use super::answer::Kpi;
use super::lookup::Unit;
use crate::source::metadata::{Content, Dimension, Kind, Metadata};

/// `units` are all that there are, whichever are asked for.
pub fn describe(kpis: &[Kpi], units: &[Unit]) -> Metadata {
    let code = |unit: &Unit| (unit.id.clone(), unit.title.trim().to_owned());
    Metadata {
        dimensions: vec![Dimension {
            id: "enhet".to_owned(),
            label: "enhet".to_owned(),
            codes: units.iter().map(code).collect(),
            ..Dimension::default()
        }],
        contents: kpis.iter().map(content).collect(),
        ..Metadata::new(Kind::Kolada)
    }
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
