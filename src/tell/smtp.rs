//! A mail handed to a server: one connection, every stage with its time limit, each receiver on its own. What goes
//! wrong is said in words that an operator can act on, without the password.

use std::error::Error;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters, TlsParametersBuilder};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use tokio::time::timeout;

use super::answer::{Answered, Refusal};
use super::cleaned;
use super::mail::Letter;
use super::secret::{Secret, Use};
use crate::config::{Mail, Security};
use crate::fetch::certificate_fault;

/// For a connection, and for each answer.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub connect: Duration,
    pub answer: Duration,
    /// Servers take their time to look through what they were given.
    pub taken: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { connect: Duration::from_secs(15), answer: Duration::from_secs(30), taken: Duration::from_mins(2) }
    }
}

/// The channel's name is for the hints.
pub async fn send(
    channel: &str,
    mail: &Mail,
    password: Option<&Secret>,
    to: &[String],
    letter: &Letter,
    patience: Patience,
) -> Result<Answered, Refusal> {
    let call = Call { channel, mail, password, patience };
    let mut connection = call.connect().await?;
    let result = call.hand_over(&mut connection, to, letter).await;
    // The server need not be told goodbye: what matters has been answered.
    let _ = timeout(Duration::from_secs(2), connection.abort()).await;
    result
}

struct Call<'a> {
    channel: &'a str,
    mail: &'a Mail,
    password: Option<&'a Secret>,
    patience: Patience,
}

impl Call<'_> {
    fn server(&self) -> String {
        let Mail { server, port, .. } = self.mail;
        if server.contains(':') { format!("[{server}]:{port}") } else { format!("{server}:{port}") }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Refusal> {
        let Mail { server, port, security, .. } = self.mail;
        let place = (server.as_str(), *port);
        let known = timeout(self.patience.connect, tokio::net::lookup_host(place)).await;
        let unknown = match known {
            Err(_) => Some("the name servers do not answer".to_owned()),
            Ok(Err(error)) => Some(innermost(&error)),
            Ok(Ok(mut addresses)) => addresses.next().is_none().then(|| "it has no address".to_owned()),
        };
        if let Some(reason) = unknown {
            let text = format!("the mail server {server} is not known: {reason}");
            return Err(Refusal::passing(text).hint("check `server`, and this machine's name servers"));
        }
        let tls = if *security == Security::None { None } else { Some(self.tls()?) };
        let first = tls.clone().filter(|_| *security == Security::Tls);
        let hello = hello();
        let connecting = AsyncSmtpConnection::connect_tokio1(place, Some(self.patience.connect), &hello, first, None);
        let mut connection = self.within(self.patience.answer, "greet", connecting).await?;
        if *security == Security::StartTls && !connection.can_starttls() {
            // Nothing is sent in the clear because somebody in between took the offer away.
            let text = format!("{} does not offer STARTTLS, so nothing was sent", self.server());
            return Err(Refusal::passing(text).hint(
                "security = \"tls\" where the server encrypts from the first byte (port 465); if it offers STARTTLS \
                 elsewhere, somebody stands in between",
            ));
        }
        if let Some(tls) = tls.filter(|_| *security == Security::StartTls) {
            self.within(self.patience.answer, "encrypt", connection.starttls(tls, &hello)).await?;
        }
        if let Some(user) = &self.mail.user {
            self.sign_in(&mut connection, user).await?;
        }
        Ok(connection)
    }

    fn tls(&self) -> Result<TlsParameters, Refusal> {
        let mut builder: TlsParametersBuilder = TlsParameters::builder(self.mail.server.clone());
        if let Some(file) = &self.mail.ca_file {
            let refused = |reason: String| Refusal::passing(format!("ca_file {}: {reason}", file.display()));
            let bytes = std::fs::read(file).map_err(|error| refused(error.to_string()))?;
            let none = "it holds no certificate in PEM (-----BEGIN CERTIFICATE-----)";
            if !bytes.windows(27).any(|window| window == b"-----BEGIN CERTIFICATE-----") {
                return Err(refused(none.to_owned()));
            }
            builder = builder
                .add_root_certificate(Certificate::from_pem(&bytes).map_err(|error| refused(innermost(&error)))?);
        }
        builder.build().map_err(|error| Refusal::passing(format!("could not set up TLS: {}", innermost(&error))))
    }

    async fn sign_in(&self, connection: &mut AsyncSmtpConnection, user: &str) -> Result<(), Refusal> {
        let (variable, credential) = (Use::Password.variable(self.channel), Use::Password.credential(self.channel));
        let Some(password) = self.password else {
            let text = format!("there is no password for {user} at {}", self.server());
            return Err(Refusal::passing(text).hint(format!(
                "set {variable}, or give the unit LoadCredential={credential}:…; without `user`, nobody signs in"
            )));
        };
        let offered = connection.server_info().get_auth_mechanism(&[Mechanism::Plain, Mechanism::Login]);
        let Some(mechanism) = offered else {
            let text = format!("{} offers no way to sign in with a password", self.server());
            return Err(Refusal::passing(text).hint(
                "some servers only do so on their port for clients (587 or 465), or over an encrypted connection; \
                 one that knows clients by their address needs no `user`",
            ));
        };
        let credentials = Credentials::new(user.to_owned(), password.expose().to_owned());
        let answer = timeout(self.patience.answer, connection.auth(&[mechanism], &credentials)).await;
        match answer {
            Ok(Err(error)) if error.is_permanent() => {
                let said = self.said(&error);
                let text = format!("{} does not accept user {user} with this password: {said}", self.server());
                Err(Refusal::passing(text).hint(format!(
                    "the password is taken from {variable} or the credential {credential}; many servers want one that \
                     was made for programs"
                )))
            }
            Ok(answer) => answer.map(drop).map_err(|error| self.fault("sign in", &error)),
            Err(_) => Err(self.silence("sign in", self.patience.answer)),
        }
    }

    async fn hand_over(
        &self,
        connection: &mut AsyncSmtpConnection,
        to: &[String],
        letter: &Letter,
    ) -> Result<Answered, Refusal> {
        let answer = self.patience.answer;
        // The letter is in 7-bit encodings and its addresses are ASCII: no extension is needed.
        debug_assert!(letter.bytes.is_ascii());
        let from = MailFrom::new(Some(letter.from.clone()), Vec::new());
        match timeout(answer, connection.command(from)).await {
            Ok(Err(error)) if error.is_permanent() => {
                let text = format!("{} does not take mail from {}: {}", self.server(), letter.from, self.said(&error));
                let hint = "`from` must be an address that the server lets this user or machine write from";
                return Err(Refusal::passing(text).hint(hint));
            }
            Ok(answer) => answer.map(drop).map_err(|error| self.fault("take the sender", &error))?,
            Err(_) => return Err(self.silence("take the sender", answer)),
        }
        let (mut taken, mut left, mut why, mut refused) = (0, Vec::new(), String::new(), Vec::new());
        for receiver in to {
            let Ok(address) = receiver.parse::<Address>() else { continue };
            let command = connection.command(Rcpt::new(address, Vec::new()));
            match timeout(answer, command).await.map_err(|_| self.silence("take the receiver", answer))? {
                Ok(_) => taken += 1,
                Err(error) if error.is_permanent() => refused.push(format!("{receiver}: {}", self.said(&error))),
                Err(error) if error.is_transient() => {
                    why = format!("{receiver}: {}", self.said(&error));
                    left.push(receiver.clone());
                }
                Err(error) => return Err(self.fault("take the receiver", &error)),
            }
        }
        if taken == 0 && left.is_empty() {
            let text = format!("{} takes mail for none of the receivers: {}", self.server(), refused.join("; "));
            return Err(
                Refusal::lasting(text).hint("check `to`; a server may also want `user` before it sends elsewhere")
            );
        }
        if taken == 0 {
            return Err(Refusal::passing(format!("{} does not take the mail now: {why}", self.server())));
        }
        self.within(answer, "begin the mail", connection.command(Data)).await?;
        let handed = timeout(self.patience.taken, connection.message(&letter.bytes)).await;
        let response = match handed {
            Ok(Ok(response)) => response,
            Ok(Err(error)) if error.is_permanent() => {
                return Err(Refusal::lasting(format!("{} refused the mail: {}", self.server(), self.said(&error))));
            }
            Ok(Err(error)) => return Err(self.fault("take the mail", &error)),
            Err(_) => return Err(self.silence("take the mail", self.patience.taken)),
        };
        let text = response.message().collect::<Vec<_>>().join(" ");
        let text = self.shown(&format!("{} {text}", response.code()));
        Ok(Answered { text: format!("{} answered {text}", self.server()), left, refused })
    }

    async fn within<T>(
        &self,
        limit: Duration,
        what: &str,
        step: impl Future<Output = Result<T, SmtpError>>,
    ) -> Result<T, Refusal> {
        match timeout(limit, step).await {
            Ok(result) => result.map_err(|error| self.fault(what, &error)),
            Err(_) => Err(self.silence(what, limit)),
        }
    }

    fn silence(&self, what: &str, limit: Duration) -> Refusal {
        Refusal::passing(format!("{} did not {what} within {} s", self.server(), limit.as_secs_f64()))
            .hint("is it the right port for this `security`? 587 for starttls, 465 for tls")
    }

    fn fault(&self, what: &str, error: &SmtpError) -> Refusal {
        let server = self.server();
        if let Some(reason) = certificate_fault(error) {
            let text = format!("the certificate of {server} is not trusted: {reason}");
            return Refusal::passing(text).hint(
                "nothing was sent; if the server's certificate is your organisation's own, give its issuer as ca_file; \
                 if not, somebody stands in between",
            );
        }
        if error.is_transient() || error.is_permanent() {
            return Refusal::passing(format!("{server} did not {what}: {}", self.said(error)));
        }
        let reason = self.shown(&innermost(error));
        let mut cause: Option<&(dyn Error + 'static)> = Some(error);
        let mut kind = None;
        while let Some(each) = cause {
            kind = kind.or_else(|| each.downcast_ref::<io::Error>().map(io::Error::kind));
            cause = each.source();
        }
        match kind {
            None if error.is_response() && !reason.starts_with("incomplete") => {
                Refusal::passing(format!("{server} does not answer as a mail server does: {reason}"))
                    .hint("check `server` and `port`")
            }
            Some(io::ErrorKind::ConnectionRefused) => {
                Refusal::passing(format!("could not connect to {server}: nobody listens there"))
                    .hint("check `server` and `port`, and that a firewall lets this machine through")
            }
            Some(io::ErrorKind::InvalidData) => {
                Refusal::passing(format!("{server} does not speak TLS from the first byte: {reason}"))
                    .hint("security = \"starttls\" where the server begins in the clear (port 587)")
            }
            Some(io::ErrorKind::TimedOut) => {
                Refusal::passing(format!("no connection to {server} within {} s", self.patience.connect.as_secs_f64()))
                    .hint("check `server` and `port`, and that a firewall lets this machine through")
            }
            _ => Refusal::passing(format!("the connection to {server} was cut short: {reason}")),
        }
    }

    /// What the server said, with its code: `535 5.7.8 authentication failed`.
    fn said(&self, error: &SmtpError) -> String {
        let code = error.status().map(|code| code.to_string()).unwrap_or_default();
        let said = error.source().map(ToString::to_string).unwrap_or_default();
        self.shown(&format!("{code} {said}"))
    }

    /// One bounded line, without the password should the server repeat it.
    fn shown(&self, text: &str) -> String {
        let user = self.mail.user.as_deref().unwrap_or_default();
        let text = self.password.map_or_else(|| text.to_owned(), |password| password.masked_as_sent(user, text));
        cleaned::headline(&text.replace(['\r', '\n'], " "), 200)
    }
}

/// How this machine presents itself: by its name if it has one that a server would take.
fn hello() -> ClientId {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    if plain && name.contains('.') && name.len() < 200 && name.parse::<IpAddr>().is_err() {
        ClientId::Domain(name.to_owned())
    } else {
        ClientId::default()
    }
}

/// The innermost error, without the number that the operating system has for it.
fn innermost<E: Error + 'static>(error: &E) -> String {
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let text = cause.to_string();
    text.strip_suffix(')')
        .and_then(|text| text.rsplit_once(" (os error "))
        .map_or(text.clone(), |(text, _)| text.to_owned())
}
