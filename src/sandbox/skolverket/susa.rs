//! The stand-in of Susa-navet, EMIL 3: the same occasions as Planned
//! Educations has, their educations and providers.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::event::{Event, TYPES};
use super::{Skolverket, values};
use crate::sandbox::http::{Ask, Reply};

const LARGEST: usize = 2000;

/// Types of school as they are called here.
const SCHOOLS: [&str; 6] = ["VUXGY", "VUXGR", "VUXGY", "YH", "FHS", "VUXSFI"];

pub fn answer(world: &Skolverket, ask: &Ask<'_>) -> Reply {
    let size = ask.number("size", 100);
    if size > LARGEST {
        return Reply::json(400, &json!({ "status": 400, "detail": format!("size must be at most {LARGEST}") }));
    }
    let types = values(ask, "schoolType");
    let wanted: Vec<&Event> =
        world.events.iter().filter(|event| types.is_empty() || types.contains(&SCHOOLS[event.school])).collect();
    // A tenth has changed, and two are gone.
    let changed = ask.parameter("updatedSince").is_some();
    let wanted: Vec<&Event> = if changed { wanted.into_iter().step_by(10).collect() } else { wanted };
    let mut rows: Vec<Value> = match ask.segments.as_slice() {
        ["educationEvents"] => wanted.iter().map(|event| self::event(event)).collect(),
        ["educationInfos"] => distinct(&wanted, info_id, info),
        ["educationProviders"] => distinct(&wanted, provider_id, provider),
        ["api-info"] => return Reply::json(200, &json!({ "apiName": "susa-navet", "apiVersion": "3.0.4" })),
        _ => return Reply::json(404, &json!({ "status": 404, "detail": "Not Found" })),
    };
    if changed {
        rows.extend(
            (0..2).map(
                |number| json!({ "id": format!("e.syn.borttagen{number}"), "status": "DELETED", "content": null }),
            ),
        );
    }
    let total = rows.len();
    let page: usize = ask.parameter("page").and_then(|text| text.parse().ok()).unwrap_or(0);
    let rows: Vec<Value> = rows.into_iter().skip(page * size).take(size).collect();
    let cells = rows.len() as u64;
    let name = ask.segments[0].to_owned();
    let mut reply = Reply::json(
        200,
        &json!({ "links": [], (name): rows,
                 "page": { "size": size, "totalElements": total, "totalPages": total.div_ceil(size), "pageNumber": page } }),
    );
    reply.cells = Some(cells);
    reply
}

fn distinct(events: &[&Event], id: fn(&Event) -> String, row: fn(&Event, &str) -> Value) -> Vec<Value> {
    let firsts: BTreeMap<String, &Event> = events.iter().rev().map(|event| (id(event), *event)).collect();
    firsts.iter().map(|(id, event)| row(event, id)).collect()
}

fn info_id(event: &Event) -> String {
    format!("i.syn.{}.{}", TYPES[event.school].0, event.directions.first().copied().unwrap_or(0))
}

fn provider_id(event: &Event) -> String {
    format!("p.syn.{}", event.place.as_ref().map_or("riket", |(code, ..)| code))
}

fn said(text: &str) -> Value {
    json!({ "strings": [{ "lang": "eng", "value": "synthetic" }, { "lang": "swe", "value": text }] })
}

fn event(event: &Event) -> Value {
    let places: Vec<Value> =
        event.place.iter().map(|(code, name, _)| json!({ "town": name, "areaCode": code, "country": "SE" })).collect();
    let content = json!({
        "identifier": event.id, "education": info_id(event), "providers": [provider_id(event)],
        "lastEdited": "2026-11-01T08:12:44", "expires": "2027-12-31T00:00:00",
        "title": said(event.title.trim_start_matches("<![CDATA[").trim_end_matches("]]>")), "locations": places,
        "languageOfInstructions": ["swe"],
        "execution": { "condition": { "type": "C_ExecutionCondition", "code": event.condition.to_string() },
                       "start": event.start },
        "isCancelled": false,
        "paceOfStudy": event.pace.map(|pace| json!({ "percentage": pace })),
        "distance": event.distance.then(|| json!({ "noOfMandatorySessions": 0 })),
        "application": { "last": event.last, "email": "pahitta@pahittat.example" },
        "contacts": [{ "name": "Påhitta Fantasisson", "telephone": "070-17406 05" }],
    });
    json!({ "id": event.id, "status": "ACTIVE", "content": content })
}

fn info(event: &Event, id: &str) -> Value {
    let content = json!({
        "identifier": id, "code": format!("SYN{}", event.directions.first().copied().unwrap_or(0)),
        "lastEdited": "2026-11-01T08:12:44", "title": said("Syntetisk utbildning"),
        "type": { "type": "C_SchoolType", "code": SCHOOLS[event.school] },
        "configuration": { "type": "C_Configuration", "code": "kurs" }, "isVocational": true,
        "subjects": [{ "type": "C_Subject_SUN", "code": "582b" }, { "type": "C_Subject_ISCED2013", "code": "0732" }],
        "qualificationLevel": { "type": "C_Qualification", "code": "4" },
        "credits": { "system": { "type": "C_Credits", "code": TYPES[event.school].2 }, "credits": event.points },
        "extent": { "length": 20, "unit": { "type": "C_TimeType", "code": "weeks" } },
    });
    json!({ "id": id, "status": "ACTIVE", "content": content })
}

fn provider(event: &Event, id: &str) -> Value {
    let content = json!({
        "identifier": id, "code": "SYN", "name": said(&event.provider),
        "responsibleBody": { "name": said("Huvudman"), "type": { "type": "C_Body", "code": "kommunal" } },
        "emailAddresses": ["pahitta@pahittat.example"], "phones": [{ "function": "Rektor Fantasisson", "number": "070-17406 05" }],
    });
    json!({ "id": id, "status": "ACTIVE", "content": content })
}
