//! Copies the kept fields of a JSON value, as they are written, and nothing else.

use super::scan::{Cursor, Scalar, Stop};
use super::{Keep, Part};

/// Where to, and what was left out on the way.
#[derive(Debug, Default)]
pub struct Copier {
    pub out: Vec<u8>,
    /// Values that did not have their field's shape.
    pub refused: u64,
    /// Whether a field without a value stays as null, and one that is no number where a number should be is an error:
    /// for records of which every one must be read.
    is_strict: bool,
    /// The fields around, for messages.
    path: Vec<&'static str>,
    /// What stopped a strict copy.
    pub misfit: Option<String>,
}

impl Copier {
    pub fn lenient(room: usize) -> Self {
        Self { out: Vec::with_capacity(room), ..Self::default() }
    }

    pub fn strict(room: usize) -> Self {
        Self { is_strict: true, ..Self::lenient(room) }
    }

    /// As it was with so much written: a value whose end has yet to come is read once more.
    pub fn back_to(&mut self, length: usize, refused: u64) {
        self.out.truncate(length);
        self.refused = refused;
        self.path.clear();
    }

    /// An object's kept fields; `at_key` hears every key, and whether it is kept.
    pub fn fields<'a>(
        &mut self,
        cursor: &mut Cursor<'a>,
        kept: &'static [Keep],
        mut at_key: impl FnMut(&'a [u8], bool) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        self.out.push(b'{');
        let mut comma = false;
        cursor.object(|cursor, key| {
            let keep = find(kept, key);
            at_key(key, keep.is_some())?;
            let Some(keep) = keep else { return cursor.step_over() };
            let before = self.out.len();
            if comma {
                self.out.push(b',');
            }
            self.out.push(b'"');
            self.out.extend_from_slice(keep.name.as_bytes());
            self.out.extend_from_slice(b"\":");
            self.path.push(keep.name);
            let is_kept = self.value(cursor, keep.part)?;
            self.path.pop();
            if is_kept {
                comma = true;
            } else if self.is_strict {
                self.out.extend_from_slice(b"null");
                comma = true;
            } else {
                self.out.truncate(before);
            }
            Ok(())
        })?;
        self.out.push(b'}');
        Ok(())
    }

    /// False where nothing is kept.
    fn value(&mut self, cursor: &mut Cursor<'_>, part: Part) -> Result<bool, Stop> {
        let first = cursor.peek()?;
        match (part, first) {
            (Part::Of(kept) | Part::OfOr(kept, _), b'{') => {
                self.fields(cursor, kept, |_, _| Ok(()))?;
                return Ok(true);
            }
            (Part::Of(_) | Part::OfOr(..) | Part::Each(_), b'[') => {
                let each = if let Part::Each(shape) = part { Part::Is(shape) } else { part };
                self.out.push(b'[');
                let mut comma = false;
                cursor.array(|cursor| {
                    let before = self.out.len();
                    if comma {
                        self.out.push(b',');
                    }
                    // An array within an array is nothing that is known.
                    let is_kept = if cursor.peek()? == b'[' {
                        cursor.step_over().map(|()| false)?
                    } else {
                        self.value(cursor, each)?
                    };
                    if is_kept {
                        comma = true;
                    } else {
                        self.out.truncate(before);
                    }
                    Ok(())
                })?;
                self.out.push(b']');
                return Ok(true);
            }
            _ => {}
        }
        let scalar = cursor.scalar()?;
        let shape = match part {
            Part::Is(shape) | Part::OfOr(_, shape) => Some(shape),
            Part::Of(_) | Part::Each(_) => None,
        };
        match scalar {
            Some(Scalar::Null) => return Ok(false),
            Some(value) if shape.is_some_and(|shape| shape.fits(value)) => {
                match value {
                    Scalar::Text(text) => {
                        self.out.push(b'"');
                        self.out.extend_from_slice(text);
                        self.out.push(b'"');
                    }
                    Scalar::Bare(bare) => self.out.extend_from_slice(bare),
                    Scalar::Null => {}
                }
                return Ok(true);
            }
            // What has parts is known to be no value.
            None if shape.is_some() && !self.is_strict => return Ok(false),
            _ => {}
        }
        self.refused += 1;
        let wanted = match part {
            Part::Of(_) => Some("fields"),
            Part::Is(super::Shape::Number) => Some("a number"),
            _ => None,
        };
        if let Some(wanted) = wanted.filter(|_| self.is_strict) {
            self.misfit = Some(format!("{} holds something else than {wanted}", self.path.join(".")));
            return Err(Stop::Bad("a value is of another kind than its field"));
        }
        Ok(false)
    }
}

/// The kept field of this name.
fn find(kept: &'static [Keep], key: &[u8]) -> Option<&'static Keep> {
    // Most fields are none, and told by their first letter.
    let first = *key.first()?;
    kept.iter().find(|keep| keep.name.as_bytes()[0] == first && keep.name.as_bytes() == key)
}
