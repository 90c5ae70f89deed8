//! JSON-stat 1.x, bundles and collections.

use super::*;
use crate::decode::json_stat::older::{dataset, names};

fn old(more: &str) -> String {
    format!(
        r#"{{"label":"T","value":[1,2,3,4],{more}"dimension":{{"id":["Region","Tid"],"Region":{{"category":{{"index":{{"01":0,"03":1}}}}}},
        "size":["2",2],"Tid":{{"category":{{"index":["2023","2024"]}}}},"role":{{"time":["Tid"]}}}}}}"#
    )
}

fn taken(body: &str, name: Option<&str>) -> Vec<String> {
    let document = dataset(body.as_bytes(), name).unwrap();
    assert_eq!(metadata(&document).unwrap().time, ["Tid"]);
    rows(&decode(&document, &plain()).unwrap())
}

const ROWS: [&str; 4] = ["01|2023|1|observed|", "01|2024|2|observed|", "03|2023|3|observed|", "03|2024|4|observed|"];

#[test]
fn one_dataset_of_the_first_version_is_read_wherever_it_stands() {
    assert_eq!(taken(&format!(r#"{{"dataset":{}}}"#, old("")), None), ROWS);
    assert_eq!(taken(&format!(r#"{{"dataset":{}}}"#, old("")), Some("dataset")), ROWS);
    assert_eq!(taken(&old(""), None), ROWS, "the root itself, as some write it");
    assert_eq!(taken(&format!(" {{ \"a\" : {} , \"b\" : {} }} ", old(r#""x":{"id":1},"#), old("")), Some("b")), ROWS);
    let note = format!(r#"{{"note":"n","href":{{"a":1}},"a":{}}}"#, old(r#""status":{"1":"p"},"#));
    assert_eq!(taken(&note, None)[1], "01|2024|2|preliminary|p");
}

#[test]
fn a_bundle_of_several_needs_a_name() {
    let bundle = format!(r#"{{"a":{},"b":{}}}"#, old(""), old(""));
    assert_eq!(names(bundle.as_bytes()).unwrap(), ["a", "b"]);
    let fault = |body: &str, name| dataset(body.as_bytes(), name).unwrap_err().to_string();
    assert_eq!(fault(&bundle, None), "the document holds 2 datasets, and none is chosen: \"a\", \"b\"");
    assert_eq!(fault(&bundle, Some("c")), "the document holds no dataset \"c\"; it holds \"a\", \"b\"");
    for (body, message) in [
        ("[]", "the body is not a JSON-stat dataset, bundle or collection: it begins with \"[]\""),
        ("<html>", "the body is not a JSON-stat dataset, bundle or collection: it begins with \"<html>\""),
        (
            "{\"error\":\"x\"}",
            "the body is not a JSON-stat dataset, bundle or collection: it begins with \"{\\\"error\\\":\\\"x\\\"}\"",
        ),
        (
            "{\"class\":\"dimension\"}",
            "the body is not a JSON-stat dataset, bundle or collection: it begins with \"{\\\"class\\\":\\\"dimension\\\"}\"",
        ),
        ("{\"class\":\"collection\",\"link\":{}}", "the document holds no dataset"),
        (
            "{\"class\":\"collection\",\"link\":{\"item\":[{\"class\":\"dataset\",\"href\":\"https://e.example/a.json\",\"label\":\"A\"}]}}",
            "\"A\" is only a link to a dataset",
        ),
    ] {
        assert_eq!(fault(body, None), message);
    }
}

#[test]
fn a_collection_gives_its_member_by_label_or_address() {
    let member = answer(r#""value":[1,2,3,4],"label":"Ett","href":"https://e.example/ett.json""#);
    let inner = format!(
        r#"{{"class":"collection","link":{{"item":[{{"class":"dataset","label":"Två","href":"u"}},{member}]}}}}"#
    );
    let outer = format!(r#"{{"version":"2.0","class":"collection","link":{{"item":[{inner}]}}}}"#);
    for name in ["Ett", "https://e.example/ett.json", "ett"] {
        let document = dataset(outer.as_bytes(), Some(name)).unwrap();
        assert_eq!(rows(&decode(&document, &plain()).unwrap()), ROWS, "{name}");
    }
    let mut deep = member;
    for _ in 0..10 {
        deep = format!(r#"{{"class":"collection","link":{{"item":[{deep}]}}}}"#);
    }
    assert_eq!(
        dataset(deep.as_bytes(), None).unwrap_err().to_string(),
        "collections within each other, more than 8 deep"
    );
}

#[test]
fn a_fault_is_told_where_it_is_in_the_body_that_came() {
    let body = format!(r#"{{"a":{},"b":{}}}"#, old(""), old("").replace("[1,2,3,4]", "[1,2,tre,4]"));
    // Broken JSON is found as the document is looked through, whichever dataset is asked for.
    let DecodeError::Broken { offset, .. } = dataset(body.as_bytes(), Some("b")).unwrap_err() else { panic!() };
    let place = body.find("tre").unwrap() as u64;
    assert!((place..place + 4).contains(&offset), "{offset}, not {place}");

    let body = format!(r#"{{"a":{},"b":{}}}"#, old(""), old("").replace("[1,2,3,4]", "[1,2,[],4]"));
    let document = dataset(body.as_bytes(), Some("b")).unwrap();
    let place = body.find("[]").unwrap();
    assert_eq!(
        decode(&document, &plain()).unwrap_err().to_string(),
        format!("`value` holds something else than a number, null or text at byte {place}")
    );
}

#[test]
fn recorded_documents_of_every_kind() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/real/pxweb/");
    let read = |name: &str| std::fs::read(format!("{folder}{name}")).ok();
    let Some(v1) = read("scb_v1/BefolkningNy_jsonstat1_sv.json") else {
        println!("skipped: no recorded answers");
        return;
    };
    let meta = metadata(&dataset(&v1, None).unwrap()).unwrap();
    assert_eq!((meta.table.as_deref(), meta.metric.as_deref()), (Some("TAB638"), Some("ContentsCode")));
    assert_eq!(meta.dimensions[1].unit_by_code["BE0101N1"], "antal personer");

    for (name, member, id, codes) in [
        ("jsonstat/three_dim_size_as_string_v1.json", None, "three", 4),
        ("jsonstat/oecd-canada-col.json", Some("oecd"), "area", 36),
        ("jsonstat/oecd-canada-col.json", Some("canada"), "age", 20),
        ("jsonstat/galicia.json", None, "concept", 1),
        ("scb_v2/TAB638_data_POST.json", None, "Tid", 1),
    ] {
        let Some(body) = read(name) else { continue };
        let meta = metadata(&dataset(&body, member).unwrap()).unwrap();
        let dimension = meta.dimensions.iter().find(|one| one.id == id);
        assert!(dimension.is_some_and(|one| one.codes.len() >= codes), "{name}: {:?}", meta.dimensions);
    }
    let Some(uneven) = read("jsonstat/QS104EW.json") else { return };
    let error = metadata(&dataset(&uneven, Some("QS104EW")).unwrap()).unwrap_err().to_string();
    assert_eq!(error, "`id` names 4 dimensions, `size` 3", "as it was recorded");
    let Some(links) = read("jsonstat/collection.json") else { return };
    assert_eq!(names(&links).unwrap().len(), 8);
    let error = dataset(&links, Some("oecd")).unwrap_err().to_string();
    assert!(error.ends_with("is only a link to a dataset"), "{error}");
}
