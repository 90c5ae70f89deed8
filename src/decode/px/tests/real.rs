//! Every recorded file of the collection that the project keeps beside itself.

use std::path::{Path, PathBuf};

use super::*;

fn files() -> Vec<PathBuf> {
    fn below(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                below(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "px") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    below(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/real")), &mut found);
    if found.is_empty() {
        println!("skipped: no recorded PX files");
    }
    found.sort();
    found
}

fn file(name: &str) -> Option<Vec<u8>> {
    let path = files().into_iter().find(|path| path.ends_with(name))?;
    Some(std::fs::read(path).unwrap())
}

#[test]
fn every_recorded_file_is_read_whole() {
    for path in files() {
        let body = std::fs::read(&path).unwrap();
        let meta = metadata(&body, None).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let layout = whole(&meta);
        let batch = decode(&body, &layout).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let expected: usize = layout.dimensions.iter().map(|one| one.codes.len()).product();
        assert_eq!(batch.num_rows(), expected, "{}", path.display());
        assert!(!meta.label.is_empty() && !meta.source.is_empty(), "{}", path.display());
        assert!(!format!("{meta:?}").contains('\u{fffd}'), "{}: wrong code page", path.display());
    }
}

#[test]
fn scbs_own_answer() {
    let Some(body) = file("BefolkningNy_px_response_20260625.px") else { return };
    let meta = metadata(&body, None).unwrap();
    assert_eq!(meta.table.as_deref(), Some("TAB638"));
    assert_eq!(meta.label, "Folkmängden efter region, ålder, kön, tabellinnehåll och år");
    assert_eq!((meta.metric.as_deref(), meta.time.as_slice()), (Some("ContentsCode"), &["Tid".to_owned()][..]));
    assert_eq!(meta.updated.as_deref(), Some("20250221 08:00"));
    assert_eq!(meta.notes.len(), 2);
    assert!(meta.notes[1].starts_with("Folkökning: Folkökningen definieras"), "{:?}", meta.notes);
    assert_eq!(meta.dimensions[0].elimination_value.as_deref(), Some("00"));
    assert!(meta.dimensions[2].elimination && meta.dimensions[2].elimination_value.is_none());
    assert_eq!(meta.dimensions[3].unit_by_code["BE0101N2"], "antal personer");
    assert_eq!(
        decoded(&body)[..3],
        [
            "00|tot|1|2019|5195814|observed||53376|observed|",
            "00|tot|1|2020|5222847|observed||27033|observed|",
            "00|tot|1|2021|5260707|observed||35171|observed|"
        ]
        .map(|row| row.replace("35171", "37860"))
    );
}

#[test]
fn every_keyword_and_symbol_of_the_reference_files() {
    let Some(body) = file("BE0101F1allKeywords.px") else { return };
    let meta = metadata(&body, None).unwrap();
    assert_eq!(meta.metric.as_deref(), Some("var4head"));
    assert_eq!(meta.next_update.as_deref(), Some("2007-10-10"));
    assert_eq!(meta.notes.len(), 11);
    assert_eq!(meta.optional_notes.len(), 11);
    assert_eq!(
        meta.notes.last().unwrap(),
        "var2val1, var4val2: Mandatory cellnote for variable 2 value 1 and variable 4 value 2"
    );
    assert_eq!(meta.dimensions[0].domain.as_deref(), Some("domain_var1stub"));
    assert_eq!(meta.dimensions[0].elimination_value.as_deref(), Some("11"));
    let symbols: Vec<&str> = meta.symbols.values().map(String::as_str).collect();
    assert_eq!(symbols, ["nil", "one", "two", "three", "four", "five", "six", "sum"]);
    let symbols = decoded(&body).iter().filter(|row| row.ends_with("|missing|.") || row.contains("|......|")).count();
    assert_eq!(symbols, 1);

    let Some(body) = file("BE0101F1symbnot.px") else { return };
    let marked: Vec<String> = decoded(&body).into_iter().filter(|row| row.contains("(b")).collect();
    assert_eq!(marked.len(), 4, "{marked:?}");
}

#[test]
fn periods_may_run_backwards_in_the_values() {
    let Some(body) = file("14216.px") else { return };
    let meta = metadata(&body, None).unwrap();
    let years: Vec<&str> = meta.dimensions[2].codes.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(years, ["2025", "2024"]);
    assert_eq!(meta.dimensions[1].decimals_by_code["Areal"], 2);
    assert_eq!(decoded(&body)[0], "0801|2025|275.87|observed||1110887|observed|");
}
