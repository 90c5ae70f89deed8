//! The way out of a network with a firewall: which hosts may be called, through
//! which proxy, and whose certificates are believed. Nothing here shows a
//! proxy's credentials.

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;

use reqwest::{Certificate, ClientBuilder, NoProxy, Proxy};
use rustls::CertificateError;
use url::Url;

use super::address::{is_loopback, masked};
use super::error::FetchError;
use crate::config::Outbound;

/// `user:password` for the configured proxy.
const PROXY_AUTH: &str = "UNDERLAG_PROXY_AUTH";

/// Puts proxy and certificates in a client's place. A direct one has no proxy.
pub(super) fn prepare(
    mut builder: ClientBuilder,
    outbound: &Outbound,
    direct: bool,
) -> Result<ClientBuilder, FetchError> {
    builder = builder.tls_certs_merge(extra_certificates(outbound)?);
    if direct {
        return Ok(builder.no_proxy());
    }
    let Some(address) = &outbound.proxy else { return Ok(builder) };
    let refused = |_| FetchError::Setup { reason: format!("the proxy {address} is not one that can be used") };
    let mut proxy = Proxy::all(address.as_str()).map_err(refused)?;
    if let Some((user, password)) = credentials(env::var(PROXY_AUTH).ok())? {
        proxy = proxy.basic_auth(&user, &password);
    }
    let excepted: Vec<&str> = outbound.no_proxy.iter().map(|host| host.trim_start_matches("*.")).collect();
    Ok(builder.proxy(proxy.no_proxy(NoProxy::from_string(&excepted.join(",")))))
}

fn credentials(text: Option<String>) -> Result<Option<(String, String)>, FetchError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    match text.trim_end_matches(['\r', '\n']).split_once(':') {
        Some((user, password)) => Ok(Some((user.to_owned(), password.to_owned()))),
        None => Err(FetchError::Setup { reason: format!("{PROXY_AUTH} is not user:password") }),
    }
}

/// What `ca_file` adds to the system's own.
pub(super) fn extra_certificates(outbound: &Outbound) -> Result<Vec<Certificate>, FetchError> {
    let Some(file) = &outbound.ca_file else { return Ok(Vec::new()) };
    let found = read_certificates(file)
        .map_err(|reason| FetchError::Setup { reason: format!("ca_file {}: {reason}", file.display()) })?;
    if found.is_empty() {
        let reason =
            format!("ca_file {}: it holds no certificate in PEM (-----BEGIN CERTIFICATE-----)", file.display());
        return Err(FetchError::Setup { reason });
    }
    Ok(found)
}

fn read_certificates(file: &Path) -> Result<Vec<Certificate>, String> {
    let text = fs::read(file).map_err(|fault| fault.to_string())?;
    Certificate::from_pem_bundle(&text).map_err(|fault| root(&fault).to_string())
}

/// Whether a call may leave. This machine is no outside.
pub(super) fn admit(outbound: &Outbound, source_name: &str, url: &Url) -> Result<(), FetchError> {
    let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
    if is_loopback(url) || outbound.allows(&host) {
        return Ok(());
    }
    Err(FetchError::HostNotAllowed { source_name: source_name.to_owned(), url: masked(url.as_str()), host })
}

/// The proxy that a call to this address goes through, as it may be shown.
pub(super) fn proxy_of(outbound: &Outbound, url: &Url) -> Option<String> {
    if is_loopback(url) {
        return None;
    }
    if let Some(proxy) = &outbound.proxy {
        let host = url.host_str().unwrap_or_default();
        let excepted = outbound.no_proxy.iter().any(|name| {
            let name = name.trim_start_matches("*.");
            host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        });
        return (!excepted).then(|| proxy.to_string());
    }
    let names: &[&str] = if url.scheme() == "https" {
        &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
    } else {
        &["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]
    };
    // NO_PROXY may except this host: the name is a hint to whoever looks for the fault, and no more.
    let named = names.iter().find_map(|name| env::var(name).ok().filter(|value| !value.is_empty()))?;
    let shown = if named.contains("://") { named } else { format!("http://{named}") };
    Some(masked(&shown))
}

/// What is wrong with a server's certificate, when that is what ended a call.
pub(crate) fn certificate_fault(fault: &(dyn Error + 'static)) -> Option<String> {
    let mut cause = Some(fault);
    while let Some(error) = cause {
        if let Some(rustls::Error::InvalidCertificate(fault)) = error.downcast_ref() {
            return Some(words(fault));
        }
        // An I/O error names as its source what lies behind the error that it holds.
        let held = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = held.map(|held| held as &(dyn Error + 'static)).or_else(|| error.source());
    }
    None
}

fn words(fault: &CertificateError) -> String {
    match fault {
        CertificateError::UnknownIssuer => "it is issued by nobody that this machine trusts".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet by this machine's clock".to_owned()
        }
        CertificateError::NotValidForName => "it is not for this host".to_owned(),
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names: Vec<&str> = presented.iter().map(|name| quoted(name)).collect();
            format!(
                "it is for {}, not for this host",
                if names.is_empty() { "no name".to_owned() } else { names.join(", ") }
            )
        }
        CertificateError::Revoked => "it is revoked".to_owned(),
        other => other.to_string(),
    }
}

/// `DnsName("a.example")` → `a.example`.
fn quoted(name: &str) -> &str {
    name.split('"').nth(1).unwrap_or(name)
}

/// The innermost error.
fn root<'a>(fault: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    let mut cause = fault;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn only_hosts_of_the_list_are_called() {
        let outbound = Outbound { allow_hosts: vec!["api.kolada.se".into(), "*.scb.se".into()], ..Outbound::default() };
        for allowed in [
            "https://api.kolada.se/v3",
            "https://API.SCB.SE/x",
            "http://a.b.scb.se:8443/",
            "http://127.0.0.1:9/",
            "http://localhost/",
        ] {
            assert!(admit(&outbound, "scb", &url(allowed)).is_ok(), "{allowed}");
        }
        for refused in
            ["https://scb.se/", "https://evilscb.se/", "https://kolada.se/", "https://api.scb.se.evil.example/"]
        {
            assert!(admit(&outbound, "scb", &url(refused)).is_err(), "{refused}");
        }
        let fault = admit(&outbound, "scb", &url("https://evil.example/x?key=hemlig")).unwrap_err();
        assert_eq!(
            fault.to_string(),
            "scb: https://evil.example/x?key=*** is not called: its host evil.example is not among [http] allow_hosts"
        );
        assert_eq!(
            fault.hint().unwrap(),
            "if it should be, add \"evil.example\" to allow_hosts in underlag.toml, and let the firewall pass it"
        );
        assert!(admit(&Outbound::default(), "scb", &url("https://evil.example/")).is_ok());
    }

    #[test]
    fn the_proxy_is_named_without_its_credentials() {
        let outbound = Outbound {
            proxy: Some(url("http://proxy.example:8080")),
            no_proxy: vec!["*.intern.example".into(), "here.example".into()],
            ..Outbound::default()
        };
        let of = |text| proxy_of(&outbound, &url(text));
        assert_eq!(of("https://api.scb.se/").as_deref(), Some("http://proxy.example:8080/"));
        for direct in ["https://a.intern.example/", "https://here.example/", "http://127.0.0.1:1/"] {
            assert_eq!(of(direct), None, "{direct}");
        }
        assert!(credentials(Some("hemlig".into())).unwrap_err().to_string().ends_with("is not user:password"));
        assert_eq!(credentials(Some("u:p:w\n".into())).unwrap(), Some(("u".into(), "p:w".into())));
        assert_eq!(credentials(None).unwrap(), None);
    }

    #[test]
    fn a_ca_file_that_holds_nothing_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        let outbound = Outbound { ca_file: Some(file.clone()), ..Outbound::default() };
        let text =
            || extra_certificates(&outbound).unwrap_err().to_string().replace(folder.path().to_str().unwrap(), "DIR");
        assert_eq!(
            text(),
            "could not set up the HTTP client: ca_file DIR/ca.pem: No such file or directory (os error 2)"
        );
        fs::write(&file, "hemligt\n").unwrap();
        assert_eq!(
            text(),
            "could not set up the HTTP client: ca_file DIR/ca.pem: it holds no certificate in PEM \
             (-----BEGIN CERTIFICATE-----)"
        );
    }
}
