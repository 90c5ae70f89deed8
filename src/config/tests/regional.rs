//! What `[fetch.NAME.kolada]` and `[fetch.NAME.eurostat]` mean, and what is said of mistakes in them.

use super::super::{EurostatFetch, EurostatFormat, EurostatTime, FetchKind, GeoLevel, KoladaFetch};
use super::Project;

const SOURCES: &str = "version = 1\n\
    [source.scb.pxweb]\nbase_url = \"https://s.example.org\"\ncredit = \"S\"\nlicence = \"fri\"\n\
    [source.kol.kolada]\nbase_url = \"https://k.example.org\"\ncredit = \"K\"\nlicence = \"fri\"\n\
    [source.eu.eurostat]\nbase_url = \"https://e.example.org\"\ncredit = \"E\"\nlicence = \"fri\"\n";

fn project(fetch: &str) -> Project {
    let project = Project::new().with("[dataset.befolkning]", &format!("{fetch}\n[dataset.befolkning]"));
    project.write("config/sources.toml", SOURCES);
    project
}

fn kind(fetch: &str) -> FetchKind {
    project(fetch).config().pipelines["befolkning"].fetches["x"].kind.clone()
}

#[test]
fn kolada_takes_groups_titles_and_schools() {
    let text = "[fetch.x.kolada]\nsource = \"kol\"\nkpi_group = [\"G2KPI1\"]\nou = \"V15E*\"\nmunicipality = [\"0180\"]\n\
                titles = { N18898 = \"Elever\" }\nyears = \"latest(2)\"";
    let FetchKind::Kolada(KoladaFetch { kpi, kpi_group, ou, titles, .. }) = kind(text) else { panic!("{text}") };
    assert_eq!((kpi.len(), kpi_group, ou), (0, vec!["G2KPI1".to_owned()], vec!["V15E*".to_owned()]));
    assert_eq!(titles["N18898"], "Elever");
}

#[test]
fn eurostat_takes_levels_and_periods() {
    let text = "[fetch.x.eurostat]\nsource = \"eu\"\ndataset = \"trng_lfse_04\"\nselect = { Sex = \"*\", geo = \"SE*\" }\n\
                geo_level = \"nuts2\"\nsince = \"2015\"\nformat = \"sdmx-csv\"\nrename = { time = \"period\" }";
    let FetchKind::Eurostat(fetch) = kind(text) else { panic!("{text}") };
    let EurostatFetch { dataset, select, geo_level, time, rename, value, format } = fetch;
    assert_eq!((dataset.as_str(), value.as_str(), format), ("trng_lfse_04", "varde", EurostatFormat::SdmxCsv));
    assert_eq!((geo_level, rename["time"].as_str(), select["sex"].len()), (Some(GeoLevel::Nuts2), "period", 1));
    assert_eq!(time, EurostatTime::Span { since: Some("2015".into()), until: None });
}

fn problems(fetch: &str) -> String {
    let text = project(fetch).report();
    let errors: Vec<&str> = text.lines().filter(|line| line.starts_with("error[")).collect();
    errors.join("\n")
}

#[test]
fn what_does_not_go_together_is_told() {
    let kolada = |rest: &str| problems(&format!("[fetch.x.kolada]\nsource = \"kol\"\nyears = [2024]\n{rest}"));
    assert_eq!(kolada("municipality = \"*\""), "error[U0109]: it is not said which key figures are meant");
    assert_eq!(
        kolada("kpi = [\"N18898\"]\ntitles = { N18899 = \"x\" }"),
        "error[U0109]: `titles` names `N18899`, which is not fetched"
    );
    assert_eq!(
        kolada("kpi = [\"N18898\"]\nou = [\"V15E*\"]\nmunicipality = [\"G33612\", \"0001\", \"0180\"]"),
        "error[U0109]: \"G33612\" is no municipality, and units such as schools belong to one\n\
         error[U0109]: \"0001\" is no municipality, and units such as schools belong to one"
    );
    let eurostat = |rest: &str| problems(&format!("[fetch.x.eurostat]\nsource = \"eu\"\ndataset = \"a\"\n{rest}"));
    assert_eq!(
        eurostat("select = { geo = \"*\", time = \"2020\" }\nlatest = 2"),
        "error[U0109]: `latest` does not go with `time` in `select`"
    );
    assert_eq!(
        eurostat("select = { geo = \"*\" }\nsince = \"2020\"\nlatest = 2"),
        "error[U0109]: `since` does not go with `latest`"
    );
    assert_eq!(
        eurostat("select = { geo = \"*\" }\nvalue = \"geo\""),
        "error[U0111]: two columns of this table would be called `geo`"
    );
    assert_eq!(
        problems("[fetch.x.eurostat]\nsource = \"kol\"\ndataset = \"a\"\nselect = { geo = \"*\" }"),
        "error[U0109]: source `kol` is of kind kolada, and this fetch is of kind eurostat"
    );
}
