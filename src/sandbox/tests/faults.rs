use serde_json::{Value, json};

use super::{Stage, cells};
use crate::sandbox::{Fault, FaultKind};

const DATA: &str = "pxweb/api/v2/tables/TAB6471/data?valueCodes[Region]=*&valueCodes[Alder]=TotSA&valueCodes[ContentsCode]=*&valueCodes[Tid]=TOP(2)";
const ROWS: &str = "kolada/v3/data/kpi/N18898/year/2023";
const FILE: &str = "filer/ssyk_region_kommun_annonser_2024.json";

async fn order(stage: &Stage, fault: Value) {
    let response = stage.post("_fault", &fault).await;
    assert_eq!(response.status(), 204, "{fault}");
}

#[tokio::test]
async fn answers_are_replaced_cut_and_broken_off() {
    let stage = Stage::open().await;
    let whole = stage.get(DATA).await.bytes().await.unwrap();

    order(&stage, json!({ "path_contains": "/data", "times": 1, "kind": "html200" })).await;
    let html = stage.get(DATA).await;
    assert_eq!(
        (html.status().as_u16(), html.headers()["content-type"].to_str().unwrap()),
        (200, "text/html; charset=utf-8")
    );

    order(&stage, json!({ "path_contains": "/data", "times": 1, "kind": "truncate" })).await;
    assert_eq!(stage.get(DATA).await.bytes().await.unwrap(), whole[..whole.len() / 2]);

    order(&stage, json!({ "path_contains": "/data", "times": 1, "kind": "drop" })).await;
    let dropped = stage.get(DATA).await;
    assert_eq!(dropped.headers()["content-length"].to_str().unwrap(), whole.len().to_string());
    assert!(dropped.bytes().await.is_err());

    order(&stage, json!({ "path_contains": "kpi", "times": 2, "kind": "status", "status": 429, "retry_after": "7" }))
        .await;
    for expected in [429, 429, 200] {
        let answer = stage.get("kolada/v3/kpi").await;
        assert_eq!(answer.status(), expected);
        assert_eq!(answer.headers().contains_key("retry-after"), expected == 429);
    }
    order(&stage, json!({ "path_contains": "/data", "times": 1, "kind": "delay", "delay_ms": 1 })).await;
    assert_eq!(stage.get(DATA).await.bytes().await.unwrap(), whole, "afterwards all is well");
    assert_eq!(stage.post("_fault", &json!({ "kind": "unknown" })).await.status(), 400);
}

#[tokio::test]
async fn data_is_wrong_in_a_well_formed_answer() {
    let stage = Stage::open().await;
    let right = stage.json(DATA).await;
    stage.sandbox.order(Fault { times: Some(1), ..Fault::new("/data", FaultKind::ShortValue) });
    let short = stage.json(DATA).await;
    assert_eq!(short["value"].as_array().unwrap().len() + 1, cells(&short));

    stage.sandbox.order(Fault {
        times: Some(1),
        code: Some("0180".to_owned()),
        ..Fault::new("/data", FaultKind::LostCode)
    });
    let lost = stage.json(DATA).await;
    assert_eq!(lost["size"][0], 311);
    assert_eq!(lost["value"].as_array().unwrap().len(), cells(&lost));
    assert!(lost["dimension"]["Region"]["category"]["index"].get("0180").is_none());

    stage.sandbox.order(Fault { times: Some(1), ..Fault::new("/data", FaultKind::TooManyCells) });
    assert_eq!(stage.json(DATA).await["title"], "Too many cells selected");

    stage.sandbox.order(Fault { times: Some(2), ..Fault::new("TAB6471", FaultKind::LostTable) });
    for (path, status) in [("pxweb/api/v2/tables/TAB6471", 404), (DATA, 400)] {
        let answer = stage.get(path).await;
        assert_eq!(answer.status(), status);
        assert!(answer.text().await.unwrap().contains("\"status\":404"));
    }

    stage.sandbox.order(Fault { times: Some(1), ..Fault::new("/data", FaultKind::DuplicateKommun) });
    let twice = stage.json(DATA).await;
    assert_eq!(twice["dimension"]["Region"]["category"]["index"][1], "00");
    assert_eq!(twice["value"].as_array().unwrap().len(), cells(&twice));
    assert_eq!(stage.json(DATA).await, right);
}

#[tokio::test]
async fn an_unknown_kommun_is_everywhere_and_changes_no_other() {
    let stage = Stage::open().await;
    let before = stage.json(DATA).await;
    stage.sandbox.order(Fault::new("", FaultKind::UnknownKommun));
    let metadata = stage.json("pxweb/api/v2/tables/TAB6471/metadata").await;
    assert_eq!(metadata["dimension"]["Region"]["category"]["index"]["9998"], 312);
    let after = stage.json(DATA).await;
    assert_eq!(after["size"][0], 313);
    assert_eq!(after["value"][2], before["value"][2], "Stockholms län is as it was");
    assert!(after["value"][624].as_i64().unwrap() > 0);
    let rows = stage.json("kolada/v3/data/municipality/9998/kpi/N18898,N01982").await;
    assert!(!rows["values"].as_array().unwrap().is_empty());
    assert!(
        stage.get("filer/ssyk_region_kommun_annonser_2024.json").await.text().await.unwrap().contains("okan_dKo_mmun")
    );
    stage.client.delete(stage.url("_fault")).send().await.unwrap();
    assert_eq!(stage.json(DATA).await, before);
}

#[tokio::test]
async fn a_revision_moves_the_stamp_and_some_values() {
    let stage = Stage::open().await;
    let before = (stage.json(DATA).await, stage.json(ROWS).await, stage.get(FILE).await.headers()["etag"].clone());
    stage.sandbox.order(Fault::new("", FaultKind::Revise));
    let after = stage.json(DATA).await;
    assert_eq!(after["updated"], "2026-11-21T07:00:00Z");
    assert_eq!(stage.json("pxweb/api/v2/tables/TAB6471").await["updated"], "2026-11-21T07:00:00Z");
    let values = |document: &Value| document["value"].as_array().unwrap().clone();
    let changed = values(&before.0).iter().zip(&values(&after)).filter(|(old, new)| old != new).count();
    assert!((1..100).contains(&changed), "{changed}");
    assert_ne!(stage.json(ROWS).await, before.1);
    assert_ne!(stage.get(FILE).await.headers()["etag"], before.2);
    stage.sandbox.behave();
    assert_eq!(stage.json(DATA).await, before.0);
}

#[tokio::test]
async fn a_table_says_something_else_of_itself() {
    const METADATA: &str = "pxweb/api/v2/tables/TAB6471/metadata";
    let stage = Stage::open().await;
    let (before, data) = (stage.json(METADATA).await, stage.json(DATA).await);
    let drift = async |fault: Value| {
        order(&stage, fault).await;
        let after = stage.json(METADATA).await;
        stage.sandbox.behave();
        after["dimension"].clone()
    };
    let after = drift(json!({ "kind": "new_code", "dimension": "Kon", "code": "3" })).await;
    assert_eq!(after["Kon"]["category"]["label"]["3"], "ny kod");
    let after = drift(json!({ "kind": "relabelled_code", "dimension": "Kon", "code": "1" })).await;
    assert_eq!(after["Kon"]["category"]["label"]["1"], "män (ny)");
    let after = drift(json!({ "kind": "renamed_dimension" })).await;
    assert_eq!((&after["Omrade"]["label"], after.get("Region")), (&json!("område"), None));
    let after = drift(json!({ "kind": "changed_unit" })).await;
    let unit = |dimension: &Value| dimension["ContentsCode"]["category"]["unit"]["000007SF"].clone();
    assert_eq!(unit(&after), json!({ "base": "tusental", "decimals": 0 }));
    assert_eq!(unit(&drift(json!({ "kind": "changed_decimals" })).await)["decimals"], 1);
    let after = drift(json!({ "kind": "new_content" })).await;
    assert_eq!(after["ContentsCode"]["category"]["label"]["NYTT"], "nytt innehåll");

    // What is left keeps its own cells.
    order(&stage, json!({ "kind": "removed_code", "dimension": "Region", "code": "00" })).await;
    let shrunk = stage.json(DATA).await;
    assert_eq!((&shrunk["size"][0], &shrunk["value"][0]), (&json!(311), &data["value"][2]));
    stage.sandbox.behave();
    assert_eq!(stage.json(METADATA).await, before);
}

#[tokio::test]
async fn rows_and_keys_come_twice_on_order() {
    let stage = Stage::open().await;
    stage.sandbox.order(Fault::new("", FaultKind::DuplicateKommun));
    let rows = stage.json("kolada/v3/data/kpi/N18898/year/2023").await;
    assert_eq!(rows["values"][0], rows["values"][1]);
    let file = stage.get("filer/ssyk_region_kommun_annonser_2024.json").await.text().await.unwrap();
    let keys: Vec<&str> = file.lines().filter_map(|line| line.split(':').next()).filter(|key| key.len() > 3).collect();
    assert_eq!((keys.len(), keys[0]), (401, keys[1]));
    assert!(serde_json::from_str::<Value>(&file).is_ok());
}

#[tokio::test]
async fn what_comes_is_no_text_or_far_too_much_or_nothing() {
    let stage = Stage::open().await;
    let right = stage.get(DATA).await.bytes().await.unwrap();
    assert!(std::str::from_utf8(&right).is_ok());
    stage.sandbox.order(Fault { times: Some(1), ..Fault::new("/data", FaultKind::Charset) });
    let wrong = stage.get(DATA).await;
    assert!(wrong.headers()["content-type"].to_str().unwrap().contains("utf-8"));
    assert!(std::str::from_utf8(&wrong.bytes().await.unwrap()).is_err());

    stage.sandbox.order(Fault { times: Some(1), size_mib: Some(64), ..Fault::new("/data", FaultKind::Bomb) });
    let bomb = stage.get(DATA).await;
    assert_eq!(bomb.headers()["content-encoding"].to_str().unwrap(), "gzip");
    assert!(bomb.bytes().await.unwrap().len() < 200_000);

    stage.sandbox.order(Fault { times: Some(1), ..Fault::new("/data", FaultKind::Reset) });
    let reset = match stage.client.get(stage.url(DATA)).send().await {
        Ok(response) => response.bytes().await.map(|_| ()),
        Err(error) => Err(error),
    };
    assert!(reset.is_err());
    assert_eq!(stage.get(DATA).await.bytes().await.unwrap(), right, "afterwards all is well");
}

#[tokio::test]
async fn what_is_late_is_not_there_yet_and_pages_come_in_any_order() {
    const METADATA: &str = "pxweb/api/v2/tables/TAB6471/metadata";
    const TABLES: &str = "pxweb/api/v2/tables?pageSize=2";
    let stage = Stage::open().await;
    let periods = async || {
        let index = stage.json(METADATA).await["dimension"]["Tid"]["category"]["index"].clone();
        index.as_object().unwrap().len()
    };
    let stamp = async || stage.json("pxweb/api/v2/tables/TAB6471").await["updated"].as_str().unwrap().to_owned();
    let (all, updated) = (periods().await, stamp().await);
    let rows = stage.json("kolada/v3/data/kpi/N18898/municipality/0180").await["count"].as_u64().unwrap();
    stage.sandbox.order(Fault::new("", FaultKind::LateRelease));
    assert_eq!(periods().await, all - 1);
    assert!(stamp().await < updated);
    assert!(stage.json("kolada/v3/data/kpi/N18898/municipality/0180").await["count"].as_u64().unwrap() <= rows);
    stage.sandbox.behave();
    assert_eq!((periods().await, stamp().await), (all, updated));

    let first = stage.json(TABLES).await;
    stage.sandbox.order(Fault::new("", FaultKind::ReorderedPages));
    let (one, other) = (stage.json(TABLES).await, stage.json(TABLES).await);
    assert!(first["tables"] != one["tables"] && one["tables"] != other["tables"]);
    assert_eq!(first["page"]["totalElements"], other["page"]["totalElements"]);
    let list = "kolada/v3/kpi?per_page=3";
    assert_ne!(stage.json(list).await["values"], stage.json(list).await["values"]);
}
