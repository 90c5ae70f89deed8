//! `[fetch.NAME.file]`: where a file lies and how it is written.

use std::collections::BTreeMap;
use std::path::Path;

use crate::config::names::choice;
use crate::config::node::Node;
use crate::config::{
    Choice, CubeSelection, FileFetch, FileFormat, FileLocation, Link, Provenance, SheetLayout, ValueType, leaf,
};

use super::{map, select};
use crate::config::check::Problems;
use crate::config::check::settings::absolute;

pub(super) fn file(node: &Node<'_>, dir: &Path, problems: &mut Problems<'_>) -> Option<FileFetch> {
    let location = location(node, dir, problems);
    let format = format(node);
    if let Some(format) = format {
        fitting(node, format, problems);
    }
    columns(node, format, problems);
    let link = link(node, location.as_ref(), problems);
    let delimiter = node.leaf("delimiter", leaf::delimiter).unwrap_or(b',');
    let usual = format.map_or('.', FileFormat::usual_decimal);
    let decimal = node.string("decimal").and_then(|text| text.chars().next()).unwrap_or(usual);
    if char::from(delimiter) == decimal && format.is_none_or(|format| format == FileFormat::Csv) {
        problems.hinted(
            node.key_span("decimal").or_else(|| node.key_span("delimiter")),
            format!("{decimal:?} can't both end a field and begin its decimals"),
            "name the delimiter: `delimiter = \";\"`",
        );
    }
    let mut fetch = FileFetch::new(location?, format?);
    (fetch.delimiter, fetch.decimal) = (delimiter, decimal);
    fetch.link = link;
    fetch.inside = node.string("inside");
    fetch.keys = node.strings("keys");
    fetch.value = node.string("value");
    fetch.columns = types(node);
    fetch.rename = map(node, "rename");
    fetch.symbols = node
        .pairs("symbols")
        .into_iter()
        .filter_map(|(symbol, status)| Some((symbol.into_inner().to_owned(), status.get_ref().parse().ok()?)))
        .collect();
    fetch.pointer = node.string("pointer").unwrap_or_default();
    fetch.encoding = node.leaf("encoding", leaf::encoding).unwrap_or("UTF-8");
    fetch.sheet = sheet(node);
    fetch.record = node.string("record").unwrap_or_default();
    fetch.fields = map(node, "fields");
    fetch.cube = CubeSelection { member: node.string("member"), select: select(node), measures: map(node, "measures") };
    fetch.provenance = node.node("provenance").and_then(|provenance| {
        Some(Provenance { person: provenance.string("person")?, date: provenance.string("date")?.parse().ok()? })
    });
    Some(fetch)
}

fn format(node: &Node<'_>) -> Option<FileFormat> {
    let text = node.text("format")?;
    FileFormat::ALL.iter().copied().find(|format| format.as_str() == *text.get_ref())
}

fn sheet(node: &Node<'_>) -> SheetLayout {
    let choice = |key: &str| match node.whole::<u32>(key) {
        Some(number) => Some(Choice::Number(number)),
        None => node.string(key).map(Choice::Pattern),
    };
    let rows = match node.whole::<u32>("header_row") {
        Some(row) => vec![row],
        None => {
            let rows = node.integers("header_row").unwrap_or_default();
            rows.into_iter().filter_map(|row| u32::try_from(row).ok()).collect()
        }
    };
    SheetLayout {
        sheet: choice("sheet"),
        pivot_cache: choice("pivot_cache"),
        header_rows: rows,
        units_row: node.whole("units_row"),
        skip_rows: node.whole("skip_rows").unwrap_or(0),
        range: node.leaf("range", leaf::cell_range),
        until_blank: node.boolean("until_blank").unwrap_or(false),
        fill_down: node.strings("fill_down"),
    }
}

fn link(node: &Node<'_>, location: Option<&FileLocation>, problems: &mut Problems<'_>) -> Option<Link> {
    for key in ["link_hosts", "period_column"] {
        if node.has(key) && !node.has("link_pattern") {
            problems.error(node.key_span(key), format!("`{key}` goes with `link_pattern`"));
        }
    }
    let pattern = node.leaf("link_pattern", leaf::link_pattern)?;
    if matches!(location, Some(FileLocation::Local(_))) {
        problems.hinted(
            node.key_span("link_pattern"),
            "`link_pattern` is for a page on the web, and the path is a local file",
            "name the `source` that the path lies on, or give the page's `url`",
        );
    }
    for host in node.texts("link_hosts") {
        problems.address(Some(host), None);
    }
    Some(Link { pattern, hosts: node.strings("link_hosts"), period_column: node.string("period_column") })
}

fn location(node: &Node<'_>, dir: &Path, problems: &mut Problems<'_>) -> Option<FileLocation> {
    let hint = "either `source` and `path`, or `path` alone (a local file), or `url` alone";
    if node.has("url") {
        for other in ["source", "path"] {
            if node.has(other) {
                problems.hinted(node.key_span(other), format!("`{other}` does not go with `url`"), hint);
            }
        }
        problems.address(node.text("url"), None);
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
    use FileFormat::{Csv, JsonLines, JsonMap, JsonRecords, JsonStat, Ods, Parquet, Px, Xlsb, Xlsx, Xml};
    const SHEETS: &[FileFormat] = &[Xlsx, Xlsb, Ods];
    const CUBES: &[FileFormat] = &[JsonStat, Px];
    let only: [(&str, &[FileFormat]); 21] = [
        ("keys", &[JsonMap]),
        ("value", &[JsonMap]),
        ("pointer", &[JsonRecords]),
        ("delimiter", &[Csv]),
        ("decimal", &[Csv, Xlsx, Xlsb, Ods, Xml]),
        ("encoding", &[Csv]),
        ("columns", &[Csv, JsonLines, JsonRecords, JsonMap, Xlsx, Xlsb, Ods, Xml, Parquet]),
        ("rename", &[Csv, JsonStat, Px, Xlsx, Xlsb, Ods, Parquet]),
        ("sheet", SHEETS),
        ("pivot_cache", &[Xlsx, Xlsb]),
        ("header_row", SHEETS),
        ("units_row", SHEETS),
        ("skip_rows", SHEETS),
        ("range", SHEETS),
        ("until_blank", SHEETS),
        ("fill_down", SHEETS),
        ("record", &[Xml]),
        ("fields", &[Xml]),
        ("member", &[JsonStat]),
        ("select", CUBES),
        ("measures", CUBES),
    ];
    for (key, of) in only {
        if !of.contains(&format) && node.has(key) {
            let names: Vec<&str> = of.iter().map(|format| format.as_str()).collect();
            let written = node.string("format").unwrap_or_default();
            let formats = if names.len() == 1 { "format" } else { "formats" };
            problems.error(
                node.key_span(key),
                format!("`{key}` goes with the {formats} {}, and this file is {written}", names.join(", ")),
            );
        }
    }
    if node.has("pivot_cache") {
        for key in ["sheet", "header_row", "units_row", "skip_rows", "range", "until_blank", "fill_down"] {
            if node.has(key) {
                let message = format!("`{key}` goes with a sheet, and `pivot_cache` is read in place of one");
                problems.error(node.key_span(key), message);
            }
        }
    }
    let needed: &[(&str, &str)] = match format {
        JsonMap => &[("keys", "keys = [\"grupp\", \"plats\"]"), ("value", "value = \"antal\"")],
        Xml => &[("record", "record = \"skolor/skola\""), ("fields", "fields = { kod = \"@kod\", namn = \"namn\" }")],
        _ => &[],
    };
    for (key, example) in needed {
        if !node.has(key) {
            problems.hinted(
                node.span.clone(),
                format!("the format {} needs `{key}`", format.as_str()),
                format!("`{example}`"),
            );
        }
    }
}

fn columns(node: &Node<'_>, format: Option<FileFormat>, problems: &mut Problems<'_>) {
    let mut known = node.strings("keys");
    known.extend(node.string("value"));
    for (index, name) in known.iter().enumerate() {
        if known[..index].contains(name) {
            problems.taken(node.key_span("value"), format!("two columns of this table would be called `{name}`"));
        }
    }
    let entries = node.pairs("columns");
    if format == Some(FileFormat::Xml) {
        for (column, _) in &entries {
            let fields = map(node, "fields");
            if node.has("fields") && !fields.contains_key(*column.get_ref()) {
                let hint = choice(column.get_ref(), "fields", fields.keys().map(String::as_str));
                let message = format!("`columns` names `{}`, which is no field", column.get_ref());
                problems.hinted(column.span(), message, hint);
            }
        }
    }
    let taken: Vec<&str> = entries.iter().map(|(column, _)| *column.get_ref()).collect();
    for column in node.texts("fill_down") {
        if !taken.contains(column.get_ref()) && !taken.is_empty() {
            let hint = choice(column.get_ref(), "columns", taken.iter().copied());
            problems.unknown(
                column.span(),
                format!("`fill_down` names `{}`, which is not taken", column.get_ref()),
                hint,
            );
        }
    }
    if let Some(column) = node.text("period_column").filter(|column| taken.contains(column.get_ref())) {
        let message = format!("two columns of this table would be called `{}`", column.get_ref());
        problems.taken(column.span(), message);
    }
    for (column, kind) in &entries {
        let name = *column.get_ref();
        if format == Some(FileFormat::JsonMap) && !known.is_empty() && !known.iter().any(|each| each == name) {
            let hint = choice(name, "its columns", known.iter().map(String::as_str));
            problems.unknown(
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
