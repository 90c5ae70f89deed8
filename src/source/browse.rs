//! What an analyst finds by clicking around a source: its tables, what one of
//! them holds, and the fetch that would get it. Each connector that can be
//! browsed has `search` and `describe` that give these.

use std::collections::HashSet;

use super::SourceError;
use super::metadata::Metadata;
use crate::config::column_of;
use crate::fetch::{Courier, masked};

/// One table, indicator or file in a source's catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: String,
    pub title: String,
    /// As the source writes it.
    pub updated: Option<String>,
    /// The first and last period.
    pub periods: Option<(String, String)>,
    /// What else is worth knowing: discontinued, renamed, how many values.
    pub note: Option<String>,
}

/// What a source says of one of its tables.
#[derive(Clone, Debug)]
pub struct Description {
    pub metadata: Metadata,
    pub updated: Option<String>,
    /// In the source's order; empty where it does not list them.
    pub periods: Vec<String>,
    /// Of each dimension that has other lists than its own: dimension, list, the list's label.
    pub codelists: Vec<(String, String, String)>,
    /// Dimensions that a selection may leave out.
    pub eliminable: Vec<String>,
    /// Footnotes and warnings, as the source writes them.
    pub notes: Vec<String>,
    /// A fetch that would get it; none where that takes a choice that only a reader can make.
    pub proposal: Option<Proposal>,
}

/// A ready `[fetch.NAME.KIND]` and what its table would hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The lines below the header, as TOML.
    pub fetch: String,
    pub columns: Vec<ProposedColumn>,
    /// The columns of codes for place and time, where they are known.
    pub region: Option<String>,
    pub period: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedColumn {
    pub name: String,
    /// `text`, `int64` or `float64`, as a dataset's contract writes it.
    pub kind: &'static str,
    pub title: String,
    pub unit: Option<String>,
    pub decimals: Option<u8>,
}

/// Of a source with a handful of lists (id and title), those whose id or title holds the words.
pub fn lists<'a>(all: impl IntoIterator<Item = (&'a str, &'a str)>, words: &str) -> Vec<Entry> {
    let wanted = words.to_lowercase();
    let fits = |(id, title): &(&str, &str)| title.to_lowercase().contains(&wanted) || id.contains(&wanted);
    let entry = |(id, title): (&str, &str)| Entry {
        id: id.to_owned(),
        title: title.to_owned(),
        updated: None,
        periods: None,
        note: None,
    };
    all.into_iter().filter(fits).map(entry).collect()
}

/// An id that is none of them.
pub fn no_such_list(courier: &Courier, id: &str) -> SourceError {
    let source = courier.source();
    SourceError::UnknownValue {
        name: source.name.clone(),
        url: masked(source.base_url.as_str()),
        what: "list",
        value: id.to_owned(),
        nearest: None,
    }
}

/// A text as TOML writes it, with quotes.
pub fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A key as TOML writes it, with quotes only where it needs them.
pub fn key(text: &str) -> String {
    let is_bare = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    if !text.is_empty() && text.chars().all(is_bare) { text.to_owned() } else { quoted(text) }
}

/// Longest column name that is still read at a glance.
const NAME: usize = 40;

/// A name in ASCII snake_case for each label, no two alike.
pub fn column_names<'a>(labels: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut taken = HashSet::new();
    labels
        .map(|label| {
            let words = column_of(label);
            let mut name = String::new();
            for word in words.split('_').filter(|word| !word.is_empty()) {
                if !name.is_empty() && name.len() + word.len() >= NAME {
                    break;
                }
                let joint = if name.is_empty() { "" } else { "_" };
                name.push_str(joint);
                name.push_str(&word[..word.len().min(NAME)]);
            }
            if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
                name.insert_str(0, "v_");
            }
            let mut unique = name.clone();
            let mut number = 2;
            while !taken.insert(unique.clone()) {
                unique = format!("{name}_{number}");
                number += 1;
            }
            unique
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_become_names() {
        let names = column_names(
            [
                "Folkmängd",
                "Folkmängd",
                "2024, andel (%)",
                "Personer i utbildningsgruppen med matchad utbildning totalt",
            ]
            .into_iter(),
        );
        assert_eq!(names, ["folkmangd", "folkmangd_2", "v_2024_andel", "personer_i_utbildningsgruppen_med"]);
    }

    #[test]
    fn texts_are_toml() {
        assert_eq!(quoted("a \"b\""), "'a \"b\"'");
        assert_eq!((key("Region"), key("Ålder")), ("Region".to_owned(), "\"Ålder\"".to_owned()));
    }
}
