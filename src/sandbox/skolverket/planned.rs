//! The stand-in of Planned Educations v4. Its pages come in an order that is
//! another on every page, so that turning them loses rows, as the real one's do.

use serde_json::{Value, json};

use super::event::{AREAS, Event, TYPES, added};
use super::{Skolverket, values};
use crate::sandbox::http::{Ask, Reply};
use crate::sandbox::noise::{mix, part};
use crate::sandbox::region::Level;

const MEDIA_TYPE: &str = "application/vnd.skolverket.plannededucations.api.v4.hal+json";
/// Above this the real one answers 404.
const LARGEST: usize = 200;

pub fn answer(world: &Skolverket, ask: &Ask<'_>) -> Reply {
    if ask.segments.first() != Some(&"v4") {
        return error(404, "NOT_FOUND", "no such version");
    }
    let accept = (ask.header)("accept").unwrap_or_default();
    if ask.segments != ["v4", "api-info"] && !accept.contains(MEDIA_TYPE) {
        return error(406, "NOT_ACCEPTABLE", &format!("Accept must be {MEDIA_TYPE}"));
    }
    match &ask.segments[1..] {
        ["api-info"] => Reply::json(200, &json!({ "apiName": "planned-educations", "apiVersion": "v4" })),
        ["adult-education-events"] => events(world, ask),
        ["adult-education-events", "areas"] => areas(),
        ["support", "adultTypeOfSchooling"] => {
            let types: Vec<Value> = TYPES
                .iter()
                .map(|(code, name, _)| json!({ "id": if *code == "fhs" { "fhsk" } else { *code }, "value": name }))
                .collect();
            success(&json!({ "_embedded": { "adultTypeOfSchoolings": types } }))
        }
        ["support", "school-types"] => success(&json!([
            { "code": "gy", "displayName": "Gymnasieskolan" },
            { "code": "vux", "displayName": "Kommunal vuxenutbildning" },
        ])),
        ["support", "geographical-areas"] => places(world),
        ["school-units", code, "statistics", "gy"] => statistics(world, code),
        _ => error(404, "NOT_FOUND", "not found"),
    }
}

fn success(body: &Value) -> Reply {
    let document = json!({ "status": "OK", "message": "Success", "body": body });
    Reply::new(200, MEDIA_TYPE, document.to_string())
}

fn error(status: u16, name: &str, message: &str) -> Reply {
    Reply::json(status, &json!({ "status": name, "message": message, "body": null }))
}

fn areas() -> Reply {
    let direction = |(id, name): &(u32, &str)| json!({ "directionId": id, "name": name, "nameEn": null });
    let areas: Vec<Value> = AREAS
        .iter()
        .map(|(id, name, directions)| {
            let directions: Vec<Value> = directions.iter().map(direction).collect();
            json!({ "areaId": id, "name": name, "nameEn": null, "directions": directions })
        })
        .collect();
    success(&json!({ "areas": areas }))
}

fn places(world: &Skolverket) -> Reply {
    let kommuner = world.regions.iter().filter(|region| region.level == Level::Kommun);
    let places: Vec<Value> = kommuner
        .flat_map(|region| {
            let (code, name) = (&region.code, &region.name);
            [
                json!({ "code": code, "name": name, "areaType": "MUNICIPALITY", "shortName": null }),
                json!({ "code": format!("{code}-{name}"), "name": name, "areaType": "TOWN", "shortName": null }),
            ]
        })
        .collect();
    success(&json!(places))
}

fn events(world: &Skolverket, ask: &Ask<'_>) -> Reply {
    let size = ask.number("size", 20);
    if size > LARGEST {
        return error(404, "NOT_FOUND", "not found");
    }
    let page: usize = ask.parameter("page").and_then(|text| text.parse().ok()).unwrap_or(0);
    let extra = ask.distortion.revise.then(|| added(world.seed, &world.regions)).flatten();
    let mut found: Vec<&Event> = world.events.iter().chain(&extra).filter(|event| passes(event, ask)).collect();
    let total = found.len();
    found.sort_by_key(|event| (mix(world.seed, &[part("order"), part(&event.id), page as u64]), &event.id));
    let rows: Vec<Value> = found.iter().skip(page * size).take(size).map(|event| event.listed()).collect();
    let cells = rows.len() as u64;
    let link = |page: usize| {
        let href =
            format!("http://localhost:9007/planned-educations/v3/adult-education-events?page={page}&size={size}");
        json!({ "href": href })
    };
    let mut body = json!({
        "_links": { "self": link(page), "first": link(0) },
        "page": { "size": size, "totalElements": total, "totalPages": total.div_ceil(size), "number": page },
    });
    if total > 0 {
        body["_embedded"] = json!({ "listedAdultEducationEvents": rows });
    }
    let mut reply = success(&body);
    reply.cells = Some(cells);
    reply
}

fn passes(event: &Event, ask: &Ask<'_>) -> bool {
    let any = |name: &str, fits: &dyn Fn(&str) -> bool| {
        let wanted = values(ask, name);
        wanted.is_empty() || wanted.iter().any(|value| fits(value))
    };
    any("geographicalAreaCode", &|code| {
        event.place.as_ref().is_some_and(|(own, ..)| own == code || code.len() == 2 && own.starts_with(code))
    }) && any("directionIds", &|id| event.directions.iter().any(|own| own.to_string() == id))
        && any("typeOfSchool", &|code| {
            let own = TYPES[event.school].0;
            own == code || (code, own) == ("fhsk", "fhs") || (code, own) == ("yh", "yhprogram")
        })
        && any("distance", &|text| event.distance.to_string() == text)
        && any("executionCondition", &|text| event.condition.to_string() == text)
        && any("paceOfStudy", &|range| {
            let (low, high) = range.split_once('-').unwrap_or((range, range));
            let bounds = low.parse::<i64>().ok().zip(high.parse::<i64>().ok());
            bounds.zip(event.pace).is_some_and(|((low, high), pace)| (low..=high).contains(&pace))
        })
        && any("semesterStartFrom", &|window| {
            let bounds = window.split_once("TO");
            bounds.zip(event.start.as_deref()).is_some_and(|((low, high), start)| low <= start && start <= high)
        })
}

fn statistics(world: &Skolverket, code: &str) -> Reply {
    if !super::register::units(world).iter().any(|unit| unit.code == code) {
        return error(404, "NOT_FOUND", "no such school unit");
    }
    let value = |value: Value, kind: &str| json!([{ "value": value, "valueType": kind, "timePeriod": "2025/26" }]);
    success(&json!({
        "programMetrics": [{
            "programCode": "EK",
            "schoolUnit": code,
            "studentsPerTeacherQuota": value(json!("18,3"), "EXISTS"),
            "totalNumberOfPupils": value(json!("cirka 270"), "EXISTS"),
            "ratioOfPupilsWithExamWithin3Years": value(json!(".."), "OMITTED_DUE_TO_BASED_ON_FEW_PUPILS"),
            "admissionPointsMin": value(Value::Null, "MISSING"),
            "ratioOfStudentsEligibleForUndergraduateEducation":
                value(json!("~100"), "ROUNDED_OFF_DUE_TO_FEW_PUPILS_NOT_ELIGIBLE"),
            "sveSubjectTest": "Svenska 3",
            "docLinks": null,
            "gradesPointsForStudents": [],
        }],
        "certifiedTeachersQuota": value(json!("96,6"), "EXISTS"),
    }))
}
