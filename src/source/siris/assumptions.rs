//! What is known of SiRiS second-hand: all of it.

use serde_json::Value;

use crate::source::assumption::{Ask, Assumption, Finding};

pub const ASSUMPTIONS: &[Assumption] = &[
    Assumption {
        name: "siris.lasar",
        says: "lasar lists the years of an export as {data: [{kod, namn}]}",
        from: "siris-scraper 0.4.0",
        ask: Ask::Get("/lasar/?pExportID=42"),
        judge: |seen| {
            let body = seen.json();
            let rows = body.as_ref().and_then(|body| body.get("data")?.as_array());
            let years = rows.is_some_and(|rows| !rows.is_empty() && rows.iter().all(|row| row.get("kod").is_some()));
            Finding::of(years, || format!("{}, {} rows", seen.status, rows.map_or(0, Vec::len)))
        },
    },
    Assumption {
        name: "siris.verksamhetsformer",
        says: "verksamhetsformer lists types of school as {verksamhetsformer: [{kod, namn}]}",
        from: "siris-scraper 0.4.0",
        ask: Ask::Get("/verksamhetsformer/"),
        judge: |seen| {
            let rows = seen.json().and_then(|body| Some(body.get("verksamhetsformer")?.as_array()?.len()));
            Finding::of(rows.is_some_and(|rows| rows > 0), || format!("{}, {rows:?} rows", seen.status))
        },
    },
    Assumption {
        name: "siris.csv",
        says: "an export with pFlikar=0 is UTF-8 with semicolons, its headings below a preamble",
        from: "a municipality's fetching scripts, checked by it against Kolada",
        ask: Ask::Get("/runexport/?pFormat=csv&pExportID=42&pAr=2018&pLan=&pKommun=&pFlikar=0"),
        judge: |seen| {
            let text = std::str::from_utf8(&seen.body).unwrap_or_default();
            let holds = seen.status == 200 && text.contains(';') && text.contains("Kommun");
            Finding::of(holds, || format!("{}: {:?}", seen.status, text.chars().take(60).collect::<String>()))
        },
    },
    Assumption {
        name: "siris.unpublished",
        says: "a year that is not published is answered with a table without rows",
        from: "a municipality's fetching scripts",
        ask: Ask::Get("/runexport/?pFormat=csv&pExportID=42&pAr=2199&pLan=&pKommun=&pFlikar=0"),
        judge: |seen| {
            Finding::of(seen.status == 200, || format!("{} {:?}", seen.status, seen.json().map(|_: Value| ())))
        },
    },
];
