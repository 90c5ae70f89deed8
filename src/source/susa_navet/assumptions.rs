//! What is known of Susa-navet second-hand: all of it.

use serde_json::Value;

use crate::source::assumption::{Ask, Assumption, Finding, Observed};

const CLIENTS: &str = "deno-li/fuzzy-MCP, from the OpenAPI documents 3.0.2 to 3.0.4; others' importers use the same";

pub const ASSUMPTIONS: &[Assumption] = &[
    Assumption {
        name: "susa-navet.events.page",
        says: "events lie in educationEvents, each {id, status, content}, with page{totalElements, totalPages} beside",
        from: CLIENTS,
        ask: Ask::Get("/educationEvents?size=10&page=0"),
        judge: |seen| listed(seen, "educationEvents"),
    },
    Assumption {
        name: "susa-navet.infos.page",
        says: "educations lie in educationInfos",
        from: CLIENTS,
        ask: Ask::Get("/educationInfos?size=10&page=0"),
        judge: |seen| listed(seen, "educationInfos"),
    },
    Assumption {
        name: "susa-navet.providers.page",
        says: "providers lie in educationProviders",
        from: CLIENTS,
        ask: Ask::Get("/educationProviders?size=10&page=0"),
        judge: |seen| listed(seen, "educationProviders"),
    },
    Assumption {
        name: "susa-navet.size.2000",
        says: "a page may have 2,000 rows",
        from: CLIENTS,
        ask: Ask::Get("/educationProviders?size=2000&page=0"),
        judge: |seen| {
            let body = seen.json();
            let size = body.as_ref().and_then(|body| body.pointer("/page/size")?.as_u64());
            Finding::of(size == Some(2000), || format!("{}, size {size:?}", seen.status))
        },
    },
    Assumption {
        name: "susa-navet.updated-since",
        says: "updatedSince takes a date and gives what has changed since, deleted rows with a content of null",
        from: CLIENTS,
        ask: Ask::Get("/educationEvents?size=10&page=0&updatedSince=2026-11-01"),
        judge: |seen| listed(seen, "educationEvents"),
    },
    Assumption {
        name: "susa-navet.order",
        says: "the order of rows is stable over pages",
        from: "nowhere; the rows are counted instead",
        ask: Ask::Nothing,
        judge: |_| Finding::NotSeen,
    },
];

fn listed(seen: &Observed, name: &str) -> Finding {
    let body = seen.json();
    let rows = body.as_ref().and_then(|body| body.get(name)?.as_array());
    let shaped = rows.is_some_and(|rows| {
        rows.iter().all(|row| ["id", "status", "content"].iter().all(|field| row.get(*field).is_some()))
    });
    let counted = body.as_ref().and_then(|body| body.pointer("/page/totalElements")).and_then(Value::as_u64);
    Finding::of(shaped && counted.is_some(), || {
        format!("{}, {} rows, total {counted:?}", seen.status, rows.map_or(0, Vec::len))
    })
}
