use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;

fn files_below(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found
}

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every `U` with four digits after it.
fn named(text: &str) -> Vec<&str> {
    let code = |at: usize| {
        let code = text.get(at..at + 5)?;
        let before = text[..at].chars().next_back().is_none_or(|each| !each.is_ascii_alphanumeric());
        let after = text[at + 5..].chars().next().is_none_or(|each| !each.is_ascii_alphanumeric());
        (before && after && code[1..].bytes().all(|byte| byte.is_ascii_digit())).then_some(code)
    };
    text.match_indices('U').filter_map(|(at, _)| code(at)).collect()
}

#[test]
fn codes_rise_and_stand_in_their_room() {
    let codes: Vec<&str> = all().map(Code::as_str).collect();
    assert!(codes.is_sorted(), "{codes:?}");
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len());
    for code in all() {
        assert_eq!(named(code.as_str()), [code.as_str()]);
        assert!(!code.0.title.ends_with('.') && code.0.means.ends_with('.') && code.0.readers.ends_with('.'), "{code}");
        assert_eq!(Code::find(&format!("[{}]:", code.as_str().to_lowercase())), Some(code));
    }
    assert_eq!(Code::find("U9999"), None);
}

#[test]
fn every_page_is_of_a_problem_that_can_be_met() {
    let source = project().join("src");
    let texts: String = files_below(&source, ".rs")
        .iter()
        .filter(|path| !path.starts_with(source.join("codes")) && !path.to_string_lossy().contains("tests"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    // Beside the pages only this folder names codes without their room.
    let own = fs::read_to_string(source.join("codes/mod.rs")).unwrap();
    let words: BTreeSet<&str> = texts
        .split("codes::")
        .skip(1)
        .map(|rest| rest.split(|each: char| !(each.is_ascii_uppercase() || each == '_')).next().unwrap())
        .collect();
    let unused: Vec<&str> = all()
        .map(|code| code.0.name)
        .filter(|name| !words.contains(name) && !own.contains(&format!("map_or({name},")))
        .collect();
    assert!(unused.is_empty(), "no problem has the codes of {unused:?}");
}

#[test]
fn every_code_that_a_document_or_message_names_has_a_page() {
    let known: BTreeSet<&str> = all().map(Code::as_str).collect();
    let mut files = files_below(&project().join("docs"), ".md");
    files.extend(files_below(&project().join("src"), ".rs"));
    files.push(project().join("README.md"));
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let own = file.ends_with("codes/tests.rs");
        let strange: Vec<&str> = named(&text).into_iter().filter(|code| !known.contains(code) && !own).collect();
        assert!(strange.is_empty(), "{} names {strange:?}", file.display());
    }
}

#[test]
fn run_books_that_pages_lead_to_are_there() {
    let text = fs::read_to_string(project().join("docs/runbooks.md")).unwrap();
    let headings: Vec<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .map(|heading| heading.to_lowercase().replace(' ', "-"))
        .collect();
    for code in all() {
        let there = code.0.runbook.is_none_or(|runbook| headings.iter().any(|heading| heading == runbook));
        assert!(there, "{code}: docs/runbooks.md has no {:?}", code.0.runbook);
    }
}

#[test]
fn the_pages_in_docs_are_those_of_the_registry() {
    let folder = project().join("docs/errors");
    let files = files();
    for (name, text) in &files {
        let there = fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(there == *text, "docs/errors/{name} is stale: underlag explain --write docs/errors");
    }
    let there = fs::read_dir(&folder).unwrap().count();
    assert_eq!(there, files.len(), "docs/errors has files that no code stands behind");
}

#[test]
fn a_page_on_a_terminal() {
    insta::assert_snapshot!(ROWS_GONE.text(), @r#"
    U0402: more rows are gone than may be

    The new version would lack more rows of the one before than `max_drop` allows. It waits for
    somebody's word.

    Readers meanwhile
      The last good version, whole. Nothing of this run is published; other pipelines are not touched.

    What to do
      1. `underlag status` shows how many, and the command that lets them go.
      2. Rightly gone: `underlag accept PIPELINE --reason "…"`; readers see the reason.
      3. Not: wait until the source has them again, and run again.

    More: docs/runbooks.md#a-publish-waits
    "#);
    assert!(list().lines().all(|line| line.chars().count() <= 100));
}
