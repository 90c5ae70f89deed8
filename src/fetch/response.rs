//! What an answer means by what is declared of its source: data, not code.

use super::client::Received;
use super::problem::without_bom;
use super::retry::is_transient;
use crate::config::{Action, Response};

/// How much of a body is looked at for a text.
const LOOKED_AT: usize = 16 << 10;

/// The first declaration that fits, where one does.
pub(super) fn action(responses: &[Response], status: u16, body: &[u8]) -> Option<Action> {
    let mut start: Option<String> = None;
    let mut contains = |text: &str| {
        let start = start.get_or_insert_with(|| {
            let body = without_bom(body);
            String::from_utf8_lossy(&body[..body.len().min(LOOKED_AT)]).to_lowercase()
        });
        start.contains(&text.to_lowercase())
    };
    let fits = |response: &&Response| {
        response.status.is_none_or(|wanted| wanted == status)
            && response.contains.as_ref().is_none_or(|text| contains(text))
    };
    responses.iter().find(fits).map(|response| response.action)
}

/// Whether asking again may bring something else: as declared, else by the status alone.
pub(super) fn is_passing(responses: &[Response], received: &Received) -> bool {
    match action(responses, received.status, &received.body) {
        Some(action) => action == Action::Retry,
        None => is_transient(received.status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: Option<u16>, contains: Option<&str>, action: Action) -> Response {
        Response { status, contains: contains.map(str::to_owned), action }
    }

    #[test]
    fn the_first_that_fits_decides() {
        let responses = [
            response(Some(400), Some("Too Many CELLS"), Action::Split),
            response(Some(503), Some("underhåll"), Action::Stop),
            response(None, Some("asynchronous_response"), Action::Retry),
            response(Some(404), None, Action::Empty),
        ];
        let of = |status, body: &str| action(&responses, status, body.as_bytes());
        assert_eq!(of(400, "{\"title\":\"Too many cells selected\"}"), Some(Action::Split));
        assert_eq!(of(403, "Too many cells"), None);
        assert_eq!(of(503, "\u{feff}UNDERHÅLL pågår"), Some(Action::Stop));
        assert_eq!(of(200, "{\"warning\":\"ASYNCHRONOUS_RESPONSE\"}"), Some(Action::Retry));
        assert_eq!(of(404, ""), Some(Action::Empty));
        let far = format!("{}too many cells", " ".repeat(LOOKED_AT));
        assert_eq!(of(400, &far), None, "beyond what is looked at");
        let passing = |status, body: &'static str| is_passing(&responses, &Received::for_test(status, body.as_bytes()));
        assert!(passing(200, "asynchronous_response") && passing(503, "") && passing(429, ""));
        assert!(!passing(503, "Underhåll") && !passing(404, "") && !passing(200, "[]"));
    }
}
