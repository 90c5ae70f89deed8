//! What is taken for granted of Eurostat's dissemination API: each with the
//! call that would show it.

use serde_json::Value;

use super::structure::{TIME, read_constraint};
use crate::source::assumption::{Ask, Assumption, Finding, Observed};

const CLIENT: &str = "the Python package eurostat 1.1.1";
const R_CLIENT: &str = "issues of the R package eurostat (#293, #303, #309, #315)";
const DOCUMENTED: &str = "Eurostat's API documentation, as others quote it";
const LIVE: &str = "notes of live calls in 2026 by others";

pub const ASSUMPTIONS: &[Assumption] = &[
    Assumption {
        name: "eurostat.data.json-stat",
        says: "data are a JSON-stat 2.0 dataset with id, size, dimension, updated, and sparse objects of value and status",
        from: DOCUMENTED,
        ask: Ask::Get("/statistics/1.0/data/trng_lfse_04?format=JSON&lang=EN&geo=SE&lastTimePeriod=2"),
        judge: |seen| {
            let Some(document) = seen.json() else { return Finding::Differs(brief(seen)) };
            let holds = document["class"] == "dataset"
                && document["id"].is_array()
                && document["size"].is_array()
                && document["updated"].is_string()
                && document["value"].is_object()
                && document.get("status").is_none_or(Value::is_object);
            Finding::of(holds, || brief(seen))
        },
    },
    Assumption {
        name: "eurostat.data.freq-and-time",
        says: "a dataset has the dimensions freq and time, and geo where it is of regions",
        from: DOCUMENTED,
        ask: Ask::Get("/statistics/1.0/data/trng_lfse_04?format=JSON&lang=EN&geo=SE&lastTimePeriod=1"),
        judge: |seen| {
            let document = seen.json().unwrap_or_default();
            let ids = document["id"].as_array().cloned().unwrap_or_default();
            let has = |id: &str| ids.iter().any(|known| known == id);
            Finding::of(has("freq") && has(TIME) && has("geo"), || format!("{ids:?}"))
        },
    },
    Assumption {
        name: "eurostat.data.wrong-code-is-empty",
        says: "a code that does not exist is answered with 200 and no values, or with the error of id 100",
        from: LIVE,
        ask: Ask::Get("/statistics/1.0/data/trng_lfse_04?format=JSON&lang=EN&geo=SE999"),
        judge: |seen| {
            let document = seen.json().unwrap_or_default();
            let empty = seen.status == 200 && document["value"].as_object().is_some_and(serde_json::Map::is_empty);
            let none = document["error"][0]["id"] == 100 || document["error"]["id"] == 100;
            Finding::of(empty || none, || brief(seen))
        },
    },
    Assumption {
        name: "eurostat.data.geo-level",
        says: "geoLevel=nuts2 gives the regions of that level",
        from: DOCUMENTED,
        ask: Ask::Get("/statistics/1.0/data/trng_lfse_04?format=JSON&lang=EN&geoLevel=nuts2&lastTimePeriod=1"),
        judge: |seen| {
            let document = seen.json().unwrap_or_default();
            let index = document["dimension"]["geo"]["category"]["index"].as_object().cloned().unwrap_or_default();
            let of_level = |code: &String| code.len() == 4;
            Finding::of(!index.is_empty() && index.keys().all(of_level), || {
                format!("{:?}", index.keys().take(10).collect::<Vec<_>>())
            })
        },
    },
    Assumption {
        name: "eurostat.limit.too-big",
        says: "an extraction of more than 5,000,000 cells is refused with 413 EXTRACTION_TOO_BIG",
        from: R_CLIENT,
        ask: Ask::Get("/statistics/1.0/data/ef_lsk_main?format=JSON&lang=EN"),
        judge: |seen| Finding::of(seen.status == 413 && says(seen, "EXTRACTION_TOO_BIG"), || brief(seen)),
    },
    Assumption {
        name: "eurostat.limit.asynchronous",
        says: "one of more than 500,000 cells is answered with ASYNCHRONOUS_RESPONSE, under 413 or 200, and less at once",
        from: R_CLIENT,
        ask: Ask::Nothing,
        judge: |seen| match says(seen, "ASYNCHRONOUS_RESPONSE") {
            true => Finding::of(matches!(seen.status, 200 | 413), || brief(seen)),
            false => Finding::NotSeen,
        },
    },
    Assumption {
        name: "eurostat.dataflow.json",
        says: "a dataflow as JSON has a label and the annotations UPDATE_DATA and OBS_PERIOD_OVERALL_LATEST",
        from: CLIENT,
        ask: Ask::Get("/sdmx/2.1/dataflow/ESTAT/TRNG_LFSE_04?format=JSON&lang=en"),
        judge: |seen| {
            let document = seen.json().unwrap_or_default();
            let annotations = document["extension"]["annotation"].as_array().cloned().unwrap_or_default();
            let has = |kind: &str| annotations.iter().any(|annotation| annotation["type"] == kind);
            let holds = document["label"].is_string() && has("UPDATE_DATA") && has("OBS_PERIOD_OVERALL_LATEST");
            Finding::of(holds, || brief(seen))
        },
    },
    Assumption {
        name: "eurostat.constraint.codes",
        says: "the content constraint lists, in the dataset's order, the codes of each dimension that have data",
        from: CLIENT,
        ask: Ask::Get("/sdmx/2.1/contentconstraint/ESTAT/TRNG_LFSE_04"),
        judge: |seen| match read_constraint(&seen.body) {
            Ok(structure) => {
                let geo = structure.dimensions.iter().find(|(id, _)| id == "geo");
                let holds = geo.is_some_and(|(_, codes)| codes.iter().any(|code| code == "SE11"));
                Finding::of(holds, || {
                    format!("{:?}", structure.dimensions.iter().map(|(id, _)| id).collect::<Vec<_>>())
                })
            }
            Err(error) => Finding::Differs(error.to_string()),
        },
    },
    Assumption {
        name: "eurostat.constraint.periods",
        says: "the content constraint lists the periods one by one; a range of them is understood too",
        from: "no recording; the format allows both",
        ask: Ask::Get("/sdmx/2.1/contentconstraint/ESTAT/TRNG_LFSE_04"),
        judge: |seen| match read_constraint(&seen.body) {
            Ok(structure) => Finding::of(structure.periods_known, || "no period is listed".to_owned()),
            Err(error) => Finding::Differs(error.to_string()),
        },
    },
    Assumption {
        name: "eurostat.csv.header",
        says: "SDMX-CSV begins DATAFLOW,LAST UPDATE, then the dimensions, TIME_PERIOD, OBS_VALUE, OBS_FLAG",
        from: LIVE,
        ask: Ask::Get("/sdmx/2.1/data/trng_lfse_04/?format=SDMX-CSV&lastNObservations=1"),
        judge: |seen| {
            let text = String::from_utf8_lossy(&seen.body[..seen.body.len().min(400)]).into_owned();
            let head = text.lines().next().unwrap_or_default().trim_start_matches('\u{feff}').to_owned();
            let tail = head.contains(",geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG");
            Finding::of(head.starts_with("DATAFLOW,LAST UPDATE,freq,") && tail, || head)
        },
    },
    Assumption {
        name: "eurostat.csv.compressed",
        says: "compressed=true answers with a gzip file, whatever the size of the dataset",
        from: LIVE,
        ask: Ask::Get("/sdmx/2.1/data/trng_lfse_04/?format=SDMX-CSV&compressed=true"),
        judge: |seen| Finding::of(seen.body.starts_with(&[0x1f, 0x8b]), || brief(seen)),
    },
    Assumption {
        name: "eurostat.toc.columns",
        says: "the table of contents is tab-separated with title, code, type, last update of data, data start and data end",
        from: LIVE,
        ask: Ask::Get("/catalogue/toc/txt?lang=en"),
        judge: |seen| {
            let text = String::from_utf8_lossy(&seen.body[..seen.body.len().min(400)]).into_owned();
            let head = text.lines().next().unwrap_or_default().to_lowercase();
            let names = ["title", "code", "type", "last update of data", "data start", "data end"];
            Finding::of(names.iter().all(|name| head.contains(name)), || head)
        },
    },
    Assumption {
        name: "eurostat.error.unknown-dataset",
        says: "an unknown dataset is answered with 404 by the dataflow",
        from: DOCUMENTED,
        ask: Ask::Get("/sdmx/2.1/dataflow/ESTAT/FINNS_INTE?format=JSON&lang=en"),
        judge: |seen| Finding::of(seen.status == 404, || brief(seen)),
    },
];

fn says(seen: &Observed, text: &str) -> bool {
    String::from_utf8_lossy(&seen.body[..seen.body.len().min(4096)]).contains(text)
}

fn brief(seen: &Observed) -> String {
    let text: String = String::from_utf8_lossy(&seen.body).chars().take(120).collect();
    format!("{} {text}", seen.status)
}
