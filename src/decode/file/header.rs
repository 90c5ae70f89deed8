//! Which of a file's own columns become which columns of the table.

use std::collections::HashMap;

use crate::config::{FileFetch, FileFormat, ValueType, column_of};
use crate::decode::DecodeError;
use crate::nearest::nearest;

/// Names that a message lists.
const LISTED: usize = 40;

pub(super) struct Chosen {
    /// Every column of the file by the name that it has here; nothing where it has none.
    pub names: Vec<String>,
    /// The columns that are taken, in the table's order: place in the file, name, type.
    pub taken: Vec<(usize, String, ValueType)>,
}

impl Chosen {
    pub fn columns(&self) -> Vec<(String, ValueType)> {
        self.taken.iter().map(|(_, name, kind)| (name.clone(), *kind)).collect()
    }
}

/// Chooses by the header's texts. A column without a name is not taken.
pub(super) fn choose(header: &[String], spec: &FileFetch) -> Result<Chosen, DecodeError> {
    let csv = spec.format == FileFormat::Csv;
    let named = |text: &String| match spec.rename.get(text) {
        Some(name) => name.clone(),
        None if csv || spec.columns.contains_key(text) => text.clone(),
        None => snake(text),
    };
    let names: Vec<String> = header.iter().map(named).collect();
    let mut places = HashMap::new();
    let mut twice = Vec::new();
    for (place, name) in names.iter().enumerate().filter(|(_, name)| csv || !name.is_empty()) {
        if places.insert(name.as_str(), place).is_some() {
            twice.push(name.as_str());
        }
    }
    let wanted = |name: &str| csv || spec.columns.is_empty() || spec.columns.contains_key(name);
    if let Some(name) = twice.into_iter().find(|name| wanted(name)) {
        return Err(DecodeError::Shape(format!("the header has column {name:?} twice")));
    }
    let taken = if spec.columns.is_empty() {
        let all = names.iter().enumerate().filter(|(_, name)| csv || !name.is_empty());
        all.map(|(place, name)| (place, name.clone(), ValueType::Text)).collect()
    } else {
        let find = |(name, kind): (&String, &ValueType)| {
            let place = places.get(name.as_str()).copied().ok_or_else(|| lost(name, header, &names, csv))?;
            Ok((place, name.clone(), *kind))
        };
        spec.columns.iter().map(find).collect::<Result<_, DecodeError>>()?
    };
    Ok(Chosen { names, taken })
}

fn lost(name: &str, header: &[String], names: &[String], csv: bool) -> DecodeError {
    let filled: Vec<&str> = header.iter().map(String::as_str).filter(|text| csv || !text.is_empty()).collect();
    let mut there = filled.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ");
    if filled.len() > LISTED {
        there.push_str(&format!(" and {} more", filled.len() - LISTED));
    }
    // The name that the file uses, not the one that it is given here.
    let near = nearest(name, names.iter().map(String::as_str)).filter(|_| !csv);
    let near = near.and_then(|near| names.iter().position(|one| one == near)).map(|place| header[place].clone());
    DecodeError::HeaderLost { column: name.to_owned(), nearest: near, there }
}

/// A header as a column that SQL takes without quotes: `Antal (personer)` → `antal_personer`.
pub(super) fn snake(text: &str) -> String {
    let plain = column_of(text);
    plain.split('_').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_")
}

/// A header's text on one line, with single spaces.
pub(super) fn clean(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
