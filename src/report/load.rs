//! Reads every report's folder: `report.toml`, its templates and its style sheet.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::definition::{Figure, KeyFigure, Level, Report, Series, Shape};
use super::fields::Fields;
use super::problem::{Problems, ReportProblem};

/// Templates that a report must have; it may have more, for these to include.
pub(super) const START: &str = "start.html";
pub(super) const AREA: &str = "area.html";

/// Every report below `dir`, by name. A folder that does not exist holds no report.
pub fn load_reports(dir: &Path) -> Result<Vec<Report>, Vec<ReportProblem>> {
    let folders = match folders(dir) {
        Ok(folders) => folders,
        Err(fault) => return Err(vec![Problems::whole(dir, format!("cannot be listed: {fault}"), None)]),
    };
    let (mut reports, mut problems) = (Vec::new(), Vec::new());
    for folder in folders {
        match load(&folder) {
            Ok(report) => reports.push(report),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(reports) } else { Err(problems) }
}

fn folders(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !dir.exists() {
        return Ok(Vec::new());
    }
    let mut folders = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

fn load(folder: &Path) -> Result<Report, Vec<ReportProblem>> {
    let file = folder.join("report.toml");
    let text = fs::read_to_string(&file)
        .map_err(|fault| vec![Problems::whole(&file, format!("cannot be read: {fault}"), None)])?;
    let mut problems = Problems::new(&file, &text);
    let (table, faults) = DeTable::parse_recoverable(&text);
    for fault in faults {
        problems.at(fault.span().unwrap_or_default(), fault.message().to_owned(), None);
    }
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let report = definition(name, table.get_ref(), &mut problems);
    let mut found = problems.found;
    let templates = templates(folder, &mut found);
    let style = fs::read_to_string(folder.join("style.css")).unwrap_or_else(|fault| {
        found.push(Problems::whole(&folder.join("style.css"), format!("cannot be read: {fault}"), None));
        String::new()
    });
    match report {
        Some(report) if found.is_empty() => Ok(Report { templates, style, ..report }),
        _ => Err(found),
    }
}

fn templates(folder: &Path, found: &mut Vec<ReportProblem>) -> Vec<(String, String)> {
    let mut templates = Vec::new();
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "html")) {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(fault) => {
                found.push(Problems::whole(&path, format!("cannot be read: {fault}"), None));
                continue;
            }
        };
        if let Err(fault) = minijinja::Environment::new().template_from_named_str(&name, &text) {
            let mut problems = Problems::new(&path, &text);
            problems.line(fault.line().unwrap_or(0), fault.detail().unwrap_or("is not a template").to_owned());
            found.append(&mut problems.found);
        }
        templates.push((name, text));
    }
    for needed in [START, AREA] {
        if !templates.iter().any(|(name, _)| name == needed) {
            found.push(Problems::whole(&folder.join(needed), "the template is missing", None));
        }
    }
    templates.sort();
    templates
}

fn definition(name: String, table: &DeTable<'_>, problems: &mut Problems<'_>) -> Option<Report> {
    let mut top = Fields::new("report.toml".to_owned(), 0..0, table);
    if top.number("version", 1..2, problems).is_none() {
        problems.at(0..0, "`version = 1` is missing in report.toml", None);
    }
    let title = top.required("title", problems);
    let description = top.required("description", problems);
    let key_tables = top.tables("key", problems);
    let figure_tables = top.tables("figure", problems);
    top.finish(problems);

    let mut names = BTreeSet::from(["nyckeltal", "kommuner", "index"]);
    let mut keys = Vec::new();
    for (name, span, table) in key_tables {
        keys.extend(key(name, span, table, problems));
    }
    let mut figures = Vec::new();
    for (name, span, table) in figure_tables {
        check_name(name, &span, problems);
        if !names.insert(name) {
            problems.at(span.clone(), format!("the figure name `{name}` is taken"), None);
        }
        figures.extend(figure(name, span, table, problems));
    }
    Some(Report {
        name,
        title: title?,
        description: description?,
        keys,
        figures,
        templates: vec![],
        style: String::new(),
    })
}

/// Names become file names and anchors.
fn check_name(name: &str, span: &Range<usize>, problems: &mut Problems<'_>) {
    if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-')) {
        let hint = Some("it names a file: use a-z, 0-9, _ and -".to_owned());
        problems.at(span.clone(), format!("`{name}` cannot be a name here"), hint);
    }
}

fn key(name: &str, span: Range<usize>, table: &DeTable<'_>, problems: &mut Problems<'_>) -> Option<KeyFigure> {
    check_name(name, &span, problems);
    let mut fields = Fields::new(format!("[key.{name}]"), span, table);
    let title = fields.required("title", problems);
    let series = series(&mut fields, problems);
    let card = fields.flag("card", problems);
    let listed = fields.flag("listed", problems);
    let note = fields.text("note", problems);
    fields.finish(problems);
    Some(KeyFigure { name: name.to_owned(), title: title?, series: series?, card, listed, note })
}

fn figure(name: &str, span: Range<usize>, table: &DeTable<'_>, problems: &mut Problems<'_>) -> Option<Figure> {
    const KINDS: &str = "[figure.NAME.line], [figure.NAME.bar] or [figure.NAME.table]";
    let mut kinds = table.iter();
    let (Some((kind, value)), None) = (kinds.next(), kinds.next()) else {
        problems.at(span, format!("the figure `{name}` must have exactly one kind"), Some(format!("write {KINDS}")));
        return None;
    };
    let (kind_name, kind_span) = (kind.get_ref().as_ref(), kind.span());
    let (DeValue::Table(table), "line" | "bar" | "table") = (value.get_ref(), kind_name) else {
        problems.at(kind_span, format!("`{kind_name}` is no kind of figure"), Some(format!("write {KINDS}")));
        return None;
    };
    let mut fields = Fields::new(format!("[figure.{name}.{kind_name}]"), kind_span, table);
    let title = fields.required("title", problems);
    let text = fields.text("text", problems);
    let series = series(&mut fields, problems);
    let note = fields.text("note", problems);
    let shape = match kind_name {
        "line" => Some(Shape::Line { compare: levels(&mut fields, problems) }),
        "bar" => {
            let category = fields.required("category", problems);
            let label = fields.text("label", problems);
            let top = fields.number("top", 1..51, problems).and_then(|top| usize::try_from(top).ok());
            category.map(|category| Shape::Bar { category, label, top })
        }
        _ => {
            let category = fields.required("category", problems);
            let label = fields.text("label", problems);
            let compare = levels(&mut fields, problems);
            category.map(|category| Shape::Table { category, label, compare })
        }
    };
    fields.finish(problems);
    Some(Figure { name: name.to_owned(), title: title?, text, series: series?, shape: shape?, note })
}

fn series(fields: &mut Fields<'_>, problems: &mut Problems<'_>) -> Option<Series> {
    let dataset = fields.required("dataset", problems);
    let value = fields.required("value", problems);
    let filters = fields.filters(problems);
    let unit = fields.text("unit", problems);
    let decimals = fields.number("decimals", 0..7, problems).and_then(|decimals| u8::try_from(decimals).ok());
    Some(Series { dataset: dataset?, value: value?, filters, unit, decimals })
}

fn levels(fields: &mut Fields<'_>, problems: &mut Problems<'_>) -> Vec<Level> {
    let mut levels = Vec::new();
    for (span, text) in fields.texts("compare", problems) {
        match Level::parse(&text) {
            Some(level @ (Level::Lan | Level::Riket)) => levels.push(level),
            _ => {
                let hint = Some("allowed: \"lan\", \"riket\"".to_owned());
                problems.at(span, format!("`{text}` is no level to compare with"), hint);
            }
        }
    }
    levels
}
