//! Takes a call in, has the right stand-in answer it, does the damage that was
//! ordered, and notes the call.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_compression::Level;
use async_compression::tokio::write::GzipEncoder;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::Response;
use futures::StreamExt;
use serde_json::json;
use tokio::io::AsyncWriteExt;

use super::calls::{Admission, Call, Calls, Limiter};
use super::fault::{Fault, Faults, Strike};
use super::http::{Ask, Reply, decode};
use super::options::Options;
use super::replay::Recording;
use super::world::Worlds;

/// Bodies sent to us may be this large.
const BODY: usize = 4 << 20;
/// The first part of the paths that are only read.
const KNOWN: [&str; 8] =
    ["kolada", "filer", "historiska", "jobstream", "planned-educations", "skolenhetsregistret", "susa-navet", "siris"];
/// Answers below this are not worth compressing.
const COMPRESSED_FROM: usize = 1024;

pub struct Server {
    pub options: Options,
    pub recording: Option<Recording>,
    pub worlds: Worlds,
    pub calls: Calls,
    pub faults: Faults,
    pub limiter: Limiter,
    pub limiter_v1: Limiter,
    /// Where we listen, for calls that do not say how they address us.
    pub origin: String,
}

pub async fn handle(State(server): State<Arc<Server>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY).await else {
        return respond(Reply::new(413, "text/plain", "Payload Too Large"));
    };
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    if let Some(reply) = control(&server, &parts.method, parts.uri.path(), &body) {
        return respond(reply);
    }
    let strike = server.faults.strike(&path);
    if strike.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(strike.delay_ms)).await;
    }
    let has_body = parts.method == Method::POST;
    let mut reply = damage(&strike).unwrap_or_else(|| {
        answer(&server, &parts.method, &parts.uri, has_body.then_some(&body[..]), &parts.headers, &strike)
    });
    server.calls.record(Call {
        method: parts.method.to_string(),
        path,
        status: reply.status,
        cells: reply.cells,
        body: has_body.then(|| String::from_utf8_lossy(&body).into_owned()),
    });
    if strike.truncate {
        reply.body.truncate(reply.body.len() / 2);
    }
    if strike.charset {
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        reply.body = encoding_rs::WINDOWS_1252.encode(&text).0.into_owned();
    }
    if let Some(mib) = strike.bomb {
        reply = bomb(reply, mib).await;
    } else {
        compress(&mut reply, &parts.headers).await;
    }
    if strike.broken || strike.reset {
        return broken(reply, strike.reset);
    }
    respond(reply)
}

/// `/_calls` and `/_fault`: for whoever watches and steers, not counted as calls.
fn control(server: &Server, method: &Method, path: &str, body: &[u8]) -> Option<Reply> {
    let empty = || Reply::new(204, "text/plain", Vec::new());
    match (path, method.as_str()) {
        ("/_calls", "GET") => Some(Reply::json(200, &json!(server.calls.all()))),
        ("/_calls", "DELETE") => {
            server.calls.clear();
            Some(empty())
        }
        ("/_fault", "GET") => Some(Reply::json(200, &json!(server.faults.all()))),
        ("/_fault", "DELETE") => {
            server.faults.clear();
            Some(empty())
        }
        ("/_fault", "POST") => Some(match serde_json::from_slice::<Fault>(body) {
            Ok(fault) => {
                server.faults.add(fault);
                empty()
            }
            Err(error) => Reply::json(400, &json!({ "detail": error.to_string() })),
        }),
        _ => None,
    }
}

/// The answers that a fault puts in the place of the real one.
fn damage(strike: &Strike) -> Option<Reply> {
    if let Some((status, retry_after)) = &strike.status {
        let phrase = StatusCode::from_u16(*status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Error");
        let page = format!(
            "<html>\n<head><title>{status} {phrase}</title></head>\n<body>\n<center><h1>{status} {phrase}</h1></center>\n\
             <hr><center>nginx</center>\n</body>\n</html>\n"
        );
        let reply = Reply::new(*status, "text/html; charset=utf-8", page);
        return Some(match retry_after {
            Some(value) => reply.with("Retry-After", value),
            None => reply,
        });
    }
    strike.html.then(|| {
        let page = "<!DOCTYPE html>\n<html lang=\"sv\"><head><title>Underhåll pågår</title></head>\
                    <body><h1>Underhåll pågår</h1></body></html>\n";
        Reply::new(200, "text/html; charset=utf-8", page)
    })
}

fn answer(
    server: &Server,
    method: &Method,
    uri: &Uri,
    body: Option<&[u8]>,
    headers: &HeaderMap,
    strike: &Strike,
) -> Reply {
    let path = uri.path();
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let get = matches!(*method, Method::GET | Method::HEAD);
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let origin = host.map_or_else(|| server.origin.clone(), |host| format!("http://{host}"));
    let Some(decoded) = path.split('/').filter(|part| !part.is_empty()).map(decode).collect::<Option<Vec<_>>>() else {
        return Reply::new(400, "text/plain", "Bad Request");
    };
    let segments: Vec<&str> = decoded.iter().map(String::as_str).collect();
    let header_text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let ask = |skip: usize| Ask {
        segments: segments[skip..].to_vec(),
        query: &query,
        body,
        origin: &origin,
        header: &header_text,
        distortion: &strike.distortion,
    };
    if let Some(recording) = &server.recording {
        let whole = uri.path_and_query().map_or("/", |path| path.as_str());
        return recording.answer(method.as_str(), whole, body, &origin, &header_text);
    }
    let world = server.worlds.get(strike.distortion.unknown_kommun);
    let length = origin.len() + uri.path_and_query().map_or(0, |path| path.as_str().len());
    match segments.as_slice() {
        ["pxweb", "api", "v2", tail @ ..] => match server.limiter.admit(Instant::now()) {
            Admission::Refused { seconds } => {
                let (calls, window) = (server.options.calls, server.options.window.as_secs());
                let text = format!("API calls quota exceeded! maximum admitted {calls} per {window}s.");
                Reply::new(429, "text/plain", text).with("Retry-After", seconds.to_string())
            }
            Admission::Granted { remaining } => {
                let posted =
                    *method == Method::POST && tail.last().is_some_and(|last| last.eq_ignore_ascii_case("data"));
                let reply = if get || posted {
                    world.pxweb.answer(&ask(3), length, &server.options)
                } else {
                    Reply::new(405, "text/plain", Vec::new())
                };
                if server.options.calls == 0 {
                    return reply;
                }
                reply
                    .with("X-Rate-Limit-Limit", format!("{}s", server.options.window.as_secs()))
                    .with("X-Rate-Limit-Remaining", remaining.to_string())
            }
        },
        ["pxweb", "api", "v1", ..] => match server.limiter_v1.admit(Instant::now()) {
            Admission::Refused { seconds } => {
                let text = "429 - Too many requests in too short timeframe. Please try again later.";
                Reply::json(429, &json!({ "error": text })).with("Retry-After", seconds.to_string())
            }
            Admission::Granted { .. } if get || *method == Method::POST => {
                world.pxweb.answer_v1(&ask(3), &server.options)
            }
            Admission::Granted { .. } => Reply::new(405, "text/plain", Vec::new()),
        },
        ["kolada", "v3", ..] if get => world.kolada.answer(&ask(2)),
        ["eurostat", "api", "dissemination", ..] if get => world.eurostat.answer(&ask(3)),
        ["filer", ..] if get => world.file(&ask(1), &server.options),
        ["historiska", ..] if get => world.historical(&ask(1), &server.options),
        ["jobstream", ..] if get => world.jobstream(&ask(1)),
        ["planned-educations", ..] if get => world.skolverket().planned(&ask(1)),
        ["skolenhetsregistret", ..] if get => world.skolverket().register(&ask(1)),
        ["susa-navet", "emil3", ..] if get => world.skolverket().susa(&ask(2)),
        ["siris", "reports", "export_api", ..] if get => world.skolverket().siris(&ask(3)),
        [api, ..] if KNOWN.contains(api) => Reply::json(405, &json!({ "detail": "Method Not Allowed" })),
        _ => Reply::json(404, &json!({ "detail": "Not Found" })),
    }
}

/// Gzip for those who accept it, at the fastest level.
async fn compress(reply: &mut Reply, headers: &HeaderMap) {
    let accepted = headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"))
                && !parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
        });
    if !accepted || reply.status != 200 || reply.body.len() < COMPRESSED_FROM {
        return;
    }
    let mut encoder = GzipEncoder::with_quality(Vec::new(), Level::Fastest);
    // Writing to memory does not fail; should it, the answer goes out as it is.
    if encoder.write_all(&reply.body).await.is_ok() && encoder.shutdown().await.is_ok() {
        reply.body = encoder.into_inner();
        reply.headers.push(("Content-Encoding", "gzip".to_owned()));
    }
}

fn respond(reply: Reply) -> Response {
    let (status, body) = (reply.status, Bytes::from(reply.body));
    build(status, reply.content_type, reply.headers, Body::from(body))
}

/// Spaces, a MiB in every member of a gzip file.
async fn bomb(reply: Reply, mib: u32) -> Reply {
    let mut encoder = GzipEncoder::with_quality(Vec::new(), Level::Best);
    // Writing to memory does not fail.
    let _ = encoder.write_all(&vec![b' '; 1 << 20]).await;
    let _ = encoder.shutdown().await;
    let body = encoder.into_inner().repeat(mib as usize);
    Reply { body, ..reply }.with("Content-Encoding", "gzip")
}

/// Half the body, or nothing of it, under a Content-Length that promises all; then the connection breaks.
fn broken(reply: Reply, at_once: bool) -> Response {
    let whole = Bytes::from(reply.body);
    let half = whole.slice(..if at_once { 0 } else { whole.len() / 2 });
    let mut headers = reply.headers;
    headers.push(("Content-Length", whole.len().to_string()));
    let end = async move {
        // Without a pause the head of the answer is lost with the connection.
        if !at_once {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(io::Error::new(io::ErrorKind::ConnectionAborted, "dropped on order"))
    };
    let parts = futures::stream::once(async { Ok(half) }).chain(futures::stream::once(end));
    build(reply.status, reply.content_type, headers, Body::from_stream(parts))
}

fn build(status: u16, content_type: &'static str, headers: Vec<(&'static str, String)>, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let own = response.headers_mut();
    own.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            own.insert(name, value);
        }
    }
    response
}
