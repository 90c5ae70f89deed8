use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Stage;

fn rows(document: &Value) -> &Vec<Value> {
    document["values"].as_array().unwrap()
}

#[tokio::test]
async fn catalogue_units_and_groups() {
    let stage = Stage::open().await;
    let kpis = stage.json("kolada/v3/kpi").await;
    assert_eq!(rows(&kpis).len(), 27);
    assert_eq!(kpis["next_url"], Value::Null);
    let some = stage.json("kolada/v3/kpi/N01982,N18898,N99999").await;
    assert_eq!(rows(&some).len(), 2, "an unknown id is no error");
    assert_eq!(some["values"][0]["is_divided_by_gender"], true);
    assert_eq!(rows(&stage.json("kolada/v3/kpi?title=YRKESPAKET").await).len(), 4);

    let units = stage.json("kolada/v3/municipality").await;
    assert_eq!(rows(&units).len(), 312);
    assert_eq!(units["values"][0], json!({ "id": "0000", "title": "Riket", "type": "L" }));
    assert_eq!(units["values"][1]["title"], "Region Stockholm");
    assert_eq!(rows(&stage.json("kolada/v3/municipality?region_type=K").await).len(), 290);
    let groups = stage.json("kolada/v3/municipality_groups").await;
    assert_eq!(groups["values"][1]["title"], "Stockholms läns kommuner (ovägt medel)");
    assert_eq!(groups["values"][1]["members"][0], json!({ "member_id": "0114", "member_title": "Upplands Väsby" }));
}

#[tokio::test]
async fn pages_are_followed_to_the_end_and_none_is_missing() {
    let stage = Stage::open().await;
    let whole = stage.json("kolada/v3/data/kpi/N18898/year/2021,2022,2023").await;
    assert_eq!(whole["next_url"], Value::Null);
    let mut next = Some(stage.url("kolada/v3/data/year/2021,2022,2023/kpi/N18898?per_page=100"));
    let mut read = Vec::new();
    while let Some(url) = next {
        let text = stage.client.get(&url).send().await.unwrap().text().await.unwrap();
        let page: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(page["count"], rows(&page).len());
        read.extend(rows(&page).clone());
        next = page["next_url"].as_str().map(str::to_owned);
    }
    assert_eq!(&read, rows(&whole));
    let ids: BTreeSet<&str> = read.iter().map(|row| row["municipality"].as_str().unwrap()).collect();
    assert!(ids.contains("0000") && ids.contains("G2328"));
    assert!(!ids.contains("0001"), "a KPI of kommuner has no regions");
    assert!(ids.iter().filter(|id| !id.starts_with('G')).count() > 280);
}

#[tokio::test]
async fn figures_are_divided_missing_and_deleted_as_in_kolada() {
    let stage = Stage::open().await;
    let mut states = BTreeMap::new();
    let all = stage
        .json("kolada/v3/data/kpi/N18896,N18897,N18898,N18900,N01982/year/2018,2019,2020,2021,2022,2023,2024")
        .await;
    for row in rows(&all) {
        let divided = ["N18900", "N01982"].contains(&row["kpi"].as_str().unwrap());
        assert_eq!(row["values"].as_array().unwrap().len(), if divided { 3 } else { 1 });
        for value in row["values"].as_array().unwrap() {
            let state = (value["value"].is_null(), value["isdeleted"].as_bool().unwrap());
            assert_eq!(value["count"] == 0, state.0);
            *states.entry(state).or_insert(0) += 1;
        }
    }
    assert_eq!(states.keys().copied().collect::<Vec<_>>(), [(false, false), (true, false), (true, true)]);
    assert!(states[&(false, false)] > 10 * states[&(true, false)]);
}

#[tokio::test]
async fn levels_of_education_fill_a_hundred_and_counts_add_up() {
    let stage = Stage::open().await;
    let shares = stage.json("kolada/v3/data/kpi/N01982,N01983,N01984,N01985/municipality/0000,0001/year/2023").await;
    for unit in ["0000", "0001"] {
        for gender in 0..3 {
            let mine = rows(&shares).iter().filter(|row| row["municipality"] == unit);
            let sum: f64 = mine.map(|row| row["values"][gender]["value"].as_f64().unwrap()).sum();
            assert!((sum - 100.0).abs() < 1e-6, "{unit}: {sum}");
        }
    }
    let people = stage.json("kolada/v3/data/kpi/N01955/municipality/0000,0180/year/2015,2025").await;
    for row in rows(&people) {
        let value = |at: usize| row["values"][at]["value"].as_f64().unwrap();
        assert!((value(0) - value(1) - value(2)).abs() < 1e-6);
        assert!(value(0) > 400_000.0);
    }
}

#[tokio::test]
async fn segments_are_limited() {
    let stage = Stage::open().await;
    let many = (0..26).map(|at| format!("{}", 2000 + at)).collect::<Vec<_>>().join(",");
    assert_eq!(stage.get(&format!("kolada/v3/data/kpi/N18898/year/{many}")).await.status(), 400);
    assert_eq!(stage.get("kolada/v3/data/kpi/N18898").await.status(), 400);
    assert_eq!(stage.get("kolada/v3/data/kpi/N18898/land/SE").await.status(), 404);
    assert_eq!(stage.get("kolada/v3/kommun").await.status(), 404);
    assert_eq!(rows(&stage.json("kolada/v3/data/kpi/N99999/year/2023").await).len(), 0);
}
