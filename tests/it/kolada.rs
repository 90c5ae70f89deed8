//! Kolada from outside: groups of indicators, schools, and what its churn does
//! to a run.

use std::collections::BTreeSet;

use serde_json::json;

use crate::world::{Sandbox, World};

const PIPELINE: &str = r#"
version = 1
title = "Skolor och komvux"

[fetch.k.kolada]
source = "kolada"
kpi = ["N01982"]
kpi_group = ["G2KPI100001"]
municipality = ["0180", "0001", "0000", "G33612"]
years = [2022, 2023]
titles = { N18898 = "Elever i kommunal gymnasial vuxenutbildning hemkommun, antal" }

[fetch.s.kolada]
source = "kolada"
kpi = ["N15419"]
ou = ["V15E*"]
municipality = ["0180", "1280"]
years = [2023, 2024]

[dataset.komvux]
title = "Komvux"
sql = "komvux.sql"
key = ["kod", "kpi", "kon", "period"]

[dataset.komvux.column.kpi]
type = "text"
title = "Nyckeltal"

[dataset.komvux.column.kon]
type = "text"
title = "Kön"

[dataset.komvux.column.varde]
type = "float64"
decimals = 8
title = "Värde"
unit = "enligt nyckeltalet"

[dataset.skolor]
title = "Betyg per skola"
sql = "skolor.sql"
key = ["kod", "skola", "kon", "period"]

[dataset.skolor.column.skola]
type = "text"
title = "Skolenhet i Kolada"

[dataset.skolor.column.kon]
type = "text"
title = "Kön"

[dataset.skolor.column.varde]
type = "float64"
decimals = 1
title = "Uppnått betygskriterierna i alla ämnen"
unit = "procent"
"#;

const KOMVUX: &str =
    "SELECT niva, kod, period, kpi, kon, varde, varde_status, varde_symbol FROM k WHERE niva <> 'grupp'\n";
const SKOLOR: &str =
    "SELECT 'kommun' AS niva, kommun AS kod, period, ou AS skola, kon, varde, varde_status, varde_symbol FROM s\n";

fn world(sandbox: &Sandbox) -> World {
    let world = World::new().with_sandbox(sandbox);
    world.write("pipelines/skolor/pipeline.toml", PIPELINE);
    world.write("pipelines/skolor/komvux.sql", KOMVUX);
    world.write("pipelines/skolor/skolor.sql", SKOLOR);
    world
}

#[test]
fn groups_and_schools_are_published_and_computed_again() {
    let sandbox = Sandbox::start();
    let world = world(&sandbox);
    world.ok(&["check"]);
    world.ok(&["run", "skolor"]);
    let schools = world.rows("skolor");
    let ids: BTreeSet<&str> = schools.iter().map(|row| row["skola"].as_str()).collect();
    assert_eq!(
        ids.into_iter().collect::<Vec<_>>(),
        ["V15E018000101", "V15E018000201", "V15E128000101", "V15E128000201"]
    );
    assert!(schools.iter().all(|row| row["skola"][4..8] == row["kod"] && !row["varde_status"].is_empty()));
    let komvux = world.rows("komvux");
    let kpis: BTreeSet<&str> = komvux.iter().map(|row| row["kpi"].as_str()).collect();
    assert!(kpis.contains("N01982") && kpis.contains("N18898") && kpis.len() > 8, "{kpis:?}");
    assert!(komvux.iter().any(|row| row["niva"] == "lan" && row["kod"] == "01"));
    for dataset in ["komvux", "skolor"] {
        let version = world.current(dataset).unwrap();
        world.ok(&["replay", dataset, &version]);
    }
    world.ok(&["verify"]);
}

#[test]
fn churn_stops_the_publish_and_is_told_in_words() {
    let sandbox = Sandbox::start();
    let world = world(&sandbox);
    world.ok(&["run", "skolor"]);
    let before = world.current("komvux").unwrap();
    let stopped = |fault: serde_json::Value| {
        sandbox.fault(fault);
        let ran = world.run(&["run", "skolor"]);
        assert_eq!(ran.code, 1, "{}\n{}", ran.stdout, ran.stderr);
        assert_eq!(world.current("komvux").unwrap(), before, "the last good version stays");
        sandbox.behave();
        ran.stderr
    };
    let said = stopped(json!({ "kind": "changed_members", "code": "G33612" }));
    assert!(
        said.contains("group \"G33612\" (Stockholms läns kommuner (ovägt medel)) has other members than before"),
        "{said}"
    );
    let said = stopped(json!({ "kind": "ended_series", "code": "N01982" }));
    assert!(said.contains("has ended: its title now says that 2024 is its last year"), "{said}");
    let said = stopped(json!({ "kind": "changed_title", "code": "N18898" }));
    assert!(said.contains("indicator N18898 was chosen as \"Elever i kommunal gymnasial vuxenutbildning"), "{said}");
    let said = stopped(json!({ "kind": "removed_code", "code": "N01982" }));
    assert!(said.contains("knows no indicator N01982\n  N01982 was \""), "{said}");
    assert!(said.contains("likely successors: N0198"), "{said}");
    let said = stopped(json!({ "kind": "html200", "path_contains": "/oudata/" }));
    assert!(said.contains("/oudata/kpi/N15419/ou/"), "{said}");
    let healed = world.ok(&["run", "skolor"]);
    assert!(healed.stdout.starts_with("skolor         unchanged"), "{}", healed.stdout);
    world.ok(&["verify"]);
}
