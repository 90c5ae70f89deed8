//! What is known of the register second-hand: from its OpenAPI document, 2.0.0.

use serde_json::Value;

use crate::source::assumption::{Ask, Assumption, Finding, Observed};

const SPEC: &str = "its OpenAPI document, 2.0.0";

pub const ASSUMPTIONS: &[Assumption] = &[
    Assumption {
        name: "school-units.units.whole",
        says: "the list of units comes whole, without pages: {meta.extractDate, data.attributes[schoolUnitCode …]}",
        from: SPEC,
        ask: Ask::Get("/v2/school-units?municipality_code=1480"),
        judge: |seen| listed(seen, "schoolUnitCode"),
    },
    Assumption {
        name: "school-units.organizers.whole",
        says: "the list of organizers comes whole",
        from: SPEC,
        ask: Ask::Get("/v2/organizers?organizer_type=REGION"),
        judge: |seen| listed(seen, "organizationNumber"),
    },
    Assumption {
        name: "school-units.providers.whole",
        says: "the list of education providers comes whole",
        from: SPEC,
        ask: Ask::Get("/v2/education-providers"),
        judge: |seen| listed(seen, "educationProviderCode"),
    },
    Assumption {
        name: "school-units.contracts.whole",
        says: "the list of contracts comes whole, each once per organizer and provider",
        from: SPEC,
        ask: Ask::Get("/v2/contracts"),
        judge: |seen| listed(seen, "organizerOrganizationNumber"),
    },
    Assumption {
        name: "school-units.errors",
        says: "an unknown unit is answered with 404 and {type, title, status, detail}",
        from: SPEC,
        ask: Ask::Get("/v2/school-units/00000000"),
        judge: |seen| {
            let titled = seen.json().is_some_and(|body| body.get("title").is_some());
            Finding::of(matches!(seen.status, 400 | 404) && titled, || format!("{}", seen.status))
        },
    },
];

fn listed(seen: &Observed, field: &str) -> Finding {
    let body = seen.json();
    let rows = body.as_ref().and_then(|body| body.pointer("/data/attributes")?.as_array());
    let named = rows.is_some_and(|rows| !rows.is_empty() && rows.iter().all(|row| row.get(field).is_some()));
    let paged = body.as_ref().is_some_and(|body| body.get("page").is_some() || body.pointer("/links/next").is_some());
    Finding::of(named && !paged, || {
        format!("{}, {} rows, pages: {paged}", seen.status, rows.map_or(0, Vec::len)) + &of(body.as_ref())
    })
}

fn of(body: Option<&Value>) -> String {
    let keys = body.and_then(Value::as_object).map(|body| body.keys().cloned().collect::<Vec<_>>().join(", "));
    keys.map(|keys| format!(" in {keys}")).unwrap_or_default()
}
