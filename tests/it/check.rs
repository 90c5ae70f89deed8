//! `check`: every mistake in every file, each with its place, the line and a hint.

use std::fs;
use std::path::Path;

use crate::local::{local, three};
use crate::world::World;

/// Runs `check` on the local pipeline after something in it was spoilt.
fn refused(spoil: impl Fn(&World)) -> String {
    let world = local(&three());
    let sound = world.ok(&["check"]);
    assert_eq!(
        (sound.stdout.as_str(), sound.stderr.as_str()),
        ("ok: 0 sources, 1 pipelines, 1 datasets, 6 reference tables\n", "")
    );
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
        world.write(
            "config/sources.toml",
            "version = 1\n[source.scb.pxweb]\nbase_url = \"https://example.org/v2\"\ncredit = \"SCB\"\n",
        );
        world.write(
            "config/areas.toml",
            "version = 1\n[set.samverkan.area.norra]\ntitle = \"Norra\"\nkommuner = [\"0114\", \"9998\"]\n",
        );
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
            "version = 1\ntitle = \"Prov\"\ndescription = \"Prov\"\n\n[key.antal]\ntitle = \"Antal\"\ndataset = \"tal\"\nvalu = \"antal\"\n",
        );
        for name in ["area.html", "base.html", "delar.html", "start.html", "style.css"] {
            fs::copy(
                Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/oversikt").join(name),
                world.path("reports/oversikt").join(name),
            )
            .unwrap();
        }
        world.write(
            "reports/oversikt/start.html",
            "{% extends \"base.html\" %}\n{% block main %}\n<h1>{{ titel </h1>\n{% endblock %}\n",
        );
    });
    insta::assert_snapshot!(said, @r#"
    error: unknown key `memory_limt` in [run]
     --> config/underlag.toml:8:1
      |
    8 | memory_limt = "256MiB"
      | ^^^^^^^^^^^
      |
      = hint: did you mean `memory_limit`?

    error: [source.scb.pxweb] lacks the key `licence`
     --> config/sources.toml:2:1
      |
    2 | [source.scb.pxweb]
      | ^^^^^^^^^^^^^^^^^^
      |
      = hint: `licence = "…"`: Licence of the figures, such as CC0-1.0.

    error: no municipality has the code "9998"
     --> config/areas.toml:4:21
      |
    4 | kommuner = ["0114", "9998"]
      |                     ^^^^^^
      |
      = hint: reference/kommuner.csv lists every code

    error: unknown source `scbb`
     --> pipelines/folk/pipeline.toml:5:10
      |
    5 | source = "scbb"
      |          ^^^^^^
      |
      = hint: did you mean `scb`?

    error: there is no file `folkk.sql` in this folder
      --> pipelines/folk/pipeline.toml:12:7
       |
    12 | sql = "folkk.sql"
       |       ^^^^^^^^^^^
       |
       = hint: the folder has `folk.sql`

    error: there is no column `antl`
     --> pipelines/lokal/tal.sql:5:5
      |
    5 |     antl AS antal,
      |     ^^^^
      |
      = hint: did you mean `antal`? the columns are antal, antal_status, antal_symbol, kod, period, status

    error: `value` is missing in [key.antal]
     --> reports/oversikt/report.toml:5:6
      |
    5 | [key.antal]
      |      ^^^^^

    error: unknown key `valu` in [key.antal]
     --> reports/oversikt/report.toml:8:1
      |
    8 | valu = "antal"
      | ^^^^
      |
      = hint: did you mean `value`?

    error: unexpected `/`
     --> reports/oversikt/start.html:3:1
      |
    3 | <h1>{{ titel </h1>
      | ^^^^^^^^^^^^^^^^^^

    9 problems in 7 files

    error: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}

#[test]
fn a_misspelt_column_in_sql() {
    let said = query(
        "SELECT\n    'kommun' AS niva,\n    kod,\n    perod AS period,\n    antal,\n    antal_status\nFROM rader\n",
    );
    insta::assert_snapshot!(said, @r#"
    error: there is no column `perod`
     --> pipelines/lokal/tal.sql:4:5
      |
    4 |     perod AS period,
      |     ^^^^^
      |
      = hint: did you mean `period`? the columns are antal, antal_status, antal_symbol, kod, period, status

    1 problem in 1 file

    error: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}

#[test]
fn a_misspelt_column_with_a_qualifier() {
    let said = query("SELECT 'kommun' AS niva, r.kod, r.period, r.antl AS antal, r.antal_status\nFROM rader AS r\n");
    insta::assert_snapshot!(said, @r#"
    error: there is no column `r.antl`
     --> pipelines/lokal/tal.sql:1:43
      |
    1 | SELECT 'kommun' AS niva, r.kod, r.period, r.antl AS antal, r.antal_status
      |                                           ^^^^^^
      |
      = hint: did you mean `r.antal`? the columns are antal, antal_status, antal_symbol, kod, period, status

    1 problem in 1 file

    error: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}

#[test]
fn a_misspelt_table_in_sql() {
    let said = query("SELECT 'kommun' AS niva, kod, period, antal, antal_status\nFROM radr\nWHERE period > '2000'\n");
    insta::assert_snapshot!(said, @r#"
    error: there is no table `radr`
     --> pipelines/lokal/tal.sql:2:6
      |
    2 | FROM radr
      |      ^^^^
      |
      = hint: did you mean `rader`? the tables are rader, rader_koder, ref_forandringar, ref_kommuner, ref_lan, ref_nyckeltal, ref_platser, ref_ssyk

    1 problem in 1 file

    error: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}

#[test]
fn a_misspelt_function_in_sql() {
    let said = query("SELECT 'kommun' AS niva, kod, uper(period) AS period, antal, antal_status\nFROM rader\n");
    insta::assert_snapshot!(said, @r#"
    error: there is no function `uper`
     --> pipelines/lokal/tal.sql:1:31
      |
    1 | SELECT 'kommun' AS niva, kod, uper(period) AS period, antal, antal_status
      |                               ^^^^
      |
      = hint: did you mean `upper`?

    1 problem in 1 file

    error: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}

#[test]
fn sql_that_is_none() {
    let said = query("SELECT 'kommun' AS niva, kod, period, antal antal_status\n  antal_symbol\nFROM rader\n");
    insta::assert_snapshot!(said, @r#"
    error: this is no SQL: expected end of statement, found antal_symbol
     --> pipelines/lokal/tal.sql:2:3
      |
    2 |   antal_symbol
      |   ^^^^^^^^^^^^

    1 problem in 1 file

    error: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}

#[test]
fn a_contract_column_that_the_query_lacks() {
    let said = query("SELECT 'kommun' AS niva, kod, period, antal AS antall, antal_status\nFROM rader\n");
    insta::assert_snapshot!(said, @r#"
    error: dataset tal: the contract has column "antal", which the query does not give
      --> pipelines/lokal/pipeline.toml:14:1
       |
    14 | [dataset.tal.column.antal]
       | ^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = hint: the query gives "antall": is that the one?

    error: dataset tal: the query gives column "antall", which the contract lacks
     --> pipelines/lokal/tal.sql:1:48
      |
    1 | SELECT 'kommun' AS niva, kod, period, antal AS antall, antal_status
      |                                                ^^^^^^
      |
      = hint: the contract has "antal": is that the one?

    2 problems in 2 files

    error: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}

#[test]
fn a_status_that_the_query_drops() {
    let said = query("-- antal utan status\nSELECT 'kommun' AS niva, kod, period, antal\nFROM rader\n");
    insta::assert_snapshot!(said, @r#"
    error: dataset tal: the query drops the status of "antal"
     --> pipelines/lokal/tal.sql:2:39
      |
    2 | SELECT 'kommun' AS niva, kod, period, antal
      |                                       ^^^^^
      |
      = hint: select antal_status as well: a value without its status can't be trusted

    1 problem in 1 file

    error: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}

#[test]
fn a_type_that_the_contract_does_not_have() {
    let said = query("SELECT 'kommun' AS niva, kod, 2024 AS period, antal * 0.5 AS antal, antal_status\nFROM rader\n");
    insta::assert_snapshot!(said, @r#"
    error: dataset tal: the query gives "period" as Int64, but it is text
     --> pipelines/lokal/tal.sql:1:39
      |
    1 | SELECT 'kommun' AS niva, kod, 2024 AS period, antal * 0.5 AS antal, antal_status
      |                                       ^^^^^^
      |
      = hint: codes and labels are text, with their leading zeros; cast where they are made

    error: dataset tal: the query gives "antal" as Float64, but the contract says int64
     --> pipelines/lokal/tal.sql:1:62
      |
    1 | SELECT 'kommun' AS niva, kod, 2024 AS period, antal * 0.5 AS antal, antal_status
      |                                                              ^^^^^
      |
      = hint: cast it in the query, or change the contract

    2 problems in 1 file

    error: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}

#[test]
fn a_query_without_area_and_time() {
    let said = query("-- Allt.\nSELECT antal, antal_status\nFROM rader\n");
    insta::assert_snapshot!(said, @r#"
    error: dataset tal: the query does not give "niva"
     --> pipelines/lokal/tal.sql:2:1
      |
    2 | SELECT antal, antal_status
      | ^^^^^^
      |
      = hint: a regional dataset gives niva (riket, lan, kommun), kod and period; the program adds namn, lan, period_start and period_end

    error: dataset tal: the query does not give "kod"
     --> pipelines/lokal/tal.sql:2:1
      |
    2 | SELECT antal, antal_status
      | ^^^^^^
      |
      = hint: a regional dataset gives niva (riket, lan, kommun), kod and period; the program adds namn, lan, period_start and period_end

    error: dataset tal: the query does not give "period"
     --> pipelines/lokal/tal.sql:2:1
      |
    2 | SELECT antal, antal_status
      | ^^^^^^
      |
      = hint: a regional dataset gives niva (riket, lan, kommun), kod and period; the program adds namn, lan, period_start and period_end

    3 problems in 1 file

    error: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}

#[test]
fn sql_that_writes() {
    let said = query("COPY (SELECT * FROM rader) TO '/tmp/ut.csv'\n");
    insta::assert_snapshot!(said, @r#"
    error: only a query is allowed here
     --> pipelines/lokal/tal.sql:1:1
      |
    1 | COPY (SELECT * FROM rader) TO '/tmp/ut.csv'
      | ^^^^
      |
      = hint: begin with SELECT or WITH; nothing may be created, changed, copied or explained

    1 problem in 1 file

    error: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
    let said = query("-- Ny tabell\nCREATE TABLE x AS SELECT * FROM rader\n");
    insta::assert_snapshot!(said, @r#"
    error: only a query is allowed here
     --> pipelines/lokal/tal.sql:2:1
      |
    2 | CREATE TABLE x AS SELECT * FROM rader
      | ^^^^^^
      |
      = hint: begin with SELECT or WITH; nothing may be created, changed, copied or explained

    1 problem in 1 file

    error: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
    let said = query("INSERT INTO rader SELECT * FROM rader\n");
    insta::assert_snapshot!(said, @r#"
    error: only a query is allowed here
     --> pipelines/lokal/tal.sql:1:1
      |
    1 | INSERT INTO rader SELECT * FROM rader
      | ^^^^^^
      |
      = hint: begin with SELECT or WITH; nothing may be created, changed, copied or explained

    1 problem in 1 file

    error: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
    let said = query("SET datafusion.execution.batch_size = 1\n");
    insta::assert_snapshot!(said, @r#"
    error: only a query is allowed here
     --> pipelines/lokal/tal.sql:1:1
      |
    1 | SET datafusion.execution.batch_size = 1
      | ^^^
      |
      = hint: begin with SELECT or WITH; nothing may be created, changed, copied or explained

    1 problem in 1 file

    error: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
    let said = query("SELECT 1; SELECT 2\n");
    insta::assert_snapshot!(said, @r#"
    error: there is more than one query here
     --> pipelines/lokal/tal.sql:1:1
      |
    1 | SELECT 1; SELECT 2
      | ^^^^^^
      |
      = hint: a dataset is one query; WITH can give its steps names

    1 problem in 1 file

    error: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}

#[test]
fn sql_that_reads_files_or_what_the_program_keeps_to_itself() {
    let said = query("SELECT 'kommun' AS niva, kod, period, antal, antal_status\nFROM '/etc/passwd'\n");
    insta::assert_snapshot!(said, @r#"
    error: there is no table `/etc/passwd`
     --> pipelines/lokal/tal.sql:2:7
      |
    2 | FROM '/etc/passwd'
      |       ^^^^^^^^^^^
      |
      = hint: the tables are rader, rader_koder, ref_forandringar, ref_kommuner, ref_lan, ref_nyckeltal, ref_platser, ref_ssyk

    1 problem in 1 file

    error: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}

#[test]
fn sql_that_asks_the_clock_or_chance() {
    let said = query(
        "SELECT 'kommun' AS niva, kod, CAST(date_part('year', now()) AS VARCHAR) AS period, antal, antal_status\nFROM rader\n",
    );
    insta::assert_snapshot!(said, @r#"
    error: now() gives another answer each time, so the dataset could not be computed again
     --> pipelines/lokal/tal.sql:1:54
      |
    1 | SELECT 'kommun' AS niva, kod, CAST(date_part('year', now()) AS VARCHAR) AS period, antal, antal_status
      |                                                      ^^^
      |
      = hint: neither the clock nor chance may be asked: take dates from a period, or fetch them as data

    1 problem in 1 file

    error: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
    let said = query("SELECT 'kommun' AS niva, kod, period, antal, antal_status\nFROM rader\nORDER BY random()\n");
    insta::assert_snapshot!(said, @r#"
    error: random() gives another answer each time, so the dataset could not be computed again
     --> pipelines/lokal/tal.sql:3:10
      |
    3 | ORDER BY random()
      |          ^^^^^^
      |
      = hint: neither the clock nor chance may be asked: take dates from a period, or fetch them as data

    1 problem in 1 file

    error: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
    let said = query(
        "SELECT 'kommun' AS niva, kod, CAST(current_date AS VARCHAR) AS period, antal, antal_status\nFROM rader\n",
    );
    insta::assert_snapshot!(said, @r#"
    error: current_date() gives another answer each time, so the dataset could not be computed again
     --> pipelines/lokal/tal.sql:1:36
      |
    1 | SELECT 'kommun' AS niva, kod, CAST(current_date AS VARCHAR) AS period, antal, antal_status
      |                                    ^^^^^^^^^^^^
      |
      = hint: neither the clock nor chance may be asked: take dates from a period, or fetch them as data

    1 problem in 1 file

    error: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}

#[test]
fn a_mistake_in_a_check_of_the_operators_own() {
    let said = refused(|world| {
        world.write("pipelines/lokal/minskar.sql", "SELECT kod\nFROM ny\nWHERE antl < 0\n");
        let toml = world.read("pipelines/lokal/pipeline.toml");
        world.write(
            "pipelines/lokal/pipeline.toml",
            &format!("{toml}\n[dataset.tal.check]\ncustom = [\"minskar.sql\"]\n"),
        );
    });
    insta::assert_snapshot!(said, @r#"
    error: there is no column `antl`
     --> pipelines/lokal/minskar.sql:3:7
      |
    3 | WHERE antl < 0
      |       ^^^^
      |
      = hint: did you mean `antal`? the columns are niva, kod, namn, lan, period, period_start, period_end, antal, antal_status

    1 problem in 1 file

    error: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
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
    insta::assert_snapshot!(said, @r#"
    error: there is no table `rad`
     --> pipelines/lokal/tal.sql:7:6
      |
    7 | FROM rad
      |      ^^^
      |
      = hint: did you mean `rader`? the tables are rader, rader_koder, ref_forandringar, ref_kommuner, ref_lan, ref_nyckeltal, ref_platser, ref_ssyk

    error: there is no column `niva`
     --> pipelines/lokal/fler.sql:1:8
      |
    1 | SELECT niva, kod, period
      |        ^^^^
      |
      = hint: the columns are antal, antal_status, antal_symbol, kod, period, status

    2 problems in 2 files

    error: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
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
    insta::assert_snapshot!(said, @r#"
    error: `title` is missing in report.toml
     --> reports/oversikt/report.toml:1:1
      |
    1 | version = 1
      | ^

    error: `description` is missing in report.toml
     --> reports/oversikt/report.toml:1:1
      |
    1 | version = 1
      | ^

    error: unknown key `titel` in report.toml
     --> reports/oversikt/report.toml:2:1
      |
    2 | titel = "Prov"
      | ^^^^^
      |
      = hint: did you mean `title`?

    error: unexpected `/`
     --> reports/oversikt/start.html:1:1
      |
    1 | <h1>{{ titel </h1>
      | ^^^^^^^^^^^^^^^^^^

    error: the template is missing
    --> reports/oversikt/area.html

    error: cannot be read: No such file or directory (os error 2)
    --> reports/oversikt/style.css

    6 problems in 4 files

    error: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}

#[test]
fn a_reference_table_that_cannot_be_read() {
    let said = refused(|world| {
        crate::world::copy_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("reference"), &world.path("reference"));
        let root = env!("CARGO_MANIFEST_DIR");
        world.edit("config/underlag.toml", &format!("{root}/reference"), "../reference");
        world.edit("reference/kommuner.csv", "0114,Upplands Väsby,01,SE110", "114,Upplands Väsby,01,SE110");
    });
    insta::assert_snapshot!(said, @r#"
    error: the code "114" of a kommun is not four digits
     --> reference/kommuner.csv:3:1
      |
    3 | 114,Upplands Väsby,01,SE110
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^

    1 problem in 1 file

    error: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}
