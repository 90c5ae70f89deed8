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
        line.strip_prefix("error[")
            .and_then(|rest| rest.split_once("]: "))
            .map(|(_, message)| message.to_owned())
            .or(place)
            .or(hint)
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
    let text =
        format!("{MAIL}security = \"none\"\n[notify.channel.krok.webhook]\nurl = \"http://hooks.example.org/x\"\n");
    insta::assert_snapshot!(said(&text), @r#"
    mail to smtp.example.org would go without encryption
      at 6:12
      "starttls" (port 587) or "tls" (port 465); or add allow_plain = true where the network is your own
    what this webhook is told would go without encryption
      at 8:7
      an https address; http only leads to this machine
    "#);
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
    insta::assert_snapshot!(said(text), @r#"
    messages would be held back for longer than a day
      at 3:9
      a few minutes: "2m"
    "5" is not a percentage
      at 4:18
      a number from 0 to 100 and a %: "20%"
    a base URL has no ?query
      at 5:8
      leave out the question mark and what follows
    "smtp.example.org:587" is not a mail server
      at 7:10
      a name without scheme or port: "smtp.example.org"; `port` is a key of its own
    "Underlag <u@example.org>" is not a mail address
      at 8:8
      one address without a name: "statistik@example.org"
    "drift" is not a mail address
      at 9:7
      one address without a name: "statistik@example.org"
    "a@example.org\r\nBcc: b@example.org" is not a mail address
      at 9:16
      one address without a name: "statistik@example.org"
    `notify.channel.drift.mail.security` can't be "ssl"
      at 10:12
      allowed: "starttls", "tls", "none"
    unknown key `password` in [notify.channel.drift.mail]
      at 11:1
      known keys: `server`, `port`, `security`, `allow_plain`, `from`, `to`, `user`, `ca_file`, `tell`
    `notify.channel.drift.mail.tell` can't be "everything"
      at 12:9
      allowed: "published", "revision", "check_failed", "failed", "late", "source_broken", "configuration", "recovered"
    "" is not a user's name
      at 13:8
      the name that the mail server knows; one line
    [notify.channel.tom] has no kind
      at 14:1
      one of [notify.channel.tom.mail], [notify.channel.tom.webhook]
    `notify.channel.bada.mail.to` is an empty list
      at 18:1
    [notify.channel.bada] has two kinds
      at 19:22
      keep one of [notify.channel.bada.mail], [notify.channel.bada.webhook]
    a URL in a configuration file must not hold a user or password
      at 20:7
      leave out what stands before the @
    `notify.channel.bada.webhook.form` can't be "slack"
      at 21:8
      allowed: "json", "text"
    "#);
}
