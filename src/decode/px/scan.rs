//! The statements of a PX file, as they stand: `KEYWORD[language]("key","key")=value;`.
//! Strings next to each other are one; a line break inside one is a blank. It knows
//! no keyword but `DATA`, where it stops.

use super::charset::Charset;
use crate::decode::DecodeError;
use crate::decode::json::begins;

const EXPECTED: &str = "a PX file";

/// Keywords are short; what begins with more letters is something else.
const LONGEST_KEYWORD: usize = 64;

#[derive(Clone, Debug)]
pub(super) struct Statement {
    /// In capitals.
    pub(super) keyword: String,
    pub(super) language: Option<String>,
    pub(super) keys: Vec<String>,
    pub(super) value: Vec<Token>,
    /// Where it begins, in bytes.
    pub(super) at: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Text(String),
    Word(String),
    Open,
    Close,
}

impl Statement {
    /// Everything written as text or as a bare word.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.value.iter().filter_map(|token| match token {
            Token::Text(text) | Token::Word(text) => Some(text.as_str()),
            Token::Open | Token::Close => None,
        })
    }

    /// The first of them, trimmed; nothing where it is empty.
    pub(super) fn text(&self) -> Option<&str> {
        self.texts().next().map(str::trim).filter(|text| !text.is_empty())
    }

    /// As it would be written, for a message.
    pub(super) fn name(&self) -> String {
        let language = self.language.as_ref().map(|language| format!("[{language}]")).unwrap_or_default();
        let keys: Vec<String> = self.keys.iter().map(|key| format!("{key:?}")).collect();
        let keys = if keys.is_empty() { String::new() } else { format!("({})", keys.join(",")) };
        format!("{}{language}{keys}", self.keyword)
    }

    pub(super) fn fault(&self, reason: impl Into<String>) -> DecodeError {
        DecodeError::Keyword { keyword: self.name(), offset: self.at as u64, reason: reason.into() }
    }
}

/// A file's statements, and where its cells begin.
#[derive(Debug)]
pub(super) struct Scanned {
    pub(super) statements: Vec<Statement>,
    pub(super) data: usize,
    pub(super) charset: Charset,
}

/// A statement whose texts are bytes still, since only the statements tell what the bytes mean.
struct Raw {
    keyword: String,
    language: Option<Vec<u8>>,
    keys: Vec<Vec<u8>>,
    value: Vec<RawToken>,
    at: usize,
}

enum RawToken {
    Text(Vec<u8>),
    Word(Vec<u8>),
    Open,
    Close,
}

pub(super) fn scan(body: &[u8]) -> Result<Scanned, DecodeError> {
    let start = if body.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let mut scanner = Scanner { body, at: start };
    let mut raws = Vec::new();
    let data = loop {
        let Some(head) = scanner.head(raws.is_empty())? else {
            return Err(scanner.broken("the file ends before DATA"));
        };
        if head.keyword == "DATA" {
            break scanner.at;
        }
        raws.push(scanner.value(head)?);
    };
    let plain = |keyword: &str| {
        let found = raws.iter().find(|raw| raw.keyword == keyword)?;
        found.value.iter().find_map(|token| match token {
            RawToken::Text(text) | RawToken::Word(text) => Some(String::from_utf8_lossy(text).into_owned()),
            RawToken::Open | RawToken::Close => None,
        })
    };
    let charset = Charset::of(body, plain("CHARSET").as_deref(), plain("CODEPAGE").as_deref()).map_err(|reason| {
        let at = raws.iter().find(|raw| raw.keyword == "CODEPAGE").map_or(0, |raw| raw.at);
        DecodeError::Keyword { keyword: "CODEPAGE".to_owned(), offset: at as u64, reason }
    })?;
    let text = |bytes: Vec<u8>| charset.decode(&bytes).into_owned();
    let statements = raws
        .into_iter()
        .map(|raw| Statement {
            keyword: raw.keyword,
            language: raw.language.map(text),
            keys: raw.keys.into_iter().map(text).collect(),
            value: raw
                .value
                .into_iter()
                .map(|token| match token {
                    RawToken::Text(bytes) => Token::Text(text(bytes)),
                    RawToken::Word(bytes) => Token::Word(text(bytes)),
                    RawToken::Open => Token::Open,
                    RawToken::Close => Token::Close,
                })
                .collect(),
            at: raw.at,
        })
        .collect();
    Ok(Scanned { statements, data, charset })
}

struct Scanner<'a> {
    body: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn broken(&self, reason: impl Into<String>) -> DecodeError {
        DecodeError::Broken { offset: self.at.min(self.body.len()) as u64, reason: reason.into() }
    }

    fn fault(&self, keyword: &str, reason: impl Into<String>) -> DecodeError {
        DecodeError::Keyword { keyword: keyword.to_owned(), offset: self.at as u64, reason: reason.into() }
    }

    /// The next byte that is not blank, left in place.
    fn peek(&mut self) -> Option<u8> {
        // The last is how DOS ends a text.
        while let Some(b' ' | b'\t' | b'\r' | b'\n' | 0x1a) = self.body.get(self.at) {
            self.at += 1;
        }
        self.body.get(self.at).copied()
    }

    /// A statement up to its equals sign; nothing at the end of the file.
    fn head(&mut self, first: bool) -> Result<Option<Raw>, DecodeError> {
        let Some(byte) = self.peek() else { return Ok(None) };
        let at = self.at;
        let rest = &self.body[at..];
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte)).count();
        let keyword = String::from_utf8_lossy(&rest[..length]).to_ascii_uppercase();
        let is_keyword = byte.is_ascii_alphabetic() && length <= LONGEST_KEYWORD;
        self.at += length;
        let goes_on = is_keyword && matches!(self.peek(), Some(b'=' | b'[' | b'('));
        if !goes_on {
            if first {
                return Err(DecodeError::NotTheFormat { expected: EXPECTED, begins: begins(self.body) });
            }
            self.at = at;
            return Err(self.broken("expected a keyword and `=`"));
        }
        let mut raw = Raw { keyword, language: None, keys: Vec::new(), value: Vec::new(), at };
        if self.peek() == Some(b'[') {
            let start = self.at + 1;
            let Some(length) = self.body[start..].iter().take(LONGEST_KEYWORD).position(|byte| *byte == b']') else {
                return Err(self.fault(&raw.keyword, "the language has no end"));
            };
            let language = self.body[start..start + length].trim_ascii();
            raw.language = Some(
                language.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(language).to_vec(),
            );
            self.at = start + length + 1;
        }
        if self.peek() == Some(b'(') {
            self.at += 1;
            raw.keys = self.keys(&raw.keyword)?;
        }
        if self.peek() != Some(b'=') {
            return Err(self.fault(&raw.keyword, "expected `=`"));
        }
        self.at += 1;
        Ok(Some(raw))
    }

    fn keys(&mut self, keyword: &str) -> Result<Vec<Vec<u8>>, DecodeError> {
        let mut keys = Vec::new();
        loop {
            match self.peek() {
                Some(b')') => {
                    self.at += 1;
                    return Ok(keys);
                }
                Some(b',') => self.at += 1,
                Some(b'"') => keys.push(self.strings(keyword)?),
                Some(b';' | b'=' | b'(') | None => return Err(self.fault(keyword, "its keys have no end")),
                Some(_) => keys.push(self.word().to_vec()),
            }
        }
    }

    fn value(&mut self, mut raw: Raw) -> Result<Raw, DecodeError> {
        loop {
            match self.peek() {
                Some(b';') => {
                    self.at += 1;
                    return Ok(raw);
                }
                Some(b',') => self.at += 1,
                Some(b'"') => raw.value.push(RawToken::Text(self.strings(&raw.keyword)?)),
                Some(b'(') => {
                    self.at += 1;
                    raw.value.push(RawToken::Open);
                }
                Some(b')') => {
                    self.at += 1;
                    raw.value.push(RawToken::Close);
                }
                Some(_) => raw.value.push(RawToken::Word(self.word().to_vec())),
                None => return Err(self.fault(&raw.keyword, "the file ends before the `;` of its value")),
            }
        }
    }

    fn word(&mut self) -> &[u8] {
        let start = self.at;
        while let Some(byte) = self.body.get(self.at)
            && !byte.is_ascii_whitespace()
            && !b"\"(),;".contains(byte)
        {
            self.at += 1;
        }
        // A byte that belongs nowhere is a word of its own, so that the scan moves on.
        self.at = self.at.max(start + 1);
        &self.body[start..self.at]
    }

    /// One string or several with nothing but blanks between, as one.
    fn strings(&mut self, keyword: &str) -> Result<Vec<u8>, DecodeError> {
        let mut text = Vec::new();
        while self.peek() == Some(b'"') {
            let start = self.at + 1;
            let Some(length) = self.body[start..].iter().position(|byte| *byte == b'"') else {
                return Err(self.fault(keyword, "a text that begins here has no end"));
            };
            let mut blank = false;
            for byte in &self.body[start..start + length] {
                let is_break = matches!(byte, b'\r' | b'\n');
                if !is_break {
                    text.push(*byte);
                } else if !blank {
                    text.push(b' ');
                }
                blank = is_break;
            }
            self.at = start + length + 1;
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(file: &str) -> Vec<String> {
        let scanned = scan(file.as_bytes()).unwrap();
        let written = |one: &Statement| format!("{}={}", one.name(), one.texts().collect::<Vec<_>>().join("|"));
        scanned.statements.iter().map(written).collect()
    }

    #[test]
    fn statements_in_every_dress() {
        assert_eq!(
            names(
                "CHARSET=\"ANSI\";\r\ndecimals = 0 ;TITLE[sv]=\"Folk\"\r\n\"mängd \"\n\"efter år\";\
                 VALUES(\"år\")=\"a\",\"b\",\r\n\"c\";CELLNOTE(\"*\", \"20\")=\"x\ny\";\
                 TIMEVAL(\"t\")=TLIST(A1),\"2003\";DATA=\n1;"
            ),
            [
                "CHARSET=ANSI",
                "DECIMALS=0",
                "TITLE[sv]=Folkmängd efter år",
                "VALUES(\"år\")=a|b|c",
                "CELLNOTE(\"*\",\"20\")=x y",
                "TIMEVAL(\"t\")=TLIST|A1|2003"
            ]
        );
    }

    #[test]
    fn what_is_no_px_file_or_a_broken_one_is_said_with_its_place() {
        for (file, message) in [
            ("<html>", "the body is not a PX file: it begins with \"<html>\""),
            ("{\"a\": 1}", "the body is not a PX file: it begins with \"{\\\"a\\\": 1}\""),
            ("", "the body is cut off or broken at byte 0: the file ends before DATA"),
            ("TITLE=\"a\";", "the body is cut off or broken at byte 10: the file ends before DATA"),
            ("TITLE=\"a\";\n;", "the body is cut off or broken at byte 11: expected a keyword and `=`"),
            ("TITLE=\"a", "TITLE at byte 6: a text that begins here has no end"),
            ("TITLE=\"a\"", "TITLE at byte 9: the file ends before the `;` of its value"),
            ("VALUES(\"a\"=\"b\";", "VALUES at byte 10: its keys have no end"),
            ("TITLE[sv=\"b\";", "TITLE at byte 5: the language has no end"),
            (
                "CODEPAGE=\"utf-7\";TITLE=\"\u{e5}\";DATA=1;",
                "CODEPAGE at byte 0: \"utf-7\" is no code page that is known here",
            ),
        ] {
            // As Latin-1, so that a code page is asked for at all.
            let bytes: Vec<u8> = file.chars().map(|letter| letter as u8).collect();
            assert_eq!(scan(&bytes).unwrap_err().to_string(), message, "{file}");
        }
    }
}
