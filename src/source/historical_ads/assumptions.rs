//! What is taken for granted of the yearly files.

use crate::source::assumption::{Ask, Assumption, Finding, Observed};

const NOTES: &str = "others' notes and code (forum.jobtechdev.se t/798 and t/879, simonbe/afhistorik), 2021–2026";

fn is_file(seen: &Observed) -> bool {
    seen.status == 200 && seen.url.ends_with(".zip")
}

pub const ASSUMPTIONS: &[Assumption] = &[
    Assumption {
        name: "historical-ads.file.zip",
        says: "A year's file is a zip with one member.",
        from: NOTES,
        // A gigabyte is not asked for to see how it begins.
        ask: Ask::Nothing,
        judge: |seen| {
            if !is_file(seen) {
                return Finding::NotSeen;
            }
            Finding::of(seen.body.starts_with(b"PK\x03\x04"), || "it does not begin as a zip".to_owned())
        },
    },
    Assumption {
        name: "historical-ads.file.validators",
        says: "A year's file comes with an ETag, or with Last-Modified and Content-Length.",
        from: "usual for a static server",
        ask: Ask::Nothing,
        judge: |seen| {
            if !is_file(seen) {
                return Finding::NotSeen;
            }
            let has = |name: &str| seen.headers.contains_key(name);
            let holds = has("etag") || has("last-modified") && has("content-length");
            Finding::of(holds, || seen.headers.keys().cloned().collect::<Vec<_>>().join(", "))
        },
    },
    Assumption {
        name: "historical-ads.file.missing",
        says: "A year without a file is answered 404.",
        from: "usual for a static server",
        ask: Ask::Get("/annonser/historiska/1900.jsonl.zip"),
        judge: |seen| Finding::of(seen.status == 404, || format!("status {}", seen.status)),
    },
];
