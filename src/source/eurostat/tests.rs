//! Eurostat against its stand-in, behaving and not.

use std::collections::{BTreeMap, BTreeSet};

use super::super::testing::{Kept, Post, TODAY, endpoint, sandbox};
use super::super::{SourceError, compare, harvest, plan};
use super::{assumptions, browse};
use crate::config::{
    DriftPolicy, EurostatFetch, EurostatFormat, EurostatTime, Fetch, FetchKind, GeoLevel, History, SourceKind,
};
use crate::contract::Status;
use crate::sandbox::{Fault, FaultKind, Options, Sandbox};
use crate::source::assumption::{Ask, Finding, Observed};

const SYMBOLS: [(&str, Status); 8] = [
    (":", Status::Missing),
    ("b", Status::Observed),
    ("c", Status::Suppressed),
    ("d", Status::Observed),
    ("e", Status::Unreliable),
    ("p", Status::Preliminary),
    ("u", Status::Unreliable),
    ("z", Status::NotApplicable),
];

async fn stage() -> (Sandbox, String) {
    let sandbox = sandbox(Options::default()).await;
    let url = endpoint(&sandbox, "eurostat");
    (sandbox, url)
}

fn post(url: &str, cells: u64) -> Post {
    Post::to_source(url, SourceKind::Eurostat, &SYMBOLS, cells)
}

/// Adults in education in Sweden's regions of NUTS 2.
fn education() -> EurostatFetch {
    let select = [("unit", "PC"), ("sex", "*"), ("age", "Y25-64"), ("geo", "SE*")];
    EurostatFetch {
        dataset: "trng_lfse_04".into(),
        select: select.iter().map(|(id, code)| ((*id).to_owned(), vec![(*code).to_owned()])).collect(),
        geo_level: Some(GeoLevel::Nuts2),
        time: EurostatTime::Selected,
        rename: BTreeMap::from([("time".to_owned(), "period".to_owned())]),
        value: "andel".into(),
        format: EurostatFormat::Json,
    }
}

fn fetch(kind: EurostatFetch) -> Fetch {
    Fetch {
        name: "f".into(),
        source: None,
        kind: FetchKind::Eurostat(kind),
        history: History::Keep,
        drift: DriftPolicy::default(),
    }
}

/// Every row as one text.
fn lines(kept: &Kept) -> BTreeSet<String> {
    let columns = ["freq", "unit", "sex", "age", "geo", "period", "andel", "andel_status", "andel_symbol"];
    kept.rows().map(|row| columns.map(|column| row[column].clone()).join("|")).collect()
}

#[tokio::test]
async fn both_formats_and_any_split_give_the_same_rows() {
    let (_sandbox, url) = stage().await;
    let (plan, harvest, whole) = post(&url, 0).run(FetchKind::Eurostat(education())).await.unwrap();
    assert_eq!((plan.calls, plan.cells, plan.lower_bound), (1, 3 * 8 * 18, 1));
    assert!(plan.stamp_proves && plan.stamp.as_ref().unwrap().starts_with("trng_lfse_04 2026-"));
    let rows = lines(&whole);
    assert_eq!(rows.len() as u64, harvest.rows);
    assert!(harvest.rows < plan.cells, "observations that do not exist are no rows");
    let statuses: BTreeSet<(String, String)> =
        whole.rows().map(|row| (row["andel_symbol"].clone(), row["andel_status"].clone())).collect();
    for (symbol, status) in [
        ("", "observed"),
        (":", "missing"),
        ("b", "observed"),
        ("bu", "unreliable"),
        ("c", "suppressed"),
        ("p", "preliminary"),
        ("u", "unreliable"),
    ] {
        assert!(statuses.contains(&(symbol.to_owned(), status.to_owned())), "{symbol} in {statuses:?}");
    }
    assert!(harvest.codes.iter().any(|row| row.kolumn == "geo" && row.kod == "SE11" && row.text == "Stockholm"));
    assert!(whole.0.iter().all(|batch| Some(batch.schema()) == plan.schema));

    let (plan, _, split) = post(&url, 50).run(FetchKind::Eurostat(education())).await.unwrap();
    assert_eq!((plan.calls, plan.lower_bound), (9, 9));
    assert_eq!(lines(&split), rows);

    let csv = EurostatFetch { format: EurostatFormat::SdmxCsv, ..education() };
    let (plan, harvest, streamed) = post(&url, 0).run(FetchKind::Eurostat(csv)).await.unwrap();
    assert_eq!((plan.calls, harvest.rows), (1, rows.len() as u64));
    assert!(streamed.0.iter().all(|batch| Some(batch.schema()) == plan.schema));
    assert_eq!(lines(&streamed), rows);
}

#[tokio::test]
async fn periods_are_asked_for_in_three_ways() {
    let (sandbox, url) = stage().await;
    let of = async |time: EurostatTime| {
        let fetch = EurostatFetch { time, ..education() };
        let (_, _, kept) = post(&url, 0).run(FetchKind::Eurostat(fetch)).await.unwrap();
        let years: BTreeSet<String> = kept.rows().map(|row| row["period"].clone()).collect();
        let last = sandbox.calls().pop().unwrap().path;
        (years.into_iter().collect::<Vec<_>>(), last.split_once("&geoLevel=nuts2").unwrap_or_default().1.to_owned())
    };
    let span = EurostatTime::Span { since: Some("2023".into()), until: None };
    assert_eq!(of(EurostatTime::Latest(2)).await.0, ["2024", "2025"]);
    assert_eq!(of(span).await.0, ["2023", "2024", "2025"]);
    let mut named = education();
    named.select.insert("time".into(), vec!["RANGE(2015,2016)".into()]);
    named.geo_level = None;
    named.select.insert("geo".into(), vec!["SE11".into()]);
    let (_, _, kept) = post(&url, 0).run(FetchKind::Eurostat(named)).await.unwrap();
    assert_eq!(kept.rows().map(|row| row["period"].clone()).collect::<BTreeSet<_>>().len(), 2);
}

#[tokio::test]
async fn what_is_too_big_is_asked_for_in_halves_and_comes_out_of_the_archive_alone() {
    let (sandbox, url) = stage().await;
    let (_, _, whole) = post(&url, 0).run(FetchKind::Eurostat(education())).await.unwrap();
    for (kind, status) in [
        (FaultKind::ExtractionTooBig, None),
        (FaultKind::AsynchronousResponse, Some(200)),
        (FaultKind::AsynchronousResponse, Some(413)),
    ] {
        sandbox.order(Fault { times: Some(3), status, ..Fault::new("/statistics/", kind) });
        let post = post(&url, 0);
        let (_, harvest, kept) = post.run(FetchKind::Eurostat(education())).await.unwrap();
        assert_eq!(lines(&kept), lines(&whole));
        let note = "parts were refused as too large and asked for in halves";
        assert!(harvest.notes.iter().any(|text| text.ends_with(note)), "{:?}", harvest.notes);
        sandbox.behave();

        let courier = post.years_later();
        let fetch = fetch(education());
        let again = plan(&courier, &fetch, TODAY).await.unwrap();
        let mut kept_again = Kept::default();
        harvest_all(&courier, &fetch, &again, &mut kept_again).await;
        assert!(kept_again.0 == kept.0, "the same batches in the same order");
    }
    // Nothing is small enough: the source's own words end it.
    sandbox.order(Fault::new("/statistics/", FaultKind::ExtractionTooBig));
    let error = post(&url, 0).run(FetchKind::Eurostat(education())).await.map(drop).unwrap_err().to_string();
    assert!(error.contains("EXTRACTION_TOO_BIG"), "{error}");
}

async fn harvest_all(courier: &crate::fetch::Courier, fetch: &Fetch, plan: &super::Plan, kept: &mut Kept) {
    harvest(courier, fetch, plan, kept, &mut |_| ()).await.unwrap();
}

#[tokio::test]
async fn no_observation_is_an_answer_in_either_of_its_forms() {
    let (sandbox, url) = stage().await;
    sandbox.order(Fault::new("/statistics/", FaultKind::NoValues));
    let (_, harvest, _) = post(&url, 0).run(FetchKind::Eurostat(education())).await.unwrap();
    assert_eq!(harvest.rows, 0);
    sandbox.behave();
    sandbox.order(Fault { status: Some(404), ..Fault::new("/statistics/", FaultKind::NoValues) });
    let post = post(&url, 0);
    let (_, harvest, _) = post.run(FetchKind::Eurostat(education())).await.unwrap();
    assert_eq!(harvest.rows, 0);
    let (courier, fetch) = (post.years_later(), fetch(education()));
    let again = plan(&courier, &fetch, TODAY).await.unwrap();
    harvest_all(&courier, &fetch, &again, &mut Kept::default()).await;
}

#[tokio::test]
async fn parts_of_two_editions_do_not_meet() {
    let (sandbox, url) = stage().await;
    sandbox.order(Fault { after: 2, ..Fault::new("/statistics/", FaultKind::Revise) });
    let error = post(&url, 100).run(FetchKind::Eurostat(education())).await.map(drop).unwrap_err().to_string();
    assert!(error.starts_with("prov: table trng_lfse_04 was updated during the download: 2026-"), "{error}");
}

#[tokio::test]
async fn what_the_dataset_does_not_have_is_found_before_a_data_call() {
    let (sandbox, url) = stage().await;
    let say = async |change: &dyn Fn(&mut EurostatFetch)| {
        let mut fetch = education();
        change(&mut fetch);
        let error = post(&url, 0).plan(FetchKind::Eurostat(fetch)).await.map(drop).unwrap_err();
        (error.to_string().replace(&url, "BASE"), error.hint().unwrap_or_default())
    };
    let (error, _) = say(&|fetch| "trng_lfse_99".clone_into(&mut fetch.dataset)).await;
    assert_eq!(
        error,
        "prov: table \"trng_lfse_99\" does not exist at BASE/sdmx/2.1/dataflow/ESTAT/TRNG_LFSE_99?format=JSON&lang=en"
    );
    let constraint = "prov: BASE/sdmx/2.1/contentconstraint/ESTAT/TRNG_LFSE_04: ";
    let (error, hint) = say(&|fetch| drop(fetch.select.insert("age".into(), vec!["Y25-46".into()]))).await;
    assert_eq!(error, format!("{constraint}dimension \"age\" has no code \"Y25-46\""));
    assert_eq!(hint, "did you mean \"Y25-64\"?");
    let (error, _) = say(&|fetch| drop(fetch.select.remove("unit"))).await;
    assert_eq!(error, format!("{constraint}dimension \"unit\" is not selected, and the table cannot do without it"));
    assert!(sandbox.calls().iter().all(|call| !call.path.contains("/statistics/")));
}

#[tokio::test]
async fn hostile_answers_are_refused_with_their_call() {
    let (sandbox, url) = stage().await;
    let say = async |fetch: EurostatFetch, fault: Fault| {
        sandbox.behave();
        sandbox.order(fault);
        let error = post(&url, 0).run(FetchKind::Eurostat(fetch)).await.map(drop).unwrap_err();
        error.to_string().replace(&url, "BASE")
    };
    let constraint = say(education(), Fault::new("contentconstraint", FaultKind::Html200)).await;
    let start = "prov: GET BASE/sdmx/2.1/contentconstraint/ESTAT/TRNG_LFSE_04: the body is not an SDMX content constraint: it \
                 begins with \"<!DOCTYPE html>";
    assert!(constraint.starts_with(start), "{constraint}");
    let data = "prov: GET BASE/statistics/1.0/data/trng_lfse_04?format=JSON&lang=EN";
    let html = say(education(), Fault::new("/statistics/", FaultKind::Html200)).await;
    assert!(html.starts_with(data), "{html}");
    let cut = say(education(), Fault::new("/statistics/", FaultKind::Truncate)).await;
    assert!(cut.starts_with(data) && cut.contains("the body is cut off or broken at byte "), "{cut}");
    let extra = say(education(), Fault::new("/statistics/", FaultKind::ShortValue)).await;
    assert!(extra.starts_with(data) && extra.contains("`value` has cell 999999999, but the cube ends at "), "{extra}");

    let csv = || EurostatFetch { format: EurostatFormat::SdmxCsv, ..education() };
    let bulk = "prov: GET BASE/sdmx/2.1/data/trng_lfse_04/?format=SDMX-CSV&compressed=true: ";
    let html = say(csv(), Fault::new("SDMX-CSV", FaultKind::Html200)).await;
    assert!(html.starts_with(&format!("{bulk}the body is not SDMX-CSV: it begins with \"<!DOCTYPE html>")), "{html}");
    let cut = say(csv(), Fault::new("SDMX-CSV", FaultKind::Truncate)).await;
    assert!(cut.starts_with(&format!("{bulk}the body is cut off or broken at byte ")), "{cut}");
    let short = say(csv(), Fault::new("SDMX-CSV", FaultKind::ShortValue)).await;
    assert!(short.starts_with(bulk) && short.ends_with(" has 3 fields, the header has 11"), "{short}");
    let new = Fault { code: Some("SE99".into()), ..Fault::new("SDMX-CSV", FaultKind::NewCode) };
    let mut all = csv();
    all.geo_level = None;
    all.select.insert("geo".into(), vec!["*".into()]);
    assert_eq!(say(all, new).await, format!("{bulk}dimension \"geo\" answers code \"SE99\", which was not asked for"));
}

#[tokio::test]
async fn drift_is_told_by_codes_and_labels_that_are_known() {
    let (sandbox, url) = stage().await;
    let said = async |fault: Fault| {
        sandbox.behave();
        let of = async || post(&url, 0).run(FetchKind::Eurostat(education())).await.unwrap().1.metadata.unwrap();
        let before = of().await;
        sandbox.order(fault);
        let changes = compare(&fetch(education()), &before, &of().await);
        changes.into_iter().map(|change| format!("{:?}: {}", change.kind, change.what)).collect::<Vec<_>>()
    };
    let coded = |kind, code: &str| Fault { code: Some(code.to_owned()), ..Fault::new("/eurostat/", kind) };
    assert!(said(Fault::new("/nowhere", FaultKind::Revise)).await.is_empty());
    assert_eq!(
        said(coded(FaultKind::RelabelledCode, "SE11")).await,
        [
            "Renamed: dimension \"geo\" has a code with another name: \"SE11\" was \"Stockholm\" and is \"Stockholm (new)\""
        ]
    );
    assert_eq!(said(coded(FaultKind::RelabelledCode, "DK")).await, [""; 0], "not selected");
    assert_eq!(
        said(coded(FaultKind::RemovedCode, "SE33")).await,
        ["LostCode: dimension \"geo\" has lost the code \"SE33\" (Övre Norrland)"]
    );
    assert_eq!(
        said(coded(FaultKind::NewCode, "SE44")).await,
        ["NewCode: dimension \"geo\" has a new code: \"SE44\" (New code)"]
    );
    assert_eq!(said(coded(FaultKind::NewCode, "SE444")).await, [""; 0], "of another level");
    assert!(said(coded(FaultKind::ChangedTitle, "")).await[0].starts_with("Renamed: the table has another title"));

    // A selection that the operator has widened is no drift, and codes without labels are none.
    let before = post(&url, 0).run(FetchKind::Eurostat(education())).await.unwrap().1.metadata.unwrap();
    let mut wider = education();
    wider.geo_level = None;
    wider.format = EurostatFormat::SdmxCsv;
    let after = post(&url, 0).run(FetchKind::Eurostat(wider.clone())).await.unwrap().1.metadata.unwrap();
    assert!(compare(&fetch(wider), &before, &after).is_empty());
}

#[tokio::test]
async fn datasets_are_found_by_words_and_described_with_a_selection() {
    let (_sandbox, url) = stage().await;
    let post = post(&url, 0);
    let found = browse::search(&post.courier, "nuts 2 education").await.unwrap();
    let [only] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((only.id.as_str(), only.periods.clone()), ("trng_lfse_04", Some(("2008".into(), "2025".into()))));
    let about = browse::describe(&post.courier, "demo_r_pjanaggr3").await.unwrap();
    assert_eq!(about.periods.len(), 13);
    let age = about.metadata.dimensions.iter().find(|dimension| dimension.id == "age").unwrap();
    assert_eq!(age.codes[0], ("TOTAL".to_owned(), "Total".to_owned()));
    let proposal = about.proposal.unwrap();
    assert_eq!(
        proposal.fetch,
        "dataset = \"demo_r_pjanaggr3\"\nselect = { unit = \"*\", sex = \"*\", age = \"*\", geo = \"SE*\" }\nlatest = \
         10\nrename = { time = \"period\" }\n"
    );
    assert!(matches!(browse::describe(&post.courier, "finns_inte").await, Err(SourceError::UnknownTable { .. })));
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a small client against loopback")]
async fn the_stand_in_behaves_as_is_assumed_of_eurostat() {
    let (sandbox, url) = stage().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let ask = async |path: &str| {
        let response = client.get(format!("{url}{path}")).send().await.unwrap();
        Observed {
            url: url.clone(),
            status: response.status().as_u16(),
            headers: BTreeMap::new(),
            fetched_at: jiff::Timestamp::UNIX_EPOCH,
            body: response.bytes().await.unwrap(),
        }
    };
    for assumption in assumptions::ASSUMPTIONS {
        let seen = match assumption.ask {
            Ask::Get(path) if !path.contains("ef_lsk_main") => ask(path).await,
            _ => {
                let big = assumption.name.ends_with("too-big");
                let kind = if big { FaultKind::ExtractionTooBig } else { FaultKind::AsynchronousResponse };
                sandbox.order(Fault { times: Some(1), ..Fault::new("/statistics/", kind) });
                ask("/statistics/1.0/data/trng_lfse_04?format=JSON").await
            }
        };
        assert_eq!((assumption.judge)(&seen), Finding::Agrees, "{}", assumption.name);
        let nonsense = Observed { status: 200, body: bytes::Bytes::from_static(b"<html>"), ..seen };
        assert_ne!((assumption.judge)(&nonsense), Finding::Agrees, "{}", assumption.name);
    }
}
