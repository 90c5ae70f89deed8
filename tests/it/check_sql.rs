//! `check` on queries: each mistake with its place in the SQL, or in the contract that it breaks.

use crate::check::refused;

/// The same with another query.
fn query(sql: &str) -> String {
    refused(|world| world.write("pipelines/lokal/tal.sql", sql))
}

#[test]
fn a_misspelt_column_in_sql() {
    let said = query(
        "SELECT\n    'kommun' AS niva,\n    kod,\n    perod AS period,\n    antal,\n    antal_status\nFROM rader\n",
    );
    insta::assert_snapshot!(said, @r#"
    error[U0114]: there is no column `perod`
     --> pipelines/lokal/tal.sql:4:5
      |
    4 |     perod AS period,
      |     ^^^^^
      |
      = hint: did you mean `period`? the columns are antal, antal_status, antal_symbol, kod, period, status

    1 problem in 1 file

    error[U0102]: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}

#[test]
fn a_misspelt_column_with_a_qualifier() {
    let said = query("SELECT 'kommun' AS niva, r.kod, r.period, r.antl AS antal, r.antal_status\nFROM rader AS r\n");
    insta::assert_snapshot!(said, @r#"
    error[U0114]: there is no column `r.antl`
     --> pipelines/lokal/tal.sql:1:43
      |
    1 | SELECT 'kommun' AS niva, r.kod, r.period, r.antl AS antal, r.antal_status
      |                                           ^^^^^^
      |
      = hint: did you mean `r.antal`? the columns are antal, antal_status, antal_symbol, kod, period, status

    1 problem in 1 file

    error[U0102]: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}

#[test]
fn a_misspelt_table_in_sql() {
    let said = query("SELECT 'kommun' AS niva, kod, period, antal, antal_status\nFROM radr\nWHERE period > '2000'\n");
    insta::assert_snapshot!(said, @r#"
    error[U0114]: there is no table `radr`
     --> pipelines/lokal/tal.sql:2:6
      |
    2 | FROM radr
      |      ^^^^
      |
      = hint: did you mean `rader`? the tables are rader, rader_koder, ref_forandringar, ref_kommuner, ref_lan, ref_nuts, ref_nyckeltal, ref_platser, ref_ssyk

    1 problem in 1 file

    error[U0102]: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}

#[test]
fn a_misspelt_function_in_sql() {
    let said = query("SELECT 'kommun' AS niva, kod, uper(period) AS period, antal, antal_status\nFROM rader\n");
    insta::assert_snapshot!(said, @r#"
    error[U0114]: there is no function `uper`
     --> pipelines/lokal/tal.sql:1:31
      |
    1 | SELECT 'kommun' AS niva, kod, uper(period) AS period, antal, antal_status
      |                               ^^^^
      |
      = hint: did you mean `upper`?

    1 problem in 1 file

    error[U0102]: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}

#[test]
fn sql_that_is_none() {
    let said = query("SELECT 'kommun' AS niva, kod, period, antal antal_status\n  antal_symbol\nFROM rader\n");
    insta::assert_snapshot!(said, @r#"
    error[U0114]: this is no SQL: expected end of statement, found antal_symbol
     --> pipelines/lokal/tal.sql:2:3
      |
    2 |   antal_symbol
      |   ^^^^^^^^^^^^

    1 problem in 1 file

    error[U0102]: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}

#[test]
fn a_contract_column_that_the_query_lacks() {
    let said = query("SELECT 'kommun' AS niva, kod, period, antal AS antall, antal_status\nFROM rader\n");
    insta::assert_snapshot!(said, @r#"
    error[U0115]: dataset tal: the contract has column "antal", which the query does not give
      --> pipelines/lokal/pipeline.toml:14:1
       |
    14 | [dataset.tal.column.antal]
       | ^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = hint: the query gives "antall": is that the one?

    error[U0115]: dataset tal: the query gives column "antall", which the contract lacks
     --> pipelines/lokal/tal.sql:1:48
      |
    1 | SELECT 'kommun' AS niva, kod, period, antal AS antall, antal_status
      |                                                ^^^^^^
      |
      = hint: the contract has "antal": is that the one?

    2 problems in 2 files

    error[U0102]: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}

#[test]
fn a_status_that_the_query_drops() {
    let said = query("-- antal utan status\nSELECT 'kommun' AS niva, kod, period, antal\nFROM rader\n");
    insta::assert_snapshot!(said, @r#"
    error[U0115]: dataset tal: the query drops the status of "antal"
     --> pipelines/lokal/tal.sql:2:39
      |
    2 | SELECT 'kommun' AS niva, kod, period, antal
      |                                       ^^^^^
      |
      = hint: select antal_status as well: a value without its status can't be trusted

    1 problem in 1 file

    error[U0102]: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}

#[test]
fn a_type_that_the_contract_does_not_have() {
    let said = query("SELECT 'kommun' AS niva, kod, 2024 AS period, antal * 0.5 AS antal, antal_status\nFROM rader\n");
    insta::assert_snapshot!(said, @r#"
    error[U0115]: dataset tal: the query gives "period" as Int64, but it is text
     --> pipelines/lokal/tal.sql:1:39
      |
    1 | SELECT 'kommun' AS niva, kod, 2024 AS period, antal * 0.5 AS antal, antal_status
      |                                       ^^^^^^
      |
      = hint: codes and labels are text, with their leading zeros; cast where they are made

    error[U0115]: dataset tal: the query gives "antal" as Float64, but the contract says int64
     --> pipelines/lokal/tal.sql:1:62
      |
    1 | SELECT 'kommun' AS niva, kod, 2024 AS period, antal * 0.5 AS antal, antal_status
      |                                                              ^^^^^
      |
      = hint: cast it in the query, or change the contract

    2 problems in 1 file

    error[U0102]: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}

#[test]
fn a_query_without_area_and_time() {
    let said = query("-- Allt.\nSELECT antal, antal_status\nFROM rader\n");
    insta::assert_snapshot!(said, @r#"
    error[U0115]: dataset tal: the query does not give "niva"
     --> pipelines/lokal/tal.sql:2:1
      |
    2 | SELECT antal, antal_status
      | ^^^^^^
      |
      = hint: a regional dataset gives niva (riket, lan, kommun), kod and period; the program adds namn, lan, period_start and period_end

    error[U0115]: dataset tal: the query does not give "kod"
     --> pipelines/lokal/tal.sql:2:1
      |
    2 | SELECT antal, antal_status
      | ^^^^^^
      |
      = hint: a regional dataset gives niva (riket, lan, kommun), kod and period; the program adds namn, lan, period_start and period_end

    error[U0115]: dataset tal: the query does not give "period"
     --> pipelines/lokal/tal.sql:2:1
      |
    2 | SELECT antal, antal_status
      | ^^^^^^
      |
      = hint: a regional dataset gives niva (riket, lan, kommun), kod and period; the program adds namn, lan, period_start and period_end

    3 problems in 1 file

    error[U0102]: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}

#[test]
fn sql_that_writes() {
    let said = query("COPY (SELECT * FROM rader) TO '/tmp/ut.csv'\n");
    insta::assert_snapshot!(said, @r#"
    error[U0114]: only a query is allowed here
     --> pipelines/lokal/tal.sql:1:1
      |
    1 | COPY (SELECT * FROM rader) TO '/tmp/ut.csv'
      | ^^^^
      |
      = hint: begin with SELECT or WITH; nothing may be created, changed, copied or explained

    1 problem in 1 file

    error[U0102]: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
    let said = query("-- Ny tabell\nCREATE TABLE x AS SELECT * FROM rader\n");
    insta::assert_snapshot!(said, @r#"
    error[U0114]: only a query is allowed here
     --> pipelines/lokal/tal.sql:2:1
      |
    2 | CREATE TABLE x AS SELECT * FROM rader
      | ^^^^^^
      |
      = hint: begin with SELECT or WITH; nothing may be created, changed, copied or explained

    1 problem in 1 file

    error[U0102]: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
    let said = query("INSERT INTO rader SELECT * FROM rader\n");
    insta::assert_snapshot!(said, @r#"
    error[U0114]: only a query is allowed here
     --> pipelines/lokal/tal.sql:1:1
      |
    1 | INSERT INTO rader SELECT * FROM rader
      | ^^^^^^
      |
      = hint: begin with SELECT or WITH; nothing may be created, changed, copied or explained

    1 problem in 1 file

    error[U0102]: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
    let said = query("SET datafusion.execution.batch_size = 1\n");
    insta::assert_snapshot!(said, @r#"
    error[U0114]: only a query is allowed here
     --> pipelines/lokal/tal.sql:1:1
      |
    1 | SET datafusion.execution.batch_size = 1
      | ^^^
      |
      = hint: begin with SELECT or WITH; nothing may be created, changed, copied or explained

    1 problem in 1 file

    error[U0102]: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
    let said = query("SELECT 1; SELECT 2\n");
    insta::assert_snapshot!(said, @r#"
    error[U0114]: there is more than one query here
     --> pipelines/lokal/tal.sql:1:1
      |
    1 | SELECT 1; SELECT 2
      | ^^^^^^
      |
      = hint: a dataset is one query; WITH can give its steps names

    1 problem in 1 file

    error[U0102]: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}

#[test]
fn sql_that_reads_files_or_what_the_program_keeps_to_itself() {
    let said = query("SELECT 'kommun' AS niva, kod, period, antal, antal_status\nFROM '/etc/passwd'\n");
    insta::assert_snapshot!(said, @r#"
    error[U0114]: there is no table `/etc/passwd`
     --> pipelines/lokal/tal.sql:2:7
      |
    2 | FROM '/etc/passwd'
      |       ^^^^^^^^^^^
      |
      = hint: the tables are rader, rader_koder, ref_forandringar, ref_kommuner, ref_lan, ref_nuts, ref_nyckeltal, ref_platser, ref_ssyk

    1 problem in 1 file

    error[U0102]: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}

#[test]
fn sql_that_asks_the_clock_or_chance() {
    let said = query(
        "SELECT 'kommun' AS niva, kod, CAST(date_part('year', now()) AS VARCHAR) AS period, antal, antal_status\nFROM rader\n",
    );
    insta::assert_snapshot!(said, @r#"
    error[U0114]: now() gives another answer each time, so the dataset could not be computed again
     --> pipelines/lokal/tal.sql:1:54
      |
    1 | SELECT 'kommun' AS niva, kod, CAST(date_part('year', now()) AS VARCHAR) AS period, antal, antal_status
      |                                                      ^^^
      |
      = hint: neither the clock nor chance may be asked: take dates from a period, or fetch them as data

    1 problem in 1 file

    error[U0102]: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
    let said = query("SELECT 'kommun' AS niva, kod, period, antal, antal_status\nFROM rader\nORDER BY random()\n");
    insta::assert_snapshot!(said, @r#"
    error[U0114]: random() gives another answer each time, so the dataset could not be computed again
     --> pipelines/lokal/tal.sql:3:10
      |
    3 | ORDER BY random()
      |          ^^^^^^
      |
      = hint: neither the clock nor chance may be asked: take dates from a period, or fetch them as data

    1 problem in 1 file

    error[U0102]: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
    let said = query(
        "SELECT 'kommun' AS niva, kod, CAST(current_date AS VARCHAR) AS period, antal, antal_status\nFROM rader\n",
    );
    insta::assert_snapshot!(said, @r#"
    error[U0114]: current_date() gives another answer each time, so the dataset could not be computed again
     --> pipelines/lokal/tal.sql:1:36
      |
    1 | SELECT 'kommun' AS niva, kod, CAST(current_date AS VARCHAR) AS period, antal, antal_status
      |                                    ^^^^^^^^^^^^
      |
      = hint: neither the clock nor chance may be asked: take dates from a period, or fetch them as data

    1 problem in 1 file

    error[U0102]: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}
