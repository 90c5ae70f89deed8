//! Percent-encoding of what goes into a path or query. Only RFC 3986's
//! unreserved characters stay: PxWeb answers 404 or 500 to ids with a bare
//! `+`, `/`, `(` or `<`, and reads `+` as a blank.

use std::fmt::Write as _;

pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// A comma-separated path segment: the commas stay, the values are encoded.
pub fn encode_list<T: AsRef<str>>(values: &[T]) -> String {
    values.iter().map(|value| encode(value.as_ref())).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_and_swedish_characters_are_encoded() {
        assert_eq!(encode("vs_CKM02Län"), "vs_CKM02L%C3%A4n");
        assert_eq!(encode("agg_100+(ny)/a b"), "agg_100%2B%28ny%29%2Fa%20b");
        assert_eq!(encode_list(&["N1", "a,b"]), "N1,a%2Cb");
    }
}
