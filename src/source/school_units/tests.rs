//! Against the stand-in, and against servers that misbehave.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::assumptions::ASSUMPTIONS;
use crate::config::{FetchKind, RegisterWhat, SchoolUnitsFetch, SourceKind};
use crate::reference::Reference;
use crate::sandbox::ads::INVENTED;
use crate::sandbox::{Options, Sandbox, start};
use crate::source::assumption::{Ask, Finding, Observed};
use crate::source::hostile::server;
use crate::source::testing::Post;

async fn sandbox() -> (Sandbox, Post) {
    let reference = Reference::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("reference")).unwrap();
    let sandbox = start(([127, 0, 0, 1], 0).into(), reference, Options::default()).await.unwrap();
    let post = Post::to(&format!("http://{}/skolenhetsregistret", sandbox.addr), SourceKind::SchoolUnits);
    (sandbox, post)
}

fn fetch(what: RegisterWhat, municipalities: &[&str], details: bool) -> FetchKind {
    FetchKind::SchoolUnits(SchoolUnitsFetch {
        what,
        municipalities: municipalities.iter().map(|code| (*code).to_owned()).collect(),
        school_types: Vec::new(),
        statuses: Vec::new(),
        details,
    })
}

#[tokio::test]
async fn units_are_listed_whole_or_by_municipality() {
    let (_sandbox, post) = sandbox().await;
    let (plan, all, _) = post.run(fetch(RegisterWhat::SchoolUnits, &[], false)).await.unwrap();
    assert_eq!(plan.calls, 1);
    assert!(all.rows > 500);
    let (plan, _, kept) = post.run(fetch(RegisterWhat::SchoolUnits, &["1480", "0114"], false)).await.unwrap();
    assert_eq!(plan.calls, 2);
    assert!(kept.rows().all(|row| ["0114", "1480"].contains(&row["kommun_kod"].as_str())));
    assert!(kept.rows().all(|row| row["skolenhetskod"].len() == 8));
}

#[tokio::test]
async fn details_tell_what_the_lists_do_not() {
    let (sandbox, post) = sandbox().await;
    let kind = || fetch(RegisterWhat::SchoolUnits, &["0114"], true);
    let (plan, harvest, kept) = post.run(kind()).await.unwrap();
    assert_eq!(plan.calls, harvest.rows);
    let row = kept.row(&[("vux_delar", "VUXGR VUXGY")]);
    for (column, text) in [
        ("kommun_kod", "0114"),
        ("skolformer", "VUX"),
        ("huvudman_orgnr", "0000000114"),
        ("postnummer", "123 45"),
        ("sweref_n", "6562397.097"),
        ("latitud", "59.16286545184274"),
        ("startdatum", "2012-07-01"),
        ("slutdatum", ""),
    ] {
        assert_eq!(row[column], text, "{column}");
    }
    let calls = sandbox.calls().len();
    let post = post.again();
    post.run(kind()).await.unwrap();
    assert_eq!(sandbox.calls().len(), calls, "an interrupted run repeats none");

    let (_, _, kept) = post.run(fetch(RegisterWhat::Contracts, &[], true)).await.unwrap();
    assert_eq!(kept.rows().count(), 16, "a row per part of school");
    let open = kept.rows().find(|row| row["skolformsdel"] == "VUXSFI").unwrap();
    assert_eq!((open["giltig_fran"].as_str(), open["giltig_till"].as_str()), ("2025-01-01", ""));
    let (_, _, kept) = post.run(fetch(RegisterWhat::EducationProviders, &[], false)).await.unwrap();
    assert_eq!(kept.row(&[("anordnarkod", "90000001")])["betygsratt"], "false");
    let (_, harvest, _) = post.run(fetch(RegisterWhat::Organizers, &[], false)).await.unwrap();
    assert_eq!(harvest.rows, 290);
}

#[tokio::test]
async fn nothing_of_anyone_is_ever_on_disk() {
    let (_sandbox, post) = sandbox().await;
    let kind = || fetch(RegisterWhat::SchoolUnits, &["0114"], true);
    let (_, _, kept) = post.run(kind()).await.unwrap();
    for word in INVENTED {
        assert!(!post.holds(word), "{word}");
    }
    assert!(post.holds("Syntetgatan"), "what is kept is found");
    let records = post.courier.accepted();
    assert!(records.iter().all(|record| record.original.as_ref().is_some_and(|original| original.size > record.size)));
    assert!(post.years_later_gives(kind(), &kept).await, "the scrubbed stream is enough to compute it again");
}

#[tokio::test]
async fn a_telephone_number_in_a_codes_place_goes_no_further() {
    let row = |kommun: &str| {
        let facts = json!({ "displayName": "Fråga på 070-174 06 05", "status": "AKTIV", "municipalityCode": kommun,
                            "schoolTypes": ["VUX", "08-46500400"], "addresses": [{ "type": "BESOKSADRESS",
                            "postalCode": "fanta@pahittat.example", "locality": "Åmål" }] });
        json!({ "data": { "schoolUnitCode": "10000001", "attributes": facts } }).to_string()
    };
    let base = server(move |path, _| {
        let listed = list(&[unit(json!("10000001"), "Skolan")]);
        (200, if path.ends_with("/school-units") { listed } else { row("0701740605") })
    })
    .await;
    let post = Post::to(&base, SourceKind::SchoolUnits);
    let (_, harvest, kept) = post.run(fetch(RegisterWhat::SchoolUnits, &[], true)).await.unwrap();
    assert_eq!(harvest.rows, 1);
    let row = kept.rows().next().unwrap();
    for (column, text) in
        [("namn", "Skolan"), ("kommun_kod", ""), ("skolformer", "VUX"), ("postnummer", ""), ("postort", "Åmål")]
    {
        assert_eq!(row[column], text, "{column}");
    }
    for word in ["174 06", "0701740605", "08-465", "pahittat"] {
        assert!(!post.holds(word), "{word}");
    }
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a small client against loopback")]
async fn the_stand_in_agrees_with_what_is_assumed() {
    let (sandbox, _) = sandbox().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for assumption in ASSUMPTIONS {
        let Ask::Get(path) = assumption.ask else { continue };
        let url = format!("http://{}/skolenhetsregistret{path}", sandbox.addr);
        let response = client.get(&url).send().await.unwrap();
        let status = response.status().as_u16();
        let fetched_at = jiff::Timestamp::UNIX_EPOCH;
        let seen =
            Observed { url, status, fetched_at, headers: BTreeMap::new(), body: response.bytes().await.unwrap() };
        assert_eq!((assumption.judge)(&seen), Finding::Agrees, "{}", assumption.name);
    }
}

async fn fault(body: String) -> String {
    let base = server(move |_, _| (200, body.clone())).await;
    let post = Post::to(&base, SourceKind::SchoolUnits);
    let error = post.run(fetch(RegisterWhat::SchoolUnits, &[], false)).await.map(drop).unwrap_err();
    error.to_string().replace(&base, "BASE")
}

fn list(rows: &[Value]) -> String {
    json!({ "meta": {}, "data": { "type": "schoolunit", "attributes": rows } }).to_string()
}

fn unit(code: Value, name: &str) -> Value {
    json!({ "schoolUnitCode": code, "name": name, "status": "AKTIV" })
}

#[tokio::test]
async fn lists_that_are_none_are_refused_by_name() {
    const CALL: &str = "prov: GET BASE/v2/school-units";
    assert!(fault("<html></html>".into()).await.contains("BASE/v2/school-units"));
    let text = fault(list(&[])[..30].to_owned()).await;
    assert_eq!(text, format!("{CALL} failed twice; the last time: the body is cut off"));
    let text = fault(list(&[unit(json!("10000001"), "A"), unit(json!(10_000_002), "B")])).await;
    assert_eq!(text, format!("{CALL}: row 1: schoolUnitCode is 10000002"));
    let text = fault(list(&[unit(json!("1000000"), "A")])).await;
    assert_eq!(text, format!("{CALL}: row 0: schoolUnitCode \"1000000\" is not 8 digits"));
    let text = fault(list(&[unit(json!("10000001"), "A"), unit(json!("10000001"), "B")])).await;
    assert_eq!(text, format!("{CALL}: row 1: 10000001 came before, with other facts"));
    let text = fault(list(&[json!({ "schoolUnitCode": "10000001", "status": "AKTIV" })])).await;
    assert_eq!(text, "prov: BASE/v2/school-units: none of 1 rows has a field \"name\"");
    let text = fault(json!({ "data": { "attributes": {} } }).to_string()).await;
    assert!(text.starts_with(&format!("{CALL}: invalid type: map, expected a sequence")), "{text}");
}
