//! The program's one HTTP client. It makes one call and reads one answer,
//! within caps and timeouts; it neither waits, retries nor keeps anything.

use std::collections::BTreeMap;
use std::error::Error;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::StreamExt;
use jiff::Timestamp;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LOCATION,
};
use reqwest::redirect::Policy;
use tokio::io::AsyncRead;
use url::Url;

use super::address::{is_loopback, masked, same_origin};
use super::body::{self, ACCEPTED, BodyFault, Caps};
use super::courier::Validators;
use super::error::FetchError;
use super::key::ApiKey;
use super::limiter::Slot;
use super::outbound;
use super::retry::{Failure, is_transient, retry_after};
use super::tally::Tally;
use crate::PROGRAM;
use crate::config::{HttpSettings, Publisher};

/// The headers that are kept.
const THAT_MATTER: [&str; 7] =
    ["content-type", "content-encoding", "content-length", "date", "etag", "last-modified", "retry-after"];
const MAX_HEADER: usize = 1_000;

#[derive(Clone, Debug)]
pub struct Client {
    proxied: reqwest::Client,
    /// For addresses of this machine, which a proxy elsewhere would look for on itself.
    direct: reqwest::Client,
    settings: HttpSettings,
}

/// One call, ready to send.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub source_name: String,
    pub method: reqwest::Method,
    pub url: Url,
    pub body: Option<String>,
    pub accept: &'static str,
    pub key: Option<ApiKey>,
    /// Only what is not the answer that has these is worth sending.
    pub unless: Option<Validators>,
}

impl Outgoing {
    pub fn shown_url(&self) -> String {
        masked(self.url.as_str())
    }
}

/// An answer whose body is yet to be read.
pub(super) struct Begun {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub fetched_at: Timestamp,
    /// Where a redirect that was not followed leads.
    pub redirect: Option<Url>,
    response: reqwest::Response,
}

impl Begun {
    /// Whatever they say, names in lower case.
    pub fn all_headers(&self) -> BTreeMap<String, String> {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).chars().take(MAX_HEADER).collect();
        self.response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
    }
}

/// One whole answer of any status.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub fetched_at: Timestamp,
    pub body: Bytes,
    /// Where a redirect that was not followed leads.
    pub redirect: Option<Url>,
}

impl Received {
    #[cfg(test)]
    pub fn for_test(status: u16, body: &'static [u8]) -> Self {
        let fetched_at = Timestamp::UNIX_EPOCH;
        Self { status, headers: BTreeMap::new(), fetched_at, body: Bytes::from_static(body), redirect: None }
    }
}

impl Client {
    /// Proxies come from the configuration or the environment (`HTTPS_PROXY`, `NO_PROXY` …), trusted
    /// certificates from the system or the files that `SSL_CERT_FILE` and `SSL_CERT_DIR` name, and from the
    /// configuration's `ca_file`.
    pub fn new(http: &HttpSettings, publisher: &Publisher) -> Result<Self, FetchError> {
        // Fails only when one is installed already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = |direct: bool| {
            let builder = reqwest::Client::builder()
                .user_agent(user_agent(publisher))
                .connect_timeout(http.connect_timeout)
                .read_timeout(http.read_timeout)
                .timeout(http.total_timeout)
                .redirect(same_origin_policy(http.max_redirects))
                // Ours are counted, limited and logged.
                .retry(reqwest::retry::never())
                .referer(false);
            outbound::prepare(builder, &http.outbound, direct)
        };
        let build = |direct: bool| match builder(direct)?.build() {
            Ok(client) => Ok::<_, FetchError>(client),
            // Without any certificate the library builds no client at all, not even for plain http.
            Err(fault) => {
                let roots = rustls::RootCertStore::empty();
                let tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
                let client = builder(direct)?
                    .tls_backend_preconfigured(tls)
                    .build()
                    .map_err(|_| FetchError::Setup { reason: root_cause(&fault) })?;
                if !direct {
                    tracing::warn!(reason = root_cause(&fault), "no https source can be reached");
                }
                Ok(client)
            }
        };
        Ok(Self { proxied: build(false)?, direct: build(true)?, settings: http.clone() })
    }

    pub const fn settings(&self) -> &HttpSettings {
        &self.settings
    }

    /// Sends the call and reads the whole answer. The slot is given back when the answer begins.
    pub(super) async fn exchange(
        &self,
        outgoing: &Outgoing,
        slot: Slot<'_>,
        tally: &Tally,
    ) -> Result<Received, Failure> {
        let begun = self.begin(outgoing, slot, tally, None).await?;
        self.finish(outgoing, begun, tally).await
    }

    /// Sends the call and reads the beginning of the answer. `timeout` is for all of it, where it is not the usual one.
    pub(super) async fn begin(
        &self,
        outgoing: &Outgoing,
        slot: Slot<'_>,
        tally: &Tally,
        timeout: Option<Duration>,
    ) -> Result<Begun, Failure> {
        let client = if is_loopback(&outgoing.url) { &self.direct } else { &self.proxied };
        let mut request = client
            .request(outgoing.method.clone(), outgoing.url.clone())
            .header(ACCEPT, outgoing.accept)
            .header(ACCEPT_ENCODING, ACCEPTED);
        if let Some(timeout) = timeout {
            request = request.timeout(timeout);
        }
        if let Some(Validators { etag, last_modified, .. }) = &outgoing.unless {
            let conditions = [(IF_NONE_MATCH, etag), (IF_MODIFIED_SINCE, last_modified)];
            for (name, value) in conditions.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
                request = request.header(name, value);
            }
        }
        if let Some(key) = &outgoing.key {
            request = request.header(key.header, key.value.clone());
        }
        if let Some(body) = &outgoing.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        tally.called();
        let response = request.send().await;
        drop(slot);
        let response = response.map_err(|fault| self.failure(outgoing, &fault))?;

        let fetched_at = Timestamp::now();
        let status = response.status().as_u16();
        let headers = that_matter(response.headers());
        let redirect = response
            .status()
            .is_redirection()
            .then(|| response.url().join(response.headers().get(LOCATION)?.to_str().ok()?).ok())
            .flatten();
        Ok(Begun { status, headers, fetched_at, redirect, response })
    }

    /// Reads the rest of an answer into memory.
    pub(super) async fn finish(&self, outgoing: &Outgoing, begun: Begun, tally: &Tally) -> Result<Received, Failure> {
        let Begun { status, headers, fetched_at, redirect, response } = begun;
        let caps = Caps { wire: self.settings.max_body, unpacked: self.settings.max_decompressed };
        let body = if outgoing.method == reqwest::Method::HEAD {
            Bytes::new()
        } else if response.content_length().is_some_and(|length| length > caps.wire) {
            return Err(self.body_failure(outgoing, &headers, BodyFault::TooLarge, false));
        } else {
            let encoding = headers.get("content-encoding").cloned().unwrap_or_default();
            let chunks =
                response.bytes_stream().map(|chunk| chunk.map_err(|fault| BodyFault::Broken(self.broken_body(&fault))));
            match body::read(chunks, &encoding, caps, |bytes| tally.wire(bytes)).await {
                Ok(body) => body,
                // The headers have said what matters: not now, and perhaps when.
                Err(BodyFault::Broken(_)) if is_transient(status) => Bytes::new(),
                Err(fault) => return Err(self.body_failure(outgoing, &headers, fault, false)),
            }
        };
        tally.body(body.len() as u64);
        let received = Received { status, headers, fetched_at, body, redirect };
        if is_transient(status) {
            let after = retry_after(&received.headers, SystemTime::now());
            return Err(Failure::NotNow { received: Box::new(received), after });
        }
        Ok(received)
    }

    /// The rest of an answer as it comes, unpacked, under the caps of streams; the one on what it unpacks to is the
    /// reader's. [`Client::stream_failure`] reads its errors.
    pub(super) async fn stream<'a>(
        &'a self,
        outgoing: &Outgoing,
        begun: Begun,
        tally: &'a Tally,
    ) -> Result<Pin<Box<dyn AsyncRead + Send + 'a>>, Failure> {
        let Begun { headers, response, .. } = begun;
        let caps = Caps { wire: self.settings.max_stream, unpacked: self.settings.max_stream_decompressed };
        if response.content_length().is_some_and(|length| length > caps.wire) {
            return Err(self.body_failure(outgoing, &headers, BodyFault::TooLarge, true));
        }
        let encoding = headers.get("content-encoding").cloned().unwrap_or_default();
        let chunks =
            response.bytes_stream().map(|chunk| chunk.map_err(|fault| BodyFault::Broken(self.broken_body(&fault))));
        let unpacked = body::unpack(chunks, &encoding, caps, |bytes| tally.wire(bytes)).await;
        unpacked.map_err(|fault| self.body_failure(outgoing, &headers, fault, true))
    }

    pub(super) fn stream_failure(
        &self,
        outgoing: &Outgoing,
        headers: &BTreeMap<String, String>,
        fault: BodyFault,
    ) -> Failure {
        self.body_failure(outgoing, headers, fault, true)
    }

    fn failure(&self, outgoing: &Outgoing, fault: &reqwest::Error) -> Failure {
        let settings = &self.settings;
        if fault.is_builder() {
            return Failure::Final(FetchError::Address {
                source_name: outgoing.source_name.clone(),
                url: outgoing.shown_url(),
                reason: root_cause(fault),
            });
        }
        if let Some(reason) = outbound::certificate_fault(fault) {
            let (source_name, url) = (outgoing.source_name.clone(), outgoing.shown_url());
            return Failure::Final(FetchError::Certificate { source_name, url, reason });
        }
        let through = outbound::proxy_of(&settings.outbound, &outgoing.url);
        let through = through.map(|proxy| format!(" through the proxy {proxy}")).unwrap_or_default();
        Failure::Transport(match (fault.is_connect(), fault.is_timeout()) {
            (true, true) => format!("no connection{through} within {} s", settings.connect_timeout.as_secs_f64()),
            (true, false) => format!("could not connect{through}: {}", root_cause(fault)),
            (false, true) => {
                let limit = settings.read_timeout.min(settings.total_timeout);
                format!("no answer within {} s", limit.as_secs_f64())
            }
            (false, false) => format!("the call was cut short: {}", root_cause(fault)),
        })
    }

    fn broken_body(&self, fault: &reqwest::Error) -> String {
        if fault.is_timeout() {
            let HttpSettings { read_timeout, total_timeout, .. } = self.settings;
            let (read, total) = (read_timeout.as_secs_f64(), total_timeout.as_secs_f64());
            format!("the body stalled for {read} s or took longer than {total} s")
        } else {
            format!("the body was cut off: {}", root_cause(fault))
        }
    }

    fn body_failure(
        &self,
        outgoing: &Outgoing,
        headers: &BTreeMap<String, String>,
        fault: BodyFault,
        streamed: bool,
    ) -> Failure {
        let (source_name, url) = (outgoing.source_name.clone(), outgoing.shown_url());
        let settings = &self.settings;
        Failure::Final(match fault {
            BodyFault::Broken(reason) => return Failure::Transport(reason),
            BodyFault::TooLarge if streamed => {
                FetchError::StreamTooLarge { source_name, url, limit: settings.max_stream, key: "max_stream" }
            }
            BodyFault::UnpacksTooLarge if streamed => {
                let (limit, key) = (settings.max_stream_decompressed, "max_stream_decompressed");
                FetchError::StreamTooLarge { source_name, url, limit, key }
            }
            BodyFault::TooLarge => FetchError::TooLarge { source_name, url, limit: self.settings.max_body },
            BodyFault::UnpacksTooLarge => {
                FetchError::UnpacksTooLarge { source_name, url, limit: self.settings.max_decompressed }
            }
            BodyFault::UnknownEncoding => {
                let encoding = headers.get("content-encoding").cloned().unwrap_or_default();
                FetchError::Encoding { source_name, url, encoding }
            }
        })
    }
}

/// A redirect that is not followed is an answer like any other, to be kept and reported.
fn same_origin_policy(max: usize) -> Policy {
    Policy::custom(move |attempt| {
        let allowed = attempt.previous().len() <= max
            && attempt.previous().first().is_some_and(|first| same_origin(first, attempt.url()));
        if allowed { attempt.follow() } else { attempt.stop() }
    })
}

fn that_matter(headers: &HeaderMap) -> BTreeMap<String, String> {
    THAT_MATTER
        .iter()
        .filter_map(|name| {
            let value = String::from_utf8_lossy(headers.get(*name)?.as_bytes()).chars().take(MAX_HEADER).collect();
            Some(((*name).to_owned(), value))
        })
        .collect()
}

/// The innermost error says what happened; those around it repeat that something did, some with the URL.
pub(super) fn root_cause(fault: &reqwest::Error) -> String {
    let mut cause: &dyn Error = fault;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let text = cause.to_string();
    text.strip_suffix(')')
        .and_then(|text| text.rsplit_once(" (os error "))
        .map_or(text.clone(), |(text, _)| text.to_owned())
}

/// `underlag/0.1.0 (+statistik@example.org; Region Exempel)`, in ASCII.
pub(super) fn user_agent(publisher: &Publisher) -> String {
    let mut parts = Vec::new();
    let contact = header_text(&publisher.contact);
    if !contact.is_empty() {
        parts.push(format!("+{contact}"));
    }
    let name = header_text(&publisher.name);
    if !name.is_empty() {
        parts.push(name);
    }
    if parts.is_empty() { PROGRAM.to_owned() } else { format!("{PROGRAM} ({})", parts.join("; ")) }
}

/// Letters of the Nordic languages lose their marks; what a header comment may not hold goes.
fn header_text(text: &str) -> String {
    let ascii: String = text
        .chars()
        .map(|letter| match letter {
            'å' | 'ä' | 'æ' => 'a',
            'Å' | 'Ä' | 'Æ' => 'A',
            'ö' | 'ø' => 'o',
            'Ö' | 'Ø' => 'O',
            'é' => 'e',
            'É' => 'E',
            'ü' => 'u',
            '(' | ')' | '\\' | ';' => ' ',
            letter if letter.is_ascii_graphic() => letter,
            letter if letter.is_whitespace() || letter.is_control() => ' ',
            _ => '?',
        })
        .collect();
    ascii.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_agent_names_program_and_operator() {
        let agent =
            |name: &str, contact: &str| user_agent(&Publisher { name: name.to_owned(), contact: contact.to_owned() });
        assert_eq!(
            agent("Region Örebro län (prov)\r\nX: y", "statistik@example.org"),
            format!("{PROGRAM} (+statistik@example.org; Region Orebro lan prov X: y)")
        );
        assert_eq!(agent("", ""), PROGRAM);
    }
}
