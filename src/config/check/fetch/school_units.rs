//! `[fetch.NAME.school-units]`.

use crate::config::node::Node;
use crate::config::{RegisterWhat, SchoolUnitsFetch};

use super::Problems;

pub(super) fn school_units(node: &Node<'_>, problems: &mut Problems<'_>) -> SchoolUnitsFetch {
    let what = node.string("what");
    let what = RegisterWhat::ALL.into_iter().find(|one| Some(one.as_str()) == what.as_deref());
    let what = what.unwrap_or(RegisterWhat::SchoolUnits);
    for key in ["municipalities", "school_types", "statuses"] {
        if what != RegisterWhat::SchoolUnits
            && let Some(span) = node.key_span(key)
        {
            let hint = "leave it out, or set what = \"school-units\"".to_owned();
            problems.hinted(span, format!("`{key}` means nothing for {}", what.as_str()), hint);
        }
    }
    SchoolUnitsFetch {
        what,
        municipalities: node.strings("municipalities"),
        school_types: node.strings("school_types"),
        statuses: node.strings("statuses"),
        details: node.boolean("details").unwrap_or(false),
    }
}
