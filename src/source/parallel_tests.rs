//! That sources ask for as much at once as they are told to, and that nothing
//! of what they make of it shows that.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;

use super::testing::{Kept, Post, endpoint, sandbox};
use crate::config::{
    EurostatFetch, EurostatFormat, EurostatTime, FetchKind, GeoLevel, JobsearchFetch, KoladaFetch, Limits, PlaceLevel,
    SourceKind, Years,
};
use crate::sandbox::Options;

const AT_ONCE: usize = 3;

/// Calls that are under way, and the most that ever were.
#[derive(Default)]
struct Flying {
    now: AtomicUsize,
    most: AtomicUsize,
    calls: AtomicUsize,
}

/// Passes calls on, but holds the first ones until as many are there as should be; of three, the first is answered
/// last.
#[expect(clippy::disallowed_methods, reason = "a small client against loopback")]
async fn relay(to: String) -> (String, Arc<Flying>) {
    let flying = Arc::new(Flying::default());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let (host, path) = to.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let (host, path) = (host.to_owned(), format!("/{path}"));
    let shared = Arc::clone(&flying);
    let router = Router::new().fallback(move |request: Request| {
        let (flying, client, host) = (Arc::clone(&shared), client.clone(), host.clone());
        async move {
            let number = flying.calls.fetch_add(1, Ordering::SeqCst);
            flying.most.fetch_max(flying.now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            for _ in 0..200 {
                if flying.most.load(Ordering::SeqCst) >= AT_ONCE {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            tokio::time::sleep(Duration::from_millis(8 * (AT_ONCE - number % AT_ONCE) as u64)).await;
            let url = format!("http://{host}{}", request.uri());
            let own = request.headers()[header::HOST].clone();
            let answer = client.get(url).header(header::HOST, own).send().await.unwrap();
            let status = StatusCode::from_u16(answer.status().as_u16()).unwrap();
            let body = answer.bytes().await.unwrap();
            flying.now.fetch_sub(1, Ordering::SeqCst);
            (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
    });
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}{path}"), flying)
}

/// The rows and the answers that were accepted, in order.
async fn told(post: &Post, kind: &FetchKind, base: &str) -> (Kept, Vec<String>) {
    let (_, _, kept) = post.run(kind.clone()).await.unwrap();
    let calls = post.courier.accepted().iter().map(|record| record.url.replace(base, "")).collect();
    (kept, calls)
}

async fn alike(kind: SourceKind, name: &str, fetch: FetchKind, limits: Option<Limits>) {
    let sandbox = sandbox(Options { calls: 0, ..Options::default() }).await;
    let base = endpoint(&sandbox, name);
    let (one, calls) = told(&Post::with(&base, kind, |source| source.limits = limits), &fetch, &base).await;
    assert!(calls.len() > 2 * AT_ONCE, "{calls:?}");
    let (base, flying) = relay(base).await;
    let post = Post::with(&base, kind, |source| (source.parallel, source.limits) = (AT_ONCE, limits));
    let (other, same) = told(&post, &fetch, &base).await;
    assert_eq!(calls, same, "in the plan's order");
    assert!(one.0 == other.0, "the same rows in the same order");
    assert_eq!(flying.most.load(Ordering::SeqCst), AT_ONCE, "as many as are allowed, and no more");
}

#[tokio::test]
async fn kolada() {
    let mut fetch = KoladaFetch::of(vec!["N01982".to_owned(), "N18898".to_owned()], Years::From(2000));
    fetch.municipality = None;
    alike(SourceKind::Kolada, "kolada-v3", FetchKind::Kolada(fetch), None).await;
}

#[tokio::test]
async fn jobsearch() {
    let groups = vec!["5321".to_owned(), "KiVA_anS_RJh".to_owned()];
    let fetch = JobsearchFetch { level: PlaceLevel::Kommun, places: None, groups: Some(groups) };
    alike(SourceKind::Jobsearch, "jobsearch", FetchKind::Jobsearch(fetch), None).await;
}

#[tokio::test]
async fn eurostat() {
    let select = [("unit", "PC"), ("sex", "*"), ("age", "Y25-64"), ("geo", "SE*")];
    let fetch = EurostatFetch {
        dataset: "trng_lfse_04".into(),
        select: select.iter().map(|(id, code)| ((*id).to_owned(), vec![(*code).to_owned()])).collect(),
        geo_level: Some(GeoLevel::Nuts2),
        time: EurostatTime::Selected,
        rename: BTreeMap::new(),
        value: "andel".into(),
        format: EurostatFormat::Json,
    };
    let limits = Limits { calls: 0, window: Duration::from_secs(1), cells: 60 };
    alike(SourceKind::Eurostat, "eurostat", FetchKind::Eurostat(fetch), Some(limits)).await;
}
