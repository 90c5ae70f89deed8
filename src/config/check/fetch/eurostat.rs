//! `[fetch.NAME.eurostat]`: which cells of which dataset become which columns.

use std::collections::BTreeSet;
use std::ops::Range;

use super::{map, select};
use crate::config::check::Problems;
use crate::config::names::{column_of, is_name};
use crate::config::node::Node;
use crate::config::{EurostatFetch, EurostatFormat, EurostatTime, GeoLevel};

/// Dimensions that every dataset of regions has, and that need not be selected.
const ALWAYS: [&str; 2] = ["freq", "time"];

pub(super) fn eurostat(node: &Node<'_>, problems: &mut Problems<'_>) -> EurostatFetch {
    columns(node, problems);
    EurostatFetch {
        dataset: node.string("dataset").unwrap_or_default(),
        select: select(node).into_iter().map(|(dimension, codes)| (dimension.to_lowercase(), codes)).collect(),
        geo_level: match node.string("geo_level").as_deref() {
            Some("country") => Some(GeoLevel::Country),
            Some("nuts1") => Some(GeoLevel::Nuts1),
            Some("nuts2") => Some(GeoLevel::Nuts2),
            Some("nuts3") => Some(GeoLevel::Nuts3),
            _ => None,
        },
        time: time(node, problems),
        rename: map(node, "rename").into_iter().map(|(from, to)| (from.to_lowercase(), to)).collect(),
        value: node.string("value").unwrap_or_else(|| "varde".to_owned()),
        format: match node.string("format").as_deref() {
            Some("sdmx-csv") => EurostatFormat::SdmxCsv,
            _ => EurostatFormat::Json,
        },
    }
}

/// Periods are meant in one way only.
fn time(node: &Node<'_>, problems: &mut Problems<'_>) -> EurostatTime {
    let selected = node.entries("select").iter().any(|(dimension, _)| dimension.get_ref().eq_ignore_ascii_case("time"));
    let span = node.has("since") || node.has("until");
    let hint = "either `since` and `until`, or `latest`, or `time` in `select`";
    for (key, other) in [("since", "latest"), ("until", "latest")] {
        if node.has(key) && node.has(other) {
            problems.hinted(node.key_span(key), format!("`{key}` does not go with `{other}`"), hint);
        }
    }
    for key in ["since", "until", "latest"] {
        if node.has(key) && selected {
            problems.hinted(node.key_span(key), format!("`{key}` does not go with `time` in `select`"), hint);
        }
    }
    match node.whole("latest") {
        Some(count) => EurostatTime::Latest(count),
        None if span => EurostatTime::Span { since: node.string("since"), until: node.string("until") },
        None => EurostatTime::Selected,
    }
}

/// Every column of the staged table has a name of its own that SQL takes without quotes.
fn columns(node: &Node<'_>, problems: &mut Problems<'_>) {
    let renamed = node.pairs("rename");
    let of = |id: &str| renamed.iter().find(|(from, _)| from.get_ref().eq_ignore_ascii_case(id));
    let mut taken: Vec<(String, Option<Range<usize>>)> = Vec::new();
    for (dimension, _) in node.entries("select") {
        let code = *dimension.get_ref();
        match of(code) {
            Some((_, to)) => taken.push(((*to.get_ref()).to_owned(), Some(to.span()))),
            None if is_name(&column_of(code)) => taken.push((column_of(code), Some(dimension.span()))),
            None => problems.hinted(
                dimension.span(),
                format!(
                    "the dimension `{code}` would be the column {:?}, which is no ASCII snake_case",
                    column_of(code)
                ),
                format!("give it a name: rename = {{ {code:?} = \"…\" }}"),
            ),
        }
    }
    let selects = |id: &str| node.entries("select").iter().any(|(name, _)| name.get_ref().eq_ignore_ascii_case(id));
    for id in ALWAYS.into_iter().chain(node.has("geo_level").then_some("geo")).filter(|id| !selects(id)) {
        let (column, span) = match of(id) {
            Some((_, to)) => ((*to.get_ref()).to_owned(), Some(to.span())),
            None => (id.to_owned(), None),
        };
        taken.push((column, span));
    }
    let value = node.string("value").unwrap_or_else(|| "varde".to_owned());
    for suffix in ["", "_status", "_symbol"] {
        taken.push((format!("{value}{suffix}"), node.key_span("value")));
    }
    let mut seen = BTreeSet::new();
    for (column, span) in taken {
        if !seen.insert(column.clone()) {
            problems.taken(
                span.or_else(|| node.span.clone()),
                format!("two columns of this table would be called `{column}`"),
            );
        }
    }
}
