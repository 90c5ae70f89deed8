//! Kolada against its stand-in and against the recorded catalogues.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::super::browse::Entry;
use super::super::testing::{Post, TODAY, endpoint, sandbox};
use super::super::{Change, SourceError, compare};
use super::{assumptions, browse, churn};
use crate::config::{DriftPolicy, Fetch, FetchKind, History, KoladaFetch, SourceKind, Years};
use crate::contract::Status;
use crate::sandbox::{Fault, FaultKind, Options, Sandbox};
use crate::source::assumption::{Ask, Finding, Observed};
use crate::source::metadata::Metadata;

const KOMVUX: &str = "G2KPI100001";

async fn stage() -> (Sandbox, Post) {
    let sandbox = sandbox(Options::default()).await;
    let post = Post::to_source(&endpoint(&sandbox, "kolada-v3"), SourceKind::Kolada, &[("", Status::Missing)], 0);
    (sandbox, post)
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

fn fetch(kpi: &[&str]) -> KoladaFetch {
    KoladaFetch::of(texts(kpi), Years::List(vec![2023, 2024]))
}

fn of(kind: KoladaFetch) -> Fetch {
    Fetch {
        name: "f".into(),
        source: None,
        kind: FetchKind::Kolada(kind),
        history: History::Keep,
        drift: DriftPolicy::default(),
    }
}

async fn metadata(post: &Post, fetch: &KoladaFetch) -> Metadata {
    post.plan(FetchKind::Kolada(fetch.clone())).await.unwrap().1.metadata.unwrap()
}

/// What is told when the source drifts like this.
async fn told(fetch: KoladaFetch, fault: Fault) -> Vec<String> {
    let (sandbox, post) = stage().await;
    let before = metadata(&post, &fetch).await;
    sandbox.order(fault);
    let post = Post::to(&endpoint(&sandbox, "kolada-v3"), SourceKind::Kolada);
    let after = metadata(&post, &fetch).await;
    let changes = compare(&of(fetch), &before, &after);
    changes.into_iter().map(|Change { kind, what, .. }| format!("{kind:?}: {what}")).collect()
}

fn drift(kind: FaultKind, code: &str) -> Fault {
    Fault { code: Some(code.to_owned()), ..Fault::new("/kolada/", kind) }
}

#[tokio::test]
async fn a_group_of_indicators_means_its_members() {
    let (_sandbox, post) = stage().await;
    let fetch =
        KoladaFetch { kpi_group: texts(&[KOMVUX]), municipality: Some(texts(&["0180", "1280"])), ..fetch(&["N01982"]) };
    let (plan, _, kept) = post.run(FetchKind::Kolada(fetch.clone())).await.unwrap();
    let kpis: BTreeSet<String> = kept.rows().map(|row| row["kpi"].clone()).collect();
    let metadata = plan.metadata.unwrap();
    let [group] = metadata.groups.as_slice() else { panic!("{:?}", metadata.groups) };
    assert!(group.of_contents && group.members.len() > 5 && group.id == KOMVUX);
    assert_eq!(kpis.len(), group.members.len() + 1);
    assert!(compare(&of(fetch), &metadata, &metadata).is_empty());
}

#[tokio::test]
async fn what_becomes_of_a_group_of_indicators_is_told_once() {
    let group = KoladaFetch { kpi_group: texts(&[KOMVUX]), municipality: Some(texts(&["0180"])), ..fetch(&["N01982"]) };
    let said = told(group, drift(FaultKind::ChangedMembers, KOMVUX)).await;
    assert_eq!(
        said,
        [
            "LostCode: group of indicators \"G2KPI100001\" (Komvux (SYNTETISK GRUPP)) has lost \"N18958\" (Ny definition - \
             Personer som arbetar året efter avslutad utbildning i komvux, gymnasial nivå, i huvudmannens skolenheter, andel \
             (%))",
            "NewCode: group of indicators \"G2KPI100001\" (Komvux (SYNTETISK GRUPP)) has a new member: \"N01955\" \
             (Invånare 20-64 år, antal)"
        ]
    );
}

#[tokio::test]
async fn a_group_of_municipalities_with_other_members_is_another_group() {
    let group = KoladaFetch { municipality: Some(texts(&["G33632", "0180"])), ..fetch(&["N18898"]) };
    let said = told(group, drift(FaultKind::ChangedMembers, "G33632")).await;
    assert_eq!(
        said,
        [
            "Renamed: group \"G33632\" (Norrbottens läns kommuner (ovägt medel)) has other members than before, so that its \
          figures are of others: gone: \"2584\" (Kiruna); new: \"0114\" (Upplands Väsby)"
        ]
    );
}

#[tokio::test]
async fn ended_and_renamed_indicators_are_told_apart() {
    let said = told(fetch(&["N18898"]), drift(FaultKind::EndedSeries, "N18898")).await;
    assert_eq!(
        said,
        [
            "Renamed: indicator \"N18898\" (Elever i kommunal gymnasial vuxenutbildning hemkommun, antal) has ended: its \
          title now says that 2024 is its last year"
        ]
    );
    let said = told(fetch(&["N18898"]), drift(FaultKind::ChangedTitle, "N18898")).await;
    assert!(
        said.len() == 1 && said[0].starts_with("Renamed: indicator \"N18898\" is redefined, by its title"),
        "{said:?}"
    );
}

#[tokio::test]
async fn a_title_that_is_not_the_chosen_one_stops() {
    let (sandbox, post) = stage().await;
    let title = "Elever i kommunal gymnasial  vuxenutbildning hemkommun, antal ".to_owned();
    let fetch = KoladaFetch { titles: BTreeMap::from([("N18898".to_owned(), title)]), ..fetch(&["N18898"]) };
    assert!(post.plan(FetchKind::Kolada(fetch.clone())).await.is_ok(), "white space does not count");
    sandbox.order(drift(FaultKind::ChangedTitle, "N18898"));
    let url = endpoint(&sandbox, "kolada-v3");
    let error = Post::to(&url, SourceKind::Kolada).plan(FetchKind::Kolada(fetch)).await.map(drop).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "prov: {url}/kpi: indicator N18898 was chosen as \"Elever i kommunal gymnasial  vuxenutbildning hemkommun, \
             antal\" and is now called \"Elever i kommunal gymnasial vuxenutbildning hemkommun, antal (ny)\""
        )
    );
    assert_eq!(
        error.hint().unwrap(),
        "look at what it means now; if it is still what you want, write its new title under `titles`"
    );
}

#[tokio::test]
async fn an_indicator_that_is_gone_is_told_with_likely_successors() {
    let (sandbox, post) = stage().await;
    let before = metadata(&post, &fetch(&["N18898"])).await;
    sandbox.order(drift(FaultKind::RemovedCode, "N18898"));
    let url = endpoint(&sandbox, "kolada-v3");
    let post = Post::to(&url, SourceKind::Kolada);
    let error = post.plan(FetchKind::Kolada(fetch(&["N18898"]))).await.map(drop).unwrap_err();
    assert_eq!(error.to_string(), format!("prov: {url}/kpi knows no indicator N18898"));
    // What was accepted tells what it was called.
    let error = super::with_accepted(error, &before);
    assert_eq!(
        error.to_string(),
        format!(
            "prov: {url}/kpi knows no indicator N18898\n  N18898 was \"Elever i kommunal gymnasial vuxenutbildning hemkommun, \
             antal\"; likely successors: N18897 \"Elever i kommunal vuxenutbildning hemkommun, antal\", N18896 \
             \"Elever i kommunal grundläggande vuxenutbildning hemkommun, antal\""
        )
    );
    assert_eq!(
        error.hint().unwrap(),
        "compare the descriptions before you take a successor: it may be defined in another way"
    );
    // A group that still lists it goes without it.
    let group = KoladaFetch { kpi_group: texts(&[KOMVUX]), municipality: Some(texts(&["0180"])), ..fetch(&[]) };
    let (_, plan) = post.plan(FetchKind::Kolada(group)).await.unwrap();
    let note = format!("group {KOMVUX} names N18898, which Kolada no longer knows: left out");
    assert!(plan.notes.contains(&note), "{:?}", plan.notes);
}

#[tokio::test]
async fn schools_come_with_their_municipality() {
    let (_sandbox, post) = stage().await;
    let fetch = KoladaFetch {
        ou: texts(&["V15E*"]),
        municipality: Some(texts(&["0180", "1280"])),
        ..fetch(&["N15419", "N18898"])
    };
    let (plan, harvest, kept) = post.run(FetchKind::Kolada(fetch.clone())).await.unwrap();
    assert_eq!((plan.calls, plan.cells, harvest.rows > 15), (1, 24, true), "{}", harvest.rows);
    assert!(kept.rows().all(|row| row["kpi"] == "N15419" && row["ou"][4..8] == *row["kommun"]));
    let schools: BTreeSet<String> = kept.rows().map(|row| row["ou"].clone()).collect();
    assert_eq!(schools.len(), 4);
    assert!(plan.notes[0].starts_with("N18898 (Elever i kommunal gymnasial"), "{:?}", plan.notes);
    assert!(
        plan.codes.iter().any(|row| row.kolumn == "ou" && row.kod == "V15E018000101" && row.text.contains("norra"))
    );
    assert!(kept.0.iter().all(|batch| Some(batch.schema()) == plan.schema));
    assert!(compare(&of(fetch.clone()), plan.metadata.as_ref().unwrap(), plan.metadata.as_ref().unwrap()).is_empty());

    // Another list of municipalities is the operator's choice, and so are its schools.
    let wider = KoladaFetch { municipality: Some(texts(&["1280", "1480"])), ..fetch };
    let now = metadata(&post, &wider).await;
    assert!(compare(&of(wider.clone()), plan.metadata.as_ref().unwrap(), &now).is_empty());
    let municipal = KoladaFetch { ou: Vec::new(), ..wider };
    let now = metadata(&post, &municipal).await;
    assert!(compare(&of(municipal), plan.metadata.as_ref().unwrap(), &now).is_empty());
}

#[tokio::test]
async fn schools_that_do_not_exist_and_indicators_without_schools_are_named() {
    let (sandbox, post) = stage().await;
    let url = endpoint(&sandbox, "kolada-v3");
    let say = async |fetch: KoladaFetch| {
        let error = post.plan(FetchKind::Kolada(fetch)).await.map(drop).unwrap_err();
        (error.to_string(), error.hint())
    };
    let (error, hint) = say(KoladaFetch { ou: texts(&["V15E018000102", "V15E018000101"]), ..fetch(&["N15419"]) }).await;
    assert_eq!(error, format!("prov: {url}/ou knows no unit \"V15E018000102\""));
    assert_eq!(hint.unwrap(), "did you mean \"V15E018000101\"?");
    let (error, _) = say(KoladaFetch { ou: texts(&["V15E018000101"]), ..fetch(&["N18898"]) }).await;
    assert_eq!(
        error,
        "nothing to ask for: N18898 (Elever i kommunal gymnasial vuxenutbildning hemkommun, antal) has no values for units \
         such as schools"
    );
    let (error, _) = say(KoladaFetch { kpi_group: texts(&["GX1"]), ..fetch(&[]) }).await;
    assert_eq!(error, format!("prov: {url}/kpi_groups knows no group of indicators \"GX1\""));
}

#[tokio::test]
async fn a_source_that_has_had_enough_is_asked_later() {
    let (sandbox, post) = stage().await;
    sandbox.order(Fault {
        times: Some(1),
        status: Some(429),
        retry_after: Some("0".into()),
        ..Fault::new("/data/", FaultKind::Status)
    });
    let fetch = KoladaFetch { municipality: Some(texts(&["0180"])), ..fetch(&["N18898"]) };
    let (_, harvest, _) = post.run(FetchKind::Kolada(fetch)).await.unwrap();
    assert_eq!(harvest.rows, 2);
    let statuses: Vec<u16> =
        sandbox.calls().iter().filter(|call| call.path.contains("/data/")).map(|call| call.status).collect();
    assert_eq!(statuses, [429, 200]);
}

#[tokio::test]
async fn pages_of_html_cut_bodies_and_doubled_rows_are_refused() {
    let (sandbox, _) = stage().await;
    let url = endpoint(&sandbox, "kolada-v3");
    let say = async |fault: Fault| {
        sandbox.behave();
        sandbox.order(fault);
        let fetch = KoladaFetch { municipality: Some(texts(&["0180"])), ..fetch(&["N18898"]) };
        let ended = Post::to(&url, SourceKind::Kolada).run(FetchKind::Kolada(fetch)).await;
        ended.map(|(_, harvest, _)| harvest.rows).map_err(|error| error.to_string().replace(&url, "BASE"))
    };
    let data = "prov: GET BASE/data/kpi/N18898/municipality/0180/year/2023,2024?per_page=5000";
    let html = say(Fault::new("/data/", FaultKind::Html200)).await.unwrap_err();
    assert!(html.starts_with(&format!("{data} ")) || html.starts_with(&format!("{data}:")), "{html}");
    let cut = say(Fault::new("/data/", FaultKind::Truncate)).await.unwrap_err();
    assert!(cut.starts_with(&format!("{data}: the body is cut off or broken at byte ")), "{cut}");
    // A doubled row is for the key's check: it is in the table twice.
    assert_eq!(say(Fault::new("/data/", FaultKind::DuplicateKommun)).await, Ok(3));
}

fn entry<'a>(entries: &'a [Entry], id: &str) -> &'a Entry {
    entries.iter().find(|entry| entry.id == id).unwrap()
}

#[tokio::test]
async fn the_catalogue_is_looked_through_by_words() {
    let (sandbox, post) = stage().await;
    let found = browse::search(&post.courier, "komvux").await.unwrap();
    assert!(found.len() > 3 && entry(&found, KOMVUX).note.as_ref().unwrap().starts_with("group of "));
    let found = browse::search(&post.courier, "åk 9").await.unwrap();
    assert_eq!(entry(&found, "N15419").note.as_deref(), Some("for schools too; Grundskola åk 0-9 inkl förskoleklass"));
    let one = browse::describe(&post.courier, "N01982").await.unwrap();
    let proposal = one.proposal.unwrap();
    assert!(proposal.fetch.starts_with("kpi = [\"N01982\"]\nmunicipality = \"*\"\n"), "{}", proposal.fetch);
    assert!(proposal.fetch.contains("titles = { N01982 = \""));
    let group = browse::describe(&post.courier, "G33612").await.unwrap();
    assert!(group.proposal.is_none() && group.metadata.groups[0].members.len() == 26);
    let error = browse::describe(&post.courier, "N99999").await.map(drop).unwrap_err();
    assert!(matches!(error, SourceError::UnknownKpi { .. }), "{error}");
    drop(sandbox);
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a small client against loopback")]
async fn the_stand_in_behaves_as_is_assumed_of_kolada() {
    let (sandbox, _) = stage().await;
    let url = endpoint(&sandbox, "kolada-v3");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for assumption in assumptions::ASSUMPTIONS {
        let Ask::Get(path) = assumption.ask else { continue };
        let response = client.get(format!("{url}{path}")).send().await.unwrap();
        let seen = Observed {
            url: url.clone(),
            status: response.status().as_u16(),
            headers: BTreeMap::new(),
            fetched_at: jiff::Timestamp::UNIX_EPOCH,
            body: response.bytes().await.unwrap(),
        };
        let finding = (assumption.judge)(&seen);
        let expected = if assumption.name == "kolada.page.5000" { Finding::NotSeen } else { Finding::Agrees };
        assert_eq!(finding, expected, "{}", assumption.name);
        let nonsense = Observed { status: 200, body: bytes::Bytes::from_static(b"<html>"), ..seen };
        assert_ne!((assumption.judge)(&nonsense), Finding::Agrees, "{}", assumption.name);
    }
    let mut names: Vec<&str> = assumptions::ASSUMPTIONS.iter().map(|assumption| assumption.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), assumptions::ASSUMPTIONS.len());
    assert_eq!(TODAY.year(), 2026);
}

/// Id and title of every indicator in a recorded catalogue.
fn recorded(name: &str) -> Option<Vec<(String, String)>> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/real/kolada")).join(name);
    let Ok(packed) = std::fs::read(&path) else {
        println!("skipped: no recorded catalogue at {}", path.display());
        return None;
    };
    let mut text = Vec::new();
    let mut unpacked = async_compression::tokio::bufread::GzipDecoder::new(packed.as_slice());
    futures::executor::block_on(tokio::io::AsyncReadExt::read_to_end(&mut unpacked, &mut text)).unwrap();
    let mut page: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let kpis: Vec<super::Kpi> = serde_json::from_value(page["values"].take()).unwrap();
    Some(kpis.into_iter().map(|kpi| (kpi.id, kpi.title)).collect())
}

#[test]
fn two_years_of_churn_are_told_by_titles() {
    let (Some(then), Some(now)) =
        (recorded("kolada_kpi_2024-04-06_v2.json.gz"), recorded("kolada_kpi_2026-03-04_v3.json.gz"))
    else {
        return;
    };
    let ids: BTreeSet<&str> = now.iter().map(|(id, _)| id.as_str()).collect();
    let gone: Vec<String> =
        then.iter().filter(|(id, _)| !ids.contains(id.as_str())).map(|(id, _)| id.clone()).collect();
    assert_eq!((then.len(), now.len(), gone.len()), (6379, 6205, 713));
    let titles: BTreeMap<&str, &str> = then.iter().map(|(id, title)| (id.as_str(), title.as_str())).collect();
    // Some of them: all take a minute without optimisation.
    let pairs = [("N01809", "N01798"), ("N00712", "N00711"), ("U09901", "N07962"), ("N17568", "N18609")];
    let some: Vec<String> = gone
        .iter()
        .enumerate()
        .filter(|(at, id)| at % 20 == 0 || *id == "N18703" || pairs.iter().any(|(old, _)| old == id))
        .map(|(_, id)| id.clone())
        .collect();
    let vanished = churn::vanished(&some, |id| titles.get(id).map(|title| (*title).to_owned()), &now);
    let first = |id: &str| {
        let one = vanished.iter().find(|one| one.id == id).unwrap();
        one.successors.first().map(|(id, _)| id.clone())
    };
    // The same figure under another id.
    for (old, new) in pairs {
        assert_eq!(first(old).as_deref(), Some(new), "{old}");
    }
    assert_eq!(first("N18703"), None, "none is better than a wrong one");
    let with = vanished.iter().filter(|one| !one.successors.is_empty()).count();
    assert!(2 * with < vanished.len(), "most are simply gone: {with} of {}", vanished.len());
    assert_eq!(now.iter().filter(|(_, title)| churn::ended(title).is_some()).count(), ENDED);
}

/// Series in the catalogue of March 2026 whose titles say that they have ended.
const ENDED: usize = 504;
