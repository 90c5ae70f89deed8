//! The `status` of a cube, in its three forms, as the symbols they are. What a
//! symbol means is the layout's business.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::MAX_CELLS;
use super::cells::flat_index;
use crate::decode::DecodeError;

/// In the place of a symbol's place in `Symbols`: none. At most 127 symbols fit an Int8 dictionary.
pub(super) const NONE: i8 = -1;

/// The different symbols of one answer.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    pub(super) names: Vec<String>,
    places: HashMap<String, i8>,
}

impl Symbols {
    pub(super) fn place(&mut self, symbol: &str) -> Result<i8, String> {
        if symbol.is_empty() {
            return Ok(NONE);
        }
        if let Some(place) = self.places.get(symbol) {
            return Ok(*place);
        }
        let place = i8::try_from(self.names.len())
            .ok()
            .filter(|place| *place < i8::MAX)
            .ok_or_else(|| format!("the cube has more than 127 different symbols, {symbol:?} among them"))?;
        self.names.push(symbol.to_owned());
        self.places.insert(symbol.to_owned(), place);
        Ok(place)
    }
}

#[derive(Debug, Default)]
pub(super) struct Statuses {
    pub(super) symbols: Symbols,
    form: Form,
}

#[derive(Debug, Default)]
enum Form {
    #[default]
    Absent,
    All(i8),
    Each(Vec<i8>),
    Some(Vec<(u64, i8)>),
}

impl Statuses {
    /// A symbol per cell, or nothing where no cell has one.
    pub(super) fn fit(self, size: &[u64], cells: u64) -> Result<(Symbols, Option<Vec<i8>>), DecodeError> {
        let count = |values: usize| DecodeError::StatusCount { size: size.to_vec(), cells, values: values as u64 };
        let length = usize::try_from(cells).map_err(|_| count(0))?;
        let dense = match self.form {
            Form::Absent | Form::All(NONE) => None,
            Form::All(symbol) => Some(vec![symbol; length]),
            Form::Each(each) if each.len() == length => Some(each),
            // One for all: deprecated, but in real files.
            Form::Each(each) if each.len() == 1 => Some(vec![each[0]; length]),
            Form::Each(each) => return Err(count(each.len())),
            Form::Some(some) if some.is_empty() => None,
            Form::Some(some) => {
                let mut dense = vec![NONE; length];
                for (flat, symbol) in some {
                    let place = usize::try_from(flat).ok().and_then(|flat| dense.get_mut(flat)).ok_or_else(|| {
                        DecodeError::Shape(format!("`status` has cell {flat}, but the cube ends at {cells} cells"))
                    })?;
                    if *place != NONE && *place != symbol {
                        return Err(DecodeError::Shape(format!("`status` has cell {flat} twice")));
                    }
                    *place = symbol;
                }
                Some(dense)
            }
        };
        Ok((self.symbols, dense))
    }
}

/// One symbol: text, or null for none.
struct Symbol<'a>(&'a mut Symbols);

impl<'de> DeserializeSeed<'de> for Symbol<'_> {
    type Value = i8;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<i8, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Symbol<'_> {
    type Value = i8;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a status as text or null")
    }

    fn visit_str<E: Error>(self, symbol: &str) -> Result<i8, E> {
        self.0.place(symbol).map_err(E::custom)
    }

    fn visit_unit<E: Error>(self) -> Result<i8, E> {
        Ok(NONE)
    }
}

impl<'de> Deserialize<'de> for Statuses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forms;
        impl<'de> Visitor<'de> for Forms {
            type Value = Statuses;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`status` as text, an array or an object")
            }

            fn visit_unit<E: Error>(self) -> Result<Statuses, E> {
                Ok(Statuses::default())
            }

            fn visit_str<E: Error>(self, symbol: &str) -> Result<Statuses, E> {
                let mut symbols = Symbols::default();
                let place = symbols.place(symbol).map_err(E::custom)?;
                Ok(Statuses { symbols, form: Form::All(place) })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Statuses, A::Error> {
                let mut symbols = Symbols::default();
                let mut each = Vec::new();
                while let Some(symbol) = seq.next_element_seed(Symbol(&mut symbols))? {
                    if each.len() as u64 >= MAX_CELLS {
                        while seq.next_element::<IgnoredAny>()?.is_some() {}
                        return Err(A::Error::custom(format!("`status` holds more than {MAX_CELLS} cells")));
                    }
                    each.push(symbol);
                }
                Ok(Statuses { symbols, form: Form::Each(each) })
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Statuses, A::Error> {
                let mut symbols = Symbols::default();
                let mut some = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    let flat =
                        flat_index(&key).ok_or_else(|| A::Error::custom(format!("`status` has a cell {key:?}")))?;
                    some.push((flat, map.next_value_seed(Symbol(&mut symbols))?));
                }
                Ok(Statuses { symbols, form: Form::Some(some) })
            }
        }
        deserializer.deserialize_any(Forms)
    }
}
