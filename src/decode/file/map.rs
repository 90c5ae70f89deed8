//! A nested JSON object whose keys are codes: each level of keys a column, the
//! leaf the value. Every leaf lies equally deep, no key comes twice; anything
//! else is an error that names the path.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::writer::{Out, Writer};
use super::{ReadError, Reading, Told, declared};
use crate::decode::DecodeError;
use crate::decode::json::{begins, fault};
use crate::decode::number::Number;
use crate::decode::rows::Cell;

pub(super) fn read(text: &str, reading: &Reading<'_>, out: Out<'_>) -> Result<Told, ReadError> {
    let spec = reading.spec;
    if spec.keys.is_empty() || spec.value.is_none() {
        return Err(DecodeError::Shape("a json-map needs names for its keys and its value".to_owned()).into());
    }
    if !text.trim_start().starts_with('{') {
        return Err(DecodeError::NotTheFormat { expected: "a JSON object", begins: begins(text.as_bytes()) }.into());
    }
    let table = Writer::new(declared(spec).unwrap_or_default(), &reading.marks, spec.decimal, out);
    let names: HashSet<&str> = table.names().collect();
    if names.len() != spec.keys.len() + 1 {
        return Err(
            DecodeError::Shape("the keys and the value of a json-map need names of their own".to_owned()).into()
        );
    }
    let mut leaves = Leaves { table, depth: spec.keys.len(), path: Vec::new(), row: 0, fault: None };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = Level(&mut leaves).deserialize(&mut deserializer).and_then(|()| deserializer.end());
    if let Some(error) = leaves.fault {
        return Err(error);
    }
    read.map_err(|error| fault(&error, text.as_bytes(), 0))?;
    leaves.table.finish()?;
    Ok(Told::default())
}

struct Leaves<'w> {
    table: Writer<'w>,
    depth: usize,
    /// The keys down to where we are.
    path: Vec<String>,
    row: u64,
    fault: Option<ReadError>,
}

impl Leaves<'_> {
    fn leaf<E: Error>(&mut self, cell: Cell<'_>) -> Result<(), E> {
        if self.path.len() < self.depth {
            return Err(E::custom(format!("{} is a value, but {} levels of keys are declared", self.at(), self.depth)));
        }
        self.row += 1;
        let keys = self.path.iter().map(|key| Cell::Text(key)).chain([cell]);
        for (place, cell) in keys.enumerate() {
            if let Err(error) = self.table.push(place, self.row, cell) {
                self.fault = Some(error.into());
                return Err(E::custom("a leaf can't be taken"));
            }
        }
        self.table.end_row(&vec![true; self.depth + 1]).map_err(|error| {
            self.fault = Some(error);
            E::custom("a leaf can't be taken")
        })
    }

    fn at(&self) -> String {
        if self.path.is_empty() { "the outermost object".to_owned() } else { format!("{:?}", self.path.join("/")) }
    }

    fn too_deep<E: Error>(&self) -> Result<(), E> {
        Err(E::custom(format!("{} holds more than a value, but {} levels of keys are declared", self.at(), self.depth)))
    }
}

/// What lies below the path.
struct Level<'a, 'w>(&'a mut Leaves<'w>);

impl<'de> DeserializeSeed<'de> for Level<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("keys or a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if self.0.path.len() == self.0.depth {
            return self.0.too_deep();
        }
        let mut seen = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if !seen.insert(key.clone()) {
                return Err(A::Error::custom(format!("{} has key {key:?} twice", self.0.at())));
            }
            self.0.path.push(key);
            map.next_value_seed(Level(&mut *self.0))?;
            self.0.path.pop();
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        self.0.too_deep()
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.0.leaf(Cell::Absent)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<(), E> {
        self.0.leaf(Cell::Bool(truth))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.0.leaf(Cell::Number(Number::Whole(number)))
    }

    #[expect(clippy::cast_precision_loss, reason = "beyond i64 JSON numbers are floats here, as in other readers")]
    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.0.leaf(Cell::Number(i64::try_from(number).map_or(Number::Float(number as f64), Number::Whole)))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.0.leaf(Cell::Number(Number::Float(number)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.0.leaf(Cell::Text(text))
    }
}
