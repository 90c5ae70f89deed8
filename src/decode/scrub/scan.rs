//! A cursor over JSON that reads what is wanted and steps over the rest at the
//! speed of a search for quotes. What is stepped over is followed to its end,
//! brackets and strings matched, and not checked further.

use memchr::memchr3;

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
            at += memchr3(b'"', b'\\', b'\n', rest).ok_or(Stop::More)?;
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
