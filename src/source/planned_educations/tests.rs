//! Against the stand-in, recorded answers, and servers that misbehave.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::assumptions::ASSUMPTIONS;
use crate::config::{FetchKind, PlannedEducationsFetch, PlannedWhat, SourceKind};
use crate::contract::Status;
use crate::reference::Reference;
use crate::sandbox::{Fault, FaultKind, Options, Sandbox, start};
use crate::source::assumption::{Ask, Finding, Observed};
use crate::source::hostile::server;
use crate::source::testing::{Kept, Post};
use crate::source::{Harvest, Plan, SourceError};

const SYMBOLS: &[(&str, Status)] = &[
    ("", Status::Missing),
    (".", Status::Missing),
    ("..", Status::Suppressed),
    ("null", Status::Missing),
    ("cirka", Status::Unreliable),
    ("~", Status::Unreliable),
    ("EXISTS", Status::Observed),
    ("MISSING", Status::Missing),
    ("OMITTED_DUE_TO_BASED_ON_FEW_PUPILS", Status::Suppressed),
    ("ROUNDED_OFF_DUE_TO_FEW_PUPILS_NOT_ELIGIBLE", Status::Unreliable),
];

async fn sandbox() -> (Sandbox, Post) {
    sandbox_of(|_| true).await
}

/// The counties that are kept.
async fn sandbox_of(county: fn(&str) -> bool) -> (Sandbox, Post) {
    let mut reference = Reference::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("reference")).unwrap();
    reference.kommuner.retain(|_, kommun| county(&kommun.lan));
    let sandbox = start(([127, 0, 0, 1], 0).into(), reference, Options::default()).await.unwrap();
    let post = Post::to(&format!("http://{}/planned-educations", sandbox.addr), SourceKind::PlannedEducations);
    (sandbox, post.knowing(SYMBOLS))
}

fn fetch(what: PlannedWhat) -> PlannedEducationsFetch {
    PlannedEducationsFetch {
        what,
        areas: Vec::new(),
        types: Vec::new(),
        directions: Vec::new(),
        school_units: Vec::new(),
        school_type: None,
    }
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

fn events(areas: &[&str], types: &[&str], directions: &[&str]) -> FetchKind {
    FetchKind::PlannedEducations(PlannedEducationsFetch {
        areas: texts(areas),
        types: texts(types),
        directions: texts(directions),
        ..fetch(PlannedWhat::AdultEducationEvents)
    })
}

async fn run(post: &Post, kind: FetchKind) -> (Plan, Harvest, Kept) {
    post.run(kind).await.unwrap()
}

fn ids(kept: &Kept) -> BTreeSet<String> {
    kept.rows().map(|row| row["tillfalle_id"].clone()).collect()
}

/// What the source counts for a call.
fn counted(plan: &Plan) -> usize {
    let note = plan.notes.iter().find_map(|note| note.strip_prefix("the source counts ")?.strip_suffix(" events"));
    note.unwrap().parse().unwrap()
}

fn data_calls(sandbox: &Sandbox) -> u64 {
    sandbox.calls().iter().filter(|call| call.path.contains("adult-education-events?")).count() as u64
}

/// Planned and made, which must be near each other, and never fewer than the bound.
async fn planned_as_made(county: fn(&str) -> bool, areas: &[&str], types: &[&str]) {
    let (sandbox, post) = sandbox_of(county).await;
    let (plan, ..) = run(&post, events(areas, types, &[])).await;
    let made = data_calls(&sandbox);
    println!("planned {}, at least {}, made {made}", plan.calls, plan.lower_bound);
    assert!(plan.lower_bound <= made, "{} are certain, {made} were made", plan.lower_bound);
    let off = plan.calls as f64 / made as f64 - 1.0;
    assert!(off.abs() < 0.2, "{} planned, {made} made: {off:+.2}", plan.calls);
}

#[tokio::test]
async fn as_many_calls_are_planned_as_are_made() {
    planned_as_made(|county| county == "12", &["12"], &[]).await;
    planned_as_made(|county| ["13", "14"].contains(&county), &["13", "14"], &["vuxgy"]).await;
    // Small ones are certain.
    let (sandbox, post) = sandbox_of(|county| county == "03").await;
    let (plan, ..) = run(&post, events(&["0305", "0319"], &["yhprogram"], &[])).await;
    assert_eq!((plan.calls, plan.lower_bound, plan.estimated), (2, 2, false), "{:?}", plan.notes);
    assert_eq!(data_calls(&sandbox), 2);
}

#[tokio::test]
async fn a_large_municipality_is_cut_until_its_parts_make_it_up() {
    let (sandbox, post) = sandbox().await;
    let (plan, harvest, kept) = run(&post, events(&["1480"], &[], &[])).await;
    assert_eq!((counted(&plan), kept.rows().count(), ids(&kept).len()), (420, 420, 420));
    assert_eq!(plan.lower_bound, 1 + 5, "the page that counts them, and as many as hold them");
    assert!(plan.estimated && plan.notes.iter().any(|note| note.contains("calls are an estimate")), "{:?}", plan.notes);
    let data = data_calls(&sandbox);
    assert!((6..60).contains(&data), "{data} calls for 420 events");
    assert!(sandbox.calls().iter().all(|call| call.status == 200 && !call.path.contains("page=1")));
    // Some have two directions and came twice; some have none and were sought.
    assert!(harvest.notes.iter().any(|note| note.contains("events came more than once")), "{:?}", harvest.notes);
    assert!(harvest.notes.iter().any(|note| note.contains("CDATA")), "{:?}", harvest.notes);

    let dirty = kept.rows().find(|row| !row["titel_original"].is_empty()).unwrap();
    assert_eq!(dirty["titel_original"], format!("<![CDATA[{}]]>", dirty["titel"]));
    assert!(kept.rows().all(|row| row["lan"] == "14" && row["kommun_kod"] == "1480" && row["skolform_kod"].is_empty()));
    let open = kept.rows().find(|row| row["sista_ansokan_original"].starts_with("2099")).unwrap();
    assert_eq!(open["sista_ansokan"], "");
    let late = kept.rows().find(|row| row["sista_ansokan_original"].ends_with("+02:00")).unwrap();
    assert_eq!(late["sista_ansokan"], "2026-10-15");
    let flexible = kept.rows().find(|row| row["studietakt"].is_empty()).unwrap();
    assert_eq!((flexible["studietakt_status"].as_str(), flexible["studietakt_symbol"].as_str()), ("missing", "null"));
    assert!(plan.codes.iter().any(|row| row.kolumn == "inriktning_id" && row.kod == "4" && row.text == "Arkitektur"));
}

#[tokio::test]
async fn all_of_sweden_with_events_that_lie_nowhere() {
    let (sandbox, post) = sandbox_of(|county| ["03", "04", "12"].contains(&county)).await;
    let (plan, harvest, kept) = run(&post, events(&[], &[], &[])).await;
    let total = counted(&plan);
    assert_eq!((kept.rows().count(), ids(&kept).len()), (total, total));
    assert_eq!(kept.rows().filter(|row| row["kommun_kod"].is_empty()).count(), 4);
    let calls = sandbox.calls().len() as u64;
    println!("{total} events in {calls} calls; planned {} and at least {}", plan.calls, plan.lower_bound);
    assert!(calls < 6 * plan.lower_bound + 150, "{calls} calls, {} at least", plan.lower_bound);
    assert!(harvest.notes.iter().any(|note| note.contains("asked for again")), "{:?}", harvest.notes);
    drop(sandbox);

    // What the archive holds makes the same table again, with no source at all.
    let courier = post.years_later();
    let fetch = crate::config::Fetch {
        name: "f".into(),
        source: None,
        kind: events(&[], &[], &[]),
        history: crate::config::History::Keep,
        drift: crate::config::DriftPolicy::default(),
    };
    let plan = crate::source::plan(&courier, &fetch, crate::source::testing::TODAY).await.unwrap();
    let mut again = Kept::default();
    crate::source::harvest(&courier, &fetch, &plan, &mut again, &mut |_| ()).await.unwrap();
    assert!(again.0 == kept.0);
}

#[tokio::test]
async fn what_was_accepted_is_not_asked_for_again() {
    let (_sandbox, post) = sandbox().await;
    let kind = || events(&["0180"], &[], &[]);
    let (_, _, first) = run(&post, kind()).await;
    let before = post.calls();
    let post = post.again();
    let (_, _, second) = run(&post, kind()).await;
    assert!(first.0 == second.0);
    // Only whether the count of the whole has moved, as some of its events have no direction.
    assert!(before > 20 && post.calls() <= 2, "{before} calls, then {}", post.calls());
}

#[tokio::test]
async fn a_row_per_direction_where_directions_are_asked_for() {
    let (_sandbox, post) = sandbox().await;
    let (_, _, kept) = run(&post, events(&["1280"], &[], &["*"])).await;
    assert!(kept.rows().all(|row| !row["inriktning_id"].is_empty()));
    assert!(kept.rows().count() > ids(&kept).len(), "events of two directions have two rows");
    let (_, _, one) = run(&post, events(&["1280"], &[], &["4"])).await;
    assert_eq!(one.rows().count(), kept.rows().filter(|row| row["inriktning_id"] == "4").count());
}

#[tokio::test]
async fn types_are_known_by_both_their_names() {
    let (sandbox, post) = sandbox().await;
    let (_, _, new) = run(&post, events(&["03"], &["fhs"], &[])).await;
    let (_, _, old) = run(&post, events(&["03"], &["fhsk"], &[])).await;
    assert!(new.rows().count() > 10 && new.rows().eq(old.rows()));
    assert!(new.rows().all(|row| row["skolform_kod"] == "fhs" && row["lan"] == "03"));
    assert!(sandbox.calls().iter().any(|call| call.path.contains("typeOfSchool=fhsk")), "as the source lists it");

    let fault = async |kind| post.plan(kind).await.map(drop).unwrap_err();
    let error = fault(events(&["03"], &["vuxgyy"], &[])).await;
    assert!(
        error.to_string().ends_with("/v4/support/adultTypeOfSchooling knows no type of school \"vuxgyy\""),
        "{error}"
    );
    assert_eq!(error.hint().unwrap(), "did you mean \"vuxgy\"?");
    let error = fault(events(&["0181x"], &[], &[])).await;
    assert!(error.to_string().contains("knows no area \"0181x\""), "{error}");
    let error = fault(events(&[], &[], &["Bageri"])).await;
    assert_eq!(error.hint().unwrap(), "did you mean \"39\"?");
}

#[tokio::test]
async fn a_count_that_moves_while_it_is_read_is_read_again() {
    let (sandbox, post) = sandbox().await;
    // The plan asks four times; the event is added when some parts are read.
    sandbox.order(Fault { after: 8, ..Fault::new("adult-education-events", FaultKind::Revise) });
    let (plan, harvest, kept) = run(&post, events(&["1480"], &[], &[])).await;
    assert_eq!((counted(&plan), kept.rows().count()), (420, 421));
    assert!(harvest.notes.iter().any(|note| note.contains("asked for again")), "{:?}", harvest.notes);
}

#[tokio::test]
async fn code_lists_and_figures_are_tables() {
    let (sandbox, post) = sandbox().await;
    let (_, harvest, kept) = run(&post, FetchKind::PlannedEducations(fetch(PlannedWhat::Areas))).await;
    assert_eq!(harvest.rows, 24);
    assert_eq!(kept.row(&[("inriktning_id", "39")])["omrade"], "Hantverk");
    let (_, _, kept) = run(&post, FetchKind::PlannedEducations(fetch(PlannedWhat::GeographicalAreas))).await;
    assert_eq!(kept.row(&[("kod", "1489-Alingsås")])["kommun_kod"], "1489");
    assert_eq!(kept.rows().filter(|row| row["typ"] == "MUNICIPALITY").count(), 290);
    let (_, _, kept) = run(&post, FetchKind::PlannedEducations(fetch(PlannedWhat::SchoolTypes))).await;
    assert_eq!(kept.row(&[("kod", "vuxgy"), ("lista", "vuxenutbildning")])["aldre_kod"], "komvuxgycourses");
    assert_eq!(kept.rows().filter(|row| row["lista"] == "skolform").count(), 2);

    let statistics = PlannedEducationsFetch {
        school_units: texts(&["10000000"]),
        school_type: Some("gy".into()),
        ..fetch(PlannedWhat::Statistics)
    };
    let (_, _, kept) = run(&post, FetchKind::PlannedEducations(statistics)).await;
    let told = |measure: &str| {
        let row = kept.row(&[("matt", measure)]);
        ["program", "varde", "varde_status", "varde_symbol"].map(|column| row[column].clone()).join("|")
    };
    assert_eq!(told("studentsPerTeacherQuota"), "EK|18.3|observed|");
    assert_eq!(told("totalNumberOfPupils"), "EK|270.0|unreliable|cirka");
    assert_eq!(told("ratioOfPupilsWithExamWithin3Years"), "EK||suppressed|..");
    assert_eq!(told("admissionPointsMin"), "EK||missing|MISSING");
    assert_eq!(told("ratioOfStudentsEligibleForUndergraduateEducation"), "EK|100.0|unreliable|~");
    assert_eq!(told("certifiedTeachersQuota"), "|96.6|observed|");
    assert_eq!(kept.rows().count(), 6);
    assert!(sandbox.calls().iter().all(|call| call.status == 200), "Accept fits every path");
}

#[tokio::test]
async fn the_stand_in_agrees_with_what_is_assumed() {
    let (sandbox, _) = sandbox().await;
    for assumption in ASSUMPTIONS {
        let Ask::Get(path) = assumption.ask else { continue };
        let seen = ask(&sandbox, path, super::version::CURRENT.accept).await;
        assert_eq!((assumption.judge)(&seen), Finding::Agrees, "{}", assumption.name);
    }
    assert_eq!(ask(&sandbox, "/v4/adult-education-events", "application/json").await.status, 406);
}

#[expect(clippy::disallowed_methods, reason = "a small client against loopback")]
async fn ask(sandbox: &Sandbox, path: &str, accept: &str) -> Observed {
    let url = format!("http://{}/planned-educations{path}", sandbox.addr);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let response = client.get(&url).header("accept", accept).send().await.unwrap();
    let status = response.status().as_u16();
    let fetched_at = jiff::Timestamp::UNIX_EPOCH;
    Observed { url, status, headers: BTreeMap::new(), fetched_at, body: response.bytes().await.unwrap() }
}

fn recorded(name: &str) -> Option<String> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/real/skolverket")).join(name);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        println!("skipped: no recorded answer at {}", path.display());
    }
    text
}

/// The three lists that a plan asks for, of one municipality each.
fn lists(path: &str) -> Option<String> {
    let body = if path.ends_with("/areas") {
        json!({ "areas": [{ "areaId": 1, "name": "A", "directions": [{ "directionId": 1, "name": "a" }, { "directionId": 2, "name": "b" }] }] })
    } else if path.ends_with("/adultTypeOfSchooling") {
        json!({ "_embedded": { "vuxenUtbildningsForm": [{ "id": "yh", "value": "Yrkeshögskola", "old code": "yrk" }] } })
    } else if path.ends_with("/geographical-areas") {
        json!([{ "code": "1276", "name": "Klippan", "areaType": "MUNICIPALITY", "shortName": null }])
    } else {
        return None;
    };
    Some(json!({ "status": "200 OK", "message": "", "body": body }).to_string())
}

#[tokio::test]
async fn a_recorded_page_is_cleaned_by_the_rules() {
    let Some(text) = recorded("skolverket_pe_v4_adult_education_events.json") else { return };
    let mut page: Value = serde_json::from_str(&text).unwrap();
    page["body"]["page"]["totalElements"] = json!(20);
    let page = page.to_string();
    let base = server(move |path, _| (200, lists(path).unwrap_or_else(|| page.clone()))).await;
    let post = Post::to(&base, SourceKind::PlannedEducations).knowing(SYMBOLS);
    let (plan, harvest, kept) = run(&post, events(&[], &[], &[])).await;
    assert_eq!((plan.calls, plan.lower_bound, harvest.rows), (1, 1, 20));

    let baker = kept.row(&[("tillfalle_id", "e.IST.33006RLXACNVUXY251BAG")]);
    let expected = [
        ("titel", "Bagare och konditor"),
        ("titel_original", "<![CDATA[Bagare och konditor]]>"),
        ("anordnare", "Klippans kommun"),
        ("entreprenor", "Vuxenutbildningen Klippan R"),
        ("lan", "12"),
        ("kommun_kod", "1276"),
        ("poang", "1400.0"),
        ("poang_status", "observed"),
        ("start", "2025-01-06"),
        ("start_original", ""),
        ("sista_ansokan", "2024-11-28"),
        ("sista_ansokan_original", "2024-11-28T23:59:59"),
        ("studietakt", "100.0"),
        ("distans", "false"),
        ("startvillkor", "1"),
    ];
    for (column, text) in expected {
        assert_eq!(baker[column], text, "{column}");
    }
    let english = kept.row(&[("tillfalle_id", "e.IST.518107VUXFLEXENG05")]);
    assert_eq!((english["start"].as_str(), english["sista_ansokan"].as_str()), ("", ""));
    assert_eq!((english["studietakt_status"].as_str(), english["studietakt_symbol"].as_str()), ("missing", "null"));
    let uppsala = kept.row(&[("tillfalle_id", "e.uoh.uu.5rg414.09542.20251")]);
    assert_eq!((uppsala["poang"].as_str(), uppsala["forkunskaper"].as_str()), ("7.5", "uh"));
    assert_eq!(uppsala["sista_ansokan"], "2024-10-15");
    assert_eq!(kept.row(&[("tillfalle_id", "e.uoh.hj.lgrg14.12887.20252")])["ort"], "JÖNKÖPING", "left as it is");
    let notes = harvest.notes.join("\n");
    assert!(notes.contains("13 texts stood in CDATA marks"), "{notes}");
    assert!(notes.contains("dates were 2099-12-31"), "{notes}");
}

#[tokio::test]
async fn recorded_lists_are_read() {
    let names = ["adultTypeOfSchooling", "areas", "geographical_areas"];
    let bodies: Vec<String> =
        names.iter().filter_map(|name| recorded(&format!("skolverket_pe_v4_{name}.json"))).collect();
    let [types, areas, places] = bodies.as_slice() else { return };
    let (types, areas, places) = (types.clone(), areas.clone(), places.clone());
    let base = server(move |path, _| {
        let body = if path.ends_with("/areas") {
            &areas
        } else if path.ends_with("/geographical-areas") {
            &places
        } else {
            &types
        };
        (200, body.clone())
    })
    .await;
    let post = Post::to(&base, SourceKind::PlannedEducations).knowing(SYMBOLS);
    let (_, harvest, kept) = run(&post, FetchKind::PlannedEducations(fetch(PlannedWhat::Areas))).await;
    assert_eq!(kept.row(&[("inriktning_id", "208")])["inriktning_en"], "Computer Scinece", "as it is written");
    assert!(harvest.rows > 100, "{}", harvest.rows);
    let (_, _, kept) = run(&post, FetchKind::PlannedEducations(fetch(PlannedWhat::GeographicalAreas))).await;
    assert_eq!(kept.row(&[("kod", "2121-Alfta")])["kommun_kod"], "2121");
    let (_, _, kept) = run(&post, FetchKind::PlannedEducations(fetch(PlannedWhat::SchoolTypes))).await;
    assert_eq!(kept.row(&[("kod", "yh"), ("lista", "skolform")])["namn"], "Yrkeshögskola");
}

fn row(id: &str, kommun: &str) -> Value {
    let mut row =
        json!({ "educationEventId": id, "geographicalAreaCode": kommun, "credits": "100", "paceOfStudy": "50.0" });
    for field in super::event::FIELDS {
        if row.get(*field).is_none() {
            row[*field] = Value::Null;
        }
    }
    row
}

fn page(total: usize, rows: &[Value]) -> String {
    json!({ "status": "OK", "message": "", "body": {
        "_embedded": { "listedAdultEducationEvents": rows }, "page": { "totalElements": total } } })
    .to_string()
}

/// What comes of a municipality whose events are answered so.
async fn fault(answer: impl Fn(&str, usize) -> String + Send + Sync + 'static) -> (SourceError, String) {
    let calls = AtomicUsize::new(0);
    let base = server(move |path, _| {
        let body = lists(path).unwrap_or_else(|| answer(path, calls.fetch_add(1, Ordering::Relaxed)));
        (200, body)
    })
    .await;
    let post = Post::to(&base, SourceKind::PlannedEducations).knowing(SYMBOLS);
    let error = match post.plan(events(&["1276"], &[], &[])).await {
        Err(error) => error,
        Ok(_) => post.run(events(&["1276"], &[], &[])).await.map(drop).unwrap_err(),
    };
    let text = error.to_string().replace(&base, "BASE");
    (error, text)
}

const CALL: &str = "prov: GET BASE/v4/adult-education-events?page=0&size=100&geographicalAreaCode=1276";

#[tokio::test]
async fn bodies_that_are_no_answers_are_refused_by_name() {
    let (_, text) = fault(|_, _| "<html>Underhåll</html>".to_owned()).await;
    assert!(text.contains("BASE/v4/adult-education-events?page=0&size=100&geographicalAreaCode=1276"), "{text}");
    let (_, text) = fault(|_, _| page(1, &[row("e.1", "1276")])[..60].to_owned()).await;
    assert!(text.starts_with(&format!("{CALL}: the body is cut off or broken at byte 60")), "{text}");
    let (_, text) = fault(|_, _| json!({ "status": "NOT_FOUND", "message": "nej", "body": null }).to_string()).await;
    assert_eq!(text, format!("{CALL}: the answer's own status is \"NOT_FOUND\": nej"));
    let (_, text) =
        fault(|_, _| json!({ "status": "OK", "body": { "page": { "totalElements": 3 } } }).to_string()).await;
    assert_eq!(text, format!("{CALL}: 3 events are counted, and none is listed"));
    let (_, text) =
        fault(|_, _| json!({ "status": "OK", "body": { "page": { "totalElements": "3" } } }).to_string()).await;
    assert!(text.starts_with(&format!("{CALL}: in `page`: invalid type: string \"3\"")), "{text}");
}

#[tokio::test]
async fn faulty_rows_are_named() {
    let with = |field: &'static str, value: Value| {
        move |_: &str, _: usize| {
            let mut faulty = row("e.2", "1276");
            faulty[field] = value.clone();
            page(2, &[row("e.1", "1276"), faulty])
        }
    };
    let (_, text) = fault(with("educationEventId", json!(null))).await;
    assert_eq!(text, format!("{CALL}: row 1: educationEventId is null (null)"));
    let (_, text) = fault(with("titleSv", json!({ "sv": "x" }))).await;
    assert_eq!(text, format!("{CALL}: row 1: titleSv is an object ({{\"sv\":\"x\"}})"));
    let (error, text) = fault(with("paceOfStudy", json!("halvfart"))).await;
    assert_eq!(
        text,
        format!("{CALL}: row 1: column \"studietakt\" is \"halvfart\", neither a number nor a symbol of the source")
    );
    assert!(error.hint().is_some());
    let (_, text) = fault(with("geographicalAreaCode", json!(["1276"]))).await;
    assert_eq!(text, format!("{CALL}: row 1: geographicalAreaCode is a list ([\"1276\"])"));
    let (_, text) = fault(|_, _| page(2, &[row("e.1", "0180"), row("e.2", "0180")])).await;
    assert_eq!(text, format!("{CALL}: none of 2 rows lies in 1276, which was asked for"));
    let (_, text) = fault(|_, _| {
        let mut bare = row("e.1", "1276");
        bare.as_object_mut().unwrap().remove("semesterStartFrom");
        page(1, &[bare])
    })
    .await;
    assert_eq!(text, "prov: BASE/v4: none of 1 rows has a field \"semesterStartFrom\"");
}

#[tokio::test]
async fn what_is_missing_is_an_error_that_names_slice_and_numbers() {
    // A row that comes twice stands in for another.
    let (error, text) = fault(|_, _| page(2, &[row("e.1", "1276"), row("e.1", "1276")])).await;
    assert_eq!(text, "prov: geographicalAreaCode=1276: the source counts 2 events, and 1 different ones came");
    assert!(matches!(error, SourceError::Incomplete { .. }) && error.hint().is_some());

    // Cut in every way, the parts never have the last ten.
    let (_, text) = fault(|path, _| {
        let many: Vec<Value> = (0..100).map(|id| row(&format!("e.{id}"), "1276")).collect();
        if path.ends_with("geographicalAreaCode=1276") { page(110, &many) } else { page(50, &many[..50]) }
    })
    .await;
    assert_eq!(text, "prov: geographicalAreaCode=1276: the source counts 110 events, and 50 different ones came");

    // A filter that is passed over makes no parts.
    let (_, text) = fault(|_, _| {
        let many: Vec<Value> = (0..100).map(|id| row(&format!("e.{id}"), "1276")).collect();
        page(300, &many)
    })
    .await;
    assert_eq!(
        text,
        "prov: geographicalAreaCode=1276 holds 300 events, more than the 100 of a page, and cannot be cut further"
    );
}

#[tokio::test]
async fn lists_of_values_that_mean_nothing_are_asked_for_one_by_one() {
    let base = server(|path, _| {
        let rows =
            |range: std::ops::Range<u32>| -> Vec<Value> { range.map(|id| row(&format!("e.{id}"), "1276")).collect() };
        let body = lists(path).unwrap_or_else(|| match path {
            path if path.ends_with("directionIds=1,2") => page(0, &[]),
            path if path.ends_with("directionIds=1") => page(90, &rows(0..90)),
            path if path.ends_with("directionIds=2") => page(60, &rows(80..140)),
            _ => page(140, &rows(0..100)),
        });
        (200, body)
    })
    .await;
    let post = Post::to(&base, SourceKind::PlannedEducations).knowing(SYMBOLS);
    let (_, harvest, kept) = run(&post, events(&["1276"], &[], &[])).await;
    assert_eq!((harvest.rows, ids(&kept).len()), (140, 140));
}

#[tokio::test]
async fn the_api_can_be_browsed() {
    let (_sandbox, post) = sandbox().await;
    let found = super::search(&post.courier, "bageri").await.unwrap();
    assert_eq!(found[0].id, "adult-education-events/39");
    let described = super::describe(&post.courier, &found[0].id).await.unwrap();
    let proposal = described.proposal.unwrap();
    assert_eq!(proposal.fetch, "what = \"adult-education-events\"\ndirections = [\"39\"]\n");
    assert_eq!(proposal.region.as_deref(), Some("kommun_kod"));
    let unknown = super::describe(&post.courier, "x").await.map(drop).unwrap_err();
    assert!(unknown.to_string().ends_with("knows no table \"x\""), "{unknown}");
}
