//! What the client of object storage says, in few words and without anything
//! that it sent: no header, no signature, no credential.

use std::error::Error as _;
use std::io;

use object_store::Error;

pub(super) fn io_error(error: &Error) -> io::Error {
    let text = words(error);
    let kind = match error {
        Error::NotFound { .. } => io::ErrorKind::NotFound,
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => io::ErrorKind::PermissionDenied,
        _ => innermost_io(error).map_or(io::ErrorKind::Other, |inner| match inner {
            io::ErrorKind::StorageFull => io::ErrorKind::Other,
            kind => kind,
        }),
    };
    io::Error::new(kind, text)
}

pub(super) fn invalid(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

fn words(error: &Error) -> String {
    let text = error.to_string();
    let status = ["status code: ", "error response: "].iter().find_map(|words| {
        let rest = &text[text.find(words)? + words.len()..];
        rest.split(|each: char| !each.is_ascii_digit()).next().filter(|number| number.len() == 3).map(str::to_owned)
    });
    let said = match (tag(&text, "Code"), tag(&text, "Message")) {
        (Some(code), Some(message)) => Some(format!("{code}: {}", message.trim_end_matches('.'))),
        (Some(code), None) => Some(code.to_owned()),
        _ => None,
    };
    match (said, status) {
        (Some(said), _) => format!("the server says {said}"),
        (None, Some(status)) => format!("the server answered with status {status}"),
        // What the server sent is not shown unread: the innermost reason is the client's own.
        (None, None) => innermost(error),
    }
}

/// The text of an element in an error's XML.
fn tag<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let start = text.find(&format!("<{name}>"))? + name.len() + 2;
    let length = text[start..].find("</")?;
    Some(text[start..start + length].trim()).filter(|text| !text.is_empty())
}

fn innermost(error: &Error) -> String {
    let mut last: &dyn std::error::Error = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

fn innermost_io(error: &Error) -> Option<io::ErrorKind> {
    let mut next = error.source();
    let mut kind = None;
    while let Some(each) = next {
        if let Some(error) = each.downcast_ref::<io::Error>() {
            kind = Some(error.kind());
        }
        next = each.source();
    }
    kind
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generic(text: &str) -> Error {
        Error::Generic { store: "S3", source: text.to_owned().into() }
    }

    #[test]
    fn the_servers_words_are_shown_and_nothing_else_of_its_answer() {
        let xml = "Error performing PUT http://a/b in 2ms - Server returned non-2xx status code: 403 Forbidden: \
                   <?xml version=\"1.0\"?><Error><Code>SignatureDoesNotMatch</Code><Message>The signature does not \
                   match.</Message><AWSAccessKeyId>NYCKEL</AWSAccessKeyId><StringToSign>hemligt</StringToSign></Error>";
        assert_eq!(
            io_error(&generic(xml)).to_string(),
            "the server says SignatureDoesNotMatch: The signature does not match"
        );
        let html = "Server returned non-2xx status code: 502 Bad Gateway: <html>Proxy för nyckel NYCKEL</html>";
        assert_eq!(io_error(&generic(html)).to_string(), "the server answered with status 502");
    }
}
