//! A request and an answer as the stand-ins see them, free of the HTTP library.

use super::fault::Distortion;

pub struct Ask<'a> {
    /// The decoded path segments below the API's base.
    pub segments: Vec<&'a str>,
    pub query: &'a [(String, String)],
    pub body: Option<&'a [u8]>,
    /// `http://host:port`, as the caller addressed us.
    pub origin: &'a str,
    pub header: &'a dyn Fn(&str) -> Option<String>,
    pub distortion: &'a Distortion,
}

impl Ask<'_> {
    /// The first parameter of this name, whatever its case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// A whole number from 1, or the default where there is none or it is no such number.
    pub fn number(&self, name: &str, default: usize) -> usize {
        self.parameter(name).and_then(|text| text.parse().ok()).filter(|number| *number > 0).unwrap_or(default)
    }

    /// `name[KEY]=value` parameters, as pairs of key and value.
    pub fn bracketed(&self, name: &str) -> impl Iterator<Item = (&str, &str)> {
        self.query.iter().filter_map(move |(key, value)| {
            let (front, rest) = key.split_once('[')?;
            let inner = rest.strip_suffix(']')?;
            front.eq_ignore_ascii_case(name).then_some((inner, value.as_str()))
        })
    }
}

pub struct Reply {
    pub status: u16,
    pub content_type: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// Cells or rows, for the list of calls.
    pub cells: Option<u64>,
}

impl Reply {
    pub fn new(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, content_type, headers: Vec::new(), body: body.into(), cells: None }
    }

    pub fn json(status: u16, document: &serde_json::Value) -> Self {
        Self::new(status, "application/json; charset=utf-8", document.to_string())
    }

    pub fn with(mut self, header: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((header, value.into()));
        self
    }
}

/// `%41` → `A`, as in a path: a plus sign stays one. None where the bytes are not UTF-8.
pub fn decode(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match hex.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_decoded_as_paths() {
        assert_eq!(decode("vs_CKM02L%C3%A4n+1").as_deref(), Some("vs_CKM02Län+1"));
        assert_eq!(decode("100%").as_deref(), Some("100%"));
        assert_eq!(decode("%ff"), None);
    }
}
