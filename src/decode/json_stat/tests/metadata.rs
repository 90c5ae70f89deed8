//! `/metadata`: a dataset without cells.

use super::*;

#[test]
fn a_description_without_cells() {
    let body = r#"{"class":"dataset","label":" Folkmängd ","source":"SCB","updated":"2026-06-08T06:00:00Z",
        "note":["måste visas ","kan visas"],"role":{"time":["Tid"],"metric":["ContentsCode"]},
        "id":["Region","ContentsCode","Tid"],"size":[2,2,1],"value":null,
        "dimension":{
          "Tid":{"category":{"index":{"2024":0}}},
          "Region":{"label":"region","category":{"index":{"03":1,"01":0},"label":{"01":"Stockholms län "}},
            "extension":{"elimination":true,"eliminationValueCode":"00","codeLists":[{"id":"vs_Län ","label":" län"}]}},
          "ContentsCode":{"label":"innehåll","category":{"index":["A","B"],"unit":{"A":{"base":"antal","decimals":0},"B":{"base":"procent","decimals":1}}},
            "extension":{"elimination":false}}},
        "extension":{"noteMandatory":{"0":true,"1":false},"px":{"decimals":2,"nextUpdate":"2026-07-08T06:00:00Z"},"discontinued":null}}"#;
    let meta = metadata(body.as_bytes()).unwrap();
    assert_eq!(meta.label, "Folkmängd");
    assert_eq!(meta.updated.as_deref(), Some("2026-06-08T06:00:00Z"));
    assert_eq!(meta.next_update.as_deref(), Some("2026-07-08T06:00:00Z"));
    assert_eq!(meta.notes, ["måste visas"]);
    assert_eq!((meta.time, meta.metric), (vec!["Tid".to_owned()], Some("ContentsCode".to_owned())));
    assert_eq!((meta.decimals, meta.discontinued), (Some(2), None));
    let [region, contents, _] = meta.dimensions.as_slice() else { panic!() };
    let pair = |code: &str, label: &str| (code.to_owned(), label.to_owned());
    assert_eq!(region.codes, [pair("01", "Stockholms län"), pair("03", "03")]);
    assert!(region.elimination);
    assert_eq!(region.elimination_value.as_deref(), Some("00"));
    assert_eq!(region.codelists, [pair("vs_Län ", "län")]);
    assert_eq!(contents.decimals_by_code["B"], 1);
    assert_eq!(contents.unit_by_code["A"], "antal");
}

#[test]
fn without_marks_every_note_counts() {
    let body = r#"{"id":[],"size":[],"dimension":{},"value":[],"note":["a","b"],"extension":{"discontinued":true}}"#;
    let meta = metadata(body.as_bytes()).unwrap();
    assert_eq!(meta.notes, ["a", "b"]);
    assert_eq!(meta.discontinued, Some(true));
}
