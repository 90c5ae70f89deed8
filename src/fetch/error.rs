//! What can go wrong between asking and holding the answer. Every message is
//! complete in itself: it names the source and the URL, and no secret.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::store::StoreError;

use crate::codes::{self, Code};

use super::problem::{short, status_and, status_text};

#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("could not set up the HTTP client: {reason}")]
    Setup { reason: String },

    #[error("{source_name}: {url:?} is not a usable URL: {reason}")]
    Address { source_name: String, url: String, reason: String },

    #[error("{source_name}: the key from {place} cannot be used: {reason}")]
    Key { source_name: String, place: String, reason: String },

    /// A final answer outside 2xx that no retry would mend.
    #[error(
        "{source_name}: {method} {url} was answered {}{}",
        status_and(*status, message),
        inside(*status, *problem_status)
    )]
    Refused {
        source_name: String,
        url: String,
        method: String,
        status: u16,
        /// The status that the body gives, where it gives one; PxWeb answers 400 with 404 inside.
        problem_status: Option<u16>,
        /// The short human part of the body, or nothing.
        message: String,
    },

    #[error("{source_name}: {method} {url} failed {}; the last time: {last}", times(*tries))]
    GaveUp {
        source_name: String,
        url: String,
        method: String,
        tries: usize,
        /// Of the last answer; none when there was no whole answer.
        status: Option<u16>,
        last: String,
    },

    #[error(
        "{source_name}: {method} {url} was answered {} with the request to wait {} s, longer than the {} s allowed",
        status_text(*status),
        asked.as_secs(),
        allowed.as_secs()
    )]
    WaitTooLong { source_name: String, url: String, method: String, status: u16, asked: Duration, allowed: Duration },

    #[error("{source_name}: {method} {url} was answered with {content_type} instead of JSON; it begins {start:?}")]
    NotJson { source_name: String, url: String, method: String, content_type: String, start: String },

    #[error("{source_name}: the answer of {url} is larger than the {limit} bytes allowed on the wire")]
    TooLarge { source_name: String, url: String, limit: u64 },

    #[error("{source_name}: the answer of {url} unpacks to more than the {limit} bytes allowed")]
    UnpacksTooLarge { source_name: String, url: String, limit: u64 },

    #[error("{source_name}: the answer of {url} is larger than the {limit} bytes that {key} allows")]
    StreamTooLarge { source_name: String, url: String, limit: u64, key: &'static str },

    /// Nothing of it is kept: it may hold personal data.
    #[error("{source_name}: the answer of {url} is not what was expected: {reason}")]
    NotScrubbed { source_name: String, url: String, reason: String },

    #[error("{source_name}: the answer of {url} is compressed with {encoding:?}, which was not asked for")]
    Encoding { source_name: String, url: String, encoding: String },

    #[error("{source_name}: {url} redirects to {location}, which is on another origin and is not followed")]
    RedirectElsewhere { source_name: String, url: String, location: String },

    #[error("{source_name}: {url} redirects more than the {limit} times allowed, the last time to {location}")]
    TooManyRedirects { source_name: String, url: String, location: String, limit: usize },

    /// Too much was asked for, by what is declared of the source: the same in parts may be answered.
    #[error("{source_name}: {method} {url} asks for too much: {}", status_and(*status, message))]
    TooMuch { source_name: String, url: String, method: String, status: u16, message: String },

    /// There is nothing, by what is declared of the source, and whoever asked can't do with nothing.
    #[error(
        "{source_name}: {method} {url} was answered {}, which is declared to mean that there is nothing",
        status_and(*status, message)
    )]
    Nothing { source_name: String, url: String, method: String, status: u16, message: String },

    /// The source has failed so often that it is left alone.
    #[error(
        "{source_name} has been out of order since {since}: {failures} calls failed in a row, the last with: {last}; \
         it is asked again from {again_at}"
    )]
    Out { source_name: String, since: String, failures: u32, last: String, again_at: String },

    #[error("{source_name}: {url} is not called: its host {host} is not among [http] allow_hosts")]
    HostNotAllowed { source_name: String, url: String, host: String },

    #[error("{source_name}: the certificate of {url} is not trusted: {reason}")]
    Certificate { source_name: String, url: String, reason: String },

    #[error(transparent)]
    Store(#[from] StoreError),

    #[error("the archived answer {} is damaged: {reason}", path.display())]
    Damaged { path: PathBuf, reason: String },

    #[error("{place} has format {format}, and this program reads up to {known}")]
    Newer { place: String, format: u32, known: u32 },
    /// Only the archive may be asked, and it holds no answer to this call.
    #[error("{source_name}: {method} {url}{} is not among the archived answers of this version", with_body(body.as_deref()))]
    NotArchived { source_name: String, url: String, method: String, body: Option<String> },

    /// Only the archive may be asked, and what it holds is missing or spoilt.
    #[error("{source_name}: the archived answer to {method} {url} cannot be read: {error}")]
    Unreadable { source_name: String, url: String, method: String, error: Box<FetchError> },

    #[error("the program is shutting down")]
    Stopped,
}

impl FetchError {
    pub fn code(&self) -> Code {
        match self {
            Self::Setup { .. } | Self::Address { .. } | Self::Key { .. } => codes::CLIENT,
            Self::Refused { status: 404 | 410, .. } | Self::Refused { problem_status: Some(404), .. } => {
                codes::NO_SUCH_TABLE
            }
            Self::Refused { .. } => codes::CALL_REFUSED,
            Self::GaveUp { status: Some(429), .. } | Self::WaitTooLong { .. } => codes::TOO_MANY_CALLS,
            Self::GaveUp { status: Some(_), .. } | Self::Out { .. } => codes::OUT_OF_ORDER,
            Self::GaveUp { status: None, .. } => codes::NO_CONNECTION,
            Self::NotJson { .. } | Self::NotScrubbed { .. } | Self::Encoding { .. } => codes::NOT_THE_API,
            Self::TooLarge { .. } | Self::UnpacksTooLarge { .. } | Self::StreamTooLarge { .. } => codes::TOO_LARGE,
            Self::RedirectElsewhere { .. } | Self::TooManyRedirects { .. } => codes::MOVED,
            Self::TooMuch { .. } => codes::ASKED_TOO_MUCH,
            Self::Nothing { .. } => codes::NOTHING_THERE,
            Self::HostNotAllowed { .. } => codes::HOST_NOT_ALLOWED,
            Self::Certificate { .. } => codes::CERTIFICATE,
            Self::Store(StoreError { action: "read", source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                codes::SOURCE_FILE
            }
            Self::Store(error) => error.code(),
            Self::Damaged { .. } | Self::NotArchived { .. } | Self::Unreadable { .. } => codes::ARCHIVE_DAMAGED,
            Self::Newer { .. } => codes::NEWER,
            Self::Stopped => codes::STOPPED,
        }
    }

    /// What the operator may do about it, where that is known.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotJson { start, .. } if start.starts_with('<') => {
                "a proxy or maintenance page may be answering in the API's place"
            }
            Self::NotJson { .. } => "base_url may not point at the API itself",
            Self::Refused { status: 401 | 403, .. } => "the source may want a key, or refuses this network address",
            Self::Refused { status: 404 | 410, .. } | Self::Refused { problem_status: Some(404), .. } => {
                "the name asked for may be misspelled or withdrawn, or base_url may be out of date"
            }
            Self::GaveUp { status: Some(429), .. } => {
                "the source limits calls, perhaps together with those of others behind this address; run again later"
            }
            Self::WaitTooLong { .. } => "run again when that time has passed, or raise max_wait",
            Self::Out { .. } => {
                "what it did not answer is fetched by the next run; `underlag run --force` asks it at once"
            }
            Self::HostNotAllowed { host, .. } => {
                return Some(format!(
                    "if it should be, add {host:?} to allow_hosts in underlag.toml, and let the firewall pass it"
                ));
            }
            Self::Certificate { reason, .. } if reason.starts_with("it is issued by nobody") => {
                "if a firewall opens TLS here, give its certificate as [http] ca_file; if not, somebody stands in between"
            }
            Self::Certificate { .. } => "nothing was sent; check this machine's clock, and tell the source's owner",
            Self::TooMuch { .. } => "ask for less in this fetch, in two fetches if need be",
            Self::Nothing { .. } => "ask for something that the source has, or change its `responses` in sources.toml",
            Self::GaveUp { status: Some(_), .. } => "the source seems to be out of order; run again later",
            Self::GaveUp { status: None, last, .. } if last.contains(" through the proxy ") => {
                "check the proxy: HTTPS_PROXY and NO_PROXY in the environment, or [http] proxy"
            }
            Self::GaveUp { status: None, .. } => "check the network, the proxy settings and the source's base_url",
            Self::TooLarge { .. } => "ask for less at a time, or raise max_body",
            Self::StreamTooLarge { key, .. } => return Some(format!("if it may be that large, raise {key}")),
            Self::UnpacksTooLarge { .. } => "ask for less at a time, or raise max_decompressed",
            Self::RedirectElsewhere { .. } => "if the source has moved, set base_url to its new address",
            Self::Store(StoreError { action: "read", source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                "put the file in place, or correct its path in the pipeline"
            }
            Self::Store(error) => return error.hint().map(str::to_owned),
            Self::Damaged { .. } => "the answer will be fetched again when it is next needed",
            Self::Newer { .. } => "a later underlag wrote this: use that one",
            _ => return None,
        };
        Some(hint.to_owned())
    }

    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| StoreError::new(action, path, error).into()
    }
}

fn with_body(body: Option<&str>) -> String {
    body.map(|body| format!(" with {}", short(body, 120))).unwrap_or_default()
}

fn times(tries: usize) -> String {
    match tries {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{more} times"),
    }
}

fn inside(status: u16, problem_status: Option<u16>) -> String {
    problem_status
        .filter(|inner| *inner != status)
        .map(|inner| format!(" (with status {inner} inside)"))
        .unwrap_or_default()
}
