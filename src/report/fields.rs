//! A strict reader of one TOML table: every key is asked for by name, what is
//! left over is a fault, and a fault never hides the next one.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::definition::Filter;
use super::problem::Problems;
use crate::nearest::nearest;

type Entry<'t> = (Range<usize>, &'t Spanned<DeValue<'t>>);

pub(super) struct Fields<'t> {
    /// What it is called in messages: `[figure.x.line]`.
    name: String,
    span: Range<usize>,
    entries: BTreeMap<&'t str, Entry<'t>>,
    known: Vec<&'static str>,
}

impl<'t> Fields<'t> {
    pub fn new(name: String, span: Range<usize>, table: &'t DeTable<'t>) -> Self {
        let entries = table.iter().map(|(key, value)| (key.get_ref().as_ref(), (key.span(), value))).collect();
        Self { name, span, entries, known: Vec::new() }
    }

    fn take(&mut self, key: &'static str) -> Option<Entry<'t>> {
        self.known.push(key);
        self.entries.remove(key)
    }

    pub fn text(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Option<String> {
        let (_, value) = self.take(key)?;
        match value.get_ref() {
            DeValue::String(text) if !text.trim().is_empty() => Some(text.to_string()),
            DeValue::String(_) => {
                problems.at(value.span(), format!("`{key}` is empty"), None);
                None
            }
            other => {
                problems.at(value.span(), format!("`{key}` must be a text, not {}", kind(other)), None);
                None
            }
        }
    }

    pub fn required(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Option<String> {
        if !self.entries.contains_key(key) {
            self.known.push(key);
            problems.at(self.span.clone(), format!("`{key}` is missing in {}", self.name), None);
            return None;
        }
        self.text(key, problems)
    }

    pub fn flag(&mut self, key: &'static str, problems: &mut Problems<'_>) -> bool {
        let Some((_, value)) = self.take(key) else { return false };
        if let DeValue::Boolean(flag) = value.get_ref() {
            return *flag;
        }
        problems.at(value.span(), format!("`{key}` must be true or false, not {}", kind(value.get_ref())), None);
        false
    }

    /// A whole number in a range.
    pub fn number(&mut self, key: &'static str, range: Range<u64>, problems: &mut Problems<'_>) -> Option<u64> {
        let (_, value) = self.take(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let message = format!("`{key}` must be a whole number from {} to {}", range.start, range.end - 1);
            problems.at(value.span(), message, None);
        }
        number
    }

    /// A list of texts with their places.
    pub fn texts(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Vec<(Range<usize>, String)> {
        let Some((_, value)) = self.take(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            problems.at(value.span(), format!("`{key}` must be a list of texts"), None);
            return Vec::new();
        };
        items.iter().filter_map(|item| Some((item.span(), text_of(key, item, problems)?))).collect()
    }

    /// `where = { column = "code", other = ["code", "code"] }`.
    pub fn filters(&mut self, problems: &mut Problems<'_>) -> Vec<Filter> {
        let Some((_, value)) = self.take("where") else { return Vec::new() };
        let DeValue::Table(table) = value.get_ref() else {
            let hint = Some("write where = { kon = \"T\" }".to_owned());
            problems.at(value.span(), "`where` must be a table of columns and codes", hint);
            return Vec::new();
        };
        let mut filters = Vec::new();
        for (column, codes) in table {
            let name = column.get_ref().to_string();
            let codes = match codes.get_ref() {
                DeValue::Array(items) if items.is_empty() => {
                    problems.at(codes.span(), format!("`where.{name}` lets no code through"), None);
                    continue;
                }
                DeValue::Array(items) => items.iter().filter_map(|item| text_of(&name, item, problems)).collect(),
                _ => text_of(&name, codes, problems).into_iter().collect::<Vec<_>>(),
            };
            filters.push(Filter { column: name, codes });
        }
        filters
    }

    /// The sub-tables of a table, such as every `[key.NAME]`, in the file's order.
    pub fn tables(
        &mut self,
        key: &'static str,
        problems: &mut Problems<'_>,
    ) -> Vec<(&'t str, Range<usize>, &'t DeTable<'t>)> {
        let Some((_, value)) = self.take(key) else { return Vec::new() };
        sub_tables(key, value, problems)
    }

    /// Whatever was not asked for is a fault.
    pub fn finish(self, problems: &mut Problems<'_>) {
        for (key, (span, _)) in self.entries {
            let hint = match nearest(key, self.known.iter().copied()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("known keys: {}", self.known.join(", ")),
            };
            problems.at(span, format!("unknown key `{key}` in {}", self.name), Some(hint));
        }
    }
}

/// The tables inside a table, in the file's order.
pub(super) fn sub_tables<'t>(
    key: &str,
    value: &'t Spanned<DeValue<'t>>,
    problems: &mut Problems<'_>,
) -> Vec<(&'t str, Range<usize>, &'t DeTable<'t>)> {
    let DeValue::Table(table) = value.get_ref() else {
        problems.at(value.span(), format!("`{key}` must be a table, [{key}.NAME]"), None);
        return Vec::new();
    };
    let mut found = Vec::new();
    for (name, value) in table {
        match value.get_ref() {
            DeValue::Table(table) => found.push((name.get_ref().as_ref(), name.span(), table)),
            other => {
                let message = format!("`{key}.{}` must be a table, not {}", name.get_ref(), kind(other));
                problems.at(value.span(), message, None);
            }
        }
    }
    found.sort_by_key(|(_, span, _)| span.start);
    found
}

fn text_of(key: &str, value: &Spanned<DeValue<'_>>, problems: &mut Problems<'_>) -> Option<String> {
    if let DeValue::String(text) = value.get_ref() {
        return Some(text.to_string());
    }
    // Codes have leading zeros, so a bare number is refused rather than turned into text.
    let hint = Some("codes are texts: put it in quotes".to_owned());
    problems.at(value.span(), format!("`{key}` must be a text, not {}", kind(value.get_ref())), hint);
    None
}

const fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
