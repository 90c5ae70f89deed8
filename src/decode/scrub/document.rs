//! One JSON object whole: what came is in memory, and nowhere else.

use std::io::{self, Read, Write};

use super::{Copier, Cursor, Keep, Stop};

/// Why nothing can be kept of it.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It ends before its end: the rest may come another time.
    #[error("the body is cut off")]
    Cut,
    /// It will not be right another time either.
    #[error("{0}")]
    Wrong(String),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Writes the kept fields of an object of at most `cap` bytes; how many values did not have their field's shape. Such a
/// one stays as null, so that it can be told from a field that is gone.
///
/// # Errors
/// Where it is no JSON object, or has something else than a number in a number's place, or than fields in theirs.
pub fn document(
    input: &mut dyn Read,
    output: &mut dyn Write,
    kept: &'static [Keep],
    cap: u64,
) -> Result<u64, DocumentError> {
    let mut bytes = Vec::new();
    input.take(cap.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > cap {
        return Err(DocumentError::Wrong(format!(
            "it unpacks to more than the {cap} bytes that max_decompressed allows"
        )));
    }
    let body = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut cursor = Cursor::new(body);
    let mut copier = Copier::strict(body.len() / 4);
    match copier.fields(&mut cursor, kept, |_, _| Ok(())) {
        Ok(()) => {}
        Err(Stop::More) => return Err(DocumentError::Cut),
        Err(Stop::Bad(why)) => return Err(DocumentError::Wrong(copier.misfit.unwrap_or_else(|| why.to_owned()))),
    }
    if body[cursor.at()..].iter().any(|byte| !byte.is_ascii_whitespace()) {
        return Err(DocumentError::Wrong("something follows the object".to_owned()));
    }
    if std::str::from_utf8(&copier.out).is_err() {
        return Err(DocumentError::Wrong("its texts are not UTF-8".to_owned()));
    }
    output.write_all(&copier.out)?;
    Ok(copier.refused)
}

#[cfg(test)]
mod tests {
    use super::super::{Shape, code, each, is, of, of_or};
    use super::*;

    const KEPT: &[Keep] = &[
        code("id"),
        is("namn", Shape::Text),
        is("antal", Shape::Number),
        each("skolformer", Shape::Code),
        of("plats", &[is("kommun", Shape::Digits(4))]),
        of_or("delar", &[code("del")], Shape::Code),
        of("distans", &[]),
    ];

    fn kept(body: &str) -> Result<(String, u64), String> {
        let mut out = Vec::new();
        let refused = document(&mut body.as_bytes(), &mut out, KEPT, 10_000).map_err(|error| error.to_string())?;
        Ok((String::from_utf8(out).unwrap(), refused))
    }

    #[test]
    fn only_listed_fields_come_through_with_their_shapes() {
        let body = r#" {"rektor":"Påhitta Fantasisson","id":"e.1","namn":"Åsö \"vux\"","antal":7.5,"skolformer":["VUX",null,"a b",["x"]],
            "plats":[{"kommun":"0114","gata":"Låtsasgatan"},{"kommun":"070-1740605"},3],"delar":["VUXGR",{"del":"VUXSFI","mail":"x"}],
            "distans":{"traffar":2},"mail":{"a":[1,{}]}} "#;
        // The lone 3 stands where fields should.
        assert_eq!(kept(body).unwrap_err(), "plats holds something else than fields");
        let (text, refused) = kept(&body.replace(",3]", "]")).unwrap();
        assert_eq!(
            text,
            "{\"id\":\"e.1\",\"namn\":\"Åsö \\\"vux\\\"\",\"antal\":7.5,\"skolformer\":[\"VUX\"],\"plats\":[{\"kommun\":\"0114\"},\
             {\"kommun\":null}],\"delar\":[\"VUXGR\",{\"del\":\"VUXSFI\"}],\"distans\":{}}"
        );
        assert_eq!(refused, 2);
        assert_eq!(kept(&text).unwrap(), (text, 0), "a second time nothing is left to drop");
        assert_eq!(kept("{\"id\":\"fanta@pahittat.example\",\"namn\":null}").unwrap().0, "{\"id\":null,\"namn\":null}");
    }

    #[test]
    fn what_is_none_is_told_without_a_word_of_anyone() {
        for (body, expected) in [
            ("{\"id\":\"Fanta", "the body is cut off"),
            ("{\"id\":1}x", "something follows the object"),
            ("[1]", "an object was expected"),
            ("{\"antal\":\"Fantasisson\"}", "antal holds something else than a number"),
            ("{\"plats\":{\"kommun\":Fanta}}", "a value is none of JSON's"),
            ("{\"distans\":\"Fantasisson\"}", "distans holds something else than fields"),
        ] {
            assert_eq!(kept(body).unwrap_err(), expected);
        }
        let long = format!("{{\"id\":\"{}\"}}", "a".repeat(10_000));
        assert_eq!(kept(&long).unwrap_err(), "it unpacks to more than the 10000 bytes that max_decompressed allows");
        let error = document(&mut b"{\"namn\":\"\xe5\"}".as_slice(), &mut Vec::new(), KEPT, 100).unwrap_err();
        assert_eq!(error.to_string(), "its texts are not UTF-8");
    }
}
