//! Plans and harvests against the stand-in of v1, and against recorded answers.

#![expect(clippy::disallowed_methods, reason = "a small client against loopback")]

use std::collections::BTreeMap;
use std::path::Path;

use super::super::SourceError;
use super::super::assumption::{Ask, Finding, Observed};
use super::super::testing::{Kept, Post, pxweb};
use super::{ASSUMPTIONS, browse};
use crate::config::{FetchKind, Installation, PxwebFetch, SourceKind};
use crate::fetch::Courier;
use crate::reference::Reference;
use crate::sandbox::{Fault, FaultKind, Options, Sandbox, start};

async fn sandbox(options: Options) -> Sandbox {
    let reference = Reference::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("reference")).unwrap();
    start(([127, 0, 0, 1], 0).into(), reference, options).await.unwrap()
}

fn unlimited() -> Options {
    Options { calls: 0, ..Options::default() }
}

fn base(sandbox: &Sandbox) -> String {
    sandbox.endpoints().into_iter().find(|(name, _)| *name == "pxweb-v1").unwrap().1
}

fn at(sandbox: &Sandbox, installation: Installation) -> Post {
    Post::with(&base(sandbox), SourceKind::PxwebV1, |source| source.installation = installation)
}

fn matching() -> PxwebFetch {
    let select = [("Region", "01*"), ("Utbildning", "*"), ("Tid", "TOP(2)")];
    let measures = [("0000S2A1", "grad"), ("0000S2A2", "personer")];
    let mut fetch = pxweb("AM/AM0210/MatchUtbildning", &select, &measures);
    fetch.rename = BTreeMap::from([("Region".to_owned(), "kod".to_owned())]);
    fetch
}

fn sorted(kept: &Kept) -> Vec<BTreeMap<String, String>> {
    let mut rows: Vec<_> = kept.rows().collect();
    rows.sort();
    rows
}

#[tokio::test]
async fn a_split_table_comes_home_as_by_v2() {
    let sandbox = sandbox(Options { max_cells: 100, ..unlimited() }).await;
    let post = at(&sandbox, Installation::default());
    let (plan, harvest, kept) = post.run(FetchKind::Pxweb(matching())).await.unwrap();
    assert_eq!((plan.cells, plan.calls, plan.lower_bound), (27 * 6 * 2 * 2, 7, 7));
    assert!(
        plan.stamp_proves && plan.stamp.as_ref().unwrap().starts_with("AM/AM0210/MatchUtbildning 2026-11-20T08:00:00 ")
    );
    // Limits, folder, metadata, a cell of each content, seven parts, and the folder once more.
    assert_eq!(post.calls(), 4 + 7 + 1);
    assert_eq!(harvest.rows, 27 * 6 * 2);
    assert!(plan.publish_notes.iter().any(|note| note.contains("SYNTETISKA DATA")));
    assert!(plan.codes.iter().any(|row| row.kolumn == "kod" && row.kod == "0114" && row.text == "Upplands Väsby"));
    assert!(kept.0.iter().all(|batch| Some(batch.schema()) == plan.schema));
    let content = &plan.metadata.as_ref().unwrap().contents[0];
    assert_eq!((content.unit.as_deref(), content.decimals), (Some("procent"), Some(1)));

    let v2 = sandbox.endpoints().into_iter().find(|(name, _)| *name == "pxweb-v2").unwrap().1;
    let mut fetch = matching();
    fetch.table = "TAB9002".to_owned();
    let (_, _, by_v2) = Post::to(&v2, SourceKind::Pxweb).run(FetchKind::Pxweb(fetch)).await.unwrap();
    assert_eq!(sorted(&kept), sorted(&by_v2));

    let post = post.again();
    post.run(FetchKind::Pxweb(matching())).await.unwrap();
    assert_eq!(post.calls(), 2, "only the question which edition it is, before and after");
}

#[tokio::test]
async fn every_format_gives_the_same_rows() {
    let sandbox = sandbox(unlimited()).await;
    let mut seen: Option<Vec<BTreeMap<String, String>>> = None;
    for format in ["json-stat2", "json-stat", "px", "csv3", "csv2", "csv", "json"] {
        let post = at(&sandbox, Installation { formats: vec![format.to_owned()], ..Installation::default() });
        let (_, _, kept) =
            post.run(FetchKind::Pxweb(matching())).await.unwrap_or_else(|error| panic!("{format}: {error}"));
        let mut rows = sorted(&kept);
        for row in &mut rows {
            for (column, text) in row.iter_mut() {
                // Neither CSV nor the JSON of rows has a symbol beside a value, nor tells that a count is whole.
                if text == "p" {
                    text.clear();
                }
                if column == "personer" {
                    *text = text.trim_end_matches(".0").to_owned();
                }
            }
        }
        match &seen {
            Some(first) => assert!(*first == rows, "{format}"),
            None => seen = Some(rows),
        }
    }
}

#[tokio::test]
async fn code_lists_are_asked_for_by_explicit_codes() {
    let sandbox = sandbox(unlimited()).await;
    let post = at(&sandbox, Installation::default());
    let mut fetch = matching();
    fetch.codelist = BTreeMap::from([
        ("Region".to_owned(), "vs:CKM02Län".to_owned()),
        ("Utbildning".to_owned(), "agg_Utbildningsnivå".to_owned()),
    ]);
    let error = post.plan(FetchKind::Pxweb(fetch.clone())).await.map(drop).unwrap_err();
    assert_eq!(
        error.to_string(),
        "dimension \"Region\": \"01*\" is no selection expression: the source does not list these codes, so each must be named"
    );
    fetch.codelist.remove("Region");
    fetch.select.insert("Utbildning".to_owned(), vec!["G".to_owned(), "E".to_owned()]);
    let (plan, harvest, _) = post.run(FetchKind::Pxweb(fetch.clone())).await.unwrap();
    assert_eq!(harvest.rows, 27 * 2 * 2);
    let label = plan.codes.iter().find(|row| row.kod == "E").unwrap();
    assert_eq!(label.text, "eftergymnasial", "told by the answer, since no list tells it");
    let swedish = PxwebFetch { language: Some("sv".to_owned()), ..fetch.clone() };
    let error = post.plan(FetchKind::Pxweb(swedish)).await.map(drop).unwrap_err();
    assert_eq!(
        error.to_string(),
        "nothing to ask for: the language of prov is part of its base_url: name a source whose address says \"sv\""
    );
    fetch.select.insert("Utbildning".to_owned(), vec!["G".to_owned(), "X".to_owned()]);
    let error = post.plan(FetchKind::Pxweb(fetch)).await.map(drop).unwrap_err();
    assert!(
        error.to_string().ends_with(
            "was answered 400 Bad Request: The request for variable 'Utbildning' has an error. Please check your query."
        ),
        "{error}"
    );
}

#[tokio::test]
async fn files_without_codes_need_a_word_about_them() {
    let sandbox = sandbox(unlimited()).await;
    let url = base(&sandbox).replace("/ssd", "/lopnummer");
    let installation = Installation {
        formats: vec!["px".to_owned(), "csv".to_owned()],
        code_in_label: vec!["Region".to_owned()],
        totals: BTreeMap::from([("Kon".to_owned(), "1+2".to_owned())]),
        ..Installation::default()
    };
    let mut fetch = pxweb(
        "Arbetsmarknad/arbetslosa_lan*.px",
        &[("Region", "01"), ("Tid", "TOP(1)")],
        &[("0000S1A1", "andel"), ("0000S1A2", "antal")],
    );
    for format in ["px", "csv", "csv3", "json", "json-stat"] {
        let with = Installation { formats: vec![format.to_owned()], ..installation.clone() };
        let post = Post::with(&url, SourceKind::PxwebV1, |source| source.installation = with);
        let (plan, harvest, kept) =
            post.run(FetchKind::Pxweb(fetch.clone())).await.unwrap_or_else(|error| panic!("{format}: {error}"));
        assert_eq!(harvest.rows, 1, "{format}");
        let row = kept.rows().next().unwrap();
        assert_eq!((row["region"].as_str(), row["tid"].as_str()), ("01", "2025"));
        assert!(plan.codes.iter().any(|code| code.kod == "01" && code.text == "Stockholms län"), "{:?}", plan.codes);
        assert_eq!(plan.metadata.unwrap().table, "Arbetsmarknad/arbetslosa_lan_20261120_080000.px");
        let told = format != "csv" && format != "csv3" && format != "json";
        assert_eq!(plan.stamp.is_some(), told, "{format}: the folder does not tell when a table was updated");
    }
    fetch.table = "Arbetsmarknad/*.px".to_owned();
    let post = Post::with(&url, SourceKind::PxwebV1, |source| source.installation = installation.clone());
    let error = post.plan(FetchKind::Pxweb(fetch.clone())).await.map(drop).unwrap_err();
    assert_eq!(
        error.to_string(),
        "prov: \"Arbetsmarknad/*.px\" fits no table of its folder, or several: \
         arbetslosa_lan_20261120_080000.px, matchning_20261120_080000.px"
    );
    fetch.table = "Arbetsmarknad/arbetslosa_lan*.px".to_owned();
    let post = Post::to(&url, SourceKind::PxwebV1);
    let error = post.plan(FetchKind::Pxweb(fetch)).await.map(drop).unwrap_err();
    assert!(error.to_string().contains("dimension \"Region\" has no code \"01\""), "{error}");
}

#[tokio::test]
async fn a_lost_table_brings_its_likely_successors() {
    let sandbox = sandbox(unlimited()).await;
    let post = at(&sandbox, Installation::default());
    let fault = async |table: &str| {
        let mut fetch = matching();
        table.clone_into(&mut fetch.table);
        let error = post.plan(FetchKind::Pxweb(fetch)).await.map(drop).unwrap_err();
        (error.to_string().replace(&base(&sandbox), "BASE"), error.hint().unwrap_or_default())
    };
    let (message, hint) = fault("AM/AM0210/MatchUtbildningN").await;
    assert_eq!(
        message,
        "prov: there is no table \"AM/AM0210/MatchUtbildningN\" at BASE/AM/AM0210/MatchUtbildningN, which answered 404"
    );
    assert!(hint.starts_with("likely successors: AM/AM0210/MatchUtbildning (Matchning på arbetsmarknaden"), "{hint}");
    let (_, hint) = fault("AM/AM0210O/MatchUtbildningN").await;
    assert!(hint.starts_with("likely successors: AM/AM0210/MatchUtbildning ("), "in another folder: {hint}");
    let (_, hint) = fault("XX/XX0101/Annat").await;
    assert_eq!(hint, "the table may have been withdrawn or replaced by one with another id");

    sandbox.order(Fault::new("MatchUtbildning", FaultKind::LostTable));
    let post = at(&sandbox, Installation::default());
    let error = post.plan(FetchKind::Pxweb(matching())).await.map(drop).unwrap_err();
    assert!(error.to_string().ends_with("which answered 400"), "{error}");
}

#[tokio::test]
async fn what_is_too_large_is_halved_until_it_fits() {
    let sandbox = sandbox(unlimited()).await;
    let whole = at(&sandbox, Installation::default()).run(FetchKind::Pxweb(matching())).await.unwrap().2;
    // Four calls of the plan pass, then the first two data calls are refused.
    let mut fault = Fault::new("MatchUtbildning", FaultKind::TooManyCells);
    (fault.after, fault.times) = (2, Some(2));
    sandbox.order(fault);
    let post = at(&sandbox, Installation::default());
    let (plan, harvest, kept) = post.run(FetchKind::Pxweb(matching())).await.unwrap();
    assert_eq!((plan.calls, harvest.rows), (1, 27 * 6 * 2));
    assert_eq!(sorted(&kept), sorted(&whole));
    assert_eq!(kept.0.len(), 3, "a half, and two quarters before it");

    let mut fault = Fault::new("MatchUtbildning", FaultKind::TooManyCells);
    fault.after = 2;
    sandbox.order(fault);
    let post = at(&sandbox, Installation::default());
    let error = post.run(FetchKind::Pxweb(matching())).await.map(drop).unwrap_err();
    assert!(matches!(error, SourceError::TooManyCells { .. }), "{error}");
}

#[tokio::test]
async fn a_table_that_is_updated_meanwhile_is_refused() {
    let sandbox = sandbox(Options { max_cells: 100, ..unlimited() }).await;
    let mut fault = Fault::new("/AM0210", FaultKind::Revise);
    fault.after = 6;
    sandbox.order(fault);
    let post = at(&sandbox, Installation::default());
    let error = post.run(FetchKind::Pxweb(matching())).await.map(drop).unwrap_err();
    assert_eq!(
        error.to_string(),
        "prov: table AM/AM0210/MatchUtbildning was updated during the download: \
         2026-11-20T08:00:00 became 2026-11-21T08:00:00"
    );
}

#[tokio::test]
async fn answers_that_are_none_carry_source_call_and_place() {
    let sandbox = sandbox(unlimited()).await;
    let fault = async |format: &str, kind: FaultKind, after: u32| {
        let mut fault = Fault::new("MatchUtbildning", kind);
        fault.after = after;
        sandbox.behave();
        sandbox.order(fault);
        let post = at(&sandbox, Installation { formats: vec![format.to_owned()], ..Installation::default() });
        let error = post.run(FetchKind::Pxweb(matching())).await.map(drop).unwrap_err();
        error.to_string().replace(&base(&sandbox), "BASE")
    };
    let call = "prov: POST BASE/AM/AM0210/MatchUtbildning";
    // The metadata and the cell of each content pass.
    let message = fault("json-stat2", FaultKind::Html200, 2).await;
    assert!(
        message.starts_with(&format!("{call} was answered with text/html; charset=utf-8 instead of JSON")),
        "{message}"
    );
    let message = fault("px", FaultKind::Html200, 2).await;
    assert!(
        message.starts_with(&format!("{call}: the body is not a PX file: it begins with \"<!DOCTYPE html>")),
        "{message}"
    );
    let message = fault("csv3", FaultKind::Html200, 1).await;
    assert!(message.starts_with(&format!("{call}: the body is not a CSV file of PxWeb: it begins with")), "{message}");
    let message = fault("px", FaultKind::Truncate, 2).await;
    assert!(
        message.starts_with(&format!("{call}: DATA at byte ")) && message.contains("the file ends before the"),
        "{message}"
    );
    let message = fault("json-stat", FaultKind::Truncate, 2).await;
    assert!(message.starts_with(&format!("{call}: the body is cut off or broken at byte ")), "{message}");
    let message = fault("json-stat2", FaultKind::LostCode, 2).await;
    assert_eq!(message, format!("{call}: dimension \"Region\" has no code \"0192\", which was asked for"));
    let message = fault("json-stat2", FaultKind::Html200, 0).await;
    assert!(message.starts_with("prov: GET BASE/AM/AM0210/MatchUtbildning was answered with text/html"), "{message}");
    let message = fault("json-stat", FaultKind::DuplicateKommun, 2).await;
    assert!(message.starts_with(&format!("{call}: ")) && message.contains("comes twice"), "{message}");
}

#[tokio::test]
async fn folders_and_tables_can_be_browsed() {
    let sandbox = sandbox(unlimited()).await;
    let post = at(&sandbox, Installation::default());
    let courier: &Courier = &post.courier;
    let found = browse::search(courier, "matchning arbetsmarknaden").await.unwrap();
    let ids: Vec<&str> = found.iter().map(|entry| entry.id.as_str()).collect();
    assert_eq!(ids, ["AM/AM0210/MatchUtbildning"]);
    assert_eq!(found[0].updated.as_deref(), Some("2026-11-20T08:00:00"));
    let inside = browse::search(courier, "AM/AM0210").await.unwrap();
    assert_eq!(inside.len(), 2, "a folder's path lists it");
    let told = browse::describe(courier, "AM/AM0210/MatchUtbildning").await.unwrap();
    assert_eq!(told.periods, ["2021", "2022", "2023", "2024"]);
    assert_eq!(told.eliminable, ["Region"]);
    assert!(told.notes.iter().any(|note| note.contains("Två prickar")));
    let proposal = told.proposal.unwrap();
    let lines: Vec<&str> = proposal.fetch.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(
        lines,
        [
            "table = \"AM/AM0210/MatchUtbildning\"",
            "select.Region = \"*\"",
            "select.Utbildning = \"*\"",
            "select.Tid = \"*\"",
            "rename.Region = \"kod\"",
            "rename.Tid = \"period\"",
            "measures.0000S2A1 = \"matchad_forvarvsgrad\"",
            "measures.0000S2A2 = \"personer_i_utbildningsgruppen_justerat\"",
        ]
    );
    assert!(toml::from_str::<toml::Table>(&proposal.fetch).is_ok());
    assert_eq!((proposal.region.as_deref(), proposal.period.as_deref()), (Some("kod"), Some("period")));
    assert!(proposal.columns.iter().any(|column| column.kind == "float64" && column.decimals == Some(1)));
}

#[tokio::test]
async fn the_stand_in_agrees_with_every_assumption() {
    let sandbox = sandbox(Options { max_cells: 1000, ..unlimited() }).await;
    let base = base(&sandbox);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let item = |code: &str, values: &[&str]| serde_json::json!({"code": code, "selection": {"filter": "item", "values": values}});
    let query = |query: Vec<serde_json::Value>| {
        serde_json::json!({"query": query, "response": {"format": "json-stat2"}}).to_string()
    };
    let list =
        serde_json::json!({"code": "Utbildning", "selection": {"filter": "agg:Utbildningsnivå", "values": ["G"]}});
    let all = serde_json::json!({"code": "Region", "selection": {"filter": "all", "values": ["*"]}});
    for assumption in ASSUMPTIONS {
        let filled = |path: &str| path.replace("{table}", "AM/AM0210/MatchUtbildning").replace("{folder}", "AM/AM0210");
        let table = format!("{base}/AM/AM0210/MatchUtbildning");
        let request = match (assumption.ask, assumption.name) {
            (Ask::Get(path), _) => client.get(format!("{base}{}", filled(path))),
            (Ask::Post { path, body }, _) => client.post(format!("{base}{}", filled(path))).body(body),
            // What no probe may ask for on purpose, since it can't know of a table that would do.
            (Ask::Nothing, "pxweb-v1.data.too-large") => client.post(table).body(query(vec![all.clone()])),
            (Ask::Nothing, "pxweb-v1.codelist.filters") => {
                client.post(table).body(query(vec![list.clone(), item("Tid", &["2024"])]))
            }
            (Ask::Nothing, _) => continue,
        };
        let answer = request.send().await.unwrap();
        let seen = Observed {
            url: answer.url().to_string(),
            status: answer.status().as_u16(),
            headers: BTreeMap::new(),
            fetched_at: jiff::Timestamp::UNIX_EPOCH,
            body: answer.bytes().await.unwrap(),
        };
        assert_eq!((assumption.judge)(&seen), Finding::Agrees, "{}", assumption.name);
    }
}

#[test]
fn recorded_answers_agree_with_the_assumptions() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/real/pxweb/scb_v1/");
    for (name, file) in [
        ("pxweb-v1.config.limits", "config_query_param.json"),
        ("pxweb-v1.listing.updated", "BE0101A_listing_en.json"),
        ("pxweb-v1.listing.updated", "BE0101A_listing_en_2023.json"),
        ("pxweb-v1.table.variables", "BefolkningNy_metadata_en_2023.json"),
    ] {
        let Ok(body) = std::fs::read(format!("{folder}{file}")) else {
            println!("skipped: no recorded {file}");
            continue;
        };
        let seen = Observed {
            url: file.to_owned(),
            status: 200,
            headers: BTreeMap::new(),
            fetched_at: jiff::Timestamp::UNIX_EPOCH,
            body: body.into(),
        };
        let assumption = ASSUMPTIONS.iter().find(|one| one.name == name).unwrap();
        assert_eq!((assumption.judge)(&seen), Finding::Agrees, "{file}");
    }
}
