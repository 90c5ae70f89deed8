use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Options, Stage, cells};

const TABLES: &str = "pxweb/api/v2/tables";

fn whole() -> Value {
    json!([
        { "variableCode": "Region", "valueCodes": ["*"] },
        { "variableCode": "Alder", "valueCodes": ["*"], "codelist": "vs_CKM0410årN" },
        { "variableCode": "Kon", "valueCodes": ["TotSa", "1", "2"] },
        { "variableCode": "ContentsCode", "valueCodes": ["000007SF"] },
        { "variableCode": "Tid", "valueCodes": ["TOP(1)"] },
    ])
}

#[tokio::test]
async fn the_configuration_and_the_list_of_tables() {
    let stage = Stage::with(Options { max_cells: 777, ..Options::default() }).await;
    let config = stage.json("pxweb/api/v2/config").await;
    assert_eq!(
        (&config["maxDataCells"], &config["maxCallsPerTimeWindow"], &config["timeWindow"]),
        (&json!(777), &json!(30), &json!(10))
    );

    let page = stage.json(&format!("{TABLES}?pageSize=2")).await;
    assert_eq!(page["page"]["totalElements"], 4, "the discontinued table is not listed");
    let next = page["page"]["links"][0]["href"].as_str().unwrap();
    assert!(next.ends_with("/tables/?lang=sv&pagesize=2&pageNumber=2"), "{next}");
    let second = stage.client.get(next).send().await.unwrap().text().await.unwrap();
    assert!(second.contains("TAB9002"));
    assert_eq!(stage.json(&format!("{TABLES}?includeDiscontinued=true")).await["page"]["totalElements"], 5);
    let found = stage.json(&format!("{TABLES}?query=ålder%20månad")).await;
    assert_eq!(found["tables"][0]["id"], "TAB6471");
    assert_eq!(found["tables"][0]["lastPeriod"], "2026M10");
    assert!(found["tables"][0]["label"].as_str().unwrap().ends_with(" (SYNTETISKA DATA)"));
    assert_eq!(stage.get(&format!("{TABLES}?pageNumber=9")).await.status(), 404);
}

#[tokio::test]
async fn metadata_has_the_codes_of_the_real_table() {
    let stage = Stage::open().await;
    let document = stage.json(&format!("{TABLES}/TAB6471/metadata?lang=sv")).await;
    assert_eq!(document["size"], json!([312, 134, 3, 1, 22]));
    assert_eq!(document["value"], json!([]));
    assert_eq!(document["updated"], "2026-11-20T07:00:00Z");
    assert_eq!(document["extension"]["px"]["aggregallowed"], false);
    let region = &document["dimension"]["Region"];
    assert_eq!(region["category"]["label"]["0114"], "Upplands Väsby");
    assert_eq!(region["extension"]["elimination"], true);
    let href = region["extension"]["codelists"][1]["links"][0]["href"].as_str().unwrap();
    assert!(href.contains("/codeLists/vs_CKM02Län"), "{href}");

    let lan = stage.json(&format!("{TABLES}/TAB6471/metadata?codelist[Region]=vs_CKM02L%C3%A4n")).await;
    assert_eq!(lan["size"][0], 21);
    let list = stage.json("pxweb/api/v2/codeLists/vs_CKM03Kommun").await;
    assert_eq!(list["values"].as_array().unwrap().len(), 290);
    assert_eq!(stage.json("pxweb/api/v2/codelists/vs_CKM035%C3%A5rN").await["values"].as_array().unwrap().len(), 21);
    assert_eq!(stage.get("pxweb/api/v2/codelists/vs_ckm03kommun").await.status(), 400);

    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/real/pxweb/scb_v2/TAB6471_metadata.json");
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: no recorded answers here");
        return;
    };
    let real: Value = serde_json::from_str(&text).unwrap();
    for dimension in ["Region", "Alder", "Kon", "ContentsCode"] {
        assert_eq!(
            document["dimension"][dimension]["category"], real["dimension"][dimension]["category"],
            "{dimension}"
        );
    }
}

#[tokio::test]
async fn counts_add_up_but_for_the_perturbation() {
    let stage = Stage::open().await;
    let document = stage.data("TAB6471", whole()).await;
    assert_eq!(document["size"], json!([312, 11, 3, 1, 1]));
    let values: Vec<i64> = document["value"].as_array().unwrap().iter().map(|value| value.as_i64().unwrap()).collect();
    assert_eq!(values.len(), cells(&document));
    let index = document["dimension"]["Region"]["category"]["index"].as_object().unwrap();
    let total = |region: &str| -> i64 {
        let at = usize::try_from(index[region].as_u64().unwrap()).unwrap() * 33;
        (0..11).map(|age| values[at + age * 3]).sum()
    };
    assert!((8_000_000..13_000_000).contains(&total("00")), "{}", total("00"));
    assert!(total("0180") > 900_000);
    let lan: i64 = index.keys().filter(|code| code.len() == 2 && *code != "00").map(|code| total(code)).sum();
    assert!((lan - total("00")).abs() < 500, "{lan} against {}", total("00"));
    let uneven = values.chunks_exact(3).filter(|cell| cell[0] != cell[1] + cell[2]).count();
    assert!(uneven * 2 > values.len() / 3, "{uneven} of {}", values.len() / 3);
    assert!(values.chunks_exact(3).all(|cell| (cell[0] - cell[1] - cell[2]).abs() < 12));
    assert_eq!(document["dimension"]["Kon"]["extension"]["eliminationValueCode"], "TotSa");
}

#[tokio::test]
async fn selections_by_url_and_by_body_agree() {
    let stage = Stage::open().await;
    let by_url = stage
        .json(&format!(
            "{TABLES}/tab6471/data?valuecodes[region]=01,0180&VALUECODES[Alder]=totsa&valueCodes[ContentsCode]=*&valueCodes[Time]=[range(2025M12,2026M02)]&outputFormat=json-stat2"
        ))
        .await;
    let by_body = stage
        .data(
            "TAB6471",
            json!([
                { "variableCode": "Region", "valueCodes": ["0180", "01"] },
                { "variableCode": "Alder", "valueCodes": ["TotSA"] },
                { "variableCode": "ContentsCode", "valueCodes": ["000007SF"] },
                { "variableCode": "Tid", "valueCodes": ["2025M12", "FROM(2026M01)", "TO(2026M02)"] },
            ]),
        )
        .await;
    assert_eq!(by_url["id"], json!(["Region", "Alder", "ContentsCode", "Tid"]), "sex is eliminated");
    assert_eq!(by_url["size"], json!([2, 1, 1, 3]));
    assert_eq!(by_body["size"], json!([2, 1, 1, 22]));
    assert_eq!(by_body["value"][11], by_url["value"][0]);
    let placed = stage.json(&format!(
        "{TABLES}/TAB6471/data?valueCodes[Region]=00&valueCodes[Alder]=TotSA&valueCodes[ContentsCode]=*&valueCodes[Tid]=TOP(2)&heading=Region"
    )).await;
    assert_eq!(placed["id"], json!(["Alder", "ContentsCode", "Tid", "Region"]));
    let silent = stage.json(&format!("{TABLES}/TAB6471/data")).await;
    assert_eq!(silent["id"], json!(["Alder", "ContentsCode", "Tid"]), "no selection drops the region in silence");
}

#[tokio::test]
async fn a_code_list_gives_its_own_codes_unless_told_otherwise() {
    let stage = Stage::open().await;
    let list = |values: Option<&str>| {
        let mut education =
            json!({ "variableCode": "Utbildning", "valueCodes": ["G"], "codelist": "agg_Utbildningsnivå" });
        if let Some(values) = values {
            education["outputValues"] = json!(values);
        }
        json!([education, { "variableCode": "ContentsCode", "valueCodes": ["*"] }, { "variableCode": "Tid", "valueCodes": ["*"] }])
    };
    for (values, expected) in
        [(None, &["G"][..]), (Some("aggregated"), &["G"]), (Some("single"), &["53B", "53E", "53F", "53V"])]
    {
        let document = stage.data("TAB9002", list(values)).await;
        let index = document["dimension"]["Utbildning"]["category"]["index"].as_object().unwrap();
        let mut codes: Vec<&str> = index.keys().map(String::as_str).collect();
        codes.sort_unstable();
        assert_eq!(codes, expected, "{values:?}");
    }
    let by_url = stage
        .json(&format!(
            "{TABLES}/TAB9002/data?valueCodes[Utbildning]=G&codelist[Utbildning]=agg_Utbildningsnivå&outputvalues[utbildning]=single&valueCodes[ContentsCode]=*&valueCodes[Tid]=*"
        ))
        .await;
    assert_eq!(by_url["size"], json!([4, 2, 4]));
}

#[tokio::test]
async fn an_installation_may_lack_json_stat() {
    let stage =
        Stage::with(Options { pxweb_formats: vec!["px".to_owned(), "csv".to_owned()], calls: 0, ..Options::default() })
            .await;
    let config = stage.json("pxweb/api/v2/config").await;
    assert_eq!((&config["dataFormats"], &config["defaultDataFormat"]), (&json!(["px", "csv"]), &json!("px")));
    let data = format!(
        "{TABLES}/TAB9003/data?valueCodes[Region]=00&valueCodes[Sektor]=*&valueCodes[ContentsCode]=*&valueCodes[Tid]=2024K4"
    );
    assert_eq!(stage.get(&format!("{data}&outputFormat=json-stat2")).await.status(), 400);
    assert!(stage.get(&data).await.text().await.unwrap().starts_with("CHARSET=\"ANSI\";"));
    let csv = async |more: &str| {
        let text = stage.get(&format!("{data}&outputFormat=CSV{more}")).await.text().await.unwrap();
        text.lines().map(|line| line.rsplit_once(',').unwrap().0.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        csv("").await,
        ["\"region\",\"sektor\"", "\"Riket\",\"privat sektor\"", "\"Riket\",\"offentlig sektor\""]
    );
    assert_eq!(
        csv("&outputFormatParams=usecodes").await,
        ["\"Region\",\"Sektor\"", "\"00\",\"priv\"", "\"00\",\"OFF\""]
    );
}

#[tokio::test]
async fn decimals_symbols_and_aggregations() {
    let stage = Stage::open().await;
    let all = |extra: Value| {
        let mut list = vec![
            json!({ "variableCode": "ContentsCode", "valueCodes": ["*"] }),
            json!({ "variableCode": "Tid", "valueCodes": ["*"] }),
        ];
        list.extend(extra.as_array().unwrap().clone());
        Value::Array(list)
    };
    let rates = stage
        .post(&format!("{TABLES}/TAB9001/data"), &json!({ "selection": all(json!([])) }))
        .await
        .text()
        .await
        .unwrap();
    let values = rates.split("\"value\":[").nth(1).unwrap().split(']').next().unwrap();
    let (rates, counts): (Vec<&str>, Vec<&str>) = values.split(',').partition(|value| value.contains('.'));
    assert_eq!((rates.len(), counts.len()), (7, 7));

    let groups = json!([{ "variableCode": "Region", "valueCodes": ["*"] }, { "variableCode": "Utbildning", "valueCodes": ["*"] }]);
    let matched = stage.data("TAB9002", all(groups)).await;
    let values = matched["value"].as_array().unwrap();
    assert_eq!(values.len(), cells(&matched));
    let mut symbols = BTreeMap::new();
    for (at, symbol) in matched["status"].as_object().unwrap() {
        let null = values[at.parse::<usize>().unwrap()].is_null();
        *symbols.entry((symbol.as_str().unwrap(), null)).or_insert(0) += 1;
    }
    let seen: Vec<(&str, bool)> = symbols.keys().copied().collect();
    assert_eq!(seen, [("-", true), (".", true), ("..", true), ("...", true), ("p", false)]);
    assert_eq!(
        values.iter().filter(|value| value.is_null()).count(),
        symbols.iter().filter(|((_, null), _)| *null).map(|(_, n)| n).sum::<usize>()
    );

    let level = json!([
        { "variableCode": "Region", "valueCodes": ["*"] },
        { "variableCode": "Utbildning", "valueCodes": ["G", "E"], "codelist": "agg_Utbildningsnivå" },
    ]);
    let levels = stage.data("TAB9002", all(level)).await;
    assert_eq!(levels["dimension"]["Utbildning"]["category"]["label"]["G"], "gymnasial");
    let parts = ["53B", "53E", "53F", "53V"];
    let count = |document: &Value, code: &str| -> Option<i64> {
        let group = document["dimension"]["Utbildning"]["category"]["index"][code].as_u64().unwrap();
        document["value"][usize::try_from(group * 8 + 4).unwrap()].as_i64()
    };
    let sum: Option<i64> = parts.iter().map(|code| count(&matched, code)).sum();
    assert_eq!(count(&levels, "G"), sum);
}

#[tokio::test]
async fn refusals_are_those_of_the_real_server() {
    let stage = Stage::with(Options { calls: 0, max_cells: 1000, ..Options::default() }).await;
    let rest = "valueCodes[ContentsCode]=*&valueCodes[Tid]=TOP(1)";
    for (path, status, inside, title) in [
        ("tables/TAB1", 404, 404, "Non-existent table"),
        ("tables/TAB1/metadata", 404, 404, "Non-existent table"),
        ("tables/TAB1/data", 400, 404, "Non-existent table"),
        ("tables/TAB6471/data?valueCodes[Region]=00", 400, 400, "Missing selection for mandantory variable"),
        (&format!("tables/TAB6471/data?valueCodes[Alder]=TotSa1&{rest}"), 400, 400, "Non-existent value"),
        (&format!("tables/TAB6471/data?valueCodes[Alder]=TOP(0)&{rest}"), 400, 400, "Illegal selection expression"),
        (
            &format!("tables/TAB6471/data?valueCodes[Alder]=[TOP(1,999)]&{rest}"),
            400,
            400,
            "Illegal selection for mandantory variable",
        ),
        (&format!("tables/TAB6471/data?valueCodes[Yrke]=1&{rest}"), 400, 400, "Non-existent variable"),
        (
            &format!("tables/TAB6471/data?valueCodes[Alder]=*&valueCodes[Region]=*&{rest}"),
            400,
            400,
            "Too many cells selected",
        ),
        (
            &format!("tables/TAB6471/data?valueCodes[Alder]=*&codelist[Alder]=x&{rest}"),
            400,
            400,
            "Non-existent codelist",
        ),
        (&format!("tables/TAB6471/data?valueCodes[Alder]=1&{rest}&heading=Kon"), 400, 400, "Illegal placment"),
        ("tables/TAB6471/data?outputFormat=xlsx", 400, 400, "Unsupported output format"),
        ("tables?lang=fi", 400, 400, "Unsupported language"),
    ] {
        let response = stage.get(&format!("pxweb/api/v2/{path}")).await;
        assert_eq!(response.status(), status, "{path}");
        assert!(response.headers()["content-type"].to_str().unwrap().starts_with("application/problem+json"));
        let problem: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert_eq!(problem, json!({ "type": "Parameter error", "title": title, "status": inside }), "{path}");
    }
    let twice = stage.get(&format!("{TABLES}/TAB6471/data?valueCodes[Alder]=1,1&{rest}")).await;
    assert_eq!(twice.status(), 500);
    assert_eq!(twice.text().await.unwrap(), "");
    let long = stage.get(&format!("{TABLES}/TAB6471/data?valueCodes[Alder]={}", "1,".repeat(1100))).await;
    assert_eq!(long.status(), 404);
    let empty = stage.client.post(stage.url(&format!("{TABLES}/TAB6471/data"))).send().await.unwrap();
    assert_eq!(empty.status(), 400);
}

#[tokio::test]
async fn too_many_calls_are_told_when_to_come_back() {
    let stage = Stage::with(Options { calls: 2, window: Duration::from_mins(1), ..Options::default() }).await;
    assert_eq!(stage.get("pxweb/api/v2/config").await.headers()["x-rate-limit-remaining"], "1");
    stage.get("pxweb/api/v2/config").await;
    let refused = stage.get("pxweb/api/v2/config").await;
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["content-type"], "text/plain");
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait));
    assert_eq!(stage.get("kolada/v3/kpi").await.status(), 200, "the limit is PxWeb's own");
}

#[tokio::test]
async fn large_answers_are_compressed_when_asked() {
    let stage = Stage::open().await;
    let url = stage.url(&format!("{TABLES}/TAB6471/metadata"));
    let plain = stage.client.get(&url).send().await.unwrap().bytes().await.unwrap();
    let response = stage.client.get(&url).header("Accept-Encoding", "br;q=0, gzip").send().await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let packed = response.bytes().await.unwrap();
    assert!(packed.len() < plain.len());
    let mut decoder = async_compression::tokio::bufread::GzipDecoder::new(&packed[..]);
    let mut unpacked = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut decoder, &mut unpacked).await.unwrap();
    assert_eq!(unpacked, plain);
}
