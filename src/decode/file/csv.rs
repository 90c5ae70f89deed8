//! Delimited text with a header row, a row at a time. Every row has as many
//! fields as the header; it guesses neither delimiter nor types.

use std::io::{BufRead as _, BufReader, Read};

use csv::{ErrorKind, ReaderBuilder, StringRecord};

use super::header::choose;
use super::text::{Allowance, Text, unwrapped};
use super::writer::{Out, Writer};
use super::{ReadError, Reading, Told};
use crate::decode::DecodeError;
use crate::decode::json::begins;
use crate::decode::rows::Cell;

pub(super) fn read(body: impl Read, reading: &Reading<'_>, out: Out<'_>) -> Result<Told, ReadError> {
    let spec = reading.spec;
    let allowance = Allowance::new();
    let mut text = BufReader::with_capacity(1 << 16, Text::new(body, spec.encoding, &allowance)?);
    let head = text.fill_buf().map_err(unwrapped)?;
    let head = head[..head.len().min(240)].to_vec();
    // A server's error page reads as a one-column table.
    if head.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<') {
        return Err(DecodeError::NotTheFormat { expected: "CSV", begins: begins(&head) }.into());
    }
    let mut reader = ReaderBuilder::new().delimiter(spec.delimiter).from_reader(text);
    let header = reader.headers().map_err(fault)?.clone();
    if header.is_empty() {
        return Err(DecodeError::NotTheFormat { expected: "CSV with a header row", begins: begins(&head) }.into());
    }
    let header: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
    let chosen = choose(&header, spec)?;
    let mut writer = Writer::new(chosen.columns(), &reading.marks, spec.decimal, out);
    let touched = vec![true; chosen.taken.len()];
    let mut record = StringRecord::new();
    let mut row = 1;
    loop {
        allowance.renew();
        if !reader.read_record(&mut record).map_err(fault)? {
            break;
        }
        row += 1;
        for (place, (field, ..)) in chosen.taken.iter().enumerate() {
            writer.push(place, row, Cell::Text(&record[*field]))?;
        }
        writer.end_row(&touched)?;
    }
    writer.finish()?;
    Ok(Told { columns: Some(chosen.names), ..Told::default() })
}

fn fault(error: csv::Error) -> DecodeError {
    let place = error.position().map(|position| (position.record(), position.byte()));
    let reason = error.to_string();
    match error.into_kind() {
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            // The header is record 0 to the reader and row 1 to a reader.
            let row = place.map_or(0, |(record, _)| record) + 1;
            DecodeError::Shape(format!("row {row} has {len} fields, the header has {expected_len}"))
        }
        ErrorKind::Io(error) => unwrapped(error),
        _ => DecodeError::Broken { offset: place.map_or(0, |(_, byte)| byte), reason },
    }
}
