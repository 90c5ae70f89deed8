//! Workbooks as offices write them, made of rows: XLSX, XLSB and ODS with
//! sheets, XLSX and XLSB with the data that a pivot table keeps. They are the
//! sandbox's files, the decoders' tests and what the benchmarks read; nobody
//! publishes with them.

mod binary;
mod open;
mod pivot;

use std::io::{self, Cursor, Seek, Write};

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, XlsxError};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

pub use binary::xlsb;
pub use open::ods;
pub use pivot::{Field, Held, pivot_xlsb, pivot_xlsx};

#[derive(Clone, Debug)]
pub enum Cell {
    Empty,
    Text(String),
    Number(f64),
    /// Days since the end of 1899.
    Date(f64),
    /// A formula that divides by nought.
    Error,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<f64> for Cell {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

#[derive(Clone, Debug, Default)]
pub struct Sheet {
    pub name: String,
    pub rows: Vec<Vec<Cell>>,
}

/// The same bytes for the same sheets.
///
/// # Errors
/// Where a sheet cannot be called what it is called, or has too many rows.
pub fn xlsx(sheets: &[Sheet]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let created = ExcelDateTime::from_ymd(2026, 11, 1)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&created));
    let date = Format::new().set_num_format("yyyy-mm-dd");
    for sheet in sheets {
        let page = book.add_worksheet();
        page.set_name(&sheet.name)?;
        for (row, cells) in (0..).zip(&sheet.rows) {
            for (column, cell) in (0..).zip(cells) {
                match cell {
                    Cell::Empty => {}
                    Cell::Text(text) => drop(page.write_string(row, column, text)?),
                    Cell::Number(number) => drop(page.write_number(row, column, *number)?),
                    Cell::Date(serial) => drop(page.write_number_with_format(row, column, *serial, &date)?),
                    Cell::Error => drop(page.write_formula(
                        row,
                        column,
                        rust_xlsxwriter::Formula::new("=1/0").set_result("#DIV/0!"),
                    )?),
                }
            }
        }
    }
    book.save_to_buffer()
}

/// A zip with these members.
///
/// # Errors
/// Where two members have one name.
pub fn zipped(members: &[(&str, &[u8])]) -> io::Result<Vec<u8>> {
    let mut zip = Parts::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        zip.part(name, bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// A zip while its parts are written.
struct Parts<W: Write + Seek>(ZipWriter<W>);

impl<W: Write + Seek> Parts<W> {
    fn new(out: W) -> Self {
        Self(ZipWriter::new(out))
    }

    fn begin(&mut self, name: &str) -> io::Result<&mut ZipWriter<W>> {
        self.0.start_file(name, SimpleFileOptions::default().large_file(true)).map_err(io::Error::other)?;
        Ok(&mut self.0)
    }

    fn part(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.begin(name)?.write_all(bytes)
    }

    /// What a part refers to: id, the last word of the type, target.
    fn relations(&mut self, name: &str, relations: &[(String, &str, String)]) -> io::Result<()> {
        const TYPES: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        let mut text = String::from(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
             <Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">",
        );
        for (id, kind, target) in relations {
            text.push_str(&format!("<Relationship Id=\"{id}\" Type=\"{TYPES}/{kind}\" Target=\"{target}\"/>"));
        }
        text.push_str("</Relationships>");
        self.part(name, text.as_bytes())
    }

    fn finish(self) -> io::Result<W> {
        self.0.finish().map_err(io::Error::other)
    }
}

/// Text in XML.
fn escaped(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}
