//! XLSX, by calamine, cell by cell. What calamine reads into memory or takes in
//! one piece is measured first: it has no caps of its own.

use std::io::Read;

use calamine::{DataRef, Reader as _, SheetVisible, Xlsx};

use super::{Value, Visit, Workbook, relations};
use crate::decode::DecodeError;
use crate::decode::file::ReadError;
use crate::decode::file::input::{Input, Stream};
use crate::decode::file::package::Package;
use crate::decode::file::text::{LONGEST, too_long, unwrapped};

/// Shared texts, styles and all else that is not a sheet.
const IN_MEMORY: u64 = 512 << 20;

pub(super) struct Book {
    package: Package,
    book: Xlsx<Stream>,
}

impl Book {
    pub fn open(input: &Input) -> Result<Self, DecodeError> {
        let mut package = Package::open(input, "XLSX")?;
        if !package.has("xl/workbook.xml") {
            let what = if package.has("xl/workbook.bin") { "XLSB" } else { "no workbook" };
            return Err(DecodeError::Shape(format!("the zip is not XLSX: it has no xl/workbook.xml ({what})")));
        }
        let mut left = IN_MEMORY;
        let streamed = ["xl/worksheets/sheet", "xl/pivotCache/", "xl/media/", "xl/charts/", "xl/drawings/"];
        let names: Vec<String> = package.names().to_vec();
        for name in names.iter().filter(|name| !streamed.iter().any(|start| name.starts_with(start))) {
            measure(&mut package, name, &mut left)?;
        }
        let stream = input.open().map_err(unwrapped)?;
        let book = Xlsx::new(stream).map_err(|error| broken(&error))?;
        Ok(Self { package, book })
    }

    /// The part that a sheet is; none where the workbook names it in a way of its own.
    fn part(&mut self, sheet: &str) -> Option<String> {
        let workbook = relations::small(&mut self.package, "xl/workbook.xml").ok()?;
        let mut id = None;
        relations::each_element(&workbook, "xl/workbook.xml", &mut |element| {
            if element.local_name().as_ref() == b"sheet"
                && relations::attribute(element, "name").as_deref() == Some(sheet)
            {
                id = relations::attribute(element, "id");
            }
        })
        .ok()?;
        let relations = relations::of(&mut self.package, "xl/workbook.xml").ok()?;
        relations.into_iter().find(|one| Some(&one.id) == id.as_ref()).map(|one| one.target)
    }
}

/// Unpacks a part once, to see that it is as large as it says and in pieces of an honest size.
fn measure(package: &mut Package, name: &str, left: &mut u64) -> Result<(), DecodeError> {
    let mut member = package.member(name)?;
    let mut buffer = vec![0; 1 << 16];
    let mut piece = 0;
    loop {
        let count = member.read(&mut buffer).map_err(unwrapped)?;
        let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else { return Ok(()) };
        *left = left.checked_sub(count as u64).ok_or_else(|| {
            DecodeError::Shape(format!(
                "{name} is larger than the {IN_MEMORY} bytes that a workbook may keep beside its sheets"
            ))
        })?;
        match read.iter().position(|byte| *byte == b'<') {
            Some(first) if piece + first <= LONGEST => {
                piece = read.iter().rev().position(|byte| *byte == b'<').unwrap_or(0);
            }
            None if piece + count <= LONGEST => piece += count,
            _ => return Err(too_long()),
        }
    }
}

impl Workbook for Book {
    fn sheets(&self) -> Vec<(String, bool)> {
        let sheets = self.book.sheets_metadata().iter();
        sheets.map(|sheet| (sheet.name.clone(), sheet.visible == SheetVisible::Visible)).collect()
    }

    fn cells(&mut self, sheet: &str, visit: Visit<'_>) -> Result<(), ReadError> {
        let parts = match self.part(sheet) {
            Some(part) => vec![part],
            None => self.package.names().iter().filter(|name| name.starts_with("xl/worksheets/")).cloned().collect(),
        };
        let mut left = u64::MAX;
        for part in parts.iter().filter(|part| self.package.has(part)).cloned().collect::<Vec<_>>() {
            measure(&mut self.package, &part, &mut left)?;
        }
        let mut cells = self.book.worksheet_cells_reader(sheet).map_err(|error| broken(&error))?;
        while let Some(cell) = cells.next_cell().map_err(|error| broken(&error))? {
            let (row, column) = cell.get_position();
            let value = match cell.get_value() {
                DataRef::Empty => continue,
                DataRef::Int(number) => Value::Number(*number as f64),
                DataRef::Float(number) => Value::Number(*number),
                DataRef::String(text) => Value::Text(text),
                DataRef::SharedString(text) => Value::Text(text),
                DataRef::Bool(truth) => Value::Bool(*truth),
                DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Value::Date(text.clone()),
                DataRef::DateTime(moment) => date(moment),
                DataRef::Error(error) => Value::Error(error.to_string()),
            };
            if !visit(row, column, value)? {
                break;
            }
        }
        Ok(())
    }
}

fn date(moment: &calamine::ExcelDateTime) -> Value<'static> {
    let serial = moment.as_f64();
    if moment.is_duration() {
        let seconds = (serial * 86_400.0).round() as i64;
        return Value::Date(format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60));
    }
    if (0.0..1.0).contains(&serial) {
        return super::iso(serial, false).map_or(Value::Number(serial), Value::Date);
    }
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    Value::Date(if (hour, minute, second) == (0, 0, 0) {
        date
    } else {
        format!("{date}T{hour:02}:{minute:02}:{second:02}")
    })
}

fn broken(error: &calamine::XlsxError) -> DecodeError {
    DecodeError::Shape(format!("the XLSX is cut off or broken: {error}"))
}
