//! The `value` of a cube: an array scanned by hand, which is where the time
//! goes, or a sparse object. Numbers stay as they were written; a text
//! that is no number is kept as the symbol it is.

use std::collections::HashMap;

use super::MAX_CELLS;
use crate::decode::DecodeError;
use crate::decode::json::Cursor;
use crate::decode::number::{self, Number};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Whole,
    Float,
    Null,
    Text,
}

/// One entry per cell in two plain columns: what it is, and its bits (a whole number, a float's
/// bits, or a place in `texts`).
#[derive(Debug, Default)]
pub(super) struct Cells {
    pub(super) kinds: Vec<Kind>,
    pub(super) bits: Vec<i64>,
    pub(super) texts: Vec<String>,
    places: HashMap<String, i64>,
    /// Flat index of each entry of a sparse object, before it is spread.
    sparse: Option<Vec<u64>>,
}

impl Cells {
    #[inline]
    fn push(&mut self, kind: Kind, bits: i64) {
        self.kinds.push(kind);
        self.bits.push(bits);
    }

    #[inline]
    fn push_number(&mut self, number: Number) {
        match number {
            Number::Whole(number) => self.push(Kind::Whole, number),
            Number::Float(number) => self.push(Kind::Float, number.to_bits().cast_signed()),
        }
    }

    fn push_text(&mut self, text: &str) {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return self.push(Kind::Null, 0);
        }
        if let Some(number) = number::parse(trimmed) {
            return self.push_number(number);
        }
        let place = if let Some(place) = self.places.get(trimmed) {
            *place
        } else {
            let place = self.places.len().try_into().unwrap_or(i64::MAX);
            self.texts.push(trimmed.to_owned());
            self.places.insert(trimmed.to_owned(), place);
            place
        };
        self.push(Kind::Text, place);
    }

    /// Reads what stands at the cursor. `room` is a guess of how many cells will come.
    pub(super) fn read(cursor: &mut Cursor, room: usize) -> Result<Self, DecodeError> {
        match cursor.peek()? {
            b'[' => Self::read_array(cursor, room),
            b'{' => Self::read_object(cursor),
            b'n' => cursor.value::<()>().map(|()| Self::default()),
            _ => Err(DecodeError::Shape("`value` is neither an array nor an object".to_owned())),
        }
    }

    fn read_array(cursor: &mut Cursor, room: usize) -> Result<Self, DecodeError> {
        // Two bytes at least per cell: a lying size can't ask for more memory than the body earns.
        let room = room.min(cursor.body.len() / 2);
        let mut cells = Self { kinds: Vec::with_capacity(room), bits: Vec::with_capacity(room), ..Self::default() };
        cursor.at += 1;
        if cursor.peek()? == b']' {
            cursor.at += 1;
            return Ok(cells);
        }
        loop {
            cells.read_cell(cursor)?;
            match cursor.peek()? {
                b',' => cursor.at += 1,
                b']' => {
                    cursor.at += 1;
                    return Ok(cells);
                }
                _ => return Err(cursor.broken("expected `,` or `]`")),
            }
        }
    }

    fn read_object(cursor: &mut Cursor) -> Result<Self, DecodeError> {
        let mut cells = Self::default();
        let mut places = Vec::new();
        cursor.at += 1;
        let mut first = true;
        while let Some(key) = cursor.member(first)? {
            first = false;
            places.push(flat_index(&key).ok_or_else(|| DecodeError::Shape(format!("`value` has a cell {key:?}")))?);
            cells.read_cell(cursor)?;
        }
        cells.sparse = Some(places);
        Ok(cells)
    }

    #[inline]
    fn read_cell(&mut self, cursor: &mut Cursor) -> Result<(), DecodeError> {
        match cursor.peek()? {
            b'-' | b'0'..=b'9' => {
                let Some((number, end)) = number::scan(cursor.body, cursor.at) else {
                    return Err(cursor.broken("invalid or too large a number"));
                };
                self.push_number(number);
                cursor.at = end;
            }
            b'n' => {
                cursor.value::<()>()?;
                self.push(Kind::Null, 0);
            }
            b'"' => {
                let text: String = cursor.value()?;
                self.push_text(&text);
            }
            _ => {
                // Either broken JSON, which serde says better, or a value that no cell can hold.
                let at = cursor.at;
                cursor.value::<serde::de::IgnoredAny>()?;
                return Err(DecodeError::Shape(format!(
                    "`value` holds something else than a number, null or text at byte {at}"
                )));
            }
        }
        if self.kinds.len() as u64 > MAX_CELLS {
            return Err(DecodeError::Shape(format!("`value` holds more than {MAX_CELLS} cells")));
        }
        Ok(())
    }

    /// As many cells as the cube has, sparse ones in their places.
    pub(super) fn fit(self, size: &[u64], cells: u64) -> Result<Self, DecodeError> {
        let count = DecodeError::ValueCount { size: size.to_vec(), cells, values: self.kinds.len() as u64 };
        let Some(places) = self.sparse else {
            return if self.kinds.len() as u64 == cells { Ok(self) } else { Err(count) };
        };
        let length = usize::try_from(cells).map_err(|_| count)?;
        let mut dense =
            Self { kinds: vec![Kind::Null; length], bits: vec![0; length], texts: self.texts, ..Self::default() };
        let mut seen = vec![false; length];
        for ((flat, kind), bits) in places.into_iter().zip(self.kinds).zip(self.bits) {
            let Some(place) = usize::try_from(flat).ok().filter(|place| *place < length) else {
                return Err(DecodeError::Shape(format!("`value` has cell {flat}, but the cube ends at {cells} cells")));
            };
            if std::mem::replace(&mut seen[place], true) {
                return Err(DecodeError::Shape(format!("`value` has cell {flat} twice")));
            }
            dense.kinds[place] = kind;
            dense.bits[place] = bits;
        }
        Ok(dense)
    }
}

/// The number in a cell.
#[inline]
pub(super) const fn cell(kind: Kind, bits: i64) -> Option<Number> {
    match kind {
        Kind::Whole => Some(Number::Whole(bits)),
        Kind::Float => Some(Number::Float(f64::from_bits(bits.cast_unsigned()))),
        Kind::Null | Kind::Text => None,
    }
}

/// A key such as `"17"`.
pub(super) fn flat_index(key: &str) -> Option<u64> {
    key.bytes().all(|byte| byte.is_ascii_digit()).then(|| key.parse().ok()).flatten()
}
