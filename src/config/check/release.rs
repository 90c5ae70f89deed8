//! `[release]` of a pipeline: what its durations and dates mean together.

use std::collections::BTreeSet;
use std::time::Duration;

use toml::Spanned;

use crate::config::names::choice;
use crate::config::node::Node;
use crate::config::{LEAST_BETWEEN_POLLS, Release, leaf};

use super::Problems;

pub(super) fn release(node: &Node<'_>, root: &Node<'_>, problems: &mut Problems<'_>) -> Release {
    let default = Release::default();
    let span = |key: &str| node.text(key).map(|text| text.span()).or_else(|| node.span.clone());
    let duration = |key: &str, default: Duration| node.leaf(key, leaf::duration).unwrap_or(default);
    let dates = node.texts("dates");
    let release = Release {
        dates: dates.iter().filter_map(|text| leaf::release_date(text.get_ref()).ok()).collect(),
        cron: node.texts("cron").iter().filter_map(|text| leaf::cron(text.get_ref()).ok()).collect(),
        time: node.leaf("time", leaf::time_of_day).unwrap_or(default.time),
        timezone: node.leaf("timezone", leaf::time_zone).unwrap_or(default.timezone),
        begin: duration("begin", default.begin),
        every: duration("every", default.every),
        during: duration("during", default.during),
        otherwise: node.leaf("otherwise", leaf::interval).unwrap_or(default.otherwise),
        late_after: duration("late_after", default.late_after),
        fetches: node.strings("fetches"),
    };
    if release.every < LEAST_BETWEEN_POLLS {
        problems.hinted(
            span("every"),
            "`release.every` is less than a minute",
            "no source is polled more often than once a minute",
        );
    } else if release.during < release.every {
        problems.hinted(
            span("during"),
            "`release.during` is shorter than `release.every`: the time might pass without a poll",
            "let dense polling go on for at least as long as there is between two polls",
        );
    } else if release.otherwise.is_some_and(|otherwise| otherwise < release.every) {
        problems.hinted(
            span("otherwise"),
            "`release.otherwise` is shorter than `release.every`: polling would be denser when nothing is expected",
            "`every` is for the hours of a release, `otherwise` for all other times",
        );
    }
    if release.late_after < release.every {
        problems.hinted(
            span("late_after"),
            "`release.late_after` is shorter than `release.every`: a release would be late before anybody has looked",
            "such as \"2d\"",
        );
    }
    let expects = node.has("dates") || node.has("cron");
    if release.otherwise.is_none() && !expects {
        problems.hinted(
            span("otherwise"),
            "`release.otherwise` is \"never\", and neither `dates` nor `cron` says when to ask",
            "a source tells when it publishes next only when it is asked",
        );
    }
    let known: Vec<&str> = root.nodes("fetch").iter().map(|(name, _)| *name.get_ref()).collect();
    if known.is_empty() {
        problems.hinted(
            node.span.clone(),
            "[release] is about what a pipeline fetches, and this one fetches nothing",
            "a pipeline of other datasets runs after the pipelines that publish them",
        );
    }
    let mut seen = BTreeSet::new();
    for name in node.texts("fetches").iter().filter(|name| !known.is_empty() && !known.contains(name.get_ref())) {
        if seen.insert(*name.get_ref()) {
            let message = format!("there is no [fetch.{}]", name.get_ref());
            problems.unknown(
                Spanned::span(name),
                message,
                choice(name.get_ref(), "the pipeline has", known.iter().copied()),
            );
        }
    }
    release
}
