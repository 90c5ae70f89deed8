//! Each format: what it takes and what it refuses.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::*;
use crate::config::FileLocation;

fn spec(format: FileFormat, columns: &[(&str, ValueType)]) -> FileFetch {
    FileFetch {
        columns: columns.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect::<BTreeMap<_, _>>(),
        ..FileFetch::new(FileLocation::OnSource(String::new()), format)
    }
}

fn map(keys: &[&str], kind: ValueType) -> FileFetch {
    FileFetch {
        keys: keys.iter().map(ToString::to_string).collect(),
        value: Some("antal".to_owned()),
        ..spec(FileFormat::JsonMap, &[("antal", kind)])
    }
}

fn rows(body: impl AsRef<[u8]>, spec: &FileFetch) -> Vec<String> {
    let batch = decode(body.as_ref(), spec).unwrap();
    if let Some(schema) = schema(spec) {
        assert_eq!(batch.schema(), schema);
    }
    let options = FormatOptions::new().with_null("∅");
    let columns: Vec<_> =
        batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
    (0..batch.num_rows())
        .map(|row| columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join("|"))
        .collect()
}

fn refusal(body: impl AsRef<[u8]>, spec: &FileFetch) -> String {
    decode(body.as_ref(), spec).unwrap_err().to_string()
}

use ValueType::{Float64, Int64, Text};

#[test]
fn csv_as_swedish_offices_write_it() {
    let swedish = FileFetch {
        delimiter: b';',
        decimal: ',',
        encoding: "windows-1252",
        ..spec(FileFormat::Csv, &[("andel", Float64), ("antal", Int64), ("kommun", Text)])
    };
    let body = b"kommun;antal;andel;annat\r\n0114;1\xa0234;12,5;x\r\n\"\xc5re; g:a\";;\x20;y\r\n";
    assert_eq!(rows(body, &swedish), ["12.5|observed|∅|1234|observed|∅|0114", "∅|missing|∅|∅|missing|∅|Åre; g:a"]);
}

#[test]
fn csv_without_declared_columns_is_all_text() {
    let text = spec(FileFormat::Csv, &[]);
    assert_eq!(rows("\u{feff}kod,antal\n01,007\n", &text), ["01|007"]);
    assert_eq!(schema(&text), None);
    assert!(rows("kod,antal\n", &text).is_empty());
}

#[test]
fn csv_refusals() {
    let columns = spec(FileFormat::Csv, &[("antal", Int64)]);
    for (body, expected) in [
        ("kod,antal\n01,1\n02,x\n", "row 3: column \"antal\" is \"x\", not a number"),
        ("kod,antal\n01,..\n", "row 2: column \"antal\" is \"..\", not a number"),
        ("kod,antal\n01,1.5\n", "row 2: column \"antal\" is \"1.5\", not a whole number"),
        ("kod,antal\n01,0114\n", "row 2: column \"antal\" is \"0114\", not a number"),
        ("kod,Antal\n01,1\n", "there is no column \"antal\"; the header has kod, Antal"),
        ("kod,kod\n01,1\n", "the header has column \"kod\" twice"),
        ("kod,antal\n01,1\n02\n", "row 3 has 1 fields, the header has 2"),
        ("kod,antal\n01,1,2\n", "row 2 has 3 fields, the header has 2"),
        ("<!DOCTYPE html>", "the body is not CSV: it begins with \"<!DOCTYPE html>\""),
        ("", "the body is not CSV with a header row: it begins with \"\""),
    ] {
        assert_eq!(refusal(body, &columns), expected);
    }
}

#[test]
fn bytes_that_are_not_the_declared_encoding() {
    let csv = spec(FileFormat::Csv, &[]);
    assert_eq!(refusal(b"kod\n\xc5re\n", &csv), "the body is cut off or broken at byte 4: not UTF-8");
    let latin = FileFetch { encoding: "windows-1252", ..csv.clone() };
    assert!(refusal("\u{feff}kod\n", &latin).contains("begins with a UTF-8 mark"));
    let utf16 = FileFetch { encoding: "utf-16le", ..csv };
    assert!(matches!(decode(b"k\0\x00\xd8k\0", &utf16), Err(DecodeError::NotTheFormat { .. })));
}

#[test]
fn records_at_a_pointer_with_nested_leaves() {
    let records = FileFetch {
        pointer: "/svar/0/rader".to_owned(),
        ..spec(FileFormat::JsonRecords, &[("antal", Int64), ("ibland", Float64), ("plats.kod", Text)])
    };
    let body = r#"{"annat":[{"x":1}],"svar":[{"rader":[
        {"antal":3,"plats":{"kod":"01","namn":"A"}},
        {"antal":null,"plats":{},"ibland":null},
        {"antal":"4","plats.kod":"03","lista":[1]}]},{"rader":7}]}"#;
    assert_eq!(
        rows(body, &records),
        ["3|observed|∅|∅|missing|∅|01", "∅|missing|∅|∅|missing|∅|∅", "4|observed|∅|∅|missing|∅|03"]
    );
}

#[test]
fn records_without_declared_columns() {
    let records = spec(FileFormat::JsonRecords, &[]);
    let batch = decode(br#"[{"a":1,"b":{"c":true}},{"d":"x","a":null},{}]"#, &records).unwrap();
    let names: Vec<_> = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["a", "b.c", "d"]);
    assert_eq!(batch.column(2).null_count(), 2);
    assert_eq!(rows(r#"[{"a":1,"b":{"c":true}},{"d":"x","a":null},{}]"#, &records), ["1|true|∅", "∅|∅|x", "∅|∅|∅"]);
}

#[test]
fn record_refusals() {
    let records = spec(FileFormat::JsonRecords, &[("antal", Int64)]);
    let below = FileFetch { pointer: "/a/b".to_owned(), ..records.clone() };
    assert_eq!(
        refusal(r#"[{"antal":1},{"antal":1.5}]"#, &records),
        "row 2: column \"antal\" is \"1.5\", not a whole number"
    );
    assert_eq!(refusal(r#"[{"antal":[1]}]"#, &records), "row 1: column \"antal\" is \"[1]\", not a single value");
    assert_eq!(refusal(r#"[{"antal":true}]"#, &records), "row 1: column \"antal\" is \"true\", not a number");
    assert_eq!(refusal("[1]", &records), "record 1 is not an object");
    assert!(refusal(r#"{"a":{}}"#, &below).starts_with("there is nothing at \"/a/b\""));
    assert!(refusal(r#"{"a":{"b":{}}}"#, &below).contains("expected the array of records at \"/a/b\""));
    assert!(matches!(decode(b"<html>", &records), Err(DecodeError::NotTheFormat { .. })));
    assert!(matches!(decode(br#"[{"antal":1},"#, &records), Err(DecodeError::Broken { offset: 13, .. })));
    assert!(matches!(decode(b"[] []", &records), Err(DecodeError::Broken { .. })));
}

#[test]
fn a_key_that_no_record_has_is_lost_not_missing() {
    let columns = [("antal", Int64), ("plats.kod", Text)];
    for (format, body) in [
        (FileFormat::JsonRecords, r#"[{"Antal":1,"plats":{"kod":"01"}},{"Antal":2}]"#),
        (FileFormat::JsonLines, "{\"Antal\":1,\"plats\":{\"kod\":\"01\"}}\n{\"Antal\":2}\n"),
    ] {
        assert_eq!(refusal(body, &spec(format, &columns)), "no record has \"antal\"; the nearest is \"Antal\"");
    }
    let records = spec(FileFormat::JsonRecords, &columns);
    assert_eq!(
        refusal(r#"[{"antal":1,"plats":{"kode":"01"}}]"#, &records),
        "no record has \"plats.kod\"; the nearest is \"plats.kode\""
    );
    assert_eq!(refusal(r#"[{"antal":1,"x":0}]"#, &records), "no record has \"plats.kod\"");
    assert_eq!(
        rows(r#"[{"antal":1},{"plats":{"kod":"01"}},{}]"#, &records),
        ["1|observed|∅|∅", "∅|missing|∅|01", "∅|missing|∅|∅"]
    );
    assert!(rows("[]", &records).is_empty());
}

#[test]
fn a_key_that_comes_twice_is_refused() {
    let declared = [("antal", Int64), ("plats.kod", Text)];
    for columns in [&declared[..], &[]] {
        let records = spec(FileFormat::JsonRecords, columns);
        for (body, key) in [
            (r#"[{"antal":1,"plats.kod":"01"},{"antal":1,"antal":2}]"#, "record 2 has \"antal\" twice"),
            (r#"[{"antal":1,"plats":{"kod":"01","kod":"01"}}]"#, "record 1 has \"kod\" twice"),
            (r#"[{"antal":1,"plats":{"kod":"01"},"plats.kod":"02"}]"#, "record 1 has \"plats.kod\" twice"),
        ] {
            let said = refusal(body, &records);
            assert!(said.starts_with(key), "{said}");
        }
        let lines = spec(FileFormat::JsonLines, columns);
        let said = refusal("{\"antal\":1,\"plats.kod\":\"01\"}\n{\"antal\":1,\"antal\":1}\n", &lines);
        assert!(said.starts_with("record 2 has \"antal\" twice"), "{said}");
    }
}

#[test]
fn json_lines() {
    let lines = spec(FileFormat::JsonLines, &[("kod", Text), ("varde", Float64)]);
    let body = "{\"kod\":\"01\",\"varde\":1.5}\r\n\n{\"kod\":\"03\"}";
    assert_eq!(rows(body, &lines), ["01|1.5|observed|∅", "03|∅|missing|∅"]);
    let cut = decode(b"{\"kod\":\"01\"}\n{\"kod\":", &lines).unwrap_err();
    assert!(matches!(cut, DecodeError::Broken { offset: 20, .. }), "{cut}");
    assert!(matches!(decode(b"<html>", &lines), Err(DecodeError::NotTheFormat { .. })));
}

#[test]
fn a_map_of_codes() {
    let spec = map(&["yrkesgrupp", "plats"], Int64);
    let body = r#"{"0110":{"01":1,"0114":null},"2512":{"01":"7"},"tom":{}}"#;
    assert_eq!(rows(body, &spec), ["0110|01|1|observed|∅", "0110|0114|∅|missing|∅", "2512|01|7|observed|∅"]);
}

#[test]
fn map_refusals() {
    let spec = map(&["yrkesgrupp", "plats"], Int64);
    for (body, expected) in [
        (r#"{"a":{"b":1,"b":2}}"#, "\"a\" has key \"b\" twice"),
        (r#"{"a":{"b":1},"a":{}}"#, "the outermost object has key \"a\" twice"),
        (r#"{"a":1}"#, "\"a\" is a value, but 2 levels of keys are declared"),
        (r#"{"a":{"b":{"c":1}}}"#, "\"a/b\" holds more than a value, but 2 levels of keys are declared"),
        (r#"{"a":{"b":[1]}}"#, "\"a/b\" holds more than a value, but 2 levels of keys are declared"),
        (r#"{"a":{"b":"x"}}"#, "row 1: column \"antal\" is \"x\", not a number"),
    ] {
        let said = refusal(body, &spec);
        assert!(said.starts_with(expected), "{said}");
    }
    assert!(matches!(decode(br#"{"a":{"b":1"#, &spec), Err(DecodeError::Broken { offset: 11, .. })));
    assert!(refusal("{}", &map(&["antal"], Int64)).contains("names of their own"));
}

#[test]
fn recorded_counts_of_advertisements() {
    let dir = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/real/arbetsformedlingen"));
    let Ok(files) = std::fs::read_dir(dir) else {
        eprintln!("skipped: {} is not here", dir.display());
        return;
    };
    for file in files.map(Result::unwrap).filter(|file| file.file_name().to_string_lossy().ends_with(".json")) {
        let body = std::fs::read(file.path()).unwrap();
        // Whatever the file is, reading it must end in rows or in words.
        let _ = decode(&body, &spec(FileFormat::JsonRecords, &[]));
        let Ok(batch) = decode(&body, &map(&["yrkesgrupp", "plats"], Int64)) else { continue };
        if file.file_name() == "ads2024_ssyk4concept_x_country_region_municipality.json" {
            assert_eq!(batch.num_rows(), 51_936);
            let places = batch.column(1).as_string::<i32>().iter();
            let counts = batch.column(2).as_primitive::<arrow::datatypes::Int64Type>().iter();
            let sweden = places.zip(counts).filter(|(place, _)| *place == Some("i46j_HmG_v64"));
            assert_eq!(sweden.map(|(_, count)| count.unwrap()).sum::<i64>(), 697_030);
        }
    }
}

mod any {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bytes_never_panic(body: Vec<u8>) {
            for format in [FileFormat::Csv, FileFormat::JsonRecords, FileFormat::JsonLines] {
                let _ = decode(&body, &spec(format, &[]));
                let _ = decode(&body, &spec(format, &[("a", Int64)]));
            }
            let _ = decode(&body, &map(&["a"], Text));
        }

        #[test]
        fn csv_comes_back(cells in prop::collection::vec(("[a-zåäö \",;\n]{1,6}", any::<i64>()), 0..20)) {
            let mut writer = ::csv::Writer::from_writer(Vec::new());
            writer.write_record(["kod", "antal"]).unwrap();
            for (text, number) in &cells {
                writer.write_record([text.as_str(), &number.to_string()]).unwrap();
            }
            let body = writer.into_inner().unwrap();
            let expected: Vec<String> =
                cells.iter().map(|(text, number)| format!("{number}|observed|∅|{text}")).collect();
            prop_assert_eq!(rows(&body, &spec(FileFormat::Csv, &[("antal", Int64), ("kod", Text)])), expected);
        }
    }
}

mod packed {
    use std::io::Write as _;

    use super::*;
    use crate::sandbox::office::zipped;

    const BODY: &[u8] = b"kod,antal\n01,7\n";

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        out.write_all(body).unwrap();
        out.finish().unwrap()
    }

    fn csv() -> FileFetch {
        spec(FileFormat::Csv, &[("antal", Int64), ("kod", Text)])
    }

    fn inside(name: &str) -> FileFetch {
        FileFetch { inside: Some(name.to_owned()), ..csv() }
    }

    #[test]
    fn gzip_zstd_and_a_zip_are_opened() {
        let expected = ["7|observed|∅|01"];
        assert_eq!(rows(gzip(BODY), &csv()), expected);
        assert_eq!(rows(zstd::bulk::compress(BODY, 3).unwrap(), &csv()), expected);
        let zip = zipped(&[("las.txt", b"x"), ("mapp/a.csv", BODY), ("mapp/", b"")]).unwrap();
        for name in ["mapp/a.csv", "a.csv", "*.csv", "mapp/*"] {
            assert_eq!(rows(&zip, &inside(name)), expected, "{name}");
        }
        // The same for formats that are read from the end.
        let lines = FileFetch { inside: Some("*.jsonl".into()), ..spec(FileFormat::JsonLines, &[("a", Int64)]) };
        assert_eq!(rows(zipped(&[("b.jsonl", b"{\"a\":1}\n")]).unwrap(), &lines), ["1|observed|∅"]);
    }

    #[test]
    fn what_is_meant_is_said_or_refused() {
        let zip = zipped(&[("a.csv", BODY), ("b.csv", BODY)]).unwrap();
        assert_eq!(
            refusal(&zip, &csv()),
            "the file is a zip, and the fetch does not say which member is meant: it has a.csv, b.csv"
        );
        assert_eq!(refusal(&zip, &inside("*.csv")), "2 members of the zip fit \"*.csv\": a.csv, b.csv");
        assert_eq!(
            refusal(&zip, &inside("c.csv")),
            "no member of the zip fits \"c.csv\"; the nearest is \"a.csv\"; it has a.csv, b.csv"
        );
        assert_eq!(refusal(BODY, &inside("a.csv")), "the body is not a zip: it begins with \"kod,antal\\n01,7\\n\"");
        assert!(refusal(&zip[..zip.len() - 9], &inside("a.csv")).starts_with("the zip is cut off or broken: "));
        let mut wrong = zip.clone();
        // Within the packed bytes of the first member.
        wrong[62] ^= 1;
        assert!(decode(&wrong, &inside("a.csv")).is_err(), "the checksum is compared");
        let cut = gzip(BODY);
        assert!(decode(&cut[..cut.len() - 4], &csv()).is_err());
    }

    #[test]
    fn archives_within_archives_and_bombs_are_refused() {
        let nested = zipped(&[("a.csv", &gzip(BODY)), ("b.csv", &zipped(&[("x", BODY)]).unwrap())]).unwrap();
        for name in ["a.csv", "b.csv"] {
            assert!(refusal(&nested, &inside(name)).starts_with("an archive within an archive is not opened"));
        }
        assert!(refusal(gzip(&gzip(BODY)), &csv()).starts_with("an archive within an archive is not opened"));
        let blanks = vec![b' '; 70 << 20];
        let json = spec(FileFormat::JsonRecords, &[]);
        let within = FileFetch { inside: Some("a.json".to_owned()), ..json.clone() };
        for (packed, spec) in [(gzip(&blanks), json), (zipped(&[("a.json", &blanks)]).unwrap(), within)] {
            let said = refusal(packed, &spec);
            assert!(said.contains("which no honest file of its size does"), "{said}");
        }
    }
}

mod xml_files {
    use super::*;

    fn xml(record: &str, fields: &[(&str, &str)]) -> FileFetch {
        FileFetch {
            record: record.to_owned(),
            fields: fields.iter().map(|(column, path)| ((*column).to_owned(), (*path).to_owned())).collect(),
            ..spec(FileFormat::Xml, &[("antal", Int64)])
        }
    }

    const BODY: &str = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><!-- x --><s:skolor xmlns:s=\"urn:x\">\
        <skola s:kod=\"01\"><namn>A &amp; B</namn><elever><antal> 12 </antal></elever></skola>\
        <annat><namn>nej</namn></annat>\
        <skola kod=\"02\"><namn><![CDATA[<C>]]></namn></skola></s:skolor>";

    #[test]
    fn records_by_their_path() {
        let fields = [("kod", "@kod"), ("namn", "namn"), ("antal", "elever/antal")];
        let expected = ["12|observed|∅|01|A & B", "∅|missing|∅|02|<C>"];
        for record in ["skolor/skola", "/skolor/skola", "*/skola"] {
            assert_eq!(rows(BODY, &xml(record, &fields)), expected, "{record}");
        }
        let latin: Vec<u8> = BODY.replace("A &amp; B", "\u{c5}").chars().map(|letter| letter as u8).collect();
        assert_eq!(rows(latin, &xml("skolor/skola", &fields))[0], "12|observed|∅|01|Å");
    }

    #[test]
    fn refusals() {
        let spec = xml("a/b", &[("antal", "c")]);
        for (body, expected) in [
            ("<!DOCTYPE html><html></html>", "the body is not XML: it begins with \"<!DOCTYPE html\""),
            ("hej", "the body is not XML: it begins with \"hej\""),
            ("", "the body is not XML: it begins with \"\""),
            ("<a><b><c>1</c></b>", "the XML is cut off: a is not closed"),
            ("<a><d/></a>", "the XML has no element at \"a/b\""),
            ("<a><b><cc>1</cc></b></a>", "no record has \"c\"; the nearest is \"cc\""),
            ("<a><b><c>1</c><c>2</c></b></a>", "record 1: \"c\" comes twice"),
            ("<a><b><c>x</c></b></a>", "row 1: column \"antal\" is \"x\", not a number"),
            ("<!DOCTYPE a [<!ENTITY b \"c\">]><a/>", "the XML declares entities of its own, which are not read"),
            ("<a><b><c>&b;</c></b></a>", "the XML uses the entity &b;, which is not one of XML's own"),
        ] {
            assert_eq!(refusal(body, &spec), expected, "{body}");
        }
        assert!(refusal("<a></b>", &spec).starts_with("the body is cut off or broken at byte"));
        assert!(refusal("<a>".repeat(100), &spec).contains("more than 64 deep"));
    }
}

mod parquet_files {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Date32Array, Float64Array, ListArray, StringArray, UInt32Array};
    use arrow::datatypes::Int32Type;

    use super::*;

    fn file(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut writer = ::parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.into_inner().unwrap()
    }

    #[test]
    fn columns_keep_their_kind_or_become_what_is_declared() {
        let body = file(vec![
            ("Kod", Arc::new(StringArray::from(vec![Some("01"), None]))),
            ("antal", Arc::new(UInt32Array::from(vec![Some(7), None]))),
            ("andel", Arc::new(Float64Array::from(vec![0.5, f64::NAN]))),
            ("dag", Arc::new(Date32Array::from(vec![20_758, 0]))),
        ]);
        let parquet = |columns: &[(&str, ValueType)]| spec(FileFormat::Parquet, columns);
        assert_eq!(
            rows(&body, &parquet(&[])),
            ["01|7|observed|∅|0.5|observed|∅|2026-11-01", "∅|∅|missing|∅|∅|missing|∅|1970-01-01"]
        );
        assert_eq!(
            refusal(&body, &parquet(&[("antal", Text), ("kod", Int64)])),
            "row 1: column \"kod\" is \"01\", not a number"
        );
        assert_eq!(rows(&body, &parquet(&[("antal", Text)])), ["7", "∅"]);
    }

    #[test]
    fn refusals() {
        let parquet = spec(FileFormat::Parquet, &[]);
        assert_eq!(refusal("<html>", &parquet), "the body is not Parquet: it begins with \"<html>\"");
        let list = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![Some(vec![Some(1)])]);
        let body = file(vec![("a", Arc::new(list))]);
        assert_eq!(refusal(&body, &parquet), "column \"a\" holds lists or records, which are no single values");
        assert!(refusal(&body[..body.len() / 2], &parquet).starts_with("the Parquet is cut off or broken"));
    }
}
