//! Published numbers in Swedish and for machines. Rounding is for the eye alone: files carry the value as published.

/// A measure's value, in the type it was published in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Int(i64),
    Float(f64),
}

impl Number {
    #[expect(clippy::cast_precision_loss, reason = "for the place on a chart, not for a printed figure")]
    pub const fn to_f64(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Float(value) => value,
        }
    }

    /// No-break space between thousands, decimal comma, true minus sign. `None`: all decimals there are.
    pub fn swedish(self, decimals: Option<u8>) -> String {
        let plain = match (self, decimals) {
            (Self::Int(value), None | Some(0)) => value.to_string(),
            (Self::Int(value), Some(decimals)) => format!("{value}.{}", "0".repeat(decimals.into())),
            (Self::Float(value), Some(decimals)) => format!("{value:.*}", usize::from(decimals)),
            (Self::Float(value), None) => value.to_string(),
        };
        let (negative, digits) = match plain.strip_prefix('-') {
            Some(digits) => (digits.bytes().any(|byte| matches!(byte, b'1'..=b'9')), digits),
            None => (false, plain.as_str()),
        };
        let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
        let mut text = String::with_capacity(plain.len() + 8);
        if negative {
            text.push('\u{2212}');
        }
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place).is_multiple_of(3) {
                text.push('\u{a0}');
            }
            text.push(digit);
        }
        if let Some(fraction) = fraction {
            text.push(',');
            text.push_str(fraction);
        }
        text
    }

    /// As published, with a dot.
    pub fn plain(self) -> String {
        match self {
            Self::Int(value) => value.to_string(),
            Self::Float(value) => value.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Number;

    #[test]
    fn swedish_numbers_have_no_break_spaces_commas_and_a_true_minus() {
        let cases = [
            (Number::Int(0), None, "0"),
            (Number::Int(999), None, "999"),
            (Number::Int(1000), Some(0), "1\u{a0}000"),
            (Number::Int(-1_234_567), None, "\u{2212}1\u{a0}234\u{a0}567"),
            (Number::Float(12_345.678), Some(1), "12\u{a0}345,7"),
            (Number::Float(-0.04), Some(1), "0,0"),
            (Number::Float(-0.06), Some(1), "\u{2212}0,1"),
            (Number::Float(46.25), None, "46,25"),
            (Number::Int(7), Some(1), "7,0"),
        ];
        for (number, decimals, expected) in cases {
            assert_eq!(number.swedish(decimals), expected, "{number:?}");
        }
    }

    #[test]
    fn files_carry_the_value_unrounded() {
        assert_eq!(Number::Float(46.254_321).plain(), "46.254321");
        assert_eq!(Number::Int(-3).plain(), "-3");
    }
}
