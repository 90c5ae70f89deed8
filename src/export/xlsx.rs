//! A workbook with two sheets: `Data`, where codes are text and numbers are
//! numbers, and `Om`, which says what they are. Rows go straight to a file, so
//! that a full sheet fits in little memory.

use std::io::Write;
use std::path::Path;

use rust_xlsxwriter::{ColNum, Format, RowNum, Workbook, Worksheet, XlsxError};

use super::about::About;
use super::cells::{Cell, cells, day};
use super::{ExportError, Rows};

/// Below the row of names.
pub const MOST_ROWS: u64 = 1_048_575;

/// Days from Excel's day 0 to 1970-01-01.
const EPOCH: i32 = 25_569;

impl From<XlsxError> for ExportError {
    fn from(error: XlsxError) -> Self {
        match error {
            XlsxError::IoError(error) => Self::Write(error),
            other => Self::Workbook(other.to_string()),
        }
    }
}

pub fn write(
    out: &mut (dyn Write + Send),
    rows: &Rows<'_>,
    about: &About,
    temporary: Option<&Path>,
) -> Result<(), ExportError> {
    let count = rows.count()?;
    if count > MOST_ROWS {
        return Err(ExportError::TooManyRows { rows: count });
    }
    let mut workbook = Workbook::new();
    if let Some(folder) = temporary {
        workbook.set_tempdir(folder)?;
    }
    data(workbook.add_worksheet_with_constant_memory()?, rows)?;
    told(workbook.add_worksheet(), about)?;
    Ok(workbook.save_to_writer(out)?)
}

fn data(sheet: &mut Worksheet, rows: &Rows<'_>) -> Result<(), ExportError> {
    let bold = Format::new().set_bold();
    let date = Format::new().set_num_format("yyyy-mm-dd");
    sheet.set_name("Data")?;
    sheet.set_freeze_panes(1, 0)?;
    let mut formats = Vec::new();
    for (at, column) in rows.manifest.columns.iter().enumerate() {
        let width = column.name.chars().count().clamp(8, 30) + 3;
        sheet.set_column_width(at as ColNum, width as f64)?;
        let decimals = usize::from(column.decimals.unwrap_or_default());
        formats.push(match (column.kind.as_str(), decimals) {
            ("float64", 1..) => Format::new().set_num_format(format!("0.{}", "0".repeat(decimals))),
            _ => Format::new(),
        });
    }
    for (at, column) in rows.manifest.columns.iter().enumerate() {
        sheet.write_string_with_format(0, at as ColNum, &column.name, &bold)?;
    }
    let mut line: RowNum = 0;
    rows.each(&mut |batch| {
        let columns = cells(batch);
        for row in 0..batch.num_rows() {
            line += 1;
            for (at, (column, format)) in columns.iter().zip(&formats).enumerate() {
                let at = at as ColNum;
                match column.at(row) {
                    Cell::Null => continue,
                    Cell::Text(text) => sheet.write_string(line, at, text)?,
                    Cell::Int(value) => sheet.write_number_with_format(line, at, value as f64, format)?,
                    Cell::Float(value) => sheet.write_number_with_format(line, at, value, format)?,
                    // Excel knows no day before 1900-03-01 that other programs agree on.
                    Cell::Date(days) if days + EPOCH > 60 => {
                        sheet.write_number_with_format(line, at, f64::from(days + EPOCH), &date)?
                    }
                    Cell::Date(days) => sheet.write_string(line, at, day(days))?,
                };
            }
        }
        Ok(())
    })
}

fn told(sheet: &mut Worksheet, about: &About) -> Result<(), ExportError> {
    let bold = Format::new().set_bold();
    sheet.set_name("Om")?;
    sheet.set_column_width(0, 28)?;
    sheet.set_column_width(1, 60)?;
    let mut line: RowNum = 0;
    for (name, fact) in &about.facts {
        if name.is_empty() {
            sheet.write_string(line, 0, fact)?;
        } else {
            sheet.write_string_with_format(line, 0, *name, &bold)?;
            sheet.write_string(line, 1, fact)?;
        }
        line += 1;
    }
    line += 1;
    for (at, name) in ["Kolumn", "Titel", "Enhet", "Decimaler"].into_iter().enumerate() {
        sheet.write_string_with_format(line, at as ColNum, name, &bold)?;
    }
    for column in &about.columns {
        line += 1;
        sheet.write_string(line, 0, &column.name)?;
        sheet.write_string(line, 1, &column.title)?;
        sheet.write_string(line, 2, column.unit.as_deref().unwrap_or_default())?;
        if let Some(decimals) = column.decimals {
            sheet.write_number(line, 3, decimals)?;
        }
    }
    Ok(())
}
