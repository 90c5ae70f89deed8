//! What the API says about itself: its limits, its tables, its code lists.

use serde_json::{Value, json};

use super::answer::kind;
use super::problem::Refusal;
use super::table::{Dimension, Table};
use crate::sandbox::http::{Ask, Reply};
use crate::sandbox::options::Options;

pub fn config(options: &Options) -> Reply {
    Reply::json(
        200,
        &json!({
            "apiVersion": "2.3.2",
            "appVersion": "1.0.0",
            "languages": [{ "id": "en", "label": "English" }, { "id": "sv", "label": "Svenska" }],
            "defaultLanguage": "sv",
            "maxDataCells": options.max_cells,
            "maxCallsPerTimeWindow": options.calls,
            "timeWindow": options.window.as_secs(),
            "license": "https://creativecommons.org/share-your-work/public-domain/cc0/",
            "sourceReferences": [
                { "language": "en", "text": "Source: Underlag's sandbox (synthetic data)" },
                { "language": "sv", "text": "Källa: Underlags sandlåda (syntetiska data)" },
            ],
            "defaultDataFormat": options.pxweb_formats.first(),
            "dataFormats": options.pxweb_formats,
            "features": [{ "id": "CORS", "params": [{ "key": "enabled", "value": "True" }] }],
        }),
    )
}

/// The format that a data call wants, where the installation has it; the default where it does not say.
pub fn format<'o>(ask: &Ask<'_>, options: &'o Options) -> Option<&'o str> {
    let formats = &options.pxweb_formats;
    match ask.parameter("outputFormat").filter(|text| !text.is_empty()) {
        Some(wanted) => formats.iter().find(|one| one.eq_ignore_ascii_case(wanted)),
        None => formats.first(),
    }
    .map(String::as_str)
}

/// One page of the tables; every word of `query` must occur.
pub fn tables(tables: &[Table], ask: &Ask<'_>, language: &str) -> Result<Reply, Refusal> {
    let size = ask.number("pageSize", 20);
    let number = ask.number("pageNumber", 1);
    let discontinued = ask.parameter("includeDiscontinued").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let query = ask.parameter("query").unwrap_or_default().to_lowercase();
    let found: Vec<&Table> = tables
        .iter()
        .filter(|table| discontinued || !table.discontinued)
        .filter(|table| {
            let text = format!("{} {}", table.id, table.label(true)).to_lowercase();
            query.split_whitespace().all(|word| text.contains(word))
        })
        .collect();
    let found = turned(found, ask);
    let pages = found.len().div_ceil(size);
    if number > pages.max(1) {
        return Err(Refusal::Page);
    }
    let link = |rel: &str, page: usize| {
        let href = format!("{}/pxweb/api/v2/tables/?lang={language}&pagesize={size}&pageNumber={page}", ask.origin);
        json!({ "rel": rel, "hreflang": language, "href": href })
    };
    let mut links = Vec::new();
    if number < pages {
        links.extend([link("next", number + 1), link("last", pages)]);
    }
    if number > 1 {
        links.extend([link("first", 1), link("previous", number - 1)]);
    }
    let page: Vec<Value> =
        found.iter().skip((number - 1) * size).take(size).map(|table| entry(table, ask, language)).collect();
    Ok(Reply::json(
        200,
        &json!({
            "language": language,
            "tables": page,
            "page": {
                "pageNumber": number,
                "pageSize": size,
                "totalElements": found.len(),
                "totalPages": pages,
                "links": links,
            },
            "links": [link("self", number)],
        }),
    ))
}

fn turned<'a>(mut found: Vec<&'a Table>, ask: &Ask<'_>) -> Vec<&'a Table> {
    if let Some(by) = ask.distortion.turned.filter(|_| !found.is_empty()) {
        let by = by % found.len();
        found.rotate_left(by);
    }
    found
}

pub fn entry(table: &Table, ask: &Ask<'_>, language: &str) -> Value {
    let (first, last) = table.span();
    let names: Vec<&str> = table.dimensions.iter().map(|dimension| dimension.label).collect();
    let link = |rel: &str, language: &str, tail: &str| {
        let href = format!("{}/pxweb/api/v2/tables/{}{tail}", ask.origin, table.id);
        json!({ "rel": rel, "hreflang": language, "href": href })
    };
    let other = if language == "sv" { "en" } else { "sv" };
    let subject = &table.subject;
    json!({
        "language": language,
        "id": table.id,
        "label": format!("{}. {first}-{last}{}", table.label(false), super::MARK),
        "description": "",
        "sortCode": "01",
        "updated": super::stamp(table, ask.distortion),
        "firstPeriod": first,
        "lastPeriod": last,
        "category": "public",
        "variableNames": names,
        "discontinued": table.discontinued.then_some(true),
        "source": super::SOURCE,
        "subjectCode": &subject.code[..2],
        "timeUnit": table.time_unit,
        "paths": [[
            { "id": &subject.code[..2], "label": subject.area, "sortCode": subject.area },
            { "id": subject.code, "label": subject.folder, "sortCode": "001" },
        ]],
        "links": [
            link("self", language, &format!("?lang={language}")),
            link("alternate", other, &format!("?lang={other}")),
            link("metadata", language, &format!("/metadata?lang={language}")),
            link("data", language, &format!("/data?lang={language}&outputFormat=json-stat2")),
        ],
    })
}

/// A code list by its id, which counts in its own case only.
pub fn codelist(tables: &[Table], id: &str, ask: &Ask<'_>, language: &str) -> Result<Reply, Refusal> {
    let (dimension, list): (&Dimension, _) = tables
        .iter()
        .flat_map(|table| &table.dimensions)
        .find_map(|dimension| Some((dimension, dimension.codelist(id)?)))
        .ok_or(Refusal::Codelist)?;
    let values: Vec<Value> = list
        .groups
        .iter()
        .map(|group| {
            let map: Vec<&str> =
                group.members.iter().map(|member| dimension.categories[*member].code.as_str()).collect();
            json!({ "code": group.code, "label": group.label, "valueMap": map })
        })
        .collect();
    let href = format!("{}/pxweb/api/v2/codeLists/{}?lang={language}", ask.origin, list.id);
    Ok(Reply::json(
        200,
        &json!({
            "id": list.id,
            "label": list.label,
            "language": language,
            "languages": ["sv", "en"],
            "elimination": false,
            "type": kind(list.kind),
            "values": values,
            "links": [{ "rel": "self", "hreflang": language, "href": href }],
        }),
    ))
}
