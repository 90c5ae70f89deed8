//! A mail server for tests, small and faithful: EHLO, STARTTLS, AUTH PLAIN and LOGIN, MAIL, RCPT, DATA with
//! dot-stuffing; it answers wrongly, cuts connections and keeps silent when told to.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::config::{Mail, Security};

pub const USER: &str = "underlag";
pub const PASSWORD: &str = "hemligt-ord";
/// `\0underlag\0hemligt-ord`, and its parts, in Base64.
const PLAIN: &str = "AHVuZGVybGFnAGhlbWxpZ3Qtb3Jk";
const LOGIN: [&str; 2] = ["dW5kZXJsYWc=", "aGVtbGlndC1vcmQ="];

/// Whose certificates are trusted; its own as a file.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: tempfile::TempDir,
}

impl Authority {
    pub fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "Regionens utfärdare");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, folder }
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    pub fn acceptor(&self, host: &str, expired: bool) -> TlsAcceptor {
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
        TlsAcceptor::from(Arc::new(config))
    }
}

/// How the server behaves.
#[derive(Clone, Default)]
pub struct Manner {
    pub security: Option<Security>,
    /// `AUTH` mechanisms that it offers once the way is encrypted; none: it does not ask who writes.
    pub auth: &'static str,
    /// Offered without encryption too.
    pub auth_in_clear: bool,
    /// No STARTTLS, as if somebody in between took it out.
    pub stripped: bool,
    /// Answers in the place of the usual one, each once: to a command that begins so.
    pub answers: Arc<Mutex<Vec<(&'static str, &'static str)>>>,
    pub expired: bool,
    pub host: Option<&'static str>,
}

/// A mail as it was received.
#[derive(Clone, Debug, Default)]
pub struct Received {
    pub from: String,
    pub to: Vec<String>,
    pub text: String,
    pub encrypted: bool,
    pub signed_in: bool,
}

pub struct PostOffice {
    pub port: u16,
    pub received: Arc<Mutex<Vec<Received>>>,
    pub manner: Manner,
}

impl PostOffice {
    pub async fn open(authority: &Authority, manner: Manner) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::default();
        let office = Self { port, received, manner: manner.clone() };
        let acceptor = authority.acceptor(manner.host.unwrap_or("localhost"), manner.expired);
        let inbox = Arc::clone(&office.received);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, manner, inbox) = (acceptor.clone(), manner.clone(), Arc::clone(&inbox));
                tokio::spawn(async move {
                    if manner.security == Some(Security::Tls) {
                        let Ok(stream) = acceptor.accept(stream).await else { return };
                        serve(&mut BufReader::new(stream), &manner, &inbox, true, true).await;
                        return;
                    }
                    let mut stream = BufReader::new(stream);
                    if let Some(()) = serve(&mut stream, &manner, &inbox, false, true).await {
                        let Ok(stream) = acceptor.accept(stream.into_inner()).await else { return };
                        serve(&mut BufReader::new(stream), &manner, &inbox, true, false).await;
                    }
                });
            }
        });
        office
    }

    pub fn mail(&self, authority: &Authority) -> Mail {
        Mail {
            server: "localhost".into(),
            port: self.port,
            security: self.manner.security.unwrap_or(Security::None),
            from: "underlag@region.example.org".into(),
            to: vec!["drift@region.example.org".into()],
            user: (!self.manner.auth.is_empty()).then(|| USER.to_owned()),
            ca_file: Some(authority.file()),
        }
    }

    pub fn inbox(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

/// Some: the client wants TLS now.
async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    manner: &Manner,
    inbox: &Mutex<Vec<Received>>,
    encrypted: bool,
    greet: bool,
) -> Option<()> {
    let mut mail = Received { encrypted, ..Received::default() };
    let mut signed_in = false;
    if greet {
        say(stream, &told(manner, "greeting", "220 localhost ESMTP")).await?;
    }
    loop {
        let line = hear(stream).await?;
        let upper = line.to_ascii_uppercase();
        let usual = match upper.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => {
                let mut lines = vec!["localhost".to_owned(), "PIPELINING".into(), "SIZE 1000000".into()];
                if manner.security == Some(Security::StartTls) && !encrypted && !manner.stripped {
                    lines.push("STARTTLS".into());
                }
                if !manner.auth.is_empty() && (encrypted || manner.auth_in_clear) {
                    lines.push(format!("AUTH {}", manner.auth));
                }
                let last = lines.len() - 1;
                let line = |(index, line)| format!("250{}{line}", if index == last { ' ' } else { '-' });
                lines.iter().enumerate().map(line).collect::<Vec<_>>().join("\r\n")
            }
            "STARTTLS" if !encrypted => {
                say(stream, "220 go ahead").await?;
                return Some(());
            }
            "AUTH" => {
                let mut given = line.splitn(3, ' ').nth(2).unwrap_or_default().to_owned();
                let right = if upper.starts_with("AUTH PLAIN") {
                    given == PLAIN
                } else {
                    say(stream, "334 VXNlcm5hbWU6").await?;
                    let user = hear(stream).await?;
                    say(stream, "334 UGFzc3dvcmQ6").await?;
                    given = hear(stream).await?;
                    [user.as_str(), given.as_str()] == LOGIN
                };
                signed_in = right;
                let wrong = format!("535 5.7.8 authentication failed for {given} fel");
                if right { "235 2.7.0 welcome".to_owned() } else { wrong }
            }
            "MAIL" if !manner.auth.is_empty() && !signed_in => "530 5.7.0 sign in first".into(),
            "MAIL" => {
                mail = Received { from: between(&line), encrypted, signed_in, ..Received::default() };
                "250 2.1.0 ok".into()
            }
            "RCPT" => {
                let answer = told(manner, "RCPT", "250 2.1.5 ok");
                if answer.starts_with('2') {
                    mail.to.push(between(&line));
                }
                say(stream, &answer).await?;
                continue;
            }
            "DATA" => {
                let answer = told(manner, "DATA", "354 end with a dot");
                say(stream, &answer).await?;
                if !answer.starts_with('3') {
                    continue;
                }
                loop {
                    let line = hear(stream).await?;
                    if line == "." {
                        break;
                    }
                    assert!(line.len() < 1_000, "a line of {} bytes", line.len());
                    mail.text.push_str(line.strip_prefix('.').unwrap_or(&line));
                    mail.text.push('\n');
                }
                let answer = told(manner, "end", "250 2.0.0 queued as 4711");
                if answer.starts_with('2') || answer == "taken and cut" {
                    inbox.lock().unwrap().push(mail.clone());
                }
                say(stream, &answer).await?;
                continue;
            }
            "QUIT" => {
                say(stream, "221 bye").await?;
                return None;
            }
            _ => "500 5.5.2 what?".into(),
        };
        let command = upper.split([' ', ':']).next().unwrap_or_default().to_owned();
        say(stream, &told(manner, &command, &usual)).await?;
    }
}

fn told(manner: &Manner, command: &str, usual: &str) -> String {
    let mut answers = manner.answers.lock().unwrap();
    match answers.iter().position(|(to, _)| *to == command) {
        Some(index) => answers.remove(index).1.to_owned(),
        None => usual.to_owned(),
    }
}

fn between(line: &str) -> String {
    line.split(['<', '>']).nth(1).unwrap_or_default().to_owned()
}

async fn hear<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut line = String::new();
    let length = stream.read_line(&mut line).await.ok()?;
    (length > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
}

/// None: the connection is to be cut.
async fn say<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>, answer: &str) -> Option<()> {
    if answer == "silence" {
        std::future::pending::<()>().await;
    }
    if answer.ends_with("cut") {
        return None;
    }
    stream.get_mut().write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    stream.get_mut().flush().await.ok()
}
