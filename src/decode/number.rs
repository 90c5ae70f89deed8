//! JSON numbers from bytes, correctly rounded. The short path takes what
//! statistics are made of (up to 18 digits, or 15 with decimals); the rest goes
//! to the standard library. It knows no other notation: no plus sign, no
//! leading zero, no bare decimal point.

/// A number as it was written: whole numbers stay whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Whole(i64),
    Float(f64),
}

impl Number {
    /// The number as a whole one, if it is one and fits.
    #[expect(clippy::cast_possible_truncation, reason = "the range is tested first")]
    pub(crate) fn whole(self) -> Option<i64> {
        // 2^63 is exact as a float; -2^63 is the least i64.
        const LIMIT: f64 = 9_223_372_036_854_775_808.0;
        match self {
            Self::Whole(number) => Some(number),
            Self::Float(number) => {
                (number.fract() == 0.0 && (-LIMIT..LIMIT).contains(&number)).then_some(number as i64)
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "the nearest float is what a float column asks for")]
    pub(crate) const fn float(self) -> f64 {
        match self {
            Self::Whole(number) => number as f64,
            Self::Float(number) => number,
        }
    }
}

/// Powers of ten that a float holds exactly.
const TENS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// The number that begins at `start` and the place after it; `None` if none begins there or it
/// is beyond what a float holds.
#[inline]
#[expect(clippy::cast_precision_loss, reason = "below 2^53, so nothing is lost")]
pub(crate) fn scan(bytes: &[u8], start: usize) -> Option<(Number, usize)> {
    let negative = bytes.get(start) == Some(&b'-');
    let first = start + usize::from(negative);
    let (mantissa, at) = digits(bytes, first, 0);
    let whole_digits = at - first;
    if whole_digits == 0 || (whole_digits > 1 && bytes[first] == b'0') {
        return None;
    }
    match bytes.get(at) {
        Some(b'.') => {
            let (mantissa, end) = digits(bytes, at + 1, mantissa);
            let decimals = end - at - 1;
            if decimals == 0 {
                return None;
            }
            if matches!(bytes.get(end), Some(b'e' | b'E')) || whole_digits + decimals > 15 {
                return scan_long(bytes, start, end);
            }
            // Both are exact and the division rounds once, so the result is the nearest float.
            let number = mantissa as f64 / TENS[decimals];
            Some((Number::Float(if negative { -number } else { number }), end))
        }
        Some(b'e' | b'E') => scan_long(bytes, start, at),
        _ if whole_digits > 18 => scan_long(bytes, start, at),
        _ if negative && mantissa == 0 => Some((Number::Float(-0.0), at)),
        _ => {
            let number = mantissa.cast_signed();
            Some((Number::Whole(if negative { -number } else { number }), at))
        }
    }
}

#[inline]
fn digits(bytes: &[u8], mut at: usize, mut mantissa: u64) -> (u64, usize) {
    while let Some(digit) = bytes.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
        mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
    }
    (mantissa, at)
}

/// What the short path can't hold. `end` is the end of the digits, where an exponent may follow.
#[cold]
fn scan_long(bytes: &[u8], start: usize, mut end: usize) -> Option<(Number, usize)> {
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let (_, after) = digits(bytes, end + 1 + sign, 0);
        if after == end + 1 + sign {
            return None;
        }
        end = after;
    }
    let text = std::str::from_utf8(&bytes[start..end]).ok()?;
    if let Ok(number) = text.parse() {
        return Some((Number::Whole(number), end));
    }
    let number: f64 = text.parse().ok()?;
    number.is_finite().then_some((Number::Float(number), end))
}

/// The number that the whole text is.
pub(crate) fn parse(text: &str) -> Option<Number> {
    scan(text.as_bytes(), 0).filter(|(_, end)| *end == text.len()).map(|(number, _)| number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What serde_json accepts, this accepts, and the other way round; the value is that of the
    /// standard library, which rounds correctly.
    fn same_as_reference(text: &str) {
        let reference = serde_json::from_str::<serde_json::Number>(text).ok();
        let ours = parse(text);
        assert_eq!(ours.is_some(), reference.is_some(), "{text}");
        let (Some(ours), Some(reference)) = (ours, reference) else { return };
        if let Some(whole) = reference.as_i64() {
            assert_eq!(ours, Number::Whole(whole), "{text}");
        } else {
            let exact: f64 = text.parse().unwrap();
            assert_eq!(ours.float().to_bits(), exact.to_bits(), "{text}");
            let near = reference.as_f64().unwrap();
            assert!((near - exact).abs() <= exact.abs() * 1e-15, "{text}: {near} {exact}");
        }
    }

    #[test]
    fn edges() {
        for text in [
            "0",
            "-0",
            "-0.0",
            "1",
            "01",
            "-01",
            "1.",
            ".5",
            "+1",
            "-",
            "",
            "1e5",
            "1E+5",
            "1e",
            "1e+",
            "1.5e-3",
            "9223372036854775807",
            "-9223372036854775808",
            "9223372036854775808",
            "18446744073709551615",
            "1e308",
            "1e309",
            "999999999999999999",
            "1000000000000000000",
            "0.1",
            "0.30000000000000004",
            "123456789012345.6",
            "5e-324",
            "1e-400",
            "00",
            "0x10",
            "NaN",
            "inf",
            "9007199254740993",
            "0.000000000000001",
        ] {
            same_as_reference(text);
        }
        assert_eq!(parse("12.0").unwrap().whole(), Some(12));
        assert_eq!(parse("12.5").unwrap().whole(), None);
        assert_eq!(parse("9223372036854775808").unwrap().whole(), None);
        assert_eq!(parse("-1e3").unwrap().whole(), Some(-1000));
    }

    proptest! {
        #[test]
        fn whole_numbers(number: i64) {
            same_as_reference(&number.to_string());
        }

        #[test]
        fn floats(number in proptest::num::f64::NORMAL | proptest::num::f64::ZERO) {
            same_as_reference(&format!("{number:?}"));
            same_as_reference(&format!("{number:e}"));
        }

        #[test]
        fn decimals(text in "-?[0-9]{1,20}(\\.[0-9]{0,20})?([eE][+-]?[0-9]{0,3})?") {
            same_as_reference(&text);
        }

        #[test]
        fn noise(text in "[-+0-9.eE]{0,12}") {
            same_as_reference(&text);
        }
    }
}
