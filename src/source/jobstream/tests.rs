use std::collections::BTreeMap;

use super::*;
use crate::config::{DriftPolicy, Fetch, FetchKind, History, SourceKind};
use crate::reference::Reference;
use crate::sandbox::ads::INVENTED;
use crate::sandbox::{Fault, FaultKind, Options, Sandbox, start};
use crate::source::assumption::{Ask, Finding, Observed};
use crate::source::hostile::server;
use crate::source::testing::{Kept, Post};

const FETCH: JobStreamFetch = JobStreamFetch {
    snapshot_every: Duration::from_hours(7 * 24),
    window: Duration::from_hours(24),
    overlap: Duration::from_hours(2),
};

async fn sandbox() -> (Sandbox, String) {
    let reference = Reference::load(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("reference")).unwrap();
    let sandbox = start(([127, 0, 0, 1], 0).into(), reference, Options::default()).await.unwrap();
    let url = sandbox.endpoints().into_iter().find(|(name, _)| *name == "jobstream").unwrap().1;
    (sandbox, url)
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn record(url: &str, fetched_at: &str) -> AnswerRecord {
    AnswerRecord {
        identity: Request::get(url).identity("js"),
        source: "js".to_owned(),
        method: crate::fetch::Method::Get,
        url: format!("https://a.example{url}"),
        request_body: None,
        fetched_at: at(fetched_at),
        status: 200,
        headers: BTreeMap::new(),
        hash: blake3::hash(url.as_bytes()).to_hex().to_string(),
        size: 0,
        original: None,
        synthetic: false,
    }
}

#[test]
fn windows_are_bounded_overlap_and_are_told_on_the_swedish_clock() {
    // Winter: an hour before UTC.
    let calls = windows(&FETCH, at("2026-11-20T06:30:00Z"), at("2026-11-22T08:00:00Z"));
    assert_eq!(
        calls,
        [
            "/v2/stream?updated-after=2026-11-20T05:30:00&updated-before=2026-11-21T05:30:00",
            "/v2/stream?updated-after=2026-11-21T03:30:00&updated-before=2026-11-22T03:30:00",
            "/v2/stream?updated-after=2026-11-22T01:30:00&updated-before=2026-11-22T09:00:00",
        ]
    );
    assert!(windows(&FETCH, at("2026-11-20T08:00:00Z"), at("2026-11-20T08:00:00Z")).is_empty());
    assert_eq!(end_at(at("2026-11-20T08:09:59Z")), at("2026-11-20T07:00:00Z"));
    assert_eq!(end_at(at("2026-11-20T08:10:00Z")), at("2026-11-20T08:00:00Z"));
    // Over the autumn's change, when 02:30 comes twice, nothing between two windows is left out.
    let calls = windows(&FETCH, at("2026-10-24T23:30:00Z"), at("2026-10-26T08:00:00Z"));
    let covers: Vec<Covers> =
        calls.iter().map(|call| Covers::of(&record(call, "2026-10-26T08:00:00Z")).unwrap()).collect();
    let mut until = at("2026-10-24T23:30:00Z");
    for one in covers {
        let Covers::Changes { from, to } = one else { panic!("{one:?}") };
        assert!(from < until, "{from} {until}");
        until = to;
    }
    assert_eq!(until, at("2026-10-26T08:00:00Z"));
}

#[test]
fn a_chain_begins_with_the_newest_snapshot_and_has_no_gap() {
    let (old, new) = (record("/v2/snapshot?a", "2026-11-01T08:00:00Z"), record("/v2/snapshot", "2026-11-10T08:00:00Z"));
    let window = |from: &str, to: &str| {
        record(&format!("/v2/stream?updated-after={from}&updated-before={to}"), "2026-11-20T08:00:00Z")
    };
    let first = window("2026-11-10T07:00:00", "2026-11-11T07:00:00");
    let second = window("2026-11-11T05:00:00", "2026-11-12T05:00:00");
    let gap = window("2026-11-12T05:00:01", "2026-11-13T05:00:00");
    let (found, until) = chain(&[gap, second.clone(), old, first.clone(), new.clone()]).unwrap();
    assert_eq!(found, [new, first.clone(), second]);
    assert_eq!(until, at("2026-11-12T04:00:00Z"));
    assert!(chain(&[first]).is_none(), "changes of nothing");
}

/// A run as of a given time, building on what was accepted before.
async fn run(post: &Post, now: Timestamp) -> (Plan, Harvest, Kept) {
    let fetch = &FETCH;
    let plan = plan_at(&post.courier, fetch, now).await.unwrap();
    let super::super::Work::JobStream(work) = &plan.work else { panic!("another's plan") };
    let mut kept = Kept::default();
    let harvest = harvest(&post.courier, work, &mut kept, &mut |_| ()).await.unwrap();
    (plan, harvest, kept)
}

fn ids(kept: &Kept) -> BTreeMap<String, String> {
    kept.rows()
        .map(|row| (row["id"].clone(), format!("{} {} {}", row["andrad"], row["platser"], row["kommun"])))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_and_the_changes_since_are_the_next_snapshot() {
    let (sandbox, url) = sandbox().await;
    let post = Post::to(&url, SourceKind::JobStream);
    let now = Timestamp::now();
    let (plan, _, first) = run(&post, now).await;
    assert_eq!((plan.calls, plan.stamp_proves), (1, false));
    let mut snapshot = post.courier.accepted().remove(0);
    assert!(snapshot.original.is_some());

    // As though it had been taken three days ago: what has changed since comes in windows.
    snapshot.fetched_at = now.checked_sub(span(Duration::from_hours(72))).unwrap();
    let next = post.afresh();
    next.courier.remember([snapshot.clone()]);
    let (plan, harvest, second) = run(&next, now).await;
    assert!((3..=5).contains(&plan.calls), "{}", plan.calls);
    // What was published within the hour is not in the windows yet, and neither is anything that is gone.
    let (first, second) = (ids(&first), ids(&second));
    assert!(first.len() > 400 && second.len() > 400, "{} {}", first.len(), second.len());
    for (id, row) in &second {
        assert_eq!(first.get(id), Some(row), "{id}");
    }
    let notes = harvest.notes.join(" ");
    assert!(notes.contains("removals in"), "{notes}");

    // The same answers, and nothing else, make the same table later.
    let fetch = Fetch {
        name: "f".into(),
        source: Some("prov".into()),
        kind: FetchKind::JobStream(FETCH),
        history: History::Keep,
        drift: DriftPolicy::default(),
    };
    let later = next.years_later();
    let again = crate::source::plan(&later, &fetch, crate::source::testing::TODAY).await.unwrap();
    let mut replayed = Kept::default();
    crate::source::harvest(&later, &fetch, &again, &mut replayed, &mut |_| ()).await.unwrap();
    assert_eq!(ids(&replayed), second);
    assert_eq!(later.accepted(), next.courier.accepted());

    // A run at once after it asks nothing.
    let records = next.courier.accepted();
    let third = next.afresh();
    third.courier.remember(records);
    let plan = plan_at(&third.courier, &FETCH, now).await.unwrap();
    assert_eq!((plan.calls, plan.stamp_proves, plan.stamp), (0, true, harvest.stamp));
    // And one long after takes a snapshot.
    let plan =
        plan_at(&third.courier, &FETCH, now.checked_add(span(Duration::from_hours(24 * 8))).unwrap()).await.unwrap();
    assert_eq!(plan.calls, 1);
    assert!(plan.notes[0].starts_with("the last snapshot is old"), "{:?}", plan.notes);
    drop(sandbox);
}

#[tokio::test(flavor = "multi_thread")]
async fn half_an_array_under_200_is_an_error_and_nobody_is_kept() {
    let (sandbox, url) = sandbox().await;
    sandbox.order(Fault::new("/v2/snapshot", FaultKind::Truncate));
    let post = Post::to(&url, SourceKind::JobStream);
    let error = post.run(FetchKind::JobStream(FETCH)).await.map(drop).unwrap_err().to_string().replace(&url, "BASE");
    let (start, end) = error.split_once("advertisement ").unwrap();
    assert_eq!(start, "prov: GET BASE/v2/snapshot failed twice; the last time: it is cut off within ");
    assert!(end.parse::<u64>().is_ok(), "{end}");
    assert!(!post.holds("Fantasisson"), "nothing is kept of it");
    sandbox.behave();
    sandbox.order(Fault::new("/v2/snapshot", FaultKind::DuplicateKommun));
    let (_, harvest, kept) = post.run(FetchKind::JobStream(FETCH)).await.unwrap();
    assert_eq!(ids(&kept).len() as u64, harvest.rows, "one that comes twice is there once");
    for word in INVENTED {
        assert!(!post.holds(word), "{word}");
    }
    sandbox.behave();
    sandbox.order(Fault::new("/v2/snapshot", FaultKind::Html200));
    let error = post.afresh().run(FetchKind::JobStream(FETCH)).await.map(drop).unwrap_err().to_string();
    assert!(error.contains("was answered with text/html") && error.contains("instead of JSON"), "{error}");
}

/// The same advertisements as an array and as lines, of which the last may end without a break.
#[tokio::test(flavor = "multi_thread")]
async fn lines_are_as_good_as_an_array() {
    let ad = |id: u32| {
        format!(
            "{{\"id\":\"2488450{id}\",\"publication_date\":\"2026-11-0{id}T08:00:00\",\"timestamp\":170000000000{id},\
             \"last_publication_date\":\"2100-01-01T00:00:00\",\"headline\":\"Fantasisson\\nsöker {id}\",\
             \"workplace_address\":{{\"municipality_code\":\"0180\",\"city\":\"Låtsasgatan\"}}}}"
        )
    };
    let ads: Vec<String> = (1..=5).map(ad).collect();
    let rows = async |body: String| {
        let base = server(move |_, _| (200, body.clone())).await;
        let post = Post::to(&base, SourceKind::JobStream);
        let ran = post.run(FetchKind::JobStream(FETCH)).await;
        for word in INVENTED {
            assert!(!post.holds(word), "{word}");
        }
        ran.map(|(_, harvest, kept)| (harvest.rows, ids(&kept)))
            .map_err(|error| error.to_string().replace(&base, "BASE"))
    };
    let array = rows(format!("[{}]", ads.join(","))).await.unwrap();
    assert_eq!(array.0, 5);
    for lines in [ads.join("\n"), ads.join("\r\n") + "\r\n", format!("\u{feff}{}\n\n", ads.join("\n"))] {
        assert_eq!(rows(lines).await.unwrap(), array);
    }
    // A line that is cut is seen; the last line's end says nothing of lines that should follow.
    let cut = ads.join("\n");
    let error = rows(cut[..cut.len() - 20].to_owned()).await.unwrap_err();
    assert_eq!(error, "prov: GET BASE/v2/snapshot failed twice; the last time: it is cut off within advertisement 5");
    let error = rows(format!("{}\n<html>", ads[0])).await.unwrap_err();
    assert_eq!(
        error,
        "prov: the answer of BASE/v2/snapshot is not what was expected: what follows advertisement 1 is none"
    );
}

#[test]
fn the_latest_word_counts() {
    let told = |texts: &[&str]| {
        let mut state = State::default();
        for (answer, text) in texts.iter().enumerate() {
            crate::decode::ads::read_ads(text.as_bytes(), |ad| state.add(answer, 9_000_000_000_000, ad)).unwrap();
        }
        let rows = state.rows("2026-11-23T08:00:00".parse().unwrap());
        let batch = state::batch(&rows, 1).unwrap();
        (rows.len(), batch.num_rows())
    };
    let ad = r#"{"id":7,"timestamp":1000,"last_publication_date":"2026-12-01T00:00:00"}"#;
    let newer = r#"{"id":"7","timestamp":2000,"last_publication_date":"2026-12-01T00:00:00"}"#;
    let removal = r#"{"id":"7","removed":true,"removed_date":"2020-09-22T14:57:55","occupation":"Y3QA_5pk_uXd"}"#;
    let back = r#"{"id":"7","timestamp":1700000000000,"last_publication_date":"2026-12-01T00:00:00"}"#;
    assert_eq!(told(&[ad, newer]), (1, 1), "a number or a text, it is the same id");
    assert_eq!(told(&[newer, ad]), (1, 0), "an older word changes nothing");
    assert_eq!(told(&[ad, removal]), (0, 0));
    assert_eq!(told(&[removal, ad]), (0, 0));
    assert_eq!(told(&[removal, back]), (1, 1), "published again");
    assert_eq!(told(&[ad, r#"{"id":7,"removed":true}"#]), (0, 0), "a removal that does not say when");
    assert_eq!(
        told(&[ad, r#"{"id":7,"timestamp":3000,"last_publication_date":"2026-11-22T23:59:59"}"#]),
        (0, 0),
        "over"
    );
}

#[tokio::test]
async fn the_stand_in_is_as_assumed() {
    let (_sandbox, url) = sandbox().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let now = Timestamp::now();
    let from = now.checked_sub(span(Duration::from_hours(48))).unwrap();
    let window = format!("/v2/stream?updated-after={}&updated-before={}", local(from), local(now));
    for assumption in ASSUMPTIONS {
        let path = match assumption.ask {
            Ask::Get(path) => path,
            _ => &window,
        };
        let response = client.get(format!("{url}{path}")).send().await.unwrap();
        let (url, status) = (response.url().to_string(), response.status().as_u16());
        #[expect(clippy::disallowed_methods, reason = "a small client against loopback")]
        let body = response.bytes().await.unwrap();
        let seen = Observed { url, status, headers: BTreeMap::new(), body, fetched_at: now };
        assert_eq!((assumption.judge)(&seen), Finding::Agrees, "{}", assumption.name);
    }
}
