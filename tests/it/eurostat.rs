//! Eurostat from outside: regions of the NUTS become län, nothing is fetched
//! twice, and what the source does wrong keeps the last good version.

use std::collections::BTreeSet;

use serde_json::json;

use crate::world::{Sandbox, World};

const PIPELINE: &str = r#"
version = 1
title = "Befolkning enligt Eurostat"

[fetch.f.eurostat]
source = "eurostat"
dataset = "demo_r_pjanaggr3"
select = { unit = "NR", sex = "*", age = ["TOTAL", "Y15-64"], geo = "SE*" }
since = "2022"
rename = { time = "period" }
value = "folkmangd"

[dataset.folk_nuts]
title = "Folkmängd 1 januari enligt Eurostat"
sql = "folk_nuts.sql"
key = ["kod", "alder", "kon", "period"]

[dataset.folk_nuts.column.alder]
type = "text"
title = "Ålder"

[dataset.folk_nuts.column.kon]
type = "text"
title = "Kön"

[dataset.folk_nuts.column.folkmangd]
type = "float64"
decimals = 0
title = "Folkmängd"
unit = "antal"
"#;

/// Riket and the län; the levels between have no code among the counties.
const SQL: &str = "SELECT n.niva, n.kod, f.period, f.age AS alder, f.sex AS kon, f.folkmangd, f.folkmangd_status, \
                   f.folkmangd_symbol\nFROM f\nJOIN ref_nuts AS n ON n.nuts = f.geo\nWHERE n.niva IN ('riket', 'lan')\n";

pub fn world(sandbox: &Sandbox, format: &str) -> World {
    let world = World::new().with_sandbox(sandbox);
    let url = sandbox.kolada.replace("kolada/v3", "eurostat/api/dissemination");
    let sources = world.read("config/sources.toml");
    world.write(
        "config/sources.toml",
        &format!("{sources}[source.eurostat.eurostat]\nbase_url = \"{url}\"\ncredit = \"Eurostat\"\nlicence = \"CC-BY-4.0\"\n"),
    );
    let pipeline = PIPELINE.replace("since = ", &format!("format = \"{format}\"\nsince = "));
    world.write("pipelines/folk_nuts/pipeline.toml", &pipeline);
    world.write("pipelines/folk_nuts/folk_nuts.sql", SQL);
    world
}

#[test]
fn nuts_become_lan_and_nothing_is_fetched_twice() {
    let sandbox = Sandbox::start();
    let mut published = Vec::new();
    for format in ["json", "sdmx-csv"] {
        let world = world(&sandbox, format);
        world.ok(&["check"]);
        world.ok(&["run", "folk_nuts"]);
        let rows = world.rows("folk_nuts");
        let codes: BTreeSet<&str> = rows.iter().map(|row| row["kod"].as_str()).collect();
        assert_eq!((codes.len(), codes.contains("00"), codes.contains("25")), (22, true, true));
        assert_eq!(rows.len(), 22 * 3 * 2 * 5);
        let latest: BTreeSet<(&str, &str)> = rows
            .iter()
            .filter(|row| row["period"] == "2026")
            .map(|row| (row["folkmangd_symbol"].as_str(), row["folkmangd_status"].as_str()))
            .collect();
        assert_eq!(latest.into_iter().collect::<Vec<_>>(), [("ep", "unreliable")]);
        let mut figures: Vec<String> = rows
            .iter()
            .map(|row| {
                ["kod", "alder", "kon", "period", "folkmangd", "folkmangd_symbol"]
                    .map(|name| row[name].clone())
                    .join(" ")
            })
            .collect();
        figures.sort_unstable();
        published.push(figures);

        sandbox.forget_calls();
        let again = world.ok(&["run", "folk_nuts"]);
        assert!(again.stdout.starts_with("folk_nuts      unchanged"), "{}", again.stdout);
        assert!(
            sandbox.calls().iter().all(|call| !call["path"].as_str().unwrap().contains("/data/")),
            "only asked about"
        );
        let version = world.current("folk_nuts").unwrap();
        world.ok(&["replay", "folk_nuts", &version]);
        world.ok(&["verify"]);
    }
    assert_eq!(published[0], published[1], "the same figures in either format");
}

#[test]
fn faults_and_drift_keep_the_last_good_version() {
    let sandbox = Sandbox::start();
    let world = world(&sandbox, "json");
    world.ok(&["run", "folk_nuts"]);
    let before = world.current("folk_nuts").unwrap();
    let stopped = |fault: serde_json::Value| {
        sandbox.fault(fault);
        let ran = world.run(&["run", "folk_nuts", "--force"]);
        assert_eq!(ran.code, 1, "{}\n{}", ran.stdout, ran.stderr);
        assert_eq!(world.current("folk_nuts").unwrap(), before, "the last good version stays");
        sandbox.behave();
        ran.stderr
    };
    let said = stopped(json!({ "kind": "relabelled_code", "code": "SE110" }));
    assert!(said.contains("\"SE110\" was \"Stockholms län\" and is \"Stockholms län (new)\""), "{said}");
    let said = stopped(json!({ "kind": "removed_code", "code": "SE332" }));
    assert!(said.contains("dimension \"geo\" has lost the code \"SE332\" (Norrbottens län)"), "{said}");
    let said = stopped(json!({ "kind": "truncate", "path_contains": "/statistics/" }));
    assert!(
        said.contains("eurostat: GET http://127.0.0.1:[port]/eurostat/api/dissemination/statistics/1.0/data/"),
        "{said}"
    );
    let said = stopped(json!({ "kind": "lost_table" }));
    assert!(said.contains("table \"demo_r_pjanaggr3\" does not exist at "), "{said}");

    // Too big is asked for in halves, and what only takes its time, again.
    sandbox.fault(json!({ "kind": "extraction_too_big", "path_contains": "/statistics/", "times": 1 }));
    sandbox.fault(json!({ "kind": "asynchronous_response", "path_contains": "/statistics/", "times": 1, "after": 1, "status": 200 }));
    let ran = world.ok(&["run", "folk_nuts", "--force"]);
    assert!(ran.stdout.starts_with("folk_nuts      unchanged"), "{}", ran.stdout);
    world.ok(&["verify"]);
}
