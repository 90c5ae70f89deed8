//! Pivot caches of both kinds of workbook, and what is refused.

use std::io::Cursor;

use arrow::util::display::{ArrayFormatter, FormatOptions};
use bytes::Bytes;

use super::super::*;
use crate::config::{Choice, FileLocation};
use crate::sandbox::office::{Field, Held, Sheet, pivot_xlsb, pivot_xlsx, xlsx};

use FileFormat::{Xlsb, Xlsx};

fn fields() -> Vec<Field> {
    vec![
        Field::coded("PERIOD", ["202610"]),
        Field::coded("LÄN & kommun", ["2021 Älvdalen", "2101 <Ockelbo>"]),
        Field::numbers("TOTAK"),
        Field::texts("ANM"),
    ]
}

fn records() -> Vec<Vec<Held>> {
    let text = |text: &str| Held::Text(text.to_owned());
    vec![
        vec![Held::Index(0), Held::Index(1), Held::Number(12.5), text("a & b")],
        vec![Held::Index(0), Held::Index(0), text("<5"), Held::Missing],
        vec![Held::Index(0), Held::Missing, Held::Missing, text("")],
    ]
}

fn book(format: FileFormat, fields: &[Field], records: Vec<Vec<Held>>) -> Vec<u8> {
    let out = Cursor::new(Vec::new());
    match format {
        Xlsb => pivot_xlsb(out, "Pivot 1", fields, records.into_iter()).unwrap().into_inner(),
        _ => pivot_xlsx(out, "Pivot 1", fields, records.into_iter()).unwrap().into_inner(),
    }
}

fn spec(format: FileFormat, choice: Choice) -> FileFetch {
    let columns = [("period", ValueType::Text), ("lan_kommun", ValueType::Text), ("antal", ValueType::Float64)];
    let mut spec = FileFetch {
        columns: columns.map(|(name, kind)| (name.to_owned(), kind)).into(),
        rename: [("TOTAK".to_owned(), "antal".to_owned())].into(),
        symbols: [("<#".to_owned(), Status::Suppressed)].into(),
        ..FileFetch::new(FileLocation::OnSource(String::new()), format)
    };
    spec.sheet.pivot_cache = Some(choice);
    spec
}

fn rows(body: &[u8], spec: &FileFetch) -> Result<Vec<String>, String> {
    let mut rows = Vec::new();
    let options = FormatOptions::new().with_null("∅");
    let reading = Reading::new(spec, &BTreeMap::new());
    read(Input::Memory(Bytes::copy_from_slice(body)), &reading, &mut |batch: RecordBatch| {
        let columns: Vec<_> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
        rows.extend(
            (0..batch.num_rows())
                .map(|row| columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join("|")),
        );
        Ok(())
    })
    .map_err(|error| error.to_string())?;
    Ok(rows)
}

const FIRST: Choice = Choice::Number(1);

#[test]
fn records_with_their_recurring_values() {
    for format in [Xlsx, Xlsb] {
        let body = book(format, &fields(), records());
        assert_eq!(
            rows(&body, &spec(format, FIRST)).unwrap(),
            ["12.5|observed|∅|2101 <Ockelbo>|202610", "∅|suppressed|<5|2021 Älvdalen|202610", "∅|missing|∅|∅|202610",],
            "{format:?}"
        );
        let everything = FileFetch { columns: BTreeMap::new(), rename: BTreeMap::new(), ..spec(format, FIRST) };
        assert_eq!(rows(&body, &everything).unwrap()[0], "202610|2101 <Ockelbo>|12.5|a & b");
        let named = |name: &str| rows(&body, &spec(format, Choice::Pattern(name.to_owned())));
        assert_eq!(named("Pivot*").unwrap().len(), 3);
        assert!(
            named("Pivot 2")
                .unwrap_err()
                .starts_with("there is no pivot cache \"Pivot 2\"; the nearest is \"Pivot 1\"; ")
        );
        let second = rows(&body, &spec(format, Choice::Number(2))).unwrap_err();
        assert!(second.starts_with("there is no pivot cache 2; the workbook has 1 ("), "{second}");
    }
}

#[test]
fn what_does_not_add_up_is_refused() {
    let one = |record: Vec<Held>| vec![record];
    for format in [Xlsx, Xlsb] {
        let refusal = |records| rows(&book(format, &fields(), records), &spec(format, FIRST)).unwrap_err();
        assert_eq!(
            refusal(one(vec![Held::Index(0), Held::Index(7), Held::Missing, Held::Missing])),
            "record 1 of the pivot cache refers to value 7 of \"LÄN & kommun\", which has 2"
        );
        assert_eq!(
            refusal(one(vec![Held::Index(0), Held::Missing])),
            "record 1 of the pivot cache has 2 values of 4 fields"
        );
        assert_eq!(
            refusal(one(vec![Held::Index(0), Held::Index(0), Held::Text("5b".into()), Held::Missing])),
            "row 1: column \"antal\" is \"5b\", not a number"
        );
    }
    let plain = xlsx(&[Sheet { name: "B".into(), rows: Vec::new() }]).unwrap();
    assert_eq!(rows(&plain, &spec(Xlsx, FIRST)).unwrap_err(), "the workbook has no pivot cache");
}

#[test]
fn bytes_that_are_cut_or_wrong_never_panic() {
    for format in [Xlsx, Xlsb] {
        let body = book(format, &fields(), records());
        for at in (0..body.len()).step_by(7) {
            let _ = rows(&body[..at], &spec(format, FIRST));
            let mut wrong = body.clone();
            wrong[at] ^= 0x55;
            let _ = rows(&wrong, &spec(format, FIRST));
        }
    }
}
