use serde_json::{Value, json};

use super::Stage;

#[tokio::test]
async fn the_barometer_is_one_array_with_a_tag() {
    let stage = Stage::open().await;
    let path = "yrkesbarometer/yrkesbarometer.json";
    let response = stage.get(path).await;
    let tag = response.headers()["etag"].clone();
    assert!(response.headers().contains_key("last-modified"));
    let rows: Vec<Value> = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!(rows.len(), 219 * 22);
    assert_eq!((&rows[0]["lan"], &rows[0]["omgang"]), (&json!("00"), &json!("2026-1")));
    assert!(rows.iter().any(|row| row["ssyk"].as_str().unwrap().contains(',')));
    assert!(rows.iter().any(|row| row["del_av_ssyk"] == 1));
    let silent = rows.iter().filter(|row| row["prognos"].is_null()).count();
    assert!((1200..1500).contains(&silent), "{silent}");
    let again = stage.client.get(stage.url(path)).header("If-None-Match", &tag).send().await.unwrap();
    assert_eq!(again.status(), 304);
    assert_eq!(stage.get("yrkesbarometer/annat.json").await.status(), 404);
}

#[tokio::test]
async fn the_taxonomy_has_versions_and_files_of_each() {
    let stage = Stage::open().await;
    let versions = stage.json("taxonomy/main/versions").await;
    let numbers: Vec<&Value> =
        versions.as_array().unwrap().iter().map(|version| &version["taxonomy/version"]).collect();
    assert_eq!(numbers, [&json!(27), &json!(1), &json!(31)], "in no order");
    let file = |version: &str, query: &str| format!("taxonomy/version/{version}/query/{query}/{query}.json");
    for query in [
        "ssyk-level-4-groups",
        "the-ssyk-hierarchy-with-occupations",
        "occupation-fields-with-related-ssyk-level-4-groups-and-occupations",
        "concepts-and-common-relations",
        "eu-regions",
        "concept-types",
    ] {
        let latest = stage.json(&file("latest", query)).await;
        assert_eq!(latest, stage.json(&file("31", query)).await);
        assert!(latest["data"].is_object(), "{query}");
    }
    let hierarchy = stage.json(&file("31", "the-ssyk-hierarchy-with-occupations")).await;
    assert_eq!(hierarchy["data"]["concepts"].as_array().unwrap().len(), 10);
    assert_eq!(stage.get(&file("30", "eu-regions")).await.status(), 404);
    assert_eq!(stage.get(&file("31", "nothing")).await.status(), 404);
}

#[tokio::test]
async fn counts_have_the_limits_of_the_real_ones() {
    let stage = Stage::open().await;
    let search = async |query: &str| stage.json(&format!("jobsearch/search?{query}")).await;
    let values = |document: &Value| document["stats"][0]["values"].as_array().unwrap().len();
    assert_eq!(values(&search("limit=0&stats=region").await), 5, "unless told otherwise");
    assert_eq!(values(&search("limit=0&stats=region&stats.limit=30").await), 21);
    assert_eq!(values(&search("limit=0&stats=occupation-group&stats.limit=30").await), 30);
    let whole = search("limit=0").await;
    assert!((38_000..46_000).contains(&whole["total"]["value"].as_u64().unwrap()), "{whole}");
    assert_eq!((&whole["positions"], &whole["hits"], whole.get("stats")), (&json!(0), &json!([]), None));
    assert_eq!(search("").await["hits"].as_array().unwrap().len(), 10);
    // A name, or an id that nobody has, is no error.
    for unknown in ["region=Stockholm", "region=XXXX_XXX_XXX", "occupation-group=XXXX_XXX_XXX"] {
        assert_eq!(search(&format!("limit=0&{unknown}")).await["total"]["value"], 0, "{unknown}");
    }
    // Places are united; an id and a code are the same.
    let total = async |query: &str| search(&format!("limit=0&{query}")).await["total"]["value"].as_u64().unwrap();
    assert_eq!(total("region=9hXe_F4g_eTG").await, total("region=25").await);
    assert_eq!(total("region=25&municipality=0180").await, total("region=25").await + total("municipality=0180").await);
    assert_eq!(total("region=25&municipality=2580").await, total("region=25").await);
    let (sweden, nowhere, abroad) = (
        total("country=i46j_HmG_v64").await,
        total("unspecified-sweden-workplace=true").await,
        total("abroad=true").await,
    );
    assert!(nowhere > 0 && abroad > 0);
    assert_eq!(sweden + abroad, total("").await);
    assert_eq!(total("occupation-group=5321").await + total("occupation-group=-5321").await, total("").await);

    for (query, name) in
        [("offset=2001", "offset"), ("limit=101", "limit"), ("stats.limit=31", "stats.limit"), ("stats=skill", "stats")]
    {
        let refused = stage.get(&format!("jobsearch/search?{query}")).await;
        assert_eq!(refused.status(), 400, "{query}");
        let body: Value = serde_json::from_str(&refused.text().await.unwrap()).unwrap();
        assert_eq!(body["message"], "Input payload validation failed");
        assert!(body["errors"][name].is_string(), "{body}");
    }
    assert_eq!(
        stage.json("jobsearch/search?offset=2001").await["errors"]["offset"],
        "Invalid argument: 2001. argument must be within the range 0 - 2000"
    );
}

#[tokio::test]
async fn some_concepts_have_no_old_id_and_some_have_two() {
    let stage = Stage::open().await;
    let groups: Vec<(String, String)> = {
        let reference = crate::embedded::reference().unwrap();
        let table = &reference.tables["ssyk"];
        let cell = |column: &str, row| crate::sandbox::lists::text(table, column, row);
        (0..table.num_rows()).map(|row| (cell("ssyk", row), cell("taxonomi_id", row))).collect()
    };
    let ask = async |id: &str| {
        stage
            .json(&format!("jobsearch/search?limit=0&stats=occupation-group&stats.limit=30&occupation-group={id}"))
            .await
    };
    let lost = ask(&groups[13].1).await;
    assert!(lost["total"]["value"].as_u64().unwrap() > 0);
    assert_eq!(lost["stats"][0]["values"], json!([]));
    let busy = groups.iter().enumerate().filter(|(at, _)| at % 50 == 8).map(|(_, group)| group);
    let mut doubled = 0;
    for (_, id) in busy {
        let two = ask(id).await;
        let values = two["stats"][0]["values"].as_array().unwrap();
        assert!(values.iter().all(|value| value["concept_id"] == *id));
        let sum: u64 = values.iter().map(|value| value["count"].as_u64().unwrap()).sum();
        assert_eq!(two["total"]["value"], sum);
        doubled += usize::from(values.len() == 2);
    }
    assert!(doubled > 0);
}
