//! What is refused, and in which words.

use super::*;

fn refusal(body: &str, layout: &Layout) -> String {
    decode(body.as_bytes(), layout).unwrap_err().to_string()
}

#[test]
fn counts_that_do_not_fit() {
    for (members, expected) in [
        (r#""value":[1,2,3]"#, "the cube is [2, 2] = 4 cells, but `value` holds 3"),
        (r#""value":[1,2,3,4,5]"#, "the cube is [2, 2] = 4 cells, but `value` holds 5"),
        (r#""value":[]"#, "the cube is [2, 2] = 4 cells, but `value` holds 0"),
        (r#""label":"""#, "the cube is [2, 2] = 4 cells, but `value` holds 0"),
        (r#""value":[1,2,3,4],"status":["a","b"]"#, "the cube is [2, 2] = 4 cells, but `status` holds 2"),
        (r#""value":{"4":1}"#, "`value` has cell 4, but the cube ends at 4 cells"),
        (r#""value":{"1":1,"01":1}"#, "`value` has cell 1 twice"),
        (r#""value":{"x":1}"#, "`value` has a cell \"x\""),
        (r#""value":[1,2,3,4],"status":{"4":"a"}"#, "`status` has cell 4, but the cube ends at 4 cells"),
        (r#""value":[1,2,3,true]"#, "`value` holds something else than a number, null or text at byte 192"),
        (r#""value":7"#, "`value` is neither an array nor an object"),
        (r#""value":[1,2,3,4],"value":[1,2,3,4]"#, "member \"value\" comes twice"),
    ] {
        assert_eq!(refusal(&answer(members), &plain()), expected, "{members}");
    }
}

#[test]
fn codes_other_than_those_asked_for() {
    let body = answer(r#""value":[1,2,3,4]"#);
    let mut asked = plain();
    asked.dimensions[1].codes = vec!["2023".to_owned()];
    assert_eq!(refusal(&body, &asked), "dimension \"Tid\" answers code \"2024\", which was not asked for");
    asked.dimensions[1].codes = ["2023", "2024", "2025"].map(str::to_owned).to_vec();
    assert_eq!(refusal(&body, &asked), "dimension \"Tid\" has no code \"2025\", which was asked for");
    asked = plain();
    asked.dimensions.remove(1);
    assert_eq!(refusal(&body, &asked), "dimension \"Tid\" is in the answer but was not asked for");
    asked = plain();
    asked.metric = Some("ContentsCode".to_owned());
    assert_eq!(refusal(&body, &asked), "dimension \"ContentsCode\", which was asked for, is not in the answer");
    let asked = layout(&[("Region", &["01", "03"])], Some("Tid"), &[("2023", ValueType::Int64)]);
    assert_eq!(refusal(&body, &asked), "dimension \"Tid\" answers code \"2024\", which was not asked for");
}

#[test]
fn positions_that_are_no_permutation() {
    for (index, expected) in [
        (
            r#"{"01":0,"03":0}"#,
            "dimension \"Region\": code \"03\" has position 0, which is taken or beyond the last of 2",
        ),
        (
            r#"{"01":0,"03":2}"#,
            "dimension \"Region\": code \"03\" has position 2, which is taken or beyond the last of 2",
        ),
        (r#"["01","01"]"#, "dimension \"Region\": code \"01\" comes twice"),
        (r#"["01"]"#, "dimension \"Region\": `size` is 2, but there are 1 categories"),
        ("null", "dimension \"Region\": `category.index` is missing, which only a single category may do"),
    ] {
        let body = answer(r#""value":[1,2,3,4]"#).replace(r#"{"01":0,"03":1}"#, index);
        assert_eq!(refusal(&body, &plain()), expected);
    }
}

#[test]
fn values_that_cannot_be() {
    let layout = layout(
        &[("Region", &["01", "03"]), ("Tid", &["2023", "2024"])],
        Some("ContentsCode"),
        &[("X", ValueType::Int64)],
    );
    let cube = |value: &str| {
        format!(
            r#"{{"id":["Region","ContentsCode","Tid"],"size":[2,1,2],"value":[{value}],"dimension":{{{DIMENSIONS},"ContentsCode":{{"category":{{"index":["X"]}}}}}}}}"#
        )
    };
    assert_eq!(
        refusal(&cube("1,2.5,3,4"), &layout),
        "the value at Region=01, Tid=2024, ContentsCode=X is 2.5, not a whole number, though the table says 0 decimals"
    );
    assert_eq!(
        refusal(&cube("1,2,99999999999999999999,4"), &layout),
        "the value at Region=03, Tid=2023, ContentsCode=X is 100000000000000000000, not a whole number, though the table says 0 decimals"
    );
    for mark in ["-1e19", "-1000000000000000", "-1E25"] {
        let said = refusal(&cube(&format!("1,2,3,{mark}")), &layout);
        assert!(said.starts_with("the value at Region=03, Tid=2024, ContentsCode=X is -1"), "{said}");
        let mut floats = layout.clone();
        floats.measures[0].kind = ValueType::Float64;
        assert_eq!(refusal(&cube(&format!("1,2,3,{mark}")), &floats), said);
    }
}

#[test]
fn bodies_that_are_something_else() {
    for body in ["<html>", "", "[1]", "null", r#"{"class":"collection"}"#, r#"{"type":"Parameter error","status":400}"#]
    {
        let fault = decode(body.as_bytes(), &plain()).unwrap_err();
        assert!(matches!(fault, DecodeError::NotTheFormat { .. }), "{body}: {fault}");
    }
    assert_eq!(refusal("<html>", &plain()), "the body is not a JSON-stat 2.0 dataset: it begins with \"<html>\"");
}

#[test]
fn bodies_cut_off_or_broken_say_where() {
    let body = answer(r#""value":[1,2,3,4]"#);
    let end = body.find("3,4").unwrap() + 2;
    assert_eq!(
        refusal(&body[..end], &plain()),
        format!("the body is cut off or broken at byte {end}: the text ends too early")
    );
    for (broken, at) in [("[1,2,,3]", 5), ("[1 2]", 3), ("[01,2]", 1), ("[1,nul]", 6), ("[1,1e999]", 3), ("[1,\"a]", 7)]
    {
        let body = answer(&format!("\"value\":{broken}"));
        let Err(DecodeError::Broken { offset, .. }) = decode(body.as_bytes(), &plain()) else { panic!("{broken}") };
        let start = body.find(broken).unwrap() as u64;
        assert!(offset.abs_diff(start + at) <= 2, "{broken}: {offset} {start}");
    }
    assert!(refusal(&format!("{} x", answer(r#""value":[1,2,3,4]"#)), &plain()).contains("more follows"));
}

#[test]
fn cubes_too_large_to_be_true() {
    for size in ["50000001,1", "4294967296,4294967296", "18446744073709551615,2"] {
        let body = answer(r#""value":[1,2,3,4]"#).replace("[2,2]", &format!("[{size}]"));
        let fault = refusal(&body, &plain());
        assert!(fault.ends_with("more than 50000000 cells"), "{fault}");
    }
}

#[test]
fn a_measure_of_text_and_more_measures_than_a_plain_cube_holds() {
    let body = answer(r#""value":[1,2,3,4]"#);
    let mut asked = plain();
    asked.measures[0].kind = ValueType::Text;
    assert!(refusal(&body, &asked).contains("declared as text"));
    asked = plain();
    asked.measures.push(asked.measures[0].clone());
    assert!(refusal(&body, &asked).contains("holds one measure, not 2"));
}
