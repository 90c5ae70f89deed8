//! The taxonomy's files: three versions, a handful of queries each, in the
//! shapes of the real ones. Revised, there is a version more.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::http::{Ask, Reply};
use super::{Group, Lists, Place};

const VERSIONS: [(u32, &str); 4] = [
    (27, "2025-09-15T09:00:00.000Z"),
    (1, "2021-03-05T08:00:00.000Z"),
    (31, "2026-08-20T09:00:00.000Z"),
    (32, "2026-11-20T09:00:00.000Z"),
];

pub fn answer(lists: &Lists, ask: &Ask<'_>) -> Reply {
    let versions: Vec<(u32, &str)> =
        VERSIONS.into_iter().filter(|(number, _)| ask.distortion.revise || *number < 32).collect();
    let newest = versions.iter().map(|(number, _)| *number).max().unwrap_or_default();
    let document = match ask.segments.as_slice() {
        ["main", "versions"] => {
            let version = |(number, at): &(u32, &str)| json!({ "taxonomy/timestamp": at, "taxonomy/version": number });
            return Reply::json(200, &versions.iter().map(version).collect());
        }
        ["version", version, "query", query, file] if file.strip_suffix(".json") == Some(query) => {
            let version = if *version == "latest" { Some(newest) } else { version.parse().ok() };
            let version = version.filter(|wanted| versions.iter().any(|(number, _)| number == wanted));
            version.and_then(|version| document(lists, version, query))
        }
        _ => None,
    };
    match document {
        Some(mut document) => {
            if let Some(concepts) = document["data"]["concepts"].as_array_mut() {
                if ask.distortion.duplicate_kommun {
                    let mut twin = concepts[0].clone();
                    twin["preferred_label"] = json!("Något annat");
                    concepts.push(twin);
                }
                if ask.distortion.lost_code.is_some() {
                    concepts.pop();
                }
            }
            Reply::json(200, &document)
        }
        // As object storage answers.
        None => Reply::new(
            404,
            "application/xml",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code></Error>",
        ),
    }
}

fn document(lists: &Lists, version: u32, query: &str) -> Option<Value> {
    let concepts: Vec<Value> = match query {
        "ssyk-level-4-groups" => lists.groups.iter().map(|group| level_4(group, version)).collect(),
        "the-ssyk-hierarchy-with-occupations" => hierarchy(lists, version, 1, ""),
        "occupation-fields-with-related-ssyk-level-4-groups-and-occupations" => fields(lists, version),
        "concepts-and-common-relations" => relations(lists, version),
        "eu-regions" => lists.lan.iter().map(region).collect(),
        "concept-types" => {
            let kinds = ["municipality", "occupation-field", "occupation-name", "region", "ssyk-level-4"];
            let kind = |id: &&str| json!({ "id": id, "label_en": id, "label_sv": format!("{id} (SYNTETISK)") });
            return Some(json!({ "data": { "concept_types": kinds.iter().map(kind).collect::<Vec<_>>() } }));
        }
        _ => return None,
    };
    Some(json!({ "data": { "concepts": concepts } }))
}

/// The groups' names as a version has them: the latest has renamed the first.
fn label(group: &Group, version: u32) -> String {
    if version >= 32 && group.ssyk == "0110" { format!("{} (ny)", group.label) } else { group.label.clone() }
}

fn level_4(group: &Group, version: u32) -> Value {
    json!({
        "definition": "SYNTETISK beskrivning",
        "id": group.id,
        "preferred_label": label(group, version),
        "ssyk_code_2012": group.ssyk,
        "type": "ssyk-level-4",
    })
}

/// Two names an occupation group.
fn names(group: &Group) -> [String; 2] {
    ["yrke ett", "yrke två"].map(|which| format!("{}, {which}", group.label))
}

fn hierarchy(lists: &Lists, version: u32, level: usize, front: &str) -> Vec<Value> {
    let below: Vec<&Group> = lists.groups.iter().filter(|group| group.ssyk.starts_with(front)).collect();
    if level == 4 {
        let group = |group: &&Group| {
            let mut concept = level_4(group, version);
            let name = |(at, name): (usize, String)| json!({ "id": occupation(group, at), "preferred_label": name, "type": "occupation-name" });
            concept["narrower"] = names(group).into_iter().enumerate().map(name).collect();
            concept
        };
        return below.iter().map(group).collect();
    }
    let mut codes: Vec<&str> = below.iter().map(|group| &group.ssyk[..level]).collect();
    codes.dedup();
    let concept = |code: &str| {
        json!({
            "id": format!("S{level}{code:_>2}_{code:0>3}_syn"),
            "narrower": hierarchy(lists, version, level + 1, code),
            "preferred_label": format!("Nivå {level}, {code} (SYNTETISK)"),
            "ssyk_code_2012": code,
            "type": format!("ssyk-level-{level}"),
        })
    };
    codes.into_iter().map(concept).collect()
}

/// The id of a group's occupation name.
fn occupation(group: &Group, at: usize) -> String {
    format!("O{}_{}{at}_syn", &group.ssyk[..3], &group.ssyk[2..])
}

fn fields(lists: &Lists, version: u32) -> Vec<Value> {
    let mut fields: BTreeMap<&str, (&str, Vec<Value>)> = BTreeMap::new();
    for group in &lists.groups {
        let (_, groups) = fields.entry(&group.field_id).or_insert((&group.field, Vec::new()));
        groups.push(level_4(group, version));
    }
    let field = |(id, (label, groups)): (&str, (&str, Vec<Value>))| json!({ "id": id, "narrower": groups, "preferred_label": label, "type": "occupation-field" });
    fields.into_iter().map(field).collect()
}

/// Flat, with what is broader; and names that are no more, with what replaces them: one, or from version 27 two.
fn relations(lists: &Lists, version: u32) -> Vec<Value> {
    let mut concepts = Vec::new();
    for (number, group) in lists.groups.iter().enumerate() {
        let mut concept = level_4(group, version);
        concept["deprecated"] = json!(false);
        concept["broader"] =
            json!([{ "id": group.field_id, "preferred_label": group.field, "type": "occupation-field" }]);
        concept["replaced_by"] = json!([]);
        concepts.push(concept);
        for (at, name) in names(group).into_iter().enumerate() {
            let gone = at == 1 && number.is_multiple_of(4);
            let target = |at: usize, group: &Group| json!({ "id": occupation(group, at), "preferred_label": names(group)[at], "type": "occupation-name" });
            let next = &lists.groups[(number + 1) % lists.groups.len()];
            let targets = match (gone, version >= 27) {
                (false, _) => Vec::new(),
                (true, false) => vec![target(0, group)],
                (true, true) => vec![target(0, group), target(0, next)],
            };
            concepts.push(json!({
                "id": occupation(group, at),
                "type": "occupation-name",
                "preferred_label": name,
                "deprecated": gone,
                "alternative_labels": [],
                "broader": [{ "id": group.id, "preferred_label": label(group, version), "type": "ssyk-level-4" }],
                "replaced_by": targets,
            }));
        }
    }
    concepts
}

fn region(lan: &Place) -> Value {
    json!({
        "id": lan.id,
        "national_nuts_level_3_code_2019": lan.code,
        "nuts_level_3_code_2021": format!("SE{}", lan.code),
        "preferred_label": lan.name,
        "type": "region",
    })
}
