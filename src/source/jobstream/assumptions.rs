//! What is taken for granted of `JobStream`.

use crate::source::assumption::{Ask, Assumption, Finding, Observed};

const CODE: &str = "provider code: jobstream-api's loader and the docs in Jobstream-content";

fn is_stream(seen: &Observed) -> bool {
    seen.url.contains("/stream?") || seen.url.ends_with("/snapshot")
}

fn first(seen: &Observed, removed: bool) -> Option<serde_json::Value> {
    let list = seen.json()?;
    list.as_array()?.iter().find(|ad| (ad["removed"] == true) == removed).cloned()
}

pub const ASSUMPTIONS: &[Assumption] = &[
    Assumption {
        name: "jobstream.stream.array",
        says: "A window without a change is answered with an empty JSON array.",
        from: CODE,
        ask: Ask::Get("/v2/stream?updated-after=2100-01-01T00:00:00&updated-before=2100-01-02T00:00:00"),
        judge: |seen| {
            let empty = seen.json().is_some_and(|body| body.as_array().is_some_and(Vec::is_empty));
            Finding::of(seen.status == 200 && empty, || format!("status {}, {} bytes", seen.status, seen.body.len()))
        },
    },
    Assumption {
        name: "jobstream.stream.after-required",
        says: "A window without a beginning is answered 400.",
        from: CODE,
        ask: Ask::Get("/v2/stream"),
        judge: |seen| Finding::of(seen.status == 400, || format!("status {}", seen.status)),
    },
    Assumption {
        name: "jobstream.stream.local-time",
        says: "Times are without a zone; one that is no time is answered 400.",
        from: CODE,
        ask: Ask::Get("/v2/stream?updated-after=igår"),
        judge: |seen| Finding::of(seen.status == 400, || format!("status {}", seen.status)),
    },
    Assumption {
        name: "jobstream.ad.fields",
        says: "An advertisement has id, timestamp (ms), occupation_group.legacy_ams_taxonomy_id and \
               workplace_address.municipality_code.",
        from: "a saved advertisement of 2018 and the result models of the provider",
        // A window of now is not known in advance, and a snapshot is 400 MB.
        ask: Ask::Nothing,
        judge: |seen| {
            let Some(ad) = is_stream(seen).then(|| first(seen, false)).flatten() else { return Finding::NotSeen };
            let paths = [
                "/id",
                "/timestamp",
                "/occupation_group/legacy_ams_taxonomy_id",
                "/workplace_address/municipality_code",
            ];
            let missing: Vec<&str> = paths.into_iter().filter(|path| ad.pointer(path).is_none()).collect();
            Finding::of(missing.is_empty(), || format!("without {}", missing.join(", ")))
        },
    },
    Assumption {
        name: "jobstream.removal.fields",
        says: "A removal has id, removed = true and removed_date.",
        from: CODE,
        ask: Ask::Nothing,
        judge: |seen| {
            let Some(removal) = is_stream(seen).then(|| first(seen, true)).flatten() else { return Finding::NotSeen };
            let holds = removal["removed_date"].is_string() && !removal["id"].is_null();
            Finding::of(holds, || {
                let keys = removal.as_object().map(|fields| fields.keys().cloned().collect::<Vec<_>>().join(", "));
                keys.unwrap_or_default()
            })
        },
    },
];
