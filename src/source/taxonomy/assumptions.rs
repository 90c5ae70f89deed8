//! What is taken for granted of the taxonomy's files, second-hand.

use serde_json::Value;

use super::super::assumption::{Ask, Assumption, Finding, Observed};
use super::versions::Version;
use crate::source::taxonomy::concept;

const DUMP: Ask =
    Ask::Get("/version/latest/query/the-ssyk-hierarchy-with-occupations/the-ssyk-hierarchy-with-occupations.json");

pub const ASSUMPTIONS: &[Assumption] = &[
    Assumption {
        name: "taxonomy.versions.list",
        says: "the versions are listed as an array of objects with a number and a time",
        from: "JobTech's documents and its REST interface's naming of keys, 2020 to 2026; no recorded answer",
        ask: Ask::Get("https://taxonomy.api.jobtechdev.se/v1/taxonomy/main/versions"),
        judge: |seen| {
            if seen.status != 200 {
                return Finding::NotSeen;
            }
            let list = serde_json::from_slice::<Vec<Version>>(&seen.body);
            Finding::of(list.as_ref().is_ok_and(|list| !list.is_empty()), || format!("{list:?}"))
        },
    },
    Assumption {
        name: "taxonomy.dump.shape",
        says: "a query's answer is {\"data\": {\"concepts\": [...]}}, concepts within concepts, each with an id",
        from: "17 exports of December 2025",
        ask: DUMP,
        judge: |seen| {
            if seen.status != 200 {
                return Finding::NotSeen;
            }
            match concept::each(&seen.body, &mut |_, _| Ok(())) {
                Ok(Ok(list)) => Finding::of(list == "concepts", || format!("the list is called {list:?}")),
                Ok(Err(error)) => Finding::Differs(error.to_string()),
                Err(error) => Finding::Differs(error.to_string()),
            }
        },
    },
    Assumption {
        name: "taxonomy.dump.ssyk",
        says: "the SSYK hierarchy has 10, 46, 147 and 400 groups, all with a code under ssyk_code_2012",
        from: "the export of December 2025",
        ask: DUMP,
        judge: |seen| {
            if seen.status != 200 {
                return Finding::NotSeen;
            }
            let counted = counts(seen);
            Finding::of(counted == [10, 46, 147, 400], || format!("{counted:?}"))
        },
    },
    Assumption {
        name: "taxonomy.dump.unknown-is-404",
        says: "a query or version that is not published is answered 404 (or 403, as object storage does)",
        from: "what static files are usually answered with",
        ask: Ask::Get("/version/1/query/ingen-sadan/ingen-sadan.json"),
        judge: |seen| Finding::of(matches!(seen.status, 403 | 404), || format!("status {}", seen.status)),
    },
    Assumption {
        name: "taxonomy.dump.immutable",
        says: "the files of a version do not change once they are published",
        from: "JobTech's documents",
        ask: Ask::Nothing,
        judge: |_| Finding::NotSeen,
    },
];

fn counts(seen: &Observed) -> [usize; 4] {
    fn walk(concept: &serde_json::Map<String, Value>, counts: &mut [usize; 4]) {
        let levels = ["ssyk-level-1", "ssyk-level-2", "ssyk-level-3", "ssyk-level-4"];
        let kind = concept.get("type").and_then(Value::as_str).unwrap_or_default();
        if let Some(at) = levels.iter().position(|level| *level == kind)
            && concept.get("ssyk_code_2012").is_some_and(Value::is_string)
        {
            counts[at] += 1;
        }
        let narrower = concept.get("narrower").and_then(Value::as_array);
        narrower.into_iter().flatten().filter_map(Value::as_object).for_each(|inner| walk(inner, counts));
    }
    let mut found = [0; 4];
    let _ = concept::each(&seen.body, &mut |_, outermost| {
        walk(&outermost, &mut found);
        Ok(())
    });
    found
}
