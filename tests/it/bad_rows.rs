//! Answers that are well formed and wrong: areas nobody knows, keys that come
//! twice, values without a reason to be empty, and files of another kind.

use insta::assert_snapshot;
use serde_json::json;

use crate::bad_input::Bed;

#[test]
fn a_municipality_that_nobody_knows() {
    let bed = Bed::befolkning();
    assert_snapshot!(bed.with(json!({ "kind": "unknown_kommun" })), @r"
    error[U0401]: pipeline befolkning: nothing published: a check did not hold
      befolkning: area: 4 rows have an area code that the reference tables do not know
        niva=kommun, kod=9998
          from folk: POST http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/data?lang=sv&outputFormat=json-stat2 (archive/objects/[hash].zst)
    hint: the last good version stays published; correct the source or the pipeline and run again
    ");
    bed.recovers();
}

#[test]
fn a_key_twice_after_the_query() {
    let bed = Bed::befolkning();
    let query = bed.world.read("pipelines/befolkning/befolkning.sql");
    bed.world.edit("pipelines/befolkning/befolkning.sql", "alder, kon,", "alder, '1' AS kon,");
    assert_snapshot!(bed.stderr(), @r"
    error[U0401]: pipeline befolkning: nothing published: a check did not hold
      befolkning: unique: 624 rows repeat the key (kod, alder, kon, period) of another row
        kod=00, alder=0-9, kon=1, period=2026M10
        kod=00, alder=10-19, kon=1, period=2026M10
        kod=01, alder=0-9, kon=1, period=2026M10
        kod=01, alder=10-19, kon=1, period=2026M10
        kod=0114, alder=0-9, kon=1, period=2026M10
        kod=0114, alder=10-19, kon=1, period=2026M10
        kod=0115, alder=0-9, kon=1, period=2026M10
        kod=0115, alder=10-19, kon=1, period=2026M10
        kod=0117, alder=0-9, kon=1, period=2026M10
        kod=0117, alder=10-19, kon=1, period=2026M10
        kod=0120, alder=0-9, kon=1, period=2026M10
        kod=0120, alder=10-19, kon=1, period=2026M10
        kod=0123, alder=0-9, kon=1, period=2026M10
        kod=0123, alder=10-19, kon=1, period=2026M10
        kod=0125, alder=0-9, kon=1, period=2026M10
        kod=0125, alder=10-19, kon=1, period=2026M10
        kod=0126, alder=0-9, kon=1, period=2026M10
        kod=0126, alder=10-19, kon=1, period=2026M10
        kod=0127, alder=0-9, kon=1, period=2026M10
        kod=0127, alder=10-19, kon=1, period=2026M10
          from folk: POST http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/data?lang=sv&outputFormat=json-stat2 (archive/objects/[hash].zst)
        …
    hint: the last good version stays published; correct the source or the pipeline and run again
    ");
    bed.world.write("pipelines/befolkning/befolkning.sql", &query);
    bed.recovers();
}

#[test]
fn an_empty_value_without_a_reason() {
    let bed = Bed::befolkning();
    let query = bed.world.read("pipelines/befolkning/befolkning.sql");
    bed.world.edit(
        "pipelines/befolkning/befolkning.sql",
        "folkmangd, folkmangd_status",
        "CASE WHEN kod = '0180' THEN NULL ELSE folkmangd END AS folkmangd, folkmangd_status",
    );
    assert_snapshot!(bed.stderr(), @r"
    error[U0401]: pipeline befolkning: nothing published: a check did not hold
      befolkning: status: 4 values are empty without a status that says why
        kod=0180, alder=0-9, kon=1, period=2026M10, folkmangd=(null), folkmangd_status=observed
        kod=0180, alder=0-9, kon=2, period=2026M10, folkmangd=(null), folkmangd_status=observed
        kod=0180, alder=10-19, kon=1, period=2026M10, folkmangd=(null), folkmangd_status=observed
        kod=0180, alder=10-19, kon=2, period=2026M10, folkmangd=(null), folkmangd_status=observed
          from folk: POST http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/data?lang=sv&outputFormat=json-stat2 (archive/objects/[hash].zst)
    hint: the last good version stays published; correct the source or the pipeline and run again
    ");
    bed.world.write("pipelines/befolkning/befolkning.sql", &query);
    bed.recovers();
}

#[test]
fn an_indicator_that_kolada_does_not_know() {
    let bed = Bed::nyckeltal();
    bed.world.edit("pipelines/nyckeltal/pipeline.toml", r#"["N01982"]"#, r#"["N01982", "N99999"]"#);
    assert_snapshot!(bed.stderr(), @r"
    error[U0210]: pipeline nyckeltal: fetch k: kolada: http://127.0.0.1:[port]/kolada/v3/kpi knows no indicator N99999
    hint: Kolada removes and replaces indicators without notice; look for a successor by title
    ");
    bed.world.edit("pipelines/nyckeltal/pipeline.toml", r#"["N01982", "N99999"]"#, r#"["N01982"]"#);
    bed.recovers();
}

#[test]
fn a_row_twice_from_kolada() {
    let bed = Bed::nyckeltal();
    assert_snapshot!(bed.with(json!({ "path_contains": "/data", "kind": "duplicate_kommun", "times": 1 })), @r"
    error[U0401]: pipeline nyckeltal: nothing published: a check did not hold
      nyckeltal: unique: 3 rows repeat the key (kod, kpi, kon, period) of another row
        kod=00, kpi=N01982, kon=K, period=2022
        kod=00, kpi=N01982, kon=M, period=2022
        kod=00, kpi=N01982, kon=T, period=2022
          from k: GET http://127.0.0.1:[port]/kolada/v3/data/kpi/N01982/municipality/0000,0001,0003,0004,0005,0006,0007,0008,0009,0010,0012,0013,0014,0017,0018,0019,0020,0021,0022,0023,0024,0025,0114,0115/year/2022,2023?per_page=5000 (archive/objects/[hash].zst)
    hint: the last good version stays published; correct the source or the pipeline and run again
    ");
    bed.recovers();
}

#[test]
fn a_page_of_kolada_cut_in_half() {
    let bed = Bed::nyckeltal();
    assert_snapshot!(bed.with(json!({ "path_contains": "/municipality?", "kind": "truncate" })), @r"
    error[U0301]: pipeline nyckeltal: fetch k: kolada: GET http://127.0.0.1:[port]/kolada/v3/municipality?per_page=5000: the body is cut off or broken at byte 6992: EOF while parsing an object at line 1 column 6992
    hint: run again later; if it stays so, the source has changed its answers (this one is kept as archive/objects/[hash].zst)
    ");
    bed.recovers();
}

#[test]
fn a_file_that_is_not_json() {
    let bed = Bed::annonser();
    assert_snapshot!(bed.with(json!({ "path_contains": "/filer", "kind": "html200" })), @r#"
    error[U0301]: pipeline annonser: fetch annons: af: GET http://127.0.0.1:[port]/filer/ssyk_region_kommun_annonser_2024.json: the body is not a JSON object: it begins with "<!DOCTYPE html>\n<html lang=\"sv\"><head><title>Underhåll pågår"
    hint: a proxy or maintenance page may be answering in the file's place
    "#);
    bed.recovers();
}

#[test]
fn a_file_with_a_place_that_nobody_knows() {
    let bed = Bed::annonser();
    assert_snapshot!(bed.with(json!({ "kind": "unknown_kommun" })), @r"
    error[U0401]: pipeline annonser: nothing published: 2 checks did not hold
      annonser: area: 189 rows have an area code that the reference tables do not know
        niva=(null), kod=okan_dKo_mmun
          from annons: GET http://127.0.0.1:[port]/filer/ssyk_region_kommun_annonser_2024.json (archive/objects/[hash].zst)
      annonser: utan_koppling.sql: 1 row that should not be there
        okand_plats=okan_dKo_mmun, okand_yrkesgrupp=(null), rader=189
          from annons: GET http://127.0.0.1:[port]/filer/ssyk_region_kommun_annonser_2024.json (archive/objects/[hash].zst)
    hint: the last good version stays published; correct the source or the pipeline and run again
    ");
    bed.recovers();
}

#[test]
fn a_file_with_a_key_twice() {
    let bed = Bed::annonser();
    assert_snapshot!(bed.with(json!({ "path_contains": "/filer", "kind": "duplicate_kommun" })), @r#"
    error[U0302]: pipeline annonser: fetch annons: af: GET http://127.0.0.1:[port]/filer/ssyk_region_kommun_annonser_2024.json: the outermost object has key "KiVA_anS_RJh" twice (byte 5216)
    hint: run again later; if it stays so, the source has changed its answers (this one is kept as archive/objects/[hash].zst)
    "#);
    bed.recovers();
}

#[test]
fn a_local_file_that_is_not_json() {
    let bed = Bed::annonser();
    bed.world.edit("pipelines/annonser/pipeline.toml", "source = \"af\"\n", "");
    bed.world.edit("pipelines/annonser/pipeline.toml", "ssyk_region_kommun_annonser_2024.json", "annonser.json");
    bed.world.write("pipelines/annonser/annonser.json", "yrkesgrupp;plats;antal\n");
    assert_snapshot!(bed.stderr(), @r#"
    error[U0301]: pipeline annonser: fetch annons: fil: GET file://[world]/pipelines/annonser/annonser.json: the body is not a JSON object: it begins with "yrkesgrupp;plats;antal\n"
    hint: correct the file and run again
    "#);
    std::fs::remove_file(bed.world.path("pipelines/annonser/annonser.json")).unwrap();
    assert_snapshot!(bed.stderr(), @r"
    error[U0217]: pipeline annonser: fetch annons: could not read [world]/pipelines/annonser/annonser.json: No such file or directory (os error 2)
    hint: put the file in place, or correct its path in the pipeline
    ");
}
