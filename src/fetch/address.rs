//! Where a call goes: a source's base URL and a path below it. Links found in
//! answers are accepted only on the source's own origin and below its base.

use url::{Host, Url};

use super::error::FetchError;

/// Query parameters whose values are secrets wherever they occur.
const SECRET_PARAMETERS: [&str; 10] =
    ["access_token", "api-key", "api_key", "apikey", "key", "password", "secret", "sig", "signature", "token"];

const MASK: &str = "***";

/// The base without its final slash, and the path; an absolute http(s) URL stands for itself.
pub(super) fn resolve(source_name: &str, base: &Url, path: &str) -> Result<Url, FetchError> {
    let text = if is_absolute(path) {
        path.to_owned()
    } else {
        let base = base.as_str().trim_end_matches('/');
        // Without the slash, a path such as `@elsewhere.example` would change the host.
        let slash = if path.is_empty() || path.starts_with(['/', '?']) { "" } else { "/" };
        format!("{base}{slash}{path}")
    };
    let url = Url::parse(&text).map_err(|fault| FetchError::Address {
        source_name: source_name.to_owned(),
        url: masked(&text),
        reason: fault.to_string(),
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(FetchError::Address {
            source_name: source_name.to_owned(),
            url: masked(&text),
            reason: format!("the scheme is {}, not http or https", url.scheme()),
        });
    }
    Ok(url)
}

fn is_absolute(path: &str) -> bool {
    let starts = |scheme: &str| path.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    starts("http://") || starts("https://")
}

/// Scheme, host and port are equal; a default port equals the same port spelled out.
pub(super) fn same_origin(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host() == other.host()
        && one.port_or_known_default() == other.port_or_known_default()
}

/// Scheme, host and port as one text.
pub(super) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// This machine itself, which no proxy can reach on our behalf.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Turns a link found in an answer (absolute or relative to the base) into a path below
/// the base, with its query. `None` when the link leads to another scheme, host or port,
/// out of the base's path, or carries credentials.
pub fn on_origin(base: &Url, link: &str) -> Option<String> {
    let link = base.join(link.trim()).ok()?;
    if !same_origin(base, &link) || !link.username().is_empty() || link.password().is_some() {
        return None;
    }
    let rest = link.path().strip_prefix(base.path().trim_end_matches('/'))?;
    if !(rest.is_empty() || rest.starts_with('/')) {
        return None;
    }
    Some(match link.query() {
        Some(query) => format!("{rest}?{query}"),
        None => rest.to_owned(),
    })
}

/// The URL as it may be shown and recorded: without credentials and secret parameters.
pub fn masked(text: &str) -> String {
    let Ok(mut url) = Url::parse(text) else {
        if !text.contains("://") {
            return text.to_owned();
        }
        // An address that can't be taken apart is shown without all that could hold a secret.
        let shown = text.split(['?', '#']).next().unwrap_or_default();
        return shown.rsplit_once('@').map_or_else(|| shown.to_owned(), |(_, host)| format!("{MASK}@{host}"));
    };
    let mut changed = false;
    if !url.username().is_empty() || url.password().is_some() {
        // Both fail only for URLs that can hold no credentials in the first place.
        changed = url.set_username(MASK).is_ok() && url.set_password(None).is_ok();
    }
    if let Some(query) = url.query().map(str::to_owned) {
        let parts: Vec<String> = query.split('&').map(masked_parameter).collect();
        let shown = parts.join("&");
        if shown != query {
            url.set_query(Some(&shown));
            changed = true;
        }
    }
    if changed { url.to_string() } else { text.to_owned() }
}

fn masked_parameter(part: &str) -> String {
    match part.split_once('=') {
        Some((name, _)) if SECRET_PARAMETERS.contains(&name.to_ascii_lowercase().as_str()) => {
            format!("{name}={MASK}")
        }
        _ => part.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_path_stays_below_its_base() {
        let base = url("https://statistik.example/api/v2/");
        let shown = |path| resolve("scb", &base, path).unwrap().to_string();
        assert_eq!(shown("/tables/TAB1?lang=sv"), "https://statistik.example/api/v2/tables/TAB1?lang=sv");
        assert_eq!(shown("@elsewhere.example/x"), "https://statistik.example/api/v2/@elsewhere.example/x");
        assert_eq!(shown("HTTPS://fil.example/a.json"), "https://fil.example/a.json");
        assert_eq!(
            resolve("scb", &base, "http://[").unwrap_err().to_string(),
            "scb: \"http://[\" is not a usable URL: invalid IPv6 address"
        );
    }

    #[test]
    fn links_are_followed_only_on_the_own_origin() {
        let base = url("https://api.kolada.example/v3");
        let path = |link: &str| on_origin(&base, link);
        assert_eq!(path("https://api.kolada.example/v3/kpi?page=2").as_deref(), Some("/kpi?page=2"));
        assert_eq!(path("https://api.kolada.example:443/v3/kpi").as_deref(), Some("/kpi"));
        assert_eq!(path("/v3/kpi?page=2").as_deref(), Some("/kpi?page=2"));
        for elsewhere in [
            "http://api.kolada.example/v3/kpi",
            "https://api.kolada.example:8443/v3/kpi",
            "https://kolada.example/v3/kpi",
            "//evil.example/v3/kpi",
            "https://user@api.kolada.example/v3/kpi",
            "https://api.kolada.example/v2/kpi",
            "https://api.kolada.example/v33/kpi",
            "https://api.kolada.example/v3/../admin",
            "https://api.kolada.example/v3/%2e%2e/admin",
            "file:///etc/passwd",
        ] {
            assert_eq!(path(elsewhere), None, "{elsewhere}");
        }
        assert_eq!(on_origin(&url("http://a.example:80/"), "http://a.example/x").as_deref(), Some("/x"));
    }

    #[test]
    fn secrets_are_masked_and_the_rest_is_left_alone() {
        assert_eq!(masked("https://u:p@a.example/x?y=1"), "https://***@a.example/x?y=1");
        assert_eq!(masked("https://a.example/x?Api_Key=abc&y=1"), "https://a.example/x?Api_Key=***&y=1");
        assert_eq!(masked("https://a.example/x?keys=1&kpi=N1"), "https://a.example/x?keys=1&kpi=N1");
        assert_eq!(masked("https://u:p@a.example:port/x?key=abc"), "***@a.example:port/x");
        assert_eq!(masked("/data?sida=2"), "/data?sida=2");
    }
}
