//! `[fetch.NAME.pxweb]`: which cells of which table become which columns.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::{map, select};
use crate::config::check::Problems;
use crate::config::names::{choice, column_of, is_name};
use crate::config::node::Node;
use crate::config::{OutputValues, PxwebFetch};

pub(super) fn pxweb(node: &Node<'_>, problems: &mut Problems<'_>) -> PxwebFetch {
    let select = select(node);
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
                problems.unknown(
                    dimension.span(),
                    format!("`{key}` names the dimension `{}`, which is not selected", dimension.get_ref()),
                    hint,
                );
            }
        }
    }
    columns(node, problems);
    let mut output_values = BTreeMap::new();
    for (dimension, written) in node.pairs("output_values") {
        let listed = node.pairs("codelist");
        if listed.iter().all(|(one, _)| one.get_ref() != dimension.get_ref()) {
            let hint = choice(
                dimension.get_ref(),
                "dimensions with a code list",
                listed.iter().map(|(one, _)| *one.get_ref()),
            );
            let message =
                format!("`output_values` names the dimension `{}`, which has no `codelist`", dimension.get_ref());
            problems.hinted(dimension.span(), message, hint);
        }
        if let Some(one) = OutputValues::ALL.iter().find(|one| one.as_str() == *written.get_ref()) {
            output_values.insert(dimension.into_inner().to_owned(), *one);
        }
    }
    PxwebFetch {
        table: node.string("table").unwrap_or_default(),
        language: node.string("language"),
        select,
        codelist: map(node, "codelist"),
        output_values,
        rename: map(node, "rename"),
        measures: map(node, "measures"),
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
            problems.taken(span, format!("two columns of this table would be called `{column}`"));
        }
    }
}
