//! `[notify]` of `underlag.toml`.

use super::{BASE_URL, DURATION, Key, Kind, MAIL_ADDRESS, MAIL_SERVER, MAIL_USER, NAME, PERCENT, Shape, TEXT, URL};

pub(super) static NOTIFY: Shape = Shape {
    about: "Who is told of what, by mail or webhook.",
    keys: &[
        Key::default("batch", Kind::Text(&DURATION), "2m", "What happens within this time is told in one message."),
        Key::optional(
            "link",
            Kind::Text(&BASE_URL),
            "The built-in server's address as its readers reach it; messages link to its pages of runs.",
        ),
        Key::default(
            "revision_above",
            Kind::Text(&PERCENT),
            "5%",
            "A revision is told of when a larger share of a dataset's rows was revised.",
        ),
        Key::optional(
            "channel",
            Kind::Tables { key: &NAME, shape: &KINDS },
            "[notify.channel.NAME.KIND]; passwords and secrets are looked for by NAME.",
        ),
    ],
    one_of: false,
};

static KINDS: Shape = Shape {
    about: "What kind of channel it is.",
    keys: &[
        Key::optional("mail", Kind::Table(&MAIL), "Mail in plain text."),
        Key::optional("webhook", Kind::Table(&WEBHOOK), "A call to a web service."),
    ],
    one_of: true,
};

const TELL: Key = Key::default(
    "tell",
    Kind::List { item: &Kind::OneOf(MATTERS), may_be_empty: false },
    "[\"revision\", \"check_failed\", \"failed\", \"late\", \"source_broken\", \"configuration\", \"recovered\"]",
    "Which matters are told here: all but `published`, unless this says otherwise.",
);

static MAIL: Shape = Shape {
    about: "Mail. The password of `user` is UNDERLAG_NOTIFY_PASSWORD_NAME in the environment or the credential \
            notify-password-NAME, never here.",
    keys: &[
        Key::required("server", Kind::Text(&MAIL_SERVER), "The mail server's name."),
        Key::optional(
            "port",
            Kind::Integer { min: 1, max: 65_535 },
            "Its port: 587 for starttls, 465 for tls and 25 for none, unless this says otherwise.",
        ),
        Key::default(
            "security",
            Kind::OneOf(&["starttls", "tls", "none"]),
            "starttls",
            "How the way there is encrypted: from the server's greeting on (starttls), from the first byte (tls), or not \
             at all.",
        ),
        Key::default(
            "allow_plain",
            Kind::Boolean,
            "false",
            "Whether security may be \"none\" for a server on another machine.",
        ),
        Key::required("from", Kind::Text(&MAIL_ADDRESS), "The sender's address."),
        Key::required(
            "to",
            Kind::List { item: &Kind::Text(&MAIL_ADDRESS), may_be_empty: false },
            "The receivers' addresses.",
        ),
        Key::optional("user", Kind::Text(&MAIL_USER), "The name to sign in with; left out: without signing in."),
        Key::optional(
            "ca_file",
            Kind::Text(&TEXT),
            "Certificates (PEM) to trust beside the system's own, such as that of the organisation.",
        ),
        TELL,
    ],
    one_of: false,
};

static WEBHOOK: Shape = Shape {
    about: "A webhook. UNDERLAG_NOTIFY_SECRET_NAME in the environment, or the credential notify-secret-NAME, signs what \
            is sent.",
    keys: &[
        Key::optional(
            "url",
            Kind::Text(&URL),
            "Where to. Left out where the address is a secret itself, as with Slack: UNDERLAG_NOTIFY_URL_NAME in the \
             environment, or the credential notify-url-NAME.",
        ),
        Key::default(
            "form",
            Kind::OneOf(&["json", "text"]),
            "json",
            "Everything as JSON, or {\"text\": …} as Slack, Teams and Mattermost take it.",
        ),
        TELL,
    ],
    one_of: false,
};

const MATTERS: &[&str] =
    &["published", "revision", "check_failed", "failed", "late", "source_broken", "configuration", "recovered"];
