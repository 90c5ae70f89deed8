//! `[dataset.NAME]`: its query, key, areas and checks.

use toml::Spanned;

use crate::config::names::{ADDED_COLUMNS, GIVEN_COLUMNS, choice};
use crate::config::node::Node;
use crate::config::{Column, Dataset, leaf};

use super::Problems;
use super::areas::Areas;
use super::checks::checks;
use super::columns::columns;
use super::sql_file::SqlFiles;

pub(super) fn dataset(
    name: &str,
    node: &Node<'_>,
    areas: &Areas,
    sql_files: &mut SqlFiles<'_>,
    problems: &mut Problems<'_>,
) -> Option<Dataset> {
    let columns = columns(node, problems);
    key(node, &columns, problems);
    for set in node.texts("areas") {
        unknown_set(&set, areas, problems);
    }
    let query = node.text("sql").and_then(|file| sql_files.read(&file, problems));
    let checks = checks(node, &columns, sql_files, problems);
    let (sql_file, sql) = query?;
    let mut partition_by = node.strings("partition_by");
    if partition_by.is_empty() {
        partition_by.push("lan".to_owned());
    }
    Some(Dataset {
        name: name.to_owned(),
        title: node.string("title").unwrap_or_default(),
        description: node.string("description").unwrap_or_default(),
        sql_file,
        sql,
        partition_by,
        key: node.strings("key"),
        areas: node.strings("areas"),
        columns,
        checks,
    })
}

/// A key column is a code of the contract or one that every regional dataset has.
fn key(node: &Node<'_>, columns: &[Column], problems: &mut Problems<'_>) {
    for part in node.texts("key") {
        let written = *part.get_ref();
        if leaf::name(written).is_err() {
            continue;
        }
        match columns.iter().find(|column| column.name == written) {
            Some(column) if column.is_measure() => {
                let message = format!("the key column `{written}` is a measure ({})", column.kind.as_str());
                problems.hinted(part.span(), message, "a key is made of codes: set its `type` to \"text\"");
            }
            Some(column) if column.nullable => {
                let column = node.nodes("column").into_iter().find(|(name, _)| *name.get_ref() == written);
                let span = column.and_then(|(_, column)| column.key_span("nullable")).unwrap_or(part.span());
                problems.hinted(
                    span,
                    format!("`{written}` is part of the key and can't be empty"),
                    "leave out `nullable`",
                );
            }
            Some(_) => {}
            None if GIVEN_COLUMNS.contains(&written) || ADDED_COLUMNS.contains(&written) => {}
            None => {
                let codes = columns.iter().filter(|column| !column.is_measure()).map(|column| column.name.as_str());
                let known: Vec<&str> = codes.chain(GIVEN_COLUMNS).collect();
                let hint = choice(written, "code columns", known.iter().copied());
                problems.unknown(part.span(), format!("the key column `{written}` is not in the contract"), hint);
            }
        }
    }
}

fn unknown_set(set: &Spanned<&str>, areas: &Areas, problems: &mut Problems<'_>) {
    let written = *set.get_ref();
    if areas.complete && !areas.sets.contains_key(written) {
        let hint = choice(written, "known sets", areas.sets.keys().map(String::as_str));
        problems.unknown(set.span(), format!("unknown area set `{written}`"), hint);
    }
}
