//! What must never happen quietly: figures published under the wrong name,
//! unit, county or credit, or invented ones in place of real ones.

use crate::local::{local, three};

#[test]
fn a_new_unit_is_a_new_version_though_no_figure_changed() {
    let world = local(&three());
    world.ok(&["run", "lokal"]);
    world.edit("pipelines/lokal/pipeline.toml", "unit = \"antal\"", "unit = \"tusental\"");
    let ran = world.ok(&["run", "lokal"]);
    assert!(ran.stdout.contains("published"), "{}", ran.stdout);
    assert_eq!(world.versions("tal").len(), 2);
    assert!(world.manifest("tal")["columns"].to_string().contains("tusental"));
    world.ok(&["verify"]);
}

#[test]
fn a_county_that_is_not_the_areas_is_refused() {
    let world = local(&three());
    for lan in ["'25'", "'../../x'"] {
        world.write(
            "pipelines/lokal/tal.sql",
            &format!("SELECT 'kommun' AS niva, kod, {lan} AS lan, period, antal, antal_status FROM rader\n"),
        );
        let ran = world.run(&["run", "lokal"]);
        assert_eq!(ran.code, 1, "{}", ran.stdout);
        assert!(ran.stderr.contains("tal: lan: 3 rows have a lan that is not their area's"), "{}", ran.stderr);
        assert!(world.current("tal").is_none());
    }
}

#[test]
fn an_unknown_area_is_refused_also_when_the_query_names_it() {
    let world = local(&three());
    world.write(
        "pipelines/lokal/tal.sql",
        "SELECT 'kommun' AS niva, '9999' AS kod, 'Ingenstans' AS namn, period, antal, antal_status FROM rader LIMIT 1\n",
    );
    let ran = world.run(&["run", "lokal"]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(ran.stderr.contains("tal: area: "), "{}", ran.stderr);
}

#[test]
fn a_computed_figure_is_not_credited_to_its_source_by_any_detour() {
    let world = local(&three());
    world.write(
        "pipelines/lokal/tal.sql",
        "WITH x AS (SELECT kod, period, antal * 2 AS dubbelt, antal_status FROM rader)\n\
         SELECT 'kommun' AS niva, kod, period, dubbelt AS antal, antal_status FROM x\n",
    );
    world.ok(&["run", "lokal"]);
    let credit = world.manifest("tal")["credit"].as_str().unwrap().to_owned();
    assert!(credit.starts_with("Beräknad av Region Prov med underlag från"), "{credit}");
}

#[test]
fn the_demo_does_not_publish_over_real_figures() {
    let world = local(&three());
    world.ok(&["run", "lokal"]);
    let ran = world.run(&["demo", "--once", "--data-dir", "data"]);
    assert_eq!(ran.code, 2, "{}\n{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("holds real data: dataset \"tal\" is published there"), "{}", ran.stderr);
    assert_eq!(world.versions("tal").len(), 1);
}
