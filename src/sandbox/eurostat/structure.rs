//! What the stand-in says of its datasets apart from their data.

use std::fmt::Write as _;

use serde_json::json;

use super::{Described, Eurostat};
use crate::sandbox::http::{Ask, Reply};

pub fn dataflow(world: &Eurostat, dataset: &Described<'_>, ask: &Ask<'_>) -> Reply {
    if !ask.parameter("format").is_some_and(|format| format.eq_ignore_ascii_case("json")) {
        return Reply::new(200, "application/xml", "<m:Structure xmlns:m=\"m\"/>");
    }
    let periods = dataset.codes.last().map(Vec::as_slice).unwrap_or_default();
    let period = |one: Option<&(usize, String, String)>| one.map(|(_, code, _)| code.clone()).unwrap_or_default();
    Reply::json(
        200,
        &json!({
            "version": "2.0",
            "class": "dataset",
            "label": dataset.title,
            "extension": {
                "lang": "EN",
                "id": dataset.dataset.code.to_uppercase(),
                "agencyId": "ESTAT",
                "version": "1.0",
                "annotation": [
                    { "type": "OBS_PERIOD_OVERALL_LATEST", "title": period(periods.last()) },
                    { "type": "OBS_PERIOD_OVERALL_OLDEST", "title": period(periods.first()) },
                    { "type": "OBS_COUNT", "title": "1000" },
                    { "type": "UPDATE_DATA", "date": world.updated(ask) },
                    { "type": "UPDATE_STRUCTURE", "date": "2026-01-01T00:00:00+0100" },
                ],
            },
        }),
    )
}

pub fn constraint(dataset: &Described<'_>) -> Reply {
    let mut body = String::from(
        "<?xml version='1.0' encoding='UTF-8'?>\n<m:Structure xmlns:m=\"http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message\" \
         xmlns:s=\"http://www.sdmx.org/resources/sdmxml/schemas/v2_1/structure\" \
         xmlns:c=\"http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common\"><m:Structures><s:Constraints>",
    );
    let id = dataset.dataset.code.to_uppercase();
    let _ = write!(
        body,
        "<s:ContentConstraint id=\"{id}\" agencyID=\"ESTAT\" version=\"1.0\" type=\"Actual\"><s:CubeRegion include=\"true\">"
    );
    for ((id, _), codes) in dataset.dataset.dimensions.iter().zip(&dataset.codes) {
        let _ = write!(body, "<c:KeyValue id=\"{}\">", if *id == "time" { "TIME_PERIOD" } else { id });
        for (_, code, _) in codes {
            let _ = write!(body, "<c:Value>{code}</c:Value>");
        }
        body.push_str("</c:KeyValue>");
    }
    body.push_str("</s:CubeRegion></s:ContentConstraint></s:Constraints></m:Structures></m:Structure>\n");
    Reply::new(200, "application/vnd.sdmx.structure+xml;version=2.1", body)
}

/// Folders, and the datasets in them, as tab-separated values.
pub fn contents(world: &Eurostat) -> Reply {
    let mut body = String::from(
        "\"title\"\t\"code\"\t\"type\"\t\"last update of data\"\t\"last table structure change\"\t\"data start\"\t\"data end\"\t\"values\"\r\n\
         \"Regional statistics by NUTS classification\"\t\"reg\"\t\"folder\"\t\" \"\t\" \"\t\" \"\t\" \"\t\" \"\r\n",
    );
    let updated = world.updated.strftime("%d.%m.%Y").to_string();
    for dataset in &world.datasets {
        let years = dataset.dimensions.last().map(|(_, years)| years.as_slice()).unwrap_or_default();
        let year = |one: Option<&(String, String)>| one.map(|(code, _)| code.clone()).unwrap_or_default();
        let _ = write!(
            body,
            "\"    {}\"\t\"{}\"\t\"dataset\"\t\"{updated}\"\t\"01.01.2026\"\t\"{}\"\t\"{}\"\t1000\r\n",
            dataset.title,
            dataset.code,
            year(years.first()),
            year(years.last())
        );
    }
    Reply::new(200, "text/plain;charset=UTF-8", body)
}
