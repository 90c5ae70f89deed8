//! The configuration in this repository, and the fixtures of its pipelines.

use std::path::Path;

use super::super::{FetchKind, Overrides, Perturbation, Years, load, render_all};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_shipped_configuration_has_no_problem() {
    let loaded = load(&root().join("config/underlag.toml"), &Overrides::default());
    assert_eq!(render_all(&loaded.diagnostics, &loaded.files, false), "");
    let config = loaded.config.unwrap();
    assert_eq!(config.pipelines.keys().collect::<Vec<_>>(), ["annonser", "befolkning", "nyckeltal"]);
    for name in ["af", "eurostat", "kolada", "scb", "scb_v1"] {
        assert!(config.sources.contains_key(name), "{name}");
    }
    assert!(config.sources["scb"].limits.is_none(), "SCB announces its own limits");

    let befolkning = &config.pipelines["befolkning"];
    let FetchKind::Pxweb(folk) = &befolkning.fetches["folk"].kind else { panic!("not pxweb") };
    assert_eq!(folk.table, "TAB6471");
    assert_eq!(folk.select["Alder"].len(), 12);
    let dataset = &befolkning.datasets["befolkning"];
    assert_eq!(dataset.key, ["kod", "alder", "kon", "period"]);
    assert_eq!(dataset.columns.last().unwrap().perturbation, Perturbation::Ckm);
    assert_eq!((dataset.checks.custom.len(), dataset.checks.complete.is_some()), (0, true));

    let FetchKind::Kolada(kolada) = &config.pipelines["nyckeltal"].fetches["k"].kind else { panic!("not kolada") };
    assert_eq!((kolada.kpi.len(), &kolada.municipality, &kolada.years), (26, &None, &Years::From(2015)));
}

#[test]
fn every_shipped_dataset_has_a_case_with_its_key() {
    let config = load(&root().join("config/underlag.toml"), &Overrides::default()).config.unwrap();
    for pipeline in config.pipelines.values() {
        let cases: Vec<_> = std::fs::read_dir(pipeline.dir.join("tests")).unwrap().flatten().collect();
        assert!(!cases.is_empty(), "{} has no case", pipeline.name);
        for case in cases {
            for name in pipeline.fetches.keys() {
                assert!(case.path().join(format!("{name}.csv")).exists(), "{} lacks {name}.csv", case.path().display());
            }
            for dataset in pipeline.datasets.values() {
                let mut rows = csv::Reader::from_path(case.path().join(format!("{}.csv", dataset.name))).unwrap();
                let header = rows.headers().unwrap().clone();
                for key in &dataset.key {
                    assert!(header.iter().any(|column| column == key), "{} lacks {key}", dataset.name);
                }
            }
        }
    }
}

#[test]
fn the_shipped_key_figures_are_those_of_the_reference_table() {
    let file = root().join("reference/nyckeltal.csv");
    if !file.exists() {
        println!("skipped: {} is not there", file.display());
        return;
    }
    let mut rows = csv::ReaderBuilder::new().comment(Some(b'#')).from_path(file).unwrap();
    let listed: Vec<String> = rows.records().map(|row| row.unwrap()[0].to_owned()).collect();
    let config = load(&root().join("config/underlag.toml"), &Overrides::default()).config.unwrap();
    let FetchKind::Kolada(kolada) = &config.pipelines["nyckeltal"].fetches["k"].kind else { panic!("not kolada") };
    assert_eq!(kolada.kpi, listed);
}
