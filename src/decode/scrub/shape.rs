//! What a kept value looks like. A value of another shape is not the one that
//! the field is for, and may be anybody's: a telephone number or an address of
//! mail in the place of a code goes no further.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::scan::Scalar;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A code or truth value of few signs. Without a letter it has at most eight digits, or six where it begins with 0
    /// or holds other signs: telephone and personal numbers have more.
    Code,
    /// So many digits.
    Digits(usize),
    /// A Swedish organization number: ten digits, with or without a hyphen. No telephone number, which begins with 0
    /// and another digit.
    Organization,
    /// A day, or a time of one, as ISO 8601 writes them.
    Time,
    /// Milliseconds since 1970.
    Milliseconds,
    /// At most seven digits before the point or comma.
    Number,
    /// Any text of JSON without an address of mail, a telephone number, or a `c/o`.
    Text,
}

/// Longest code: a hash in hexadecimal digits.
const LONGEST: usize = 64;

static REACHES_SOMEBODY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let parts = [
        r"[^\s@<>]@[^\s@<>]+\.[^\s@<>]",
        // Whatever it is glued to on its left; `Basic/orientering` is no such thing.
        r"(?i)c/o\b",
        // With the country's number, with a sign after the area's, or in one go.
        r"(?:^|[^0-9])(?:\+|00)[1-9][0-9](?:[ ()./-]{0,3}[0-9]){6,}",
        r"(?:^|[^0-9-])0[1-9][0-9]{0,2} ?[-/] ?[0-9]{2,3} ?[0-9]{2,3}(?: ?[0-9]{2,3})?(?:$|[^0-9-])",
        r"(?:^|[^0-9])0[1-9][0-9]{6,8}(?:$|[^0-9])",
    ];
    Regex::new(&parts.join("|")).ok()
});

impl Shape {
    /// Whether a value of JSON, as it is written there, has this shape.
    pub fn fits(self, value: Scalar<'_>) -> bool {
        match value {
            Scalar::Null => false,
            Scalar::Bare(b"true" | b"false") => matches!(self, Self::Code | Self::Text),
            Scalar::Text(b"") => true,
            Scalar::Text(text) if self == Self::Text => reaches_nobody(text),
            // A number with an exponent is none that a code is.
            Scalar::Bare(bare) if bare.iter().any(u8::is_ascii_alphabetic) => false,
            Scalar::Text(text) | Scalar::Bare(text) => self.is(text),
        }
    }

    fn is(self, text: &[u8]) -> bool {
        match self {
            Self::Code => is_code(text),
            Self::Digits(length) => text.len() == length && text.iter().all(u8::is_ascii_digit),
            Self::Organization => is_organization(text),
            Self::Time => is_time(text),
            Self::Milliseconds => text.len() == 13 && text[0] != b'0' && text.iter().all(u8::is_ascii_digit),
            Self::Number | Self::Text => is_number(text),
        }
    }

    /// What it is called in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Digits(_) => "number of digits",
            Self::Organization => "organization number",
            Self::Time => "time",
            Self::Milliseconds => "time in milliseconds",
            Self::Number => "number",
            Self::Text => "text",
        }
    }
}

fn is_code(text: &[u8]) -> bool {
    let signs = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b':' | b'.' | b'+');
    if text.len() > LONGEST || !text.iter().all(signs) {
        return false;
    }
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    if text.iter().any(u8::is_ascii_alphabetic) {
        return true;
    }
    digits <= 6 || digits <= 8 && digits == text.len() && text.first() != Some(&b'0')
}

fn is_organization(text: &[u8]) -> bool {
    let digits = match text {
        [first @ .., b'-', a, b, c, d] if first.len() == 6 => [first, &[*a, *b, *c, *d]].concat(),
        _ => text.to_vec(),
    };
    let is_telephone = digits.first() == Some(&b'0') && digits.get(1) != Some(&b'0');
    digits.len() == 10 && digits.iter().all(u8::is_ascii_digit) && !is_telephone
}

/// `2018-10-19`, and after it `T00:00:00`, parts of a second and a zone, or less of these.
fn is_time(text: &[u8]) -> bool {
    const DAY: &[u8] = b"dddd-dd-dd";
    let like = |text: &[u8], pattern: &[u8]| {
        text.len() == pattern.len()
            && text.iter().zip(pattern).all(|(byte, of)| if *of == b'd' { byte.is_ascii_digit() } else { byte == of })
    };
    let Some((day, rest)) = text.split_at_checked(DAY.len()) else { return false };
    if !like(day, DAY) || !(b"01"..=b"12").contains(&&[day[5], day[6]]) || &day[8..] > b"31".as_slice() {
        return false;
    }
    let Some(rest) = rest.strip_prefix(b"T").or(rest.strip_prefix(b" ")) else { return rest.is_empty() };
    let zone = rest.iter().position(|byte| matches!(byte, b'Z' | b'+' | b'-')).unwrap_or(rest.len());
    let (clock, zone) = rest.split_at(zone);
    let (clock, parts) = clock.split_at(clock.iter().position(|byte| *byte == b'.').unwrap_or(clock.len()));
    let is_clock = like(clock, b"dd:dd:dd") || like(clock, b"dd:dd");
    let has_parts = parts.len() <= 10 && parts.iter().skip(1).all(u8::is_ascii_digit);
    let zones: [&[u8]; 8] = [b"", b"Z", b"+dd:dd", b"-dd:dd", b"+dddd", b"-dddd", b"+dd", b"-dd"];
    is_clock && has_parts && zones.iter().any(|pattern| like(zone, pattern))
}

fn is_number(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"-").unwrap_or(text).trim_ascii();
    let whole = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = &text[whole..];
    let parts = rest.strip_prefix(b".").or(rest.strip_prefix(b",")).unwrap_or(rest);
    (1..=7).contains(&whole)
        && (whole == 1 || text[0] != b'0')
        && (rest.is_empty() || (1..=20).contains(&parts.len()))
        && parts.iter().all(u8::is_ascii_digit)
        && (rest.is_empty() || rest.len() > parts.len())
}

fn reaches_nobody(text: &[u8]) -> bool {
    let Some(pattern) = &*REACHES_SOMEBODY else { return false };
    if text.iter().any(u8::is_ascii_control) {
        return false;
    }
    if !text.contains(&b'\\') {
        return !pattern.is_match(text);
    }
    // As it is meant: an escape may stand for any sign.
    let quoted = [b"\"", text, b"\""].concat();
    serde_json::from_slice::<String>(&quoted).is_ok_and(|text| !pattern.is_match(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(shape: Shape, text: &str) -> bool {
        shape.fits(Scalar::Text(text.as_bytes()))
    }

    /// Ways to write what reaches somebody.
    const OF_SOMEBODY: &[&str] = &[
        "0701740605",
        "070-1740605",
        "070-174 06 05",
        "070-17406 05",
        "08-46500400",
        "08-465 004 00",
        "031-790 42 55",
        "+46701740605",
        "+46 (0)70-174 06 05",
        "0046701740605",
        "fantasisson@pahittat.example",
        "19800101-1234",
        "198001011234",
        "8001011234",
        "800101-1234",
    ];

    #[test]
    fn what_reaches_somebody_has_no_shape_but_a_texts() {
        for text in OF_SOMEBODY {
            for shape in [Shape::Code, Shape::Digits(4), Shape::Time, Shape::Milliseconds, Shape::Number] {
                assert!(!fits(shape, text), "{text} as {shape:?}");
            }
        }
        for text in OF_SOMEBODY.iter().take(11) {
            assert!(!fits(Shape::Organization, text), "{text}");
            assert!(!fits(Shape::Text, text), "{text}");
            assert!(!fits(Shape::Text, &format!("Ring {text} för mer")), "{text}");
        }
        for text in [
            r"fantasisson\u0040pahittat.example",
            "c/o Fantasisson",
            "Storgatan 3, C/O Fantasisson",
            "Storgatan 3c/o Fantasisson",
            "\\",
        ] {
            assert!(!fits(Shape::Text, text), "{text}");
        }
    }

    #[test]
    fn what_the_fields_are_for_has_its_shape() {
        for (shape, texts) in [
            (
                Shape::Code,
                [
                    "24681357",
                    "PFZr_Syz_cUq",
                    "0732",
                    "582b",
                    "VUXGR",
                    "e.uoh.uu.5rg414.09542.20251",
                    "p.skolverket.2120000142",
                    "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",
                    "1.2",
                ]
                .as_slice(),
            ),
            (Shape::Organization, &["2120000142", "212000-0142", "0000000114"]),
            (
                Shape::Time,
                &[
                    "2018-10-19",
                    "2018-10-19T00:00:00",
                    "2024-10-15T00:00:00.000+02:00",
                    "2026-11-01T08:12:44Z",
                    "2026-11-01 08:12",
                ],
            ),
            (Shape::Number, &["3", "-1", "7.5", "100.0", "6562397,097", "59.16286545184274", "0"]),
            (
                Shape::Text,
                &[
                    "Åsö vuxengymnasium",
                    "Kurs 2024-2025",
                    "C# 1 (100 p)",
                    "123 45",
                    "Storgatan 3 A",
                    "Läsåret 2020/21, kurs 08",
                    "@ distans",
                    r#"\"och lär dem\" - kyrkan"#,
                    "Engelska 5, vecka 01-02",
                ],
            ),
        ] {
            for text in texts {
                assert!(fits(shape, text), "{text} as {shape:?}");
            }
        }
        for (shape, bare, expected) in [
            (Shape::Code, "24681357", true),
            (Shape::Code, "46701740605", false),
            (Shape::Code, "true", true),
            (Shape::Number, "1e3", false),
            (Shape::Number, "12345678", false),
            (Shape::Milliseconds, "1539900000000", true),
            (Shape::Milliseconds, "46701740605", false),
            (Shape::Digits(4), "1480", true),
        ] {
            assert_eq!(shape.fits(Scalar::Bare(bare.as_bytes())), expected, "{bare} as {shape:?}");
        }
        for text in ["2018-13-01", "2018-10-32", "2018-10-19T1", "2018-10-19Tabc", "2018-10-1912:00"] {
            assert!(!fits(Shape::Time, text), "{text}");
        }
    }
}
