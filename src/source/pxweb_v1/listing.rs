//! Folders: what is in them, and which table a name with a star means.

use serde::Deserialize;

use super::super::SourceError;
use super::super::answer::parse;
use super::{path, split};
use crate::fetch::{Answer, Courier, Expect, FetchError, Request};

/// A folder, a table, or a heading between them.
#[derive(Clone, Debug, Deserialize)]
pub struct Node {
    #[serde(default)]
    pub id: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    pub text: String,
    /// Of a table, where the installation tells it: in its own time, without a zone.
    pub updated: Option<String>,
}

impl Node {
    pub fn is_table(&self) -> bool {
        self.kind == "t" && !self.id.is_empty()
    }

    pub fn is_folder(&self) -> bool {
        self.kind == "l" && !self.id.is_empty()
    }
}

/// What is in a folder; nothing where there is no such folder.
pub async fn list(courier: &Courier, folder: &str) -> Result<Option<Vec<Node>>, SourceError> {
    let answer = courier.ask(&Request::get(path(folder)), Expect::Json).await;
    nodes(courier, answer)
}

/// The folder of a table, which tells the table's edition: of this very run.
pub async fn list_for_edition(courier: &Courier, folder: &str) -> Result<Option<Vec<Node>>, SourceError> {
    let answer = courier.ask_for_edition(&Request::get(path(folder)), Expect::Json).await;
    nodes(courier, answer)
}

/// The same, asked past any journal.
pub async fn list_anew(courier: &Courier, folder: &str) -> Result<Option<Vec<Node>>, SourceError> {
    let answer = courier.ask_anew(&Request::get(path(folder)), Expect::Json).await;
    nodes(courier, answer)
}

fn nodes(courier: &Courier, answer: Result<Answer, FetchError>) -> Result<Option<Vec<Node>>, SourceError> {
    match answer {
        // A table in a folder's place: its metadata are an object.
        Ok(answer) if answer.content().trim_ascii_start().first() == Some(&b'{') => Ok(None),
        Ok(answer) => {
            let nodes: Vec<Node> = parse(&answer)?;
            courier.accept(&answer)?;
            Ok(Some(nodes))
        }
        Err(FetchError::Refused { status: 400 | 404, .. } | FetchError::NotArchived { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The table's own entry in its folder.
pub fn entry<'a>(nodes: &'a [Node], table: &str) -> Option<&'a Node> {
    let (_, name) = split(table);
    nodes.iter().find(|node| node.is_table() && node.id == name)
}

/// The table whose name fits one with stars: file names of some installations change with every edition.
pub fn resolve(name: &str, table: &str, nodes: Option<&[Node]>) -> Result<String, SourceError> {
    let (folder, pattern) = split(table);
    if !pattern.contains('*') {
        return Ok(table.to_owned());
    }
    let fitting = nodes.unwrap_or_default().iter().filter(|node| node.is_table() && fits(pattern, &node.id));
    let found: Vec<&str> = fitting.map(|node| node.id.as_str()).collect();
    match found.as_slice() {
        [one] if folder.is_empty() => Ok((*one).to_owned()),
        [one] => Ok(format!("{folder}/{one}")),
        _ => Err(SourceError::NoSingleTable {
            name: name.to_owned(),
            table: table.to_owned(),
            tables: found.iter().map(ToString::to_string).collect(),
        }),
    }
}

/// Whether a name fits a pattern of texts with stars between.
fn fits(pattern: &str, name: &str) -> bool {
    let parts: Vec<&str> = pattern.split('*').collect();
    let [first, middle @ .., last] = parts.as_slice() else { return pattern == name };
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_what_changes_in_a_name() {
        for (pattern, name, is_it) in [
            ("*konkurser_manad_lan*.px", "11_konkurser_manad_lan_20250212_140613.px", true),
            ("*konkurser_manad_lan*.px", "konkurser_manad_lan.px", true),
            ("*konkurser_manad_lan*.px", "konkurser_manad_riket.px", false),
            ("a*a", "a", false),
            ("a*", "ab", true),
        ] {
            assert_eq!(fits(pattern, name), is_it, "{pattern} {name}");
        }
    }
}
