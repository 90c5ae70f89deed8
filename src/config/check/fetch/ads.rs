//! `[fetch.NAME.historical-ads]` and `[fetch.NAME.jobstream]`.

use std::time::Duration;

use crate::config::check::Problems;
use crate::config::node::Node;
use crate::config::{HistoricalAdsFetch, JobStreamFetch, Years, leaf};

pub(super) fn historical_ads(node: &Node<'_>, problems: &mut Problems<'_>) -> HistoricalAdsFetch {
    let listed = node.integers("years").map(|years| years.into_iter().filter_map(|year| u16::try_from(year).ok()));
    let years = match listed {
        Some(years) => Years::List(years.collect()),
        None => node.leaf("years", leaf::years).unwrap_or(Years::Latest(1)),
    };
    let path = node.string("path").unwrap_or_else(|| "/annonser/historiska/{year}.jsonl.zip".to_owned());
    if !path.contains("{year}") {
        problems.hinted(
            node.text("path").map(|text| text.span()),
            "the path is the same for every year",
            "write {year} where the year stands: \"/annonser/historiska/{year}.jsonl.zip\"",
        );
    }
    HistoricalAdsFetch { years, path, vacancy_cap: node.whole("vacancy_cap").unwrap_or(20) }
}

pub(super) fn jobstream(node: &Node<'_>, problems: &mut Problems<'_>) -> JobStreamFetch {
    let time = |key: &str, hours: u64| node.leaf(key, leaf::duration).unwrap_or(Duration::from_hours(hours));
    let fetch = JobStreamFetch {
        snapshot_every: time("snapshot_every", 7 * 24),
        window: time("window", 24),
        overlap: time("overlap", 2),
    };
    if fetch.overlap >= fetch.window {
        problems.error(
            node.text("overlap").or_else(|| node.text("window")).map(|text| text.span()),
            "the overlap is as long as the window: no call would get any further",
        );
    }
    if fetch.overlap < Duration::from_hours(1) {
        problems.hinted(
            node.text("overlap").map(|text| text.span()),
            "the overlap is shorter than an hour",
            "an autumn night has an hour twice, and the server tells no zone: at least 1h",
        );
    }
    fetch
}
