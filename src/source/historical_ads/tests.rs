use jiff::civil::date;

use super::*;
use crate::config::{FetchKind, SourceKind};
use crate::fetch::Archive;
use crate::reference::Reference;
use crate::sandbox::ads::INVENTED;
use crate::sandbox::{Fault, FaultKind, Options, Sandbox, start};
use crate::source::assumption::{Ask, Finding, Observed};
use crate::source::testing::Post;

async fn sandbox() -> (Sandbox, String) {
    let reference = Reference::load(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("reference")).unwrap();
    let sandbox = start(([127, 0, 0, 1], 0).into(), reference, Options::default()).await.unwrap();
    let url = sandbox.endpoints().into_iter().find(|(name, _)| *name == "historical-ads").unwrap().1;
    (sandbox, url)
}

fn asked(years: &[u16]) -> FetchKind {
    FetchKind::HistoricalAds(HistoricalAdsFetch {
        years: Years::List(years.to_vec()),
        path: "/annonser/historiska/{year}.jsonl.zip".to_owned(),
        vacancy_cap: 20,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn years_are_counted_replayed_and_not_fetched_twice() {
    let (sandbox, url) = sandbox().await;
    let post = Post::to(&url, SourceKind::HistoricalAds);
    let (plan, harvest, kept) = post.run(asked(&[2012, 2024])).await.unwrap();
    assert!(plan.stamp_proves && plan.stamp == harvest.stamp, "{:?} {:?}", plan.stamp, harvest.stamp);
    assert_eq!(plan.calls, 2);
    let rows: Vec<_> = kept.rows().collect();
    let sum = |file: &str| -> u64 {
        rows.iter().filter(|row| row["fil"] == file).map(|row| row["annonser"].parse::<u64>().unwrap()).sum()
    };
    assert_eq!(harvest.notes[1], "2024: 990 advertisements, 10 that came again left out");
    assert_eq!((sum("2012"), sum("2024")), (990, 990));
    let variant = |file: &str| rows.iter().find(|row| row["fil"] == file).unwrap()["ssyk_variant"].clone();
    assert_eq!((variant("2012").as_str(), variant("2024").as_str()), ("ssyk96", "af400"));
    assert!(rows.iter().any(|row| row["kommun"].is_empty() && row["land"] == "155"));
    assert!(rows.iter().all(|row| row["platser_status"] == "observed" || row["platser"].is_empty()));

    // The archive alone gives the same rows.
    let later = post.years_later();
    let fetch = crate::config::Fetch {
        name: "f".into(),
        source: Some("prov".into()),
        kind: asked(&[2012, 2024]),
        history: crate::config::History::Keep,
        drift: crate::config::DriftPolicy::default(),
    };
    let again = crate::source::plan(&later, &fetch, date(2026, 11, 23)).await.unwrap();
    let mut replayed = crate::source::testing::Kept::default();
    crate::source::harvest(&later, &fetch, &again, &mut replayed, &mut |_| ()).await.unwrap();
    assert_eq!(replayed.0, kept.0);

    // What the source still has is not sent again; what it has revised is.
    let before = post.courier.accepted();
    let next = Post::to(&url, SourceKind::HistoricalAds);
    next.courier.remember(before.clone());
    assert_eq!(next.calls(), 0);
    drop(sandbox);
    for record in &before {
        assert!(record.original.is_some());
        assert!(Archive::place(&record.hash).ends_with(".zst"));
        let mut text = String::new();
        std::io::Read::read_to_string(&mut post.courier.open(record).unwrap(), &mut text).unwrap();
        assert_eq!(text.lines().count(), 1000);
        for word in INVENTED {
            assert!(!text.contains(word), "{word}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_year_is_not_sent_again() {
    let (sandbox, url) = sandbox().await;
    let post = Post::to(&url, SourceKind::HistoricalAds);
    post.run(asked(&[2023])).await.unwrap();
    let before = post.courier.accepted();
    let next = post.afresh();
    next.courier.remember(before.clone());
    let (_, harvest, _) = next.run(asked(&[2023])).await.unwrap();
    assert_eq!(next.courier.accepted(), before);
    assert_eq!(harvest.notes, ["2023: 990 advertisements, 10 that came again left out"]);
    let statuses: Vec<_> = sandbox.calls().iter().map(|call| (call.method.clone(), call.status)).collect();
    let pair = |method: &str, status| (method.to_owned(), status);
    assert_eq!(statuses, [pair("HEAD", 200), pair("GET", 200), pair("HEAD", 200), pair("GET", 304)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_year_leaves_nothing() {
    let (sandbox, url) = sandbox().await;
    let told = async |kind, years: &[u16]| {
        sandbox.behave();
        if let Some(kind) = kind {
            sandbox.order(Fault { after: 1, ..Fault::new("2023", kind) });
        }
        let post = Post::to(&url, SourceKind::HistoricalAds);
        let error = post.run(asked(years)).await.map(drop).unwrap_err();
        assert!(post.courier.accepted().is_empty());
        error.to_string().replace(&url, "BASE")
    };
    assert_eq!(
        told(Some(FaultKind::Truncate), &[2023]).await,
        "prov: GET BASE/annonser/historiska/2023.jsonl.zip failed twice; the last time: the zip file is cut off"
    );
    assert_eq!(
        told(Some(FaultKind::Html200), &[2023]).await,
        "prov: the answer of BASE/annonser/historiska/2023.jsonl.zip is not what was expected: it is no JSON, it begins \
         \"<!DOCTYPE html>\\n<html lang=\\\"sv\\\"><head><title>Underhåll pågår</title></head><b\""
    );
    assert!(told(Some(FaultKind::Drop), &[2023]).await.contains("failed twice; the last time: the body was cut off"));
    assert_eq!(
        told(Some(FaultKind::DuplicateKommun), &[2023]).await,
        "prov: the answer of BASE/annonser/historiska/2023.jsonl.zip is not what was expected: the zip file goes on after \
         its files"
    );
    assert!(told(None, &[2005]).await.contains("/2005.jsonl.zip was answered 404 Not Found"));
}

#[test]
fn only_whole_years_are_asked_for() {
    let today = date(2026, 11, 23);
    assert_eq!(years(&Years::From(2024), today).unwrap(), [2024, 2025]);
    assert_eq!(years(&Years::Latest(2), today).unwrap(), [2024, 2025]);
    assert_eq!(years(&Years::List(vec![2020, 2015, 2020]), today).unwrap(), [2015, 2020]);
    assert!(matches!(years(&Years::From(2026), today), Err(SourceError::NothingToAsk { .. })));
}

#[tokio::test]
async fn the_stand_in_is_as_assumed() {
    let (_sandbox, url) = sandbox().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for assumption in ASSUMPTIONS {
        let path = match assumption.ask {
            Ask::Get(path) => path,
            _ => "/annonser/historiska/2024.jsonl.zip",
        };
        let response = client.get(format!("{url}{path}")).send().await.unwrap();
        let headers = response.headers().iter();
        let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        let (url, status) = (response.url().to_string(), response.status().as_u16());
        #[expect(clippy::disallowed_methods, reason = "a small client against loopback")]
        let body = response.bytes().await.unwrap();
        let seen = Observed { url, status, headers, body, fetched_at: jiff::Timestamp::now() };
        assert_eq!((assumption.judge)(&seen), Finding::Agrees, "{}", assumption.name);
    }
}
