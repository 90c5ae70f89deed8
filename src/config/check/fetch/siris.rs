//! `[fetch.NAME.siris]`.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::node::Node;
use crate::config::{SirisFetch, Years, leaf};

use super::Problems;

/// The column that the year of each file becomes.
const YEAR: &str = "ar";

pub(super) fn siris(node: &Node<'_>, problems: &mut Problems<'_>) -> Option<SirisFetch> {
    let listed = node.integers("years").map(|years| years.into_iter().filter_map(|year| u16::try_from(year).ok()));
    let years = match listed {
        Some(years) => Years::List(years.collect()),
        None => node.leaf("years", leaf::years).unwrap_or(Years::Latest(1)),
    };
    let map = |key: &str| -> BTreeMap<String, String> {
        let pairs = node.pairs(key).into_iter();
        pairs.map(|(heading, column)| ((*heading.get_ref()).to_owned(), (*column.get_ref()).to_owned())).collect()
    };
    let texts: BTreeSet<&str> = node.pairs("texts").iter().map(|(_, column)| *column.get_ref()).collect();
    for (_, column) in node.pairs("texts").iter().chain(&node.pairs("numbers")) {
        if *column.get_ref() == YEAR {
            let hint = "the column of the year is always there: give this one another name".to_owned();
            problems.hinted(column.span(), format!("column `{YEAR}` is the year of the file"), hint);
        }
    }
    for (_, column) in node.pairs("numbers") {
        if texts.contains(column.get_ref()) {
            let hint = "name it in one of the two".to_owned();
            problems.hinted(column.span(), format!("column `{}` is both text and number", column.get_ref()), hint);
        }
    }
    Some(SirisFetch {
        export: node.whole("export")?,
        years,
        county: node.string("county"),
        municipality: node.string("municipality"),
        texts: map("texts"),
        numbers: map("numbers"),
        parameters: map("parameters"),
    })
}
