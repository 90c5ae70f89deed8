//! A notice as a mail: plain text, UTF-8, in 7-bit transfer encodings, with an id that stays the same when the mail
//! is sent again.

use std::time::SystemTime;

use jiff::Timestamp;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Message};
use lettre::{Address, address::Envelope};

use super::answer::Refusal;
use super::cleaned;
use crate::PROGRAM;
use crate::config::{Mail, Publisher};

/// A mail, ready to be handed over.
pub struct Letter {
    pub from: Address,
    pub bytes: Vec<u8>,
}

pub fn write(
    mail: &Mail,
    publisher: &Publisher,
    id: &str,
    made_at: Timestamp,
    title: &str,
    text: &str,
) -> Result<Letter, Refusal> {
    let address =
        |text: &str| text.parse::<Address>().map_err(|_| Refusal::lasting(format!("{text:?} is not a mail address")));
    let from = address(&mail.from)?;
    let domain = from.domain().to_owned();
    // Who of several installations writes is seen in the list of mails.
    let name = cleaned::headline(&format!("Underlag, {}", publisher.name), 100).replace('"', "'");
    let name = if publisher.name == "Underlag" { "Underlag".to_owned() } else { name };
    let subject = cleaned::headline(&format!("[underlag] {title}"), 200);
    let mut builder = Message::builder()
        .from(Mailbox::new(Some(name), from.clone()))
        .subject(subject)
        .date(SystemTime::from(made_at))
        .message_id(Some(format!("<underlag.{id}@{domain}>")))
        .user_agent(PROGRAM.to_owned())
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
        .header(ContentType::TEXT_PLAIN);
    let mut to = Vec::new();
    for receiver in &mail.to {
        let receiver = address(receiver)?;
        builder = builder.to(Mailbox::new(None, receiver.clone()));
        to.push(receiver);
    }
    let build = |fault: String| Refusal::lasting(format!("could not write the mail: {fault}"));
    let envelope = Envelope::new(Some(from.clone()), to).map_err(|fault| build(fault.to_string()))?;
    let text = format!("{}\n\n-- \n{}\n", text.trim_end(), cleaned::headline(&publisher.name, 100));
    let encoding = if text.is_ascii() && text.lines().all(|line| line.len() < 900) {
        ContentTransferEncoding::SevenBit
    } else {
        ContentTransferEncoding::QuotedPrintable
    };
    // CRLF is what a mail's lines end with, and what the encoding keeps.
    let text = text.replace('\r', "").replace('\n', "\r\n");
    let body = Body::new_with_encoding(text, encoding).map_err(|_| build("its text has no encoding".to_owned()))?;
    let message = builder.envelope(envelope).body(body).map_err(|fault| build(fault.to_string()))?;
    Ok(Letter { from, bytes: message.formatted() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Security;

    fn mail() -> Mail {
        Mail {
            server: "localhost".into(),
            port: 25,
            security: Security::None,
            from: "underlag@region.example.org".into(),
            to: vec!["drift@region.example.org".into(), "b@example.org".into()],
            user: None,
            ca_file: None,
        }
    }

    fn written(publisher: &str, title: &str, text: &str) -> String {
        let publisher = Publisher { name: publisher.into(), contact: String::new() };
        let at = "2026-11-23T08:05:00Z".parse().unwrap();
        String::from_utf8(write(&mail(), &publisher, "7.1", at, title, text).unwrap().bytes).unwrap()
    }

    #[test]
    fn a_mail_is_as_it_should_be() {
        insta::assert_snapshot!(written("Region Örebro län", "pipeline folk failed: för få rader", "Håll\n.rad\nslut")
            .replace("\r\n", "\n"), @r"
    From: =?utf-8?b?VW5kZXJsYWcsIFJlZ2lvbiDDlnJlYnJvIGzDpG4=?= <underlag@region.example.org>
    Subject: [underlag] pipeline folk failed: =?utf-8?b?ZsO2ciBmw6U=?= rader
    Date: Mon, 23 Nov 2026 08:05:00 +0000
    Message-ID: <underlag.7.1@region.example.org>
    User-Agent: underlag/0.1.0
    Auto-Submitted: auto-generated
    Content-Type: text/plain; charset=utf-8
    To: drift@region.example.org, b@example.org
    Content-Transfer-Encoding: quoted-printable

    H=C3=A5ll
    .rad
    slut

    --=20
    Region =C3=96rebro l=C3=A4n
    ");
    }

    #[test]
    fn nobody_can_add_a_header() {
        let mail = written("A\r\nBcc: x@example.org", "x\r\nBcc: y@example.org\r\n\r\nbody", "text\r\nBcc: z");
        let (head, body) = mail.split_once("\r\n\r\n").unwrap();
        assert!(!head.lines().any(|line| line.to_lowercase().starts_with("bcc")), "{head}");
        assert!(head.contains("Subject: [underlag] x\r\n") && body.starts_with("text\r\nBcc: z\r\n"), "{mail}");
        assert!(mail.is_ascii() && !mail.replace("\r\n", "").contains(['\r', '\n']));
    }

    #[test]
    fn long_lines_are_folded() {
        let mail = written("Region Å", &"å".repeat(150), &"ö".repeat(300));
        assert!(mail.is_ascii() && mail.split("\r\n").all(|line| line.len() <= 78), "{mail}");
    }
}
