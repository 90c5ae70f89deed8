//! Notes on single dimensions that the agency wants shown wherever the data
//! are. PxWeb marks them beside the JSON-stat notes, in its own extension.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use super::query::Query;

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    id: Vec<String>,
    #[serde(default)]
    dimension: HashMap<String, Noted>,
}

#[derive(Deserialize)]
struct Noted {
    #[serde(default)]
    note: Vec<String>,
    #[serde(default)]
    extension: Extension,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Extension {
    /// Position in `note` → whether it must be shown.
    #[serde(default)]
    note_mandatory: BTreeMap<String, bool>,
}

impl Noted {
    fn mandatory(&self) -> impl Iterator<Item = String> {
        let marks = &self.extension.note_mandatory;
        let must = |at: &usize| marks.get(&at.to_string()).copied().unwrap_or(false);
        let notes = self.note.iter().enumerate().filter(move |(at, _)| must(at));
        notes.map(|(_, note)| note.trim().to_owned())
    }
}

/// The mandatory notes of the dimensions that the query keeps, in the table's order. Metadata
/// whose notes have another shape have none: a note is no reason to lose data.
pub fn of_dimensions(metadata: &[u8], query: &Query) -> Vec<String> {
    read(metadata, &|id| query.keeps(id))
}

fn read(metadata: &[u8], kept: &dyn Fn(&str) -> bool) -> Vec<String> {
    let Ok(document) = serde_json::from_slice::<Document>(metadata) else { return Vec::new() };
    let dimensions = document.id.iter().filter(|id| kept(id)).filter_map(|id| document.dimension.get(id));
    dimensions.flat_map(Noted::mandatory).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_marked_notes_of_kept_dimensions_are_mandatory() {
        let metadata = r#"{"id": ["Region", "Alder", "Kon"],
            "dimension": {"Region": {"label": "region", "note": ["fritt"], "extension": {"elimination": true}},
              "Alder": {"note": ["uppnådd ålder "], "extension": {"noteMandatory": {"0": true}}},
              "Kon": {"note": ["juridiskt kön"], "extension": {"noteMandatory": {"0": true}}}}}"#;
        assert_eq!(read(metadata.as_bytes(), &|id| id != "Kon"), ["uppnådd ålder"]);
        assert!(read(b"[]", &|_| true).is_empty());
    }
}
