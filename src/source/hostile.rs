//! Plans and harvests against servers that misbehave.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::testing::{Post, pxweb};
use super::{SourceError, kolada};
use crate::config::{FetchKind, FileFetch, FileFormat, FileLocation, KoladaFetch, PxwebFetch, SourceKind, Years};
use crate::fetch::FetchError;

/// Serves `answer(path and query, calls before)`, a status and a body, at the address it returns.
pub(super) async fn server(answer: impl Fn(&str, usize) -> (u16, String) + Send + Sync + 'static) -> String {
    let (answer, calls) = (Arc::new(answer), Arc::new(AtomicUsize::new(0)));
    let router = Router::new().fallback(move |request: Request| {
        let before = calls.fetch_add(1, Ordering::Relaxed);
        let path = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
        let (status, body) = answer(&path, before);
        let status = StatusCode::from_u16(status).unwrap();
        async move { (status, [(header::CONTENT_TYPE, "application/json")], body).into_response() }
    });
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

fn kpi(id: &str) -> Value {
    json!({"id": id, "title": id, "is_divided_by_gender": 0, "municipality_type": "K"})
}

async fn catalogue_fault(next: &'static str) -> String {
    let base =
        server(move |_, _| (200, json!({"values": [kpi("N1")], "count": 1, "next_url": next}).to_string())).await;
    let post = Post::to(&base, SourceKind::Kolada);
    kolada::catalogue(&post.courier).await.unwrap_err().to_string().replace(&base, "BASE")
}

#[tokio::test]
async fn pages_are_not_followed_elsewhere_nor_in_a_circle() {
    assert_eq!(
        catalogue_fault("https://evil.example/v3/kpi?page=2").await,
        "prov: the answer to BASE/kpi?per_page=5000 goes on at \"https://evil.example/v3/kpi?page=2\", \
         which is not below the source's own address"
    );
    assert_eq!(
        catalogue_fault("/kpi?per_page=5000").await,
        "prov: the answer to BASE/kpi?per_page=5000 goes on without end: /kpi?per_page=5000 was already read"
    );
}

#[tokio::test]
async fn pages_without_end_are_given_up() {
    let base =
        server(|_, calls| (200, json!({"values": [kpi("N1")], "next_url": format!("/kpi?page={calls}")}).to_string()))
            .await;
    let post = Post::to(&base, SourceKind::Kolada);
    let error = kolada::catalogue(&post.courier).await.unwrap_err();
    assert!(error.to_string().ends_with("goes on without end: 200 pages were read"), "{error}");
}

#[tokio::test]
async fn a_faulty_row_is_named() {
    let base = server(|path, _| {
        let values = if path.starts_with("/kpi/") {
            json!([kpi("N1")])
        } else if path.starts_with("/municipality") {
            json!([{"id": "0180", "title": "Stockholm", "type": "K"}])
        } else {
            json!([{"kpi": "N1", "municipality": "0180", "period": 2024, "values": []},
                   {"kpi": "N1", "municipality": "0180", "period": 2024, "values": [{"gender": "T", "value": "1,5"}]}])
        };
        (200, json!({"values": values}).to_string())
    })
    .await;
    let post = Post::to(&base, SourceKind::Kolada);
    let kind = KoladaFetch::of(vec!["N1".into()], Years::List(vec![2024]));
    let error = post.run(FetchKind::Kolada(kind)).await.map(drop).unwrap_err();
    let message = error.to_string().replace(&base, "BASE");
    assert!(
        message
            .starts_with("prov: GET BASE/data/kpi/N1/municipality/0180/year/2024?per_page=5000: row 1 ({\"gender\":")
            || message
                .starts_with("prov: GET BASE/data/kpi/N1/municipality/0180/year/2024?per_page=5000: row 1 ({\"kpi\":"),
        "{message}"
    );
}

/// A file whose tag and content, on HEAD and on GET, a test decides by the number of the call.
async fn file_server(answer: fn(&str, usize) -> (&'static str, &'static str)) -> Post {
    let calls = AtomicUsize::new(0);
    let calls = Arc::new(calls);
    let router = Router::new().fallback(move |request: Request| {
        let (tag, body) = answer(request.method().as_str(), calls.fetch_add(1, Ordering::Relaxed));
        let mut headers = HeaderMap::new();
        if !tag.is_empty() {
            headers.insert(header::ETAG, tag.parse().unwrap());
        }
        async move { (headers, body) }
    });
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    Post::to(&format!("http://{address}"), SourceKind::File)
}

fn csv() -> FetchKind {
    FetchKind::File(FileFetch::new(FileLocation::OnSource("a.csv".into()), FileFormat::Csv))
}

async fn first_cell(post: &Post) -> (Option<String>, Option<String>, String) {
    let (plan, harvest, kept) = post.run(csv()).await.unwrap();
    let cell = kept.rows().next().unwrap()["kod"].clone();
    (plan.stamp, harvest.stamp, cell)
}

fn stamps(plan: &str, harvest: &str, cell: &str) -> (Option<String>, Option<String>, String) {
    (Some(plan.to_owned()), Some(harvest.to_owned()), cell.to_owned())
}

#[tokio::test]
async fn a_file_revised_after_an_interruption_is_fetched_anew() {
    // HEAD and GET of the first run, then the new edition.
    let post = file_server(|_, call| [("\"1\"", "kod\n01\n"), ("\"2\"", "kod\n02\n")][usize::from(call > 1)]).await;
    assert_eq!(first_cell(&post).await, stamps("etag \"1\"", "etag \"1\"", "01"));
    let post = post.again();
    assert_eq!(first_cell(&post).await, stamps("etag \"2\"", "etag \"2\"", "02"));
    assert_eq!(post.calls(), 2);
    let post = post.again();
    assert_eq!(first_cell(&post).await, stamps("etag \"2\"", "etag \"2\"", "02"));
    assert_eq!(post.calls(), 1, "the edition is still the same: only asked about");
}

#[tokio::test]
async fn a_stamp_names_the_edition_that_was_sent() {
    // A cache in front of the server has the old edition still.
    let post = file_server(|method, _| if method == "HEAD" { ("\"2\"", "") } else { ("\"1\"", "kod\n01\n") }).await;
    assert_eq!(first_cell(&post).await, stamps("etag \"2\"", "etag \"1\"", "01"));
    // Compressed on its way, the same edition; the stamp is the one that the next HEAD can equal.
    let post = file_server(|method, _| if method == "HEAD" { ("\"2\"", "") } else { ("W/\"2\"", "kod\n02\n") }).await;
    assert_eq!(first_cell(&post).await, stamps("etag \"2\"", "etag \"2\"", "02"));
    // Nothing to compare: the bytes speak for themselves.
    let post = file_server(|method, _| if method == "HEAD" { ("\"2\"", "") } else { ("", "kod\n02\n") }).await;
    let (_, stamp, _) = first_cell(&post).await;
    assert!(stamp.is_some_and(|stamp| stamp.starts_with("blake3 ")));
}

/// An indicator with two rows, one a page, whose values and faults a test decides by the number of the data call.
async fn paged(value: fn(usize) -> Option<u32>) -> Post {
    let calls = AtomicUsize::new(0);
    let base = server(move |path, _| {
        let body = if path.starts_with("/kpi/") {
            json!({"values": [kpi("N1")]})
        } else if path.starts_with("/municipality") {
            json!({"values": [{"id": "0180", "title": "Stockholm", "type": "K"},
                {"id": "0380", "title": "Uppsala", "type": "K"}]})
        } else {
            let second = path.contains("page=2");
            let Some(value) = value(calls.fetch_add(1, Ordering::Relaxed)) else { return (400, "{}".to_owned()) };
            let next = (!second).then(|| format!("{path}&page=2"));
            let unit = if second { "0380" } else { "0180" };
            json!({"values": [{"kpi": "N1", "municipality": unit, "period": 2024,
                "values": [{"gender": "T", "value": value}]}], "next_url": next})
        };
        (200, body.to_string())
    })
    .await;
    Post::to(&base, SourceKind::Kolada)
}

fn indicator() -> FetchKind {
    FetchKind::Kolada(KoladaFetch::of(vec!["N1".into()], Years::List(vec![2024])))
}

#[tokio::test]
async fn pages_of_two_editions_do_not_meet() {
    // Page 1, then the interruption, then both pages of the revised edition.
    let post = paged(|call| [Some(1), None, Some(2), Some(2)][call]).await;
    post.run(indicator()).await.map(drop).unwrap_err();
    let post = post.again();
    let (plan, harvest, kept) = post.run(indicator()).await.unwrap();
    assert_eq!((plan.calls, harvest.rows), (1, 2));
    assert_eq!((&*kept.row(&[("kod", "0180")])["varde"], &*kept.row(&[("kod", "0380")])["varde"]), ("2.0", "2.0"));
    assert_eq!(post.calls(), 2, "both pages, and nothing that the first run had learnt of the indicator");
    let post = post.again();
    let (_, harvest, _) = post.run(indicator()).await.unwrap();
    assert_eq!((post.calls(), harvest.rows), (0, 2), "a whole walk stands in for its calls");
}

fn cube(time: &[&str], value: &Value) -> String {
    let index: serde_json::Map<String, Value> =
        time.iter().enumerate().map(|(at, code)| ((*code).to_owned(), json!(at))).collect();
    json!({"version": "2.0", "class": "dataset", "id": ["Tid"], "size": [time.len()], "role": {"time": ["Tid"]},
        "dimension": {"Tid": {"label": "år", "category": {"index": index}}},
        "extension": {"px": {"decimals": 0}}, "value": value})
    .to_string()
}

/// A table of two years, one cell per call, whose data and dates a test decides.
async fn agency(updated: fn(usize) -> &'static str, data: fn(usize) -> (u16, String)) -> Post {
    let (tables, parts) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let base = server(move |path, _| {
        if path.starts_with("/config") {
            (200, r#"{"maxDataCells": 1, "maxCallsPerTimeWindow": 0, "timeWindow": 0}"#.to_owned())
        } else if path.contains("/metadata") {
            (200, cube(&["2023", "2024"], &json!([])))
        } else if path.contains("/data") {
            data(parts.fetch_add(1, Ordering::Relaxed))
        } else {
            let updated = updated(tables.fetch_add(1, Ordering::Relaxed));
            (200, json!({"id": "TAB1", "updated": updated, "discontinued": true}).to_string())
        }
    })
    .await;
    Post::to(&base, SourceKind::Pxweb)
}

fn years() -> FetchKind {
    FetchKind::Pxweb(pxweb("TAB1", &[("Tid", "*")], &[]))
}

fn good(part: usize) -> (u16, String) {
    (200, cube(&[["2023", "2024"][part]], &json!([part])))
}

#[tokio::test]
async fn a_table_without_contents_has_one_measure() {
    let post = agency(|_| "2026-06-08T06:00:00Z", good).await;
    let (plan, _, kept) = post.run(years()).await.unwrap();
    assert_eq!(kept.row(&[("tid", "2024")])["antal"], "1");
    assert_eq!(plan.notes, ["table TAB1 is discontinued: the source will not update it"]);

    let named = FetchKind::Pxweb(pxweb("TAB1", &[("Tid", "*")], &[("000007SF", "folkmangd")]));
    let error = post.plan(named).await.map(drop).unwrap_err();
    assert!(error.to_string().ends_with("/metadata?lang=sv: table TAB1 has no dimension \"ContentsCode\""), "{error}");
}

#[tokio::test]
async fn a_table_that_moves_during_the_download_is_refused() {
    let post = agency(|call| ["2026-06-08T06:00:00Z", "2026-06-09T06:00:00Z"][call], good).await;
    let error = post.run(years()).await.map(drop).unwrap_err();
    assert_eq!(
        error.to_string(),
        "prov: table TAB1 was updated during the download: 2026-06-08T06:00:00Z became 2026-06-09T06:00:00Z"
    );
}

#[tokio::test]
async fn faults_carry_source_call_and_place() {
    let fault = async |data: fn(usize) -> (u16, String)| {
        let post = agency(|_| "2026-06-08T06:00:00Z", data).await;
        let error = post.run(years()).await.map(drop).unwrap_err();
        let base = post.courier.source().base_url.to_string();
        (error.to_string().replace(base.trim_end_matches('/'), "BASE"), error)
    };
    let call = "prov: POST BASE/tables/TAB1/data?lang=sv&outputFormat=json-stat2: ";

    let (message, _) = fault(|_| (200, cube(&["2023"], &json!([])))).await;
    assert_eq!(message, format!("{call}the cube is [1] = 1 cells, but `value` holds 0"));
    let (message, _) = fault(|_| (200, cube(&["2024"], &json!([1])))).await;
    assert_eq!(message, format!("{call}dimension \"Tid\" has no code \"2023\", which was asked for"));
    let (message, error) = fault(|_| (200, "<html>".to_owned())).await;
    assert!(matches!(error, SourceError::Fetch(FetchError::NotJson { .. })), "{message}");
    let (message, error) = fault(|_| (400, r#"{"title": "Too many cells selected", "status": 400}"#.to_owned())).await;
    assert!(matches!(error, SourceError::TooManyCells { cells: 1, limit: 1, .. }), "{message}");
    let (message, error) = fault(|_| (400, r#"{"title": "Non-existent value", "status": 400}"#.to_owned())).await;
    assert!(
        matches!(error, SourceError::Fetch(FetchError::Refused { .. })) && message.contains("Non-existent value"),
        "{message}"
    );
    let (message, error) = fault(|_| (400, r#"{"title": "Non-existent table", "status": 404}"#.to_owned())).await;
    assert!(matches!(error, SourceError::UnknownTable { .. }), "{message}");
}

#[tokio::test]
async fn a_row_that_is_wider_than_a_call_does_not_fit() {
    let metadata = json!({"version": "2.0", "class": "dataset", "id": ["ContentsCode", "Tid"], "size": [2, 1],
        "role": {"time": ["Tid"], "metric": ["ContentsCode"]},
        "dimension": {"Tid": {"category": {"index": ["2024"]}}, "ContentsCode": {"category": {"index": ["A", "B"]}}},
        "value": []});
    let base = server(move |path, _| {
        let body = match path {
            "/config" => json!({"maxDataCells": 1, "maxCallsPerTimeWindow": 0, "timeWindow": 0}),
            path if path.contains("/metadata") => metadata.clone(),
            _ => json!({"updated": null}),
        };
        (200, body.to_string())
    })
    .await;
    let post = Post::to(&base, SourceKind::Pxweb);
    let fetch: PxwebFetch = pxweb("TAB1", &[("Tid", "*")], &[]);
    let error = post.plan(FetchKind::Pxweb(fetch)).await.map(drop).unwrap_err();
    assert_eq!(error.to_string(), "prov: table TAB1: one row of 2 measures exceeds the limit of 1 cells in a call");
}
