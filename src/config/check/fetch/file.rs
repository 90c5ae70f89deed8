//! `[fetch.NAME.file]`: where a file lies and how it is written.

use std::collections::BTreeMap;
use std::path::Path;

use crate::config::names::choice;
use crate::config::node::Node;
use crate::config::{FileFetch, FileFormat, FileLocation, ValueType, leaf};

use crate::config::check::Problems;
use crate::config::check::settings::absolute;

pub(super) fn file(node: &Node<'_>, dir: &Path, problems: &mut Problems<'_>) -> Option<FileFetch> {
    let location = location(node, dir, problems);
    let format = format(node);
    if let Some(format) = format {
        fitting(node, format, problems);
    }
    columns(node, format, problems);
    let delimiter = node.leaf("delimiter", leaf::delimiter).unwrap_or(b',');
    let decimal = match node.text("decimal") {
        Some(text) if *text.get_ref() == "," => ',',
        _ => '.',
    };
    if char::from(delimiter) == decimal {
        problems.hinted(
            node.key_span("decimal").or_else(|| node.key_span("delimiter")),
            format!("{decimal:?} can't both end a field and begin its decimals"),
            "name the delimiter: `delimiter = \";\"`",
        );
    }
    Some(FileFetch {
        location: location?,
        format: format?,
        keys: node.strings("keys"),
        value: node.string("value"),
        columns: types(node),
        pointer: node.string("pointer").unwrap_or_default(),
        delimiter,
        decimal,
        encoding: node.leaf("encoding", leaf::encoding).unwrap_or("UTF-8"),
    })
}

fn format(node: &Node<'_>) -> Option<FileFormat> {
    match *node.text("format")?.get_ref() {
        "csv" => Some(FileFormat::Csv),
        "jsonl" => Some(FileFormat::JsonLines),
        "json-records" => Some(FileFormat::JsonRecords),
        "json-map" => Some(FileFormat::JsonMap),
        _ => None,
    }
}

fn location(node: &Node<'_>, dir: &Path, problems: &mut Problems<'_>) -> Option<FileLocation> {
    let hint = "either `source` and `path`, or `path` alone (a local file), or `url` alone";
    if node.has("url") {
        for other in ["source", "path"] {
            if node.has(other) {
                problems.hinted(node.key_span(other), format!("`{other}` does not go with `url`"), hint);
            }
        }
        return node.leaf("url", leaf::url).map(FileLocation::Url);
    }
    let Some(path) = node.text("path") else {
        if !node.has("path") {
            problems.hinted(node.span.clone(), "it is not said where the file lies", hint);
        }
        return None;
    };
    let written = *path.get_ref();
    if !node.has("source") {
        return Some(FileLocation::Local(absolute(dir, Path::new(written))));
    }
    let climbs = written.split('/').any(|part| part == ".." || part == ".");
    if climbs || written.starts_with('/') || written.contains('\\') || written.contains("://") {
        problems.hinted(
            path.span(),
            format!("{written:?} is not a path below the source's base URL"),
            "such as \"folder/file.json\", without `..` and without a slash in front",
        );
        return None;
    }
    Some(FileLocation::OnSource(written.to_owned()))
}

/// Keys that only some formats understand, and those that a format can't do without.
fn fitting(node: &Node<'_>, format: FileFormat, problems: &mut Problems<'_>) {
    let only: [(&str, FileFormat, &str); 6] = [
        ("keys", FileFormat::JsonMap, "json-map"),
        ("value", FileFormat::JsonMap, "json-map"),
        ("pointer", FileFormat::JsonRecords, "json-records"),
        ("delimiter", FileFormat::Csv, "csv"),
        ("decimal", FileFormat::Csv, "csv"),
        ("encoding", FileFormat::Csv, "csv"),
    ];
    for (key, of, name) in only {
        if format != of && node.has(key) {
            let written = node.string("format").unwrap_or_default();
            problems
                .error(node.key_span(key), format!("`{key}` goes with the format {name}, and this file is {written}"));
        }
    }
    if format == FileFormat::JsonMap {
        for (key, example) in [("keys", "keys = [\"grupp\", \"plats\"]"), ("value", "value = \"antal\"")] {
            if !node.has(key) {
                problems.hinted(
                    node.span.clone(),
                    format!("the format json-map needs `{key}`"),
                    format!("`{example}`"),
                );
            }
        }
    }
}

fn columns(node: &Node<'_>, format: Option<FileFormat>, problems: &mut Problems<'_>) {
    let mut known = node.strings("keys");
    known.extend(node.string("value"));
    for (index, name) in known.iter().enumerate() {
        if known[..index].contains(name) {
            problems.error(node.key_span("value"), format!("two columns of this table would be called `{name}`"));
        }
    }
    let entries = node.pairs("columns");
    for (column, kind) in &entries {
        let name = *column.get_ref();
        if format == Some(FileFormat::JsonMap) && !known.is_empty() && !known.iter().any(|each| each == name) {
            let hint = choice(name, "its columns", known.iter().map(String::as_str));
            problems.hinted(
                column.span(),
                format!("`columns` names `{name}`, which is neither a key nor the value"),
                hint,
            );
        } else if format == Some(FileFormat::JsonMap)
            && node.string("value").as_deref() != Some(name)
            && *kind.get_ref() != "text"
        {
            problems.error(kind.span(), format!("`{name}` is a key of the map, and keys are text"));
        }
        for (other, _) in &entries {
            let name = *column.get_ref();
            let derived = [format!("{name}_status"), format!("{name}_symbol")];
            if *kind.get_ref() != "text" && derived.iter().any(|each| each == other.get_ref()) {
                let message = format!("`{}` comes by itself, beside the number `{name}`", other.get_ref());
                problems.error(other.span(), message);
            }
        }
    }
}

fn types(node: &Node<'_>) -> BTreeMap<String, ValueType> {
    node.pairs("columns")
        .into_iter()
        .map(|(column, kind)| {
            let kind = match kind.into_inner() {
                "int64" => ValueType::Int64,
                "float64" => ValueType::Float64,
                _ => ValueType::Text,
            };
            (column.into_inner().to_owned(), kind)
        })
        .collect()
}
