//! XLSB, as few of its records as a workbook needs ([MS-XLSB]).

use std::collections::HashMap;
use std::io::{self, Cursor};

use super::{Cell, Parts, Sheet};

/// Records on their way into a part.
#[derive(Default)]
pub(super) struct Records(pub Vec<u8>);

impl Records {
    pub fn put(&mut self, kind: u16, fields: &[u8]) {
        self.head(kind, fields.len());
        self.0.extend_from_slice(fields);
    }

    fn head(&mut self, kind: u16, length: usize) {
        if kind < 128 {
            self.0.push(kind as u8);
        } else {
            self.0.extend([(kind & 0x7f) as u8 | 0x80, (kind >> 7) as u8]);
        }
        let mut rest = length;
        loop {
            let byte = (rest & 0x7f) as u8;
            rest >>= 7;
            self.0.push(if rest > 0 { byte | 0x80 } else { byte });
            if rest == 0 {
                break;
            }
        }
    }
}

pub(super) fn wide(text: &str) -> Vec<u8> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut bytes = (units.len() as u32).to_le_bytes().to_vec();
    bytes.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
    bytes
}

/// The workbook part and what it refers to, for sheets at `worksheets/sheetN.bin`.
pub(super) fn workbook(names: &[&str]) -> Vec<u8> {
    let mut book = Records::default();
    book.put(131, &[]);
    // Dates count from 1900.
    book.put(153, &[0; 12]);
    book.put(143, &[]);
    for (number, name) in (1_u32..).zip(names) {
        let mut fields = 0_u32.to_le_bytes().to_vec();
        fields.extend(number.to_le_bytes());
        fields.extend(wide(&format!("rId{number}")));
        fields.extend(wide(name));
        book.put(156, &fields);
    }
    book.put(144, &[]);
    book.put(132, &[]);
    book.0
}

/// The same bytes for the same sheets.
///
/// # Errors
/// Where two sheets share a part, which they do not.
pub fn xlsb(sheets: &[Sheet]) -> io::Result<Vec<u8>> {
    let mut parts = Parts::new(Cursor::new(Vec::new()));
    let names: Vec<&str> = sheets.iter().map(|sheet| sheet.name.as_str()).collect();
    parts.part("xl/workbook.bin", &workbook(&names))?;
    let mut relations: Vec<(String, &str, String)> = (1..=sheets.len())
        .map(|number| (format!("rId{number}"), "worksheet", format!("worksheets/sheet{number}.bin")))
        .collect();
    relations.push(("rIdS".to_owned(), "styles", "styles.bin".to_owned()));
    relations.push(("rIdT".to_owned(), "sharedStrings", "sharedStrings.bin".to_owned()));
    parts.relations("xl/_rels/workbook.bin.rels", &relations)?;

    let mut styles = Records::default();
    let mut format = 164_u16.to_le_bytes().to_vec();
    format.extend(wide("yyyy\\-mm\\-dd"));
    styles.put(615, &1_u32.to_le_bytes());
    styles.put(44, &format);
    styles.put(616, &[]);
    styles.put(617, &2_u32.to_le_bytes());
    for id in [0_u16, 164] {
        let mut fields = vec![0; 16];
        fields[2..4].copy_from_slice(&id.to_le_bytes());
        styles.put(47, &fields);
    }
    styles.put(618, &[]);
    parts.part("xl/styles.bin", &styles.0)?;

    let mut texts: Vec<&str> = Vec::new();
    let mut places: HashMap<&str, u32> = HashMap::new();
    for (number, sheet) in (1..).zip(sheets) {
        let mut records = Records::default();
        records.put(129, &[]);
        let width = sheet.rows.iter().map(Vec::len).max().unwrap_or(1).max(1);
        let edges = [0, sheet.rows.len().max(1) as u32 - 1, 0, width as u32 - 1];
        records.put(148, &edges.map(u32::to_le_bytes).concat());
        records.put(145, &[]);
        for (row, cells) in (0_u32..).zip(&sheet.rows) {
            let mut fields = row.to_le_bytes().to_vec();
            fields.extend([0; 13]);
            records.put(0, &fields);
            for (column, cell) in (0_u32..).zip(cells) {
                let mut fields = column.to_le_bytes().to_vec();
                fields.extend(u32::from(matches!(cell, Cell::Date(_))).to_le_bytes());
                let kind = match cell {
                    Cell::Empty => 1,
                    Cell::Text(text) => {
                        let place = *places.entry(text).or_insert_with(|| {
                            texts.push(text);
                            texts.len() as u32 - 1
                        });
                        fields.extend(place.to_le_bytes());
                        7
                    }
                    // Whole numbers go in four bytes.
                    Cell::Number(number) if number.fract() == 0.0 && number.abs() < 1e8 => {
                        fields.extend((((*number as i32) << 2) | 2).to_le_bytes());
                        2
                    }
                    Cell::Number(number) | Cell::Date(number) => {
                        fields.extend(number.to_le_bytes());
                        5
                    }
                    Cell::Error => {
                        fields.push(0x07);
                        3
                    }
                };
                records.put(kind, &fields);
            }
        }
        records.put(146, &[]);
        records.put(130, &[]);
        parts.part(&format!("xl/worksheets/sheet{number}.bin"), &records.0)?;
    }

    let mut shared = Records::default();
    let count = texts.len() as u32;
    shared.put(159, &[count.to_le_bytes(), count.to_le_bytes()].concat());
    for text in texts {
        shared.put(19, &[&[0][..], &wide(text)].concat());
    }
    shared.put(160, &[]);
    parts.part("xl/sharedStrings.bin", &shared.0)?;
    Ok(parts.finish()?.into_inner())
}
