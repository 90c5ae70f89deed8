//! Webhooks on this machine: what is sent, how it is signed, and what becomes of each answer.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::post;
use jiff::Timestamp;
use ring::hmac;
use serde_json::{Value, json};
use url::Url;

use super::answer::{Answered, Refusal};
use super::notice::{Item, Notice, What};
use super::post_office::Authority;
use super::secret::Secret;
use super::webhook::{Keys, Told, send};
use crate::config::{Form, HttpSettings, Matter, Outbound, Publisher, Webhook};

type Heard = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// A service that answers with a status; its address and what it heard.
async fn service(status: u16, text: &'static str) -> (Url, Heard) {
    let heard: Heard = Arc::default();
    let answer = move |State(heard): State<Heard>, headers: HeaderMap, body: Bytes| async move {
        heard.lock().unwrap().push((headers, body));
        if status == 0 {
            std::future::pending::<()>().await;
        }
        (StatusCode::from_u16(status).unwrap(), [(header::LOCATION, "/annat")], text).into_response()
    };
    let router = Router::new().route("/krok/hemlig-del", post(answer)).route("/annat", post(answer));
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}/krok/hemlig-del", listener.local_addr().unwrap()).parse().unwrap();
    let router = router.with_state(Arc::clone(&heard));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, heard)
}

pub fn settings() -> HttpSettings {
    HttpSettings {
        connect_timeout: Duration::from_secs(2),
        read_timeout: Duration::from_secs(2),
        total_timeout: Duration::from_secs(1),
        max_body: 1 << 20,
        max_decompressed: 1 << 20,
        stream_timeout: Duration::from_secs(2),
        max_stream: 1 << 20,
        max_stream_decompressed: 1 << 20,
        max_redirects: 3,
        max_tries: 1,
        max_wait: Duration::from_secs(1),
        outbound: Outbound::default(),
        outages: crate::config::OutageSettings::default(),
    }
}

fn notice() -> Notice {
    let at: Timestamp = "2026-11-23T08:05:00Z".parse().unwrap();
    let item = Item {
        what: What::Raised,
        matter: Matter::CheckFailed,
        subject: "pipeline folk".into(),
        text: "nothing published: för få rader <!here>".into(),
        at,
        since: at,
        run: Some(12),
        pipelines: Vec::new(),
        affected: 0,
    };
    Notice { items: vec![item], ..Notice::default() }
}

async fn call(url: Option<Url>, form: Form, keys: &Keys, http: &HttpSettings) -> Result<Answered, Refusal> {
    let publisher = Publisher { name: "Region Örebro län".into(), contact: String::new() };
    let link: Url = "https://underlag.example.org/".parse().unwrap();
    let told = Told {
        id: "1795421100000.krok.4",
        made_at: "2026-11-23T08:05:00Z".parse().unwrap(),
        publisher: &publisher,
        link: Some(&link),
        notice: &notice(),
        test: None,
    };
    let now = "2026-11-23T08:07:00Z".parse().unwrap();
    send("krok", &Webhook { url, form }, keys, http, &told, now).await
}

async fn said(url: &Url) -> String {
    match call(Some(url.clone()), Form::Json, &Keys::default(), &settings()).await {
        Ok(answered) => format!("taken: {}", answered.text),
        Err(refusal) => {
            let lasting = if refusal.lasting { "lasting" } else { "passing" };
            format!("{lasting}: {}\nhint: {}", refusal.text, refusal.hint.unwrap_or_default())
        }
    }
}

#[tokio::test]
async fn the_receiver_can_tell_who_wrote_and_when() {
    let (url, heard) = service(200, "ok").await;
    let keys = Keys { signature: Some(Secret::new("delad hemlighet")), address: None };
    let answered = call(Some(url), Form::Json, &keys, &settings()).await.unwrap();
    assert_eq!(answered.text, "http://127.0.0.1 answered 200 OK: ok");
    let (headers, body) = heard.lock().unwrap()[0].clone();
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let signature = header("x-underlag-signature");
    let digits = signature.strip_prefix("sha256=").unwrap();
    let tag: Vec<u8> =
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect();
    let signed = [header("x-underlag-timestamp").as_bytes(), b".", &body].concat();
    let key = hmac::Key::new(hmac::HMAC_SHA256, "delad hemlighet".as_bytes());
    hmac::verify(&key, &signed, &tag).unwrap();
    assert_eq!(header("x-underlag-timestamp"), "1795421220");
    assert_eq!(header("x-underlag-id"), "1795421100000.krok.4");
    assert_eq!(header("content-type"), "application/json; charset=utf-8");
    assert!(header("user-agent").starts_with(crate::PROGRAM));
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        body,
        json!({
            "format": 1,
            "id": "1795421100000.krok.4",
            "program": crate::PROGRAM,
            "publisher": "Region Örebro län",
            "made_at": "2026-11-23T08:05:00Z",
            "test": false,
            "title": "pipeline folk failed: nothing published: för få rader <!here>",
            "link": "https://underlag.example.org/",
            "items": [{
                "what": "raised",
                "matter": "check_failed",
                "subject": "pipeline folk",
                "text": "nothing published: för få rader <!here>",
                "at": "2026-11-23T08:05:00Z",
                "since": "2026-11-23T08:05:00Z",
                "run": 12,
                "link": "https://underlag.example.org/status/runs/12",
                "pipelines": [],
                "affected": 0,
            }],
            "left_out": 0,
        })
    );
}

#[tokio::test]
async fn a_chat_is_given_a_text() {
    let (url, heard) = service(200, "ok").await;
    let keys = Keys { signature: None, address: Some(Secret::new(url.as_str())) };
    call(None, Form::Text, &keys, &settings()).await.unwrap();
    let (headers, body) = heard.lock().unwrap()[0].clone();
    assert!(!headers.contains_key("x-underlag-signature"));
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body.as_object().unwrap().len(), 1);
    insta::assert_snapshot!(body["text"].as_str().unwrap(), @r"
    [underlag] pipeline folk failed: nothing published: för få rader ‹!here›
    pipeline folk failed
      at 2026-11-23 08:05 UTC
      nothing published: för få rader ‹!here›
      https://underlag.example.org/status/runs/12
    ");
}

#[tokio::test]
async fn each_answer_decides_what_becomes_of_the_message() {
    let mut all = Vec::new();
    for (status, text) in [
        (204, ""),
        (302, ""),
        (400, "invalid_payload"),
        (403, "{\"error\":\"no\"}"),
        (404, "no_service"),
        (410, "gone"),
        (429, "slow down"),
        (500, "<html><title>Oops</title>"),
    ] {
        let (url, heard) = service(status, text).await;
        all.push(said(&url).await);
        assert_eq!(heard.lock().unwrap().len(), 1, "{status}: called once, and nowhere else");
    }
    let (url, _) = service(0, "").await;
    all.push(said(&url).await);
    insta::assert_snapshot!(all.join("\n").replace("\nhint: \n", "\n"), @r#"
    taken: http://127.0.0.1 answered 204 No Content
    passing: http://127.0.0.1 answered 302 Found
    hint: redirects are not followed: give the address that it leads to
    lasting: http://127.0.0.1 answered 400 Bad Request: invalid_payload
    hint: is it the right address, and the right `form`? "text" for Slack, Teams and Mattermost
    passing: http://127.0.0.1 answered 403 Forbidden: no
    hint: it may want UNDERLAG_NOTIFY_SECRET_KROK, or another address
    passing: http://127.0.0.1 answered 404 Not Found: no_service
    hint: the address is not known there; perhaps it was taken away
    lasting: http://127.0.0.1 answered 410 Gone: gone
    hint: is it the right address, and the right `form`? "text" for Slack, Teams and Mattermost
    passing: http://127.0.0.1 answered 429 Too Many Requests: slow down
    passing: http://127.0.0.1 answered 500 Internal Server Error: Oops
    passing: http://127.0.0.1: no answer within 1 s
    hint: check the address, and [http] proxy and allow_hosts
    "#);
}

#[tokio::test]
async fn an_address_that_is_a_secret_is_in_no_text() {
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let secret = |text: String| Keys { signature: None, address: Some(Secret::new(&text)) };
    let of = |keys: Keys| async move { call(None, Form::Json, &keys, &settings()).await.unwrap_err() };
    let refusal = of(secret(format!("http://{gone}/hemlig-del"))).await;
    assert_eq!(refusal.text, "http://127.0.0.1: could not connect: Connection refused");
    let refusal = of(secret("http://hooks.example.org/hemlig-del".into())).await;
    assert_eq!(refusal.text, "UNDERLAG_NOTIFY_URL_KROK or the credential notify-url-krok is not an https address");
    let refusal = of(Keys::default()).await;
    assert_eq!(refusal.text, "there is no address to send to");
    assert_eq!(
        refusal.hint.unwrap(),
        "give `url`, set UNDERLAG_NOTIFY_URL_KROK, or give the unit LoadCredential=notify-url-krok:…"
    );
}

#[tokio::test]
async fn the_way_out_is_the_one_of_the_sources() {
    // A host that is not to be called hears nothing.
    let outbound = Outbound { allow_hosts: vec!["*.scb.se".into()], ..Outbound::default() };
    let url: Url = "https://hooks.example.org/hemlig-del".parse().unwrap();
    let http = HttpSettings { outbound, ..settings() };
    let refusal = call(Some(url.clone()), Form::Json, &Keys::default(), &http).await.unwrap_err();
    assert_eq!(
        (refusal.text.as_str(), refusal.hint.as_deref().unwrap()),
        (
            "https://hooks.example.org: its host hooks.example.org is not among [http] allow_hosts",
            "if it should be called, add \"hooks.example.org\" to allow_hosts in underlag.toml, and let the firewall \
             pass it"
        )
    );
    // Calls leave by the proxy.
    let (proxy, heard) = service(200, "").await;
    let mut proxy = proxy;
    proxy.set_path("/");
    let outbound = Outbound { proxy: Some(proxy.clone()), ..Outbound::default() };
    let http = HttpSettings { outbound, ..settings() };
    let refusal = call(Some(url), Form::Json, &Keys::default(), &http).await.unwrap_err();
    assert!(
        refusal.text.starts_with(&format!("https://hooks.example.org: could not connect through the proxy {proxy}: ")),
        "{refusal:?}"
    );
    assert!(heard.lock().unwrap().is_empty(), "a proxy for https hears CONNECT alone");
}

#[tokio::test]
async fn a_certificate_of_nobody_known_is_not_trusted() {
    let authority = Authority::new();
    let acceptor = authority.acceptor("localhost", false);
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = acceptor.accept(stream).await;
        }
    });
    let url: Url = format!("https://localhost:{port}/hemlig-del").parse().unwrap();
    let refusal = call(Some(url), Form::Json, &Keys::default(), &settings()).await.unwrap_err();
    assert_eq!(
        refusal.text,
        "https://localhost: its certificate is not trusted: it is issued by nobody that this machine trusts"
    );
    assert_eq!(
        refusal.hint.unwrap(),
        "nothing was sent; if a firewall opens TLS here, give its certificate as [http] ca_file; if not, somebody stands \
         in between"
    );
}
