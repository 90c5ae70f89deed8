//! The records that XLSB parts are made of: a number, a length and that many
//! bytes ([MS-XLSB] 2.1.4). Every field is read with its bounds.

use std::io::{BufReader, Read};

use crate::decode::DecodeError;
use crate::decode::file::text::{LONGEST, unwrapped};

pub struct Records<R> {
    inner: BufReader<R>,
    part: String,
    buffer: Vec<u8>,
}

impl<R: Read> Records<R> {
    pub fn new(inner: R, part: &str) -> Self {
        Self { inner: BufReader::with_capacity(1 << 16, inner), part: part.to_owned(), buffer: Vec::new() }
    }

    /// The next record's number and fields; nothing at the end of the part.
    pub fn next(&mut self) -> Result<Option<(u16, Fields<'_>)>, DecodeError> {
        let Some(first) = self.byte()? else { return Ok(None) };
        let mut kind = u16::from(first & 0x7f);
        if first & 0x80 != 0 {
            kind |= u16::from(self.some_byte()? & 0x7f) << 7;
        }
        let mut length = 0_usize;
        for place in 0..4 {
            let byte = self.some_byte()?;
            length |= usize::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                break;
            }
        }
        if length > LONGEST {
            return Err(self.broken("a record is too long"));
        }
        self.buffer.clear();
        let read = (&mut self.inner).take(length as u64).read_to_end(&mut self.buffer).map_err(unwrapped)?;
        if read < length {
            return Err(self.broken("it ends within a record"));
        }
        Ok(Some((kind, Fields { bytes: &self.buffer, part: &self.part })))
    }

    fn byte(&mut self) -> Result<Option<u8>, DecodeError> {
        let mut byte = [0];
        loop {
            match self.inner.read(&mut byte) {
                Ok(0) => return Ok(None),
                Ok(_) => return Ok(Some(byte[0])),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unwrapped(error)),
            }
        }
    }

    fn some_byte(&mut self) -> Result<u8, DecodeError> {
        self.byte()?.ok_or_else(|| self.broken("it ends within a record"))
    }

    fn broken(&self, why: &str) -> DecodeError {
        DecodeError::Shape(format!("{} is cut off or broken: {why}", self.part))
    }
}

/// What is left of a record.
pub struct Fields<'a> {
    bytes: &'a [u8],
    part: &'a str,
}

impl<'a> Fields<'a> {
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn skip(&mut self, count: usize) -> Result<(), DecodeError> {
        self.take(count).map(drop)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        match self.bytes.split_at_checked(count) {
            Some((taken, rest)) => {
                self.bytes = rest;
                Ok(taken)
            }
            None => Err(DecodeError::Shape(format!("{} is cut off or broken: a record is too short", self.part))),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub fn f64(&mut self) -> Result<f64, DecodeError> {
        Ok(f64::from_le_bytes(self.array()?))
    }

    /// A text of its length in UTF-16 units and those, after what `into` holds.
    pub fn wide_into(&mut self, into: &mut String) -> Result<(), DecodeError> {
        let count = self.u32()? as usize;
        let bytes = self.take(count.saturating_mul(2))?;
        let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        into.extend(char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)));
        Ok(())
    }

    pub fn wide(&mut self) -> Result<String, DecodeError> {
        let mut text = String::new();
        self.wide_into(&mut text)?;
        Ok(text)
    }

    /// A text that may be missing, told by a length of all ones.
    pub fn wide_or_none(&mut self) -> Result<Option<String>, DecodeError> {
        if self.bytes.starts_with(&[0xff; 4]) {
            self.skip(4)?;
            return Ok(None);
        }
        self.wide().map(Some)
    }
}

/// As Excel writes an error's code.
pub fn error(code: u8) -> &'static str {
    match code {
        0x00 => "#NULL!",
        0x07 => "#DIV/0!",
        0x0f => "#VALUE!",
        0x17 => "#REF!",
        0x1d => "#NAME?",
        0x24 => "#NUM!",
        0x2a => "#N/A",
        0x2b => "#GETTING_DATA",
        _ => "#ERROR",
    }
}
