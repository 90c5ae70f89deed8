//! JSON-stat cubes in every form that the standard and the agencies use.

use serde_json::{Value, json};

use crate::Corpus;

pub fn write(corpus: &Corpus) {
    let values = [
        json!([1, null, 3.5, -4, 0, 7e2]),
        json!({ "0": 1, "3": -4 }),
        json!({}),
        json!(["1", "..", 3, null, ".", ""]),
        json!([9_007_199_254_740_993_i64, 0.1, -0.0, 1e300, 12, 1]),
    ];
    let statuses = [
        Value::Null,
        json!("p"),
        json!({ "1": "..", "5": "p" }),
        json!([null, "..", "", null, "p", null]),
        json!(["p"]),
    ];
    for value in &values {
        for status in &statuses {
            let mut cube = json!({
                "version": "2.0", "class": "dataset", "label": "Prov, påhittade tal", "source": "Prov",
                "updated": "2026-11-23T07:00:00Z", "note": ["Påhittat"],
                "extension": { "noteMandatory": { "0": true }, "px": { "decimals": 1 }, "discontinued": false },
                "role": { "time": ["Tid"], "metric": ["ContentsCode"] },
                "id": ["Region", "ContentsCode", "Tid"], "size": [3, 1, 2],
                "dimension": {
                    "Region": { "label": "region", "category": {
                        "index": { "0114": 2, "00": 0, "01": 1 }, "label": { "00": "Riket", "01": "Stockholms län" } },
                        "extension": { "elimination": true, "eliminationValueCode": "00",
                            "codelists": [{ "id": "vs_lan", "label": "Län" }], "noteMandatory": { "0": true } },
                        "note": ["Ny indelning"] },
                    "ContentsCode": { "category": { "label": { "A": "Antal" },
                        "unit": { "A": { "base": "antal", "decimals": 0 } } } },
                    "Tid": { "category": { "index": ["2023", "2024"] } },
                },
                "value": value,
            });
            if !status.is_null() {
                cube["status"] = status.clone();
            }
            corpus.answer(cube.to_string().as_bytes());
            corpus.add("json_stat", format!("\u{feff}{cube:#}"));
            cube["role"] = json!({});
            cube["size"] = json!(["3", 1, 2]);
            corpus.answer(cube.to_string().as_bytes());
        }
    }
}
