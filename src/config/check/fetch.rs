//! `[fetch.NAME.KIND]`: what is asked of a source.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use toml::Spanned;

use crate::config::names::{choice, column_of, is_name};
use crate::config::node::{Node, texts};
use crate::config::{
    DriftPolicy, Fetch, FetchKind, History, KoladaFetch, PxwebFetch, Reaction, SourceKind, Years, leaf,
};

use super::sources::Sources;
use super::{Problems, file_fetch};

pub(super) fn fetch(
    name: &str,
    node: &Node<'_>,
    dir: &std::path::Path,
    sources: &Sources,
    problems: &mut Problems<'_>,
) -> Option<Fetch> {
    let (kind, inner) = if let Some(inner) = node.node("pxweb") {
        expect_source(&inner, SourceKind::Pxweb, sources, problems);
        (FetchKind::Pxweb(pxweb(&inner, problems)), inner)
    } else if let Some(inner) = node.node("kolada") {
        expect_source(&inner, SourceKind::Kolada, sources, problems);
        (FetchKind::Kolada(kolada(&inner)), inner)
    } else {
        let inner = node.node("file")?;
        expect_source(&inner, SourceKind::File, sources, problems);
        (FetchKind::File(file_fetch::file(&inner, dir, problems)?), inner)
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
    let DriftPolicy { new_code, lost_code, renamed } = DriftPolicy::default();
    DriftPolicy {
        new_code: reaction("on_new_code", new_code),
        lost_code: reaction("on_lost_code", lost_code),
        renamed: reaction("on_renamed", renamed),
    }
}

fn expect_source(node: &Node<'_>, kind: SourceKind, sources: &Sources, problems: &mut Problems<'_>) {
    if let Some(source) = node.text("source") {
        sources.expect(&source, kind, problems);
    }
}

fn pxweb(node: &Node<'_>, problems: &mut Problems<'_>) -> PxwebFetch {
    let mut select = BTreeMap::new();
    for (dimension, value) in node.entries("select") {
        let values = texts(value).into_iter().map(|text| text.into_inner().to_owned()).collect();
        select.insert((*dimension.get_ref()).to_owned(), values);
    }
    if node.has("select") && select.is_empty() {
        problems.hinted(
            node.key_span("select"),
            "nothing is selected",
            "name at least one dimension: a table without any selection answers with one of its own choice",
        );
    }
    if node.has("measures") && node.pairs("measures").is_empty() {
        problems.error(node.key_span("measures"), "no measure is named");
    }
    for key in ["codelist", "rename"] {
        for (dimension, _) in node.entries(key) {
            if !select.contains_key(*dimension.get_ref()) {
                let hint = choice(dimension.get_ref(), "selected dimensions", select.keys().map(String::as_str));
                problems.hinted(
                    dimension.span(),
                    format!("`{key}` names the dimension `{}`, which is not selected", dimension.get_ref()),
                    hint,
                );
            }
        }
    }
    columns(node, problems);
    let map = |key: &str| -> BTreeMap<String, String> {
        let owned = |text: Spanned<&str>| text.into_inner().to_owned();
        node.pairs(key).into_iter().map(|(key, value)| (owned(key), owned(value))).collect()
    };
    PxwebFetch {
        table: node.string("table").unwrap_or_default(),
        select,
        codelist: map("codelist"),
        rename: map("rename"),
        measures: map("measures"),
    }
}

/// Every column of the staged table has a name of its own that SQL takes without quotes.
fn columns(node: &Node<'_>, problems: &mut Problems<'_>) {
    let renamed = node.pairs("rename");
    let mut taken: Vec<(String, Range<usize>)> = Vec::new();
    for (dimension, _) in node.entries("select") {
        let code = *dimension.get_ref();
        match renamed.iter().find(|(from, _)| *from.get_ref() == code) {
            Some((_, to)) => taken.push(((*to.get_ref()).to_owned(), to.span())),
            None => {
                let column = column_of(code);
                if is_name(&column) {
                    taken.push((column, dimension.span()));
                } else {
                    problems.hinted(
                        dimension.span(),
                        format!("the dimension `{code}` would be the column {column:?}, which is no ASCII snake_case"),
                        format!("give it a name: rename = {{ {code:?} = \"…\" }}"),
                    );
                }
            }
        }
    }
    for (_, to) in node.pairs("measures") {
        for suffix in ["", "_status", "_symbol"] {
            taken.push((format!("{}{suffix}", to.get_ref()), to.span()));
        }
    }
    let mut seen = BTreeSet::new();
    for (column, span) in taken {
        if !seen.insert(column.clone()) {
            problems.error(span, format!("two columns of this table would be called `{column}`"));
        }
    }
}

fn kolada(node: &Node<'_>) -> KoladaFetch {
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
