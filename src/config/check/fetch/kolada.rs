//! `[fetch.NAME.kolada]`.

use crate::config::check::Problems;
use crate::config::node::Node;
use crate::config::{KoladaFetch, Years, leaf};

pub(super) fn kolada(node: &Node<'_>, problems: &mut Problems<'_>) -> KoladaFetch {
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
    let (kpi, kpi_group) = (node.strings("kpi"), node.strings("kpi_group"));
    if !node.has("kpi") && !node.has("kpi_group") {
        problems.hinted(
            node.span.clone(),
            "it is not said which key figures are meant",
            "`kpi = [\"N18898\"]`, or `kpi_group` for all of a group",
        );
    }
    let titles = node.pairs("titles");
    for (id, _) in &titles {
        // The members of a group are known to Kolada alone.
        if kpi_group.is_empty() && !kpi.iter().any(|kpi| kpi == *id.get_ref()) && !kpi.is_empty() {
            let hint = crate::config::names::choice(id.get_ref(), "key figures", kpi.iter().map(String::as_str));
            problems.hinted(id.span(), format!("`titles` names `{}`, which is not fetched", id.get_ref()), hint);
        }
    }
    if node.has("ou") {
        for unit in node.texts("municipality").iter().filter(|unit| !is_municipality(unit.get_ref())) {
            problems.hinted(
                unit.span(),
                format!("{:?} is no municipality, and units such as schools belong to one", unit.get_ref()),
                "four digits, such as \"0180\"",
            );
        }
    }
    KoladaFetch {
        kpi,
        kpi_group,
        titles: titles
            .into_iter()
            .map(|(id, title)| (id.into_inner().to_owned(), title.into_inner().to_owned()))
            .collect(),
        municipality,
        ou: node.strings("ou"),
        years,
    }
}

fn is_municipality(id: &str) -> bool {
    id == "*" || !id.starts_with('G') && !id.starts_with("00")
}
