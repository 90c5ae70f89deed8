//! Files in packages, as parts for `package` to make zips of, and pages of links.

use underlag::sandbox::office::{Cell, Sheet, ods, xlsb, xlsx, zipped};

use crate::Corpus;

const FENCE: &[u8] = b"----";
const DEFINITION: &[u8] = br#"<d><cacheSource><worksheetSource sheet="U"/></cacheSource><cacheFields>
<cacheField name="a"><sharedItems><s v="x_x000D_"/><n v="1.5"/><m/><d v="2026-11-01T00:00:00"/></sharedItems></cacheField>
<cacheField name="b"><sharedItems/></cacheField><cacheField name="c" databaseField="0"/></cacheFields></d>"#;
const RECORDS: &[u8] =
    br##"<p><r><x v="0"/><n v="7"/></r><r><x v="2"/><s v="&lt;5"/></r><r><m/><e v="#N/A"/></r></p>"##;

pub fn write(corpus: &Corpus) {
    let parts = |kind: u8, one: &[u8], two: &[u8]| {
        for declared in [0, 0b0011, 0b0111, 0b1_0111, 0b11_0000] {
            corpus.add("package", [&[kind, declared], one, FENCE, two].concat());
        }
    };
    let whole = |kind: u8, body: &[u8]| {
        for declared in [0, 0b0011, 0b1011, 0b1_0001] {
            corpus.add("package", [&[kind, declared], body].concat());
        }
    };
    parts(3, DEFINITION, RECORDS);
    let mut definition = Vec::new();
    record(&mut definition, 183, &[&[4, 0][..], &[0; 18], &wide("a")].concat());
    record(&mut definition, 189, &[9, 0, 1, 0, 0, 0]);
    record(&mut definition, 24, &wide("x"));
    record(&mut definition, 191, &[&[1, 0, 1, 0, 0, 0][..], &1.5_f64.to_le_bytes()].concat());
    record(&mut definition, 190, &[]);
    record(&mut definition, 183, &[&[4, 0][..], &[0; 18], &wide("b")].concat());
    record(&mut definition, 189, &[0xc2, 0]);
    record(&mut definition, 190, &[]);
    let mut records = Vec::new();
    record(&mut records, 33, &[&[1, 0, 0, 0][..], &7_f64.to_le_bytes()].concat());
    record(&mut records, 34, &[]);
    record(&mut records, 26, &[0; 4]);
    record(&mut records, 24, &wide("<5"));
    record(&mut records, 194, &[]);
    parts(4, &definition, &records);
    let mut sheet = Vec::new();
    for row in 0..3_u8 {
        record(&mut sheet, 0, &[row, 0, 0, 0]);
        record(&mut sheet, 7, &[0; 12]);
        record(&mut sheet, 2, &[1, 0, 0, 0, 0, 0, 0, 0, 30, 0, 0, 0]);
        record(&mut sheet, 6, &[&[2, 0, 0, 0, 0, 0, 0, 0][..], &wide("1 234,5")].concat());
    }
    record(&mut sheet, 146, &[]);
    let mut texts = Vec::new();
    record(&mut texts, 19, &[&[0][..], &wide("a")].concat());
    parts(6, &sheet, &texts);
    let rows =
        vec![vec![Cell::from("a"), Cell::from("b")], vec![Cell::from("~7"), Cell::Number(2.0), Cell::Date(46_327.0)]];
    let sheets = [Sheet { name: "B".to_owned(), rows }];
    whole(8, &xlsx(&sheets).unwrap_or_default());
    whole(4, &xlsb(&sheets).unwrap_or_default());
    whole(5, &ods(&sheets).unwrap_or_default());
    whole(
        5,
        b"<o xmlns:table='t' xmlns:text='x'><table:table table:name='B'><table:table-row table:number-rows-repeated='2'>\
          <table:table-cell office:value-type='float' office:value='7' table:number-columns-repeated='2'><text:p>a<text:s/>\
          </text:p></table:table-cell></table:table-row></table:table></o>",
    );
    whole(1, b"<?xml version='1.0' encoding='latin1'?><n:r xmlns:n='x'><e a='1'><b>2<c>3,5</c></b></e><e/></n:r>");
    whole(7, b"a;b\n1;2\n");
    whole(0, &zipped(&[("a.csv", b"a,b\n1,2\n")]).unwrap_or_default());
    corpus.add(
        "page",
        "<base href='/x/'><!-- <a href=y> --><a href=\"a-2026-10.xlsx\">a</a><A HREF='b-2026-maj.xlsx#c'>&amp;</A><a href=d>",
    );
}

fn record(into: &mut Vec<u8>, kind: u16, fields: &[u8]) {
    if kind < 128 {
        into.push(kind as u8);
    } else {
        into.extend([(kind & 0x7f) as u8 | 0x80, (kind >> 7) as u8]);
    }
    into.push(fields.len() as u8);
    into.extend(fields);
}

fn wide(text: &str) -> Vec<u8> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut bytes = (units.len() as u32).to_le_bytes().to_vec();
    bytes.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
    bytes
}
