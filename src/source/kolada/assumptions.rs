//! What is taken for granted of Kolada v3, whose own description was not at
//! hand: each with the call that would show it.

use serde_json::Value;

use crate::config::When;
use crate::source::assumption::{Ask, Assumption, Finding, Observed};

const CLIENTS: &str = "rKolada 0.3.0, koladapy 1.0.1 and Kolada-MCP 2.1.0 (clients by others)";
const RECORDED: &str = "catalogues and values recorded in March 2026 (rKolada's data)";
const README: &str = "the README of Kolada's API v2";

pub const ASSUMPTIONS: &[Assumption] = &[
    Assumption {
        name: "kolada.envelope.next-url",
        says: "an answer is {values, count, next_url, previous_url}, and next_url leads below the same address",
        from: CLIENTS,
        ask: Ask::Get("/kpi?per_page=2"),
        judge: |seen| {
            let document = seen.json().unwrap_or_default();
            let next = document["next_url"].as_str().unwrap_or_default();
            let holds =
                document["values"].as_array().is_some_and(|values| values.len() == 2) && next.contains("page=2");
            Finding::of(holds, || brief(seen))
        },
    },
    Assumption {
        name: "kolada.page.5000",
        says: "a page holds at most 5,000 rows, and as many when more are asked for",
        from: README,
        ask: Ask::Get("/kpi?per_page=6000"),
        judge: |seen| {
            let rows = values(seen).len();
            // A catalogue that fits a page tells nothing.
            if rows < 5000 && seen.status == 200 {
                return Finding::NotSeen;
            }
            Finding::of(rows == 5000, || format!("{rows} rows under status {}", seen.status))
        },
    },
    Assumption {
        name: "kolada.kpi.fields",
        says: "an indicator has id, title, is_divided_by_gender and municipality_type (K, L or A), and perhaps has_ou_data",
        from: RECORDED,
        ask: Ask::Get("/kpi/N18898"),
        judge: |seen| {
            let rows = values(seen);
            let Some(kpi) = rows.first() else { return Finding::Differs(brief(seen)) };
            let divided = kpi["is_divided_by_gender"].is_boolean() || kpi["is_divided_by_gender"].is_number();
            let kind = matches!(kpi["municipality_type"].as_str(), Some("K" | "L" | "A"));
            Finding::of(kpi["title"].is_string() && divided && kind, || kpi.to_string())
        },
    },
    Assumption {
        name: "kolada.kpi.publication-date",
        says: "publication_date and prel_publication_date are days or null, and the day stays until the next is set",
        from: RECORDED,
        ask: Ask::Get("/kpi/N18898"),
        judge: |seen| {
            let rows = values(seen);
            let Some(kpi) = rows.first() else { return Finding::Differs(brief(seen)) };
            let days = [&kpi["prel_publication_date"], &kpi["publication_date"]];
            let is_day =
                |day: &&Value| day.is_null() || matches!(day.as_str().and_then(When::read), Some(When::Day(_)));
            Finding::of(days.iter().all(is_day), || format!("{days:?}"))
        },
    },
    Assumption {
        name: "kolada.kpi.unknown-is-empty",
        says: "an unknown indicator is answered with 200 and no rows",
        from: "rKolada 0.3.2.9001, which warns of it",
        ask: Ask::Get("/kpi/N99999"),
        judge: |seen| Finding::of(seen.status == 200 && values(seen).is_empty() && has_values(seen), || brief(seen)),
    },
    Assumption {
        name: "kolada.segment.25",
        says: "a path segment lists at most 25 values; more are refused",
        from: CLIENTS,
        ask: Ask::Get(
            "/data/kpi/N18898/municipality/0180/year/1997,1998,1999,2000,2001,2002,2003,2004,2005,2006,2007,2008,2009,\
             2010,2011,2012,2013,2014,2015,2016,2017,2018,2019,2020,2021,2022",
        ),
        judge: |seen| Finding::of((400..500).contains(&seen.status), || brief(seen)),
    },
    Assumption {
        name: "kolada.data.rows",
        says: "a row has kpi, municipality, period and values of gender (T, M, K), value, status and isdeleted",
        from: RECORDED,
        ask: Ask::Get("/data/kpi/N01982/municipality/0180/year/2023?per_page=5000"),
        judge: |seen| {
            let rows = values(seen);
            let Some(row) = rows.first() else { return Finding::Differs(brief(seen)) };
            let cells = row["values"].as_array().cloned().unwrap_or_default();
            let sound = |cell: &Value| {
                matches!(cell["gender"].as_str(), Some("T" | "M" | "K"))
                    && cell.get("value").is_some_and(|value| value.is_number() || value.is_null())
                    && (cell["isdeleted"].is_boolean() || cell["is_deleted"].is_number())
            };
            let named = row["kpi"] == "N01982" && row["municipality"] == "0180";
            Finding::of(named && !cells.is_empty() && cells.iter().all(sound), || row.to_string())
        },
    },
    Assumption {
        name: "kolada.municipality.types",
        says: "the nation is 0000 of type L, regions are 00 and the county's code of type L, municipalities of type K",
        from: RECORDED,
        ask: Ask::Get("/municipality?per_page=5000"),
        judge: |seen| {
            let rows = values(seen);
            let kind = |row: &Value| {
                let id = row["id"].as_str().unwrap_or_default();
                row["type"] == if id.starts_with("00") { "L" } else { "K" } && id.len() == 4
            };
            Finding::of(rows.len() > 300 && rows.iter().all(kind), || {
                rows.iter().find(|row| !kind(row)).map_or_else(|| brief(seen), Value::to_string)
            })
        },
    },
    Assumption {
        name: "kolada.group.members",
        says: "a group lists its members with member_id and member_title",
        from: RECORDED,
        ask: Ask::Get("/municipality_groups/G33612"),
        judge: members,
    },
    Assumption {
        name: "kolada.kpi-group.members",
        says: "a group of indicators lists its members with member_id and member_title, as groups of municipalities do",
        from: "koladapy's /kpi_groups and groups of municipalities; none of indicators has been recorded",
        ask: Ask::Get("/kpi_groups?per_page=1"),
        judge: members,
    },
    Assumption {
        name: "kolada.ou.municipality",
        says: "a unit such as a school has id, title and municipality, and /ou takes municipality=LIST",
        from: README,
        ask: Ask::Get("/ou?municipality=0180&per_page=5"),
        judge: |seen| {
            let rows = values(seen);
            let sound =
                |row: &Value| row["id"].is_string() && row["title"].is_string() && row["municipality"] == "0180";
            Finding::of(!rows.is_empty() && rows.iter().all(sound), || brief(seen))
        },
    },
    Assumption {
        name: "kolada.oudata.path",
        says: "/oudata/kpi/LIST/ou/LIST/year/LIST answers rows with `ou` in place of `municipality`",
        from: README,
        ask: Ask::Get("/oudata/kpi/N15419/year/2024?per_page=1"),
        judge: |seen| {
            let rows = values(seen);
            Finding::of(rows.first().is_some_and(|row| row["ou"].is_string()), || brief(seen))
        },
    },
    Assumption {
        name: "kolada.from-date.same-query",
        says: "from_date gives what has changed since a day, for the exact same query; it is not used",
        from: README,
        ask: Ask::Get("/data/kpi/N18898/municipality/0180/year/2023?from_date=2999-01-01"),
        judge: |seen| Finding::of(seen.status == 200 && values(seen).is_empty() && has_values(seen), || brief(seen)),
    },
    Assumption {
        name: "kolada.limit.429",
        says: "too many calls are answered with 429 and perhaps Retry-After; five calls a second are allowed",
        from: CLIENTS,
        ask: Ask::Nothing,
        judge: |seen| match seen.status {
            429 => Finding::Agrees,
            _ => Finding::NotSeen,
        },
    },
    Assumption {
        name: "kolada.down.html",
        says: "when it is down, Kolada may answer with a page of HTML",
        from: "rKolada, commit 240ef0d",
        ask: Ask::Nothing,
        judge: |seen| match seen.body.trim_ascii_start().first() {
            Some(b'<') => Finding::Agrees,
            _ => Finding::NotSeen,
        },
    },
];

fn members(seen: &Observed) -> Finding {
    let rows = values(seen);
    let Some(members) = rows.first().and_then(|group| group["members"].as_array()) else {
        return Finding::Differs(brief(seen));
    };
    let sound = |member: &Value| member["member_id"].is_string() && member["member_title"].is_string();
    Finding::of(!members.is_empty() && members.iter().all(sound), || {
        members.first().map_or_else(|| brief(seen), Value::to_string)
    })
}

fn values(seen: &Observed) -> Vec<Value> {
    seen.json().and_then(|document| document["values"].as_array().cloned()).unwrap_or_default()
}

fn has_values(seen: &Observed) -> bool {
    seen.json().is_some_and(|document| document["values"].is_array())
}

fn brief(seen: &Observed) -> String {
    let text: String = String::from_utf8_lossy(&seen.body).chars().take(120).collect();
    format!("{} {text}", seen.status)
}
