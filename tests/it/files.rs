//! A workbook whose address moves, from an office's page through the program to
//! Parquet; and an operator's own workbook, whose makers are named. What goes
//! wrong leaves what was published as it was.

use serde_json::json;

use crate::world::{Sandbox, World};

const MOVING: &str = r#"version = 1
title = "Inskrivna"

[fetch.ark.file]
source = "af"
path = "statistik.html"
link_pattern = "*/web-sokande-{year}-{month}.xlsx"
period_column = "period"
format = "xlsx"
sheet = "Tabell*"
header_row = [3, 4]
units_row = 5
until_blank = true
fill_down = ["lan"]
rename = { "Kommun" = "kod", "Inskrivna kvinnor" = "kvinnor", "Län" = "lan" }
columns = { lan = "text", kod = "text", kvinnor = "int64" }
symbols = { "<#" = "suppressed", ".." = "missing" }

[dataset.inskrivna]
title = "Inskrivna arbetslösa kvinnor"
sql = "inskrivna.sql"
key = ["kod", "period"]

[dataset.inskrivna.column.kvinnor]
type = "int64"
title = "Inskrivna kvinnor"
unit = "antal"
"#;

const SQL: &str = "SELECT 'kommun' AS niva, kod, period, kvinnor, kvinnor_status, kvinnor_symbol FROM ark\n";

#[test]
fn a_workbook_behind_a_moving_link_is_published_and_followed() {
    let sandbox = Sandbox::start();
    let world = World::new().with_sandbox(&sandbox);
    world.write("pipelines/inskrivna/pipeline.toml", MOVING);
    world.write("pipelines/inskrivna/inskrivna.sql", SQL);
    world.ok(&["check"]);
    world.ok(&["run", "inskrivna"]);
    let rows = world.rows("inskrivna");
    assert_eq!(rows.len(), 290);
    assert!(rows.iter().all(|row| row["period"] == "2026M10"));
    assert!(rows.iter().any(|row| row["kvinnor_symbol"] == "<5" && row["kvinnor_status"] == "suppressed"));
    let source = &world.manifest("inskrivna")["sources"]["ark"];
    let stamp = source["stamp"].as_str().unwrap();
    assert!(stamp.starts_with("2026M10 http://") && stamp.contains("web-sokande-2026-10.xlsx etag "), "{stamp}");
    assert_eq!(source["answers"].as_array().unwrap().len(), 2, "the page and the workbook");

    // The same page: nothing is fetched again but the page.
    sandbox.forget_calls();
    world.ok(&["run", "inskrivna"]);
    assert!(sandbox.calls().len() <= 2, "{:?}", sandbox.calls());

    sandbox.fault(json!({ "kind": "html200", "path_contains": "download" }));
    sandbox.fault(json!({ "kind": "revise" }));
    let before = world.current("inskrivna");
    let failed = world.run(&["run", "inskrivna"]);
    assert_eq!((failed.code, world.current("inskrivna")), (1, before));
    assert!(failed.stderr.contains("the body is not XLSX: it begins with"), "{}", failed.stderr);

    sandbox.behave();
    sandbox.fault(json!({ "kind": "revise" }));
    world.ok(&["run", "inskrivna"]);
    let rows = world.rows("inskrivna");
    let of = |period: &str| rows.iter().filter(|row| row["period"] == period).count();
    assert_eq!((of("2026M10"), of("2026M11")), (290, 290), "the month before stays published");
}

const OWN: &str = r#"version = 1
title = "Validering"

[fetch.enkat.file]
path = "enkat.xlsx"
format = "xlsx"
columns = { kod = "text", svar = "int64" }
provenance = { person = "Anna Prov", date = "2026-11-01" }

[dataset.validering]
title = "Svar på valideringsenkäten"
sql = "validering.sql"
key = ["kod", "period"]

[dataset.validering.column.svar]
type = "int64"
title = "Svar"
unit = "antal"
"#;

fn survey(world: &World, header: &str, svar: f64) {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_string(0, 0, "Kod").unwrap();
    sheet.write_string(0, 1, header).unwrap();
    sheet.write_string(1, 0, "0114").unwrap();
    sheet.write_number(1, 1, svar).unwrap();
    book.save(world.path("pipelines/validering/enkat.xlsx")).unwrap();
}

#[test]
fn an_own_workbook_names_its_maker_and_a_changed_header_stops() {
    let world = World::new();
    world.write("pipelines/validering/pipeline.toml", OWN);
    world.write(
        "pipelines/validering/validering.sql",
        "SELECT 'kommun' AS niva, kod, '2026' AS period, svar, svar_status FROM enkat\n",
    );
    survey(&world, "Svar", 12.0);
    world.ok(&["run", "validering"]);
    assert_eq!(world.rows("validering")[0]["svar"], "12");
    let manifest = world.manifest("validering");
    assert_eq!(manifest["sources"]["enkat"]["credit"], "Region Prov (Anna Prov, 2026-11-01)");
    assert_eq!(manifest["sources"]["enkat"]["notes"][0], "Uppgifterna är lämnade av Anna Prov den 2026-11-01.");
    assert!(manifest["credit"].as_str().unwrap().contains("Anna Prov"), "{}", manifest["credit"]);

    let before = world.current("validering");
    survey(&world, "Svarr", 13.0);
    let failed = world.run(&["run", "validering"]);
    assert_eq!((failed.code, world.current("validering")), (1, before));
    assert!(
        failed.stderr.contains("there is no column \"svar\"; the nearest is \"Svarr\"; the header has Kod, Svarr"),
        "{}",
        failed.stderr
    );
    survey(&world, "Svar", 13.0);
    world.ok(&["run", "validering"]);
    assert_eq!(world.rows("validering")[0]["svar"], "13");
}
