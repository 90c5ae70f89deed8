//! A message to a web service that the operator has named: one call by the same way out as the calls to sources
//! (proxy, certificates, allowed hosts), without redirects, retries or archive. The address may be a secret, and no
//! text of this module holds it.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use url::Url;

use super::address::is_loopback;
use super::client::{root_cause, user_agent};
use super::outbound;
use super::problem::{Problem, short};
use crate::config::{HttpSettings, Publisher};

/// Longest time for one answer in all; the sources' limits are for larger ones.
const TIMEOUT: Duration = Duration::from_secs(30);
/// As much of an answer is read as may be shown.
const MAX_ANSWER: usize = 4096;

/// An answer of any status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    pub status: u16,
    /// `200 OK: ok`, cleaned and short.
    pub shown: String,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PostError {
    #[error("{0}")]
    Setup(String),
    #[error("its host {host} is not among [http] allow_hosts")]
    HostNotAllowed { host: String },
    #[error("its certificate is not trusted: {0}")]
    Certificate(String),
    #[error("{0}")]
    Transport(String),
}

/// Sends JSON.
pub async fn post(
    http: &HttpSettings,
    publisher: &Publisher,
    url: &Url,
    headers: &[(&'static str, String)],
    body: String,
) -> Result<Posted, PostError> {
    // Fails only when one is installed already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    outbound::admit(&http.outbound, "", url)
        .map_err(|_| PostError::HostNotAllowed { host: url.host_str().unwrap_or_default().to_owned() })?;
    let limit = http.total_timeout.min(TIMEOUT);
    let builder = || {
        let builder = reqwest::Client::builder()
            .user_agent(user_agent(publisher))
            .connect_timeout(http.connect_timeout)
            .timeout(limit)
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .referer(false);
        outbound::prepare(builder, &http.outbound, is_loopback(url))
            .map_err(|fault| PostError::Setup(fault.to_string()))
    };
    let client = match builder()?.build() {
        Ok(client) => client,
        // Without any certificate the library builds no client at all, not even for plain http.
        Err(fault) => {
            let roots = rustls::RootCertStore::empty();
            let tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
            let client = builder()?.tls_backend_preconfigured(tls).build();
            client.map_err(|_| PostError::Setup(format!("could not set up the HTTP client: {}", root_cause(&fault))))?
        }
    };
    let mut request = client.post(url.clone()).header(CONTENT_TYPE, "application/json; charset=utf-8").body(body);
    for (name, value) in headers {
        let value = HeaderValue::from_str(value).map_err(|_| PostError::Setup(format!("{name} is no header")))?;
        request = request.header(*name, value);
    }
    let failed = |fault: &reqwest::Error| {
        if let Some(reason) = outbound::certificate_fault(fault) {
            return PostError::Certificate(reason);
        }
        let through = outbound::proxy_of(&http.outbound, url);
        let through = through.map(|proxy| format!(" through the proxy {proxy}")).unwrap_or_default();
        PostError::Transport(match (fault.is_connect(), fault.is_timeout()) {
            (true, true) => {
                format!("no connection{through} within {} s", http.connect_timeout.min(limit).as_secs_f64())
            }
            (true, false) => format!("could not connect{through}: {}", root_cause(fault)),
            (false, true) => format!("no answer within {} s", limit.as_secs_f64()),
            (false, false) => format!("the call was cut short: {}", root_cause(fault)),
        })
    };
    let mut response = request.send().await.map_err(|fault| failed(&fault))?;
    let status = response.status().as_u16();
    let mut start = Vec::new();
    // What the status says stands, whatever becomes of the rest.
    while let Ok(Some(chunk)) = response.chunk().await {
        start.extend_from_slice(&chunk[..chunk.len().min(MAX_ANSWER - start.len())]);
        if start.len() >= MAX_ANSWER {
            break;
        }
    }
    let message = short(&Problem::read(&start).message, 120);
    Ok(Posted { status, shown: super::problem::status_and(status, &message) })
}
