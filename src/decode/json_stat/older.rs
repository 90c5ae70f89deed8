//! Documents that hold datasets rather than being one: JSON-stat 1.x, where each
//! root member is a dataset (a bundle, of one or many), and collections of 2.0.
//! One dataset is taken out, and written as 2.0 writes it: every byte stays in its
//! place, so that a fault is told where it is in the body that came.

use std::borrow::Cow;
use std::ops::Range;

use serde::de::IgnoredAny;

use crate::decode::DecodeError;
use crate::decode::json::{Cursor, begins, without_mark};

/// Collections may hold collections, but not without end.
const DEEPEST: usize = 8;

const EXPECTED: &str = "a JSON-stat dataset, bundle or collection";

/// The dataset of a body as a JSON-stat 2.0 document: the body itself where it is one, else the dataset with that
/// name (in a bundle its key, in a collection its label or address), or the only one there is.
///
/// # Errors
/// When there is no such dataset, or several and none is named.
pub fn dataset<'a>(body: &'a [u8], name: Option<&str>) -> Result<Cow<'a, [u8]>, DecodeError> {
    let text = without_mark(body);
    let mut found = Vec::new();
    collect(text, 0..text.len(), 0, &mut found)?;
    if let ([Member { form: Form::Whole, .. }], None) = (found.as_slice(), name) {
        return Ok(Cow::Borrowed(body));
    }
    let listed = || {
        let mut names: Vec<String> = found.iter().take(20).map(|one| format!("{:?}", one.name)).collect();
        if found.len() > names.len() {
            names.push(format!("{} more", found.len() - names.len()));
        }
        names.join(", ")
    };
    let member = match name {
        Some(name) => {
            let mut fitting = found.iter().filter(|one| one.is_called(name));
            let member = fitting.next().ok_or_else(|| {
                DecodeError::Shape(format!("the document holds no dataset {name:?}; it holds {}", listed()))
            })?;
            if fitting.next().is_some() {
                return Err(DecodeError::Shape(format!("the document holds several datasets {name:?}")));
            }
            member
        }
        None => match found.as_slice() {
            [member] => member,
            [] => return Err(DecodeError::Shape("the document holds no dataset".to_owned())),
            _ => {
                let count = found.len();
                return Err(DecodeError::Shape(format!(
                    "the document holds {count} datasets, and none is chosen: {}",
                    listed()
                )));
            }
        },
    };
    match member.form {
        Form::Link => Err(DecodeError::Shape(format!("{:?} is only a link to a dataset", member.name))),
        Form::Whole if member.span.start == 0 => Ok(Cow::Borrowed(body)),
        Form::Whole => {
            let mut document = vec![b' '; member.span.start];
            document.extend_from_slice(&text[member.span.clone()]);
            Ok(Cow::Owned(document))
        }
        Form::Old => lifted(text, member.span.clone()).map(Cow::Owned),
    }
}

/// The names of the datasets in a document, in its order.
pub fn names(body: &[u8]) -> Result<Vec<String>, DecodeError> {
    let text = without_mark(body);
    let mut found = Vec::new();
    collect(text, 0..text.len(), 0, &mut found)?;
    Ok(found.into_iter().map(|one| one.name).collect())
}

struct Member {
    name: String,
    href: Option<String>,
    span: Range<usize>,
    form: Form,
}

enum Form {
    /// A 2.0 dataset.
    Whole,
    /// Of 1.x: its `id`, `size` and `role` stand in `dimension`.
    Old,
    Link,
}

impl Member {
    fn is_called(&self, name: &str) -> bool {
        // `https://…/oecd.json` is also called `oecd`.
        let stem = |href: &str| {
            let file = href.rsplit('/').next().unwrap_or_default();
            file.split(['?', '#']).next().unwrap_or_default().trim_end_matches(".json").to_owned()
        };
        self.name == name || self.href.as_deref().is_some_and(|href| href == name || stem(href) == name)
    }
}

/// A member of an object: its name, where it begins, and where its value lies.
struct Part {
    name: String,
    begins: usize,
    value: Range<usize>,
}

/// The members of the object at a span. The text must be whole JSON as far as it is looked at.
fn parts(text: &[u8], span: Range<usize>) -> Result<Vec<Part>, DecodeError> {
    let mut cursor = Cursor::new(&text[..span.end]);
    cursor.at = span.start;
    if cursor.peek()? != b'{' {
        return Err(DecodeError::NotTheFormat { expected: EXPECTED, begins: begins(&text[span]) });
    }
    cursor.at += 1;
    let mut parts: Vec<Part> = Vec::new();
    loop {
        let before = cursor.at;
        let Some(name) = cursor.member(parts.is_empty())? else { break };
        let comma = text[before..cursor.at].iter().position(|byte| *byte == b',').filter(|_| !parts.is_empty());
        let begins = comma.map_or(before, |comma| before + comma + 1);
        let start = cursor.at;
        cursor.value::<IgnoredAny>()?;
        parts.push(Part { name, begins, value: start..cursor.at });
    }
    cursor.close()?;
    Ok(parts)
}

fn is_object(text: &[u8], part: &Part) -> bool {
    text.get(part.value.start) == Some(&b'{')
}

fn find<'p>(parts: &'p [Part], name: &str) -> Option<&'p Part> {
    parts.iter().find(|part| part.name == name)
}

fn string(text: &[u8], parts: &[Part], name: &str) -> Option<String> {
    serde_json::from_slice(&text[find(parts, name)?.value.clone()]).ok()
}

fn collect(text: &[u8], span: Range<usize>, depth: usize, found: &mut Vec<Member>) -> Result<(), DecodeError> {
    let members = parts(text, span.clone())?;
    let has = |name: &str| find(&members, name).is_some();
    let name = || string(text, &members, "label").unwrap_or_default();
    let href = || string(text, &members, "href");
    match string(text, &members, "class").as_deref() {
        Some("collection") => {
            if depth >= DEEPEST {
                return Err(DecodeError::Shape(format!("collections within each other, more than {DEEPEST} deep")));
            }
            let link = find(&members, "link").filter(|part| is_object(text, part));
            let Some(link) = link else { return Ok(()) };
            let link = parts(text, link.value.clone())?;
            let Some(item) = find(&link, "item") else { return Ok(()) };
            for element in elements(text, item.value.clone())? {
                collect(text, element, depth + 1, found)?;
            }
        }
        Some("dataset") if has("id") || has("dimension") || depth == 0 => {
            found.push(Member { name: name(), href: href(), span, form: Form::Whole });
        }
        Some("dataset") => found.push(Member { name: name(), href: href(), span, form: Form::Link }),
        // A dimension or something that a later version knows; no dataset in any case.
        Some(_) if depth > 0 => {}
        Some(_) => return Err(DecodeError::NotTheFormat { expected: EXPECTED, begins: begins(&text[span]) }),
        None if has("id") && has("size") => {
            found.push(Member { name: name(), href: href(), span, form: Form::Whole });
        }
        None if find(&members, "dimension").is_some_and(|part| is_object(text, part)) => {
            let end = span.start + text[span.clone()].trim_ascii_end().len();
            found.push(Member { name: name(), href: href(), span: span.start..end, form: Form::Old });
        }
        None if depth > 0 => found.push(Member { name: name(), href: href(), span, form: Form::Link }),
        None => {
            for part in members.iter().filter(|part| is_object(text, part)) {
                let inner = parts(text, part.value.clone())?;
                let is_set = find(&inner, "dimension").is_some_and(|part| is_object(text, part));
                if is_set {
                    let form = if find(&inner, "id").is_some() { Form::Whole } else { Form::Old };
                    found.push(Member { name: part.name.clone(), href: None, span: part.value.clone(), form });
                }
            }
            if found.is_empty() {
                return Err(DecodeError::NotTheFormat { expected: EXPECTED, begins: begins(&text[span]) });
            }
        }
    }
    Ok(())
}

/// The objects of an array.
fn elements(text: &[u8], span: Range<usize>) -> Result<Vec<Range<usize>>, DecodeError> {
    let mut cursor = Cursor::new(&text[..span.end]);
    cursor.at = span.start;
    if cursor.peek()? != b'[' {
        return Err(DecodeError::Shape("`link.item` is no list".to_owned()));
    }
    cursor.at += 1;
    let mut elements = Vec::new();
    while cursor.peek()? != b']' {
        if cursor.peek()? == b',' {
            cursor.at += 1;
            cursor.peek()?;
        }
        let start = cursor.at;
        cursor.value::<IgnoredAny>()?;
        if text[start] == b'{' {
            elements.push(start..cursor.at);
        }
    }
    Ok(elements)
}

/// A dataset of 1.x with `id`, `size` and `role` at its root: they are blanked where they stood and written at its end.
fn lifted(text: &[u8], span: Range<usize>) -> Result<Vec<u8>, DecodeError> {
    const LIFTED: [&str; 3] = ["id", "size", "role"];
    let members = parts(text, span.clone())?;
    let Some(dimension) = find(&members, "dimension") else {
        return Err(DecodeError::NotTheFormat { expected: EXPECTED, begins: begins(&text[span]) });
    };
    let inner = parts(text, dimension.value.clone())?;
    let mut document = vec![b' '; span.start];
    document.extend_from_slice(&text[span.clone()]);
    let mut kept_before = false;
    for part in &inner {
        let comma = part.begins.checked_sub(1).filter(|at| text[*at] == b',');
        if LIFTED.contains(&part.name.as_str()) {
            document[part.begins..part.value.end].fill(b' ');
            if let Some(comma) = comma {
                document[comma] = b' ';
            }
            continue;
        }
        if let (Some(comma), false) = (comma, kept_before) {
            document[comma] = b' ';
        }
        kept_before = true;
    }
    // Everything after the closing brace of the dataset is gone already.
    document.pop();
    for name in LIFTED {
        let mut of_name = inner.iter().filter(|part| part.name == name);
        if let Some(part) = of_name.next() {
            document.extend_from_slice(format!(",\"{name}\":").as_bytes());
            document.extend_from_slice(&text[part.value.clone()]);
        }
        if of_name.next().is_some() {
            return Err(DecodeError::Shape(format!("member {name:?} comes twice in `dimension`")));
        }
    }
    document.push(b'}');
    Ok(document)
}
