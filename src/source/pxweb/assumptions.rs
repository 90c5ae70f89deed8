//! What is taken for granted of `PxWeb` v2, second-hand: from the server's own
//! source and specification, and from SCB's answers recorded in 2026.

use serde_json::Value;

use crate::config::When;
use crate::source::assumption::{Ask, Assumption, Finding, Observed};

const SOURCE: &str = "the server's source (PxTools/PxWebApi) and SCB's answers recorded in June 2026";
const CONFIG: Ask = Ask::Get("/config");
const TABLE: Ask = Ask::Get("/tables/{table}?lang=sv");
const CODELIST: Ask = Ask::Get("/codelists/vs_CKM02L%C3%A4n?lang=sv");
const BY_GET: Ask = Ask::Get("/tables/{table}/data?lang=sv&outputFormat=json-stat2&valueCodes%5BTid%5D=FINNS,INTE");
const METADATA: Ask = Ask::Get("/tables/{table}/metadata?lang=sv");

pub const ASSUMPTIONS: &[Assumption] = &[
    Assumption {
        name: "pxweb.config.limits",
        says: "/config announces maxDataCells, maxCallsPerTimeWindow and timeWindow as numbers",
        from: SOURCE,
        ask: CONFIG,
        judge: |seen| {
            body(seen, |config| {
                let limits = ["maxDataCells", "maxCallsPerTimeWindow", "timeWindow"].map(|key| config[key].clone());
                (limits.iter().all(Value::is_u64), format!("{limits:?}"))
            })
        },
    },
    Assumption {
        name: "pxweb.config.json-stat2",
        says: "json-stat2 is among the dataFormats",
        from: SOURCE,
        ask: CONFIG,
        judge: |seen| {
            body(seen, |config| {
                let formats = &config["dataFormats"];
                (formats.as_array().is_some_and(|all| all.iter().any(|one| one == "json-stat2")), formats.to_string())
            })
        },
    },
    Assumption {
        name: "pxweb.table.updated",
        says: "a table says when it was updated, as a date and time in UTC",
        from: SOURCE,
        ask: TABLE,
        judge: |seen| {
            body(seen, |table| {
                let updated = &table["updated"];
                (updated.as_str().is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()), updated.to_string())
            })
        },
    },
    Assumption {
        name: "pxweb.metadata.updated",
        says: "metadata say when the table was updated, as the table itself does",
        from: SOURCE,
        ask: METADATA,
        judge: |seen| {
            body(seen, |meta| {
                let updated = &meta["updated"];
                (updated.as_str().is_some_and(|text| When::read(text).is_some()), updated.to_string())
            })
        },
    },
    Assumption {
        name: "pxweb.metadata.next-update",
        says: "where the next update is announced, extension.px.nextUpdate tells it as a date, or a date and time in UTC",
        from: "the specification (PxApiSpecs) and an answer that the server's own tests expect; SCB's answers of June 2026 have none",
        ask: METADATA,
        judge: |seen| {
            let meta = seen.json().unwrap_or_default();
            match meta["extension"]["px"]["nextUpdate"].as_str() {
                Some(next) => Finding::of(When::read(next).is_some(), || next.to_owned()),
                None if seen.status == 200 => Finding::NotSeen,
                None => Finding::Differs(told(seen)),
            }
        },
    },
    Assumption {
        name: "pxweb.metadata.dataset",
        says: "metadata are a JSON-stat 2.0 dataset with role.time and role.metric",
        from: SOURCE,
        ask: METADATA,
        judge: |seen| {
            body(seen, |meta| {
                let holds =
                    meta["version"] == "2.0" && meta["role"]["time"].is_array() && meta["role"]["metric"].is_array();
                (holds, format!("version {}, role {}", meta["version"], meta["role"]))
            })
        },
    },
    Assumption {
        name: "pxweb.metadata.elimination",
        says: "every dimension but the contents says in its extension whether it may be left out",
        from: SOURCE,
        ask: METADATA,
        judge: |seen| {
            body(seen, |meta| {
                let metric = meta["role"]["metric"][0].as_str().unwrap_or_default();
                let dimensions = meta["dimension"].as_object().into_iter().flatten();
                let silent: Vec<&String> = dimensions
                    .filter(|(id, one)| *id != metric && !one["extension"]["elimination"].is_boolean())
                    .map(|(id, _)| id)
                    .collect();
                (silent.is_empty(), format!("none in {silent:?}"))
            })
        },
    },
    Assumption {
        name: "pxweb.table.unknown-is-404",
        says: "an unknown table is answered 404 with a JSON problem (type, title, status)",
        from: "the server's source",
        ask: Ask::Get("/tables/FINNSINTE?lang=sv"),
        judge: |seen| {
            let problem = seen.json().is_some_and(|problem| problem["status"] == 404 && problem["title"].is_string());
            Finding::of(seen.status == 404 && problem, || told(seen))
        },
    },
    Assumption {
        name: "pxweb.data.unknown-is-400-around-404",
        says: "data of an unknown table are answered 400 with status 404 in the problem",
        from: "the server's source",
        ask: Ask::Post { path: "/tables/FINNSINTE/data?lang=sv&outputFormat=json-stat2", body: "{\"selection\":[]}" },
        judge: |seen| {
            let inner = seen.json().map(|problem| problem["status"].clone()).unwrap_or_default();
            Finding::of(seen.status == 400 && inner == 404, || told(seen))
        },
    },
    Assumption {
        name: "pxweb.data.unknown-code-is-400",
        says: "a code that a dimension does not have is answered 400",
        from: "the server's source",
        ask: Ask::Post {
            path: "/tables/{table}/data?lang=sv&outputFormat=json-stat2",
            body: "{\"selection\":[{\"variableCode\":\"Tid\",\"valueCodes\":[\"FINNS INTE\"]}]}",
        },
        judge: |seen| Finding::of(seen.status == 400, || told(seen)),
    },
    Assumption {
        name: "pxweb.data.by-get",
        says: "a GET of data reads valueCodes[…] as codes parted by commas: unknown ones are answered 400",
        from: "the specification and the server's source",
        ask: BY_GET,
        judge: |seen| {
            let problem = seen.json().is_some_and(|problem| problem["title"].is_string());
            Finding::of(seen.status == 400 && problem, || told(seen))
        },
    },
    Assumption {
        name: "pxweb.data.longest-address",
        says: "addresses of up to 2,000 characters are answered like shorter ones",
        from: "a client's notes: longer ones than some 2,100 are answered 404",
        ask: Ask::Nothing,
        judge: |_| Finding::NotSeen,
    },
    Assumption {
        name: "pxweb.codelist.value-map",
        says: "each value of a code list has a code, and in valueMap the table's codes that it stands for",
        from: "SCB's list agg_Ålder10årJ, recorded in 2026",
        ask: CODELIST,
        judge: |seen| {
            body(seen, |list| {
                let values = list["values"].as_array();
                let fits = |one: &Value| one["code"].is_string() && one["valueMap"].as_array().is_some();
                let first = values.and_then(|values| values.first()).map(Value::to_string);
                (values.is_some_and(|values| !values.is_empty() && values.iter().all(fits)), first.unwrap_or_default())
            })
        },
    },
    Assumption {
        name: "pxweb.codelist.aggregated",
        says: "a code list gives its own codes unless outputValues says otherwise, and servers of today know no outputValues",
        from: "the specification, which has no such parameter any more",
        ask: Ask::Nothing,
        judge: |_| Finding::NotSeen,
    },
    Assumption {
        name: "pxweb.tables.pages",
        says: "a page of tables says pageNumber, pageSize, totalElements and totalPages",
        from: SOURCE,
        ask: Ask::Get("/tables?lang=sv&pageSize=2&pageNumber=1"),
        judge: |seen| {
            body(seen, |found| {
                let page = &found["page"];
                let keys = ["pageNumber", "pageSize", "totalElements", "totalPages"];
                (keys.iter().all(|key| page[*key].is_u64()) && found["tables"].is_array(), page.to_string())
            })
        },
    },
    Assumption {
        name: "pxweb.limit.headers",
        says: "an answer counts calls down in X-Rate-Limit-Remaining",
        from: "the rate limiter that the server is built with",
        ask: CONFIG,
        judge: |seen| match seen.headers.get("x-rate-limit-remaining") {
            Some(left) => Finding::of(left.parse::<u32>().is_ok(), || left.clone()),
            None => Finding::NotSeen,
        },
    },
    Assumption {
        name: "pxweb.limit.refusal",
        says: "calls beyond the limit are answered 429 in plain text with Retry-After in seconds",
        from: "the rate limiter that the server is built with",
        ask: Ask::Nothing,
        judge: |_| Finding::NotSeen,
    },
];

fn body(seen: &Observed, judge: fn(&Value) -> (bool, String)) -> Finding {
    match (seen.status, seen.json()) {
        (200, Some(body)) => {
            let (holds, told) = judge(&body);
            Finding::of(holds, || told)
        }
        _ => Finding::Differs(told(seen)),
    }
}

fn told(seen: &Observed) -> String {
    let start: String = String::from_utf8_lossy(&seen.body[..seen.body.len().min(400)]).chars().take(100).collect();
    format!("status {}, {start:?}", seen.status)
}
