//! The same tables in XLSX, XLSB and ODS, and what is refused.

use std::collections::BTreeMap;

use arrow::util::display::{ArrayFormatter, FormatOptions};
use bytes::Bytes;

use super::super::*;
use crate::config::{Choice, FileLocation, SheetLayout};
use crate::sandbox::office::{Cell, Sheet, ods, xlsb, xlsx, zipped};

use FileFormat::{Ods, Xlsb, Xlsx};

const FORMATS: [FileFormat; 3] = [Xlsx, Xlsb, Ods];

fn book(format: FileFormat, sheets: &[Sheet]) -> Vec<u8> {
    match format {
        Xlsb => xlsb(sheets).unwrap(),
        Ods => ods(sheets).unwrap(),
        _ => xlsx(sheets).unwrap(),
    }
}

fn sheet(name: &str, rows: Vec<Vec<Cell>>) -> Sheet {
    Sheet { name: name.to_owned(), rows }
}

fn spec(format: FileFormat, columns: &[(&str, ValueType)]) -> FileFetch {
    FileFetch {
        columns: columns.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect(),
        ..FileFetch::new(FileLocation::OnSource(String::new()), format)
    }
}

/// Every row as text, and what the file told of itself.
fn read_rows(body: &[u8], spec: &FileFetch) -> Result<(Vec<String>, Told), String> {
    let symbols =
        [("", Status::Missing), ("..", Status::Missing), ("<#", Status::Suppressed), ("~#", Status::Unreliable)];
    let reading = Reading::new(spec, &symbols.map(|(symbol, status)| (symbol.to_owned(), status)).into());
    let mut rows = Vec::new();
    let options = FormatOptions::new().with_null("∅");
    let told = read(Input::Memory(Bytes::copy_from_slice(body)), &reading, &mut |batch: RecordBatch| {
        let columns: Vec<_> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
        rows.extend(
            (0..batch.num_rows())
                .map(|row| columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join("|")),
        );
        Ok(())
    });
    told.map(|told| (rows, told)).map_err(|error| error.to_string())
}

fn text(text: &str) -> Cell {
    Cell::from(text)
}

/// As an office writes it: a title, two header rows of which one is merged, units, masks, a footer.
fn office() -> Vec<Vec<Cell>> {
    let empty = || Cell::Empty;
    vec![
        vec![text("Inskrivna\n2026")],
        vec![],
        vec![empty(), text("Län"), text("Kommun kod"), text("Inskrivna "), empty(), text("Hämtad")],
        vec![empty(), empty(), empty(), text("kvinnor"), text("män"), empty()],
        vec![empty(), empty(), empty(), text("antal"), text("antal")],
        vec![empty(), text("Dalarna"), text("2021"), Cell::Number(12.0), text("1 234"), Cell::Date(46_327.0)],
        vec![empty(), empty(), text("2023"), text("<5"), text("~100")],
        vec![],
        vec![empty(), text("Gävleborg"), text("2101"), text(".."), Cell::Number(7.0), text("okänt")],
        vec![],
        vec![text("Källa: AF"), text("Källa: AF")],
    ]
}

fn office_spec(format: FileFormat) -> FileFetch {
    let columns = [
        ("lan", ValueType::Text),
        ("kod", ValueType::Text),
        ("kvinnor", ValueType::Int64),
        ("inskrivna_man", ValueType::Float64),
        ("hamtad", ValueType::Text),
    ];
    FileFetch {
        rename: [("Kommun kod", "kod"), ("Inskrivna kvinnor", "kvinnor")]
            .map(|(header, column)| (header.to_owned(), column.to_owned()))
            .into(),
        sheet: SheetLayout {
            sheet: Some(Choice::Pattern("Tabell*".to_owned())),
            header_rows: vec![3, 4],
            units_row: Some(5),
            range: Some(crate::config::CellRange { first_row: 2, first_column: 1, last_row: Some(8), last_column: 5 }),
            fill_down: vec!["lan".to_owned()],
            ..SheetLayout::default()
        },
        ..spec(format, &columns)
    }
}

#[test]
fn a_table_as_an_office_writes_it() {
    for format in FORMATS {
        let body = book(format, &[sheet("Om", vec![vec![text("x")]]), sheet("Tabell 1", office())]);
        let (rows, told) = read_rows(&body, &office_spec(format)).unwrap();
        assert_eq!(
            rows,
            [
                "2026-11-01|1234.0|observed|∅|2021|12|observed|∅|Dalarna",
                "∅|100.0|unreliable|~|2023|∅|suppressed|<5|Dalarna",
                "okänt|7.0|observed|∅|2101|∅|missing|..|Gävleborg",
            ],
            "{format:?}"
        );
        assert_eq!(
            told.units,
            [
                ("inskrivna_man".into(), "Inskrivna män".into(), "antal".into()),
                ("kvinnor".into(), "Inskrivna kvinnor".into(), "antal".into())
            ]
        );
        assert_eq!(told.columns.unwrap(), ["lan", "kod", "kvinnor", "inskrivna_man", "hamtad"]);
    }
}

#[test]
fn a_plain_sheet_needs_nothing_declared() {
    for format in FORMATS {
        let rows = vec![
            vec![text("Kod"), text("Antal (st)"), Cell::Empty],
            vec![text("0114"), Cell::Number(1.5), text("utan namn")],
            vec![Cell::Number(2026.0), text(" x  y ")],
        ];
        let (rows, _) = read_rows(&book(format, &[sheet("Blad1", rows)]), &spec(format, &[])).unwrap();
        assert_eq!(rows, ["0114|1.5", "2026|x  y"], "{format:?}");
    }
}

#[test]
fn the_table_may_end_at_an_empty_row() {
    for format in FORMATS {
        let rows = vec![vec![], vec![text("a")], vec![text("1")], vec![], vec![text("Källa")]];
        let mut spec = spec(format, &[]);
        spec.sheet.skip_rows = 1;
        assert_eq!(read_rows(&book(format, &[sheet("B", rows.clone())]), &spec).unwrap().0, ["1", "Källa"]);
        spec.sheet.until_blank = true;
        assert_eq!(read_rows(&book(format, &[sheet("B", rows)]), &spec).unwrap().0, ["1"]);
    }
}

#[test]
fn faults_name_sheet_and_cell() {
    let number = |format| spec(format, &[("antal", ValueType::Int64)]);
    for format in FORMATS {
        let refusal = |cell: Cell| {
            let rows = vec![vec![text("kod"), text("antal")], vec![], vec![text("01"), cell]];
            read_rows(&book(format, &[sheet("Blad1", rows)]), &number(format)).unwrap_err()
        };
        assert_eq!(refusal(Cell::Error), "Blad1!B3: column \"antal\" is \"#DIV/0!\", a formula's error", "{format:?}");
        assert_eq!(refusal(text("12b")), "Blad1!B3: column \"antal\" is \"12b\", not a number");
        assert_eq!(refusal(Cell::Number(1.5)), "Blad1!B3: column \"antal\" is \"1.5\", not a whole number");
        assert_eq!(refusal(Cell::Date(46_327.0)), "Blad1!B3: column \"antal\" is \"2026-11-01\", a date, not a number");
        let lost =
            |rows: Vec<Vec<Cell>>| read_rows(&book(format, &[sheet("Blad1", rows)]), &number(format)).unwrap_err();
        assert_eq!(
            lost(vec![vec![text("Kod"), text("Antall")]]),
            "there is no column \"antal\"; the nearest is \"Antall\"; the header has Kod, Antall"
        );
        assert_eq!(lost(vec![vec![text("antal"), text("Antal")]]), "the header has column \"antal\" twice");
        assert_eq!(
            lost(vec![vec![], vec![], vec![text("antal")], vec![Cell::Number(1.0)]]),
            "sheet \"Blad1\" is empty in row 1, where its header should be; the next row with anything in it is 3"
        );
    }
}

#[test]
fn sheets_are_chosen_and_never_guessed() {
    for format in FORMATS {
        let rows = || vec![vec![text("a")], vec![text("1")]];
        let body = book(format, &[sheet("Tabell 1", rows()), sheet("Tabell 2", rows()), sheet("Om", rows())]);
        let with = |choice: Option<Choice>| {
            let mut spec = spec(format, &[]);
            spec.sheet.sheet = choice;
            read_rows(&body, &spec).map(|(rows, _)| rows.len())
        };
        let named = |text: &str| Some(Choice::Pattern(text.to_owned()));
        assert_eq!(with(named("Om")), Ok(1));
        assert_eq!(with(named("*2")), Ok(1));
        assert_eq!(with(Some(Choice::Number(3))), Ok(1));
        for (choice, expected) in [
            (None, "the workbook has 3 sheets, and the fetch does not say which is meant: Tabell 1, Tabell 2, Om"),
            (named("Tabell*"), "2 sheets fit \"Tabell*\": Tabell 1, Tabell 2"),
            (
                named("Tabell1"),
                "there is no sheet \"Tabell1\"; the nearest is \"Tabell 1\"; the workbook has Tabell 1, Tabell 2, Om",
            ),
            (Some(Choice::Number(4)), "there is no sheet 4; the workbook has 3: Tabell 1, Tabell 2, Om"),
        ] {
            assert_eq!(with(choice).unwrap_err(), expected);
        }
    }
}

#[test]
fn what_is_no_workbook_says_so() {
    for (format, name) in [(Xlsx, "XLSX"), (Xlsb, "XLSB"), (Ods, "ODS")] {
        let refusal = |body: &[u8]| read_rows(body, &spec(format, &[])).unwrap_err();
        assert_eq!(refusal(b"<!DOCTYPE html>"), format!("the body is not {name}: it begins with \"<!DOCTYPE html>\""));
        assert_eq!(refusal(b""), format!("the body is not {name}: it begins with \"\""));
        assert!(
            refusal(&zipped(&[("a.txt", b"x")]).unwrap()).starts_with(&format!("the zip is not {name}: it has no "))
        );
        let whole = book(format, &[sheet("B", vec![vec![text("a")], vec![text("1")]])]);
        assert!(refusal(&whole[..whole.len() / 2]).starts_with("the zip is cut off or broken: "));
    }
    assert_eq!(
        read_rows(&book(Xlsb, &[sheet("B", vec![])]), &spec(Xlsx, &[])).unwrap_err(),
        "the zip is not XLSX: it has no xl/workbook.xml (XLSB)"
    );
}

#[test]
fn repeated_cells_are_believed_within_reason() {
    let content = |rows: &str| {
        let text = format!(
            "<o:d xmlns:table=\"t\" xmlns:text=\"x\" xmlns:office=\"f\"><table:table table:name=\"B\">{rows}</table:table></o:d>"
        );
        zipped(&[("content.xml", text.as_bytes())]).unwrap()
    };
    let cell = |text: &str| {
        format!("<table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell>")
    };
    let rows = format!(
        "<table:table-row>{}</table:table-row><table:table-row table:number-rows-repeated=\"3\">{}</table:table-row>\
         <table:table-row table:number-rows-repeated=\"1048000\"><table:table-cell/></table:table-row>",
        cell("a"),
        cell("1 &lt; &#50;<text:s text:c=\"2\"/>x")
    );
    assert_eq!(read_rows(&content(&rows), &spec(Ods, &[])).unwrap().0, ["1 < 2  x", "1 < 2  x", "1 < 2  x"]);
    let bomb = format!(
        "<table:table-row>{0}</table:table-row><table:table-row table:number-rows-repeated=\"4000000000\">{0}</table:table-row>",
        cell("a")
    );
    assert!(read_rows(&content(&bomb), &spec(Ods, &[])).unwrap_err().contains("repeats cells"));
}

#[test]
fn calamine_reads_the_same_cells() {
    use calamine::{Data, Reader as _};

    let sheets = [sheet("Tabell 1", office())];
    for format in FORMATS {
        let cursor = std::io::Cursor::new(book(format, &sheets));
        let range = match format {
            Xlsx => calamine::Xlsx::new(cursor).unwrap().worksheet_range("Tabell 1").unwrap(),
            Xlsb => calamine::Xlsb::new(cursor).unwrap().worksheet_range("Tabell 1").unwrap(),
            _ => calamine::Ods::new(cursor).unwrap().worksheet_range("Tabell 1").unwrap(),
        };
        let cell = |row, column| range.get_value((row, column)).unwrap().to_string();
        assert_eq!(cell(5, 2), "2021", "{format:?}");
        assert!(matches!(range.get_value((5, 3)), Some(Data::Float(12.0) | Data::Int(12))), "{format:?}");
        assert_eq!(cell(6, 3), "<5");
    }
}

#[test]
fn recorded_workbooks_are_read() {
    let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/real/arbetsformedlingen"));
    let found: BTreeMap<_, _> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|file| file.file_name().to_string_lossy().ends_with(".xlsx"))
        .map(|file| (file.file_name(), file.path()))
        .collect();
    if found.is_empty() {
        println!("skipped: no recorded workbooks at {}", folder.display());
    }
    for path in found.values() {
        let mut spec = spec(Xlsx, &[]);
        spec.sheet.sheet = Some(Choice::Number(1));
        // Whatever it holds, reading it ends in rows or in words.
        let _ = read_rows(&std::fs::read(path).unwrap(), &spec);
    }
}
