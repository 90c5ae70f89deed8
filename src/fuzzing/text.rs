//! Short texts that mean something: numbers, periods, addresses, version ids.

use url::Url;

use crate::contract::Period;
use crate::decode::fuzzing::number;
use crate::fetch::{masked, on_origin};
use crate::lake::VersionId;
use crate::source::fuzzing::selection;

pub fn text(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    number(text);
    selection(text);
    if let Some(period) = Period::parse(text) {
        assert!(period.start <= period.end, "{text:?} ends before it begins");
    }
    if let Ok(version) = text.parse::<VersionId>() {
        assert_eq!(version.to_string().parse::<VersionId>().ok(), Some(version), "{text:?} is another when written");
    }
    address(text);
}

/// No link leads off its source, and no password is shown.
fn address(text: &str) {
    let base = Url::parse("https://api.example.org/v2/").expect("this is a URL");
    if let Some(path) = on_origin(&base, text) {
        assert!(path.is_empty() || path.starts_with(['/', '?']), "{text:?} becomes {path:?}");
        let whole = format!("https://api.example.org/v2{path}");
        let url = Url::parse(&whole).expect("a path below a base is a URL");
        assert_eq!((url.host_str(), url.username()), (Some("api.example.org"), ""), "{text:?} leads to {whole:?}");
    }
    if let Ok(shown) = Url::parse(&masked(text)) {
        assert!(
            shown.password().is_none_or(|password| ["***", "%2A%2A%2A"].contains(&password)),
            "{shown} shows a password"
        );
    }
}
