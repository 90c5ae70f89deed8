//! XML a record at a time: the elements at one path are the rows, and what lies
//! at paths within them the columns. Namespaces are passed over, no entity but
//! XML's own five is known, and nothing outside the file is ever read.

use std::collections::BTreeSet;
use std::io::{BufReader, Read};

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::text::{Allowance, Text, unwrapped};
use super::writer::{Out, Writer};
use super::{ReadError, Reading, Told, begins, declared};
use crate::config::FileFetch;
use crate::decode::DecodeError;
use crate::decode::rows::Cell;
use crate::nearest::nearest;

const DEPTH: usize = 64;
/// Paths that are remembered to name the nearest of them in place of a lost one.
const REMEMBERED: usize = 1000;

pub(super) fn read(body: impl Read, reading: &Reading<'_>, out: Out<'_>) -> Result<Told, ReadError> {
    let spec = reading.spec;
    let allowance = Allowance::new();
    let (body, encoding) = declared_encoding(body)?;
    let mut xml = Reader::from_reader(BufReader::with_capacity(1 << 16, Text::new(body, encoding, &allowance)?));
    let mut rows = Rows::new(reading, out);
    let mut buffer = Vec::new();
    let mut began = false;
    loop {
        allowance.renew();
        buffer.clear();
        let at = xml.buffer_position();
        let event = xml.read_event_into(&mut buffer).map_err(|error| fault(error, at))?;
        match event {
            Event::Start(element) => {
                began = true;
                rows.open(&element)?;
            }
            Event::Empty(element) => {
                began = true;
                rows.open(&element)?;
                rows.close()?;
            }
            Event::End(_) => rows.close()?,
            Event::Text(text) => {
                let text = text.decode().map_err(|error| fault(error.into(), at))?;
                if !began && !text.trim().is_empty() {
                    let shown = begins(text.trim().as_bytes());
                    return Err(DecodeError::NotTheFormat { expected: "XML", begins: shown }.into());
                }
                rows.text(&text);
            }
            Event::CData(text) => rows.text(&text.decode().map_err(|error| fault(error.into(), at))?),
            Event::GeneralRef(name) => rows.text(&entity(&name)?),
            Event::DocType(kind) => {
                let text = kind.decode().map_err(|error| fault(error.into(), at))?;
                if text.trim_start().to_ascii_lowercase().starts_with("html") {
                    let shown = format!("<!DOCTYPE {}", begins(text.as_bytes()));
                    return Err(DecodeError::NotTheFormat { expected: "XML", begins: shown }.into());
                }
                if text.contains('[') {
                    return Err(
                        DecodeError::Shape("the XML declares entities of its own, which are not read".into()).into()
                    );
                }
            }
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => break,
        }
    }
    if !began {
        return Err(DecodeError::NotTheFormat { expected: "XML", begins: String::new() }.into());
    }
    rows.finish(spec)
}

/// What the XML says it is written in; UTF-8 where it says nothing.
fn declared_encoding(mut body: impl Read) -> Result<(impl Read, &'static str), DecodeError> {
    let mut head = Vec::new();
    (&mut body).take(240).read_to_end(&mut head).map_err(unwrapped)?;
    let label = match head.as_slice() {
        [0xff, 0xfe, ..] => "utf-16le",
        [0xfe, 0xff, ..] => "utf-16be",
        head => {
            let text = String::from_utf8_lossy(head).to_ascii_lowercase();
            let declared = text.split_once("?>").and_then(|(declaration, _)| {
                let (_, rest) = declaration.split_once("encoding=")?;
                let quote = rest.chars().next().filter(|first| matches!(first, '"' | '\''))?;
                Some(rest[1..].split(quote).next()?.to_owned())
            });
            let known = declared.and_then(|label| encoding_rs::Encoding::for_label(label.as_bytes()));
            known.map_or("utf-8", encoding_rs::Encoding::name)
        }
    };
    let skip = if label.starts_with("utf-16") && head.first().is_some_and(|byte| *byte >= 0xfe) { 2 } else { 0 };
    let head: Vec<u8> = head.split_off(skip);
    Ok((std::io::Cursor::new(head).chain(body), label))
}

fn entity(name: &BytesRef<'_>) -> Result<String, DecodeError> {
    let unknown = || {
        let shown = String::from_utf8_lossy(name).chars().take(40).collect::<String>();
        DecodeError::Shape(format!("the XML uses the entity &{shown};, which is not one of XML's own"))
    };
    if let Some(letter) = name.resolve_char_ref().map_err(|_| unknown())? {
        return Ok(letter.to_string());
    }
    Ok(match &**name {
        b"lt" => "<",
        b"gt" => ">",
        b"amp" => "&",
        b"apos" => "'",
        b"quot" => "\"",
        _ => return Err(unknown()),
    }
    .to_owned())
}

fn fault(error: quick_xml::Error, at: u64) -> DecodeError {
    match error {
        quick_xml::Error::Io(error) => match std::sync::Arc::try_unwrap(error) {
            Ok(error) => unwrapped(error),
            Err(error) => DecodeError::Shape(error.to_string()),
        },
        error => DecodeError::Broken { offset: at, reason: error.to_string() },
    }
}

struct Rows<'w> {
    writer: Writer<'w>,
    record: Vec<String>,
    fields: Vec<Field>,
    /// Local names down to where we are.
    path: Vec<String>,
    /// How deep the record that we are in lies.
    within: Option<usize>,
    /// Of the record that we are in.
    values: Vec<Option<String>>,
    touched: Vec<bool>,
    /// Paths of the record's content, kept while a field has not been seen.
    found: BTreeSet<String>,
    records: u64,
}

struct Field {
    column: String,
    steps: Vec<String>,
    attribute: Option<String>,
    path: String,
    seen: bool,
}

impl<'w> Rows<'w> {
    fn new(reading: &'w Reading<'_>, out: Out<'w>) -> Self {
        let spec = reading.spec;
        let steps = |path: &str| -> Vec<String> {
            path.split('/').filter(|step| !step.is_empty() && *step != ".").map(str::to_owned).collect()
        };
        let field = |(column, path): (&String, &String)| {
            let (elements, attribute) = match path.rsplit_once('@') {
                Some((elements, attribute)) => (elements, Some(attribute.to_owned())),
                None => (path.as_str(), None),
            };
            Field { column: column.clone(), steps: steps(elements), attribute, path: path.clone(), seen: false }
        };
        let fields: Vec<Field> = spec.fields.iter().map(field).collect();
        let columns = declared(spec).unwrap_or_default();
        Self {
            writer: Writer::new(columns, &reading.marks, spec.decimal, out),
            record: steps(&spec.record),
            values: vec![None; fields.len()],
            touched: vec![true; fields.len()],
            fields,
            path: Vec::new(),
            within: None,
            found: BTreeSet::new(),
            records: 0,
        }
    }

    fn is_record(&self) -> bool {
        self.path.len() == self.record.len()
            && self.record.iter().zip(&self.path).all(|(wanted, is)| wanted == "*" || wanted == is)
    }

    fn open(&mut self, element: &BytesStart<'_>) -> Result<(), DecodeError> {
        if self.path.len() == DEPTH {
            return Err(DecodeError::Shape(format!("the XML is nested more than {DEPTH} deep")));
        }
        self.path.push(String::from_utf8_lossy(element.local_name().as_ref()).into_owned());
        if self.within.is_none() && self.is_record() {
            self.within = Some(self.path.len());
            self.values.iter_mut().for_each(|value| *value = None);
        }
        let Some(depth) = self.within else { return Ok(()) };
        let here = &self.path[depth..];
        let broken = |reason: String| DecodeError::Shape(format!("record {}: {reason}", self.records + 1));
        let mut attributes = Vec::new();
        for attribute in element.attributes() {
            let attribute = attribute.map_err(|error| broken(error.to_string()))?;
            let name = String::from_utf8_lossy(attribute.key.local_name().as_ref()).into_owned();
            let value =
                attribute.normalized_value(XmlVersion::Explicit1_0).map_err(|error| broken(error.to_string()))?;
            attributes.push((name, value.into_owned()));
        }
        for (place, field) in self.fields.iter_mut().enumerate().filter(|(_, field)| field.steps == here) {
            let value = match &field.attribute {
                Some(wanted) => attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone()),
                None => Some(String::new()),
            };
            let Some(value) = value else { continue };
            field.seen = true;
            if self.values[place].replace(value).is_some() {
                return Err(broken(format!("{:?} comes twice", field.path)));
            }
        }
        if self.found.len() < REMEMBERED && self.fields.iter().any(|field| !field.seen) {
            let path = here.join("/");
            for (name, _) in &attributes {
                let slash = if path.is_empty() { "" } else { "/" };
                self.found.insert(format!("{path}{slash}@{name}"));
            }
            if !path.is_empty() {
                self.found.insert(path);
            }
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        let Some(depth) = self.within else { return };
        let here = &self.path[depth..];
        for (field, value) in self.fields.iter().zip(&mut self.values) {
            if let Some(value) = value.as_mut().filter(|_| field.attribute.is_none() && field.steps == here) {
                value.push_str(text);
            }
        }
    }

    fn close(&mut self) -> Result<(), ReadError> {
        if self.within == Some(self.path.len()) {
            self.within = None;
            self.records += 1;
            for (place, value) in self.values.iter().enumerate() {
                let cell = value.as_deref().map(str::trim).map_or(Cell::Absent, Cell::Text);
                self.writer.push(place, self.records, cell)?;
            }
            self.writer.end_row(&self.touched)?;
        }
        self.path.pop();
        Ok(())
    }

    fn finish(self, spec: &FileFetch) -> Result<Told, ReadError> {
        if !self.path.is_empty() {
            let open = self.path.join("/");
            return Err(DecodeError::Shape(format!("the XML is cut off: {open} is not closed")).into());
        }
        if self.records == 0 {
            return Err(DecodeError::Shape(format!("the XML has no element at {:?}", spec.record)).into());
        }
        if let Some(field) = self.fields.iter().find(|field| !field.seen) {
            let near = nearest(&field.path, self.found.iter().map(String::as_str)).map(str::to_owned);
            let column = if field.column == field.path { field.column.clone() } else { field.path.clone() };
            return Err(DecodeError::ColumnLost { column, nearest: near }.into());
        }
        self.writer.finish()?;
        Ok(Told::default())
    }
}
