//! The XML parts of an office file, element by element, in memory that does
//! not grow with them.

use std::io::{BufReader, Read};

use quick_xml::Reader;
use quick_xml::events::Event;

use super::ReadError;
use super::text::{Allowance, Text, unwrapped};
use crate::decode::DecodeError;

/// Shows every event of a part until `visit` has seen enough. A part that ends within an element is cut off.
pub(super) fn each(
    body: impl Read,
    part: &str,
    visit: &mut dyn FnMut(&Event<'_>) -> Result<bool, ReadError>,
) -> Result<(), ReadError> {
    let allowance = Allowance::new();
    let text = Text::new(body, "utf-8", &allowance)?;
    let mut xml = Reader::from_reader(BufReader::with_capacity(1 << 16, text));
    let mut buffer = Vec::new();
    let mut open = 0_u64;
    loop {
        allowance.renew();
        buffer.clear();
        let event = xml.read_event_into(&mut buffer).map_err(|error| match error {
            quick_xml::Error::Io(error) => {
                std::sync::Arc::try_unwrap(error).map_or_else(|error| DecodeError::Shape(error.to_string()), unwrapped)
            }
            error => DecodeError::Shape(format!("{part} is cut off or broken: {error}")),
        })?;
        match &event {
            Event::Start(_) => open += 1,
            Event::End(_) => open = open.saturating_sub(1),
            Event::Eof if open > 0 => return Err(DecodeError::Shape(format!("{part} is cut off")).into()),
            Event::Eof => return Ok(()),
            _ => {}
        }
        if !visit(&event)? {
            return Ok(());
        }
    }
}
