//! What the JSON decoders share: where in the body a fault lies, and a cursor
//! over the members of one object, each handed to serde or to a scanner of our
//! own. It builds no document tree.

use serde::de::{DeserializeOwned, DeserializeSeed, IgnoredAny};

use super::DecodeError;

/// The body without a UTF-8 byte order mark.
pub(crate) fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

/// How a body begins, for a message.
pub(crate) fn begins(body: &[u8]) -> String {
    const SHOWN: usize = 60;
    let head = &body[..body.len().min(SHOWN * 4)];
    String::from_utf8_lossy(head).chars().take(SHOWN).collect()
}

/// A `serde_json` error in `text`, which begins at byte `base` of the body.
pub(crate) fn fault(error: &serde_json::Error, text: &[u8], base: usize) -> DecodeError {
    let line_start = text
        .split_inclusive(|byte| *byte == b'\n')
        .take(error.line().saturating_sub(1))
        .map(<[u8]>::len)
        .sum::<usize>();
    let offset = (base + (line_start + error.column()).min(text.len())) as u64;
    // serde_json counts lines and columns from where it began, which is not where the body begins.
    let reason = error.to_string();
    let reason = reason.rsplit_once(" at line ").map_or(reason.as_str(), |(reason, _)| reason).to_owned();
    match error.classify() {
        serde_json::error::Category::Data => DecodeError::Shape(format!("{reason} (byte {offset})")),
        _ => DecodeError::Broken { offset, reason },
    }
}

/// A place in a JSON text, moving forward only.
pub(crate) struct Cursor<'a> {
    pub(crate) body: &'a [u8],
    pub(crate) at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(body: &'a [u8]) -> Self {
        Self { body, at: 0 }
    }

    pub(crate) fn broken(&self, reason: &str) -> DecodeError {
        DecodeError::Broken { offset: self.at.min(self.body.len()) as u64, reason: reason.to_owned() }
    }

    /// The next byte that is not blank, left in place.
    #[inline]
    pub(crate) fn peek(&mut self) -> Result<u8, DecodeError> {
        while let Some(byte) = self.body.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Ok(*byte);
            }
            self.at += 1;
        }
        Err(self.broken("the text ends too early"))
    }

    fn take(&mut self, wanted: u8, reason: &str) -> Result<(), DecodeError> {
        if self.peek()? != wanted {
            return Err(self.broken(reason));
        }
        self.at += 1;
        Ok(())
    }

    /// The value that begins here, by serde.
    pub(crate) fn seed<S: DeserializeSeed<'a>>(&mut self, seed: S) -> Result<S::Value, DecodeError> {
        let rest = &self.body[self.at..];
        let mut deserializer = serde_json::Deserializer::from_slice(rest);
        let value = seed.deserialize(&mut deserializer).map_err(|error| fault(&error, rest, self.at))?;
        self.at += deserializer.into_iter::<IgnoredAny>().byte_offset();
        Ok(value)
    }

    pub(crate) fn value<T: DeserializeOwned>(&mut self) -> Result<T, DecodeError> {
        self.seed(std::marker::PhantomData)
    }

    /// Moves over the `{` that opens the text.
    pub(crate) fn open(&mut self, expected: &'static str) -> Result<(), DecodeError> {
        match self.peek() {
            Ok(b'{') => {
                self.at += 1;
                Ok(())
            }
            _ => Err(DecodeError::NotTheFormat { expected, begins: begins(self.body) }),
        }
    }

    /// The next member's name, with the cursor before its value; `None` after the last one.
    pub(crate) fn member(&mut self, first: bool) -> Result<Option<String>, DecodeError> {
        if self.peek()? == b'}' {
            self.at += 1;
            return Ok(None);
        }
        if !first {
            self.take(b',', "expected `,` or `}`")?;
        }
        if self.peek()? != b'"' {
            return Err(self.broken("expected a name in quotes"));
        }
        let name: String = self.value()?;
        self.take(b':', "expected `:`")?;
        self.peek()?;
        Ok(Some(name))
    }

    /// Nothing but blanks may follow.
    pub(crate) fn close(&mut self) -> Result<(), DecodeError> {
        match self.peek() {
            Ok(_) => Err(self.broken("more follows after the end of the text")),
            Err(_) => Ok(()),
        }
    }
}
