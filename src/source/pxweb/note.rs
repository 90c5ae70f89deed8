//! Notes that the agency wants shown wherever the data are: PxWeb marks them
//! beside the JSON-stat notes, in its own extension.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

#[derive(Deserialize)]
struct Noted {
    #[serde(default)]
    note: Option<Vec<String>>,
    #[serde(default)]
    extension: Option<Extension>,
}

#[derive(Deserialize)]
struct Document {
    #[serde(flatten)]
    noted: Noted,
    #[serde(default)]
    id: Vec<String>,
    #[serde(default)]
    dimension: HashMap<String, Noted>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Extension {
    /// Position in `note` → whether it must be shown.
    #[serde(default)]
    note_mandatory: Option<BTreeMap<String, bool>>,
}

impl Noted {
    fn mandatory(&self) -> impl Iterator<Item = String> {
        let marks = self.extension.as_ref().and_then(|extension| extension.note_mandatory.as_ref());
        let notes = self.note.as_deref().unwrap_or_default();
        notes.iter().enumerate().filter_map(move |(at, note)| {
            let must = marks.and_then(|marks| marks.get(&at.to_string())).copied().unwrap_or(false);
            must.then(|| note.split_whitespace().collect::<Vec<_>>().join(" "))
        })
    }
}

/// The mandatory notes of the table, then those of the dimensions that are `kept`. Metadata whose
/// notes have another shape have none: a note is no reason to lose data.
pub fn mandatory(metadata: &[u8], kept: &dyn Fn(&str) -> bool) -> Vec<String> {
    let Ok(document) = serde_json::from_slice::<Document>(metadata) else { return Vec::new() };
    let dimensions = document.id.iter().filter(|id| kept(id)).filter_map(|id| document.dimension.get(id));
    document.noted.mandatory().chain(dimensions.flat_map(Noted::mandatory)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_marked_notes_of_kept_dimensions_are_mandatory() {
        let metadata = r#"{"id": ["Region", "Alder", "Kon"], "note": ["CKM\r\n \r\nläs mer", "fritt"],
            "extension": {"noteMandatory": {"0": true}, "px": {"decimals": 0}},
            "dimension": {"Region": {"label": "region"},
              "Alder": {"note": ["uppnådd ålder"], "extension": {"noteMandatory": {"0": true}}},
              "Kon": {"note": ["juridiskt kön"], "extension": {"noteMandatory": {"0": true}}}}}"#;
        assert_eq!(mandatory(metadata.as_bytes(), &|id| id != "Kon"), ["CKM läs mer", "uppnådd ålder"]);
        assert!(mandatory(b"[]", &|_| true).is_empty());
    }
}
