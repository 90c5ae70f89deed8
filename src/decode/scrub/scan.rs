//! A cursor over JSON that reads what is wanted and steps over the rest at the
//! speed of a search for quotes. What is stepped over is followed to its end,
//! brackets and strings matched, and not checked further.

use memchr::memchr3;
use wide::u8x16;

/// Why a value can't be read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The bytes end first.
    More,
    Bad(&'static str),
}

/// Brackets within brackets.
const DEEPEST: u32 = 64;

#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// A value without parts, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar<'a> {
    Null,
    /// Between the quotes, escapes as they are.
    Text(&'a [u8]),
    /// A number or truth value.
    Bare(&'a [u8]),
}

impl<'a> Cursor<'a> {
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub const fn at(&self) -> usize {
        self.at
    }

    /// The next byte that is not white space.
    pub fn peek(&mut self) -> Result<u8, Stop> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                Some(byte) => return Ok(*byte),
                None => return Err(Stop::More),
            }
        }
    }

    pub fn take(&mut self, byte: u8, otherwise: &'static str) -> Result<(), Stop> {
        if self.peek()? != byte {
            return Err(Stop::Bad(otherwise));
        }
        self.at += 1;
        Ok(())
    }

    /// What is between the quotes of a string that begins here.
    pub fn string(&mut self) -> Result<&'a [u8], Stop> {
        let start = self.at + 1;
        self.step_over_string()?;
        Ok(&self.bytes[start..self.at - 1])
    }

    fn step_over_string(&mut self) -> Result<(), Stop> {
        let mut at = self.at + 1;
        loop {
            let rest = self.bytes.get(at..).ok_or(Stop::More)?;
            at += special(rest).ok_or(Stop::More)?;
            match self.bytes[at] {
                b'"' => {
                    self.at = at + 1;
                    return Ok(());
                }
                b'\\' => at += 2,
                _ => return Err(Stop::Bad("a line ends within a text")),
            }
        }
    }

    /// Calls `each` with every key of an object; it reads or steps over the value.
    pub fn object(&mut self, mut each: impl FnMut(&mut Self, &'a [u8]) -> Result<(), Stop>) -> Result<(), Stop> {
        self.take(b'{', "an object was expected")?;
        if self.peek()? == b'}' {
            self.at += 1;
            return Ok(());
        }
        loop {
            if self.peek()? != b'"' {
                return Err(Stop::Bad("an object has something else than a key"));
            }
            let key = self.string()?;
            self.take(b':', "a key is not followed by a colon")?;
            each(self, key)?;
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(Stop::Bad("the fields of an object are not set apart by commas")),
            }
        }
    }

    /// Calls `each` at every value of an array; it reads or steps over the value.
    pub fn array(&mut self, mut each: impl FnMut(&mut Self) -> Result<(), Stop>) -> Result<(), Stop> {
        self.take(b'[', "an array was expected")?;
        if self.peek()? == b']' {
            self.at += 1;
            return Ok(());
        }
        loop {
            each(self)?;
            match self.peek()? {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(Stop::Bad("the values of an array are not set apart by commas")),
            }
        }
    }

    /// None for an object or an array, which is stepped over.
    pub fn scalar(&mut self) -> Result<Option<Scalar<'a>>, Stop> {
        match self.peek()? {
            b'"' => self.string().map(|text| Some(Scalar::Text(text))),
            b'{' | b'[' => self.step_over().map(|()| None),
            _ => {
                let bare = self.bare()?;
                Ok(Some(if bare == b"null" { Scalar::Null } else { Scalar::Bare(bare) }))
            }
        }
    }

    /// A number, truth value or null.
    fn bare(&mut self) -> Result<&'a [u8], Stop> {
        let start = self.at;
        loop {
            match self.bytes.get(self.at) {
                Some(byte) if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.') => self.at += 1,
                Some(_) => break,
                None => return Err(Stop::More),
            }
        }
        let bare = &self.bytes[start..self.at];
        match bare.first() {
            Some(b'-' | b'0'..=b'9') if is_number(bare) => Ok(bare),
            Some(_) if matches!(bare, b"null" | b"true" | b"false") => Ok(bare),
            _ => Err(Stop::Bad("a value is none of JSON's")),
        }
    }

    /// Past a value of any kind.
    pub fn step_over(&mut self) -> Result<(), Stop> {
        match self.peek()? {
            b'"' => return self.step_over_string(),
            b'{' | b'[' => {}
            _ => return self.bare().map(drop),
        }
        // A bit per bracket that is open: whether it is an object's.
        let (mut open, mut depth) = (0_u64, 0_u32);
        loop {
            match *self.bytes.get(self.at).ok_or(Stop::More)? {
                b'"' => {
                    self.step_over_string()?;
                    continue;
                }
                byte @ (b'{' | b'[') => {
                    if depth == DEEPEST {
                        return Err(Stop::Bad("its brackets go too deep"));
                    }
                    open = open << 1 | u64::from(byte == b'{');
                    depth += 1;
                }
                byte @ (b'}' | b']') => {
                    if (open & 1 == 1) != (byte == b'}') {
                        return Err(Stop::Bad("its brackets do not match"));
                    }
                    open >>= 1;
                    depth -= 1;
                    if depth == 0 {
                        self.at += 1;
                        return Ok(());
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
    }
}

/// Where the next byte is that a string ends at, that escapes the next, or that no string has.
fn special(bytes: &[u8]) -> Option<usize> {
    // Most strings are short: the call of a search would cost more than they do.
    if let Some(start) = bytes.first_chunk::<32>() {
        let found = u32::from(specials(&start[..16])) | u32::from(specials(&start[16..])) << 16;
        if found != 0 {
            return Some(found.trailing_zeros() as usize);
        }
        return memchr3(b'"', b'\\', b'\n', &bytes[32..]).map(|at| 32 + at);
    }
    memchr3(b'"', b'\\', b'\n', bytes)
}

/// A bit for each of sixteen bytes.
fn specials(bytes: &[u8]) -> u16 {
    let bytes = u8x16::from(bytes);
    let is = |byte| bytes.simd_eq(u8x16::splat(byte));
    (is(b'"') | is(b'\\') | is(b'\n')).to_bitmask() as u16
}

/// As JSON writes numbers.
fn is_number(text: &[u8]) -> bool {
    fn digits(text: &[u8]) -> (usize, &[u8]) {
        let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        (count, &text[count..])
    }
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let (whole, mut rest) = digits(text);
    if whole == 0 || whole > 1 && text[0] == b'0' {
        return false;
    }
    if let Some(fraction) = rest.strip_prefix(b".") {
        let (count, after) = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = after;
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = exponent.strip_prefix(b"-").or(exponent.strip_prefix(b"+")).unwrap_or(exponent);
        let (count, after) = digits(exponent);
        if count == 0 {
            return false;
        }
        rest = after;
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_ends_wherever_its_quote_stands() {
        for length in 0..80 {
            let text = "å".repeat(length / 2) + &"x".repeat(length % 2);
            for after in [0, 1, 15, 16, 40] {
                let bytes = format!("\"{text}\"{}", " ".repeat(after));
                assert_eq!(Cursor::new(bytes.as_bytes()).string(), Ok(text.as_bytes()));
            }
            let quoted = format!("\"{text}\\\"{text}\"");
            assert_eq!(Cursor::new(quoted.as_bytes()).string(), Ok(&quoted.as_bytes()[1..quoted.len() - 1]));
            let open = format!("\"{text}");
            assert_eq!(Cursor::new(open.as_bytes()).string(), Err(Stop::More));
            let broken = format!("\"{text}\n\"");
            assert_eq!(Cursor::new(broken.as_bytes()).string(), Err(Stop::Bad("a line ends within a text")));
        }
    }
}
