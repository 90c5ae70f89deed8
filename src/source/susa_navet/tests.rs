//! Against the stand-in, and against servers that misbehave.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::assumptions::ASSUMPTIONS;
use crate::config::{FetchKind, SourceKind, SusaNavetFetch, SusaWhat};
use crate::reference::Reference;
use crate::sandbox::ads::INVENTED;
use crate::sandbox::{Options, Sandbox, start};
use crate::source::SourceError;
use crate::source::assumption::{Ask, Finding, Observed};
use crate::source::hostile::server;
use crate::source::testing::Post;

async fn sandbox() -> (Sandbox, Post) {
    let reference = Reference::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("reference")).unwrap();
    let sandbox = start(([127, 0, 0, 1], 0).into(), reference, Options::default()).await.unwrap();
    let post = Post::to(&format!("http://{}/susa-navet/emil3", sandbox.addr), SourceKind::SusaNavet);
    (sandbox, post)
}

fn fetch(what: SusaWhat, types: &[&str], since: Option<&str>) -> FetchKind {
    FetchKind::SusaNavet(SusaNavetFetch {
        what,
        school_types: types.iter().map(|code| (*code).to_owned()).collect(),
        updated_since: since.map(str::to_owned),
    })
}

#[tokio::test]
async fn lists_come_whole_over_all_pages() {
    let (sandbox, post) = sandbox().await;
    let (plan, harvest, kept) = post.run(fetch(SusaWhat::Events, &["YH", "FHS"], None)).await.unwrap();
    assert!(plan.calls >= 2 && plan.calls == plan.lower_bound, "{} {}", plan.calls, plan.lower_bound);
    assert!(plan.notes.contains(&format!("the source counts {} rows", harvest.rows)));
    assert_eq!(sandbox.calls().len() as u64, plan.calls, "the plan's page is the harvest's too");
    let row = kept.rows().find(|row| row["kommun_kod"] == "1480").unwrap();
    assert_eq!((row["status"].as_str(), row["ort"].as_str()), ("ACTIVE", "Göteborg"));
    assert_eq!(row["anordnare_id"], "p.syn.1480");
    assert!(kept.rows().any(|row| row["distans"] == "true") && kept.rows().any(|row| row["distans"] == "false"));
    assert!(kept.rows().all(|row| !row["titel"].contains("synthetic")), "the Swedish text is taken");

    let (_, _, kept) = post.run(fetch(SusaWhat::Infos, &[], None)).await.unwrap();
    let row = kept.rows().find(|row| row["skolform"] == "YH").unwrap();
    assert_eq!((row["sun"].as_str(), row["isced"].as_str(), row["poangsystem"].as_str()), ("582b", "0732", "yh"));
    let (_, _, kept) = post.run(fetch(SusaWhat::Providers, &[], None)).await.unwrap();
    assert_eq!(kept.row(&[("anordnare_id", "p.syn.1480")])["huvudmannatyp"], "kommunal");
}

#[tokio::test]
async fn what_was_deleted_since_is_told() {
    let (_sandbox, post) = sandbox().await;
    let (_, harvest, kept) = post.run(fetch(SusaWhat::Events, &["YH"], Some("2026-11-01"))).await.unwrap();
    let deleted: Vec<_> = kept.rows().filter(|row| row["status"] == "DELETED").collect();
    assert_eq!(deleted.len(), 2);
    assert!(deleted.iter().all(|row| row["titel"].is_empty() && row["distans"].is_empty()));
    assert!(harvest.notes.iter().any(|note| note.starts_with("2 rows have no content")), "{:?}", harvest.notes);
}

#[tokio::test]
async fn nothing_of_anyone_is_ever_on_disk() {
    let (_sandbox, post) = sandbox().await;
    for what in SusaWhat::ALL {
        let kind = || fetch(what, &["YH"], None);
        let (_, harvest, kept) = post.run(kind()).await.unwrap();
        assert!(harvest.rows > 0);
        assert!(post.years_later_gives(kind(), &kept).await, "the scrubbed stream is enough to compute it again");
    }
    for word in INVENTED {
        assert!(!post.holds(word), "{word}");
    }
    assert!(post.holds("Göteborg"), "what is kept is found");
    assert!(post.courier.accepted().iter().all(|record| record.original.is_some()));
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a small client against loopback")]
async fn the_stand_in_agrees_with_what_is_assumed() {
    let (sandbox, _) = sandbox().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for assumption in ASSUMPTIONS {
        let Ask::Get(path) = assumption.ask else { continue };
        let url = format!("http://{}/susa-navet/emil3{path}", sandbox.addr);
        let response = client.get(&url).send().await.unwrap();
        let status = response.status().as_u16();
        let fetched_at = jiff::Timestamp::UNIX_EPOCH;
        let seen =
            Observed { url, status, fetched_at, headers: BTreeMap::new(), body: response.bytes().await.unwrap() };
        assert_eq!((assumption.judge)(&seen), Finding::Agrees, "{}", assumption.name);
    }
}

fn page(total: usize, pages: usize, rows: &[Value]) -> String {
    json!({ "educationEvents": rows, "page": { "totalElements": total, "totalPages": pages } }).to_string()
}

fn event(id: usize) -> Value {
    json!({ "id": format!("e.{id}"), "status": "ACTIVE", "content": { "paceOfStudy": { "percentage": 50 } } })
}

async fn run(answer: impl Fn(&str, usize) -> String + Send + Sync + 'static) -> Result<(u64, Vec<String>), String> {
    let base = server(move |path, calls| (200, answer(path, calls))).await;
    let post = Post::to(&base, SourceKind::SusaNavet);
    match post.run(fetch(SusaWhat::Events, &[], None)).await {
        Ok((_, harvest, _)) => Ok((harvest.rows, harvest.notes)),
        Err(error) => {
            assert!(!matches!(error, SourceError::Unsteady { .. }) || error.hint().is_some());
            Err(error.to_string().replace(&base, "BASE"))
        }
    }
}

#[tokio::test]
async fn pages_that_do_not_add_up_are_read_again_and_then_refused() {
    // The second page has a row of the first in the first reading.
    let (rows, notes) = run(|path, calls| {
        let second = if calls < 2 { event(1) } else { event(2) };
        if path.ends_with("page=0") { page(2, 2, &[event(1)]) } else { page(2, 2, &[second]) }
    })
    .await
    .unwrap();
    assert_eq!((rows, notes.len()), (2, 1), "{notes:?}");
    let text = run(|_, _| page(2, 2, &[event(1)])).await.unwrap_err();
    assert_eq!(text, "prov: BASE/educationEvents?size=2000&page=0: 1 rows came over 2 pages, and the source counts 2");
}

#[tokio::test]
async fn bodies_that_are_no_lists_are_refused_by_name() {
    const CALL: &str = "prov: GET BASE/educationEvents?size=2000&page=0";
    const SCRUB: &str = "prov: the answer of BASE/educationEvents?size=2000&page=0 is not what was expected: ";
    let fault = async |body: String| run(move |_, _| body.clone()).await.unwrap_err();
    assert!(fault("<html></html>".into()).await.contains("BASE/educationEvents?size=2000&page=0"));
    assert_eq!(
        fault(page(1, 1, &[event(1)])[..40].to_owned()).await,
        format!("{CALL} failed twice; the last time: the body is cut off")
    );
    assert_eq!(
        fault(json!({ "page": { "totalElements": 1, "totalPages": 1 } }).to_string()).await,
        format!("{CALL}: the answer has no list `educationEvents`")
    );
    assert_eq!(fault(page(1, 1, &[json!({ "id": 7, "content": null })])).await, format!("{CALL}: row 0: id is 7"));
    assert_eq!(
        fault(page(1, 1, &[json!({ "id": "e.1", "content": { "paceOfStudy": { "percentage": "halv" } } })])).await,
        format!("{SCRUB}educationEvents.content.paceOfStudy.percentage holds something else than a number")
    );
    let text = fault(page(1, 1, &[json!({ "id": "e.1", "content": "x" })])).await;
    assert_eq!(text, format!("{SCRUB}educationEvents.content holds something else than fields"));
}
