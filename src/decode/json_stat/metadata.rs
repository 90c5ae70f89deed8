//! What `PxWeb` v2's `/metadata` says of a table: a dataset without cells. It
//! judges nothing but the form; `size` may be large and `value` empty.

use std::collections::BTreeMap;

use serde_json::Value;

use super::cube::Cube;
use super::document::{Document, Pairs, RawDimension};
use crate::decode::DecodeError;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CubeMeta {
    pub label: String,
    pub source: String,
    pub updated: Option<String>,
    /// When the next update is expected, as the source writes it.
    pub next_update: Option<String>,
    /// Those that the source demands be shown; all, where it makes no difference between them.
    pub notes: Vec<String>,
    /// Ids of the time dimensions.
    pub time: Vec<String>,
    /// The dimension whose categories are the measures.
    pub metric: Option<String>,
    pub discontinued: Option<bool>,
    /// In the table's order.
    pub dimensions: Vec<CubeDimension>,
    /// For the whole table; `decimals_by_code` goes before it.
    pub decimals: Option<u8>,
    /// For the whole table; `unit_by_code` goes before it.
    pub unit: Option<String>,
    /// The table's id, where the document tells it.
    pub table: Option<String>,
    /// Notes that may be left out, where the source makes a difference between them.
    pub optional_notes: Vec<String>,
    /// What the source shows in the place of its symbols, where it says so.
    pub symbols: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CubeDimension {
    pub id: String,
    pub label: String,
    /// Code and label, by position.
    pub codes: Vec<(String, String)>,
    pub elimination: bool,
    pub elimination_value: Option<String>,
    pub decimals_by_code: BTreeMap<String, u8>,
    pub unit_by_code: BTreeMap<String, String>,
    /// Id and label.
    pub codelists: Vec<(String, String)>,
    /// The list of values that all tables with this dimension share.
    pub domain: Option<String>,
}

/// # Errors
/// When the body is not a JSON-stat 2.0 dataset or its positions don't add up.
pub fn metadata(body: &[u8]) -> Result<CubeMeta, DecodeError> {
    let document = Document::read(body, false)?;
    let cube = Cube::shape_of(&document)?;
    let dimensions = cube
        .into_iter()
        .filter_map(|axis| {
            let (_, raw) = document.dimension.iter().find(|(id, _)| *id == axis.id)?;
            Some(dimension(axis.id, axis.codes, raw))
        })
        .collect();
    let role =
        |name: &str| -> Vec<String> { texts(&document.role[name]).filter(|id| document.id.contains(id)).collect() };
    Ok(CubeMeta {
        label: text(&document.label).unwrap_or_default(),
        source: text(&document.source).unwrap_or_default(),
        updated: text(&document.updated),
        next_update: text(&document.extension["px"]["nextUpdate"]),
        notes: notes(&document.note, &document.extension["noteMandatory"]),
        time: role("time"),
        metric: role("metric").into_iter().next(),
        discontinued: document.extension["discontinued"].as_bool(),
        dimensions,
        decimals: small(&document.extension["px"]["decimals"]),
        table: text(&document.extension["px"]["tableid"]),
        ..CubeMeta::default()
    })
}

fn dimension(id: String, codes: Vec<String>, raw: &RawDimension) -> CubeDimension {
    let labels: BTreeMap<&str, &str> = match &raw.category.label {
        Some(Pairs(pairs)) => pairs.iter().map(|(code, label)| (code.as_str(), label.trim())).collect(),
        None => BTreeMap::new(),
    };
    let label_of = |code: &String| labels.get(code.as_str()).map_or_else(|| code.clone(), ToString::to_string);
    let codes: Vec<(String, String)> = codes.into_iter().map(|code| (code.clone(), label_of(&code))).collect();
    let mut decimals_by_code = BTreeMap::new();
    let mut unit_by_code = BTreeMap::new();
    for (code, _) in &codes {
        let unit = &raw.category.unit[code.as_str()];
        if let Some(decimals) = small(&unit["decimals"]) {
            decimals_by_code.insert(code.clone(), decimals);
        }
        if let Some(unit) = text(&unit["base"]).or_else(|| text(&unit["label"])) {
            unit_by_code.insert(code.clone(), unit);
        }
    }
    let extension = &raw.extension;
    let lists = if extension["codelists"].is_array() { &extension["codelists"] } else { &extension["codeLists"] };
    let codelists = lists
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|list| {
            // The id is part of a path and is taken as it stands; only labels are trimmed.
            let id = list["id"].as_str()?.to_owned();
            let label = text(&list["label"]).unwrap_or_else(|| id.clone());
            Some((id, label))
        })
        .collect();
    CubeDimension {
        label: text(&raw.label).unwrap_or_else(|| id.clone()),
        id,
        codes,
        elimination: extension["elimination"].as_bool().unwrap_or(false),
        elimination_value: extension["eliminationValueCode"].as_str().map(str::to_owned),
        decimals_by_code,
        unit_by_code,
        codelists,
        domain: None,
    }
}

fn notes(note: &Value, mandatory: &Value) -> Vec<String> {
    match mandatory.as_object() {
        Some(mandatory) => texts(note)
            .enumerate()
            .filter(|(place, _)| mandatory.get(&place.to_string()).and_then(Value::as_bool) == Some(true))
            .map(|(_, note)| note)
            .collect(),
        None => texts(note).collect(),
    }
}

/// Trimmed; nothing for an empty text or something else.
fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// One text or a list of them, trimmed, in place.
fn texts(value: &Value) -> impl Iterator<Item = String> {
    let list = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    list.iter().filter_map(Value::as_str).map(|text| text.trim().to_owned())
}

fn small(value: &Value) -> Option<u8> {
    value.as_u64().and_then(|number| u8::try_from(number).ok())
}
