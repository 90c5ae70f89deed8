//! The rules of the format.

use super::*;

const HEAD: &str = "CHARSET=\"ANSI\";\nSTUB=\"region\",\"kön\";\nHEADING=\"år\";\n\
    VALUES(\"region\")=\"Riket\",\"Stockholms län\";\nCODES(\"region\")=\"00\",\"01\";\n\
    VALUES(\"kön\")=\"män\",\"kvinnor\";\nVALUES(\"år\")=\"2023\",\"2024\";\nTIMEVAL(\"år\")=TLIST(A1),\"2023\",\"2024\";\n\
    DECIMALS=0;\n";

fn file(more: &str, data: &str) -> Vec<u8> {
    format!("{HEAD}{more}\nDATA=\n{data}").into_bytes()
}

fn fault(more: &str, data: &str) -> String {
    let body = file(more, data);
    let error = metadata(&body, None).unwrap_err().to_string();
    // The place counts from the end of the part that all tests share.
    let shared = HEAD.len();
    match error.split_once(" at byte ") {
        Some((keyword, rest)) => {
            let (offset, reason) = rest.split_once(": ").unwrap();
            format!("{keyword} +{}: {reason}", offset.parse::<usize>().unwrap() - shared)
        }
        None => error,
    }
}

#[test]
fn the_stub_moves_slowest_and_every_separator_parts_cells() {
    let rows = decoded(&file("", "1 2,3\t4;5\r\n6 7 8;\n"));
    assert_eq!(
        rows,
        [
            "00|män|2023|1|observed|",
            "00|män|2024|2|observed|",
            "00|kvinnor|2023|3|observed|",
            "00|kvinnor|2024|4|observed|",
            "01|män|2023|5|observed|",
            "01|män|2024|6|observed|",
            "01|kvinnor|2023|7|observed|",
            "01|kvinnor|2024|8|observed|",
        ]
    );
}

#[test]
fn symbols_stay_as_they_are_written_quoted_or_bare() {
    let body = file("DATASYMBOL1=\"noll\";DATASYMBOLNIL=\"inget\";", "\"..\" .. \"-\" - . \"......\" -0 +7;");
    let rows: Vec<String> = decoded(&body).iter().map(|row| row.splitn(4, '|').nth(3).unwrap().to_owned()).collect();
    assert_eq!(
        rows,
        [
            "|missing|..",
            "|missing|..",
            "|missing|-",
            "|missing|-",
            "|not_applicable|.",
            "|missing|......",
            "0|observed|",
            "7|observed|"
        ]
    );
    let shown = metadata(&body, None).unwrap().symbols;
    assert_eq!(shown, [(".", "noll"), ("-", "inget")].map(|(one, text)| (one.to_owned(), text.to_owned())).into());
}

#[test]
fn a_mark_on_a_cell_is_its_symbol_and_leaves_the_value() {
    let notes = "DATANOTECELL(\"01\",\"*\",\"2024\")=\" (a\";DATANOTECELL(\"*\",\"män\",\"*\")=\"b\";";
    let rows: Vec<String> = decoded(&file(notes, "1 \"..\" 3 4 5 6 7 8;"))
        .iter()
        .map(|row| row.splitn(4, '|').nth(3).unwrap().to_owned())
        .collect();
    assert_eq!(
        rows,
        [
            "1|observed|b",
            "|missing|..",
            "3|observed|",
            "4|observed|",
            "5|observed|b",
            "6|observed|(a",
            "7|observed|",
            "8|observed|(a"
        ]
    );
}

#[test]
fn rows_with_keys_may_be_left_out_and_are_zeros() {
    let keys = "KEYS(\"region\")=CODES;KEYS(\"kön\")=VALUES;";
    let rows = decoded(&file(keys, "\"01\",\"män\", 5 \"..\"\n\"00\",\"kvinnor\", 1 2;"));
    let rows: Vec<&str> = rows.iter().map(|row| row.splitn(4, '|').nth(3).unwrap()).collect();
    assert_eq!(
        rows,
        [
            "0|observed|",
            "0|observed|",
            "1|observed|",
            "2|observed|",
            "5|observed|",
            "|missing|..",
            "0|observed|",
            "0|observed|"
        ]
    );
    assert_eq!(fault(keys, "\"01\",\"män\",5 6 \"01\",\"män\",5 6;"), "DATA +75: the row of these keys comes twice");
    assert_eq!(fault(keys, "\"02\",\"män\",5 6;"), "DATA +48: \"region\" has no value \"02\"");
    assert_eq!(fault(keys, "5 6;"), "DATA +48: expected the key of \"region\", in quotes");
}

#[test]
fn faults_name_keyword_and_byte() {
    for (more, data, message) in [
        ("", "1 2 3 4 5 6 7;", "DATA +21: the file ends before the last of 8 cells"),
        ("", "1 2 3 4 5 6 7 8 9;", "DATA +23: more follows after the last cell"),
        ("", "1 2 3 4 5 6 7 8", "DATA +22: the file ends before the `;` after the last cell"),
        ("", "1 2 x 4 5 6 7 8;", "DATA +11: \"x\" is neither a number nor a symbol"),
        ("", "1 2 1e999 4 5 6 7 8;", "DATA +11: \"1e999\" is neither a number nor a symbol"),
        ("", "1 2 \"3 4 5 6 7 8;", "DATA +11: a text that begins here has no end"),
        ("SHOWDECIMALS=many;", "1 2 3 4 5 6 7 8;", "SHOWDECIMALS +0: \"many\" is no number of decimals"),
        ("CODES(\"kön\")=\"1\";", "1 2 3 4 5 6 7 8;", "CODES(\"kön\") +0: 1 codes for 2 values"),
        ("CODES(\"kön\")=\"1\",\"1\";", "1 2 3 4 5 6 7 8;", "CODES(\"kön\") +0: code \"1\" comes twice"),
        ("CONTVARIABLE=\"typ\";", "1 2 3 4 5 6 7 8;", "CONTVARIABLE +0: \"typ\" is no variable of the table"),
        (
            "ELIMINATION(\"kön\")=\"totalt\";",
            "1 2 3 4 5 6 7 8;",
            "ELIMINATION(\"kön\") +0: \"kön\" has no value \"totalt\"",
        ),
        ("DATANOTECELL(\"*\")=\"a\";", "1 2 3 4 5 6 7 8;", "DATANOTECELL(\"*\") +0: 1 values for 3 variables"),
    ] {
        assert_eq!(fault(more, data), message, "{more} {data}");
    }
    assert_eq!(
        metadata(b"STUB=\"a\";VALUES(\"a\")=\"1\",\"2\";VALUES(\"a\")=\"1\";HEADING=\"a\";DATA=1 2;", None)
            .unwrap_err()
            .to_string(),
        "STUB and HEADING name variable \"a\" twice"
    );
    let wide: Vec<String> = (0..6)
        .map(|place| {
            let values: Vec<String> = (0..50).map(|value| format!("\"{value}\"")).collect();
            format!("VALUES(\"v{place}\")={};", values.join(","))
        })
        .collect();
    let names: Vec<String> = (0..6).map(|place| format!("\"v{place}\"")).collect();
    let body = format!("STUB={};{}DATA=1;", names.join(","), wide.concat());
    assert_eq!(
        metadata(body.as_bytes(), None).unwrap_err().to_string(),
        "the cube is [50, 50, 50, 50, 50, 50], more than 50000000 cells"
    );
}

#[test]
fn a_language_is_read_where_the_file_has_it() {
    let more = "LANGUAGE=\"sv\";LANGUAGES=\"sv\",\"en\";TITLE=\"Folk\";TITLE[en]=\"People\";STUB[en]=\"region\",\"sex\";\
        HEADING[en]=\"year\";VALUES[en](\"sex\")=\"men\",\"women\";NOTEX=\"Obs\";NOTEX[en]=\"Mind\";\
        ELIMINATION(\"region\")=\"Riket\";ELIMINATION[en](\"region\")=\"Riket\";UNITS=\"antal\";";
    let body = file(more, "1 2 3 4 5 6 7 8;");
    let own = metadata(&body, None).unwrap();
    let english = metadata(&body, Some("en")).unwrap();
    assert_eq!((own.label.as_str(), english.label.as_str()), ("Folk", "People"));
    assert_eq!((own.notes, english.notes.clone()), (vec!["Obs".to_owned()], vec!["Mind".to_owned()]));
    let sex = |meta: &CubeMeta| (meta.id_of(1), meta.dimensions[1].label.clone(), meta.dimensions[1].codes.clone());
    assert_eq!(
        sex(&english),
        (
            "kön".to_owned(),
            "sex".to_owned(),
            vec![("män".to_owned(), "men".to_owned()), ("kvinnor".to_owned(), "women".to_owned())]
        )
    );
    assert_eq!(english.dimensions[0].elimination_value.as_deref(), Some("00"));
    assert_eq!(english.unit.as_deref(), Some("antal"), "said in the file's own language alone");
    assert_eq!(metadata(&body, Some("fi")).unwrap_err().to_string(), "the file has no language \"fi\", only sv, en");
}

impl CubeMeta {
    fn id_of(&self, place: usize) -> String {
        self.dimensions[place].id.clone()
    }
}

#[test]
fn decimals_are_promised_as_far_as_the_cells_keep_them() {
    let contents = "CONTVARIABLE=\"kön\";PRECISION(\"kön\",\"män\")=2;UNITS=\"antal\";UNITS(\"män\")=\"kg\";";
    let meta = metadata(&file(contents, "1.25 2 3 4 5 6 7 8;"), None).unwrap();
    assert_eq!(meta.metric.as_deref(), Some("kön"));
    assert_eq!(meta.dimensions[1].decimals_by_code, [("män".to_owned(), 2), ("kvinnor".to_owned(), 0)].into());
    let units = [("män", "kg"), ("kvinnor", "antal")].map(|(one, unit)| (one.to_owned(), unit.to_owned()));
    assert_eq!(meta.dimensions[1].unit_by_code, units.into());
    // What is shown without decimals has some all the same.
    let meta = metadata(&file(contents, "1.25 2 3.5 4 5 6 7 8;"), None).unwrap();
    assert_eq!(meta.dimensions[1].decimals_by_code, [("män".to_owned(), 2)].into());
}

#[test]
fn numbers_for_codes_are_what_pxweb_makes_of_a_file_without() {
    let names = Names {
        ids: [("kön", "Kon"), ("år", "Tid"), ("region", "Region")]
            .map(|(one, id)| (one.to_owned(), id.to_owned()))
            .into(),
        codes: [(
            "Kon".to_owned(),
            [("män", "0"), ("kvinnor", "1")].map(|(text, code)| (text.to_owned(), code.to_owned())).into(),
        )]
        .into(),
    };
    let mut layout = whole(&metadata(&file("", "1 2 3 4 5 6 7 8;"), None).unwrap());
    for (dimension, id) in layout.dimensions.iter_mut().zip(["Region", "Kon", "Tid"]) {
        id.clone_into(&mut dimension.id);
    }
    layout.dimensions[1].codes = vec!["1".to_owned(), "0".to_owned()];
    let batch = decode_as(&file("", "1 2 3 4 5 6 7 8;"), &layout, &names).unwrap();
    assert_eq!(rows(&batch)[..3], ["00|0|2023|1|observed|", "00|0|2024|2|observed|", "00|1|2023|3|observed|"]);
}
