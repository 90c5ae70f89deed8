//! A whole dataset as SDMX-CSV, packed or not, in batches: its rows held
//! against what is asked for and passed over where they are not. It is never
//! unpacked as a whole, and a row is seldom longer than a line.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, BufRead as _, BufReader, Read};
use std::pin::Pin;
use std::task::{Context, Poll};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_compression::tokio::bufread::GzipDecoder;
use csv::{ReaderBuilder, StringRecord};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt as _, ReadBuf};

use super::super::SourceError;
use super::column;
use super::query::{Piece, Query};
use crate::config::{EurostatFetch, SourceKind, ValueType};
use crate::contract::Status;
use crate::decode::rows::{Cell, Table};
use crate::decode::{DecodeError, number};
use crate::fetch::Answer;

/// Rows of a batch.
const BATCH: usize = 1 << 16;

/// Bytes that are unpacked at a time.
const CHUNK: usize = 1 << 20;

/// The largest dataset unpacks to a fraction of this.
const MOST: u64 = 1 << 36;

/// No line of figures comes near.
const LONGEST_LINE: usize = 1 << 16;

const EXPECTED: &str = "SDMX-CSV";

#[derive(Debug)]
pub enum Fault {
    Decode(DecodeError),
    Sink(anyhow::Error),
}

impl Fault {
    pub fn of(self, answer: &Answer) -> SourceError {
        match self {
            Self::Decode(error) => SourceError::decode(answer, error),
            Self::Sink(error) => SourceError::Sink(error),
        }
    }
}

impl<E: Into<DecodeError>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Decode(error.into())
    }
}

fn typed(columns: &[String], value: &str) -> Vec<(String, ValueType)> {
    let texts = columns.iter().map(|name| (name.clone(), ValueType::Text));
    texts.chain([(value.to_owned(), ValueType::Float64)]).collect()
}

/// Dimensions as text, then the value with its status and symbol.
pub fn schema(columns: &[String], value: &str) -> SchemaRef {
    Table::new(typed(columns, value), '.').schema()
}

/// Where the header says that things stand.
struct Header {
    fields: usize,
    /// By dimension of the query.
    dimensions: Vec<usize>,
    value: usize,
    flag: Option<usize>,
    confidential: Option<usize>,
    updated: Option<usize>,
}

pub struct Reader<'a> {
    query: &'a Query,
    whole: Piece,
    chosen: Vec<HashSet<&'a str>>,
    symbols: &'a BTreeMap<String, Status>,
    header: Option<Header>,
    table: Table,
    /// Lines so far, the header among them.
    line: u64,
    updated: Option<String>,
}

impl<'a> Reader<'a> {
    pub fn new(fetch: &EurostatFetch, query: &'a Query, symbols: &'a BTreeMap<String, Status>) -> Self {
        let columns: Vec<String> = query.dimensions.iter().map(|dimension| column(fetch, &dimension.id)).collect();
        Self {
            query,
            whole: query.whole(),
            chosen: query
                .dimensions
                .iter()
                .map(|dimension| dimension.codes.iter().map(String::as_str).collect())
                .collect(),
            symbols,
            header: None,
            table: Table::new(typed(&columns, &fetch.value), '.'),
            line: 0,
            updated: None,
        }
    }

    pub fn updated(&self) -> Option<&str> {
        self.updated.as_deref()
    }

    fn head(&self, record: &StringRecord) -> Result<Header, DecodeError> {
        let find = |name: &str| record.iter().position(|field| field.trim().eq_ignore_ascii_case(name));
        let begins = || record.iter().collect::<Vec<_>>().join(",").chars().take(60).collect::<String>();
        let value =
            find("OBS_VALUE").ok_or_else(|| DecodeError::NotTheFormat { expected: EXPECTED, begins: begins() })?;
        let name = |id: &str| if id == super::structure::TIME { "TIME_PERIOD".to_owned() } else { id.to_owned() };
        let dimensions = self
            .query
            .dimensions
            .iter()
            .map(|dimension| find(&name(&dimension.id)).ok_or_else(|| DecodeError::DimensionLost(dimension.id.clone())))
            .collect::<Result<Vec<_>, _>>()?;
        // What stands before the value is a dimension, but for the dataset's name and date.
        let others = record.iter().enumerate().take(value);
        let known = ["DATAFLOW", "LAST UPDATE", "STRUCTURE", "STRUCTURE_ID", "ACTION"];
        for (at, field) in others {
            let told = known.iter().any(|name| field.trim().eq_ignore_ascii_case(name));
            if !told && !dimensions.contains(&at) {
                return Err(DecodeError::DimensionUnasked(field.trim().to_owned()));
            }
        }
        Ok(Header {
            fields: record.len(),
            dimensions,
            value,
            flag: find("OBS_FLAG"),
            confidential: find("CONF_STATUS"),
            updated: find("LAST UPDATE"),
        })
    }

    fn record(&mut self, record: &StringRecord) -> Result<(), DecodeError> {
        self.line += 1;
        let line = self.line;
        let Some(header) = &self.header else {
            self.header = Some(self.head(record)?);
            return Ok(());
        };
        if record.len() != header.fields {
            return Err(DecodeError::Shape(format!(
                "row {line} has {} fields, the header has {}",
                record.len(),
                header.fields
            )));
        }
        if let Some(updated) = header.updated.map(|at| record[at].trim()).filter(|updated| !updated.is_empty()) {
            match &self.updated {
                None => self.updated = Some(updated.to_owned()),
                Some(before) if before != updated => {
                    return Err(DecodeError::Shape(format!(
                        "row {line} is of the edition {updated:?}, and those before it of {before:?}"
                    )));
                }
                Some(_) => {}
            }
        }
        let mut wanted = true;
        for ((at, dimension), chosen) in self.query.dimensions.iter().enumerate().zip(&self.chosen) {
            let code = record[header.dimensions[at]].trim();
            if dimension.time && dimension.codes.is_empty() {
                wanted &= self.query.wants_period(at, &self.whole, code);
            } else if !chosen.contains(code) {
                // Of a dimension that is meant whole, a code that nobody knew of would be lost in silence.
                if dimension.all {
                    return Err(DecodeError::CodeUnasked { dimension: dimension.id.clone(), code: code.to_owned() });
                }
                wanted = false;
            }
        }
        if !wanted {
            return Ok(());
        }
        let value = record[header.value].trim();
        let mut symbol = header.flag.map_or("", |at| record[at].trim()).to_owned();
        let confidential = header.confidential.map_or("", |at| record[at].trim()).to_lowercase();
        if !confidential.is_empty() && !symbol.contains(&confidential) {
            symbol.push_str(&confidential);
        }
        if value == ":" && !symbol.contains(':') {
            symbol.insert(0, ':');
        }
        let number = match value {
            "" | ":" => None,
            text => Some(number::parse(text).ok_or_else(|| DecodeError::Cell {
                row: line,
                column: "OBS_VALUE".to_owned(),
                value: text.to_owned(),
                why: "not a number",
            })?),
        };
        let meant = self.symbols.get(&symbol).copied();
        let cell = match (number, meant) {
            (Some(number), Some(status)) if !status.has_value() => {
                return Err(DecodeError::Contradiction {
                    cell: header.dimensions.iter().map(|at| record[*at].trim()).collect::<Vec<_>>().join(", "),
                    value: number.float().to_string(),
                    symbol,
                    status,
                    kind: SourceKind::Eurostat,
                });
            }
            (Some(number), _) if symbol.is_empty() => Cell::Number(number),
            (Some(number), status) => {
                Cell::Marked { number: Some(number), status: status.unwrap_or(Status::Observed), symbol: &symbol }
            }
            // Neither a value nor a flag: an observation that does not exist.
            (None, _) if symbol.is_empty() => return Ok(()),
            (None, status) => {
                let status = status.filter(|status| !status.has_value()).unwrap_or(Status::Missing);
                Cell::Marked { number: None, status, symbol: &symbol }
            }
        };
        let places = header.dimensions.len();
        for (place, field) in header.dimensions.iter().enumerate() {
            self.table.push(place, line, Cell::Text(record[*field].trim()))?;
        }
        self.table.push(places, line, cell)?;
        self.table.end_row(&vec![true; places + 1]);
        Ok(())
    }
}

/// Reads the whole body and hands out batches.
pub async fn read(
    body: impl Read + Send,
    reader: &mut Reader<'_>,
    write: &mut (dyn FnMut(&RecordBatch) -> anyhow::Result<()> + Send),
) -> Result<(), Fault> {
    let mut body = Blocking(BufReader::with_capacity(CHUNK, body));
    let head = body.0.fill_buf().map_err(|error| DecodeError::Broken { offset: 0, reason: error.to_string() })?;
    if head.starts_with(&[0x1f, 0x8b]) {
        let mut unpacked = GzipDecoder::new(body);
        unpacked.multiple_members(true);
        lines(unpacked, reader, write).await?;
    } else {
        let plain = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        if plain.trim_ascii_start().first() == Some(&b'<') {
            let begins = String::from_utf8_lossy(&plain[..plain.len().min(60)]).into_owned();
            return Err(DecodeError::NotTheFormat { expected: EXPECTED, begins }.into());
        }
        let mark = head.len() - plain.len();
        body.0.consume(mark);
        lines(body, reader, write).await?;
    }
    if reader.header.is_none() {
        return Err(DecodeError::NotTheFormat { expected: EXPECTED, begins: String::new() }.into());
    }
    if reader.table.rows() > 0 {
        write(&reader.table.take()?).map_err(Fault::Sink)?;
    }
    Ok(())
}

/// The archive's reader for the unpacker, which wants one that can wait: this one is always ready.
struct Blocking<R>(BufReader<R>);

impl<R: Read> Unpin for Blocking<R> {}

impl<R: Read> AsyncRead for Blocking<R> {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let count = self.get_mut().0.read(buffer.initialize_unfilled())?;
        buffer.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl<R: Read> AsyncBufRead for Blocking<R> {
    fn poll_fill_buf(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        Poll::Ready(self.get_mut().0.fill_buf())
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        self.get_mut().0.consume(amount);
    }
}

/// Whole lines at a time; a field never goes over a line's end.
async fn lines(
    mut unpacked: impl AsyncRead + Unpin + Send,
    reader: &mut Reader<'_>,
    write: &mut (dyn FnMut(&RecordBatch) -> anyhow::Result<()> + Send),
) -> Result<(), Fault> {
    let mut held: Vec<u8> = Vec::with_capacity(2 * CHUNK);
    let mut total = 0_u64;
    loop {
        let before = held.len();
        held.resize(before + CHUNK, 0);
        let count = unpacked
            .read(&mut held[before..])
            .await
            .map_err(|error| DecodeError::Broken { offset: total, reason: error.to_string() })?;
        held.truncate(before + count);
        total += count as u64;
        if total > MOST {
            return Err(DecodeError::Shape(format!("it unpacks to more than {MOST} bytes")).into());
        }
        let end = match (count, held.iter().rposition(|byte| *byte == b'\n')) {
            (0, _) => held.len(),
            (_, Some(at)) => at + 1,
            (_, None) if held.len() > LONGEST_LINE => {
                return Err(DecodeError::Shape(format!("a line is longer than {LONGEST_LINE} bytes")).into());
            }
            (_, None) => 0,
        };
        batch(&held[..end], reader, write, total - (held.len() as u64))?;
        held.drain(..end);
        if count == 0 {
            return Ok(());
        }
    }
}

fn batch(
    text: &[u8],
    reader: &mut Reader<'_>,
    write: &mut (dyn FnMut(&RecordBatch) -> anyhow::Result<()> + Send),
    offset: u64,
) -> Result<(), Fault> {
    let mut records = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
    let mut record = StringRecord::new();
    loop {
        let more = records.read_record(&mut record).map_err(|error| DecodeError::Broken {
            offset: offset + error.position().map_or(0, csv::Position::byte),
            reason: error.to_string(),
        })?;
        if !more {
            return Ok(());
        }
        reader.record(&record)?;
        if reader.table.rows() >= BATCH {
            write(&reader.table.take()?).map_err(Fault::Sink)?;
        }
    }
}
