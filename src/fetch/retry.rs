//! Which calls are worth trying again, and when.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use backon::ExponentialBuilder;

use super::client::Received;
use super::error::FetchError;
use super::problem::{Problem, status_and};
use crate::config::HttpSettings;

/// Most of what fails once passes at once; what does not is waited for four times as long each time.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const FACTOR: f32 = 4.0;

/// Why one try did not bring the answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// No whole answer: no connection, a timeout, a body cut off.
    Transport(String),
    /// An answer that may be different in a while, and how long the source asks to wait.
    NotNow { received: Box<Received>, after: Option<Duration> },
    /// Would be the same next time.
    Final(FetchError),
}

impl Failure {
    pub fn worth_retrying(&self, max_wait: Duration) -> bool {
        match self {
            Self::Transport(_) => true,
            Self::NotNow { after, .. } => after.is_none_or(|after| after <= max_wait),
            Self::Final(_) => false,
        }
    }

    /// What the source asks for and the backoff on top, so that callers who were refused
    /// together do not come back together; at most what the settings allow.
    pub fn wait(&self, backoff: Duration, max_wait: Duration) -> Duration {
        let asked = match self {
            Self::NotNow { after: Some(after), .. } => *after,
            _ => Duration::ZERO,
        };
        (asked + backoff).min(max_wait.max(asked))
    }

    /// `429 Too Many Requests: …`, or what cut the call short.
    pub fn reason(&self) -> String {
        match self {
            Self::Transport(reason) => reason.clone(),
            Self::NotNow { received, .. } => status_and(received.status, &Problem::read(&received.body).message),
            Self::Final(fault) => fault.to_string(),
        }
    }
}

pub(super) const fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..=599)
}

pub(super) fn backoff(settings: &HttpSettings) -> ExponentialBuilder {
    ExponentialBuilder::new()
        .with_jitter()
        .with_factor(FACTOR)
        .with_min_delay(FIRST_WAIT.min(settings.max_wait))
        .with_max_delay(settings.max_wait)
        .with_max_times(settings.max_tries.saturating_sub(1))
}

/// `Retry-After` in seconds or as a date. A date is counted from the answer's own `Date`
/// where there is one, so that it is right even when one of the two clocks is not.
pub(super) fn retry_after(headers: &BTreeMap<String, String>, now: SystemTime) -> Option<Duration> {
    let text = headers.get("retry-after")?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let from = headers.get("date").and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or(now);
    Some(until.duration_since(from).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_in_both_forms() {
        let at = |headers: &[(&str, &str)]| {
            let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            retry_after(&headers, httpdate::parse_http_date("Mon, 23 Nov 2026 08:00:00 GMT").unwrap())
        };
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(at(&[]), None);
        assert_eq!(at(&[("retry-after", " 7 ")]), seconds(7));
        assert_eq!(at(&[("retry-after", "soon")]), None);
        assert_eq!(at(&[("retry-after", "-1")]), None);
        assert_eq!(at(&[("retry-after", "Mon, 23 Nov 2026 08:00:09 GMT")]), seconds(9));
        assert_eq!(at(&[("retry-after", "Mon, 23 Nov 2026 07:00:00 GMT")]), seconds(0));
        let skewed = [("retry-after", "Mon, 23 Nov 2026 09:00:05 GMT"), ("date", "Mon, 23 Nov 2026 09:00:00 GMT")];
        assert_eq!(at(&skewed), seconds(5));
    }

    #[test]
    fn waits_keep_to_what_is_asked_and_allowed() {
        let cut = Failure::Transport("cut off".to_owned());
        let max = Duration::from_mins(1);
        assert_eq!(cut.wait(Duration::from_secs(90), max), max);
        let received = Box::new(Received::for_test(503, b"{\"title\":\"Busy\"}"));
        let asked = Failure::NotNow { received, after: Some(Duration::from_secs(30)) };
        assert_eq!(asked.wait(Duration::from_secs(1), max), Duration::from_secs(31));
        assert_eq!(asked.wait(Duration::from_secs(45), max), max);
        assert!(asked.worth_retrying(max) && !asked.worth_retrying(Duration::from_secs(29)));
        assert_eq!(asked.reason(), "503 Service Unavailable: Busy");
    }
}
