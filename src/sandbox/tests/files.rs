use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::AsArray;
use reqwest::Method;

use super::Stage;
use crate::reference::Reference;

const FILE: &str = "filer/ssyk_region_kommun_annonser_2024.json";

#[tokio::test]
async fn the_nation_is_the_sum_of_its_lan_and_of_its_kommuner() {
    let stage = Stage::open().await;
    let text = stage.get(FILE).await.text().await.unwrap();
    let ads: BTreeMap<String, BTreeMap<String, u64>> = serde_json::from_str(&text).unwrap();
    assert_eq!(ads.len(), 400);
    let reference = Reference::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("reference")).unwrap();
    let places = &reference.tables["platser"];
    let column = |name| places.column_by_name(name).unwrap().as_string::<i32>().iter().map(Option::unwrap);
    let level: BTreeMap<&str, &str> = column("taxonomi_id").zip(column("niva")).collect();
    let mut national = 0;
    for (group, counts) in &ads {
        let mut sums = BTreeMap::new();
        for (place, count) in counts {
            assert!(*count > 0, "zeros are left out");
            *sums.entry(level[place.as_str()]).or_insert(0) += count;
        }
        assert_eq!(sums.get("riket"), sums.get("lan"), "{group}");
        assert_eq!(sums.get("riket"), sums.get("kommun"), "{group}");
        national += sums.get("riket").copied().unwrap_or_default();
    }
    assert!((600_000..800_000).contains(&national), "{national}");
}

#[tokio::test]
async fn conditional_requests_and_head() {
    let stage = Stage::open().await;
    let first = stage.get(FILE).await;
    let (tag, date) = (first.headers()["etag"].clone(), first.headers()["last-modified"].clone());
    assert_eq!(date, "Fri, 20 Nov 2026 07:00:00 GMT");
    let length = first.bytes().await.unwrap().len();
    for (header, value) in [("If-None-Match", &tag), ("If-Modified-Since", &date)] {
        let again = stage.client.get(stage.url(FILE)).header(header, value).send().await.unwrap();
        assert_eq!(again.status(), 304, "{header}");
        assert_eq!(again.headers()["etag"], tag);
        assert_eq!(again.bytes().await.unwrap().len(), 0);
    }
    let other = stage.client.get(stage.url(FILE)).header("If-None-Match", "\"other\"").send().await.unwrap();
    assert_eq!(other.status(), 200);
    let head = stage.client.request(Method::HEAD, stage.url(FILE)).send().await.unwrap();
    assert_eq!(head.headers()["content-length"].to_str().unwrap(), length.to_string());
    assert_eq!(stage.get("filer/annat.json").await.status(), 404);
}
