//! One mistake at a time, with its whole text.

use super::{PIPELINE, Project};
use crate::config::Action;

#[test]
fn a_mistyped_key_is_shown_with_the_one_that_was_meant() {
    let project = Project::new().with("table = ", "tabel = ");
    insta::assert_snapshot!(project.report(), @r#"
    error[U0105]: unknown key `tabel` in [fetch.folk.pxweb]
     --> pipelines/befolkning/pipeline.toml:5:1
      |
    5 | tabel = "TAB1"
      | ^^^^^
      |
      = hint: did you mean `table`?

    1 problem in 1 file
    "#);
}

#[test]
fn a_missing_sql_file_lists_those_that_are_there() {
    let project = Project::new().with("befolkning.sql", "befolkningen.sql");
    insta::assert_snapshot!(project.report(), @r#"
    error[U0113]: there is no file `befolkningen.sql` in this folder
      --> pipelines/befolkning/pipeline.toml:11:7
       |
    11 | sql = "befolkningen.sql"
       |       ^^^^^^^^^^^^^^^^^^
       |
       = hint: the folder has `befolkning.sql`

    1 problem in 1 file
    "#);
}

#[test]
fn an_unknown_source_is_shown_with_the_known_ones() {
    let project = Project::new().with("source = \"scb\"", "source = \"eurostat\"");
    insta::assert_snapshot!(project.report(), @r#"
    error[U0110]: unknown source `eurostat`
     --> pipelines/befolkning/pipeline.toml:4:10
      |
    4 | source = "eurostat"
      |          ^^^^^^^^^^
      |
      = hint: known sources: `scb`

    1 problem in 1 file
    "#);
}

#[test]
fn a_missing_configuration_says_so() {
    let project = Project::new();
    std::fs::remove_file(project.0.path().join("config/underlag.toml")).unwrap();
    insta::assert_snapshot!(project.report(), @r#"
    error[U0103]: the file can't be read: No such file or directory (os error 2)
    --> config/underlag.toml

    1 problem in 1 file
    "#);
}

#[test]
fn broken_sources_do_not_make_every_source_unknown() {
    let project = Project::new();
    project.write("config/sources.toml", "version = 1\n[source.scb.pxweb\n");
    insta::assert_snapshot!(project.report(), @r#"
    error[U0104]: unclosed table, expected `]`
     --> config/sources.toml:2:18
      |
    2 | [source.scb.pxweb
      |                  ^

    1 problem in 1 file
    "#);
}

#[test]
fn an_unknown_municipality_is_shown_with_the_nearest() {
    let project = Project::new();
    project.write("reference/kommuner.csv", "# källa: påhittad\nkod,namn\n0180,Stockholm\n");
    project.write("config/areas.toml", "version = 1\n[set.a.area.b]\ntitle = \"B\"\nkommuner = [\"0181\", \"0180\"]\n");
    insta::assert_snapshot!(project.report(), @r#"
    error[U0110]: no municipality has the code "0181"
     --> config/areas.toml:4:13
      |
    4 | kommuner = ["0181", "0180"]
      |             ^^^^^^
      |
      = hint: did you mean "0180"? reference/kommuner.csv lists every code

    1 problem in 1 file
    "#);
}

#[test]
fn a_file_that_is_no_utf8_is_refused() {
    let project = Project::new();
    std::fs::write(project.0.path().join("config/areas.toml"), [b'#', 0xE5]).unwrap();
    assert!(project.load().config.is_none());
    insta::assert_snapshot!(project.report(), @r#"
    error[U0103]: the file can't be read: stream did not contain valid UTF-8
    --> config/areas.toml

    1 problem in 1 file
    "#);
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_do_not_shift_the_caret() {
    let project = Project::new();
    let text = PIPELINE.replace("table = ", "tabel = ").replace('\n', "\r\n");
    project.write("pipelines/befolkning/pipeline.toml", &format!("\u{feff}{text}"));
    insta::assert_snapshot!(project.report(), @r#"
    error[U0105]: unknown key `tabel` in [fetch.folk.pxweb]
     --> pipelines/befolkning/pipeline.toml:5:1
      |
    5 | tabel = "TAB1"
      | ^^^^^
      |
      = hint: did you mean `table`?

    1 problem in 1 file
    "#);
}

#[test]
fn no_input_makes_the_loader_panic() {
    let whole = PIPELINE.as_bytes();
    let project = Project::new();
    for cut in (0..whole.len()).step_by(7) {
        let mut text = String::from_utf8_lossy(&whole[..cut]).into_owned();
        project.write("pipelines/befolkning/pipeline.toml", &text);
        project.report();
        text.push_str("]]}\"'''\n[[fetch]]\nfetch = [1, {a.b = 2}]\n[dataset]\nbefolkning = 3\n");
        project.write("pipelines/befolkning/pipeline.toml", &text);
        assert!(!project.report().is_empty());
    }
}

fn settings(text: &str) -> String {
    let project = Project::new();
    project.write("config/underlag.toml", text);
    project.report()
}

#[test]
fn an_endpoint_without_encryption_is_said_to_be_wanted() {
    insta::assert_snapshot!(settings("version = 1\ndata_url = \"s3://lager/prov\"\n[storage]\nendpoint = \"http://s3.example.org\"\n"), @r#"
    error[U0109]: the endpoint is without encryption
     --> config/underlag.toml:4:12
      |
    4 | endpoint = "http://s3.example.org"
      |            ^^^^^^^^^^^^^^^^^^^^^^^
      |
      = hint: use https, or add allow_http = true where the network is your own

    1 problem in 1 file
    "#);
}

#[test]
fn credentials_have_no_place_in_the_file() {
    insta::assert_snapshot!(settings("version = 1\ndata_url = \"s3://nyckel:hemligt@lager/prov\"\n"), @r#"
    error[U0108]: a bucket's URL holds no user, password or options
     --> config/underlag.toml:2:12
      |
    2 | data_url = "s3://nyckel:*******@lager/prov"
      |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = hint: credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or from systemd

    1 problem in 1 file
    "#);
}

#[test]
fn what_is_no_bucket_is_refused_and_storage_without_one() {
    let first = |text: &str| settings(text).lines().next().unwrap().to_owned();
    assert_eq!(
        first("version = 1\ndata_url = \"https://lager.example.org\"\n"),
        "error[U0108]: \"https://lager.example.org\" is not the URL of a bucket"
    );
    assert_eq!(
        first("version = 1\ndata_url = \"s3://Lager\"\n"),
        "error[U0108]: \"s3://Lager\" has no name of a bucket: 3 to 63 of a to z, digits, . and -"
    );
    assert_eq!(
        first("version = 1\ndata_url = \"s3://lager/a/../b\"\n"),
        "error[U0108]: \"s3://lager/a/../b\" has a prefix with other signs than letters a to z, digits, ., -, _ and ="
    );
    assert_eq!(
        first("version = 1\n[storage]\nregion = \"se-1\"\n"),
        "error[U0109]: [storage] without `data_url` has no effect"
    );
}

#[test]
fn keys_of_files_go_with_their_formats() {
    let fetch = "[fetch.ark.file]\npath = \"a.ods\"\nformat = \"ods\"\npivot_cache = 1\nsheet = 1\nlink_pattern = \"*.ods\"\n\
                 fill_down = [\"lann\"]\ncolumns = { lan = \"text\" }\nrange = \"H4:B9\"\n\n[dataset.befolkning]";
    let project = Project::new().with("[dataset.befolkning]", fetch);
    let report = project.report();
    for expected in [
        "`pivot_cache` goes with the formats xlsx, xlsb, and this file is ods",
        "`sheet` goes with a sheet, and `pivot_cache` is read in place of one",
        "\"*.ods\" has no {year}, so no link would be the newest",
        "`fill_down` names `lann`, which is not taken",
        "did you mean `lan`?",
        "\"H4:B9\" ends before it begins",
    ] {
        assert!(report.contains(expected), "{expected}\n{report}");
    }
}

#[test]
fn what_answers_mean_is_held_to_what_there_is() {
    let project = Project::new();
    project.write(
        "config/sources.toml",
        "version = 1\n[source.scb.pxweb]\nbase_url = \"https://a.example/api/v2\"\ncredit = \"SCB\"\nlicence = \"CC0-1.0\"\n\
         limits = { parallel = 0 }\nfresh_for = \"soon\"\n\
         responses = [{ status = 404, action = \"empty\" }, { action = \"retry\" }, { status = 99, action = \"ignore\" }]\n",
    );
    insta::assert_snapshot!(project.report(), @r#"
    error[U0108]: `source.scb.pxweb.limits.parallel` is 0
     --> config/sources.toml:6:23
      |
    6 | limits = { parallel = 0 }
      |                       ^
      |
      = hint: a whole number from 1 to 64

    error[U0108]: "soon" is not a duration
     --> config/sources.toml:7:13
      |
    7 | fresh_for = "soon"
      |             ^^^^^^
      |
      = hint: a whole number and a unit, one of ms, s, m, h, d: "30s", "5m", "6h"

    error[U0109]: this response fits every answer
     --> config/sources.toml:8:50
      |
    8 | responses = [{ status = 404, action = "empty" }, { action = "retry" }, { status = 99, action = "ignore" }]
      |                                                  ^^^^^^^^^^^^^^^^^^^^
      |
      = hint: add `status`, `contains` or both

    error[U0108]: `source.scb.pxweb.responses.status` is 99
     --> config/sources.toml:8:83
      |
    8 | responses = [{ status = 404, action = "empty" }, { action = "retry" }, { status = 99, action = "ignore" }]
      |                                                                                   ^^
      |
      = hint: a whole number from 200 to 599

    error[U0108]: `source.scb.pxweb.responses.action` can't be "ignore"
     --> config/sources.toml:8:96
      |
    8 | responses = [{ status = 404, action = "empty" }, { action = "retry" }, { status = 99, action = "ignore" }]
      |                                                                                                ^^^^^^^^
      |
      = hint: allowed: "retry", "split", "stop", "empty"

    5 problems in 1 file
    "#);
}

#[test]
fn only_what_is_asked_for_in_parts_can_be_split() {
    let project = Project::new();
    project.write(
        "config/sources.toml",
        "version = 1\n[source.scb.pxweb]\nbase_url = \"https://a.example/api/v2\"\ncredit = \"SCB\"\nlicence = \"CC0-1.0\"\n\
         responses = [{ status = 413, action = \"split\" }]\n\
         [source.kolada.kolada]\nbase_url = \"https://b.example/v3\"\ncredit = \"Kolada\"\nlicence = \"?\"\n\
         responses = [{ status = 404, action = \"empty\" }, { status = 413, action = \"split\" }]\n",
    );
    insta::assert_snapshot!(project.report(), @r#"
    error[U0109]: `split` means nothing for a kolada source: its calls are not cut into smaller ones
      --> config/sources.toml:11:75
       |
    11 | responses = [{ status = 404, action = "empty" }, { status = 413, action = "split" }]
       |                                                                           ^^^^^^^
       |
       = hint: `stop` makes the answer an error, `retry` asks again

    1 problem in 1 file
    "#);
}

#[test]
fn a_code_list_is_named_before_what_comes_of_it() {
    let fetch = "[fetch.ark.pxweb]\nsource = \"scb\"\ntable = \"TAB1\"\nselect = { Alder = \"*\", Tid = \"*\" }\n\
                 codelist = { Alder = \"agg_X\" }\noutput_values = { Alder = \"both\", Aldr = \"single\" }\n\
                 measures = { \"000007SF\" = \"folk\" }\n\n[dataset.befolkning]";
    let project = Project::new().with("[dataset.befolkning]", fetch);
    insta::assert_snapshot!(project.report(), @r#"
    error[U0108]: `fetch.ark.pxweb.output_values.Alder` can't be "both"
      --> pipelines/befolkning/pipeline.toml:14:27
       |
    14 | output_values = { Alder = "both", Aldr = "single" }
       |                           ^^^^^^
       |
       = hint: allowed: "aggregated", "single"

    error[U0109]: `output_values` names the dimension `Aldr`, which has no `codelist`
      --> pipelines/befolkning/pipeline.toml:14:35
       |
    14 | output_values = { Alder = "both", Aldr = "single" }
       |                                   ^^^^
       |
       = hint: did you mean `Alder`?

    2 problems in 1 file
    "#);
}

#[test]
fn what_the_file_says_of_answers_goes_before_the_kinds_own() {
    let project = Project::new();
    project.write(
        "config/sources.toml",
        "version = 1\n[source.scb.pxweb]\nbase_url = \"https://a.example/api/v2\"\ncredit = \"SCB\"\nlicence = \"CC0-1.0\"\n\
         limits = { parallel = 4 }\n\
         [[source.scb.pxweb.responses]]\nstatus = 404\naction = \"empty\"\n\
         [[source.scb.pxweb.responses]]\ncontains = \"underhåll\"\naction = \"stop\"\n",
    );
    let source = &project.config().sources["scb"];
    assert_eq!((source.limits, source.parallel), (None, 4));
    let actions: Vec<_> = source.responses.iter().map(|one| (one.status, one.action)).collect();
    assert_eq!(actions[..2], [(Some(404), Action::Empty), (None, Action::Stop)]);
    assert!(actions[2..].contains(&(Some(400), Action::Split)));
}

/// A second pipeline beside the first, with the first's text but for names.
fn with_second(project: Project, schedule: &str) -> Project {
    let second = PIPELINE.replace("[dataset.befolkning", "[dataset.andra").replace("befolkning.sql", "andra.sql");
    let second = second.replacen("[fetch.folk.pxweb]", &format!("{schedule}\n[fetch.folk.pxweb]"), 1);
    project.write("pipelines/andra/pipeline.toml", &second).write("pipelines/andra/andra.sql", "SELECT * FROM folk\n");
    project
}

#[test]
fn an_unknown_pipeline_to_run_after_is_shown_with_the_one_that_was_meant() {
    let project = with_second(Project::new(), "[schedule]\nafter = [\"befolkningen\"]");
    insta::assert_snapshot!(project.report(), @r#"
    error[U0110]: there is no pipeline `befolkningen` to run after
     --> pipelines/andra/pipeline.toml:4:10
      |
    4 | after = ["befolkningen"]
      |          ^^^^^^^^^^^^^^
      |
      = hint: did you mean `befolkning`?

    1 problem in 1 file
    "#);
}

#[test]
fn no_pipeline_runs_after_itself_or_in_a_circle() {
    let project = with_second(Project::new(), "[schedule]\nafter = [\"andra\"]");
    insta::assert_snapshot!(project.report(), @r#"
    error[U0112]: `andra` can't run after itself
     --> pipelines/andra/pipeline.toml:4:10
      |
    4 | after = ["andra"]
      |          ^^^^^^^
      |
      = hint: to run again and again, give it a `cron`

    1 problem in 1 file
    "#);
    let first = Project::new().with("[fetch.folk.pxweb]", "[schedule]\nafter = [\"andra\"]\n[fetch.folk.pxweb]");
    let project = with_second(first, "[schedule]\nafter = [\"befolkning\"]");
    insta::assert_snapshot!(project.report(), @r#"
    error[U0112]: pipelines run after each other in a circle: andra → befolkning → andra
     --> pipelines/befolkning/pipeline.toml:4:10
      |
    4 | after = ["andra"]
      |          ^^^^^^^
      |
      = hint: each name runs after the next; one of them must start by itself

    1 problem in 1 file
    "#);
}

#[test]
fn a_schedule_says_when_or_after_what() {
    let project = Project::new().with("[fetch.folk.pxweb]", "[schedule]\njitter = \"5m\"\n[fetch.folk.pxweb]");
    insta::assert_snapshot!(project.report(), @r#"
    error[U0109]: [schedule] says neither when nor after what it runs
     --> pipelines/befolkning/pipeline.toml:3:2
      |
    3 | [schedule]
      |  ^^^^^^^^
      |
      = hint: give `cron`, `after` or a [release]; without [schedule] it runs only by hand

    1 problem in 1 file
    "#);
}

#[test]
fn a_schedule_that_is_never_due_is_refused() {
    let project = Project::new().with("[fetch.folk.pxweb]", "[schedule]\ncron = \"0 0 30 2 *\"\n[fetch.folk.pxweb]");
    insta::assert_snapshot!(project.report(), @r#"
    error[U0108]: "0 0 30 2 *" is never due
     --> pipelines/befolkning/pipeline.toml:4:8
      |
    4 | cron = "0 0 30 2 *"
      |        ^^^^^^^^^^^^
      |
      = hint: no month that it names has such a day: February has 29 at most; April, June, September and November have 30

    1 problem in 1 file
    "#);
}
