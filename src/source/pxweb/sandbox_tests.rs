//! Plans and harvests against the stand-in of v2: code lists, languages, `GET` and
//! `POST`, formats, and that selections mean here what they mean there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{assumptions, browse};
use crate::config::{FetchKind, Installation, OutputValues, PxwebFetch, SourceKind};
use crate::fetch::Method;
use crate::sandbox::{Fault, FaultKind, Options, Sandbox};
use crate::source::drift::compare;
use crate::source::hostile::server;
use crate::source::testing::{Kept, Post, Replay, disagreements, endpoint, pxweb, sandbox};

fn at(sandbox: &Sandbox, installation: Installation) -> Post {
    Post::with(&endpoint(sandbox, "pxweb-v2"), SourceKind::Pxweb, |source| source.installation = installation)
}

fn gets(longest_get: usize) -> Installation {
    Installation { longest_get, ..Installation::default() }
}

/// Decimals, two contents, and cells that are missing for every reason.
fn matching() -> PxwebFetch {
    let select = [("Region", "01*"), ("Utbildning", "*"), ("Tid", "TOP(2)")];
    pxweb("TAB9002", &select, &[("0000S2A1", "grad"), ("0000S2A2", "personer")])
}

/// The same by education level.
fn levels(select: &[&str], values: Option<OutputValues>) -> PxwebFetch {
    let mut fetch = matching();
    let id = "Utbildning".to_owned();
    fetch.select.insert(id.clone(), select.iter().map(ToString::to_string).collect());
    fetch.codelist.insert(id.clone(), "agg_Utbildningsnivå".to_owned());
    fetch.output_values = values.map(|values| (id, values)).into_iter().collect();
    fetch
}

fn sorted(kept: &Kept) -> Vec<BTreeMap<String, String>> {
    let mut rows: Vec<_> = kept.rows().collect();
    rows.sort();
    rows
}

fn codes(kept: &Kept) -> BTreeSet<String> {
    kept.rows().map(|row| row["utbildning"].clone()).collect()
}

/// The data calls as they were made.
fn data_calls(sandbox: &Sandbox) -> Vec<(String, String)> {
    let calls = sandbox.calls().into_iter().filter(|call| call.path.contains("/data?"));
    calls.map(|call| (call.method.clone(), call.body.unwrap_or(call.path))).collect()
}

async fn fault(post: &Post, fetch: PxwebFetch) -> String {
    let error = post.plan(FetchKind::Pxweb(fetch)).await.map(drop).unwrap_err().to_string();
    error.replace(post.courier.source().base_url.as_str().trim_end_matches('/'), "BASE")
}

#[tokio::test]
async fn a_code_list_gives_its_own_codes_or_those_behind() {
    let sandbox = sandbox(Options::default()).await;
    let post = at(&sandbox, Installation::default());
    let (_, _, unsaid) = post.run(FetchKind::Pxweb(levels(&["*"], None))).await.unwrap();
    assert_eq!(codes(&unsaid), BTreeSet::from(["E", "G"].map(str::to_owned)));
    let aggregated = levels(&["*"], Some(OutputValues::Aggregated));
    let (_, _, said) = post.run(FetchKind::Pxweb(aggregated)).await.unwrap();
    assert_eq!(sorted(&said), sorted(&unsaid));
    let calls = data_calls(&sandbox);
    assert!(!calls[0].1.contains("outputValues"), "{}", calls[0].1);
    assert!(calls[1].1.contains(r#""codelist":"agg_Utbildningsnivå","outputValues":"aggregated""#), "{}", calls[1].1);

    // The list's code selects, the codes behind it come: as if they had been named.
    let single = levels(&["G"], Some(OutputValues::Single));
    let (plan, _, behind) = post.run(FetchKind::Pxweb(single.clone())).await.unwrap();
    let mut named = matching();
    named.select.insert("Utbildning".to_owned(), ["53B", "53E", "53F", "53V"].map(str::to_owned).to_vec());
    let (_, _, by_name) = post.run(FetchKind::Pxweb(named)).await.unwrap();
    assert_eq!((sorted(&behind), behind.rows().count()), (sorted(&by_name), 27 * 4 * 2));
    assert_eq!(plan.cells, 27 * 4 * 2 * 2);
    let label = plan.codes.iter().find(|row| row.kod == "53F").unwrap();
    assert_eq!(label.text, "fordonsutbildning, gymnasial nivå");
    assert!(post.years_later_gives(FetchKind::Pxweb(single), &behind).await);
}

#[tokio::test]
async fn what_a_list_stands_for_is_watched_and_what_it_lacks_is_told() {
    let sandbox = sandbox(Options::default()).await;
    let post = at(&sandbox, Installation::default());
    let fetch = |select: &[&str]| levels(select, Some(OutputValues::Single));
    let (told, before) = post.plan(FetchKind::Pxweb(fetch(&["G"]))).await.unwrap();
    let before = before.metadata.unwrap();
    let education = before.dimensions.iter().find(|one| one.id == "Utbildning").unwrap();
    assert_eq!(education.codelist.as_deref(), Some("agg_Utbildningsnivå"));
    assert_eq!(education.codes, [("G", "gymnasial"), ("E", "eftergymnasial")].map(|(a, b)| (a.into(), b.into())));
    sandbox.order(Fault {
        dimension: Some("Utbildning".to_owned()),
        code: Some("53E".to_owned()),
        ..Fault::new("TAB9002", FaultKind::RemovedCode)
    });
    sandbox.order(Fault {
        dimension: Some("Utbildning".to_owned()),
        code: Some("53E".to_owned()),
        ..Fault::new("codelists", FaultKind::RemovedCode)
    });
    let post = at(&sandbox, Installation::default());
    let (_, after) = post.plan(FetchKind::Pxweb(fetch(&["G"]))).await.unwrap();
    let changes: Vec<String> =
        compare(&told, &before, &after.metadata.unwrap()).into_iter().map(|change| change.what).collect();
    assert_eq!(
        changes,
        [
            "group \"G\" (gymnasial) has other members than before, so that its figures are of others: gone: \"53E\" (el- och energiutbildning, gymnasial nivå)"
        ]
    );
    sandbox.behave();

    let post = at(&sandbox, Installation::default());
    let metadata = "prov: BASE/tables/TAB9002/metadata?lang=sv: ";
    assert_eq!(fault(&post, fetch(&["X"])).await, format!("{metadata}dimension \"Utbildning\" has no code \"X\""));
    let mut unknown = fetch(&["G"]);
    unknown.codelist.insert("Utbildning".to_owned(), "agg_Finns_inte".to_owned());
    assert_eq!(
        fault(&post, unknown.clone()).await,
        "prov: GET BASE/codelists/agg_Finns_inte?lang=sv was answered 400 Bad Request: Non-existent codelist"
    );
    unknown.output_values.clear();
    assert_eq!(
        fault(&post, unknown).await,
        "prov: GET BASE/tables/TAB9002/metadata?lang=sv&codelist%5BUtbildning%5D=agg_Finns_inte was answered 400 Bad Request: Non-existent codelist"
    );
}

#[tokio::test]
async fn a_list_of_another_shape_is_refused() {
    let told = async |values: Value| {
        let base = server(move |path, _| {
            let body = if path.contains("/codelists/") {
                json!({ "id": "L", "values": values })
            } else if path.contains("/metadata") {
                json!({"version": "2.0", "class": "dataset", "id": ["Tid"], "size": [2], "role": {"time": ["Tid"]},
                    "dimension": {"Tid": {"category": {"index": ["2023", "2024"]}}}, "value": []})
            } else {
                json!({"maxDataCells": 10, "maxCallsPerTimeWindow": 0, "timeWindow": 0})
            };
            (200, body.to_string())
        })
        .await;
        let mut fetch = pxweb("TAB1", &[("Tid", "*")], &[]);
        fetch.codelist.insert("Tid".to_owned(), "L".to_owned());
        fetch.output_values.insert("Tid".to_owned(), OutputValues::Single);
        fault(&Post::to(&base, SourceKind::Pxweb), fetch).await
    };
    let call = "prov: GET BASE/codelists/L?lang=sv: ";
    assert_eq!(
        told(json!([{ "code": "a" }, { "code": "a" }])).await,
        format!("{call}code list \"L\" has the code \"a\" twice")
    );
    assert_eq!(
        told(json!([{ "code": "a", "valueMap": ["2023", "2025"] }])).await,
        "prov: BASE/tables/TAB1/metadata?lang=sv: dimension \"Tid\" has no code \"2025\""
    );
    let shape = told(json!([{ "code": 1 }])).await;
    assert!(shape.starts_with(call) && shape.contains("invalid type: integer `1`, expected a string"), "{shape}");
}

#[tokio::test]
async fn small_calls_are_made_by_get_and_give_the_same() {
    let sandbox = sandbox(Options { max_cells: 120, ..Options::default() }).await;
    let (_, _, posted) = at(&sandbox, gets(0)).run(FetchKind::Pxweb(matching())).await.unwrap();
    assert!(data_calls(&sandbox).iter().all(|(method, _)| method == "POST"));

    let before = data_calls(&sandbox).len();
    let post = at(&sandbox, gets(2000));
    let (plan, _, got) = post.run(FetchKind::Pxweb(matching())).await.unwrap();
    let calls = data_calls(&sandbox).split_off(before);
    assert_eq!(calls.len() as u64, plan.calls);
    assert!(calls.len() > 3 && calls.iter().all(|(method, _)| method == "GET"), "{calls:?}");
    assert_eq!(sorted(&got), sorted(&posted));
    let record = post.courier.accepted().into_iter().find(|record| record.url.contains("/data?")).unwrap();
    assert_eq!((record.method, record.request_body), (Method::Get, None));

    // An interrupted run repeats none of them, and the archive alone gives the same at whatever address.
    assert!(post.years_later_gives(FetchKind::Pxweb(matching()), &got).await);
    let post = post.again();
    post.run(FetchKind::Pxweb(matching())).await.unwrap();
    assert_eq!(post.calls(), 2, "only which edition the table has, before and after");

    // What is too long for one is asked for by the other, in the same run.
    let mut mixed = matching();
    mixed.select.insert("Region".to_owned(), vec!["*".to_owned()]);
    let before = data_calls(&sandbox).len();
    let (_, _, all) = at(&sandbox, gets(2000)).run(FetchKind::Pxweb(mixed.clone())).await.unwrap();
    let lengths =
        data_calls(&sandbox).split_off(before).into_iter().map(|(_, path)| path.len() - "/pxweb/api/v2".len());
    let longest = lengths.max().unwrap();
    let before = data_calls(&sandbox).len();
    let (_, _, some) = at(&sandbox, gets(longest - 1)).run(FetchKind::Pxweb(mixed)).await.unwrap();
    let methods: BTreeSet<String> = data_calls(&sandbox).split_off(before).into_iter().map(|(one, _)| one).collect();
    assert_eq!(methods, BTreeSet::from(["GET".to_owned(), "POST".to_owned()]));
    assert!(sorted(&some) == sorted(&all));
}

#[tokio::test]
async fn recorded_answers_come_by_get_as_well() {
    let Some(replay) = Replay::start(&["--max-cells", "500"]) else { return };
    let base = format!("{}/pxweb/api/v2", replay.url);
    let fetch = || {
        let select = [("Region", "*"), ("Alder", "*"), ("Kon", "*"), ("Tid", "top(4)")];
        FetchKind::Pxweb(pxweb("TAB6471", &select, &[("000007SF", "folkmangd")]))
    };
    let (_, _, posted) = Post::to(&base, SourceKind::Pxweb).run(fetch()).await.unwrap();
    let post = Post::with(&base, SourceKind::Pxweb, |source| source.installation = gets(1800));
    let (_, _, got) = post.run(fetch()).await.unwrap();
    assert_eq!(sorted(&got), sorted(&posted));
    let data = post.courier.accepted().into_iter().filter(|record| record.url.contains("/data?"));
    assert!(data.map(|record| record.method).all(|method| method == Method::Get));
}

#[tokio::test]
async fn a_refused_get_says_its_address() {
    let sandbox = sandbox(Options::default()).await;
    sandbox.order(Fault::new("TAB9001/data", FaultKind::TooManyCells));
    let post = at(&sandbox, gets(2000));
    let fetch = pxweb("TAB9001", &[("Region", "01"), ("Tid", "TOP(1)")], &[("0000S1A1", "andel")]);
    let error = post.run(FetchKind::Pxweb(fetch)).await.map(drop).unwrap_err().to_string();
    let base = post.courier.source().base_url.to_string();
    assert_eq!(
        error.replace(&base, "BASE"),
        "prov: BASE/tables/TAB9001/data?lang=sv&outputFormat=json-stat2&valueCodes%5BRegion%5D=01&valueCodes%5BTid%5D=2025&valueCodes%5BContentsCode%5D=0000S1A1 refused a call of 1 cells as too many, though it announces a limit of 150000"
    );
}

/// Beside a value CSV has no place for a symbol.
fn plain(kept: &Kept, format: &str) -> Vec<BTreeMap<String, String>> {
    let mut rows = sorted(kept);
    for row in rows.iter_mut().filter(|_| format.contains("csv")) {
        for column in ["grad", "personer"].into_iter().filter(|column| !row[*column].is_empty()).collect::<Vec<_>>() {
            row.insert(format!("{column}_symbol"), String::new());
        }
    }
    rows.sort();
    rows
}

#[tokio::test]
async fn every_format_gives_the_same_rows() {
    let stat = sandbox(Options::default()).await;
    let (_, _, usual) = at(&stat, Installation::default()).run(FetchKind::Pxweb(matching())).await.unwrap();
    for (formats, wanted) in
        [(&["px", "csv"][..], "outputFormat=px"), (&["csv"], "outputFormat=csv&outputFormatParams=UseCodes")]
    {
        let formats: Vec<String> = formats.iter().map(ToString::to_string).collect();
        let without = sandbox(Options { pxweb_formats: formats.clone(), ..Options::default() }).await;
        let (_, _, kept) = at(&without, Installation::default()).run(FetchKind::Pxweb(matching())).await.unwrap();
        assert!(plain(&kept, wanted) == plain(&usual, wanted), "{wanted}");
        assert!(without.calls().iter().any(|call| call.path.contains(wanted)), "{wanted}");

        // By word of the configuration, though the installation has more.
        let before = stat.calls().len();
        let told = Installation { formats: vec![formats[0].clone()], ..gets(2000) };
        let (_, _, kept) = at(&stat, told).run(FetchKind::Pxweb(matching())).await.unwrap();
        assert!(plain(&kept, wanted) == plain(&usual, wanted), "{wanted} as configured");
        assert!(stat.calls()[before..].iter().any(|call| call.path.contains(wanted)), "{wanted} as configured");
    }
    let neither = sandbox(Options { pxweb_formats: vec!["px".to_owned()], ..Options::default() }).await;
    let told = Installation { formats: vec!["csv".to_owned()], ..Installation::default() };
    let post = at(&neither, told);
    let error = post.run(FetchKind::Pxweb(matching())).await.map(drop).unwrap_err().to_string();
    assert!(error.ends_with("was answered 400 Bad Request: Unsupported output format"), "{error}");
}

#[tokio::test]
async fn selections_mean_what_the_server_means() {
    let sandbox = sandbox(Options::default()).await;
    let post = at(&sandbox, Installation::default());
    let base = post.courier.source().base_url.to_string();
    for (dimension, expressions) in [
        ("Region", &["*"][..]),
        ("Region", &["01*"]),
        ("Region", &["*4"]),
        ("Region", &["*9*"]),
        ("Region", &["0?"]),
        ("Region", &["TOP(3)"]),
        ("Region", &["top(3,2)"]),
        ("Region", &["BOTTOM(2)"]),
        ("Region", &["BOTTOM(2,1)"]),
        ("Region", &["RANGE(01,04)"]),
        ("Region", &["RANGE(04,01)"]),
        ("Region", &["FROM(23)"]),
        ("Region", &["TO(03)"]),
        ("Region", &["25", "TOP(1)", "0?"]),
        ("Tid", &["TOP(3)"]),
        ("Tid", &["TOP(2,1)"]),
        ("Tid", &["BOTTOM(2)"]),
        ("Tid", &["FROM(2024K1)"]),
        ("Tid", &["RANGE(2021K4,2021K2)"]),
        ("Sektor", &["off"]),
    ] {
        let mut fetch = pxweb("TAB9003", &[("Region", "00"), ("Sektor", "priv"), ("Tid", "TOP(1)")], &[]);
        fetch.select.insert(dimension.to_owned(), expressions.iter().map(ToString::to_string).collect());
        let (_, plan) = post.plan(FetchKind::Pxweb(fetch.clone())).await.unwrap();
        let column = dimension.to_lowercase();
        let ours: Vec<&str> =
            plan.codes.iter().filter(|row| row.kolumn == column).map(|row| row.kod.as_str()).collect();

        let mut selection: Vec<Value> =
            fetch.select.iter().map(|(id, codes)| json!({ "variableCode": id, "valueCodes": codes })).collect();
        selection.push(json!({ "variableCode": "ContentsCode", "valueCodes": ["*"] }));
        let request = crate::fetch::Request::post(
            "/tables/TAB9003/data?lang=sv&outputFormat=json-stat2",
            json!({ "selection": selection }).to_string(),
        );
        let answer = post.courier.ask(&request, crate::fetch::Expect::Json).await.unwrap();
        let cube: Value = serde_json::from_slice(&answer.body).unwrap();
        let index = cube["dimension"][dimension]["category"]["index"].as_object().unwrap();
        let mut theirs: Vec<(&str, u64)> =
            index.iter().map(|(code, at)| (code.as_str(), at.as_u64().unwrap())).collect();
        theirs.sort_by_key(|(_, at)| *at);
        let theirs: Vec<&str> = theirs.into_iter().map(|(code, _)| code).collect();
        assert_eq!(ours, theirs, "{dimension} {expressions:?} at {base}");
        assert!(!ours.is_empty());
    }
}

#[tokio::test]
async fn every_call_is_in_the_language_of_the_fetch() {
    let sandbox = sandbox(Options::default()).await;
    let post = at(&sandbox, gets(2000));
    let fetch = PxwebFetch { language: Some("en".to_owned()), ..levels(&["G"], Some(OutputValues::Single)) };
    post.run(FetchKind::Pxweb(fetch.clone())).await.unwrap();
    let calls = sandbox.calls();
    let of_the_table: Vec<&str> =
        calls.iter().map(|call| call.path.as_str()).filter(|path| !path.ends_with("/config")).collect();
    assert!(of_the_table.len() >= 4 && of_the_table.iter().all(|path| path.contains("?lang=en")), "{of_the_table:?}");
    let finnish = PxwebFetch { language: Some("fi".to_owned()), ..fetch };
    assert_eq!(
        fault(&post, finnish).await,
        "prov: GET BASE/tables/TAB9002?lang=fi was answered 400 Bad Request: Unsupported language"
    );
}

#[tokio::test]
async fn a_discontinued_table_is_fetched_and_said_to_be_one() {
    let sandbox = sandbox(Options::default()).await;
    let post = at(&sandbox, Installation::default());
    let fetch = pxweb("TAB9003", &[("Region", "00"), ("Sektor", "*"), ("Tid", "TOP(1)")], &[]);
    let (plan, _, kept) = post.run(FetchKind::Pxweb(fetch)).await.unwrap();
    assert_eq!(plan.notes, ["table TAB9003 is discontinued: the source will not update it"]);
    assert!(plan.stamp.unwrap().starts_with("TAB9003 2026-11-20T07:00:00Z "));
    assert_eq!(kept.rows().count(), 2);
    let described = browse::describe(&post.courier, "TAB9003").await.unwrap();
    assert_eq!(described.notes[0], "discontinued: the source will not update it");
}

#[tokio::test]
async fn the_list_of_tables_is_read_over_its_pages() {
    let base = server(|path, _| {
        assert!(path.contains("query=f%C3%B6rv%C3%A4rvs+%26+l%C3%B6n") && path.contains("pageSize=100"), "{path}");
        let number: usize = path.split("pageNumber=").nth(1).unwrap().parse().unwrap();
        let table = |nth: usize| {
            json!({"id": format!("TAB{nth}"), "label": " Tabell ", "updated": "2026-06-08T06:00:00Z", "firstPeriod": "2019",
                "lastPeriod": "2024", "discontinued": (nth == 250).then_some(true)})
        };
        let tables: Vec<Value> = ((number - 1) * 100..(number * 100).min(251)).map(table).collect();
        let page = json!({"pageNumber": number, "pageSize": 100, "totalElements": 251, "totalPages": 3});
        (200, json!({"tables": tables, "page": page}).to_string())
    })
    .await;
    let post = Post::to(&base, SourceKind::Pxweb);
    let found = browse::search(&post.courier, "förvärvs & lön").await.unwrap();
    assert_eq!((found.len(), post.calls()), (251, 3));
    assert_eq!((found[100].id.as_str(), found[100].title.as_str()), ("TAB100", "Tabell"));
    assert_eq!(found[100].periods, Some(("2019".to_owned(), "2024".to_owned())));
    let noted: Vec<&str> =
        found.iter().filter(|one| one.note.as_deref() == Some("discontinued")).map(|one| one.id.as_str()).collect();
    assert_eq!(noted, ["TAB250"]);
}

#[tokio::test]
async fn the_stand_in_agrees_with_what_is_assumed() {
    let sandbox = sandbox(Options::default()).await;
    let given = [("{table}", "TAB6471")];
    let base = endpoint(&sandbox, "pxweb-v2");
    let found = disagreements(&base, assumptions::ASSUMPTIONS, &given, "").await;
    // The stand-in without a limit on calls sends no headers about one.
    assert_eq!(found, ["pxweb.metadata.next-update: NotSeen", "pxweb.limit.headers: NotSeen"]);
}
