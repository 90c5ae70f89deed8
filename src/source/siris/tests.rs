//! Against the stand-in, and against servers that misbehave.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use super::assumptions::ASSUMPTIONS;
use crate::config::{FetchKind, FileFetch, FileFormat, FileLocation, SirisFetch, SourceKind, ValueType, Years};
use crate::contract::Status;
use crate::reference::Reference;
use crate::sandbox::{Options, Sandbox, start};
use crate::source::assumption::{Ask, Finding, Observed};
use crate::source::hostile::server;
use crate::source::testing::Post;

const SYMBOLS: &[(&str, Status)] = &[
    ("", Status::Missing),
    (".", Status::Missing),
    ("..", Status::Suppressed),
    ("~", Status::Unreliable),
    ("cirka", Status::Unreliable),
];

async fn sandbox() -> (Sandbox, Post) {
    let reference = Reference::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("reference")).unwrap();
    let sandbox = start(([127, 0, 0, 1], 0).into(), reference, Options::default()).await.unwrap();
    let post = Post::to(&format!("http://{}/siris/reports/export_api", sandbox.addr), SourceKind::Siris);
    (sandbox, post.knowing(SYMBOLS))
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(heading, column)| ((*heading).to_owned(), (*column).to_owned())).collect()
}

fn costs(years: Years, municipality: Option<&str>) -> FetchKind {
    FetchKind::Siris(SirisFetch {
        export: 42,
        years,
        county: None,
        municipality: municipality.map(str::to_owned),
        texts: map(&[("Kommunkod", "kod"), ("Typ av huvudman", "huvudman")]),
        numbers: map(&[
            ("Elever", "elever"),
            ("Totalt per elev", "totalt"),
            ("Elevhälsa per elev", "elevhalsa"),
            ("Elevvård per elev", "elevhalsa"),
            ("Andel", "andel"),
        ]),
        parameters: BTreeMap::new(),
    })
}

#[tokio::test]
async fn a_series_over_files_with_other_headings() {
    let (_sandbox, post) = sandbox().await;
    let (plan, harvest, kept) = post.run(costs(Years::From(2011), None)).await.unwrap();
    assert_eq!((plan.calls, plan.lower_bound), (16, 16));
    assert_eq!(harvest.rows, 15 * 290);
    assert!(harvest.notes.contains(&"2026 has no rows: it may not be published yet".to_owned()), "{:?}", harvest.notes);
    let (old, new) = (kept.row(&[("ar", "2012"), ("kod", "1480")]), kept.row(&[("ar", "2025"), ("kod", "1480")]));
    assert!(old["elevhalsa"].ends_with(".5") && new["elevhalsa"].ends_with(".5"));
    assert!(kept.rows().all(|row| row["totalt"].parse::<f64>().unwrap() >= 30_000.0), "thousands are set apart");
    let statuses = |column: &str| -> BTreeMap<(String, String), u64> {
        let mut counts = BTreeMap::new();
        for row in kept.rows() {
            let key = (row[&format!("{column}_symbol")].clone(), row[&format!("{column}_status")].clone());
            *counts.entry(key).or_default() += 1;
        }
        counts
    };
    let pupils = statuses("elever");
    let pair = |symbol: &str, status: &str| (symbol.to_owned(), status.to_owned());
    let kinds: Vec<_> = pupils.keys().cloned().collect();
    assert_eq!(kinds, [pair(".", "missing"), pair("..", "suppressed"), pair("cirka", "unreliable")]);
    assert!(statuses("andel").contains_key(&pair("~", "unreliable")));
    let hundred = kept.rows().find(|row| row["andel_symbol"] == "~").unwrap();
    assert_eq!(hundred["andel"], "100.0");

    let (_, harvest, _) = post.run(costs(Years::List(vec![2020]), Some("1480"))).await.unwrap();
    assert_eq!(harvest.rows, 1);
    let error = post.plan(costs(Years::List(vec![1999]), None)).await.map(drop).unwrap_err();
    assert!(error.to_string().ends_with("/lasar/?pExportID=42 knows no year \"1999\""), "{error}");
    let error = post.run(costs(Years::List(vec![2026]), None)).await.map(drop).unwrap_err();
    assert!(error.to_string().ends_with("none of 1 years has a row"), "{error}");
}

#[tokio::test]
async fn exports_can_be_looked_for() {
    let (_sandbox, post) = sandbox().await;
    let found = super::search(&post.courier, "per län").await.unwrap();
    assert_eq!((found.len(), found[0].id.as_str()), (1, "245"));
    assert_eq!(found[0].title, "Komvux, Kommunnivå, Kostnader: Kostnader per län");
    assert_eq!(super::describe(&post.courier, "245").await.unwrap().periods.len(), 17);
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a small client against loopback")]
async fn the_stand_in_agrees_with_what_is_assumed() {
    let (sandbox, _) = sandbox().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for assumption in ASSUMPTIONS {
        let Ask::Get(path) = assumption.ask else { continue };
        let url = format!("http://{}/siris/reports/export_api{path}", sandbox.addr);
        let response = client.get(&url).send().await.unwrap();
        let status = response.status().as_u16();
        let fetched_at = jiff::Timestamp::UNIX_EPOCH;
        let seen =
            Observed { url, status, fetched_at, headers: BTreeMap::new(), body: response.bytes().await.unwrap() };
        assert_eq!((assumption.judge)(&seen), Finding::Agrees, "{}", assumption.name);
    }
}

const HEAD: &str = "Kommun;Kommunkod;Typ av huvudman;Elever;Totalt per elev;Elevhälsa per elev;Andel\n";

async fn fault(body: impl Into<Vec<u8>>) -> String {
    let body = String::from_utf8_lossy(&body.into()).into_owned();
    let base = server(move |path, _| {
        let years = json!({ "data": [{ "kod": "2020", "namn": "2020" }] }).to_string();
        (200, if path.starts_with("/lasar") { years } else { body.clone() })
    })
    .await;
    let post = Post::to(&base, SourceKind::Siris).knowing(SYMBOLS);
    let error = post.run(costs(Years::Latest(1), None)).await.map(drop).unwrap_err();
    error.to_string().replace(&base, "BASE")
}

#[tokio::test]
async fn files_that_are_none_are_refused_by_name() {
    const CALL: &str = "prov: GET BASE/runexport/?pFormat=csv&pExportID=42&pAr=2020&pLan=&pKommun=&pFlikar=0";
    assert_eq!(
        fault("<html><body>Underhåll</body></html>").await,
        format!(
            "{CALL}: the body is not semicolon-separated text: it begins with \"<html><body>Underhåll</body></html>\""
        )
    );
    assert_eq!(fault("Kommun;Kommunko").await, format!("{CALL}: 2020: no line has any of the headings"));
    assert_eq!(
        fault(HEAD.replace("Elevhälsa", "Hälsa").replace(";Andel", "")).await,
        format!(
            "{CALL}: 2020: line 1 has no heading \"Andel\", nor \"Elevhälsa per elev\" or \"Elevvård per elev\"; it has \
             Kommun; Kommunkod; Typ av huvudman; Elever; Totalt per elev; Hälsa per elev"
        )
    );
    assert_eq!(
        fault(format!("{HEAD}Göteborg;1480;Kommunal;ett;1;2;3\n")).await,
        format!("{CALL}: row 2: column \"elever\" is \"ett\", neither a number nor a symbol of the source")
    );
    assert_eq!(
        fault(format!("{HEAD}Göteborg;1480;Kommunal;1;133 7")).await,
        format!("{CALL}: line 2 has 5 cells, and the headings are 7")
    );
    assert_eq!(
        fault(format!("{}Göteborg\n", HEAD.replace("Andel", "Elevvård per elev;Andel"))).await,
        format!("{CALL}: 2020: column \"elevhalsa\" has more than one heading, \"Elevvård per elev\" among them")
    );
}

/// The service's XML, whose elements are to be looked at first, is read as any file.
#[tokio::test]
async fn an_export_as_xml_is_a_file() {
    const PATH: &str = "runexport/?pFormat=xml&pExportID=42&pAr=2024";
    let base = server(|path, _| {
        let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><export><rad><kommunkod>0128</kommunkod><elever>1 234,5</elever></rad></export>";
        if path == format!("/{PATH}") { (200, body.to_owned()) } else { (404, String::new()) }
    })
    .await;
    let mut file = FileFetch::new(FileLocation::OnSource(PATH.to_owned()), FileFormat::Xml);
    file.record = "export/rad".to_owned();
    file.fields = map(&[("kod", "kommunkod"), ("elever", "elever")]);
    file.columns =
        [("kod", ValueType::Text), ("elever", ValueType::Float64)].map(|(name, kind)| (name.to_owned(), kind)).into();
    file.decimal = ',';
    let (_, harvest, kept) = Post::to(&base, SourceKind::File).run(FetchKind::File(file)).await.unwrap();
    assert_eq!((harvest.rows, kept.row(&[("kod", "0128")])["elever"].as_str()), (1, "1234.5"));
}
