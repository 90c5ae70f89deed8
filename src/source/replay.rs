//! Plans and harvests against recorded real answers.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use super::testing::{Kept, Post, Replay, TODAY, pxweb};
use super::{SourceError, codes_batch, declared_schema, kolada};
use crate::config::{
    DriftPolicy, Fetch, FetchKind, FileFetch, FileFormat, FileLocation, KoladaFetch, Limits, PxwebFetch, SourceKind,
    ValueType, Years,
};

fn population() -> PxwebFetch {
    let select = [("Region", "*"), ("Alder", "*"), ("Kon", "*"), ("Tid", "top(4)")];
    let mut fetch = pxweb("TAB6471", &select, &[("000007SF", "folkmangd")]);
    fetch.rename = BTreeMap::from([("Region".to_owned(), "kod".to_owned()), ("Tid".to_owned(), "period".to_owned())]);
    fetch
}

#[tokio::test]
async fn a_split_table_comes_home_whole() {
    let Some(replay) = Replay::start(&["--max-cells", "500"]) else { return };
    let post = Post::to(&format!("{}/pxweb/api/v2", replay.url), SourceKind::Pxweb);
    let (plan, harvest, kept) = post.run(FetchKind::Pxweb(population())).await.unwrap();

    assert_eq!((plan.cells, plan.calls, plan.lower_bound), (2772, 6, 6));
    assert_eq!(plan.limits, Some(Limits { calls: 30, window: Duration::from_secs(10), cells: 500 }));
    assert!(plan.stamp_proves && plan.stamp.as_ref().unwrap().starts_with("TAB6471 2026-06-08T06:00:00Z "));
    // Configuration, table, metadata, six parts, and the table once more.
    assert_eq!(post.calls(), 10);

    assert_eq!(harvest.rows, 2772);
    let row = kept.row(&[("kod", "01"), ("alder", "0-9"), ("kon", "TotSa"), ("period", "2026M01")]);
    assert_eq!((row["folkmangd"].as_str(), row["folkmangd_status"].as_str()), ("245284", "observed"));
    assert_eq!(key(&kept, &["kod", "alder", "kon", "period"]).len(), 2772);
    assert_eq!(perturbed(&kept), 776);

    let fetch = Fetch {
        name: "f".into(),
        source: None,
        kind: FetchKind::Pxweb(population()),
        history: crate::config::History::Keep,
        drift: DriftPolicy::default(),
    };
    let declared = declared_schema(&fetch, &|_| Some(ValueType::Int64));
    assert_eq!(declared, plan.schema);
    assert!(kept.0.iter().all(|batch| Some(batch.schema()) == plan.schema));

    assert!(plan.codes.iter().any(|row| row.kolumn == "kod" && row.kod == "01" && row.text == "Stockholms län"));
    assert_eq!(codes_batch(&plan.codes).unwrap().num_rows(), 21 + 11 + 3 + 4);
    assert!(plan.publish_notes.iter().any(|note| note.contains("Cell Key Method")));
}

fn key(kept: &Kept, columns: &[&str]) -> HashSet<Vec<String>> {
    kept.rows().map(|row| columns.iter().map(|column| row[*column].clone()).collect()).collect()
}

/// Cells in which men and women do not make the total.
fn perturbed(kept: &Kept) -> usize {
    let mut sums: BTreeMap<Vec<String>, i64> = BTreeMap::new();
    for row in kept.rows() {
        let count: i64 = row["folkmangd"].parse().unwrap();
        let cell = ["kod", "alder", "period"].map(|column| row[column].clone()).to_vec();
        *sums.entry(cell).or_default() += if row["kon"] == "TotSa" { -count } else { count };
    }
    sums.values().filter(|gap| **gap != 0).count()
}

#[tokio::test]
async fn an_interrupted_harvest_repeats_no_call() {
    let Some(replay) = Replay::start(&["--max-cells", "500"]) else { return };
    let post = Post::to(&format!("{}/pxweb/api/v2", replay.url), SourceKind::Pxweb);
    post.run(FetchKind::Pxweb(population())).await.unwrap();
    let post = post.again();
    post.run(FetchKind::Pxweb(population())).await.unwrap();
    assert_eq!(post.calls(), 2, "only which edition the table has, before and after");
}

#[tokio::test]
async fn what_the_table_does_not_have_is_found_before_a_data_call() {
    let Some(replay) = Replay::start(&[]) else { return };
    let post = Post::to(&format!("{}/pxweb/api/v2", replay.url), SourceKind::Pxweb);
    let fault = async |change: &dyn Fn(&mut PxwebFetch)| {
        let mut fetch = population();
        change(&mut fetch);
        post.plan(FetchKind::Pxweb(fetch)).await.unwrap_err()
    };
    let put = |id: &'static str, code: &'static str| {
        move |fetch: &mut PxwebFetch| drop(fetch.select.insert(id.to_owned(), vec![code.to_owned()]))
    };

    let error = fault(&|fetch| "TAB1".clone_into(&mut fetch.table)).await;
    assert!(error.to_string().starts_with("prov: table \"TAB1\" does not exist at http://127.0.0.1:"), "{error}");
    let error = fault(&put("Region", "Stockholms län")).await;
    let metadata = format!("prov: {}/pxweb/api/v2/tables/TAB6471/metadata?lang=sv: ", replay.url);
    assert_eq!(error.to_string(), format!("{metadata}dimension \"Region\" has no code \"Stockholms län\""));
    assert_eq!(error.hint().unwrap(), "did you mean \"01\"?");
    let error = fault(&put("kön", "*")).await;
    assert_eq!(error.to_string(), format!("{metadata}table TAB6471 has no dimension \"kön\""));
    assert_eq!(error.hint().unwrap(), "did you mean \"Kon\"?");
    let error = misfit(fault(&|fetch| drop(fetch.select.remove("Tid"))).await);
    assert!(matches!(error, SourceError::RenamedNotSelected { .. }), "{error}");
    let error = misfit(fault(&|fetch| drop(fetch.select.remove("Alder"))).await);
    assert!(matches!(error, SourceError::NotEliminable { .. }), "{error}");
    let error = fault(&|fetch| drop(fetch.measures.insert("000007SX".into(), "x".into()))).await;
    assert_eq!(error.hint().unwrap(), "did you mean \"000007SF\"?");
    let error = misfit(fault(&|fetch| drop(fetch.rename.insert("Kon".into(), "kod".into()))).await);
    assert!(matches!(error, SourceError::SameColumn { .. }), "{error}");
}

fn misfit(error: SourceError) -> SourceError {
    match error {
        SourceError::Misfit { error, .. } => *error,
        error => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_dimension_left_out_is_eliminated() {
    let Some(replay) = Replay::start(&[]) else { return };
    let post = Post::to(&format!("{}/pxweb/api/v2", replay.url), SourceKind::Pxweb);
    let fetch = pxweb("TAB6471", &[("Region", "01"), ("Alder", "0-9"), ("Tid", "*")], &[]);
    let (plan, _, kept) = post.run(FetchKind::Pxweb(fetch)).await.unwrap();
    assert_eq!(plan.cells, 4);
    assert_eq!(kept.row(&[("tid", "2026M01")])["000007sf"], "245284");
}

fn indicators(kpi: &[&str], municipality: Option<&[&str]>, years: Years) -> FetchKind {
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    FetchKind::Kolada(KoladaFetch { municipality: municipality.map(texts), ..KoladaFetch::of(texts(kpi), years) })
}

#[tokio::test]
async fn recorded_indicators_keep_their_nulls() {
    let Some(replay) = Replay::start(&[]) else { return };
    let post = Post::to(&format!("{}/kolada/v3", replay.url), SourceKind::Kolada);
    let years = Years::List((1996..=2020).collect());
    let kind = indicators(&["N00945"], Some(&["0180", "1280", "1480"]), years);
    let (plan, harvest, kept) = post.run(kind).await.unwrap();
    assert_eq!((harvest.rows, plan.calls, plan.cells), (75, 1, 75));
    let missing = kept.rows().filter(|row| row["varde"].is_empty() && row["varde_status"] == "missing").count();
    assert_eq!(missing, 6);
    assert_eq!(kept.rows().filter(|row| row["varde_status"] == "observed").count(), 69);
    assert_eq!(kept.row(&[("kod", "0180"), ("period", "2020")])["niva"], "kommun");
    assert!(plan.codes.iter().any(|row| row.kod == "0180" && row.text == "Stockholm" && row.kolumn == "enhet"));
    assert!(!plan.stamp_proves);
}

#[tokio::test]
async fn all_of_sweden_is_asked_for_in_lists_of_25() {
    let Some(replay) = Replay::start(&[]) else { return };
    let post = Post::to(&format!("{}/kolada/v3", replay.url), SourceKind::Kolada);
    let kind = indicators(&["N00945", "N00300", "N03702"], None, Years::From(2015));
    let (plan, harvest, kept) = post.run(kind).await.unwrap();
    assert_eq!(plan.calls, 13);
    let count = |kpi: &str| kept.rows().filter(|row| row["kpi"] == kpi).count();
    assert_eq!((count("N00945"), count("N00300"), count("N03702")), (18, 32, 72));
    assert_eq!(harvest.rows, 122);
}

#[tokio::test]
async fn ids_that_kolada_does_not_know_are_named() {
    let Some(replay) = Replay::start(&[]) else { return };
    let post = Post::to(&format!("{}/kolada/v3", replay.url), SourceKind::Kolada);
    let error = post.plan(indicators(&["N00945", "N99999"], None, Years::Latest(1))).await.unwrap_err();
    assert_eq!(error.to_string(), format!("prov: {}/kolada/v3/kpi knows no indicator N99999", replay.url));
    let error = post.plan(indicators(&["N00945"], Some(&["0181", "Uppsala "]), Years::Latest(1))).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("prov: {}/kolada/v3/municipality knows no municipality, region or group \"Uppsala \"", replay.url)
    );
    assert_eq!(error.hint().unwrap(), "did you mean \"0380\"?");
}

#[tokio::test]
async fn the_catalogue_is_read_over_both_its_pages() {
    let Some(replay) = Replay::start(&[]) else { return };
    let post = Post::to(&format!("{}/kolada/v3", replay.url), SourceKind::Kolada);
    let catalogue = kolada::catalogue(&post.courier).await.unwrap();
    assert_eq!(catalogue.len(), 6205);
    assert_eq!(post.calls(), 2);
    assert_eq!(catalogue.iter().map(|kpi| kpi.id.as_str()).collect::<HashSet<_>>().len(), 6205);
    // The link to the second page is the source's of then.
    assert_eq!(kolada::catalogue(&post.years_later()).await.unwrap().len(), 6205);
}

#[tokio::test]
async fn a_split_table_comes_out_of_the_archive_alone() {
    let Some(replay) = Replay::start(&["--max-cells", "500"]) else { return };
    let post = Post::to(&format!("{}/pxweb/api/v2", replay.url), SourceKind::Pxweb);
    let (_, _, kept) = post.run(FetchKind::Pxweb(population())).await.unwrap();
    let calls = post.calls();
    let courier = post.years_later();
    let fetch = |kind| Fetch {
        name: "f".into(),
        source: None,
        kind,
        history: crate::config::History::Keep,
        drift: DriftPolicy::default(),
    };
    let population = fetch(FetchKind::Pxweb(population()));
    let plan = super::plan(&courier, &population, TODAY).await.unwrap();
    let mut again = Kept::default();
    super::harvest(&courier, &population, &plan, &mut again, &mut |_| ()).await.unwrap();
    assert!(again.0 == kept.0 && post.calls() == calls);

    let error =
        super::plan(&courier, &fetch(indicators(&["N00945"], None, Years::Latest(1))), TODAY).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "prov: GET http://127.0.0.1:1/elsewhere/kpi/N00945 is not among the archived answers of this version"
    );
}

fn churn(location: FileLocation) -> FetchKind {
    FetchKind::File(FileFetch::new(location, FileFormat::Csv))
}

#[tokio::test]
async fn a_file_is_stamped_by_its_tag_or_its_bytes() {
    let Some(replay) = Replay::start(&[]) else { return };
    let post = Post::to(&format!("{}/filer", replay.url), SourceKind::File);
    let remote = FileLocation::OnSource("kolada/kolada_kpi_churn.csv".into());
    let (plan, harvest, kept) = post.run(churn(remote)).await.unwrap();
    assert!(plan.stamp_proves && plan.stamp.unwrap().starts_with("etag \""));
    assert_eq!(harvest.rows, 2349);
    assert_eq!(kept.row(&[("id", "N00014")])["change"], "renamed");

    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/real/kolada/kolada_kpi_churn.csv");
    let (plan, harvest, _) = post.run(churn(FileLocation::Local(folder.into()))).await.unwrap();
    assert!(plan.stamp_proves && harvest.stamp == plan.stamp && plan.stamp.unwrap().starts_with("blake3 "));
    assert_eq!(harvest.rows, 2349);

    let gone = post.plan(churn(FileLocation::OnSource("ingen.csv".into()))).await.unwrap_err();
    assert!(matches!(gone, SourceError::Fetch(_)), "{gone}");
    assert_eq!(TODAY.year(), 2026);
}
