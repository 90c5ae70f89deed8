//! One column while its cells come in. Numbers are parsed strictly: the empty
//! text is missing, anything else must be a number.

use std::mem;
use std::sync::Arc;

use arrow::array::{ArrayRef, DictionaryArray, Float64Builder, Int8Array, Int64Builder, StringArray, StringBuilder};
use arrow::datatypes::{DataType, Field, Int8Type, Schema, SchemaRef};

use crate::config::ValueType;
use crate::contract::Status;
use crate::decode::number::{self, Number};

/// A cell as a format hands it over.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cell<'a> {
    Absent,
    Text(&'a str),
    Number(Number),
    Bool(bool),
    /// A number that the source marks, or the mark in its place; in a column of text the symbol is the text.
    Marked {
        number: Option<Number>,
        status: Status,
        symbol: &'a str,
    },
}

pub(crate) const NOT_A_NUMBER: &str = "not a number";
pub(crate) const NOT_WHOLE: &str = "not a whole number";
const TOO_MANY_SYMBOLS: &str = "the 129th symbol of its column: these are no symbols";
const CONTRADICTION: &str = "a number whose mark says that there is none";

pub(crate) enum Column {
    Text(StringBuilder),
    Whole(Int64Builder, Flags),
    Float(Float64Builder, Flags),
}

/// What is said of the numbers of a column.
#[derive(Default)]
pub(crate) struct Flags {
    statuses: Vec<i8>,
    symbols: Vec<Option<i8>>,
    /// The symbols that occur: a source has a handful.
    words: Vec<String>,
}

impl Flags {
    fn push(&mut self, status: Status, symbol: Option<&str>) -> Result<(), &'static str> {
        let symbol = symbol.map(|symbol| self.word(symbol).ok_or(TOO_MANY_SYMBOLS)).transpose()?;
        self.statuses.push(status as i8);
        self.symbols.push(symbol);
        Ok(())
    }

    fn push_missing(&mut self) {
        self.statuses.push(Status::Missing as i8);
        self.symbols.push(None);
    }

    fn word(&mut self, symbol: &str) -> Option<i8> {
        let place = self.words.iter().position(|word| word == symbol).unwrap_or_else(|| {
            self.words.push(symbol.to_owned());
            self.words.len() - 1
        });
        i8::try_from(place).ok()
    }

    fn finish(self) -> Result<[ArrayRef; 2], arrow::error::ArrowError> {
        let words = Arc::new(StringArray::from(Status::ALL.map(Status::as_str).to_vec()));
        let statuses = DictionaryArray::<Int8Type>::try_new(Int8Array::from(self.statuses), words)?;
        let words = Arc::new(StringArray::from(self.words));
        let symbols = DictionaryArray::<Int8Type>::try_new(Int8Array::from(self.symbols), words)?;
        Ok([Arc::new(statuses), Arc::new(symbols)])
    }
}

impl Column {
    /// A column that lacks its first `rows` cells.
    pub(crate) fn new(kind: ValueType, rows: usize) -> Self {
        let mut column = match kind {
            ValueType::Text => Self::Text(StringBuilder::new()),
            ValueType::Int64 => Self::Whole(Int64Builder::new(), Flags::default()),
            ValueType::Float64 => Self::Float(Float64Builder::new(), Flags::default()),
        };
        for _ in 0..rows {
            column.push_null();
        }
        column
    }

    pub(crate) fn push_null(&mut self) {
        match self {
            Self::Text(texts) => texts.append_null(),
            Self::Whole(numbers, flags) => {
                numbers.append_null();
                flags.push_missing();
            }
            Self::Float(numbers, flags) => {
                numbers.append_null();
                flags.push_missing();
            }
        }
    }

    /// Says why a cell can't stand in this column.
    pub(crate) fn push(&mut self, cell: Cell<'_>, decimal: char) -> Result<(), &'static str> {
        if let Self::Text(texts) = self {
            match cell {
                Cell::Absent => texts.append_null(),
                Cell::Text(text) => texts.append_value(text),
                Cell::Number(Number::Whole(number)) => texts.append_value(number.to_string()),
                Cell::Number(Number::Float(number)) => texts.append_value(number.to_string()),
                Cell::Bool(truth) => texts.append_value(truth.to_string()),
                Cell::Marked { symbol, .. } => texts.append_value(symbol),
            }
            return Ok(());
        }
        let (number, status, symbol) = match cell {
            Cell::Absent => (None, Status::Missing, None),
            Cell::Text(text) if text.trim().is_empty() => (None, Status::Missing, None),
            Cell::Text(text) => {
                let number = localized(text.trim(), decimal).ok_or(NOT_A_NUMBER)?;
                (Some(number), Status::Observed, None)
            }
            Cell::Number(number) => (Some(number), Status::Observed, None),
            Cell::Bool(_) => return Err(NOT_A_NUMBER),
            Cell::Marked { number, status, symbol } => (number, status, Some(symbol)),
        };
        if number.is_some() != status.has_value() {
            return Err(CONTRADICTION);
        }
        match self {
            Self::Whole(numbers, flags) => {
                let whole = number.map(|number| number.whole().ok_or(NOT_WHOLE)).transpose()?;
                flags.push(status, symbol)?;
                numbers.append_option(whole);
            }
            Self::Float(numbers, flags) => {
                flags.push(status, symbol)?;
                numbers.append_option(number.map(Number::float));
            }
            Self::Text(_) => {}
        }
        Ok(())
    }

    /// The Arrow columns: one, or a number with its status and symbol.
    pub(crate) fn finish(self) -> Result<Vec<ArrayRef>, arrow::error::ArrowError> {
        let (values, flags): (ArrayRef, _) = match self {
            Self::Text(mut texts) => return Ok(vec![Arc::new(texts.finish())]),
            Self::Whole(mut numbers, flags) => (Arc::new(numbers.finish()), flags),
            Self::Float(mut numbers, flags) => (Arc::new(numbers.finish()), flags),
        };
        let [statuses, symbols] = flags.finish()?;
        Ok(vec![values, statuses, symbols])
    }

    /// The rows so far; the column is empty after it.
    pub(crate) fn take(&mut self) -> Result<Vec<ArrayRef>, arrow::error::ArrowError> {
        let kind = match self {
            Self::Text(_) => ValueType::Text,
            Self::Whole(..) => ValueType::Int64,
            Self::Float(..) => ValueType::Float64,
        };
        mem::replace(self, Self::new(kind, 0)).finish()
    }
}

pub(crate) fn schema<'a>(columns: impl Iterator<Item = (&'a str, ValueType)>) -> SchemaRef {
    let flags = DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8));
    let mut fields = Vec::new();
    for (name, kind) in columns {
        let kind = match kind {
            ValueType::Text => {
                fields.push(Field::new(name, DataType::Utf8, true));
                continue;
            }
            ValueType::Int64 => DataType::Int64,
            ValueType::Float64 => DataType::Float64,
        };
        fields.push(Field::new(name, kind, true));
        fields.push(Field::new(format!("{name}_status"), flags.clone(), false));
        fields.push(Field::new(format!("{name}_symbol"), flags.clone(), true));
    }
    Arc::new(Schema::new(fields))
}

/// A number as it is written in the file: with a comma, thousands may be set apart by no-break
/// spaces and the minus may be the typographer's.
pub(crate) fn localized(text: &str, decimal: char) -> Option<Number> {
    if decimal == '.' {
        return number::parse(text);
    }
    let (sign, text) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (whole, rest) = text.split_once(decimal).map_or((text, None), |(whole, rest)| (whole, Some(rest)));
    // The other language's decimal point is not skipped over but refused.
    if rest.is_some_and(|rest| rest.contains(['.', decimal])) || whole.contains('.') {
        return None;
    }
    let mut plain = sign.to_owned();
    let groups: Vec<&str> = whole.split(['\u{a0}', '\u{202f}']).collect();
    let [first, others @ ..] = groups.as_slice() else { return None };
    if !others.is_empty() && (!(1..=3).contains(&first.len()) || others.iter().any(|group| group.len() != 3)) {
        return None;
    }
    plain.extend(groups);
    if let Some(rest) = rest {
        plain.push('.');
        plain.push_str(rest);
    }
    number::parse(&plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_swedish_and_in_english() {
        let swedish = |text| localized(text, ',').map(Number::float);
        assert_eq!(swedish("1\u{a0}234\u{202f}567,5"), Some(1_234_567.5));
        assert_eq!(swedish("\u{2212}0,5"), Some(-0.5));
        assert_eq!(swedish("12"), Some(12.0));
        for wrong in ["1.5", "1\u{a0}23", "1234\u{a0}567", "1 234", "1,2,3", "1,2.3", "007", ",5", "..", "-"] {
            assert_eq!(swedish(wrong), None, "{wrong}");
        }
        assert_eq!(localized("1.5", '.'), Some(Number::Float(1.5)));
        assert_eq!(localized("1,5", '.'), None);
        assert_eq!(localized("1\u{a0}000", '.'), None);
    }
}
