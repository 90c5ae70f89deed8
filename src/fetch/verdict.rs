//! Whether what came is an answer, and if not, which error says so.

use super::address::masked;
use super::client::{Outgoing, Received};
use super::courier::Expect;
use super::error::FetchError;
use super::problem::{Problem, short, without_bom};
use super::request::Answer;
use super::retry::Failure;
use crate::config::{Action, HttpSettings};

/// How much of an unexpected body is shown, in characters.
const SHOWN: usize = 80;

/// Only a 2xx answer of the expected kind will do.
pub(super) fn judge(
    outgoing: &Outgoing,
    received: &Received,
    expect: Expect,
    settings: &HttpSettings,
) -> Result<(), FetchError> {
    let (source_name, url, method) = named(outgoing);
    if let Some(target) = &received.redirect {
        let location = masked(target.as_str());
        let elsewhere = !super::address::same_origin(&outgoing.url, target);
        return Err(if elsewhere {
            FetchError::RedirectElsewhere { source_name, url, location }
        } else {
            FetchError::TooManyRedirects { source_name, url, location, limit: settings.max_redirects }
        });
    }
    if !(200..300).contains(&received.status) {
        let Problem { status: problem_status, message } = Problem::read(&received.body);
        return Err(FetchError::Refused { source_name, url, method, status: received.status, problem_status, message });
    }
    if expect == Expect::Json && !looks_like_json(&received.body) {
        let content_type = received.headers.get("content-type").map_or("no content type", String::as_str);
        let start = &received.body[..received.body.len().min(SHOWN * 16)];
        return Err(FetchError::NotJson {
            source_name,
            url,
            method,
            content_type: short(content_type, SHOWN),
            start: short(&String::from_utf8_lossy(without_bom(start)), SHOWN),
        });
    }
    Ok(())
}

/// The error that a declaration makes of an answer.
pub(super) fn declared(outgoing: &Outgoing, received: &Received, action: Action) -> FetchError {
    let (source_name, url, method) = named(outgoing);
    let status = received.status;
    let Problem { status: problem_status, message } = Problem::read(&received.body);
    match action {
        Action::Split => FetchError::TooMuch { source_name, url, method, status, message },
        _ => FetchError::Refused { source_name, url, method, status, problem_status, message },
    }
}

/// An answer that says that there is nothing, where something is needed.
pub(super) fn nothing(answer: &Answer) -> FetchError {
    let record = &answer.record;
    FetchError::Nothing {
        source_name: record.source.clone(),
        url: record.url.clone(),
        method: record.method.to_string(),
        status: record.status,
        message: Problem::read(&answer.body).message,
    }
}

/// No more tries: the last failure, as an error.
pub(super) fn failed(outgoing: &Outgoing, failure: Failure, tries: usize, settings: &HttpSettings) -> FetchError {
    let last = failure.reason();
    let (source_name, url, method) = named(outgoing);
    let status = match failure {
        Failure::Final(fault) => return fault,
        Failure::Transport(_) => None,
        Failure::NotNow { received, after: Some(asked) } if asked > settings.max_wait => {
            let (status, allowed) = (received.status, settings.max_wait);
            return FetchError::WaitTooLong { source_name, url, method, status, asked, allowed };
        }
        Failure::NotNow { received, .. } => Some(received.status),
    };
    FetchError::GaveUp { source_name, url, method, tries, status, last }
}

pub(super) fn looks_like_json(body: &[u8]) -> bool {
    matches!(without_bom(body).trim_ascii_start().first(), Some(b'{' | b'['))
}

fn named(outgoing: &Outgoing) -> (String, String, String) {
    (outgoing.source_name.clone(), outgoing.shown_url(), outgoing.method.to_string())
}
