//! What a pivot table keeps of its data, written as it comes: fields with the
//! values that recur, then the records.

use std::io::{self, Seek, Write};

use super::binary::{Records, wide, workbook};
use super::{Parts, escaped};

/// A column of the cache.
#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    /// The values that recur; none where records hold their own numbers or texts.
    pub shared: Vec<String>,
    pub numeric: bool,
}

impl Field {
    pub fn coded(name: &str, shared: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { name: name.to_owned(), shared: shared.into_iter().map(Into::into).collect(), numeric: false }
    }

    pub fn numbers(name: &str) -> Self {
        Self { name: name.to_owned(), shared: Vec::new(), numeric: true }
    }

    pub fn texts(name: &str) -> Self {
        Self { numeric: false, ..Self::numbers(name) }
    }
}

/// A value of a record.
#[derive(Clone, Debug)]
pub enum Held {
    /// A recurring one, by its place.
    Index(u32),
    Number(f64),
    Text(String),
    Missing,
}

/// A workbook with one sheet and the cache of a pivot table made from it.
///
/// # Errors
/// Where `out` can't be written.
pub fn pivot_xlsx<W: Write + Seek>(
    out: W,
    name: &str,
    fields: &[Field],
    records: impl Iterator<Item = Vec<Held>>,
) -> io::Result<W> {
    const MAIN: &str = "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" \
                        xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"";
    let mut parts = Parts::new(out);
    let relation = |id: &str, kind, target: &str| (id.to_owned(), kind, target.to_owned());
    parts.relations("_rels/.rels", &[relation("rId1", "officeDocument", "xl/workbook.xml")])?;
    parts.part(
        "xl/workbook.xml",
        format!(
            "<workbook {MAIN}><sheets><sheet name=\"Pivå\" sheetId=\"1\" r:id=\"rId1\"/></sheets>\
             <pivotCaches><pivotCache cacheId=\"1\" r:id=\"rId2\"/></pivotCaches></workbook>"
        )
        .as_bytes(),
    )?;
    parts.relations(
        "xl/_rels/workbook.xml.rels",
        &[
            relation("rId1", "worksheet", "worksheets/sheet1.xml"),
            relation("rId2", "pivotCacheDefinition", "pivotCache/pivotCacheDefinition1.xml"),
        ],
    )?;
    parts.part("xl/worksheets/sheet1.xml", format!("<worksheet {MAIN}><sheetData/></worksheet>").as_bytes())?;
    parts.relations(
        "xl/worksheets/_rels/sheet1.xml.rels",
        &[relation("rId1", "pivotTable", "../pivotTables/pivotTable1.xml")],
    )?;
    parts.part(
        "xl/pivotTables/pivotTable1.xml",
        format!("<pivotTableDefinition {MAIN} name=\"{}\" cacheId=\"1\"/>", escaped(name)).as_bytes(),
    )?;
    parts.relations(
        "xl/pivotTables/_rels/pivotTable1.xml.rels",
        &[relation("rId1", "pivotCacheDefinition", "../pivotCache/pivotCacheDefinition1.xml")],
    )?;
    let mut text = format!(
        "<pivotCacheDefinition {MAIN} r:id=\"rId1\"><cacheSource type=\"worksheet\">\
         <worksheetSource ref=\"A1:D9\" sheet=\"Underlag\"/></cacheSource><cacheFields count=\"{}\">",
        fields.len()
    );
    for field in fields {
        text.push_str(&format!("<cacheField name=\"{}\" numFmtId=\"0\"><sharedItems>", escaped(&field.name)));
        for item in &field.shared {
            text.push_str(&format!("<s v=\"{}\"/>", escaped(item)));
        }
        text.push_str("</sharedItems></cacheField>");
    }
    // A field made by grouping, which records do not hold.
    text.push_str(
        "<cacheField name=\"Grupp\" databaseField=\"0\"><fieldGroup base=\"0\"><groupItems><s v=\"x\"/></groupItems>\
         </fieldGroup></cacheField></cacheFields></pivotCacheDefinition>",
    );
    parts.part("xl/pivotCache/pivotCacheDefinition1.xml", text.as_bytes())?;
    parts.relations(
        "xl/pivotCache/_rels/pivotCacheDefinition1.xml.rels",
        &[relation("rId1", "pivotCacheRecords", "pivotCacheRecords1.xml")],
    )?;
    let part = parts.begin("xl/pivotCache/pivotCacheRecords1.xml")?;
    part.write_all(format!("<pivotCacheRecords {MAIN}>").as_bytes())?;
    let mut line = String::new();
    for record in records {
        line.clear();
        line.push_str("<r>");
        for held in record {
            match held {
                Held::Index(place) => line.push_str(&format!("<x v=\"{place}\"/>")),
                Held::Number(number) => line.push_str(&format!("<n v=\"{number}\"/>")),
                Held::Text(text) => line.push_str(&format!("<s v=\"{}\"/>", escaped(&text))),
                Held::Missing => line.push_str("<m/>"),
            }
        }
        line.push_str("</r>");
        part.write_all(line.as_bytes())?;
    }
    part.write_all(b"</pivotCacheRecords>")?;
    parts.finish()
}

/// The same as XLSB. A record whose values are all of their field's usual kind is one record of the part, any other
/// is a record of items.
///
/// # Errors
/// Where `out` can't be written.
pub fn pivot_xlsb<W: Write + Seek>(
    out: W,
    name: &str,
    fields: &[Field],
    records: impl Iterator<Item = Vec<Held>>,
) -> io::Result<W> {
    let mut parts = Parts::new(out);
    parts.part("xl/workbook.bin", &workbook(&["Pivå"]))?;
    let relation = |id: &str, kind, target: &str| (id.to_owned(), kind, target.to_owned());
    parts.relations(
        "xl/_rels/workbook.bin.rels",
        &[
            relation("rId1", "worksheet", "worksheets/sheet1.bin"),
            relation("rId2", "pivotCacheDefinition", "pivotCache/pivotCacheDefinition1.bin"),
        ],
    )?;
    let mut sheet = Records::default();
    for kind in [129, 145, 146, 130] {
        sheet.put(kind, &[]);
    }
    parts.part("xl/worksheets/sheet1.bin", &sheet.0)?;
    let mut definition = Records::default();
    definition.put(179, &[0; 16]);
    definition.put(185, &[0; 8]);
    // A name in place of a range.
    definition.put(187, &[&[1, 0, 0][..], &wide(name)].concat());
    definition.put(188, &[]);
    definition.put(186, &[]);
    definition.put(181, &(fields.len() as u32).to_le_bytes());
    for field in fields {
        let mut head = 0x0004_u16.to_le_bytes().to_vec();
        head.extend([0; 18]);
        head.extend(wide(&field.name));
        definition.put(183, &head);
        let flags = if field.numeric { 0x00c2_u16 } else { 0x0009 };
        definition.put(189, &[&flags.to_le_bytes()[..], &(field.shared.len() as u32).to_le_bytes()].concat());
        for item in &field.shared {
            definition.put(24, &wide(item));
        }
        definition.put(190, &[]);
        definition.put(184, &[]);
    }
    definition.put(182, &[]);
    definition.put(180, &[]);
    parts.part("xl/pivotCache/pivotCacheDefinition1.bin", &definition.0)?;
    parts.relations(
        "xl/pivotCache/_rels/pivotCacheDefinition1.bin.rels",
        &[relation("rId1", "pivotCacheRecords", "pivotCacheRecords1.bin")],
    )?;
    let part = parts.begin("xl/pivotCache/pivotCacheRecords1.bin")?;
    let mut buffer = Records::default();
    buffer.put(193, &0_u32.to_le_bytes());
    let mut whole = Vec::new();
    for record in records {
        whole.clear();
        let usual = fields.iter().zip(&record).all(|(field, held)| match held {
            Held::Index(place) => {
                whole.extend(place.to_le_bytes());
                !field.shared.is_empty()
            }
            Held::Number(number) => {
                whole.extend(number.to_le_bytes());
                field.shared.is_empty() && field.numeric
            }
            Held::Text(text) => {
                whole.extend(wide(text));
                field.shared.is_empty() && !field.numeric
            }
            Held::Missing => false,
        });
        if usual {
            buffer.put(33, &whole);
        } else {
            buffer.put(34, &[]);
            for held in record {
                match held {
                    Held::Index(place) => buffer.put(26, &place.to_le_bytes()),
                    Held::Number(number) => buffer.put(21, &number.to_le_bytes()),
                    Held::Text(text) => buffer.put(24, &wide(&text)),
                    Held::Missing => buffer.put(20, &[]),
                }
            }
        }
        if buffer.0.len() > 1 << 16 {
            part.write_all(&buffer.0)?;
            buffer.0.clear();
        }
    }
    buffer.put(194, &[]);
    part.write_all(&buffer.0)?;
    parts.finish()
}
