//! Personal data dropped from JSON while it comes in: a source's list of fields
//! says what is kept, each field's shape what its values look like, and nothing
//! else is. Of a field that is not listed, such as one that a later version of
//! an API adds, nothing is kept either.
//!
//! A value is followed to its end before it is dropped, and looked at no
//! further; an error never shows a piece of one.

mod copier;
mod document;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod scan;
mod shape;

pub use copier::Copier;
pub use document::{DocumentError, document};
pub use scan::{Cursor, Scalar, Stop};
pub use shape::Shape;

/// A field that is kept.
#[derive(Clone, Copy, Debug)]
pub struct Keep {
    pub name: &'static str,
    pub part: Part,
}

#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// One value.
    Is(Shape),
    /// A list of values.
    Each(Shape),
    /// These fields of an object, or of each object of an array.
    Of(&'static [Keep]),
    /// The same, or a value in the place of an object.
    OfOr(&'static [Keep], Shape),
}

pub const fn is(name: &'static str, shape: Shape) -> Keep {
    Keep { name, part: Part::Is(shape) }
}

pub const fn code(name: &'static str) -> Keep {
    is(name, Shape::Code)
}

pub const fn each(name: &'static str, shape: Shape) -> Keep {
    Keep { name, part: Part::Each(shape) }
}

pub const fn of(name: &'static str, fields: &'static [Keep]) -> Keep {
    Keep { name, part: Part::Of(fields) }
}

pub const fn of_or(name: &'static str, fields: &'static [Keep], shape: Shape) -> Keep {
    Keep { name, part: Part::OfOr(fields, shape) }
}
