//! Skolverket's four sources through the program: planned, run, looked at as
//! a reader would, and kept from what is wrong.

use serde_json::json;

use crate::world::{Sandbox, World};

fn skolverket(sandbox: &Sandbox) -> World {
    let world = World::new();
    let root = sandbox.files.trim_end_matches("/filer");
    let source = |name: &str, kind: &str, path: &str| {
        format!(
            "[source.{name}.{kind}]\nbase_url = \"{root}/{path}\"\ncredit = \"Skolverket\"\nlicence = \"CC0-1.0\"\n"
        )
    };
    world.write(
        "config/sources.toml",
        &format!(
            "version = 1\n{}{}{}{}",
            source("utbud", "planned-educations", "planned-educations"),
            source("register", "school-units", "skolenhetsregistret"),
            source("susa", "susa-navet", "susa-navet/emil3"),
            source("siris", "siris", "siris/reports/export_api"),
        ),
    );
    world
}

fn pipeline(world: &World, name: &str, fetch: &str, columns: &str, query: &str) {
    world.write(
        &format!("pipelines/{name}/pipeline.toml"),
        &format!(
            "version = 1\ntitle = \"{name}\"\n\n[fetch.f.{fetch}\n\n[dataset.{name}]\ntitle = \"{name}\"\n\
             sql = \"{name}.sql\"\nkey = [\"kod\", \"period\", \"slag\"]\n\
             [dataset.{name}.column.slag]\ntype = \"text\"\ntitle = \"Slag\"\n{columns}"
        ),
    );
    world.write(&format!("pipelines/{name}/{name}.sql"), query);
}

const COUNT: &str =
    "[dataset.NAME.column.antal]\ntype = \"int64\"\ntitle = \"Antal\"\nunit = \"antal\"\nadditive = true\n";

#[test]
fn the_supply_of_adult_education_is_published_whole_or_not_at_all() {
    let sandbox = Sandbox::start();
    let world = skolverket(&sandbox);
    pipeline(
        &world,
        "utbud",
        "planned-educations]\nsource = \"utbud\"\nareas = [\"1480\", \"0114\"]",
        &COUNT.replace("NAME", "utbud"),
        "SELECT 'kommun' AS niva, kommun_kod AS kod, '2027' AS period, skolform AS slag, count(*) AS antal, 'observed' AS antal_status\n\
         FROM f GROUP BY kommun_kod, skolform\n",
    );
    world.ok(&["check"]);
    let plan = world.ok(&["plan", "utbud"]).stdout;
    assert!(plan.contains("; about "), "{plan}");
    assert!(plan.contains("calls are an estimate: how far a place of more than 100 events must be cut"), "{plan}");
    world.ok(&["run", "utbud"]);
    let rows = world.rows("utbud");
    let sum = |kod: &str| -> u64 {
        rows.iter().filter(|row| row["kod"] == kod).map(|row| row["antal"].parse::<u64>().unwrap()).sum()
    };
    assert_eq!(sum("1480"), 420);
    assert!(rows.iter().all(|row| row["lan"] == row["kod"][..2]));
    let version = world.current("utbud");

    // A page of maintenance in the place of one slice: the last good version stays.
    sandbox.fault(json!({ "path_contains": "directionIds", "kind": "html200" }));
    let ran = world.run(&["run", "utbud", "--force"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("pipeline utbud: fetch f: utbud: "), "{}", ran.stderr);
    assert_eq!(world.current("utbud"), version);
    sandbox.behave();
    world.ok(&["run", "utbud"]);
    world.ok(&["verify"]);
}

#[test]
fn units_occasions_and_costs_become_tables() {
    let sandbox = Sandbox::start();
    let world = skolverket(&sandbox);
    pipeline(
        &world,
        "enheter",
        "school-units]\nsource = \"register\"\nmunicipalities = [\"1480\", \"0114\"]\nstatuses = [\"AKTIV\"]",
        &COUNT.replace("NAME", "enheter"),
        "SELECT 'kommun' AS niva, kommun_kod AS kod, '2026' AS period, status AS slag, count(*) AS antal, 'observed' AS antal_status\n\
         FROM f GROUP BY kommun_kod, status\n",
    );
    pipeline(
        &world,
        "tillfallen",
        "susa-navet]\nsource = \"susa\"\nschool_types = [\"YH\"]",
        &COUNT.replace("NAME", "tillfallen"),
        "SELECT 'kommun' AS niva, kommun_kod AS kod, '2026' AS period, startvillkor AS slag, count(*) AS antal, 'observed' AS antal_status\n\
         FROM f WHERE kommun_kod IS NOT NULL GROUP BY kommun_kod, startvillkor\n",
    );
    pipeline(
        &world,
        "kostnader",
        "siris]\nsource = \"siris\"\nexport = 42\nyears = \"2012..\"\ntexts = { Kommunkod = \"kod\" }\n\
         numbers = { Elever = \"elever\", \"Elevhälsa per elev\" = \"elevhalsa\", \"Elevvård per elev\" = \"elevhalsa\" }",
        "[dataset.kostnader.column.elever]\ntype = \"float64\"\ntitle = \"Elever\"\n",
        "SELECT 'kommun' AS niva, kod, ar AS period, 'komvux' AS slag, elever, elever_status, elever_symbol FROM f\n",
    );
    world.ok(&["run", "--all"]);
    assert_eq!(world.rows("enheter").len(), 2);
    assert!(world.rows("tillfallen").iter().any(|row| row["kod"] == "1480"));
    let costs = world.rows("kostnader");
    assert_eq!(costs.len(), 14 * 290);
    assert!(costs.iter().any(|row| row["elever_status"] == "suppressed" && row["elever_symbol"] == ".."));
    assert!(costs.iter().any(|row| row["elever_status"] == "unreliable" && row["elever_symbol"] == "cirka"));
    world.ok(&["verify"]);
}
