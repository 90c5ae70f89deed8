//! Arbetsförmedlingen's sources through the program: Yrkesbarometern, the
//! taxonomy and JobSearch's counts, from the stand-in to Parquet.

use serde_json::json;

use crate::world::{Sandbox, World};

/// A configuration with the stand-in's three sources.
pub fn world(sandbox: &Sandbox) -> World {
    let world = World::new();
    let base = sandbox.files.trim_end_matches("filer");
    world.write(
        "config/sources.toml",
        &format!(
            "version = 1\n\
             [source.yb.yrkesbarometer]\nbase_url = \"{base}yrkesbarometer\"\ncredit = \"Arbetsförmedlingen\"\nlicence = \"CC0-1.0\"\n\
             [source.tax.taxonomy]\nbase_url = \"{base}taxonomy\"\ncredit = \"JobTech\"\nlicence = \"CC0-1.0\"\n\
             [source.annonser.jobsearch]\nbase_url = \"{base}jobsearch\"\ncredit = \"Platsbanken\"\nlicence = \"CC0-1.0\"\n"
        ),
    );
    world
}

fn text_column(dataset: &str, name: &str) -> String {
    format!("[dataset.{dataset}.column.{name}]\ntype = \"text\"\ntitle = \"{name}\"\n")
}

pub fn barometer(world: &World) {
    let columns = ["yb_id", "ssyk", "rekryteringssituation", "rekryteringssituation_status"];
    let columns: String = columns.iter().map(|name| text_column("barometer", name)).collect();
    // Where nothing is assessed, nothing is said.
    let columns = columns.replace("\"rekryteringssituation\"\n", "\"rekryteringssituation\"\nnullable = true\n");
    world.write(
        "pipelines/barometer/pipeline.toml",
        &format!(
            "version = 1\ntitle = \"Barometer\"\n\
             [fetch.b.yrkesbarometer]\nsource = \"yb\"\n\
             [dataset.barometer]\ntitle = \"Yrkesbarometern\"\nsql = \"barometer.sql\"\n\
             key = [\"kod\", \"yb_id\", \"ssyk\", \"period\"]\n{columns}\
             [dataset.barometer.check]\nunique = true\nmin_rows = 4000\n"
        ),
    );
    world.write(
        "pipelines/barometer/barometer.sql",
        "SELECT niva, kod, period, yb_id, ssyk, rekryteringssituation, rekryteringssituation_status FROM b\n",
    );
}

#[test]
fn a_new_omgang_stands_beside_the_old_one() {
    let sandbox = Sandbox::start();
    let world = world(&sandbox);
    barometer(&world);
    let first = world.ok(&["run", "barometer"]);
    assert!(first.stdout.contains("omgång 2026-1: 219 occupations"), "{}", first.stdout);
    assert!(first.stdout.contains("occupations and SSYK groups are not one to one"), "{}", first.stdout);
    let rows = world.rows("barometer");
    let count = rows.len();
    let silent = rows.iter().filter(|row| row["rekryteringssituation_status"] == "not_assessed").count();
    assert!(silent > 1000 && silent < count);
    assert!(
        rows.iter()
            .all(|row| row["rekryteringssituation"].is_empty()
                == (row["rekryteringssituation_status"] == "not_assessed"))
    );
    assert!(rows.iter().any(|row| row["ssyk"].starts_with('0') && row["lan"] == "01"));
    let stamp = world.manifest("barometer")["sources"]["b"]["stamp"].as_str().unwrap().to_owned();
    assert!(stamp.starts_with("omgang 2026-1 blake3 "), "{stamp}");
    assert!(world.ok(&["run", "barometer"]).stdout.contains("unchanged"));

    sandbox.fault(json!({ "path_contains": "yrkesbarometer", "kind": "revise" }));
    let second = world.ok(&["run", "barometer"]);
    assert!(second.stdout.contains("omgång 2026-2"), "{}", second.stdout);
    let rows = world.rows("barometer");
    let of = |period: &str| rows.iter().filter(|row| row["period"] == period).count();
    assert_eq!((of("2026H1"), of("2026H2")), (count, count));
    world.ok(&["verify"]);

    // An occupation that is gone is not published unseen, nor is a file that cannot be.
    let before = world.current("barometer");
    sandbox.fault(json!({ "path_contains": "yrkesbarometer", "kind": "lost_code" }));
    let gone = world.run(&["run", "barometer"]);
    assert_eq!(gone.code, 1);
    assert!(
        gone.stderr.contains("dimension \"yb_id\" has lost the code \"Yb00_000_syn\" (Officerare (SSYK 0110"),
        "{}",
        gone.stderr
    );
    sandbox.behave();
    for kind in ["html200", "truncate", "duplicate_kommun", "unknown_kommun"] {
        sandbox.fault(json!({ "path_contains": "yrkesbarometer", "kind": kind }));
        let ran = world.run(&["run", "barometer"]);
        assert_eq!(ran.code, 1, "{kind}: {}", ran.stdout);
        assert!(ran.stderr.contains("yb: ") && ran.stderr.contains("/yrkesbarometer.json"), "{kind}: {}", ran.stderr);
        sandbox.behave();
    }
    assert_eq!(world.current("barometer"), before);
}

#[test]
fn the_latest_version_is_pinned_and_asked_for_once() {
    let sandbox = Sandbox::start();
    let world = world(&sandbox);
    let base = sandbox.files.trim_end_matches("filer");
    let columns: String = ["id", "ssyk", "namn_i_taxonomin"].iter().map(|name| text_column("grupper", name)).collect();
    world.write(
        "pipelines/grupper/pipeline.toml",
        &format!(
            "version = 1\ntitle = \"Grupper\"\n\
             [fetch.t.taxonomy]\nsource = \"tax\"\nversion = \"latest\"\nquery = \"the-ssyk-hierarchy-with-occupations\"\n\
             versions_url = \"{base}taxonomy/main/versions\"\n\
             [dataset.grupper]\ntitle = \"Yrkesgrupper\"\nsql = \"grupper.sql\"\nkey = [\"kod\", \"id\", \"period\"]\n{columns}"
        ),
    );
    world.write(
        "pipelines/grupper/grupper.sql",
        "SELECT 'riket' AS niva, '00' AS kod, '2026' AS period, id, kod AS ssyk, namn AS namn_i_taxonomin\n\
         FROM t WHERE typ = 'ssyk-level-4'\n",
    );
    world.ok(&["run", "grupper"]);
    assert_eq!(world.rows("grupper").len(), 400);
    assert_eq!(
        world.manifest("grupper")["sources"]["t"]["stamp"],
        "taxonomy version 31 the-ssyk-hierarchy-with-occupations"
    );
    sandbox.forget_calls();
    assert!(world.ok(&["run", "grupper"]).stdout.contains("unchanged"));
    let calls = sandbox.calls();
    assert_eq!(calls.len(), 1, "only the list of versions: {calls:?}");

    sandbox.fault(json!({ "path_contains": "taxonomy", "kind": "revise" }));
    let renamed = world.run(&["run", "grupper"]);
    assert_eq!(renamed.code, 1);
    assert!(renamed.stderr.contains("\"Officerare (ny) (0110)\""), "{}", renamed.stderr);
    world.ok(&["accept", "grupper", "--reason", "ny version av taxonomin"]);
    world.ok(&["run", "grupper"]);
    assert_eq!(
        world.manifest("grupper")["sources"]["t"]["stamp"],
        "taxonomy version 32 the-ssyk-hierarchy-with-occupations"
    );
    let wrong = World::new();
    wrong.write("config/sources.toml", &world.read("config/sources.toml"));
    wrong.write(
        "pipelines/fel/pipeline.toml",
        "version = 1\ntitle = \"Fel\"\n[fetch.t.taxonomy]\nsource = \"tax\"\nversion = \"31\"\nquery = \"SSYK\"\n\
         [fetch.a.jobsearch]\nsource = \"yb\"\nplaces = [\"2584\"]\ngroups = [\"Kockar\"]\n",
    );
    let said = wrong.run(&["check"]);
    assert_eq!(said.code, 2);
    for message in [
        "\"31\" is no version",
        "write it without quotes: 31",
        "\"SSYK\" is not the name of a query",
        "source `yb` is of kind yrkesbarometer, and this fetch is of kind jobsearch",
        "\"2584\" is a kommun, and this fetch counts by län",
        "\"Kockar\" is neither an SSYK code nor a concept id",
    ] {
        assert!(said.stderr.contains(message), "{message}\n{}", said.stderr);
    }
}

#[test]
fn open_advertisements_are_counted_whole() {
    let sandbox = Sandbox::start();
    let world = world(&sandbox);
    world.write(
        "pipelines/annonser/pipeline.toml",
        &format!(
            "version = 1\ntitle = \"Annonser\"\n\
             [fetch.a.jobsearch]\nsource = \"annonser\"\ngroups = [\"NYW6_mP6_vwf\", \"0110\"]\n\
             [dataset.oppna]\ntitle = \"Öppna annonser\"\nsql = \"oppna.sql\"\nkey = [\"kod\", \"ssyk\", \"period\"]\n{}\
             [dataset.oppna.column.antal]\ntype = \"int64\"\ntitle = \"Annonser\"\nunit = \"antal\"\nadditive = true\n",
            text_column("oppna", "ssyk")
        ),
    );
    world.write(
        "pipelines/annonser/oppna.sql",
        "SELECT niva, kod, period, ssyk, antal, antal_status, antal_symbol FROM a WHERE niva <> 'utan_ort'\n",
    );
    let plan = world.ok(&["plan", "annonser"]);
    assert!(plan.stdout.contains("47 data calls (at least 34)"), "{}", plan.stdout);
    let ran = world.ok(&["run", "annonser"]);
    assert!(ran.stdout.contains("advertisements are open"), "{}", ran.stdout);
    let rows = world.rows("oppna");
    assert_eq!(rows.len(), 43 * 22);
    assert!(rows.iter().all(|row| row["antal"].is_empty() == (row["antal_status"] == "missing")));
    assert!(rows.iter().any(|row| row["ssyk"] == "0110" && row["kod"] == "00"));
    let calls = sandbox.calls();
    assert!(calls.iter().all(|call| call["path"].as_str().unwrap().contains("limit=0")), "no advertisement is fetched");
    world.ok(&["verify"]);

    let before = world.current("oppna");
    sandbox.fault(json!({ "path_contains": "unspecified", "kind": "html200" }));
    let failed = world.run(&["run", "annonser"]);
    assert_eq!(failed.code, 1);
    assert!(
        failed.stderr.contains("annonser: GET ") && failed.stderr.contains("unspecified-sweden-workplace=true"),
        "{}",
        failed.stderr
    );
    assert_eq!(world.current("oppna"), before);
}
