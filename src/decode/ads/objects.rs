//! One object after the other out of a stream: JSON Lines or one array, told by
//! its beginning. An array must be closed and a line whole, or it is cut.

use std::io::Read;

use super::AdsError;
use super::ad::Ad;
use crate::decode::scrub::{Cursor, Stop};

/// Read at a time.
const ROOM: usize = 1 << 20;
/// No advertisement is larger.
const LARGEST: usize = 32 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Unknown,
    Lines,
    Array,
    /// After the array's end.
    Closed,
}

/// Objects of a stream, in a buffer that holds some hundred of them.
#[derive(Debug)]
pub struct Objects<R> {
    input: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    is_over: bool,
    form: Form,
    /// Of those read so far.
    number: u64,
    comma: bool,
}

impl<R: Read> Objects<R> {
    pub fn new(input: R) -> Self {
        let buffer = vec![0; ROOM];
        Self { input, buffer, start: 0, end: 0, is_over: false, form: Form::Unknown, number: 0, comma: false }
    }

    /// Has `read` read the next object; false at the end. Where the buffer ends within an object, `read` is called
    /// for it once more.
    pub fn next(
        &mut self,
        mut read: impl for<'b> FnMut(&mut Cursor<'b>) -> Result<(), Stop>,
    ) -> Result<bool, AdsError> {
        if !self.find()? {
            return Ok(false);
        }
        loop {
            let mut cursor = Cursor::new(&self.buffer[self.start..self.end]);
            match read(&mut cursor) {
                Ok(()) => {
                    self.start += cursor.at();
                    self.number += 1;
                    self.comma = false;
                    return Ok(true);
                }
                Err(Stop::Bad(why)) => {
                    return Err(AdsError::Wrong(format!("advertisement {}: {why}", self.number + 1)));
                }
                Err(Stop::More) if self.is_over => {
                    return Err(AdsError::Cut(format!("it is cut off within advertisement {}", self.number + 1)));
                }
                Err(Stop::More) => self.fill()?,
            }
        }
    }

    /// Objects so far.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// To the beginning of the next object; false at the end of all.
    fn find(&mut self) -> Result<bool, AdsError> {
        loop {
            if self.form == Form::Unknown && self.end - self.start < 3 && !self.is_over {
                self.fill()?;
                continue;
            }
            if self.form == Form::Unknown && self.buffer[self.start..self.end].starts_with(b"\xef\xbb\xbf") {
                self.start += 3;
            }
            let Some(byte) = self.buffer[self.start..self.end].first().copied() else {
                if self.is_over {
                    return match self.form {
                        Form::Array => Err(AdsError::Cut(format!(
                            "the array is not closed: it is cut off after advertisement {}",
                            self.number
                        ))),
                        _ => Ok(false),
                    };
                }
                self.fill()?;
                continue;
            };
            match (byte, self.form) {
                (b' ' | b'\t' | b'\r' | b'\n', _) => self.start += 1,
                (b'[', Form::Unknown) => {
                    self.form = Form::Array;
                    self.start += 1;
                }
                (b'{', Form::Unknown | Form::Lines) => {
                    self.form = Form::Lines;
                    return Ok(true);
                }
                (b'{', Form::Array) if self.number == 0 || self.comma => return Ok(true),
                (b',', Form::Array) if self.number > 0 && !self.comma => {
                    self.comma = true;
                    self.start += 1;
                }
                (b']', Form::Array) if !self.comma => {
                    self.form = Form::Closed;
                    self.start += 1;
                }
                (_, Form::Unknown) => return Err(AdsError::Wrong(self.begins())),
                _ => {
                    let after = self.number;
                    return Err(AdsError::Wrong(format!("what follows advertisement {after} is none")));
                }
            }
        }
    }

    /// Only a page is shown: what else it is may be somebody's.
    fn begins(&self) -> String {
        let start = &self.buffer[self.start..self.end.min(self.start + 80)];
        if start.first() == Some(&b'<') {
            format!("it is no JSON, it begins {:?}", String::from_utf8_lossy(start))
        } else {
            "it is no JSON".to_owned()
        }
    }

    fn fill(&mut self) -> Result<(), AdsError> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() {
            if self.end >= LARGEST {
                return Err(AdsError::Wrong(format!("advertisement {} has no end", self.number + 1)));
            }
            self.buffer.resize(self.end * 2, 0);
        }
        while self.end < self.buffer.len() {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(0) => {
                    self.is_over = true;
                    break;
                }
                Ok(length) => self.end += length,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// Reads every advertisement, scrubbed or not; how many there were.
pub fn read_ads(input: impl Read, mut each: impl FnMut(&Ad<'_>)) -> Result<u64, AdsError> {
    let mut objects = Objects::new(input);
    while objects.next(|cursor| {
        let ad = Ad::read(cursor)?;
        each(&ad);
        Ok(())
    })? {}
    Ok(objects.number())
}

/// Reads every advertisement of lines that a scrub let through.
pub fn each_ad(lines: &[u8], mut each: impl FnMut(&Ad<'_>)) -> Result<(), AdsError> {
    let mut cursor = Cursor::new(lines);
    while cursor.peek().is_ok() {
        match Ad::read(&mut cursor) {
            Ok(ad) => each(&ad),
            Err(_) => return Err(AdsError::Wrong("what was kept of an advertisement can't be read".to_owned())),
        }
    }
    Ok(())
}
