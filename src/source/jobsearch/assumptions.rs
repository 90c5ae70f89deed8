//! What is taken for granted of JobSearch, second-hand: its source of 2021
//! (version 1.16) is not what runs (1.37 in September 2026).

use serde_json::Value;

use super::super::assumption::{Ask, Assumption, Finding, Observed};

pub const ASSUMPTIONS: &[Assumption] = &[
    Assumption {
        name: "jobsearch.stats.five-unless-told",
        says: "a statistic has 5 values when stats.limit is left out",
        from: "the API's source of 2021; a third party's collector of 2026",
        ask: Ask::Get("/search?limit=0&stats=occupation-group"),
        judge: |seen| values(seen, "occupation-group", |count| count == 5),
    },
    Assumption {
        name: "jobsearch.stats.thirty-at-most",
        says: "stats.limit=30 gives 30 values of a statistic that has more",
        from: "the API's source of 2021",
        ask: Ask::Get("/search?limit=0&stats=occupation-group&stats.limit=30"),
        judge: |seen| values(seen, "occupation-group", |count| count == 30),
    },
    Assumption {
        name: "jobsearch.stats.thirty-one-refused",
        says: "stats.limit=31 is answered 400",
        from: "the API's source of 2021",
        ask: Ask::Get("/search?limit=0&stats=occupation-group&stats.limit=31"),
        judge: |seen| Finding::of(seen.status == 400, || format!("status {}", seen.status)),
    },
    Assumption {
        name: "jobsearch.stats.concept-ids",
        says: "each value of a statistic has a concept id, a term and a count",
        from: "a recorded answer of week 38, 2026, transcribed by hand",
        ask: Ask::Get("/search?limit=0&stats=region&stats.limit=30"),
        judge: |seen| {
            let Some(list) = statistic(seen, "region") else { return told(seen, "no statistic by region") };
            let whole = |value: &&Value| {
                value["concept_id"].is_string() && value["term"].is_string() && value["count"].is_u64()
            };
            let other = list.iter().find(|value| !whole(value));
            Finding::of(other.is_none(), || other.map(ToString::to_string).unwrap_or_default())
        },
    },
    Assumption {
        name: "jobsearch.stats.regions-fit",
        says: "there are no more than 21 regions with advertisements in Sweden, so that they fit one answer",
        from: "the taxonomy's 21 Swedish regions",
        ask: Ask::Get("/search?limit=0&stats=region&stats.limit=30&country=i46j_HmG_v64"),
        judge: |seen| values(seen, "region", |count| count <= 21),
    },
    Assumption {
        name: "jobsearch.filter.unknown-is-zero",
        says: "an unknown id is answered 200 with a total of 0",
        from: "three third parties' clients, 2025 and 2026",
        ask: Ask::Get("/search?limit=0&occupation-group=XXXX_XXX_XXX"),
        judge: |seen| match total(seen) {
            Some(total) => Finding::of(seen.status == 200 && total == 0, || format!("a total of {total}")),
            None => told(seen, "no total"),
        },
    },
    Assumption {
        name: "jobsearch.filter.groups-unite",
        says: "several occupation-group filters are united",
        from: "the API's documents",
        ask: Ask::Get(
            "/search?limit=0&stats=occupation-group&stats.limit=30&occupation-group=DJh5_yyF_hEM&occupation-group=Z8ci_bBE_tmx",
        ),
        judge: |seen| values(seen, "occupation-group", |count| count == 2),
    },
    Assumption {
        name: "jobsearch.filter.unplaced",
        says: "unspecified-sweden-workplace=true counts what is in Sweden and in no region",
        from: "the API's source of 2021",
        ask: Ask::Get("/search?limit=0&stats=region&stats.limit=30&unspecified-sweden-workplace=true"),
        judge: |seen| values(seen, "region", |count| count == 0),
    },
    Assumption {
        name: "jobsearch.offset.refused",
        says: "an offset above 2000 is answered 400 with {\"errors\": {\"offset\": ...}, \"message\": ...}",
        from: "the API's tests of 2021",
        ask: Ask::Get("/search?offset=2001&limit=0"),
        judge: |seen| {
            let said =
                seen.json().is_some_and(|body| body["errors"]["offset"].is_string() && body["message"].is_string());
            Finding::of(seen.status == 400 && said, || format!("status {}", seen.status))
        },
    },
    Assumption {
        name: "jobsearch.key.none",
        says: "no key is needed",
        from: "third parties' calls, August to October 2026; many documents still say otherwise",
        ask: Ask::Get("/search?limit=0"),
        judge: |seen| Finding::of(seen.status == 200, || format!("status {}", seen.status)),
    },
];

fn statistic(seen: &Observed, kind: &str) -> Option<Vec<Value>> {
    let body = seen.json()?;
    let found =
        body["stats"].as_array()?.iter().find(|statistic| statistic["type"] == kind)?["values"].as_array()?.clone();
    Some(found)
}

fn total(seen: &Observed) -> Option<u64> {
    seen.json()?["total"]["value"].as_u64()
}

fn values(seen: &Observed, kind: &str, fits: fn(usize) -> bool) -> Finding {
    match statistic(seen, kind) {
        Some(list) => Finding::of(fits(list.len()), || format!("{} values", list.len())),
        // Nothing to count, and no list of it.
        None if seen.status == 200 && fits(0) => Finding::Agrees,
        None => told(seen, "no such statistic"),
    }
}

fn told(seen: &Observed, otherwise: &str) -> Finding {
    if seen.status == 200 { Finding::Differs(otherwise.to_owned()) } else { Finding::NotSeen }
}
