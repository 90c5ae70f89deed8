//! Mail handed to a server on this machine: encrypted both ways, signed in both ways, and everything that servers
//! answer when something is wrong.

use std::time::Duration;

use super::answer::{Answered, Refusal};
use super::mail;
use super::post_office::{Authority, Manner, PASSWORD, PostOffice};
use super::secret::Secret;
use super::smtp::{Patience, send};
use crate::config::{Mail, Publisher, Security};

const SECOND: Duration = Duration::from_secs(1);

async fn post(mail: &Mail, password: &str) -> Result<Answered, Refusal> {
    let publisher = Publisher { name: "Region Örebro län".into(), contact: String::new() };
    let at = "2026-11-23T08:05:00Z".parse().unwrap();
    let text = "Håll\n.en punkt\n..två\nslut";
    let letter = mail::write(mail, &publisher, "7.drift.1", at, "pipeline folk failed: för få", text)?;
    let patience = Patience { connect: 2 * SECOND, answer: SECOND, taken: SECOND };
    let password = (!password.is_empty()).then(|| Secret::new(password));
    send("drift", mail, password.as_ref(), &mail.to, &letter, patience).await
}

/// What went wrong and what to do, without the port; the secret is in neither.
async fn refused(mail: &Mail, password: &str) -> String {
    let refusal = post(mail, password).await.unwrap_err();
    let lasting = if refusal.lasting { "lasting" } else { "passing" };
    let text = format!("{lasting}: {}\nhint: {}", refusal.text, refusal.hint.unwrap_or_default());
    assert!(!text.contains(PASSWORD) && !text.contains("aGVtbGlndC"), "{text}");
    text.replace(&mail.port.to_string(), "PORT").trim_end_matches("\nhint: ").to_owned()
}

fn answers(answers: &[(&'static str, &'static str)]) -> Manner {
    let manner = Manner::default();
    manner.answers.lock().unwrap().extend_from_slice(answers);
    manner
}

#[tokio::test]
async fn mail_goes_encrypted_both_ways_and_signed_in_both_ways() {
    let authority = Authority::new();
    for security in [Security::StartTls, Security::Tls] {
        for auth in ["PLAIN LOGIN", "LOGIN", "PLAIN"] {
            let manner = Manner { security: Some(security), auth, ..Manner::default() };
            let office = PostOffice::open(&authority, manner).await;
            let answered = post(&office.mail(&authority), PASSWORD).await.unwrap();
            assert_eq!(answered.text, format!("localhost:{} answered 250 2.0.0 queued as 4711", office.port));
            let [received] = office.inbox().try_into().unwrap();
            assert!(received.encrypted && received.signed_in);
            assert_eq!(received.from, "underlag@region.example.org");
            assert_eq!(received.to, ["drift@region.example.org"]);
            let (head, body) = received.text.split_once("\n\n").unwrap();
            assert!(head.contains("\nMessage-ID: <underlag.7.drift.1@region.example.org>\n"), "{head}");
            assert!(head.contains("\nDate: Mon, 23 Nov 2026 08:05:00 "), "{head}");
            assert!(head.contains("\nAuto-Submitted: auto-generated\n"), "{head}");
            assert!(body.starts_with("H=C3=A5ll\n.en punkt\n..tv=C3=A5\nslut\n\n--=20\nRegion =C3=96rebro"), "{body}");
        }
    }
}

#[tokio::test]
async fn a_server_on_this_machine_needs_neither() {
    let authority = Authority::new();
    let office = PostOffice::open(&authority, Manner::default()).await;
    post(&office.mail(&authority), "").await.unwrap();
    let [received] = office.inbox().try_into().unwrap();
    assert!(!received.encrypted && !received.signed_in);
}

#[tokio::test]
async fn a_wrong_or_missing_password_is_said_without_it() {
    let authority = Authority::new();
    for auth in ["PLAIN", "LOGIN"] {
        let manner = Manner { security: Some(Security::Tls), auth, ..Manner::default() };
        let office = PostOffice::open(&authority, manner).await;
        let mail = office.mail(&authority);
        // The server repeats what it was given, as it was sent.
        assert_eq!(
            refused(&mail, "fel lösenord").await,
            "passing: localhost:PORT does not accept user underlag with this password: 535 5.7.8 authentication failed \
             for *** fel\nhint: the password is taken from UNDERLAG_NOTIFY_PASSWORD_DRIFT or the credential \
             notify-password-drift; many servers want one that was made for programs"
        );
    }
}

#[tokio::test]
async fn every_way_in_which_no_connection_comes_about_has_its_words() {
    let authority = Authority::new();
    let tls = Manner { security: Some(Security::Tls), auth: "PLAIN", ..Manner::default() };
    let starttls = Manner { security: Some(Security::StartTls), ..tls.clone() };
    let mut said = Vec::new();

    let office = PostOffice::open(&authority, starttls.clone()).await;
    let mail = office.mail(&authority);
    said.push(refused(&mail, "").await);
    // Nobody to trust, a server with another name, one whose certificate is old.
    said.push(refused(&Mail { ca_file: None, ..mail.clone() }, PASSWORD).await);
    for manner in
        [Manner { host: Some("mail.example.org"), ..tls.clone() }, Manner { expired: true, ..starttls.clone() }]
    {
        let office = PostOffice::open(&authority, manner).await;
        said.push(refused(&office.mail(&authority), PASSWORD).await);
        assert!(office.inbox().is_empty());
    }
    // Somebody in between takes the offer of STARTTLS away.
    let office = PostOffice::open(&authority, Manner { stripped: true, auth_in_clear: true, ..starttls.clone() }).await;
    said.push(refused(&office.mail(&authority), PASSWORD).await);
    // A server without passwords.
    let office = PostOffice::open(&authority, Manner { auth: "", ..starttls.clone() }).await;
    said.push(refused(&Mail { user: Some("underlag".into()), ..office.mail(&authority) }, PASSWORD).await);
    // The wrong kind of encryption for the port.
    let office = PostOffice::open(&authority, starttls).await;
    said.push(refused(&Mail { security: Security::Tls, ..office.mail(&authority) }, PASSWORD).await);
    let office = PostOffice::open(&authority, tls).await;
    said.push(refused(&Mail { security: Security::StartTls, ..office.mail(&authority) }, PASSWORD).await);
    // Nobody there, and no such name.
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    said.push(refused(&Mail { port: gone, server: "127.0.0.1".into(), ..mail.clone() }, PASSWORD).await);
    let unknown = refused(&Mail { server: "smtp.invalid".into(), ..mail.clone() }, PASSWORD).await;
    assert!(unknown.starts_with("passing: the mail server smtp.invalid is not known: "), "{unknown}");
    assert!(unknown.ends_with("\nhint: check `server`, and this machine's name servers"), "{unknown}");
    let absent = Mail { ca_file: Some("/nowhere/ca.pem".into()), ..mail };
    said.push(refused(&absent, PASSWORD).await);
    insta::assert_snapshot!(said.join("\n\n"), @r#"
    passing: there is no password for underlag at localhost:PORT
    hint: set UNDERLAG_NOTIFY_PASSWORD_DRIFT, or give the unit LoadCredential=notify-password-drift:…; without `user`, nobody signs in

    passing: the certificate of localhost:PORT is not trusted: it is issued by nobody that this machine trusts
    hint: nothing was sent; if the server's certificate is your organisation's own, give its issuer as ca_file; if not, somebody stands in between

    passing: the certificate of localhost:PORT is not trusted: it is for mail.example.org, not for this host
    hint: nothing was sent; if the server's certificate is your organisation's own, give its issuer as ca_file; if not, somebody stands in between

    passing: the certificate of localhost:PORT is not trusted: it has expired
    hint: nothing was sent; if the server's certificate is your organisation's own, give its issuer as ca_file; if not, somebody stands in between

    passing: localhost:PORT does not offer STARTTLS, so nothing was sent
    hint: security = "tls" where the server encrypts from the first byte (port 465); if it offers STARTTLS elsewhere, somebody stands in between

    passing: localhost:PORT offers no way to sign in with a password
    hint: some servers only do so on their port for clients (587 or 465), or over an encrypted connection; one that knows clients by their address needs no `user`

    passing: localhost:PORT does not speak TLS from the first byte: received corrupt message of type InvalidContentType
    hint: security = "starttls" where the server begins in the clear (port 587)

    passing: localhost:PORT did not greet within 1 s
    hint: is it the right port for this `security`? 587 for starttls, 465 for tls

    passing: could not connect to 127.0.0.1:PORT: nobody listens there
    hint: check `server` and `port`, and that a firewall lets this machine through

    passing: ca_file /nowhere/ca.pem: No such file or directory (os error 2)
    "#);
}

#[tokio::test]
async fn what_the_server_answers_decides_what_becomes_of_the_mail() {
    let authority = Authority::new();
    let mut said = Vec::new();
    for manner in [
        answers(&[("greeting", "554 5.7.1 no service here")]),
        answers(&[("greeting", "silence")]),
        answers(&[("MAIL", "550 5.1.8 sender not allowed")]),
        answers(&[("MAIL", "451 4.7.1 greylisted, come back")]),
        answers(&[("RCPT", "451 4.7.1 greylisted\u{1b}[31m, come back")]),
        answers(&[("RCPT", "550 5.1.1 no such user")]),
        answers(&[("DATA", "421 4.3.2 shutting down")]),
        answers(&[("end", "552 5.3.4 too big")]),
        answers(&[("end", "451 4.3.0 try later")]),
        answers(&[("end", "taken and cut")]),
        answers(&[("DATA", "nonsense")]),
    ] {
        let office = PostOffice::open(&authority, manner).await;
        said.push(refused(&office.mail(&authority), "").await);
    }
    insta::assert_snapshot!(said.join("\n\n"), @r"
    passing: localhost:PORT did not greet: 554 5.7.1 no service here

    passing: localhost:PORT did not greet within 1 s
    hint: is it the right port for this `security`? 587 for starttls, 465 for tls

    passing: localhost:PORT does not take mail from underlag@region.example.org: 550 5.1.8 sender not allowed
    hint: `from` must be an address that the server lets this user or machine write from

    passing: localhost:PORT did not take the sender: 451 4.7.1 greylisted, come back

    passing: localhost:PORT does not take the mail now: drift@region.example.org: 451 4.7.1 greylisted[31m, come back

    lasting: localhost:PORT takes mail for none of the receivers: drift@region.example.org: 550 5.1.1 no such user
    hint: check `to`; a server may also want `user` before it sends elsewhere

    passing: localhost:PORT did not begin the mail: 421 4.3.2 shutting down

    lasting: localhost:PORT refused the mail: 552 5.3.4 too big

    passing: localhost:PORT did not take the mail: 451 4.3.0 try later

    passing: the connection to localhost:PORT was cut short: incomplete response

    passing: localhost:PORT does not answer as a mail server does: error Tag at: nonsense
    hint: check `server` and `port`
    ");
}

#[tokio::test]
async fn each_receiver_has_an_answer_of_its_own() {
    let authority = Authority::new();
    let office = PostOffice::open(
        &authority,
        answers(&[("RCPT", "250 ok"), ("RCPT", "451 4.7.1 greylisted"), ("RCPT", "550 5.1.1 no such user")]),
    )
    .await;
    let to = ["a@example.org", "b@example.org", "c@example.org"].map(str::to_owned).to_vec();
    let answered = post(&Mail { to, ..office.mail(&authority) }, "").await.unwrap();
    assert_eq!(answered.left, ["b@example.org"]);
    assert_eq!(answered.refused, ["c@example.org: 550 5.1.1 no such user"]);
    assert_eq!(office.inbox()[0].to, ["a@example.org"]);
}
