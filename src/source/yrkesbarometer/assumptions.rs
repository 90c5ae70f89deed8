//! What is taken for granted of the file, second-hand: from copies that others
//! have made of it in 2025 and from notes of 2026.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::super::assumption::{Ask, Assumption, Finding, Observed};
use super::words::{ASSESSED, BORROWED};

const FILE: Ask = Ask::Get("/yrkesbarometer.json");
const COPY: &str = "copies of the file of omgång 2025-2 (4,818 rows) and notes of August 2026";

pub const ASSUMPTIONS: &[Assumption] = &[
    Assumption {
        name: "yrkesbarometer.file.rows",
        says: "the file is one JSON array with a row per occupation and area, 22 areas to each occupation",
        from: COPY,
        ask: FILE,
        judge: |seen| {
            judged(seen, |rows| {
                let of = |field: &str| rows.iter().map(|row| text(row, field)).collect::<BTreeSet<_>>().len();
                let (occupations, areas) = (of("yb_concept_id"), of("lan"));
                let holds = areas == 22 && rows.len() == occupations * areas;
                (holds, format!("{} rows of {occupations} occupations and {areas} areas", rows.len()))
            })
        },
    },
    Assumption {
        name: "yrkesbarometer.file.words",
        says: "an assessment uses no other words than those of method 2024 and later, or null",
        from: COPY,
        ask: FILE,
        judge: |seen| {
            judged(seen, |rows| {
                let mut strange = BTreeSet::new();
                for field in ASSESSED.iter().chain(&BORROWED) {
                    let words = rows.iter().filter_map(|row| row.get(field.column)?.as_str());
                    strange.extend(words.filter(|word| !field.words.contains(word)).map(str::to_owned));
                }
                (strange.is_empty(), strange.into_iter().collect::<Vec<_>>().join(", "))
            })
        },
    },
    Assumption {
        name: "yrkesbarometer.file.lan-is-text",
        says: "the area is text of two digits, \"00\" for the nation",
        from: COPY,
        ask: FILE,
        judge: |seen| {
            judged(seen, |rows| {
                let two = |row: &&Map<String, Value>| row.get("lan").and_then(Value::as_str).map(str::len) == Some(2);
                let other = rows.iter().find(|row| !two(row)).map(|row| row.get("lan").cloned().unwrap_or_default());
                (other.is_none(), other.unwrap_or_default().to_string())
            })
        },
    },
    Assumption {
        name: "yrkesbarometer.file.one-omgang",
        says: "a file holds one omgång, written YYYY-1 or YYYY-2",
        from: COPY,
        ask: FILE,
        judge: |seen| {
            judged(seen, |rows| {
                let rounds: BTreeSet<String> = rows.iter().map(|row| text(row, "omgang")).collect();
                let seen = rounds.iter().cloned().collect::<Vec<_>>().join(", ");
                (rounds.len() == 1 && seen.len() == 6 && (seen.ends_with("-1") || seen.ends_with("-2")), seen)
            })
        },
    },
    Assumption {
        name: "yrkesbarometer.file.last-modified",
        says: "the answer says when the file was last changed",
        from: "a note of August 2026 (Last-Modified: Mon, 08 Jun 2026 05:44:48 GMT)",
        ask: FILE,
        judge: |seen| match seen.status {
            200 => Finding::of(seen.headers.contains_key("last-modified"), || "no such header".to_owned()),
            _ => Finding::NotSeen,
        },
    },
];

/// Of the rows: whether it holds, and what was seen.
type Judge = fn(&[&Map<String, Value>]) -> (bool, String);

fn judged(seen: &Observed, judge: Judge) -> Finding {
    if seen.status != 200 {
        return Finding::NotSeen;
    }
    let Some(Value::Array(rows)) = seen.json() else { return Finding::Differs("no JSON array".to_owned()) };
    let rows: Vec<&Map<String, Value>> = rows.iter().filter_map(Value::as_object).collect();
    let (holds, told) = judge(&rows);
    Finding::of(holds, || told)
}

fn text(row: &Map<String, Value>, field: &str) -> String {
    row.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}
