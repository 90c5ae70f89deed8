//! The way out: a proxy that sees every call, servers whose certificates are
//! made up here, and hosts that are not to be called.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::loopback::{House, json, reply, settings};
use super::*;
use crate::config::{HttpSettings, Outbound};

/// Whoever opens TLS on the way; its certificate as a file.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: tempfile::TempDir,
}

impl Authority {
    fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "Brandväggens utfärdare");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A server that answers every call with `[1]`; its port.
    async fn server(&self, host: &str, expired: bool) -> u16 {
        let mut params = CertificateParams::new([host.to_owned()]).unwrap();
        if expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    head(&mut stream).await;
                    let _ = stream.write_all(&json("[1]")).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        port
    }
}

/// A proxy that leads every call to one port of this machine, wherever it was meant for.
struct Proxy {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    async fn leading_to(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let proxy = Self { port: listener.local_addr().unwrap().port(), heard: Arc::default() };
        let heard = Arc::clone(&proxy.heard);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let heard = Arc::clone(&heard);
                tokio::spawn(async move {
                    let asked = head(&mut stream).await;
                    let connect = asked.starts_with("CONNECT ");
                    lock(&heard).push(asked);
                    if !connect {
                        let _ = stream.write_all(&json("[\"by proxy\"]")).await;
                    } else if port == 0 {
                        let _ = stream.write_all(&reply("403 Forbidden", &[], "not for you")).await;
                    } else {
                        let _ = stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await;
                        let mut there = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
                        let _ = copy_bidirectional(&mut stream, &mut there).await;
                    }
                    let _ = stream.shutdown().await;
                });
            }
        });
        proxy
    }

    fn outbound(&self) -> Outbound {
        let proxy = format!("http://127.0.0.1:{}", self.port).parse().unwrap();
        Outbound { proxy: Some(proxy), ..Outbound::default() }
    }

    fn first_lines(&self) -> Vec<String> {
        lock(&self.heard).iter().map(|head| head.lines().next().unwrap().to_owned()).collect()
    }
}

async fn head(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    while !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn ask(base: &str, outbound: Outbound) -> Result<Answer, FetchError> {
    let house = House::new(|_, _| json("[]")).await;
    let http = HttpSettings { max_tries: 1, outbound, ..settings() };
    let courier = house.courier_of(&http, |source| source.base_url = base.parse().unwrap());
    courier.ask(&Request::get("/x"), Expect::Json).await
}

#[tokio::test]
async fn a_certificate_of_the_ca_file_is_trusted_and_no_other() {
    let authority = Authority::new();
    let base = format!("https://localhost:{}", authority.server("localhost", false).await);
    let trusting = Outbound { ca_file: Some(authority.file()), ..Outbound::default() };
    assert_eq!(ask(&base, trusting.clone()).await.unwrap().body, "[1]");

    let fault = ask(&base, Outbound::default()).await.unwrap_err();
    assert_eq!(
        fault.to_string(),
        format!("scb: the certificate of {base}/x is not trusted: it is issued by nobody that this machine trusts")
    );
    assert_eq!(
        fault.hint().unwrap(),
        "if a firewall opens TLS here, give its certificate as [http] ca_file; if not, somebody stands in between"
    );

    let base = format!("https://localhost:{}", authority.server("localhost", true).await);
    let fault = ask(&base, trusting.clone()).await.unwrap_err();
    assert_eq!(fault.to_string(), format!("scb: the certificate of {base}/x is not trusted: it has expired"));
    assert_eq!(fault.hint().unwrap(), "nothing was sent; check this machine's clock, and tell the source's owner");

    let base = format!("https://localhost:{}", authority.server("api.example.org", false).await);
    let fault = ask(&base, trusting).await.unwrap_err();
    assert_eq!(
        fault.to_string(),
        format!("scb: the certificate of {base}/x is not trusted: it is for api.example.org, not for this host")
    );
}

#[tokio::test]
async fn calls_leave_by_the_configured_proxy() {
    let authority = Authority::new();
    let proxy = Proxy::leading_to(authority.server("api.example.org", false).await).await;
    let outbound = Outbound { ca_file: Some(authority.file()), ..proxy.outbound() };
    let answer = ask("https://api.example.org", outbound).await.unwrap();
    assert_eq!((answer.body.as_ref(), answer.record.url.as_str()), (&b"[1]"[..], "https://api.example.org/x"));
    let answer = ask("http://plain.example.org", proxy.outbound()).await.unwrap();
    assert_eq!(answer.body, "[\"by proxy\"]");
    assert_eq!(
        proxy.first_lines(),
        ["CONNECT api.example.org:443 HTTP/1.1", "GET http://plain.example.org/x HTTP/1.1"]
    );
    assert!(!lock(&proxy.heard)[0].to_lowercase().contains("authorization"));
}

#[tokio::test]
async fn this_machine_and_what_is_excepted_need_no_proxy() {
    let proxy = Proxy::leading_to(0).await;
    let house = House::new(|_, _| json("[]")).await;
    ask(house.server.url.as_str(), proxy.outbound()).await.unwrap();
    let excepted = Outbound { no_proxy: vec!["*.invalid".into()], ..proxy.outbound() };
    let fault = ask("http://stats.invalid", excepted).await.unwrap_err();
    assert!(fault.to_string().contains("could not connect: "), "{fault}");
    assert!(proxy.first_lines().is_empty());
}

#[tokio::test]
async fn a_proxy_that_refuses_or_is_gone_is_named() {
    let proxy = Proxy::leading_to(0).await;
    let fault = ask("https://api.example.org", proxy.outbound()).await.unwrap_err();
    let text = fault.to_string().replace(&proxy.port.to_string(), "PORT");
    assert!(
        text.starts_with(
            "scb: GET https://api.example.org/x failed once; the last time: could not connect through the proxy \
             http://127.0.0.1:PORT/: "
        ),
        "{text}"
    );
    assert_eq!(fault.hint().unwrap(), "check the proxy: HTTPS_PROXY and NO_PROXY in the environment, or [http] proxy");

    let gone = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = gone.local_addr().unwrap().port();
    drop(gone);
    let outbound = Outbound { proxy: format!("http://127.0.0.1:{port}").parse().ok(), ..Outbound::default() };
    let text = ask("https://api.example.org", outbound).await.unwrap_err().to_string();
    assert!(text.ends_with(&format!("through the proxy http://127.0.0.1:{port}/: Connection refused")), "{text}");
}

#[tokio::test]
async fn a_host_outside_the_list_hears_nothing() {
    let proxy = Proxy::leading_to(0).await;
    let outbound = Outbound { allow_hosts: vec!["*.example.org".into()], ..proxy.outbound() };
    let fault = ask("http://evil.example", outbound.clone()).await.unwrap_err();
    assert_eq!(
        fault.to_string(),
        "scb: http://evil.example/x is not called: its host evil.example is not among [http] allow_hosts"
    );
    assert!(proxy.first_lines().is_empty());
    ask("http://api.example.org", outbound).await.unwrap();
    // A file's own address is held to the list too.
    let house = House::new(|_, _| json("[]")).await;
    let outbound = Outbound { allow_hosts: vec!["api.example.org".into()], ..Outbound::default() };
    let courier = house.courier_with(&HttpSettings { outbound, ..settings() });
    let elsewhere = Request::get("https://files.example.org/a.csv");
    assert!(matches!(courier.ask(&elsewhere, Expect::Any).await, Err(FetchError::HostNotAllowed { .. })));
    assert!(matches!(courier.head(&elsewhere.path).await, Err(FetchError::HostNotAllowed { .. })));
}
