//! What the writers of PxWeb make of one small table, in every form.

use std::collections::BTreeMap;

use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::*;
use crate::config::ValueType;
use crate::contract::Status;
use crate::decode::json_stat::{CubeDimension, CubeMeta};
use crate::decode::{DecodeError, Dimension, Layout, Measure};

fn meta() -> CubeMeta {
    let dimension = |id: &str, label: &str, codes: &[(&str, &str)]| CubeDimension {
        id: id.to_owned(),
        label: label.to_owned(),
        codes: codes.iter().map(|(code, label)| ((*code).to_owned(), (*label).to_owned())).collect(),
        ..CubeDimension::default()
    };
    CubeMeta {
        metric: Some("ContentsCode".to_owned()),
        dimensions: vec![
            dimension("Region", "region", &[("00", "Riket"), ("01", "Stockholms län")]),
            dimension("Grupp", "grupp", &[("A", "övriga"), ("B", "övriga")]),
            dimension("ContentsCode", "tabellinnehåll", &[("N1", "Folkmängd"), ("N2", "Andel, procent")]),
            dimension("Tid", "år", &[("2023", "2023"), ("2024", "2024")]),
        ],
        ..CubeMeta::default()
    }
}

fn layout() -> Layout {
    let dimension = |id: &str, codes: [&str; 2]| Dimension {
        id: id.to_owned(),
        column: id.to_lowercase(),
        codes: codes.map(str::to_owned).to_vec(),
    };
    let measure = |code: &str, kind| Measure {
        code: code.to_owned(),
        column: code.to_lowercase(),
        kind,
        decimals: None,
        unit: None,
    };
    Layout {
        dimensions: vec![
            dimension("Grupp", ["A", "B"]),
            dimension("Region", ["00", "01"]),
            dimension("Tid", ["2023", "2024"]),
        ],
        metric: Some("ContentsCode".to_owned()),
        measures: vec![measure("N1", ValueType::Int64), measure("N2", ValueType::Float64)],
        symbols: BTreeMap::from([("..".to_owned(), Status::Suppressed)]),
    }
}

const ROWS: [&str; 8] = [
    "A|00|2023|1|observed||1.5|observed|",
    "A|00|2024|2|observed|||suppressed|..",
    "B|00|2023|3|observed||3.5|observed|",
    "B|00|2024|4|observed||4.5|observed|",
    "A|01|2023|5|observed||5.5|observed|",
    "A|01|2024|6|observed||6.5|observed|",
    "B|01|2023||missing|-|7.5|observed|",
    "B|01|2024|8|observed||8.5|observed|",
];

const CSV: &str = "\"region\",\"grupp\",\"Folkmängd 2023\",\"Folkmängd 2024\",\"Andel, procent 2023\",\"Andel, procent 2024\"\r\n\
\"Riket\",\"övriga\",1,2,1.5,..\r\n\"Riket\",\"övriga\",3,4,3.5,4.5\r\n\
\"Stockholms län\",\"övriga\",5,6,5.5,6.5\r\n\"Stockholms län\",\"övriga\",\"-\",8,7.5,8.5\r\n";

fn rows(batch: &RecordBatch) -> Vec<String> {
    assert_eq!(batch.schema(), layout().schema());
    let options = FormatOptions::new();
    let columns: Vec<_> =
        batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
    (0..batch.num_rows())
        .map(|row| columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join("|"))
        .collect()
}

fn read(body: &[u8]) -> Result<Vec<String>, DecodeError> {
    csv(body, &layout(), &meta()).map(|batch| rows(&batch))
}

/// The same cells with a row each, from pieces of the three forms.
fn long(head: &str, texts: &dyn Fn(usize, usize) -> String) -> String {
    let cells = ["1", "2", "1.5", "..", "3", "4", "3.5", "4.5", "5", "6", "5.5", "6.5", "-", "8", "7.5", "8.5"];
    let mut file = format!("{head}\n");
    for (at, cell) in cells.iter().enumerate() {
        let fields: Vec<String> = [at / 8, at / 4 % 2, at / 2 % 2, at % 2]
            .iter()
            .enumerate()
            .map(|(axis, place)| texts(axis, *place))
            .collect();
        file += &format!("{},{cell}\n", fields.join(","));
    }
    file
}

#[test]
fn every_form_gives_the_same_rows() {
    let meta = meta();
    assert_eq!(read(CSV.as_bytes()).unwrap(), ROWS);
    assert_eq!(read(&encoding_rs::WINDOWS_1252.encode(CSV).0).unwrap(), ROWS, "in the server's own character set");
    assert_eq!(read(format!("\u{feff}\"Titel, med komma\"\r\n\r\n{CSV}").as_bytes()).unwrap(), ROWS);
    assert_eq!(
        read(
            CSV.replace("\",", "\";")
                .replace(",\"", ";\"")
                .replace("1,2,1.5,..", "1;2;1.5;..")
                .replace("3,4,3.5,4.5", "3;4;3.5;4.5")
                .replace("5,6,5.5,6.5", "5;6;5.5;6.5")
                .replace("8,7.5,8.5", "8;7.5;8.5")
                .as_bytes()
        )
        .unwrap(),
        ROWS
    );
    let labels = |axis: usize, place: usize| format!("\"{}\"", meta.dimensions[axis].codes[place].1);
    let csv2 = long("\"region\",\"grupp\",\"tabellinnehåll\",\"år\",\"Folkmängden\"", &labels);
    assert_eq!(read(csv2.as_bytes()).unwrap(), ROWS);
    let codes = |axis: usize, place: usize| meta.dimensions[axis].codes[place].0.clone();
    let csv3 = long("Region,Grupp,ContentsCode,Tid,TAB1", &codes);
    assert_eq!(read(csv3.as_bytes()).unwrap(), ROWS);
    let mut lines: Vec<&str> = csv3.lines().collect();
    lines[1..].reverse();
    let mut shuffled = read(format!("{}\n", lines.join("\n")).as_bytes()).unwrap();
    shuffled.sort();
    let mut sorted = ROWS.map(str::to_owned).to_vec();
    sorted.sort();
    assert_eq!(shuffled, sorted, "by codes the order does not matter");
}

#[test]
fn what_is_not_the_table_that_was_asked_for_is_refused() {
    let fault = |body: &str| read(body.as_bytes()).unwrap_err().to_string();
    for (body, message) in [
        ("<html>", "the body is not a CSV file of PxWeb: it begins with \"<html>\""),
        ("", "the body is not a CSV file of PxWeb: it begins with \"\""),
        ("{\"error\":1}", "the body is not a CSV file of PxWeb: it begins with \"{\\\"error\\\":1}\""),
    ] {
        assert_eq!(fault(body), message);
    }
    let cut = &CSV[..CSV.find("\"Stockholms län\",\"övriga\",\"-\"").unwrap()];
    assert_eq!(fault(cut), "16 cells were asked for, but 12 came");
    let end = CSV.len();
    assert_eq!(
        fault(&CSV[..end - 3]),
        format!("the body is cut off or broken at byte {}: the last line has no end", end - 3)
    );
    assert_eq!(fault(&format!("{}\n", &CSV[..end - 5])), "row 4: a cell is empty");
    assert_eq!(fault(&format!("{}\n", &CSV[..end - 6])), "row 4 has 5 fields, the first line 6");
    assert_eq!(
        fault(&CSV.replace("Riket", "Finland")),
        "row 1: column \"Region\" is \"Finland\", which was not asked for or is not the only one of that name"
    );
    assert_eq!(
        fault(&CSV.replace("Folkmängd 2024", "Folkmängd 2025")),
        "column \"Folkmängd 2025\" is neither a dimension nor a combination that was asked for"
    );
    assert_eq!(
        fault(&CSV.replace("\"grupp\",", "\"kön\",")),
        "8 columns of cells were expected, for Grupp × ContentsCode × Tid, but there are 5"
    );
}

#[test]
fn pxwebs_own_json_gives_the_same_rows() {
    let column = |code: &str, kind: &str| format!(r#"{{"code":"{code}","text":"x","type":"{kind}"}}"#);
    let columns = [("Region", "d"), ("Grupp", "d"), ("Tid", "t"), ("N1", "c"), ("N2", "c")]
        .map(|(code, kind)| column(code, kind));
    let cells =
        [("1", "1.5"), ("2", ".."), ("3", "3.5"), ("4", "4.5"), ("5", "5.5"), ("6", "6.5"), ("-", "7.5"), ("8", "8.5")];
    let data: Vec<String> = cells
        .iter()
        .enumerate()
        .map(|(at, (one, two))| {
            let key = [["00", "01"][at / 4], ["A", "B"][at / 2 % 2], ["2023", "2024"][at % 2]];
            format!(r#"{{"key":["{}"],"values":["{one}","{two}"]}}"#, key.join("\",\""))
        })
        .collect();
    let body = format!("\u{feff}{{\"columns\":[{}],\"comments\":[],\"data\":[{}]}}", columns.join(","), data.join(","));
    let read = |body: &str| json(body.as_bytes(), &layout(), &meta());
    assert_eq!(rows(&read(&body).unwrap()), ROWS);
    let fault = |body: &str| read(body).unwrap_err().to_string();
    assert_eq!(fault("<html>"), "the body is not PxWeb's JSON of rows: it begins with \"<html>\"");
    assert_eq!(
        fault(&body.replacen("\"00\"", "\"17\"", 1)),
        "dimension \"Region\" answers code \"17\", which was not asked for"
    );
    assert_eq!(
        fault(&body.replace("\"N2\"", "\"N3\"")),
        "dimension \"ContentsCode\" answers code \"N3\", which was not asked for"
    );
    assert_eq!(fault(&body.replacen(&data[0], &data[1], 1)), "row 2: the cell comes twice");
    assert_eq!(fault(&body.replacen(&format!("{},", data[0]), "", 1)), "16 cells were asked for, but 14 came");
    assert_eq!(
        fault(&body.replacen("[\"1\",\"1.5\"]", "[\"1\"]", 1)),
        "row 1 has 3 codes and 1 values, the columns say 3 and 2"
    );
    assert_eq!(
        fault(&body.replace("\"code\":\"Grupp\"", "\"code\":\"Kon\"")),
        "dimension \"Kon\" is in the answer but was not asked for"
    );
}
