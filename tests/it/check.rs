//! `check`: every mistake in every file, each with its place, the line and a hint.

use std::fs;
use std::path::Path;

use crate::local::{local, three};
use crate::world::World;

/// Runs `check` on the local pipeline after something in it was spoilt.
fn refused(spoil: impl Fn(&World)) -> String {
    let world = local(&three());
    let sound = world.ok(&["check"]);
    assert_eq!((sound.stdout.as_str(), sound.stderr.as_str()), ("ok: 0 sources, 1 pipelines, 1 datasets, 6 reference tables\n", ""));
    spoil(&world);
    let ran = world.run(&["check"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
    // Nothing runs on a configuration that is refused.
    assert_eq!(world.run(&["run", "lokal"]).code, 2);
    assert!(!world.path("data").exists());
    ran.stderr
}

/// The same with another query.
fn query(sql: &str) -> String {
    refused(|world| world.write("pipelines/lokal/tal.sql", sql))
}

#[test]
fn mistakes_in_all_files_are_shown_in_one_go() {
    let said = refused(|world| {
        world.edit("config/underlag.toml", "[http]", "[run]\nmemory_limt = \"256MiB\"\n[http]");
        world.write("config/sources.toml", "version = 1\n[source.scb.pxweb]\nbase_url = \"https://example.org/v2\"\ncredit = \"SCB\"\n");
        world.write("config/areas.toml", "version = 1\n[set.samverkan.area.norra]\ntitle = \"Norra\"\nkommuner = [\"0114\", \"9998\"]\n");
        world.write(
            "pipelines/folk/pipeline.toml",
            "version = 1\ntitle = \"Folk\"\n\n[fetch.folk.pxweb]\nsource = \"scbb\"\ntable = \"TAB6471\"\n\
             select = { Region = \"*\" }\nmeasures = { \"000007SF\" = \"folkmangd\" }\n\n\
             [dataset.folk]\ntitle = \"Folk\"\nsql = \"folkk.sql\"\nkey = [\"kod\", \"period\"]\n",
        );
        world.write("pipelines/folk/folk.sql", "SELECT 1\n");
        world.edit("pipelines/lokal/tal.sql", "    antal,", "    antl AS antal,");
        world.write(
            "reports/oversikt/report.toml",
            "version = 1\ntitle = \"Prov\"\n\n[key.antal]\ntitle = \"Antal\"\ndataset = \"tal\"\nvalu = \"antal\"\n",
        );
        for name in ["area.html", "base.html", "delar.html", "start.html", "style.css"] {
            fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/oversikt").join(name), world.path("reports/oversikt").join(name)).unwrap();
        }
        world.write("reports/oversikt/start.html", "{% extends \"base.html\" %}\n{% block main %}\n<h1>{{ titel </h1>\n{% endblock %}\n");
    });
    insta::assert_snapshot!(said, @"");
}

#[test]
fn a_misspelt_column_in_sql() {
    let said = query("SELECT\n    'kommun' AS niva,\n    kod,\n    perod AS period,\n    antal,\n    antal_status\nFROM rader\n");
    insta::assert_snapshot!(said, @"");
}

#[test]
fn a_misspelt_column_with_a_qualifier() {
    let said = query("SELECT 'kommun' AS niva, r.kod, r.period, r.antl AS antal, r.antal_status\nFROM rader AS r\n");
    insta::assert_snapshot!(said, @"");
}

#[test]
fn a_misspelt_table_in_sql() {
    let said = query("SELECT 'kommun' AS niva, kod, period, antal, antal_status\nFROM radr\nWHERE period > '2000'\n");
    insta::assert_snapshot!(said, @"");
}

#[test]
fn a_misspelt_function_in_sql() {
    let said = query("SELECT 'kommun' AS niva, kod, uper(period) AS period, antal, antal_status\nFROM rader\n");
    insta::assert_snapshot!(said, @"");
}

#[test]
fn sql_that_is_none() {
    let said = query("SELECT 'kommun' AS niva, kod, period, antal antal_status\n  antal_symbol\nFROM rader\n");
    insta::assert_snapshot!(said, @"");
}

#[test]
fn a_comma_too_many() {
    let said = query("SELECT 'kommun' AS niva, kod, period, antal, antal_status,\nFROM rader\n");
    insta::assert_snapshot!(said, @"");
}

#[test]
fn a_contract_column_that_the_query_lacks() {
    let said = query("SELECT 'kommun' AS niva, kod, period, antal AS antall, antal_status\nFROM rader\n");
    insta::assert_snapshot!(said, @"");
}

#[test]
fn a_status_that_the_query_drops() {
    let said = query("-- antal utan status\nSELECT 'kommun' AS niva, kod, period, antal\nFROM rader\n");
    insta::assert_snapshot!(said, @"");
}

#[test]
fn a_type_that_the_contract_does_not_have() {
    let said = query("SELECT 'kommun' AS niva, kod, 2024 AS period, antal * 0.5 AS antal, antal_status\nFROM rader\n");
    insta::assert_snapshot!(said, @"");
}

#[test]
fn a_query_without_area_and_time() {
    let said = query("-- Allt.\nSELECT antal, antal_status\nFROM rader\n");
    insta::assert_snapshot!(said, @"");
}

#[test]
fn sql_that_writes() {
    let said = query("COPY (SELECT * FROM rader) TO '/tmp/ut.csv'\n");
    insta::assert_snapshot!(said, @"");
    let said = query("-- Ny tabell\nCREATE TABLE x AS SELECT * FROM rader\n");
    insta::assert_snapshot!(said, @"");
    let said = query("INSERT INTO rader SELECT * FROM rader\n");
    insta::assert_snapshot!(said, @"");
    let said = query("SET datafusion.execution.batch_size = 1\n");
    insta::assert_snapshot!(said, @"");
    let said = query("SELECT 1; SELECT 2\n");
    insta::assert_snapshot!(said, @"");
}

#[test]
fn sql_that_reads_files_or_what_the_program_keeps_to_itself() {
    let said = query("SELECT 'kommun' AS niva, kod, period, antal, antal_status\nFROM '/etc/passwd'\n");
    insta::assert_snapshot!(said, @"");
}

#[test]
fn sql_that_asks_the_clock_or_chance() {
    let said = query(
        "SELECT 'kommun' AS niva, kod, CAST(date_part('year', now()) AS VARCHAR) AS period, antal, antal_status\nFROM rader\n",
    );
    insta::assert_snapshot!(said, @"");
    let said = query("SELECT 'kommun' AS niva, kod, period, antal, antal_status\nFROM rader\nORDER BY random()\n");
    insta::assert_snapshot!(said, @"");
    let said = query("SELECT 'kommun' AS niva, kod, CAST(current_date AS VARCHAR) AS period, antal, antal_status\nFROM rader\n");
    insta::assert_snapshot!(said, @"");
}

#[test]
fn a_mistake_in_a_check_of_the_operators_own() {
    let said = refused(|world| {
        world.write("pipelines/lokal/minskar.sql", "SELECT kod\nFROM ny\nWHERE antl < 0\n");
        let toml = world.read("pipelines/lokal/pipeline.toml");
        world.write("pipelines/lokal/pipeline.toml", &format!("{toml}\n[dataset.tal.check]\ncustom = [\"minskar.sql\"]\n"));
    });
    insta::assert_snapshot!(said, @"");
}

#[test]
fn mistakes_in_two_queries_of_one_pipeline() {
    let said = refused(|world| {
        let toml = world.read("pipelines/lokal/pipeline.toml");
        world.write(
            "pipelines/lokal/pipeline.toml",
            &format!("{toml}\n[dataset.fler]\ntitle = \"Fler\"\nsql = \"fler.sql\"\nkey = [\"kod\", \"period\"]\n"),
        );
        world.write("pipelines/lokal/fler.sql", "SELECT niva, kod, period\nFROM rader\n");
        world.edit("pipelines/lokal/tal.sql", "FROM rader", "FROM rad");
    });
    insta::assert_snapshot!(said, @"");
}

#[test]
fn a_report_and_its_templates() {
    let said = refused(|world| {
        world.write(
            "reports/oversikt/report.toml",
            "version = 1\ntitel = \"Prov\"\n\n[key.antal]\ntitle = \"Antal\"\ndataset = \"tall\"\nvalue = \"antal\"\n",
        );
        world.write("reports/oversikt/start.html", "<h1>{{ titel </h1>\n");
    });
    insta::assert_snapshot!(said, @"");
}

#[test]
fn a_reference_table_that_cannot_be_read() {
    let said = refused(|world| {
        crate::world::copy_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("reference"), &world.path("reference"));
        let root = env!("CARGO_MANIFEST_DIR");
        world.edit("config/underlag.toml", &format!("{root}/reference"), "../reference");
        world.edit("reference/kommuner.csv", "0114,Upplands Väsby,01,SE110", "114,Upplands Väsby,01,SE110");
    });
    insta::assert_snapshot!(said, @"");
}
