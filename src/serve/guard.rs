//! What every request passes before anything looks at it, and every answer on
//! its way out: only GET and HEAD, no body, no path that could mean another than
//! it says, one range at most; strict headers on every answer.

use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, IF_RANGE, RANGE,
    REFERRER_POLICY, TRANSFER_ENCODING, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
use axum::middleware::Next;
use axum::response::Response;

use crate::metrics;

/// Pages bring no script, no frame and nothing from elsewhere; the browser is told so.
const HEADERS: [(HeaderName, &str); 6] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    // A version never changes, but `site/current` does: ask again, and be told "not modified".
    (CACHE_CONTROL, "no-cache"),
];

/// Characters of a path.
const PATH: usize = 2048;

pub(super) async fn guard(mut request: Request, next: Next) -> Response {
    let mut answer = match refusal(&request) {
        Some(status) => refused(status),
        None => {
            one_range(request.headers_mut());
            next.run(request).await
        }
    };
    let status = answer.status();
    // Some of what answers leaves the reason to the number alone.
    if (status.is_client_error() || status.is_server_error()) && answer.body().size_hint().exact() == Some(0) {
        let words = format!("{} {}\n", status.as_u16(), status.canonical_reason().unwrap_or_default().to_lowercase());
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        answer.headers_mut().remove(CONTENT_LENGTH);
        *answer.body_mut() = Body::from(words);
    }
    if status == StatusCode::METHOD_NOT_ALLOWED {
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    for (name, value) in HEADERS {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    metrics::requested(status.as_u16());
    answer
}

/// Nothing more is read from a client that is refused before its request was looked at.
fn refused(status: StatusCode) -> Response {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

fn refusal(request: &Request) -> Option<StatusCode> {
    let headers = request.headers();
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Some(StatusCode::METHOD_NOT_ALLOWED);
    }
    // RFC 9112, 3.2: a request without a host, or with two of them, is not answered.
    let hosts = headers.get_all(HOST).iter().count();
    if hosts > 1 || hosts == 0 && request.version() == Version::HTTP_11 {
        return Some(StatusCode::BAD_REQUEST);
    }
    let is_empty = |value: &HeaderValue| value.as_bytes() == b"0";
    if headers.contains_key(TRANSFER_ENCODING) || headers.get(CONTENT_LENGTH).is_some_and(|value| !is_empty(value)) {
        return Some(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let path = request.uri().path();
    if path.len() > PATH {
        return Some(StatusCode::URI_TOO_LONG);
    }
    (!is_plain(path)).then_some(StatusCode::BAD_REQUEST)
}

/// A path that means itself: every segment a name, nothing hidden behind an encoding.
fn is_plain(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else { return false };
    let mut segments = rest.split('/').peekable();
    while let Some(segment) = segments.next() {
        // The last may be empty: a folder.
        let Some(name) = decoded(segment) else { return false };
        let is_folder = name.is_empty() && segments.peek().is_none();
        if !is_folder && (name.is_empty() || name == "." || name == "..") {
            return false;
        }
    }
    true
}

/// None where an encoding hides a separator, a dot, a control character or what is no text.
fn decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut left = segment.as_bytes();
    while let Some((&first, rest)) = left.split_first() {
        if first != b'%' {
            bytes.push(first);
            left = rest;
            continue;
        }
        let digit = |byte: &u8| char::from(*byte).to_digit(16);
        let [high, low] = rest.first_chunk::<2>()?;
        let byte = (digit(high)? * 16 + digit(low)?) as u8;
        if matches!(byte, b'.' | b'/' | b'\\' | b'%') {
            return None;
        }
        bytes.push(byte);
        left = &rest[2..];
    }
    let name = String::from_utf8(bytes).ok()?;
    (!name.contains(|each: char| each.is_control() || each == '\\')).then_some(name)
}

/// RFC 9110, 14.2: a range that is not understood is ignored, and so are several at once, which is allowed of any.
fn one_range(headers: &mut HeaderMap) {
    let mut ranges = headers.get_all(RANGE).iter();
    let understood = match (ranges.next(), ranges.next()) {
        (Some(range), None) => range.to_str().is_ok_and(is_range),
        (None, _) => true,
        _ => false,
    };
    if !understood {
        headers.remove(RANGE);
    }
    if !headers.contains_key(RANGE) {
        headers.remove(IF_RANGE);
    }
}

/// `bytes=0-99`, `bytes=100-`, `bytes=-100`, with numbers that are numbers.
fn is_range(text: &str) -> bool {
    let Some((unit, range)) = text.split_once('=') else { return false };
    let Some((from, to)) = range.trim().split_once('-') else { return false };
    let number = |text: &str| text.is_empty() || text.len() < 19 && text.bytes().all(|byte| byte.is_ascii_digit());
    let value = |text: &str| text.parse::<u64>().ok();
    let in_order = value(from).zip(value(to)).is_none_or(|(from, to)| from <= to);
    unit.trim().eq_ignore_ascii_case("bytes")
        && number(from)
        && number(to)
        && !(from.is_empty() && to.is_empty())
        && in_order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_that_mean_themselves_pass() {
        for path in
            ["/", "/lan/01/", "/datasets/bef/current/lan-01/1.parquet", "/l%C3%A4n", "/a%20b", "/a..b", "/...", "/.a"]
        {
            assert!(is_plain(path), "{path}");
        }
        for path in [
            "",
            "*",
            "a",
            "//",
            "/a//b",
            "/..",
            "/../a",
            "/a/../b",
            "/a/..",
            "/.",
            "/a/./b",
            "/%2e%2e/a",
            "/%2E%2e",
            "/.%2e/a",
            "/a%2fb",
            "/a%2Fb",
            "/a%5cb",
            "/a\\b",
            "/a%00",
            "/a%0a",
            "/%7f",
            "/%",
            "/%2",
            "/%zz",
            "/%c3",
            "/%ff",
            "/a%252e",
            "/a%25",
        ] {
            assert!(!is_plain(path), "{path}");
        }
    }

    #[test]
    fn ranges_that_are_not_understood_are_told_from_those_that_are() {
        for range in ["bytes=0-99", "bytes=100-", "bytes=-5", "Bytes=0-0", "bytes=9-9"] {
            assert!(is_range(range), "{range}");
        }
        for range in [
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
            "bytes=0-1,3-4",
            "rader=0-1",
            "bytes=5-2",
            "bytes=+1-2",
            "bytes=0-1-2",
            "bytes=99999999999999999999999-",
        ] {
            assert!(!is_range(range), "{range}");
        }
    }
}
