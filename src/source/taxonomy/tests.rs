//! The taxonomy's files as they were recorded, as the stand-in gives them, and as they should never be.

use std::collections::BTreeMap;

use super::assumptions::ASSUMPTIONS;
use super::{browse, flatten};
use crate::config::{FetchKind, SourceKind, TaxonomyFetch, TaxonomyVersion, VERSIONS_URL};
use crate::sandbox::{Fault, FaultKind, Options};
use crate::source::fuzzing::answer;
use crate::source::testing::{Kept, Post, disagreements, sandbox};

fn fetch(version: TaxonomyVersion, query: &str, address: &str) -> FetchKind {
    let versions_url = if address.is_empty() { VERSIONS_URL.to_owned() } else { format!("{address}/main/versions") };
    FetchKind::Taxonomy(TaxonomyFetch { version, query: query.to_owned(), versions_url })
}

fn flat(body: &str) -> Result<(Kept, Vec<String>), String> {
    let flat = flatten::flatten(&answer(body.as_bytes()), 31, "prov").map_err(|error| error.to_string())?;
    Ok((Kept(flat.batches), flat.notes))
}

fn lines(kept: &Kept, columns: &[&str]) -> Vec<String> {
    kept.rows().map(|row| columns.iter().map(|column| row[*column].as_str()).collect::<Vec<_>>().join("|")).collect()
}

#[test]
fn concepts_within_concepts_are_rows() {
    let (kept, notes) = flat(
        r#"{"data":{"concepts":[
            {"id":"F","type":"occupation-field","preferred_label":"Fält","extra":[],"narrower":[
                {"id":"G","type":"ssyk-level-4","preferred_label":"Grupp","ssyk_code_2012":"0110","related":[{"id":"S","type":"skill"}]},
                {"id":"G","type":"ssyk-level-4","preferred_label":"Grupp","ssyk_code_2012":"0110"}]},
            {"id":"R","type":"region","preferred_label":"Norrbottens län","national_nuts_level_3_code_2019":"25",
             "nuts_level_3_code_2021":"SE332","alternative_labels":["Norrbotten"]},
            {"id":"O","type":"occupation-name","preferred_label":"Gammal","deprecated":true,
             "replaced_by":[{"id":"N1","type":"occupation-name","preferred_label":"Ny"},{"id":"N2"}]}]}}"#,
    )
    .unwrap();
    let columns = [
        "id",
        "typ",
        "namn",
        "kodfalt",
        "kod",
        "relation",
        "overordnad_id",
        "overordnad_typ",
        "niva",
        "utgatt",
        "egenskaper",
    ];
    assert_eq!(
        lines(&kept, &columns),
        [
            "F|occupation-field|Fält||||||0||",
            "G|ssyk-level-4|Grupp|ssyk_code_2012|0110|narrower|F|occupation-field|1||",
            "S|skill||||related|G|ssyk-level-4|2||",
            r#"R|region|Norrbottens län|national_nuts_level_3_code_2019|25||||0||{"nuts_level_3_code_2021":"SE332","alternative_labels":["Norrbotten"]}"#,
            "O|occupation-name|Gammal||||||0|true|",
            "N1|occupation-name|Ny|||replaced_by|O|occupation-name|1||",
            "N2|||||replaced_by|O|occupation-name|1||",
        ]
    );
    assert_eq!(
        notes,
        [
            "version 31 of the taxonomy",
            "2 rows tell what replaces a concept",
            "1 concepts are repeated in the same place and taken once"
        ]
    );
}

#[test]
fn what_is_no_answer_is_refused() {
    let fault = |body: &str| {
        let error = flat(body).map(drop).unwrap_err();
        error.strip_prefix("prov: GET https://api.example.org/: ").unwrap().to_owned()
    };
    let deep = format!(r#"{{"data":{{"concepts":[{}{}]}}}}"#, r#"{"id":"a","narrower":["#.repeat(30), "]}".repeat(30));
    for (body, expected) in [
        ("<html>", "the body is not JSON: it begins with \"<html>\""),
        (
            r#"{"data":{"concepts":[{"id":"a"}"#,
            "the body is cut off or broken at byte 31: EOF while parsing a list at line 1 column 31",
        ),
        (r#"{"data":{"concepts":[]}}"#, "the list of concepts is empty"),
        (r#"{"data":{}}"#, "missing field `concepts` at line 1 column 10"),
        ("{}", "missing field `data` at line 1 column 2"),
        (
            r#"{"data":{"concepts":[{"id":"a"}],"other":[]}}"#,
            "`data` holds \"concepts\" and \"other\", where one list was expected at line 1 column 40",
        ),
        (
            r#"{"errors":[{"message":"no such version"}],"data":null}"#,
            r#"the answer tells of errors: [{"message":"no such version"}]"#,
        ),
        (r#"{"data":{"concepts":[{"type":"a"}]}}"#, r#"concept 0 ({"type":"a"}) has no id"#),
        (r#"{"data":{"concepts":[{"id":7}]}}"#, "row 0: column \"id\" is \"7\", not a text"),
        (
            r#"{"data":{"concepts":[{"id":"a","deprecated":"ja"}]}}"#,
            "row 0: column \"deprecated\" is \"\\\"ja\\\"\", neither true nor false",
        ),
        (
            r#"{"data":{"concepts":[{"id":"a","narrower":[{"id":"b"},{"typ":"c"}]}]}}"#,
            "concept \"a\": 1 of what stands under \"narrower\" have no id",
        ),
        (
            r#"{"data":{"concepts":[{"id":"a","preferred_label":"x"},{"id":"a","preferred_label":"y"}]}}"#,
            "concept \"a\" stands twice and is called both \"x\" and \"y\"",
        ),
        (&deep, "concept 0 has more than 24 concepts within each other"),
    ] {
        assert_eq!(fault(body), expected);
    }
}

#[test]
fn recorded_exports_are_read_whole() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/real/arbetsformedlingen");
    for (query, rows, code) in [
        ("concept-types", 53, None),
        ("sni-hierarchy", 21 + 88 + 272 + 615 + 821, Some(("sni_level_code_2007", 1817))),
        ("ssyk-level-4-groups", 400, Some(("ssyk_code_2012", 400))),
        ("sun-field-hierarchy", 10 + 26 + 118 + 377, Some(("sun_education_field_code_2020", 531))),
        ("sun-level-hierarchy", 7 + 14 + 50, Some(("sun_education_level_code_2020", 71))),
        ("the-ssyk-hierarchy-with-occupations", 10 + 46 + 147 + 400 + 2412, Some(("ssyk_code_2012", 603))),
    ] {
        let Ok(body) = std::fs::read(format!("{folder}/taxonomy_{query}.json")) else {
            println!("skipped: no recorded answers at {folder}");
            return;
        };
        let flat = flatten::flatten(&answer(&body), 28, query).unwrap();
        assert_eq!(flat.rows, rows, "{query}");
        assert_eq!(flat.notes.len(), 1, "{query}: {:?}", flat.notes);
        let kept = Kept(flat.batches);
        if let Some((field, count)) = code {
            assert_eq!(kept.rows().filter(|row| row["kodfalt"] == field && !row["kod"].is_empty()).count(), count);
        }
        let kinds: BTreeMap<String, usize> = kept.rows().fold(BTreeMap::new(), |mut kinds, row| {
            *kinds.entry(row["typ"].clone()).or_default() += 1;
            kinds
        });
        assert_eq!(kinds.values().sum::<usize>() as u64, rows);
        if query.starts_with("the-ssyk") {
            assert_eq!((kinds["ssyk-level-4"], kinds["occupation-name"]), (400, 2412));
            let officers = kept.rows().find(|row| row["kod"] == "0110").unwrap();
            assert_eq!((officers["id"].as_str(), officers["relation"].as_str()), ("KiVA_anS_RJh", "narrower"));
            let parents = kept.rows().filter(|row| row["typ"] == "occupation-name");
            assert!(parents.into_iter().all(|row| row["overordnad_typ"] == "ssyk-level-4"));
        }
    }
}

#[tokio::test]
async fn latest_is_a_version_and_a_version_does_not_change() {
    let sandbox = sandbox(Options { calls: 0, ..Options::default() }).await;
    let base = format!("http://{}/taxonomy", sandbox.addr);
    let post = Post::to(&base, SourceKind::Taxonomy);
    let query = "ssyk-level-4-groups";
    let (plan, harvest, kept) = post.run(fetch(TaxonomyVersion::Latest, query, &base)).await.unwrap();
    assert_eq!(plan.stamp.as_deref(), Some("taxonomy version 31 ssyk-level-4-groups"));
    assert!(plan.stamp_proves && harvest.stamp == plan.stamp);
    assert_eq!((harvest.rows, post.calls()), (400, 2));
    assert!(kept.rows().all(|row| row["version"] == "31"));
    let pinned = fetch(TaxonomyVersion::Number(31), query, "");
    let post = post.again();
    assert_eq!(post.run(pinned).await.unwrap().2.0, kept.0);
    assert_eq!(post.calls(), 0, "what the run before was answered");

    sandbox.order(Fault::new("taxonomy", FaultKind::Revise));
    let post = post.again();
    let (plan, _, newer) = post.run(fetch(TaxonomyVersion::Latest, query, &base)).await.unwrap();
    assert_eq!(plan.stamp.as_deref(), Some("taxonomy version 32 ssyk-level-4-groups"));
    assert_eq!(newer.row(&[("kod", "0110")])["namn"], "Officerare (ny)");
    assert_eq!(kept.row(&[("kod", "0110")])["namn"], "Officerare");
}

#[tokio::test]
async fn what_replaces_a_concept_can_be_several() {
    let sandbox = sandbox(Options { calls: 0, ..Options::default() }).await;
    let base = format!("http://{}/taxonomy", sandbox.addr);
    let post = Post::to(&base, SourceKind::Taxonomy);
    let query = "concepts-and-common-relations";
    let mut targets = Vec::new();
    for version in [1, 31] {
        let (_, _, kept) = post.run(fetch(TaxonomyVersion::Number(version), query, "")).await.unwrap();
        let gone = kept.rows().find(|row| row["utgatt"] == "true").unwrap()["id"].clone();
        let replaced =
            |row: &BTreeMap<String, String>| row["relation"] == "replaced_by" && row["overordnad_id"] == gone;
        targets.push(kept.rows().filter(replaced).count());
    }
    assert_eq!(targets, [1, 2]);
    let error = post.run(fetch(TaxonomyVersion::Number(99), query, "")).await.map(drop).unwrap_err();
    assert!(error.to_string().contains("/version/99/query/") && error.to_string().contains("404"), "{error}");
}

#[tokio::test]
async fn assumptions_hold_of_the_stand_in_and_queries_are_found() {
    let sandbox = sandbox(Options { calls: 0, ..Options::default() }).await;
    let base = format!("http://{}/taxonomy", sandbox.addr);
    let found = disagreements(&base, ASSUMPTIONS, &[], &format!("{base}/main/versions")).await;
    // The stand-in has only the groups that Arbetsförmedlingen's own list has.
    assert_eq!(found, Vec::<String>::new());
    let post = Post::of_stand_in(&base, SourceKind::Taxonomy);
    let list = browse::search(&post.courier, "ssyk").await.unwrap();
    assert_eq!(list[0].periods, Some(("1".to_owned(), "31".to_owned())));
    let hierarchy = browse::describe(&post.courier, "the-ssyk-hierarchy-with-occupations").await.unwrap();
    assert_eq!(hierarchy.periods, ["1", "27", "31"]);
    assert_eq!(hierarchy.proposal.unwrap().fetch, "version = 31\nquery = \"the-ssyk-hierarchy-with-occupations\"");
    let error = browse::describe(&post.courier, "the-ssyk-hierarchy").await.unwrap_err();
    assert_eq!(error.to_string(), "prov knows no query \"the-ssyk-hierarchy\"");
}
