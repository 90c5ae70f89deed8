//! `[notify]`: what it turns into, and each mistake with its text.

use std::time::Duration;

use super::Project;
use crate::config::{Form, Matter, Notify, Security, Way};

const MAIL: &str = r#"version = 1
[notify.channel.drift.mail]
server = "smtp.example.org"
from = "underlag@example.org"
to = ["drift@example.org"]
"#;

fn project(text: &str) -> Project {
    let project = Project::new();
    project.write("config/underlag.toml", text);
    project
}

/// Every message with its line and hint.
fn said(text: &str) -> String {
    let report = project(text).report();
    let lines = report.lines().filter_map(|line| {
        let place = line.trim().strip_prefix("--> config/underlag.toml:").map(|place| format!("  at {place}"));
        let hint = line.trim().strip_prefix("= hint: ").map(|hint| format!("  {hint}"));
        line.strip_prefix("error: ").map(str::to_owned).or(place).or(hint)
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn channels_are_read_with_their_defaults() {
    assert_eq!(project("version = 1\n").config().notify, Notify::default());
    let more = "user = \"underlag\"\ntell = [\"published\", \"late\"]\n\
                [notify.channel.chatt.webhook]\nform = \"text\"\n\
                [notify]\nbatch = \"30s\"\nlink = \"https://underlag.example.org\"\nrevision_above = \"12.5%\"\n";
    let notify = project(&format!("{MAIL}{more}")).config().notify;
    assert_eq!((notify.batch, notify.revision_above), (Duration::from_secs(30), 12.5));
    let drift = &notify.channels["drift"];
    assert_eq!(drift.tell.iter().copied().collect::<Vec<_>>(), [Matter::Late, Matter::Published]);
    assert!(!drift.recovered);
    let Way::Mail(mail) = &drift.way else { panic!("{drift:?}") };
    assert_eq!((mail.security, mail.port, mail.user.as_deref()), (Security::StartTls, 587, Some("underlag")));
    let chatt = &notify.channels["chatt"];
    assert!(chatt.recovered && !chatt.tell.contains(&Matter::Published) && chatt.tell.len() == 6);
    let Way::Webhook(webhook) = &chatt.way else { panic!("{chatt:?}") };
    assert_eq!((webhook.form, &webhook.url), (Form::Text, &None));
    for (security, port) in [("tls", 465), ("starttls", 587)] {
        let notify = project(&format!("{MAIL}security = \"{security}\"\n")).config().notify;
        let Way::Mail(mail) = &notify.channels["drift"].way else { panic!() };
        assert_eq!(mail.port, port);
    }
    project(&format!("{MAIL}security = \"none\"\nallow_plain = true\n")).config();
    project(&format!("{MAIL}security = \"none\"\n").replace("smtp.example.org", "localhost")).config();
}

#[test]
fn what_would_go_unencrypted_is_refused() {
    let text = format!("{MAIL}security = \"none\"\n[notify.channel.krok.webhook]\nurl = \"http://hooks.example.org/x\"\n");
    insta::assert_snapshot!(said(&text), @"");
    project("version = 1\n[notify.channel.krok.webhook]\nurl = \"http://127.0.0.1:9000/x\"\n").config();
}

#[test]
fn mistakes_in_a_channel_are_shown_with_what_would_do() {
    let text = "version = 1\n[notify]\nbatch = \"2d\"\nrevision_above = \"5\"\nlink = \"https://a.example/?x=1\"\n\
                [notify.channel.drift.mail]\nserver = \"smtp.example.org:587\"\nfrom = \"Underlag <u@example.org>\"\n\
                to = [\"drift\", \"a@example.org\\r\\nBcc: b@example.org\"]\nsecurity = \"ssl\"\npassword = \"x\"\n\
                tell = [\"everything\"]\nuser = \"\"\n\
                [notify.channel.tom]\n\
                [notify.channel.bada.mail]\nserver = \"a.example\"\nfrom = \"a@example.org\"\nto = []\n\
                [notify.channel.bada.webhook]\nurl = \"https://u:p@hooks.example.org\"\nform = \"slack\"\n";
    insta::assert_snapshot!(said(text), @"");
}
