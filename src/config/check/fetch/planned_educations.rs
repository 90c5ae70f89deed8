//! `[fetch.NAME.planned-educations]`.

use crate::config::node::Node;
use crate::config::{PlannedEducationsFetch, PlannedWhat};

use super::Problems;

pub(super) fn planned_educations(node: &Node<'_>, problems: &mut Problems<'_>) -> PlannedEducationsFetch {
    let written = node.text("what");
    let what = written.as_ref().map_or(PlannedWhat::AdultEducationEvents, |text| {
        let found = PlannedWhat::ALL.into_iter().find(|what| what.as_str() == *text.get_ref());
        found.unwrap_or(PlannedWhat::AdultEducationEvents)
    });
    let only = |keys: &[&str], whose: PlannedWhat, problems: &mut Problems<'_>| {
        for key in keys.iter().filter(|_| what != whose) {
            if let Some(span) = node.key_span(key) {
                let hint = format!("leave it out, or set what = \"{}\"", whose.as_str());
                problems.hinted(span, format!("`{key}` means nothing for {}", what.as_str()), hint);
            }
        }
    };
    only(&["areas", "types", "directions"], PlannedWhat::AdultEducationEvents, problems);
    only(&["school_units", "school_type"], PlannedWhat::Statistics, problems);
    if what == PlannedWhat::Statistics
        && let Some(span) = written.map(|text| text.span())
    {
        for key in ["school_units", "school_type"].iter().filter(|key| !node.has(key)) {
            problems.hinted(span.clone(), format!("statistics need `{key}`"), "see docs/sources.md".to_owned());
        }
    }
    let areas = node.strings("areas");
    PlannedEducationsFetch {
        what,
        areas: if areas == ["*"] { Vec::new() } else { areas },
        types: node.strings("types"),
        directions: node.strings("directions"),
        school_units: node.strings("school_units"),
        school_type: node.string("school_type"),
    }
}
