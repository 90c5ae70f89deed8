//! `underlag.toml`: places, publisher and bounds.

use super::notify::NOTIFY;
use super::{BUCKET_URL, DURATION, HOST, Key, Kind, LISTEN, PROXY, REGION, SIZE, Shape, TEXT, URL, VERSION};

pub(in crate::config) static UNDERLAG: Shape = Shape {
    about: "Settings of the daemon. Relative paths count from the folder of this file.",
    keys: &[
        VERSION,
        Key::default(
            "data_dir",
            Kind::Text(&TEXT),
            "/var/lib/underlag",
            "The data folder: archive, stage, ledger, datasets, site.",
        ),
        Key::optional(
            "data_url",
            Kind::Text(&BUCKET_URL),
            "Object storage for archive, datasets and site, s3://BUCKET/PREFIX. Stage, ledger and cache stay in data_dir.",
        ),
        Key::default(
            "pipelines_dir",
            Kind::Text(&TEXT),
            "../pipelines",
            "One folder per pipeline, each with a pipeline.toml.",
        ),
        Key::default("reports_dir", Kind::Text(&TEXT), "../reports", "One folder per report product."),
        Key::default("reference_dir", Kind::Text(&TEXT), "../reference", "Code lists and crosswalks as CSV."),
        Key::optional("storage", Kind::Table(&STORAGE), "How the object storage of data_url is reached."),
        Key::optional("publisher", Kind::Table(&PUBLISHER), "Who publishes, and answers questions."),
        Key::optional("run", Kind::Table(&RUN), "How pipelines are run."),
        Key::optional("retention", Kind::Table(&RETENTION), "Which versions keep their data."),
        Key::optional("http", Kind::Table(&HTTP), "Bounds on every call to a source."),
        Key::optional("server", Kind::Table(&SERVER), "The built-in web server."),
        Key::optional("daemon", Kind::Table(&DAEMON), "The program that runs on schedule."),
        Key::optional("notify", Kind::Table(&NOTIFY), "Who is told of what, by mail or webhook."),
    ],
    one_of: false,
};

static STORAGE: Shape = Shape {
    about: "How the object storage of data_url is reached. Credentials come from the environment or from systemd.",
    keys: &[
        Key::optional("endpoint", Kind::Text(&URL), "The server of S3-compatible storage; left out, Amazon's own."),
        Key::default("region", Kind::Text(&REGION), "us-east-1", "The region that calls are signed for."),
        Key::default("allow_http", Kind::Boolean, "false", "Whether the endpoint may be without encryption."),
    ],
    one_of: false,
};

static PUBLISHER: Shape = Shape {
    about: "Who publishes, and answers questions.",
    keys: &[
        Key::default(
            "name",
            Kind::Text(&TEXT),
            "Underlag",
            "Named in the credit of computed figures: \"Beräknad av NAME med underlag från …\".",
        ),
        Key::optional(
            "contact",
            Kind::Text(&TEXT),
            "An e-mail address or web page; sources see it in every call's User-Agent.",
        ),
    ],
    one_of: false,
};

static RUN: Shape = Shape {
    about: "How pipelines are run.",
    keys: &[
        Key::default(
            "max_parallel_pipelines",
            Kind::Integer { min: 1, max: 64 },
            "2",
            "How many pipelines run at the same time.",
        ),
        Key::default(
            "memory_limit",
            Kind::Text(&SIZE),
            "256MiB",
            "Memory for SQL; what does not fit is spilled to disk or fails.",
        ),
        Key::default(
            "resume_within",
            Kind::Text(&DURATION),
            "24h",
            "How long an interrupted run's answers may be used by the next one.",
        ),
    ],
    one_of: false,
};

static RETENTION: Shape = Shape {
    about: "Which versions keep their data; manifests are always kept. A version stays as long as any of the keys keeps it.",
    keys: &[
        Key::default(
            "keep_newest",
            Kind::Integer { min: 1, max: i64::MAX },
            "10",
            "How many of a dataset's newest versions stay, whatever their age.",
        ),
        Key::default("keep_within", Kind::Text(&DURATION), "400d", "Every version younger than this stays."),
        Key::default("keep_monthly", Kind::Boolean, "true", "The last version of every month stays, for good."),
        Key::default(
            "grace",
            Kind::Text(&DURATION),
            "24h",
            "How long a version that is no longer current stays for readers that are under way.",
        ),
    ],
    one_of: false,
};

static HTTP: Shape = Shape {
    about: "Bounds on every call to a source.",
    keys: &[
        Key::default("connect_timeout", Kind::Text(&DURATION), "10s", "Time to get a connection."),
        Key::default("read_timeout", Kind::Text(&DURATION), "60s", "Longest silence while an answer arrives."),
        Key::default("total_timeout", Kind::Text(&DURATION), "10m", "Longest time for one answer in all."),
        Key::default("max_body", Kind::Text(&SIZE), "64MiB", "Largest answer as it is sent."),
        Key::default("max_decompressed", Kind::Text(&SIZE), "512MiB", "Largest answer after decompression."),
        Key::default(
            "stream_timeout",
            Kind::Text(&DURATION),
            "2h",
            "Longest time for one streamed answer in all: a year of ads, a large workbook.",
        ),
        Key::default("max_stream", Kind::Text(&SIZE), "8GiB", "Largest streamed answer as it is sent."),
        Key::default(
            "max_stream_decompressed",
            Kind::Text(&SIZE),
            "64GiB",
            "Largest streamed answer after decompression, what is inside an archive file included.",
        ),
        Key::default("max_redirects", Kind::Integer { min: 0, max: 20 }, "3", "How many redirects are followed."),
        Key::default("max_tries", Kind::Integer { min: 1, max: 50 }, "5", "How many times a call is tried in all."),
        Key::default(
            "max_wait",
            Kind::Text(&DURATION),
            "2m",
            "Longest wait before a retry; a source that asks for more is an error.",
        ),
        Key::default(
            "outage_after",
            Kind::Integer { min: 2, max: 10_000 },
            "10",
            "After so many failures in a row (no connection, no whole answer, 5xx), over all pipelines, a source counts \
             as out of order and is left alone.",
        ),
        Key::default(
            "outage_pause",
            Kind::Text(&DURATION),
            "5m",
            "How long a source that is out of order is left alone before one call looks whether it is back; doubled, \
             up to an hour, while it is not.",
        ),
        Key::optional(
            "proxy",
            Kind::Text(&PROXY),
            "The proxy for every call, in the place of those that HTTPS_PROXY and HTTP_PROXY name. A user and password \
             for it stand in UNDERLAG_PROXY_AUTH, never here.",
        ),
        Key::optional(
            "no_proxy",
            Kind::List { item: &Kind::Text(&HOST), may_be_empty: true },
            "Hosts that `proxy` is not for, with all below them. This machine is always reached directly.",
        ),
        Key::optional(
            "ca_file",
            Kind::Text(&TEXT),
            "Certificates (PEM) to trust beside the system's own, such as those of a firewall that opens TLS.",
        ),
        Key::optional(
            "allow_hosts",
            Kind::List { item: &Kind::Text(&HOST), may_be_empty: false },
            "The only hosts that are called: \"api.kolada.se\", or \"*.scb.se\" for all below scb.se. This machine is \
             always allowed. Left out: any.",
        ),
    ],
    one_of: false,
};

static SERVER: Shape = Shape {
    about: "The built-in web server.",
    keys: &[Key::default("listen", Kind::Text(&LISTEN), "127.0.0.1:8080", "Address and port.")],
    one_of: false,
};

static DAEMON: Shape = Shape {
    about: "The program that runs on schedule.",
    keys: &[Key::default(
        "shutdown_grace",
        Kind::Text(&DURATION),
        "30s",
        "How long what is under way may take to end when the daemon is told to stop.",
    )],
    one_of: false,
};
