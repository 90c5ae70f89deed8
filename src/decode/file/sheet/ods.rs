//! ODS (OpenDocument 1.3, part 3), read as it comes: calamine would hold every
//! sheet, and a cell that says it is repeated a milliard times, in memory.

use quick_xml::events::{BytesRef, BytesStart, Event};

use super::{Value, Visit, Workbook, relations::attribute};
use crate::decode::DecodeError;
use crate::decode::file::ReadError;
use crate::decode::file::elements::each;
use crate::decode::file::input::Input;
use crate::decode::file::package::Package;

const CONTENT: &str = "content.xml";
/// Cells that come from others by repetition, all together.
const REPEATED: u64 = 20_000_000;
const COLUMNS: u32 = 16_384;

pub(super) struct Book {
    package: Package,
    sheets: Vec<(String, bool)>,
}

impl Book {
    pub fn open(input: &Input) -> Result<Self, DecodeError> {
        let mut package = Package::open(input, "ODS")?;
        if !package.has(CONTENT) {
            return Err(DecodeError::Shape(format!("the zip is not ODS: it has no {CONTENT}")));
        }
        let mut sheets = Vec::new();
        events(&mut package, &mut |event| {
            if let Event::Start(element) | Event::Empty(element) = event
                && is(element, b"table")
                && let Some(name) = attribute(element, "name")
            {
                sheets.push((name, true));
            }
            Ok(true)
        })
        .map_err(|error| match error {
            ReadError::Decode(error) => error,
            ReadError::Sink(error) => DecodeError::Shape(error.to_string()),
        })?;
        Ok(Self { package, sheets })
    }
}

/// `table:table`, not `style:table-properties`.
fn is(element: &BytesStart<'_>, name: &[u8]) -> bool {
    element.name().as_ref().strip_prefix(b"table:") == Some(name)
}

fn events(
    package: &mut Package,
    visit: &mut dyn FnMut(&Event<'_>) -> Result<bool, ReadError>,
) -> Result<(), ReadError> {
    each(package.member(CONTENT)?, CONTENT, visit)
}

/// A cell while its text comes in.
#[derive(Default)]
struct Open {
    kind: String,
    value: Option<String>,
    text: String,
    paragraphs: u32,
    repeated: u32,
    covered: bool,
}

/// Where we are, and the row under way: a repeated row is told as often as it says.
#[derive(Default)]
struct State {
    row: u32,
    column: u32,
    repeated: u32,
    cells: Vec<(u32, Owned)>,
    within: bool,
    /// Depth of `office:annotation`, whose text is not the cell's.
    aside: u32,
    open: Option<Open>,
    expanded: u64,
}

#[derive(Clone)]
enum Owned {
    Text(String),
    Number(f64),
    Bool(bool),
    Date(String),
    Error(String),
}

impl Workbook for Book {
    fn sheets(&self) -> Vec<(String, bool)> {
        self.sheets.clone()
    }

    fn cells(&mut self, sheet: &str, visit: Visit<'_>) -> Result<(), ReadError> {
        let mut state = State::default();
        events(&mut self.package, &mut |event| match event {
            Event::Start(element) => {
                state.start(element, sheet);
                Ok(true)
            }
            Event::Empty(element) => {
                state.start(element, sheet);
                state.end(element.name().as_ref(), &mut *visit)
            }
            Event::End(element) => state.end(element.name().as_ref(), &mut *visit),
            Event::Text(text) => {
                let text = text.decode().map_err(|error| DecodeError::Shape(error.to_string()))?;
                state.text(&text);
                Ok(true)
            }
            Event::GeneralRef(name) => {
                state.text(&entity(name)?);
                Ok(true)
            }
            _ => Ok(true),
        })
    }
}

fn entity(name: &BytesRef<'_>) -> Result<String, DecodeError> {
    let unknown = || DecodeError::Shape(format!("{CONTENT} uses an entity that is not one of XML's own"));
    if let Some(letter) = name.resolve_char_ref().map_err(|_| unknown())? {
        return Ok(letter.to_string());
    }
    let letter = match &**name {
        b"lt" => "<",
        b"gt" => ">",
        b"amp" => "&",
        b"apos" => "'",
        b"quot" => "\"",
        _ => return Err(unknown()),
    };
    Ok(letter.to_owned())
}

impl State {
    fn start(&mut self, element: &BytesStart<'_>, sheet: &str) {
        if is(element, b"table") {
            self.within = attribute(element, "name").as_deref() == Some(sheet);
            return;
        }
        if !self.within {
            return;
        }
        let times = |name: &str| attribute(element, name).and_then(|text| text.parse().ok()).unwrap_or(1).max(1);
        match element.name().as_ref() {
            b"table:table-row" => {
                self.column = 0;
                self.cells.clear();
                self.repeated = times("number-rows-repeated");
            }
            b"table:table-cell" | b"table:covered-table-cell" => {
                self.open = Some(Open {
                    kind: attribute(element, "value-type").unwrap_or_default(),
                    value: ["value", "date-value", "time-value", "boolean-value", "string-value"]
                        .iter()
                        .find_map(|name| attribute(element, name)),
                    repeated: times("number-columns-repeated"),
                    covered: element.name().as_ref() == b"table:covered-table-cell",
                    ..Open::default()
                });
            }
            b"office:annotation" => self.aside += 1,
            b"text:p" | b"text:h" if self.aside == 0 => {
                if let Some(open) = &mut self.open {
                    if open.paragraphs > 0 {
                        open.text.push('\n');
                    }
                    open.paragraphs += 1;
                }
            }
            b"text:s" => {
                let count: usize = attribute(element, "c").and_then(|text| text.parse().ok()).unwrap_or(1);
                self.text(&" ".repeat(count.min(1000)));
            }
            b"text:tab" => self.text("\t"),
            b"text:line-break" => self.text("\n"),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(open) = self.open.as_mut().filter(|open| self.aside == 0 && open.paragraphs > 0) {
            open.text.push_str(text);
        }
    }

    fn expand(&mut self, cells: u64) -> Result<(), DecodeError> {
        self.expanded = self.expanded.saturating_add(cells);
        if self.expanded > REPEATED {
            return Err(DecodeError::Shape(format!("{CONTENT} repeats cells more than {REPEATED} times")));
        }
        Ok(())
    }

    fn end(&mut self, name: &[u8], visit: Visit<'_>) -> Result<bool, ReadError> {
        match name {
            b"table:table" if self.within => return Ok(false),
            _ if !self.within => {}
            b"office:annotation" => self.aside = self.aside.saturating_sub(1),
            b"table:table-cell" | b"table:covered-table-cell" => {
                let Some(open) = self.open.take() else { return Ok(true) };
                let times = open.repeated;
                // What a merged cell covers is not shown.
                if let Some(value) = value(open).filter(|_| self.column < COLUMNS) {
                    let times = times.min(COLUMNS - self.column);
                    self.expand(u64::from(times - 1))?;
                    for at in 0..times {
                        self.cells.push((self.column + at, value.clone()));
                    }
                }
                self.column = self.column.saturating_add(times);
            }
            b"table:table-row" => {
                let times = if self.cells.is_empty() { 0 } else { self.repeated };
                self.expand(u64::from(times.saturating_sub(1)).saturating_mul(self.cells.len() as u64))?;
                for at in 0..times {
                    for (column, value) in &self.cells {
                        let value = match value {
                            Owned::Text(text) => Value::Text(text),
                            Owned::Number(number) => Value::Number(*number),
                            Owned::Bool(truth) => Value::Bool(*truth),
                            Owned::Date(text) => Value::Date(text.clone()),
                            Owned::Error(text) => Value::Error(text.clone()),
                        };
                        if !visit(self.row.saturating_add(at), *column, value)? {
                            return Ok(false);
                        }
                    }
                }
                self.cells.clear();
                self.row = self.row.saturating_add(self.repeated);
            }
            _ => {}
        }
        Ok(true)
    }
}

fn value(open: Open) -> Option<Owned> {
    if open.covered {
        return None;
    }
    let shown = open.text.trim();
    // A formula's error is kept as text that begins so.
    if shown.starts_with('#') && shown.ends_with(['!', '?', 'A']) || shown.starts_with("Err:") {
        return Some(Owned::Error(shown.to_owned()));
    }
    match (open.kind.as_str(), open.value) {
        ("float" | "percentage" | "currency", Some(value)) => {
            Some(value.parse().ok().filter(|number: &f64| number.is_finite()).map_or(Owned::Text(value), Owned::Number))
        }
        ("boolean", Some(value)) => Some(Owned::Bool(value == "true")),
        // 2026-11-01T00:00:00 is a date.
        ("date", Some(value)) => Some(Owned::Date(value.strip_suffix("T00:00:00").map(str::to_owned).unwrap_or(value))),
        ("time", Some(value)) => Some(Owned::Date(value)),
        (_, Some(value)) if open.paragraphs == 0 => Some(Owned::Text(value)),
        _ => (!shown.is_empty()).then_some(Owned::Text(open.text)),
    }
}
