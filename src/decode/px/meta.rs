//! What a PX file says of its table, in the form that JSON-stat's is told in.

use std::collections::BTreeMap;

use super::data::Data;
use super::file::{File, Variable, small};
use super::scan::Statement;
use crate::decode::DecodeError;
use crate::decode::json_stat::{CubeDimension, CubeMeta};

/// The variable whose values are the contents.
pub(super) fn metric(file: &File) -> Result<Option<usize>, DecodeError> {
    let Some(statement) = file.one("CONTVARIABLE") else { return Ok(None) };
    let Some(name) = statement.text() else { return Ok(None) };
    match file.place(name) {
        Some(place) => Ok(Some(place)),
        None => Err(statement.fault(format!("{name:?} is no variable of the table"))),
    }
}

pub(super) fn metadata(file: &File, data: &Data) -> Result<CubeMeta, DecodeError> {
    let metric = metric(file)?;
    let shown = file.small("SHOWDECIMALS")?.or(file.small("DECIMALS")?);
    let (mut of_contents, mut of_others) = (BTreeMap::new(), None);
    for statement in file.all("PRECISION") {
        let Some(decimals) = small(statement)? else { continue };
        let [variable, value] = statement.keys.as_slice() else { continue };
        let place = file.place(variable);
        match (place, metric) {
            (Some(place), Some(metric)) if place == metric => {
                if let Some(value) = file.variables[metric].place(value) {
                    of_contents.insert(value, decimals);
                }
            }
            _ => of_others = of_others.max(Some(decimals)),
        }
    }
    let decimals = shown.max(of_others);
    // A file may show fewer decimals than it holds: then no number of them is promised.
    let promised = |decimals: Option<u8>, code: usize| {
        decimals.filter(|decimals| *decimals > 0 || !data.fractions.get(code).copied().unwrap_or(false))
    };
    let updated = std::iter::once("LAST-UPDATED").flat_map(|keyword| file.all(keyword)).filter_map(Statement::text);
    let (notes, optional_notes) = notes(file);
    let mut dimensions: Vec<CubeDimension> =
        (0..file.variables.len()).map(|at| dimension(file, at)).collect::<Result<_, _>>()?;
    if let Some(metric) = metric {
        let unit = file.text("UNITS");
        let mut units = BTreeMap::new();
        for statement in file.all("UNITS") {
            if let Some((place, unit)) = content(file, metric, statement).zip(statement.text()) {
                units.entry(place).or_insert(unit);
            }
        }
        for (place, code) in file.variables[metric].codes.iter().enumerate() {
            if let Some(unit) = units.get(&place).copied().or(unit) {
                dimensions[metric].unit_by_code.insert(code.clone(), unit.to_owned());
            }
            if let Some(decimals) = promised(of_contents.get(&place).copied().or(decimals), place) {
                dimensions[metric].decimals_by_code.insert(code.clone(), decimals);
            }
        }
    }
    Ok(CubeMeta {
        label: file.text("TITLE").or_else(|| file.text("DESCRIPTION")).unwrap_or_default().to_owned(),
        source: file.text("SOURCE").unwrap_or_default().to_owned(),
        // Written as `20250221 08:00`, so that the latest of several comes last by text.
        updated: updated.max().map(str::to_owned),
        next_update: file.text("NEXT-UPDATE").map(str::to_owned),
        notes,
        optional_notes,
        time: file.variables.iter().filter(|one| one.is_time).map(|one| one.id.clone()).collect(),
        metric: metric.map(|metric| file.variables[metric].id.clone()),
        discontinued: None,
        dimensions,
        decimals: if metric.is_some() { None } else { promised(decimals, 0) },
        unit: file.text("UNITS").map(str::to_owned),
        table: file.text("TABLEID").or_else(|| file.text("MATRIX")).map(str::to_owned),
        symbols: symbols(file),
    })
}

/// The content that the statement is about: named by its value alone, or by variable and value.
fn content(file: &File, metric: usize, statement: &Statement) -> Option<usize> {
    match statement.keys.as_slice() {
        [value] => file.variables[metric].place(value),
        [name, value] if file.place(name) == Some(metric) => file.variables[metric].place(value),
        _ => None,
    }
}

fn dimension(file: &File, at: usize) -> Result<CubeDimension, DecodeError> {
    let variable: &Variable = &file.variables[at];
    let label = |text: &String| text.trim().to_owned();
    let mut dimension = CubeDimension {
        id: variable.id.clone(),
        label: variable.label.clone(),
        codes: variable.codes.iter().cloned().zip(variable.labels.iter().map(label)).collect(),
        ..CubeDimension::default()
    };
    if let Some(statement) = file.of_variable("ELIMINATION", at)
        && let Some(text) = statement.text()
    {
        dimension.elimination = !text.eq_ignore_ascii_case("no");
        // Otherwise the value that is the whole; YES sums.
        if dimension.elimination && !text.eq_ignore_ascii_case("yes") {
            let Some(place) = variable.place(text) else {
                return Err(statement.fault(format!("{:?} has no value {text:?}", variable.name)));
            };
            dimension.elimination_value = Some(variable.codes[place].clone());
        }
    }
    dimension.domain = file.of_variable("DOMAIN", at).and_then(Statement::text).map(str::to_owned);
    Ok(dimension)
}

/// Those that must be shown, and the others. `#` is how the format writes a line break.
fn notes(file: &File) -> (Vec<String>, Vec<String>) {
    let of = |keywords: [&str; 3]| -> Vec<String> {
        keywords
            .iter()
            .flat_map(|keyword| file.all(keyword))
            .filter_map(|statement| {
                let text = statement.text()?;
                let lines: Vec<&str> = text.split('#').map(str::trim).filter(|line| !line.is_empty()).collect();
                let text = lines.join("\n");
                // A note on a variable is about itself; one on values or cells says on which.
                let on: Vec<&str> = match (statement.keyword.as_str(), statement.keys.as_slice()) {
                    ("VALUENOTE" | "VALUENOTEX", [_, value]) => vec![value.trim()],
                    ("CELLNOTE" | "CELLNOTEX", keys) => {
                        keys.iter().map(|key| key.trim()).filter(|key| *key != "*").collect()
                    }
                    _ => Vec::new(),
                };
                Some(if on.is_empty() { text } else { format!("{}: {text}", on.join(", ")) })
            })
            .collect()
    };
    (of(["NOTEX", "VALUENOTEX", "CELLNOTEX"]), of(["NOTE", "VALUENOTE", "CELLNOTE"]))
}

/// What the file shows in the place of each symbol that its cells may hold.
fn symbols(file: &File) -> BTreeMap<String, String> {
    let mut symbols = BTreeMap::new();
    let numbered = (1..=6).map(|dots: usize| (format!("DATASYMBOL{dots}"), ".".repeat(dots)));
    let others = [("DATASYMBOLNIL", "-"), ("DATASYMBOLSUM", ".......")];
    let others = others.map(|(keyword, symbol)| (keyword.to_owned(), symbol.to_owned()));
    for (keyword, symbol) in numbered.chain(others) {
        if let Some(text) = file.text(&keyword) {
            symbols.insert(symbol, text.to_owned());
        }
    }
    symbols
}
