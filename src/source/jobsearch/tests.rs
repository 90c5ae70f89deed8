//! Counts from the stand-in, and from servers that answer what they should not.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Value, json};

use super::assumptions::ASSUMPTIONS;
use super::browse;
use super::known::known;
use crate::config::{FetchKind, JobsearchFetch, PlaceLevel, SourceKind};
use crate::sandbox::Options;
use crate::source::SourceError;
use crate::source::hostile::server;
use crate::source::testing::{Kept, Post, disagreements, sandbox};

fn fetch(level: PlaceLevel, places: Option<&[&str]>, groups: Option<&[&str]>) -> FetchKind {
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    FetchKind::Jobsearch(JobsearchFetch { level, places: places.map(texts), groups: groups.map(texts) })
}

fn sum(kept: &Kept, fits: impl Fn(&BTreeMap<String, String>) -> bool) -> u64 {
    kept.rows().filter(fits).filter_map(|row| row["antal"].parse::<u64>().ok()).sum()
}

#[tokio::test]
async fn every_group_in_every_lan() {
    let sandbox = sandbox(Options { calls: 0, ..Options::default() }).await;
    let post = Post::to(&format!("http://{}/jobsearch", sandbox.addr), SourceKind::Jobsearch);
    let (plan, harvest, kept) = post.run(fetch(PlaceLevel::Lan, None, None)).await.unwrap();
    // The whole; 14 for the nation, 14 for what has no place, 14 for each län.
    assert_eq!((plan.calls, plan.cells, plan.lower_bound), (323, 400 * 23, 308));
    assert_eq!((harvest.rows, post.calls()), (400 * 23, 323));
    assert!(!plan.stamp_proves && plan.stamp.is_none());
    let keys: HashSet<[String; 3]> =
        kept.rows().map(|row| ["niva", "kod", "ssyk"].map(|column| row[column].clone())).collect();
    assert_eq!(keys.len(), 400 * 23);

    let of = |niva: &'static str| sum(&kept, move |row| row["niva"] == niva);
    assert_eq!(of("lan") + of("utan_ort"), of("riket"), "groups that are counted are counted everywhere");
    assert!(of("riket") > 35_000 && of("utan_ort") > 400, "{} {}", of("riket"), of("utan_ort"));
    // The group whose concept has two old ids is one row; what it comes to is what its calls say.
    let two = &known().unwrap().groups[8];
    let calls = sandbox.calls();
    assert!(calls.iter().all(|call| call.path.contains("limit=0") && call.path.contains("stats.limit=30")));
    assert_eq!(kept.row(&[("niva", "lan"), ("kod", "25"), ("yrkesgrupp_id", &two.id)])["antal_status"], "observed");
    // Concepts without an old id: never 0 where their advertisements may be.
    let lost = &known().unwrap().groups[13];
    let row = kept.row(&[("niva", "riket"), ("yrkesgrupp_id", &lost.id)]);
    assert_eq!(
        ["antal", "antal_status", "antal_symbol"].map(|column| row[column].as_str()),
        ["", "missing", "bortfall"]
    );
    assert!(kept.rows().any(|row| row["antal"] == "0" && row["antal_status"] == "observed"));
    assert!(harvest.notes[0].contains("advertisements are open"), "{:?}", harvest.notes);
    assert!(
        harvest
            .notes
            .iter()
            .any(|note| note.contains("no old id; where a count could be theirs it is missing, not 0: riket "))
    );
    assert!(post.years_later_gives(fetch(PlaceLevel::Lan, None, None), &kept).await);
}

#[tokio::test]
async fn a_few_groups_in_every_kommun_are_counted_by_place() {
    let sandbox = sandbox(Options { calls: 0, ..Options::default() }).await;
    let base = format!("http://{}/jobsearch", sandbox.addr);
    let post = Post::to(&base, SourceKind::Jobsearch);
    let groups = ["5321", "KiVA_anS_RJh"];
    let (plan, harvest, kept) = post.run(fetch(PlaceLevel::Kommun, None, Some(&groups))).await.unwrap();
    assert_eq!((plan.calls, harvest.rows), (1 + 2 + 20, 2 * 292));
    assert_eq!(
        sum(&kept, |row| row["niva"] == "kommun") + sum(&kept, |row| row["niva"] == "utan_ort"),
        sum(&kept, |row| row["niva"] == "riket")
    );
    // The same by group, of one county's kommuner.
    let post = Post::to(&base, SourceKind::Jobsearch);
    let (plan, _, some) = post.run(fetch(PlaceLevel::Kommun, Some(&["25"]), None)).await.unwrap();
    assert_eq!(plan.calls, 1 + 28 + 14 * 14);
    let cell = [("niva", "kommun"), ("kod", "2580"), ("ssyk", "5321")];
    assert_eq!(kept.row(&cell)["antal"], some.row(&cell)["antal"]);
    // A whole field, and a group that is named twice.
    let post = Post::to(&base, SourceKind::Jobsearch);
    let field = ["NYW6_mP6_vwf", "2221"];
    let (plan, harvest, _) = post.run(fetch(PlaceLevel::Lan, Some(&["01", "25"]), Some(&field))).await.unwrap();
    assert_eq!((plan.calls, harvest.rows), (1 + 4 * 2, 42 * 4));
}

/// One cell's count is the total, whatever the statistic says.
#[tokio::test]
async fn a_group_without_an_old_id_alone_is_counted_by_its_total() {
    let sandbox = sandbox(Options { calls: 0, ..Options::default() }).await;
    let post = Post::to(&format!("http://{}/jobsearch", sandbox.addr), SourceKind::Jobsearch);
    let lost = known().unwrap().groups[13].ssyk.as_str();
    let (_, harvest, kept) = post.run(fetch(PlaceLevel::Lan, Some(&["01"]), Some(&[lost]))).await.unwrap();
    assert_eq!(harvest.rows, 3);
    assert!(kept.rows().all(|row| row["antal_status"] == "observed"), "{:?}", kept.rows().collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_not_known_is_told_before_a_call() {
    let post = Post::to("http://127.0.0.1:1", SourceKind::Jobsearch);
    for (level, places, groups, message, hint) in [
        (PlaceLevel::Lan, None, Some(["5322"]), "dimension \"groups\" has no code \"5322\"", "did you mean \"5321\"?"),
        (
            PlaceLevel::Lan,
            None,
            Some(["XXXX_XXX_XXX"]),
            "dimension \"groups\" has no code \"XXXX_XXX_XXX\"",
            "the source",
        ),
        (PlaceLevel::Kommun, Some(["0181x"]), None, "dimension \"places\" has no code \"0181x\"", "did you mean"),
        (PlaceLevel::Lan, Some(["02"]), None, "dimension \"places\" has no code \"02\"", "did you mean"),
    ] {
        let groups = groups.as_ref().map(<[&str; 1]>::as_slice);
        let places = places.as_ref().map(<[&str; 1]>::as_slice);
        let error = post.plan(fetch(level, places, groups)).await.map(drop).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert!(error.hint().unwrap().starts_with(hint), "{:?}", error.hint());
    }
}

/// A server whose counts a test decides by the path: a total and the values.
async fn counting(answer: fn(&str) -> (u64, Vec<Value>)) -> Post {
    let base = server(move |path, _| {
        let (total, values) = answer(path);
        let stats = |kind: &str| json!({"type": kind, "values": values});
        let kinds = ["region", "occupation-field", "occupation-group", "municipality"];
        let wanted = kinds.into_iter().filter(|kind| path.contains(&format!("stats={kind}&"))).map(stats);
        (200, json!({"total": {"value": total}, "positions": 0, "stats": wanted.collect::<Vec<_>>()}).to_string())
    })
    .await;
    Post::to(&base, SourceKind::Jobsearch)
}

fn value(id: &str, count: u64) -> Value {
    json!({"term": id, "concept_id": id, "code": id, "count": count})
}

fn one_lan() -> FetchKind {
    fetch(PlaceLevel::Lan, Some(&["25"]), Some(&["0110", "0210", "0310"]))
}

#[tokio::test]
async fn an_answer_that_may_be_cut_is_asked_again_in_parts() {
    // 30 values and a total that is more: where more than two groups are asked for, something may be missing.
    let post = counting(|path| {
        let asked = path.matches("occupation-group=").count();
        let mut values = vec![value("KiVA_anS_RJh", 2), value("dhgR_9jk_95r", 3)];
        if asked == 3 {
            values.extend((0..28).map(|number| value(&format!("other{number}"), 1)));
            return (40, values);
        }
        (if asked == 0 { 100 } else { 5 }, values)
    })
    .await;
    let (plan, harvest, kept) = post.run(one_lan()).await.unwrap();
    assert_eq!(plan.calls, 4);
    assert_eq!(post.calls(), 1 + 3 * 3, "each of three calls, and its halves");
    assert_eq!(harvest.rows, 9);
    let row = kept.row(&[("niva", "lan"), ("ssyk", "0310")]);
    assert_eq!(row["antal"], "5", "alone, it is the total");
    assert_eq!(kept.row(&[("niva", "lan"), ("ssyk", "0110")])["antal"], "2");
}

#[tokio::test]
async fn a_false_zero_is_an_error_and_a_true_one_is_zero() {
    // Asked by its id, the region has nothing; in the whole it has.
    let post = counting(|path| match path {
        path if path.contains("stats=region") => (50, vec![value("9hXe_F4g_eTG", 50)]),
        path if path.contains("region=") => (0, Vec::new()),
        _ => (0, Vec::new()),
    })
    .await;
    let error = post.run(fetch(PlaceLevel::Lan, Some(&["25"]), None)).await.map(drop).unwrap_err();
    assert!(
        error.to_string().ends_with(
            "it counts 50 advertisements in region \"Norrbottens län\" (9hXe_F4g_eTG), and none when asked by that id: \
             the id is not the source's any more"
        ),
        "{error}"
    );
    let (_, harvest, kept) = post.again().run(one_lan()).await.unwrap();
    assert_eq!(harvest.rows, 9);
    assert!(kept.rows().all(|row| row["antal"] == "0" && row["antal_status"] == "observed"));
}

#[tokio::test]
async fn one_concept_in_two_values_is_added_up_and_others_are_told_of() {
    let post = counting(|path| {
        let values =
            vec![value("KiVA_anS_RJh", 2), value("KiVA_anS_RJh", 3), value("elsewhere", 1), json!({"count": 1})];
        (if path.contains("occupation-group=") { 9 } else { 100 }, values)
    })
    .await;
    let (_, harvest, kept) = post.run(one_lan()).await.unwrap();
    assert_eq!(kept.row(&[("niva", "lan"), ("ssyk", "0110")])["antal"], "5");
    // 9 in the total, 7 in values: the others' zeros are not certain.
    assert_eq!(kept.row(&[("niva", "lan"), ("ssyk", "0210")])["antal_status"], "missing");
    let notes = harvest.notes.join("\n");
    for told in [
        "6 advertisements are in a total and in no group or place",
        "riket 2 of 9; utan ort 2 of 9; Norrbottens län 2 of 9",
        "3 advertisements are counted under no concept id",
        "counted under concepts that were not asked for, and left out: elsewhere (elsewhere) 3",
    ] {
        assert!(notes.contains(told), "{told}\n{notes}");
    }
}

#[tokio::test]
async fn what_is_no_count_is_refused() {
    for (body, expected) in [
        ("<html>", "instead of JSON; it begins \"<html>\""),
        (
            "{\"total\":{\"value\":4",
            "the body is cut off or broken at byte 19: EOF while parsing an object at line 1 column 19",
        ),
        ("{\"total\":{\"value\":-1}}", "invalid value: integer `-1`, expected u64 at line 1 column 20"),
        ("{\"total\":{\"value\":4}}", "it tells of 4 advertisements and not how they are spread by region"),
        ("{\"total\":{\"value\":0}}", "it tells of no advertisement at all"),
        ("{\"stats\":[]}", "missing field `total` at line 1 column 12"),
    ] {
        let base = server(move |_, _| (200, body.to_owned())).await;
        let error = Post::to(&base, SourceKind::Jobsearch).run(one_lan()).await.map(drop).unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("prov: ") && text.contains("/search?limit=0&stats=region") && text.ends_with(expected),
            "{text}"
        );
    }
    let refused = server(|_, _| {
        (
            400,
            r#"{"errors":{"stats.limit":"Invalid argument: 31"},"message":"Input payload validation failed"}"#
                .to_owned(),
        )
    })
    .await;
    let error = Post::to(&refused, SourceKind::Jobsearch).run(one_lan()).await.map(drop).unwrap_err();
    assert!(error.to_string().ends_with("was answered 400 Bad Request: Input payload validation failed"), "{error}");
    assert!(matches!(error, SourceError::Fetch(_)));
}

/// The ids of the project's lists are those that advertisements of 2024 were counted by.
#[test]
fn the_known_ids_are_the_recorded_ones() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../shared/real/arbetsformedlingen/ads2024_ssyk4concept_x_country_region_municipality.json"
    );
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: no recorded answers at {path}");
        return;
    };
    let file: BTreeMap<String, BTreeMap<String, u64>> = serde_json::from_str(&text).unwrap();
    let known = known().unwrap();
    let groups: HashSet<&str> = known.groups.iter().map(|group| group.id.as_str()).collect();
    let places: HashSet<&str> = known.places.iter().map(|place| place.id.as_str()).collect();
    assert_eq!((groups.len(), places.len(), file.len()), (400, 311, 400));
    for (group, counts) in &file {
        assert!(groups.contains(group.as_str()), "{group}");
        for place in counts.keys().filter(|place| **place != known.nation) {
            assert!(places.contains(place.as_str()), "{place}");
        }
    }
}

#[tokio::test]
async fn assumptions_hold_of_the_stand_in_and_groups_are_found() {
    let sandbox = sandbox(Options { calls: 0, ..Options::default() }).await;
    let base = format!("http://{}/jobsearch", sandbox.addr);
    assert_eq!(disagreements(&base, ASSUMPTIONS, &[], "").await, Vec::<String>::new());
    let post = Post::to(&base, SourceKind::Jobsearch);
    let found = browse::search(&post.courier, "undersköterskor").await.unwrap();
    assert!(found.iter().any(|entry| entry.id == "5321"), "{found:?}");
    let described = browse::describe(&post.courier, "5321").await.unwrap();
    assert!(described.notes[0].ends_with(" advertisements are open in Sweden now"));
    let error = browse::describe(&post.courier, "5322").await.unwrap_err();
    assert_eq!(error.to_string(), "prov knows no occupation group \"5322\"");
    assert_eq!(error.hint().unwrap(), "did you mean \"5321\"?");
}
