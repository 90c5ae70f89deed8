//! `[fetch.NAME.kolada]`.

use crate::config::node::Node;
use crate::config::{KoladaFetch, Years, leaf};

pub(super) fn kolada(node: &Node<'_>) -> KoladaFetch {
    let municipality = match node.texts("municipality").as_slice() {
        [] => None,
        [only] if *only.get_ref() == "*" => None,
        _ => Some(node.strings("municipality")),
    };
    let listed = node.integers("years").map(|years| years.into_iter().filter_map(|year| u16::try_from(year).ok()));
    let years = match listed {
        Some(years) => Years::List(years.collect()),
        None => node.leaf("years", leaf::years).unwrap_or(Years::Latest(1)),
    };
    KoladaFetch { kpi: node.strings("kpi"), municipality, years }
}
