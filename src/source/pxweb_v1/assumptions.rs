//! What is taken for granted of PxWeb v1 and known only from documents, from the
//! server's source or from others' clients.

use serde_json::Value;

use super::super::assumption::{Ask, Assumption, Finding, Observed};

const SERVER: &str = "PCAxis.Api in statisticssweden/PxWeb at 9a55e649";
const QUERIES: &str = "QueryHelper in PxTools/PCAxis.Query at d4c80729";
const NOTES: &str = "janbrus/pxwebapi-skills, notes of August and September 2026";

/// The latest period of what the table can't do without.
const LATEST: Ask = Ask::Post {
    path: "/{table}",
    body: r#"{"query":[{"code":"Tid","selection":{"filter":"top","values":["1"]}}],"response":{"format":"json-stat2"}}"#,
};
const UNKNOWN: Ask = Ask::Post {
    path: "/{table}",
    body: r#"{"query":[{"code":"Tid","selection":{"filter":"item","values":["FINNSINTE"]}}],"response":{"format":"json-stat2"}}"#,
};

pub const ASSUMPTIONS: &[Assumption] = &[
    Assumption {
        name: "pxweb-v1.config.limits",
        says: "?config tells maxCells, maxCalls and timeWindow as whole numbers",
        from: "recorded at SCB in June 2026; of other installations from the server's source",
        ask: Ask::Get("/?config"),
        judge: |seen| {
            let is_told = |key: &str| seen.json().is_some_and(|config| config[key].is_u64());
            Finding::of(seen.status == 200 && ["maxCells", "maxCalls", "timeWindow"].into_iter().all(is_told), || {
                shown(seen)
            })
        },
    },
    Assumption {
        name: "pxweb-v1.px.next-update",
        says: "a PX file's NEXT-UPDATE is a date, or a date and time in the installation's own time: 20240525 16:13",
        from: "PX files of Statistics Norway, Sweden and Finland, in the server's own tests",
        ask: Ask::Nothing,
        judge: |_| Finding::NotSeen,
    },
    Assumption {
        name: "pxweb-v1.listing.updated",
        says: "a folder's tables have type t and the time of their update",
        from: "recorded at SCB in June 2026; of other installations unknown",
        ask: Ask::Get("/{folder}"),
        judge: |seen| {
            let nodes = seen.json();
            let Some(nodes) = nodes.as_ref().and_then(Value::as_array) else { return Finding::Differs(shown(seen)) };
            let mut tables = nodes.iter().filter(|node| node["type"] == "t").peekable();
            if tables.peek().is_none() {
                return Finding::NotSeen;
            }
            Finding::of(tables.all(|node| node["updated"].is_string()), || shown(seen))
        },
    },
    Assumption {
        name: "pxweb-v1.table.variables",
        says: "a table's metadata list every variable with as many valueTexts as values",
        from: "recorded at SCB in 2023",
        ask: Ask::Get("/{table}"),
        judge: |seen| {
            let table = seen.json().unwrap_or_default();
            let count = |variable: &Value, key: &str| variable[key].as_array().map(Vec::len);
            let whole = |variable: &Value| {
                let values = count(variable, "values");
                values.is_some() && values == count(variable, "valueTexts")
            };
            let variables = table["variables"].as_array();
            Finding::of(variables.is_some_and(|list| !list.is_empty() && list.iter().all(whole)), || shown(seen))
        },
    },
    Assumption {
        name: "pxweb-v1.data.json-stat2",
        says: "an answer as json-stat2 has a unit with decimals for every content and when it was updated, in UTC",
        from: "recorded at SCB in 2026; of other installations from the server's source",
        ask: LATEST,
        judge: |seen| {
            let Some(cube) = seen.json().filter(|cube| cube["class"] == "dataset") else {
                return Finding::Differs(shown(seen));
            };
            let metric = cube["role"]["metric"][0].as_str().unwrap_or_default().to_owned();
            let units = cube["dimension"][&metric]["category"]["unit"].as_object().cloned().unwrap_or_default();
            let told = !units.is_empty() && units.values().all(|unit| unit["decimals"].is_u64());
            let utc = cube["updated"].as_str().is_some_and(|updated| updated.ends_with('Z'));
            Finding::of(told && utc, || shown(seen))
        },
    },
    Assumption {
        name: "pxweb-v1.data.unknown-code",
        says: "an unknown code is answered 400 with an error that names the variable",
        from: QUERIES,
        ask: UNKNOWN,
        judge: |seen| {
            let named =
                seen.json().is_some_and(|body| body["error"].as_str().is_some_and(|text| text.contains("variable")));
            Finding::of(seen.status == 400 && named, || shown(seen))
        },
    },
    Assumption {
        name: "pxweb-v1.data.too-large",
        says: "more cells than maxCells are answered 403 with \"Too many values selected\"",
        from: SERVER,
        ask: Ask::Nothing,
        judge: |seen| {
            let text = String::from_utf8_lossy(&seen.body).to_lowercase();
            Finding::of(seen.status == 403 && text.contains("too many values"), || shown(seen))
        },
    },
    Assumption {
        name: "pxweb-v1.table.withdrawn",
        says: "a table that is not there is answered 400 or 404",
        from: "statisticssweden/PxWeb#758 and the server's source",
        ask: Ask::Get("/{folder}/UNDERLAG_FINNS_INTE"),
        judge: |seen| Finding::of([400, 404].contains(&seen.status), || shown(seen)),
    },
    Assumption {
        name: "pxweb-v1.limit.refusal",
        says: "too many calls are answered 429, and the refused ones count too",
        from: "RequestLimiter in PCAxis.Api; that SCB adds Retry-After and Skolverket does not is second-hand",
        ask: Ask::Nothing,
        judge: |seen| if seen.status == 429 { Finding::Agrees } else { Finding::NotSeen },
    },
    Assumption {
        name: "pxweb-v1.codelist.filters",
        says: "agg:ID and vs:ID are filters with explicit codes, the ids being those of v2 without agg_ and vs_",
        from: "queries in rOpenGov/pxweb, and PxWeb v2's list of code lists",
        ask: Ask::Nothing,
        judge: |seen| Finding::of(seen.status == 200, || shown(seen)),
    },
    Assumption {
        name: "pxweb-v1.search",
        says: "?query=… searches where it is switched on, and is answered 400 where it is not, as at SCB",
        from: NOTES,
        ask: Ask::Get("/?query=befolkning&filter=title"),
        judge: |seen| {
            let found = seen.json().is_some_and(|body| body.is_array());
            Finding::of(found && seen.status == 200 || seen.status == 400, || shown(seen))
        },
    },
];

/// Status and the beginning of the body.
fn shown(seen: &Observed) -> String {
    let text = String::from_utf8_lossy(&seen.body);
    let start: String = text.chars().take(200).collect();
    format!("{} {}", seen.status, start.trim())
}
