//! What the parts of a workbook are called and which belongs to which
//! (`_rels/*.rels`), and the small XML that all its parts have.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::decode::DecodeError;
use crate::decode::file::package::Package;

/// More than any workbook's own list of its parts.
const SMALL: u64 = 16 << 20;

/// A part that another one refers to.
#[derive(Clone, Debug)]
pub struct Relation {
    pub id: String,
    /// The last word of its type, such as `worksheet`.
    pub kind: String,
    /// Within the zip.
    pub target: String,
}

/// Of a part of this name; none where it refers to nothing.
pub fn of(package: &mut Package, part: &str) -> Result<Vec<Relation>, DecodeError> {
    let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
    let name = format!("{folder}/_rels/{file}.rels");
    if !package.has(&name) {
        return Ok(Vec::new());
    }
    let bytes = package.small(&name, SMALL)?;
    let mut found = Vec::new();
    each_element(&bytes, &name, &mut |element| {
        if element.local_name().as_ref() == b"Relationship"
            && let (Some(id), Some(kind), Some(target)) =
                (attribute(element, "Id"), attribute(element, "Type"), attribute(element, "Target"))
        {
            let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
            found.push(Relation { id, kind, target: absolute(folder, &target) });
        }
    })?;
    Ok(found)
}

/// A target counts from the folder of the part that names it.
fn absolute(folder: &str, target: &str) -> String {
    if let Some(whole) = target.strip_prefix('/') {
        return whole.to_owned();
    }
    let mut steps: Vec<&str> = folder.split('/').filter(|step| !step.is_empty()).collect();
    for step in target.split('/') {
        match step {
            ".." => drop(steps.pop()),
            "" | "." => {}
            step => steps.push(step),
        }
    }
    steps.join("/")
}

/// Every element of a small part, in order.
pub fn each_element(bytes: &[u8], part: &str, visit: &mut dyn FnMut(&BytesStart<'_>)) -> Result<(), DecodeError> {
    let mut xml = Reader::from_reader(bytes);
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match xml.read_event_into(&mut buffer) {
            Ok(Event::Start(element) | Event::Empty(element)) => visit(&element),
            Ok(Event::Eof) => return Ok(()),
            Ok(_) => {}
            Err(error) => return Err(DecodeError::Shape(format!("{part} is broken: {error}"))),
        }
    }
}

/// By its local name.
pub fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let attributes = element.attributes().flatten();
    let found = attributes.into_iter().find(|one| one.key.local_name().as_ref() == name.as_bytes())?;
    found.normalized_value(XmlVersion::Explicit1_0).ok().map(|value| value.into_owned())
}

/// A part that can be read whole.
pub fn small(package: &mut Package, part: &str) -> Result<Vec<u8>, DecodeError> {
    package.small(part, SMALL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_count_from_their_folder() {
        assert_eq!(absolute("xl", "worksheets/sheet1.xml"), "xl/worksheets/sheet1.xml");
        assert_eq!(absolute("xl/pivotTables", "../pivotCache/a.xml"), "xl/pivotCache/a.xml");
        assert_eq!(absolute("xl", "/xl/a.xml"), "xl/a.xml");
        assert_eq!(absolute("", "../../x"), "x");
    }
}
