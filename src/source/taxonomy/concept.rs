//! A concept as it is written, with the concepts within it still to be gone
//! through: one at a time off the body, so that only the largest of the
//! outermost concepts is ever in memory as a tree.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::decode::DecodeError;

pub type Concept = Map<String, Value>;

/// Takes each of the outermost concepts, by its number; gives the name of their list.
pub fn each(
    body: &[u8],
    take: &mut dyn FnMut(u64, Concept) -> Result<(), DecodeError>,
) -> Result<Result<String, DecodeError>, serde_json::Error> {
    let mut fault = None;
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let outcome = Outer { take, fault: &mut fault }.deserialize(&mut deserializer);
    // A fault of ours ends the reading with an error of serde's that says less.
    if let Some(fault) = fault {
        return Ok(Err(fault));
    }
    let list = outcome?;
    deserializer.end()?;
    Ok(Ok(list))
}

struct Outer<'t, 'f> {
    take: &'t mut dyn FnMut(u64, Concept) -> Result<(), DecodeError>,
    fault: &'f mut Option<DecodeError>,
}

impl<'de> DeserializeSeed<'de> for Outer<'_, '_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Outer<'_, '_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `data`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<String, A::Error> {
        let mut list = None;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "data" if list.is_none() => {
                    list = Some(map.next_value_seed(Data { take: self.take, fault: self.fault })?);
                }
                // GraphQL tells of errors under 200, beside what data there are.
                "errors" => {
                    let errors = map.next_value::<Value>()?;
                    if errors.as_array().is_none_or(|errors| !errors.is_empty()) && !errors.is_null() {
                        let text: String = errors.to_string().chars().take(120).collect();
                        *self.fault = Some(DecodeError::Shape(format!("the answer tells of errors: {text}")));
                        return Err(A::Error::custom("errors"));
                    }
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        list.ok_or_else(|| A::Error::missing_field("data"))
    }
}

struct Data<'t, 'f> {
    take: &'t mut dyn FnMut(u64, Concept) -> Result<(), DecodeError>,
    fault: &'f mut Option<DecodeError>,
}

impl<'de> DeserializeSeed<'de> for Data<'_, '_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Data<'_, '_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with one list of concepts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<String, A::Error> {
        let Some(list) = map.next_key::<String>()? else { return Err(A::Error::missing_field("concepts")) };
        map.next_value_seed(List { take: self.take, fault: self.fault })?;
        if let Some(other) = map.next_key::<String>()? {
            return Err(A::Error::custom(format!("`data` holds {list:?} and {other:?}, where one list was expected")));
        }
        Ok(list)
    }
}

struct List<'t, 'f> {
    take: &'t mut dyn FnMut(u64, Concept) -> Result<(), DecodeError>,
    fault: &'f mut Option<DecodeError>,
}

impl<'de> DeserializeSeed<'de> for List<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of concepts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut number = 0;
        while let Some(concept) = seq.next_element::<Concept>()? {
            if let Err(fault) = (self.take)(number, concept) {
                *self.fault = Some(fault);
                return Err(A::Error::custom("a concept is at fault"));
            }
            number += 1;
        }
        Ok(())
    }
}
