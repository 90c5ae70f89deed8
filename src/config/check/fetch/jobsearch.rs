//! `[fetch.NAME.jobsearch]`.

use crate::config::check::Problems;
use crate::config::node::Node;
use crate::config::{JobsearchFetch, PlaceLevel};

pub(super) fn jobsearch(node: &Node<'_>, problems: &mut Problems<'_>) -> JobsearchFetch {
    let level = match node.string("level").as_deref() {
        Some("kommun") => PlaceLevel::Kommun,
        _ => PlaceLevel::Lan,
    };
    if level == PlaceLevel::Lan {
        for place in node.texts("places").iter().filter(|place| place.get_ref().len() == 4) {
            problems.hinted(
                place.span(),
                format!("{:?} is a kommun, and this fetch counts by län", place.get_ref()),
                "add level = \"kommun\", or give the two digits of a län",
            );
        }
    }
    let list = |key: &str| match node.texts(key).as_slice() {
        [] => None,
        [only] if *only.get_ref() == "*" => None,
        _ => Some(node.strings(key)),
    };
    JobsearchFetch { level, places: list("places"), groups: list("groups") }
}
