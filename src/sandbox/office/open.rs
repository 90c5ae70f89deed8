//! ODS (OpenDocument 1.3), as little of it as a workbook needs.

use std::fmt::Write as _;
use std::io::{self, Cursor};

use jiff::ToSpan as _;
use jiff::civil::date;

use super::{Cell, Parts, Sheet, escaped};

/// The same bytes for the same sheets.
///
/// # Errors
/// Where two parts have one name, which they do not.
pub fn ods(sheets: &[Sheet]) -> io::Result<Vec<u8>> {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><office:document-content \
         xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
         xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" \
         xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\" office:version=\"1.3\">\
         <office:body><office:spreadsheet>",
    );
    for sheet in sheets {
        let _ = write!(text, "<table:table table:name=\"{}\">", escaped(&sheet.name));
        for row in &sheet.rows {
            text.push_str("<table:table-row>");
            let mut empty = 0;
            for cell in row {
                if matches!(cell, Cell::Empty) {
                    empty += 1;
                    continue;
                }
                if empty > 0 {
                    let _ = write!(text, "<table:table-cell table:number-columns-repeated=\"{empty}\"/>");
                    empty = 0;
                }
                let (attributes, shown) = match cell {
                    Cell::Text(text) => ("office:value-type=\"string\"".to_owned(), escaped(text)),
                    Cell::Number(number) => {
                        (format!("office:value-type=\"float\" office:value=\"{number}\""), number.to_string())
                    }
                    Cell::Date(serial) => {
                        let day = date(1899, 12, 30).saturating_add((*serial as i64).days()).to_string();
                        (format!("office:value-type=\"date\" office:date-value=\"{day}\""), day)
                    }
                    Cell::Error | Cell::Empty => ("office:value-type=\"string\"".to_owned(), "#DIV/0!".to_owned()),
                };
                let _ = write!(text, "<table:table-cell {attributes}><text:p>{shown}</text:p></table:table-cell>");
            }
            text.push_str("</table:table-row>");
        }
        text.push_str("</table:table>");
    }
    text.push_str("</office:spreadsheet></office:body></office:document-content>");
    let mut parts = Parts::new(Cursor::new(Vec::new()));
    parts.part("mimetype", b"application/vnd.oasis.opendocument.spreadsheet")?;
    parts.part("content.xml", text.as_bytes())?;
    Ok(parts.finish()?.into_inner())
}
