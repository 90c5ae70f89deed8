//! The figures behind a chart or a table as CSV, twice: one file for machines
//! (UTF-8, comma, dot) and one for Excel in Swedish (byte-order mark, semicolon,
//! decimal comma). Text that a spreadsheet would run gets a leading apostrophe.

use csv::{QuoteStyle, WriterBuilder};

use crate::contract::Status;
use crate::spreadsheet;

use super::definition::Level;
use super::number::Number;
use super::words;

/// One value with what it is about.
pub(super) struct Record {
    /// Title of the figure, where one file holds several.
    pub figure: Option<String>,
    pub unit: Option<String>,
    pub level: Level,
    pub kod: String,
    pub namn: String,
    pub period: String,
    /// Code and label.
    pub category: Option<(String, String)>,
    pub value: Option<Number>,
    /// None: there is no row.
    pub status: Option<Status>,
}

/// Column names of the two files.
pub(super) struct Names<'a> {
    pub value: &'a str,
    pub value_title: &'a str,
    pub category: Option<&'a str>,
    pub category_title: &'a str,
}

fn safe(text: &str) -> String {
    spreadsheet::safe(text).into_owned()
}

fn write(delimiter: u8, start: &[u8], rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let mut bytes = start.to_vec();
    let mut writer =
        WriterBuilder::new().delimiter(delimiter).quote_style(QuoteStyle::Necessary).from_writer(&mut bytes);
    for row in rows {
        // Writing to memory, rows of equal length: there is nothing to fail.
        if writer.write_record(row).is_err() {
            break;
        }
    }
    drop(writer);
    bytes
}

/// For machines: codes and labels apart, the value as published.
pub(super) fn machine(records: &[Record], names: &Names<'_>) -> Vec<u8> {
    let with_figure = records.iter().any(|record| record.figure.is_some());
    let mut head: Vec<String> = Vec::new();
    if with_figure {
        head.push("figur".to_owned());
    }
    head.extend(["niva", "kod", "namn", "period"].map(str::to_owned));
    if let Some(category) = names.category {
        head.extend([category.to_owned(), "kategori".to_owned()]);
    }
    head.extend([names.value.to_owned(), format!("{}_status", names.value)]);
    let rows = records.iter().map(|record| {
        let mut row: Vec<String> = Vec::new();
        if with_figure {
            row.push(safe(record.figure.as_deref().unwrap_or_default()));
        }
        row.extend([record.level.as_str().to_owned(), safe(&record.kod), safe(&record.namn), safe(&record.period)]);
        if names.category.is_some() {
            let (code, label) = record.category.clone().unwrap_or_default();
            row.extend([safe(&code), safe(&label)]);
        }
        row.push(record.value.map(Number::plain).unwrap_or_default());
        row.push(record.status.map(|status| status.as_str().to_owned()).unwrap_or_default());
        row
    });
    write(b',', b"", std::iter::once(head).chain(rows))
}

/// For Excel: a code stands with its name in one cell, for alone Excel would take `0180` for a number.
pub(super) fn excel(records: &[Record], names: &Names<'_>) -> Vec<u8> {
    let with_figure = records.iter().any(|record| record.figure.is_some());
    let mut head: Vec<String> = Vec::new();
    if with_figure {
        head.push("Figur".to_owned());
    }
    head.extend(["Område", "Period"].map(str::to_owned));
    if names.category.is_some() {
        head.push(safe(names.category_title));
    }
    head.extend([safe(names.value_title), "Enhet".to_owned(), "Anmärkning".to_owned()]);
    let rows = records.iter().map(|record| {
        let mut row: Vec<String> = Vec::new();
        if with_figure {
            row.push(safe(record.figure.as_deref().unwrap_or_default()));
        }
        row.extend([safe(&format!("{} {}", record.kod, record.namn)), safe(&record.period)]);
        if names.category.is_some() {
            let (code, label) = record.category.clone().unwrap_or_default();
            row.push(safe(&if label.starts_with(&code) { label } else { format!("{code} {label}") }));
        }
        row.push(record.value.map(|value| value.plain().replace('.', ",")).unwrap_or_default());
        row.push(safe(record.unit.as_deref().unwrap_or_default()));
        row.push(record.status.map_or(Some(words::NO_ROW), words::status).unwrap_or_default().to_owned());
        row
    });
    write(b';', spreadsheet::MARK, std::iter::once(head).chain(rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(label: &str, value: Option<Number>, status: Option<Status>) -> Record {
        Record {
            figure: None,
            unit: Some("annonser".to_owned()),
            level: Level::Kommun,
            kod: "0180".to_owned(),
            namn: "Stockholm".to_owned(),
            period: "2024".to_owned(),
            category: Some(("0011".to_owned(), label.to_owned())),
            value,
            status,
        }
    }

    const NAMES: Names<'static> =
        Names { value: "antal", value_title: "Antal", category: Some("ssyk"), category_title: "Yrkesgrupp" };

    #[test]
    fn machines_get_commas_and_dots_and_codes_with_their_zeros() {
        let records = [
            record("Kock, kallskänka", Some(Number::Float(-1.5)), Some(Status::Observed)),
            record("Lärare", None, Some(Status::Suppressed)),
            record("Ingen", None, None),
        ];
        let text = String::from_utf8(machine(&records, &NAMES)).unwrap();
        assert_eq!(
            text,
            "niva,kod,namn,period,ssyk,kategori,antal,antal_status\n\
             kommun,0180,Stockholm,2024,0011,\"Kock, kallskänka\",-1.5,observed\n\
             kommun,0180,Stockholm,2024,0011,Lärare,,suppressed\n\
             kommun,0180,Stockholm,2024,0011,Ingen,,\n"
        );
    }

    #[test]
    fn excel_gets_a_mark_semicolons_decimal_commas_and_words() {
        let records =
            [record("Kock", Some(Number::Float(1.5)), Some(Status::Preliminary)), record("Ingen", None, None)];
        let bytes = excel(&records, &NAMES);
        assert!(bytes.starts_with(b"\xef\xbb\xbf"));
        assert_eq!(
            std::str::from_utf8(&bytes[3..]).unwrap(),
            "Område;Period;Yrkesgrupp;Antal;Enhet;Anmärkning\n\
             0180 Stockholm;2024;0011 Kock;1,5;annonser;preliminär\n\
             0180 Stockholm;2024;0011 Ingen;;annonser;redovisas inte\n"
        );
    }
}
