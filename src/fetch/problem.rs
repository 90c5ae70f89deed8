//! The short human part of an answer that is not the one asked for. It guesses
//! at shapes, for people to read; nothing decides on it but `problem_status`.

use serde_json::Value;

/// Error bodies beyond this are read as text only, and cut.
const MAX_JSON: usize = 64 * 1024;
const MAX_CHARS: usize = 120;

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Problem {
    pub status: Option<u16>,
    pub message: String,
}

impl Problem {
    /// Knows PxWeb's Problem (`title`, `detail`, `status`), PxWeb v1's and Eurostat's `error`,
    /// FastAPI's `detail` and a plain `message`; else the text without its tags.
    pub fn read(body: &[u8]) -> Self {
        let body = without_bom(body);
        if body.len() <= MAX_JSON
            && let Ok(Value::Object(object)) = serde_json::from_slice(body)
        {
            let status = object.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
            let part = |key: &str| object.get(key).and_then(phrase);
            let message = match (part("title"), part("detail")) {
                (Some(title), Some(detail)) => Some(format!("{title}: {detail}")),
                (title, detail) => title.or(detail),
            };
            let message = message.or_else(|| part("error")).or_else(|| part("message"));
            if let Some(message) = message {
                return Self { status, message: short(&message, MAX_CHARS) };
            }
        }
        // Enough for the cut text even after a long style sheet.
        let start = String::from_utf8_lossy(&body[..body.len().min(MAX_JSON)]);
        Self { status: None, message: short(&without_tags(&start), MAX_CHARS) }
    }
}

/// A string, or the first of a list of strings or of objects with `msg` or `label`.
fn phrase(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => items.first().and_then(phrase),
        Value::Object(object) => ["msg", "message", "label", "title"].iter().find_map(|key| phrase(object.get(*key)?)),
        _ => None,
    }
    .filter(|text| !text.trim().is_empty())
}

fn without_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(4096));
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        out.push_str(&rest[..open]);
        out.push(' ');
        rest = &rest[open..];
        let hidden = ["style", "script"]
            .into_iter()
            .find(|name| rest.get(1..=name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)));
        if let Some(name) = hidden {
            let end = rest.to_ascii_lowercase().find(&format!("</{name}")).unwrap_or(rest.len());
            rest = &rest[end..];
        }
        rest = rest.find('>').map_or("", |close| &rest[close + 1..]);
    }
    out.push_str(rest);
    out
}

/// One line, without control characters (they would reach a terminal), cut to `max` characters.
pub(super) fn short(text: &str, max: usize) -> String {
    let mut words = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
        if words.len() > max * 4 {
            break;
        }
    }
    match words.char_indices().nth(max) {
        Some((cut, _)) => format!("{}…", words[..cut].trim_end()),
        None => words,
    }
}

pub(super) fn without_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body)
}

/// `404 Not Found`.
pub(super) fn status_text(status: u16) -> String {
    match reqwest::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()) {
        Some(reason) => format!("{status} {reason}"),
        None => status.to_string(),
    }
}

/// `404 Not Found: Non-existent table`; what the message only repeats of the status is left out.
pub(super) fn status_and(status: u16, message: &str) -> String {
    let status = status_text(status);
    let message = message.replace(&status, " ");
    let phrase = status.split_once(' ').map_or("", |(_, phrase)| phrase);
    match message.split_whitespace().collect::<Vec<_>>().join(" ") {
        rest if rest.is_empty() || rest == phrase => status,
        rest => format!("{status}: {rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: &str) -> String {
        Problem::read(body.as_bytes()).message
    }

    #[test]
    fn the_shapes_that_sources_use() {
        assert_eq!(
            Problem::read(br#"{"type":"Parameter error","title":"Too many cells selected","status":400}"#),
            Problem { status: Some(400), message: "Too many cells selected".to_owned() }
        );
        assert_eq!(message(r#"{"error":"Too many values selected"}"#), "Too many values selected");
        assert_eq!(message(r#"{"error":[{"status":413,"label":"EXTRACTION_TOO_BIG"}]}"#), "EXTRACTION_TOO_BIG");
        assert_eq!(message(r#"{"detail":[{"loc":["query"],"msg":"field required"}]}"#), "field required");
        assert_eq!(message("\u{feff}{\"title\":\"A\",\"detail\":\"b\"}"), "A: b");
        assert_eq!(message(""), "");
    }

    #[test]
    fn a_status_is_said_once() {
        assert_eq!(status_and(503, ""), "503 Service Unavailable");
        assert_eq!(status_and(503, "Service Unavailable"), "503 Service Unavailable");
        assert_eq!(
            status_and(429, "429 Too Many Requests 429 Too Many Requests nginx"),
            "429 Too Many Requests: nginx"
        );
        assert_eq!(status_and(404, "Non-existent table"), "404 Not Found: Non-existent table");
        assert_eq!(status_and(599, "x"), "599: x");
    }

    #[test]
    fn html_loses_its_tags_and_text_its_length() {
        let page =
            "<html><head><style>p { color: red }</style><title>502</title></head>\n<body><p>Bad\u{1b}[31m gateway";
        assert_eq!(message(page), "502 Bad [31m gateway");
        assert_eq!(message(&"å".repeat(500)), format!("{}…", "å".repeat(120)));
    }
}
