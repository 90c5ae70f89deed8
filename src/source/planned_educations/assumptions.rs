//! What is known of the API second-hand.

use serde_json::Value;

use crate::source::assumption::{Ask, Assumption, Finding};

const SPEC: &str = "its OpenAPI document of November 2025";
const CLIENT: &str = "jacobqvisth/crm-for-saas, scripts/schools/lib_skolverket.mjs";

pub const ASSUMPTIONS: &[Assumption] = &[
    Assumption {
        name: "planned-educations.envelope.status",
        says: "every answer lies in {status, message, body}, and the status of a success is \"OK\" or \"200 OK\"",
        from: SPEC,
        ask: Ask::Get("/v4/adult-education-events/areas"),
        judge: |seen| {
            let status = seen.json().and_then(|body| Some(body.get("status")?.as_str()?.to_owned()));
            Finding::of(matches!(status.as_deref(), Some("OK" | "200 OK")), || format!("status {status:?}"))
        },
    },
    Assumption {
        name: "planned-educations.events.page",
        says: "a page of events has body.page.totalElements and up to 100 rows of which each has an educationEventId",
        from: SPEC,
        ask: Ask::Get("/v4/adult-education-events?page=0&size=100"),
        judge: |seen| {
            let Some(body) = seen.json() else { return Finding::Differs(format!("{} without JSON", seen.status)) };
            let total = body.pointer("/body/page/totalElements").and_then(Value::as_u64);
            let rows = body.pointer("/body/_embedded/listedAdultEducationEvents").and_then(Value::as_array);
            let named = rows.is_some_and(|rows| rows.iter().all(|row| row.get("educationEventId").is_some()));
            let many = rows.map_or(0, Vec::len) as u64;
            Finding::of(named && total.is_some_and(|total| many == total.min(100)), || {
                format!("total {total:?}, {many} rows")
            })
        },
    },
    Assumption {
        name: "planned-educations.events.size-500",
        says: "a page of 500 rows is answered with 404",
        from: CLIENT,
        ask: Ask::Get("/v4/adult-education-events?page=0&size=500"),
        judge: |seen| Finding::of(seen.status == 404, || format!("{}", seen.status)),
    },
    Assumption {
        name: "planned-educations.events.direction-lists",
        says: "directionIds takes several ids with commas between, and means any of them",
        from: "the plural in the OpenAPI document; towns, paces and starts are documented to",
        ask: Ask::Get("/v4/adult-education-events?page=0&size=100&directionIds=1,4"),
        judge: |seen| {
            let total = seen.json().and_then(|body| body.pointer("/body/page/totalElements")?.as_u64());
            Finding::of(total.is_some_and(|total| total > 0), || format!("{} total {total:?}", seen.status))
        },
    },
    Assumption {
        name: "planned-educations.events.county",
        says: "geographicalAreaCode takes a county's two digits as well as a municipality's four",
        from: SPEC,
        ask: Ask::Get("/v4/adult-education-events?page=0&size=100&geographicalAreaCode=01"),
        judge: |seen| {
            let rows = seen.json().and_then(|body| {
                let rows = body.pointer("/body/_embedded/listedAdultEducationEvents")?.as_array()?.clone();
                Some(rows)
            });
            let codes: Vec<String> = rows
                .unwrap_or_default()
                .iter()
                .filter_map(|row| Some(row.get("geographicalAreaCode")?.as_str()?.to_owned()))
                .collect();
            Finding::of(!codes.is_empty() && codes.iter().all(|code| code.starts_with("01")), || format!("{codes:?}"))
        },
    },
    Assumption {
        name: "planned-educations.events.order",
        says: "the order of events is not stable over pages, so that turning pages loses some",
        from: CLIENT,
        ask: Ask::Nothing,
        judge: |_| Finding::NotSeen,
    },
    Assumption {
        name: "planned-educations.types.list",
        says: "types of school are {id, value} in adultTypeOfSchoolings or, with \"old code\", in vuxenUtbildningsForm",
        from: "its OpenAPI document and deno-li/fuzzy-MCP",
        ask: Ask::Get("/v4/support/adultTypeOfSchooling"),
        judge: |seen| {
            let body = seen.json();
            let list = ["adultTypeOfSchoolings", "vuxenUtbildningsForm"]
                .iter()
                .find_map(|name| body.as_ref()?.pointer("/body/_embedded")?.get(*name)?.as_array());
            let named = list.is_some_and(|rows| rows.iter().all(|row| row.get("id").is_some()));
            Finding::of(named, || format!("{}", seen.status))
        },
    },
    Assumption {
        name: "planned-educations.areas.municipalities",
        says: "geographical areas list every municipality as MUNICIPALITY with four digits",
        from: SPEC,
        ask: Ask::Get("/v4/support/geographical-areas"),
        judge: |seen| {
            let count = seen.json().and_then(|body| Some(municipalities(body.get("body")?)));
            Finding::of(count == Some(290), || format!("{count:?} municipalities"))
        },
    },
    Assumption {
        name: "planned-educations.accept.version",
        says: "an Accept of another version than the path's is refused",
        from: SPEC,
        ask: Ask::Nothing,
        judge: |_| Finding::NotSeen,
    },
];

fn municipalities(body: &Value) -> usize {
    let rows = body.as_array().map(Vec::as_slice).unwrap_or_default();
    rows.iter().filter(|row| row.get("areaType").and_then(Value::as_str) == Some("MUNICIPALITY")).count()
}
