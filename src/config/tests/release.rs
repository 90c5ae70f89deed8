//! `[release]`: what it says when it is left out, and each of its mistakes.

use std::time::Duration;

use super::Project;
use crate::config::{Release, When};

/// The pipeline with these lines in [release].
fn with(lines: &str) -> Project {
    Project::new().with("[fetch.folk.pxweb]", &format!("[release]\n{lines}\n[fetch.folk.pxweb]"))
}

fn report(lines: &str) -> String {
    with(lines).report()
}

fn release(lines: &str) -> Release {
    with(lines).config().pipelines["befolkning"].release.clone().unwrap()
}

#[test]
fn a_release_has_defaults_that_fit_scb() {
    assert_eq!(Project::new().config().pipelines["befolkning"].release, None);
    assert_eq!(release(""), Release::default());
}

#[test]
fn all_keys_are_read() {
    let read = release(
        "dates = [\"2026-12-09\", \"2027-03-10T09:30\"]\ncron = \"0 8 15 2,5,8,11 *\"\ntime = \"09:00\"\n\
         timezone = \"Europe/Helsinki\"\nbegin = \"1h\"\nevery = \"2m\"\nduring = \"3h\"\notherwise = \"never\"\n\
         late_after = \"1d\"\nfetches = [\"folk\"]",
    );
    let hour = Duration::from_hours(1);
    let expected = Release {
        dates: vec![When::Day("2026-12-09".parse().unwrap()), When::Local("2027-03-10T09:30".parse().unwrap())],
        cron: vec!["0 8 15 2,5,8,11 *".to_owned()],
        time: "09:00".parse().unwrap(),
        timezone: "Europe/Helsinki".to_owned(),
        begin: hour,
        every: Duration::from_mins(2),
        during: 3 * hour,
        otherwise: None,
        late_after: 24 * hour,
        fetches: vec!["folk".to_owned()],
    };
    assert_eq!(read, expected);
    assert_eq!(release("cron = [\"0 8 1 * *\", \"0 8 15 * *\"]").cron.len(), 2);
}

#[test]
fn dates_and_times_are_written_in_one_way() {
    insta::assert_snapshot!(report(
        "dates = [\"9 december\", \"2026-12-09T07:00:00Z\", \"2026-02-30\"]\ntime = \"8:00\"\notherwise = \"sometimes\""
    ));
}

#[test]
fn a_key_that_does_not_exist_is_shown_with_the_one_that_was_meant() {
    insta::assert_snapshot!(report("date = [\"2026-12-09\"]\ninterval = \"5m\""));
}

#[test]
fn polling_that_is_too_dense_or_could_never_happen_is_refused() {
    insta::assert_snapshot!(
        [
            report("every = \"30s\""),
            report("every = \"1h\"\nduring = \"30m\""),
            report("otherwise = \"1m\""),
            report("late_after = \"1m\""),
            report("otherwise = \"never\""),
        ]
        .join("\n")
    );
}

#[test]
fn a_fetch_that_is_not_there_is_no_release() {
    insta::assert_snapshot!(report("fetches = [\"flok\", \"annat\"]"));
    let project = Project::new();
    project.write(
        "pipelines/befolkning/pipeline.toml",
        "version = 1\ntitle = \"Utan\"\n[release]\n[input.a]\ndataset = \"befolkning\"\n\
         [dataset.befolkning2]\ntitle = \"B\"\nsql = \"befolkning.sql\"\nkey = [\"kod\"]\n",
    );
    let report = project.report();
    assert!(report.contains("[release] is about what a pipeline fetches, and this one fetches nothing"), "{report}");
}
