//! A server for tests: hears one call per connection and answers with the very
//! bytes it is told to, wrong ones too.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use super::archive::tests::archive;
use super::{Client, Courier, FetchError, Journal, Limiter, lock};
use crate::config::{HttpSettings, Publisher, Source, SourceKind};

/// A call as it arrived.
#[derive(Clone, Debug)]
pub struct Heard {
    pub method: String,
    pub path: String,
    /// Request line and headers, in lower case.
    pub head: String,
    pub body: String,
}

#[derive(Clone)]
pub struct Server {
    pub url: Url,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Server {
    /// `answer` gets the call and how many came before it.
    pub async fn start(answer: impl Fn(&Heard, usize) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = Url::parse(&format!("http://{}/api/v2", listener.local_addr().unwrap())).unwrap();
        let server = Self { url, heard: Arc::default() };
        let (heard, answer) = (Arc::clone(&server.heard), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (heard, answer) = (Arc::clone(&heard), Arc::clone(&answer));
                tokio::spawn(async move {
                    let Some(call) = hear(&mut stream).await else { return };
                    let before = {
                        let mut heard = lock(&heard);
                        heard.push(call.clone());
                        heard.len() - 1
                    };
                    let _ = stream.write_all(&answer(&call, before)).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        server
    }

    pub fn heard(&self) -> Vec<Heard> {
        lock(&self.heard).clone()
    }
}

async fn hear(stream: &mut TcpStream) -> Option<Heard> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let head = text.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok()).unwrap_or(0);
    while bytes.len() < end + length {
        stream.read_buf(&mut bytes).await.ok()?;
    }
    let mut words = text.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    Some(Heard { method, path, head, body: String::from_utf8_lossy(&bytes[end..]).into_owned() })
}

/// A whole answer with its length.
pub fn reply(status: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = body.len().to_string();
    let always = [("Connection", "close"), ("Content-Length", length.as_str())];
    let lines: Vec<String> = always.iter().chain(headers).map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    [format!("HTTP/1.1 {status}\r\n{}\r\n", lines.concat()).as_bytes(), body].concat()
}

pub fn json(body: &str) -> Vec<u8> {
    reply("200 OK", &[("Content-Type", "application/json; charset=utf-8")], body)
}

pub fn settings() -> HttpSettings {
    HttpSettings {
        connect_timeout: Duration::from_secs(5),
        read_timeout: Duration::from_secs(5),
        total_timeout: Duration::from_secs(10),
        max_body: 100_000,
        max_decompressed: 1_000_000,
        stream_timeout: Duration::from_secs(20),
        max_stream: 3_000_000,
        max_stream_decompressed: 20_000_000,
        max_redirects: 3,
        max_tries: 3,
        max_wait: Duration::from_millis(20),
        outbound: crate::config::Outbound::default(),
        outages: crate::config::OutageSettings::default(),
    }
}

pub fn publisher() -> Publisher {
    Publisher { name: "Region Exempel".to_owned(), contact: "statistik@example.org".to_owned() }
}

/// A data folder with everything that a run has; `courier` begins a run.
pub struct House {
    pub folder: tempfile::TempDir,
    pub server: Server,
}

impl House {
    pub async fn new(answer: impl Fn(&Heard, usize) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), server: Server::start(answer).await }
    }

    pub fn courier(&self) -> Courier {
        self.courier_with(&settings())
    }

    pub fn courier_with(&self, http: &HttpSettings) -> Courier {
        self.courier_of(http, |_| ())
    }

    /// To a source with something else declared of it.
    pub fn courier_of(&self, http: &HttpSettings, declare: impl FnOnce(&mut Source)) -> Courier {
        let mut source = Source {
            name: "scb".to_owned(),
            kind: SourceKind::Pxweb,
            base_url: self.server.url.clone(),
            credit: "SCB".to_owned(),
            licence: "CC0-1.0".to_owned(),
            limits: None,
            parallel: 1,
            fresh_for: Duration::ZERO,
            symbols: BTreeMap::new(),
            responses: Vec::new(),
            installation: crate::config::Installation::default(),
            synthetic: false,
        };
        declare(&mut source);
        let stage = self.folder.path().join("stage/befolkning");
        Courier::new(
            "befolkning",
            Arc::new(source),
            Client::new(http, &publisher()).unwrap(),
            Arc::new(Limiter::new(None)),
            Arc::new(archive(self.folder.path())),
            Arc::new(Journal::open(&stage, Duration::from_hours(1), Timestamp::now()).unwrap()),
            Arc::default(),
        )
    }

    pub fn statuses(&self) -> Vec<u16> {
        archive(self.folder.path()).records().unwrap().map(|record| record.unwrap().status).collect()
    }

    /// The error's text, with the server's changing address replaced.
    pub fn text(&self, fault: &FetchError) -> String {
        fault.to_string().replace(self.server.url.as_str(), "BASE")
    }
}
