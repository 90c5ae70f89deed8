//! `[fetch.NAME.KIND]`: what is asked of a source, a file per kind.

mod ads;
mod eurostat;
mod file;
mod jobsearch;
mod kolada;
mod planned_educations;
mod pxweb;
mod school_units;
mod siris;
mod susa_navet;
mod taxonomy;
mod yrkesbarometer;

use std::collections::BTreeMap;

use toml::Spanned;

use crate::config::node::Node;
use crate::config::{DriftPolicy, Fetch, FetchKind, History, OnEmpty, Reaction, SourceKind};

use super::Problems;
use super::sources::Sources;

pub(super) fn fetch(
    name: &str,
    node: &Node<'_>,
    dir: &std::path::Path,
    sources: &Sources,
    problems: &mut Problems<'_>,
) -> Option<Fetch> {
    let (kind, inner) = if let Some(inner) = node.node("pxweb") {
        expect_source(&inner, &[SourceKind::Pxweb, SourceKind::PxwebV1], sources, problems);
        (FetchKind::Pxweb(pxweb::pxweb(&inner, problems)), inner)
    } else if let Some(inner) = node.node("kolada") {
        expect_source(&inner, &[SourceKind::Kolada], sources, problems);
        (FetchKind::Kolada(kolada::kolada(&inner, problems)), inner)
    } else if let Some(inner) = node.node("eurostat") {
        expect_source(&inner, &[SourceKind::Eurostat], sources, problems);
        (FetchKind::Eurostat(eurostat::eurostat(&inner, problems)), inner)
    } else if let Some(inner) = node.node("planned-educations") {
        expect_source(&inner, &[SourceKind::PlannedEducations], sources, problems);
        (FetchKind::PlannedEducations(planned_educations::planned_educations(&inner, problems)), inner)
    } else if let Some(inner) = node.node("school-units") {
        expect_source(&inner, &[SourceKind::SchoolUnits], sources, problems);
        (FetchKind::SchoolUnits(school_units::school_units(&inner, problems)), inner)
    } else if let Some(inner) = node.node("susa-navet") {
        expect_source(&inner, &[SourceKind::SusaNavet], sources, problems);
        (FetchKind::SusaNavet(susa_navet::susa_navet(&inner)), inner)
    } else if let Some(inner) = node.node("siris") {
        expect_source(&inner, &[SourceKind::Siris], sources, problems);
        (FetchKind::Siris(siris::siris(&inner, problems)?), inner)
    } else if let Some(inner) = node.node("yrkesbarometer") {
        expect_source(&inner, &[SourceKind::Yrkesbarometer], sources, problems);
        (FetchKind::Yrkesbarometer(yrkesbarometer::yrkesbarometer(&inner, problems)), inner)
    } else if let Some(inner) = node.node("taxonomy") {
        expect_source(&inner, &[SourceKind::Taxonomy], sources, problems);
        (FetchKind::Taxonomy(taxonomy::taxonomy(&inner)), inner)
    } else if let Some(inner) = node.node("jobsearch") {
        expect_source(&inner, &[SourceKind::Jobsearch], sources, problems);
        (FetchKind::Jobsearch(jobsearch::jobsearch(&inner, problems)), inner)
    } else if let Some(inner) = node.node("historical-ads") {
        expect_source(&inner, &[SourceKind::HistoricalAds], sources, problems);
        (FetchKind::HistoricalAds(ads::historical_ads(&inner, problems)), inner)
    } else if let Some(inner) = node.node("jobstream") {
        expect_source(&inner, &[SourceKind::JobStream], sources, problems);
        (FetchKind::JobStream(ads::jobstream(&inner, problems)), inner)
    } else {
        let inner = node.node("file")?;
        expect_source(&inner, &[SourceKind::File], sources, problems);
        (FetchKind::File(file::file(&inner, dir, problems)?), inner)
    };
    let history = match inner.text("history") {
        Some(text) if *text.get_ref() == "window" => History::Window,
        _ => History::Keep,
    };
    let drift = drift(&inner);
    Some(Fetch { name: name.to_owned(), source: inner.string("source"), kind, history, drift })
}

/// What does not fit the key tables has been reported: the default stands in for it.
fn drift(node: &Node<'_>) -> DriftPolicy {
    let reaction = |key: &str, default: Reaction| match node.string(key).as_deref() {
        Some("accept") => Reaction::Accept,
        Some("warn") => Reaction::Warn,
        Some("stop") => Reaction::Stop,
        _ => default,
    };
    let empty = match node.string_if_known("on_empty").as_deref() {
        Some("error") => OnEmpty::Error,
        _ => OnEmpty::Accept,
    };
    let DriftPolicy { new_code, lost_code, renamed, .. } = DriftPolicy::default();
    DriftPolicy {
        new_code: reaction("on_new_code", new_code),
        lost_code: reaction("on_lost_code", lost_code),
        renamed: reaction("on_renamed", renamed),
        empty,
    }
}

/// The kinds of source that a kind of fetch can read.
fn expect_source(node: &Node<'_>, kinds: &[SourceKind], sources: &Sources, problems: &mut Problems<'_>) {
    if let Some(source) = node.text("source") {
        sources.expect(&source, kinds, problems);
    }
}

/// A map of texts.
fn map(node: &Node<'_>, key: &str) -> BTreeMap<String, String> {
    let owned = |text: Spanned<&str>| text.into_inner().to_owned();
    node.pairs(key).into_iter().map(|(key, value)| (owned(key), owned(value))).collect()
}

/// The codes and expressions of each dimension.
fn select(node: &Node<'_>) -> BTreeMap<String, Vec<String>> {
    let owned = |text: Spanned<&str>| text.into_inner().to_owned();
    node.lists("select")
        .into_iter()
        .map(|(key, values)| (owned(key), values.into_iter().map(owned).collect()))
        .collect()
}
