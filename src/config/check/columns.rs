//! `[dataset.X.column.NAME]`: the contract of a dataset's columns.

use toml::Spanned;

use crate::config::names::{ADDED_COLUMNS, GIVEN_COLUMNS, MEASURE_SUFFIXES, choice};
use crate::config::node::Node;
use crate::config::{Column, ColumnType, Perturbation, Ratio, ValueRange, leaf};

use super::Problems;

/// A dataset's columns in the file's order.
pub(super) fn columns(dataset: &Node<'_>, problems: &mut Problems<'_>) -> Vec<Column> {
    let nodes = dataset.nodes("column");
    let columns: Vec<Column> = nodes.iter().map(|(name, node)| column(name, node, problems)).collect();
    for ((name, node), column) in nodes.iter().zip(&columns) {
        derived(name, &columns, problems);
        if let Some(ratio) = node.node("ratio") {
            this_ratio(&ratio, column, &columns, problems);
        }
    }
    columns
}

fn column(name: &Spanned<&str>, node: &Node<'_>, problems: &mut Problems<'_>) -> Column {
    let kind = match node.text("type").map(Spanned::into_inner) {
        Some("int64") => ColumnType::Int64,
        Some("float64") => ColumnType::Float64,
        _ => ColumnType::Text,
    };
    let written = *name.get_ref();
    // A type that could not be read has been reported; what depends on it would only echo that.
    let known = matches!(node.text("type").map(Spanned::into_inner), Some("text" | "int64" | "float64"));
    if known && !kind.is_number() {
        for key in ["unit", "additive", "perturbation", "range", "statuses"] {
            if node.has(key) {
                problems.error(node.key_span(key), format!("`{key}` belongs to a number, and `{written}` is text"));
            }
        }
    }
    if known && kind.is_number() {
        for key in ["values", "codes"] {
            if node.has(key) {
                let message = format!("`{key}` belongs to a text, and `{written}` is {}", kind.as_str());
                problems.hinted(node.key_span(key), message, "`range` says which numbers may occur");
            }
        }
    }
    if node.has("values") && node.has("codes") {
        let message = format!("`{written}` has both `values` and `codes`");
        problems.hinted(node.key_span("codes"), message, "keep the one that says which values may occur");
    }
    if known && kind != ColumnType::Float64 {
        for key in ["decimals", "ratio"] {
            if node.has(key) {
                let message = format!("`{key}` belongs to a float64, and `{written}` is {}", kind.as_str());
                problems.error(node.key_span(key), message);
            }
        }
    }
    if known && kind.is_number() && (GIVEN_COLUMNS.contains(&written) || ADDED_COLUMNS.contains(&written)) {
        problems.hinted(name.span(), format!("`{written}` can't be a number"), "codes are text, with leading zeros");
    }
    let ratio = node.node("ratio").map(|ratio| Ratio {
        numerator: ratio.string("numerator").unwrap_or_default(),
        denominator: ratio.string("denominator").unwrap_or_default(),
        scale: ratio.number("scale").unwrap_or(1.0),
    });
    if ratio.is_some() && node.boolean("additive") == Some(true) {
        problems.hinted(
            node.key_span("additive"),
            format!("`{written}` is a ratio, and ratios are never summed"),
            "leave out `additive`: over areas it is computed from the summed parts",
        );
    }
    let range = node.node("range").map(|range| this_range(written, &range, problems));
    Column {
        name: written.to_owned(),
        kind,
        title: node.string("title").unwrap_or_default(),
        unit: node.string("unit"),
        decimals: node.whole("decimals"),
        nullable: node.boolean("nullable").unwrap_or(kind.is_number()),
        values: node.strings("values"),
        codes: node.leaf("codes", leaf::codes),
        range,
        statuses: node.strings("statuses").iter().filter_map(|status| status.parse().ok()).collect(),
        additive: node.boolean("additive").unwrap_or(false),
        perturbation: match node.text("perturbation").map(Spanned::into_inner) {
            Some("ckm") => Perturbation::Ckm,
            _ => Perturbation::None,
        },
        ratio,
    }
}

fn this_range(written: &str, node: &Node<'_>, problems: &mut Problems<'_>) -> ValueRange {
    let range = ValueRange { min: node.any_number("min"), max: node.any_number("max") };
    match (range.min, range.max) {
        (Some(min), Some(max)) if min > max => {
            problems.error(node.key_span("min"), format!("the range of `{written}` begins at {min} and ends at {max}"));
        }
        (None, None) if !node.has("min") && !node.has("max") => {
            let hint = "`min`, `max` or both: range = { min = 0 }";
            problems.hinted(node.span.clone(), format!("the range of `{written}` has no end"), hint);
        }
        _ => {}
    }
    range
}

/// `<name>_status` and its like come by themselves beside a measure.
fn derived(name: &Spanned<&str>, columns: &[Column], problems: &mut Problems<'_>) {
    for suffix in MEASURE_SUFFIXES {
        let measure = name.get_ref().strip_suffix(suffix);
        let measure = measure.and_then(|stem| columns.iter().find(|column| column.name == stem));
        if measure.is_some_and(Column::is_measure) {
            let message = format!("`{}` comes by itself and needs no contract", name.get_ref());
            problems.hinted(name.span(), message, "leave out this table");
        }
    }
}

fn this_ratio(node: &Node<'_>, of: &Column, columns: &[Column], problems: &mut Problems<'_>) {
    for key in ["numerator", "denominator"] {
        let Some(part) = node.text(key) else { continue };
        let written = *part.get_ref();
        let hint = "set `type` to int64 or float64 and `additive = true`: only sums can be divided again over areas";
        match columns.iter().find(|column| column.name == written) {
            None => {
                let others = columns.iter().filter(|other| other.name != of.name && other.is_measure());
                let hint = choice(written, "number columns", others.map(|other| other.name.as_str()));
                problems.unknown(part.span(), format!("the {key} `{written}` is no column of this dataset"), hint);
            }
            Some(column) if !column.is_measure() => {
                problems.hinted(part.span(), format!("the {key} `{written}` is no number"), hint);
            }
            Some(column) if !column.additive => {
                problems.hinted(part.span(), format!("the {key} `{written}` is not additive"), hint);
            }
            Some(_) => {}
        }
    }
}
