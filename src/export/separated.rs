//! CSV in two dialects. Text that a spreadsheet would run is neutralised in
//! both; numbers never are. Quotes stand only where they must: no spreadsheet
//! takes them to mean text, so codes keep their zeros by being imported as
//! text, or by asking for xlsx instead.

use std::fmt::Write as _;
use std::io::Write;

use csv::{ByteRecord, QuoteStyle, WriterBuilder};

use crate::spreadsheet::{MARK, safe};

use super::cells::{Cell, cells, day};
use super::{ExportError, Rows};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Comma, decimal point.
    Machine,
    /// Byte-order mark, semicolon, decimal comma: what Excel in Swedish opens.
    Swedish,
}

pub fn write(out: &mut (dyn Write + Send), dialect: Dialect, rows: &Rows<'_>) -> Result<(), ExportError> {
    let delimiter = match dialect {
        Dialect::Machine => b',',
        Dialect::Swedish => {
            out.write_all(MARK)?;
            b';'
        }
    };
    let mut writer = WriterBuilder::new().delimiter(delimiter).quote_style(QuoteStyle::Necessary).from_writer(out);
    let names = rows.manifest.columns.iter().map(|column| column.name.as_str());
    writer.write_record(names).map_err(fault)?;
    let (mut record, mut text) = (ByteRecord::new(), String::new());
    rows.each(&mut |batch| {
        let columns = cells(batch);
        for row in 0..batch.num_rows() {
            record.clear();
            for column in &columns {
                text.clear();
                match column.at(row) {
                    Cell::Null => {}
                    Cell::Text(cell) => text.push_str(&safe(cell)),
                    Cell::Int(value) => drop(write!(text, "{value}")),
                    Cell::Float(value) => {
                        let _ = write!(text, "{value}");
                        if dialect == Dialect::Swedish
                            && let Some(point) = text.find('.')
                        {
                            text.replace_range(point..=point, ",");
                        }
                    }
                    Cell::Date(days) => text.push_str(&day(days)),
                }
                record.push_field(text.as_bytes());
            }
            writer.write_byte_record(&record).map_err(fault)?;
        }
        Ok(())
    })?;
    Ok(writer.flush()?)
}

fn fault(error: csv::Error) -> ExportError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => ExportError::Write(error),
        other => ExportError::Write(std::io::Error::other(format!("{other:?}"))),
    }
}
