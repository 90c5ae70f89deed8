use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use arrow::array::{Array, AsArray};

use super::*;

fn shipped() -> Reference {
    Reference::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("reference")).unwrap()
}

fn column(reference: &Reference, table: &str, name: &str) -> Vec<String> {
    let batch = &reference.tables[table];
    let array = batch.column_by_name(name).unwrap().as_string::<i32>();
    (0..array.len()).map(|at| array.value(at).to_owned()).collect()
}

fn files(list: &[(&str, &str)]) -> BTreeMap<PathBuf, Vec<u8>> {
    list.iter().map(|(name, text)| (PathBuf::from(name), text.as_bytes().to_vec())).collect()
}

#[test]
fn the_shipped_geography_is_whole() {
    let reference = shipped();
    assert_eq!(reference.lan.len(), 21);
    assert_eq!(reference.kommuner.len(), 290);
    assert!(reference.kommuner.values().all(|kommun| kommun.kod.len() == 4 && kommun.kod[..2] == kommun.lan));
    let names: BTreeSet<_> = reference.kommuner.values().map(|kommun| &kommun.namn).collect();
    assert_eq!(names.len(), 290);
    assert_eq!(reference.name_of("kommun", "0114"), Some("Upplands Väsby"));
    assert_eq!(reference.name_of("lan", "0114"), None);
    assert_eq!(reference.lan_of("kommun", "2584"), Some("25"));
    assert_eq!(reference.lan_of("lan", "01"), Some("01"));
    assert_eq!(reference.lan_of("riket", "00"), Some("00"));
    assert_eq!(reference.geography().num_rows(), 1 + 21 + 290);
}

#[test]
fn the_shipped_code_lists_fit_together() {
    let reference = shipped();
    let groups: BTreeSet<_> = column(&reference, "ssyk", "ssyk").into_iter().collect();
    assert_eq!(groups.len(), 400);
    assert!(groups.iter().all(|code| code.len() == 4));
    assert!(groups.contains("0110"), "leading zeros stay");
    assert_eq!(column(&reference, "ssyk", "taxonomi_id").into_iter().collect::<BTreeSet<_>>().len(), 400);

    let places = column(&reference, "platser", "kod");
    assert_eq!(places.len(), 312);
    for ((level, code), name) in
        column(&reference, "platser", "niva").iter().zip(&places).zip(column(&reference, "platser", "namn"))
    {
        assert_eq!(reference.name_of(level, code), Some(name.as_str()));
    }
    for unit in column(&reference, "nyckeltal", "enhet") {
        assert!(["antal", "procent", "kronor"].contains(&unit.as_str()));
    }
    assert!(column(&reference, "forandringar", "ny_kod").contains(&"0331".to_owned()));
}

#[test]
fn the_recorded_advertisements_find_all_their_codes() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../shared/real/arbetsformedlingen/ads2024_ssyk4concept_x_country_region_municipality.json"
    );
    let Ok(text) = fs::read_to_string(path) else {
        println!("skipped: no recorded answers here");
        return;
    };
    let ads: BTreeMap<String, BTreeMap<String, u64>> = serde_json::from_str(&text).unwrap();
    let reference = shipped();
    let groups: BTreeSet<_> = column(&reference, "ssyk", "taxonomi_id").into_iter().collect();
    assert_eq!(ads.keys().cloned().collect::<BTreeSet<_>>(), groups);
    let places: BTreeSet<_> = column(&reference, "platser", "taxonomi_id").into_iter().collect();
    let used: BTreeSet<_> = ads.values().flat_map(|counts| counts.keys().cloned()).collect();
    assert_eq!(used, places);
}

#[test]
fn every_problem_of_every_file_is_named() {
    let error = Reference::from_files(&files(&[
        ("lan.csv", "# källa: prov\nkod,namn\n01,Ett\n1,Två\n"),
        (
            "kommuner.csv",
            "kod,namn,lan\n0114,Väsby,01\n0114,Väsby,01\n0380,Uppsala,03\n180,Stockholm,01\n0181,Söder,02\n",
        ),
        ("annat.csv", "# källa: prov\na,B\n1,2,3\n"),
    ]))
    .unwrap_err();
    let text = error.to_string();
    for line in [
        "annat.csv:2: the column name \"B\" is not ASCII snake_case",
        "annat.csv:3: 3 fields where the header has 2",
        "kommuner.csv:1: the first line must name the source: # källa: …",
        "lan.csv:4: the code \"1\" of a län is not two digits from 01",
        "kommuner.csv:3: the code \"0114\" stands twice",
        "kommuner.csv:3: the name \"Väsby\" stands twice",
        "kommuner.csv:4: the län \"03\" of the kommun 0380 is not in lan.csv",
        "kommuner.csv:5: the code \"180\" of a kommun is not four digits",
        "kommuner.csv:6: the kommun 0181 is placed in the län \"02\"",
    ] {
        assert!(text.lines().any(|found| found == line), "{line:?} is missing in:\n{text}");
    }
}

#[test]
fn bytes_that_are_not_utf8_are_placed() {
    let bytes = b"# k\xc3\xa4lla: prov\na\nV\xe4sby\n".to_vec();
    let error = Reference::from_files(&BTreeMap::from([(PathBuf::from("x.csv"), bytes)])).unwrap_err();
    assert_eq!(error.to_string(), "x.csv:3: the text is not UTF-8");
}

#[test]
fn an_absent_folder_is_an_empty_one_and_the_hash_follows_the_content() {
    let nothing = Reference::load(Path::new("/does/not/exist")).unwrap();
    assert_eq!(nothing.geography().num_rows(), 1);
    let one = Reference::from_files(&files(&[("a/x.csv", "# källa: prov\na\n1\n")])).unwrap();
    let same = Reference::from_files(&files(&[("b/x.csv", "# källa: prov\na\n1\n")])).unwrap();
    let other = Reference::from_files(&files(&[("a/x.csv", "# källa: prov\na\n2\n")])).unwrap();
    assert_eq!(one.hash(), same.hash());
    assert_ne!(one.hash(), other.hash());
    assert_ne!(one.hash(), nothing.hash());
    assert_eq!(one.tables["x"].num_rows(), 1);
}

#[test]
fn the_regions_of_the_nuts_hold_every_lan_once() {
    let reference = shipped();
    let levels = column(&reference, "nuts", "niva");
    let of = |wanted: &str, name: &str| -> Vec<String> {
        let texts = column(&reference, "nuts", name);
        levels.iter().zip(texts).filter(|(level, _)| *level == wanted).map(|(_, text)| text).collect()
    };
    assert_eq!(["riket", "landsdel", "riksomrade", "lan"].map(|level| of(level, "kod").len()), [1, 3, 8, 21]);
    let mut lan: Vec<(String, String)> = of("lan", "kod").into_iter().zip(of("lan", "nuts")).collect();
    lan.sort_unstable();
    let expected = column(&reference, "lan", "kod").into_iter().zip(column(&reference, "lan", "nuts3"));
    assert_eq!(lan, expected.collect::<Vec<_>>());
    let wide = of("riksomrade", "nuts");
    assert!(of("lan", "nuts").iter().all(|code| wide.iter().any(|wide| code.starts_with(wide.as_str()))));
}
