//! A JSON-stat 2.0 dataset as it stands in the body: its members, checked for
//! form only. Unknown members are passed over; older versions and other classes
//! are refused.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::cells::Cells;
use super::status::Statuses;
use crate::decode::DecodeError;
use crate::decode::json::{Cursor, begins, without_mark};

#[derive(Debug, Default)]
pub(super) struct Document {
    class: Value,
    pub(super) id: Vec<String>,
    pub(super) size: Vec<u64>,
    pub(super) dimension: Vec<(String, RawDimension)>,
    pub(super) value: Option<Cells>,
    pub(super) status: Statuses,
    pub(super) label: Value,
    pub(super) source: Value,
    pub(super) updated: Value,
    pub(super) note: Value,
    pub(super) role: Value,
    pub(super) extension: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawDimension {
    pub(super) label: Value,
    pub(super) category: RawCategory,
    pub(super) extension: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawCategory {
    pub(super) index: Option<RawIndex>,
    pub(super) label: Option<Pairs<String>>,
    pub(super) unit: Value,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "`category.index` is neither a list of codes nor an object of positions")]
pub(super) enum RawIndex {
    List(Vec<String>),
    Positions(Pairs<u64>),
}

/// An object in its own order, duplicates and all.
#[derive(Debug)]
pub(super) struct Pairs<T>(pub(super) Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Pairs<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Pairs<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<T>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Members(PhantomData))
    }
}

/// Old files write sizes as text.
#[derive(Deserialize)]
#[serde(untagged, expecting = "`size` holds something else than whole numbers")]
enum Size {
    Number(u64),
    Text(String),
}

impl Size {
    fn number(self) -> Result<u64, DecodeError> {
        match self {
            Self::Number(size) => Ok(size),
            Self::Text(text) => {
                text.parse().map_err(|_| DecodeError::Shape(format!("`size` holds {text:?}, not a whole number")))
            }
        }
    }
}

const EXPECTED: &str = "a JSON-stat 2.0 dataset";

impl Document {
    /// With `cells`, `value` and `status` are read too; without, passed over.
    pub(super) fn read(body: &[u8], cells: bool) -> Result<Self, DecodeError> {
        let mut cursor = Cursor::new(without_mark(body));
        cursor.open(EXPECTED)?;
        let mut document = Self::default();
        let mut seen = Vec::new();
        let mut first_fault = None;
        while let Some(name) = cursor.member(seen.is_empty())? {
            let start = cursor.at;
            let read = if seen.contains(&name) {
                Err(DecodeError::Shape(format!("member {name:?} comes twice")))
            } else {
                document.member(&name, &mut cursor, cells)
            };
            // A member of the wrong shape may only mean that this is no dataset at all (a PxWeb
            // error has a `status` too), which is the better message.
            match read {
                Err(fault @ DecodeError::Shape(_)) => {
                    cursor.at = start;
                    cursor.value::<serde::de::IgnoredAny>()?;
                    first_fault.get_or_insert(fault);
                }
                read => read?,
            }
            seen.push(name);
        }
        cursor.close()?;
        let dataset = document.class.is_null() || document.class.as_str() == Some("dataset");
        let whole = ["id", "size", "dimension"].iter().all(|name| seen.iter().any(|member| member == name));
        if !dataset || !whole {
            return Err(DecodeError::NotTheFormat { expected: EXPECTED, begins: begins(cursor.body) });
        }
        first_fault.map_or(Ok(document), Err)
    }

    /// Reads the member that stands at the cursor.
    fn member(&mut self, name: &str, cursor: &mut Cursor, cells: bool) -> Result<(), DecodeError> {
        match name {
            "class" => self.class = cursor.value()?,
            "id" => self.id = cursor.value()?,
            "size" => {
                self.size = cursor.value::<Vec<Size>>()?.into_iter().map(Size::number).collect::<Result<_, _>>()?;
            }
            "dimension" => self.dimension = cursor.value::<Pairs<_>>()?.0,
            "value" if cells => {
                // Where `size` comes later, the room is not known and grows.
                let cells = self.size.iter().try_fold(1_u64, |cells, size| cells.checked_mul(*size));
                let room = cells.filter(|_| !self.size.is_empty()).and_then(|cells| usize::try_from(cells).ok());
                self.value = Some(Cells::read(cursor, room.unwrap_or(0))?);
            }
            "status" if cells => self.status = cursor.value()?,
            "label" => self.label = cursor.value()?,
            "source" => self.source = cursor.value()?,
            "updated" => self.updated = cursor.value()?,
            "note" => self.note = cursor.value()?,
            "role" => self.role = cursor.value()?,
            "extension" => self.extension = cursor.value()?,
            _ => {
                cursor.value::<serde::de::IgnoredAny>()?;
            }
        }
        Ok(())
    }
}
