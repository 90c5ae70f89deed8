//! `check`: every mistake in every file, each with its place, the line and a hint.

use std::path::{Path, PathBuf};

use crate::local::{local, three};
use crate::world::{World, copy_folder};

/// A folder of the project itself.
fn project(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

/// Runs `check` on the local pipeline after something in it was spoilt.
pub fn refused(spoil: impl Fn(&World)) -> String {
    let world = local(&three());
    let sound = world.ok(&["check"]);
    assert_eq!(
        (sound.stdout.as_str(), sound.stderr.as_str()),
        ("ok: 0 sources, 1 pipelines, 1 datasets, 7 reference tables\n", "")
    );
    spoil(&world);
    let ran = world.run(&["check"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
    // Nothing runs on a configuration that is refused.
    assert_eq!(world.run(&["run", "lokal"]).code, 2);
    assert!(!world.path("data").exists());
    ran.stderr
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
        copy_folder(&project("reports"), &world.path("reports"));
        world.write(
            "reports/oversikt/report.toml",
            "version = 1\ntitle = \"Prov\"\ndescription = \"Prov\"\n\n[key.antal]\ntitle = \"Antal\"\ndataset = \"tal\"\nvalu = \"antal\"\n",
        );
        world.write(
            "reports/oversikt/start.html",
            "{% extends \"base.html\" %}\n{% block main %}\n<h1>{{ titel </h1>\n{% endblock %}\n",
        );
    });
    insta::assert_snapshot!(said, @r#"
    error[U0105]: unknown key `memory_limt` in [run]
     --> config/underlag.toml:8:1
      |
    8 | memory_limt = "256MiB"
      | ^^^^^^^^^^^
      |
      = hint: did you mean `memory_limit`?

    error[U0106]: [source.scb.pxweb] lacks the key `licence`
     --> config/sources.toml:2:1
      |
    2 | [source.scb.pxweb]
      | ^^^^^^^^^^^^^^^^^^
      |
      = hint: `licence = "…"`: Licence of the figures, such as CC0-1.0.

    error[U0110]: no municipality has the code "9998"
     --> config/areas.toml:4:21
      |
    4 | kommuner = ["0114", "9998"]
      |                     ^^^^^^
      |
      = hint: reference/kommuner.csv lists every code

    error[U0110]: unknown source `scbb`
     --> pipelines/folk/pipeline.toml:5:10
      |
    5 | source = "scbb"
      |          ^^^^^^
      |
      = hint: did you mean `scb`?

    error[U0113]: there is no file `folkk.sql` in this folder
      --> pipelines/folk/pipeline.toml:12:7
       |
    12 | sql = "folkk.sql"
       |       ^^^^^^^^^^^
       |
       = hint: the folder has `folk.sql`

    error[U0114]: there is no column `antl`
     --> pipelines/lokal/tal.sql:5:5
      |
    5 |     antl AS antal,
      |     ^^^^
      |
      = hint: did you mean `antal`? the columns are antal, antal_status, antal_symbol, kod, period, status

    error[U0117]: `value` is missing in [key.antal]
     --> reports/oversikt/report.toml:5:6
      |
    5 | [key.antal]
      |      ^^^^^

    error[U0117]: unknown key `valu` in [key.antal]
     --> reports/oversikt/report.toml:8:1
      |
    8 | valu = "antal"
      | ^^^^
      |
      = hint: did you mean `value`?

    error[U0117]: unexpected `/`
     --> reports/oversikt/start.html:3:1
      |
    3 | <h1>{{ titel </h1>
      | ^^^^^^^^^^^^^^^^^^

    9 problems in 7 files

    error[U0102]: the configuration is refused
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
    error[U0114]: there is no column `antl`
     --> pipelines/lokal/minskar.sql:3:7
      |
    3 | WHERE antl < 0
      |       ^^^^
      |
      = hint: did you mean `antal`? the columns are niva, kod, namn, lan, period, period_start, period_end, antal, antal_status

    1 problem in 1 file

    error[U0102]: the configuration is refused
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
    error[U0114]: there is no table `rad`
     --> pipelines/lokal/tal.sql:7:6
      |
    7 | FROM rad
      |      ^^^
      |
      = hint: did you mean `rader`? the tables are rader, rader_koder, ref_forandringar, ref_kommuner, ref_lan, ref_nuts, ref_nyckeltal, ref_platser, ref_ssyk

    error[U0114]: there is no column `niva`
     --> pipelines/lokal/fler.sql:1:8
      |
    1 | SELECT niva, kod, period
      |        ^^^^
      |
      = hint: the columns are antal, antal_status, antal_symbol, kod, period, status

    2 problems in 2 files

    error[U0102]: the configuration is refused
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
    error[U0117]: `title` is missing in report.toml
     --> reports/oversikt/report.toml:1:1
      |
    1 | version = 1
      | ^

    error[U0117]: `description` is missing in report.toml
     --> reports/oversikt/report.toml:1:1
      |
    1 | version = 1
      | ^

    error[U0117]: unknown key `titel` in report.toml
     --> reports/oversikt/report.toml:2:1
      |
    2 | titel = "Prov"
      | ^^^^^
      |
      = hint: did you mean `title`?

    error[U0117]: unexpected `/`
     --> reports/oversikt/start.html:1:1
      |
    1 | <h1>{{ titel </h1>
      | ^^^^^^^^^^^^^^^^^^

    error[U0117]: the template is missing
    --> reports/oversikt/area.html

    error[U0117]: cannot be read: No such file or directory (os error 2)
    --> reports/oversikt/style.css

    6 problems in 4 files

    error[U0102]: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}

#[test]
fn a_reference_table_that_cannot_be_read() {
    let said = refused(|world| {
        copy_folder(&project("reference"), &world.path("reference"));
        let root = env!("CARGO_MANIFEST_DIR");
        world.edit("config/underlag.toml", &format!("{root}/reference"), "../reference");
        world.edit("reference/kommuner.csv", "0114,Upplands Väsby,01,SE110", "114,Upplands Väsby,01,SE110");
    });
    insta::assert_snapshot!(said, @r#"
    error[U0116]: the code "114" of a kommun is not four digits
     --> reference/kommuner.csv:3:1
      |
    3 | 114,Upplands Väsby,01,SE110
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^

    1 problem in 1 file

    error[U0102]: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}
