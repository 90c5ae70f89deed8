//! A notice as a call to a web service: everything as JSON, signed where there is a secret, or a text as chats take
//! it. The address may be a secret: no text of this module holds more of it than its host.

use jiff::Timestamp;
use ring::hmac;
use serde::Serialize;
use url::Url;

use super::Matter;
use super::answer::{Answered, Refusal};
use super::cleaned;
use super::notice::{Notice, What};
use super::plain;
use super::secret::{Secret, Use};
use crate::PROGRAM;
use crate::config::{Form, HttpSettings, Publisher, Webhook};
use crate::fetch::{PostError, post};

/// Longer than this, a chat takes no text.
const MAX_TEXT: usize = 3_500;

/// What is sent as JSON; docs/notifications.md describes it.
#[derive(Debug, Serialize)]
pub struct Payload<'a> {
    pub format: u32,
    pub id: &'a str,
    pub program: &'static str,
    pub publisher: &'a str,
    pub made_at: Timestamp,
    pub test: bool,
    pub title: String,
    pub link: Option<&'a str>,
    pub items: Vec<Line<'a>>,
    pub left_out: usize,
}

#[derive(Debug, Serialize)]
pub struct Line<'a> {
    pub what: What,
    pub matter: Matter,
    pub subject: &'a str,
    pub text: &'a str,
    pub at: Timestamp,
    pub since: Timestamp,
    pub run: Option<i64>,
    pub link: Option<String>,
    pub pipelines: &'a [String],
    pub affected: usize,
}

/// What both forms are made of.
pub struct Told<'a> {
    pub id: &'a str,
    pub made_at: Timestamp,
    pub publisher: &'a Publisher,
    pub link: Option<&'a Url>,
    pub notice: &'a Notice,
    /// A text in the place of the notice's own, of a test.
    pub test: Option<&'a str>,
}

pub fn body(form: Form, told: &Told<'_>) -> String {
    let title = told.test.map_or_else(|| plain::title(told.notice), str::to_owned);
    if form == Form::Text {
        let text = plain::text(told.notice, told.link);
        let text = format!("[underlag] {title}\n{text}");
        return serde_json::json!({ "text": chat(text.trim_end()) }).to_string();
    }
    let items = told.notice.sorted().into_iter().map(|item| Line {
        what: item.what,
        matter: item.matter,
        subject: &item.subject,
        text: &item.text,
        at: item.at,
        since: item.since,
        run: item.run,
        link: plain::run_link(told.link, item.run),
        pipelines: &item.pipelines,
        affected: item.affected,
    });
    let payload = Payload {
        format: 1,
        id: told.id,
        program: PROGRAM,
        publisher: &told.publisher.name,
        made_at: told.made_at,
        test: told.test.is_some(),
        title,
        link: told.link.map(Url::as_str),
        items: items.collect(),
        left_out: told.notice.left_out,
    };
    serde_json::to_string(&payload).unwrap_or_default()
}

/// A chat calls people and hides addresses for what stands in angle brackets or after an @; what a source says shall
/// do neither.
fn chat(text: &str) -> String {
    let text = text.replace('<', "‹").replace('>', "›").replace('@', "@\u{2060}").replace("](", "] (");
    match text.char_indices().nth(MAX_TEXT) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

/// `sha256=` and the HMAC-SHA256 of `TIMESTAMP.BODY` in hexadecimal digits.
pub fn signature(secret: &Secret, timestamp: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let tag = hmac::sign(&key, format!("{timestamp}.{body}").as_bytes());
    let mut text = "sha256=".to_owned();
    for byte in tag.as_ref() {
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// A webhook's secrets.
#[derive(Debug, Default)]
pub struct Keys {
    pub signature: Option<Secret>,
    /// In the place of `url`.
    pub address: Option<Secret>,
}

impl Keys {
    pub fn find(channel: &str, webhook: &Webhook) -> Result<Self, Refusal> {
        let address = if webhook.url.is_none() { Secret::find(channel, Use::Address)? } else { None };
        Ok(Self { signature: Secret::find(channel, Use::Signature)?, address })
    }
}

pub async fn send(
    channel: &str,
    webhook: &Webhook,
    keys: &Keys,
    http: &HttpSettings,
    told: &Told<'_>,
    now: Timestamp,
) -> Result<Answered, Refusal> {
    let url = address(channel, webhook, keys)?;
    let host = format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default());
    let body = body(webhook.form, told);
    let mut headers = vec![("X-Underlag-Id", told.id.to_owned())];
    if let Some(secret) = &keys.signature {
        let timestamp = now.as_second();
        headers.push(("X-Underlag-Timestamp", timestamp.to_string()));
        headers.push(("X-Underlag-Signature", signature(secret, timestamp, &body)));
    }
    let shown = |text: &str| {
        let secrets = [&keys.address, &keys.signature].into_iter().flatten();
        let text = secrets.fold(text.to_owned(), |text, secret| secret.masked(&text));
        cleaned::headline(&text, 250)
    };
    let posted = post(http, told.publisher, &url, &headers, body).await.map_err(|error| {
        let refusal = Refusal::passing(shown(&format!("{host}: {error}")));
        match &error {
            PostError::HostNotAllowed { host } => refusal.hint(format!(
                "if it should be called, add \"{host}\" to allow_hosts in underlag.toml, and let the firewall pass it"
            )),
            PostError::Certificate(_) => refusal.hint(
                "nothing was sent; if a firewall opens TLS here, give its certificate as [http] ca_file; if not, \
                 somebody stands in between",
            ),
            PostError::Transport(_) => refusal.hint("check the address, and [http] proxy and allow_hosts"),
            PostError::Setup(_) => refusal,
        }
    })?;
    let answer = shown(&format!("{host} answered {}", posted.shown));
    match posted.status {
        200..=299 => Ok(Answered { text: answer, left: Vec::new(), refused: Vec::new() }),
        300..=399 => {
            Err(Refusal::passing(answer).hint("redirects are not followed: give the address that it leads to"))
        }
        // Gone for good, or this very message is not to its taste: no later try would fare better.
        400 | 405 | 406 | 410 | 411 | 413 | 415 | 422 => Err(Refusal::lasting(answer)
            .hint("is it the right address, and the right `form`? \"text\" for Slack, Teams and Mattermost")),
        401 | 403 => Err(Refusal::passing(answer)
            .hint(format!("it may want {}, or another address", Use::Signature.variable(channel)))),
        404 => Err(Refusal::passing(answer).hint("the address is not known there; perhaps it was taken away")),
        _ => Err(Refusal::passing(answer)),
    }
}

fn address(channel: &str, webhook: &Webhook, keys: &Keys) -> Result<Url, Refusal> {
    if let Some(url) = &webhook.url {
        return Ok(url.clone());
    }
    let (variable, credential) = (Use::Address.variable(channel), Use::Address.credential(channel));
    let Some(secret) = &keys.address else {
        return Err(Refusal::passing("there is no address to send to")
            .hint(format!("give `url`, set {variable}, or give the unit LoadCredential={credential}:…")));
    };
    let url = Url::parse(secret.expose().trim())
        .ok()
        .filter(|url| url.scheme() == "https" || (url.scheme() == "http" && crate::fetch::is_loopback(url)));
    url.ok_or_else(|| Refusal::passing(format!("{variable} or the credential {credential} is not an https address")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_one_that_others_compute() {
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac hemligt
        assert_eq!(
            signature(&Secret::new("hemligt"), 1_700_000_000, "{\"a\":1}"),
            "sha256=724167aaee267d2f71f6f06c7fd26012c98c144491f2a993f9395c77bd90eefb"
        );
    }

    #[test]
    fn a_source_can_neither_call_people_nor_hide_an_address() {
        let text = chat("<!channel> @all [här](http://evil.example) 5 < 6");
        assert_eq!(text, "‹!channel› @\u{2060}all [här] (http://evil.example) 5 ‹ 6");
        assert_eq!(chat(&"å".repeat(9_000)).chars().count(), MAX_TEXT + 1);
    }
}
