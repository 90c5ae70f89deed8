//! Every key of every configuration file, declared once. The checker, its
//! hints and the JSON Schema all read these tables, so that they can't differ.

mod areas;
mod dataset;
mod fetch;
mod notify;
mod pipeline;
mod release;
mod report;
mod sources;
mod underlag;

use super::jobtech;
use super::leaf::{self, Fault, Leaf};
use super::leaf_notify;
use super::leaf_source;

pub(super) use areas::AREAS;
pub(super) use pipeline::PIPELINE;
pub(super) use report::REPORT;
pub(super) use sources::SOURCES;
pub(super) use underlag::UNDERLAG;

/// A table: which keys it may hold.
#[derive(Debug)]
pub(super) struct Shape {
    pub about: &'static str,
    pub keys: &'static [Key],
    /// Exactly one of the keys must be there: the kinds of a source, for example.
    pub one_of: bool,
}

#[derive(Debug)]
pub(super) struct Key {
    pub name: &'static str,
    pub kind: Kind,
    pub required: bool,
    pub about: &'static str,
    /// As it is written in TOML; none where leaving it out means that there is none.
    pub default: Option<&'static str>,
}

impl Key {
    const fn required(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, kind, required: true, about, default: None }
    }

    const fn optional(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, kind, required: false, about, default: None }
    }

    const fn default(name: &'static str, kind: Kind, default: &'static str, about: &'static str) -> Self {
        Self { name, kind, required: false, about, default: Some(default) }
    }
}

/// What may stand behind a key.
#[derive(Debug)]
pub(super) enum Kind {
    Text(&'static Rule),
    OneOf(&'static [&'static str]),
    Integer {
        min: i64,
        max: i64,
    },
    /// Above 0.
    Number,
    /// Any finite one.
    AnyNumber,
    Boolean,
    /// No item twice.
    List {
        item: &'static Kind,
        may_be_empty: bool,
    },
    /// A single value or a list, told apart by their TOML types.
    Either(&'static Kind, &'static Kind),
    /// Free keys with plain values.
    Map {
        key: &'static Rule,
        value: &'static Kind,
    },
    Table(&'static Shape),
    /// Free keys with tables: `[dataset.NAME]`.
    Tables {
        key: &'static Rule,
        shape: &'static Shape,
    },
}

/// How a text is checked, and what a schema says about it.
#[derive(Debug)]
pub(super) struct Rule {
    pub what: &'static str,
    pub check: fn(&str) -> Result<(), Fault>,
    /// A regular expression that accepts at least everything that `check` does.
    pub pattern: Option<&'static str>,
}

macro_rules! rule {
    ($name:ident, $parse:path, $what:literal $(, $pattern:literal)?) => {
        pub(super) static $name: Rule = Rule {
            what: $what,
            check: |text| discard($parse(text)),
            pattern: rule!(@pattern $($pattern)?),
        };
    };
    (@pattern) => { None };
    (@pattern $pattern:literal) => { Some($pattern) };
}

fn discard<T>(parsed: Leaf<T>) -> Result<(), Fault> {
    parsed.map(drop)
}

rule!(TEXT, leaf::filled, "a text", r"\S");
rule!(ANY_TEXT, leaf::any, "a text");
rule!(NAME, leaf::name, "a name in ASCII snake_case", "^[a-z][a-z0-9_]{0,62}$");
rule!(DURATION, leaf::duration, "a duration such as \"5m\"", "^[0-9]+(ms|s|m|h|d)$");
rule!(SIZE, leaf::size, "a size such as \"256MiB\"", "^[0-9]+(B|KiB|MiB|GiB|kB|MB|GB)$");
rule!(PERCENT, leaf::percent, "a percentage such as \"20%\"", r"^[0-9.]+%$");
rule!(CRON, leaf::cron, "a schedule of five fields", r"^\s*\S+(\s+\S+){4}\s*$");
rule!(
    RELEASE_DATE,
    leaf::release_date,
    "the date of a release",
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?)?$"
);
rule!(TIME_OF_DAY, leaf::time_of_day, "a time of day such as \"08:00\"", "^[0-2][0-9]:[0-5][0-9]$");
rule!(INTERVAL, leaf::interval, "a duration such as \"24h\", or \"never\"", "^([0-9]+(ms|s|m|h|d)|never)$");
rule!(TIME_ZONE, leaf::time_zone, "a time zone");
rule!(URL, leaf::url, "a URL", "^[hH][tT][tT][pP][sS]?:");
rule!(BASE_URL, leaf::base_url, "a URL", "^[hH][tT][tT][pP][sS]?:");
rule!(BUCKET_URL, leaf::bucket_url, "a bucket's URL", "^s3://[a-z0-9][a-z0-9.-]+[a-z0-9]");
rule!(REGION, leaf::region, "a region", "^[a-z0-9-]+$");
rule!(LISTEN, leaf::listen, "an address and port", r":[0-9]+$");
rule!(SQL_FILE, leaf::sql_file, "the name of an SQL file", r"^[^./\\][^/\\]*\.sql$");
rule!(POINTER, leaf::pointer, "a JSON pointer", "^(/|$)");
rule!(DELIMITER, leaf::delimiter, "one character", "^[^A-Za-z0-9]$");
rule!(ENCODING, leaf::encoding, "an encoding");
rule!(CELLS, leaf::cell_range, "a range of cells such as \"B4:H300\"", "^[A-Z]{1,3}[0-9]+:[A-Z]{1,3}[0-9]*$");
rule!(DATE, leaf::date, "a date such as \"2026-11-01\"", "^[0-9]{4}-[0-9]{2}-[0-9]{2}$");
rule!(LINK_PATTERN, leaf::link_pattern, "a pattern with the parts of a period", r"\{[a-z]+\}");
rule!(KPI, leaf::kpi, "the id of a KPI", "^[NU][0-9]{5}$");
rule!(UNIT, leaf::unit, "a unit's code", "^([0-9]{4}|G[0-9]+)$");
rule!(KPI_GROUP, leaf_source::kpi_group, "the id of a group of KPIs", "^G[0-9A-Za-z]+$");
rule!(OU, leaf_source::ou, "the id of a unit or a pattern", "^[A-Z0-9*?]+$");
rule!(EUROSTAT_DATASET, leaf_source::eurostat_dataset, "the code of a dataset", "^[A-Za-z0-9_$-]+$");
rule!(EUROSTAT_PERIOD, leaf_source::eurostat_period, "a period", "^[0-9]{4}");
rule!(KOMMUN, leaf::kommun, "a municipality code", "^[0-9]{4}$");
rule!(AREA, leaf::area, "a municipality's or county's code", "^([0-9]{2}|[0-9]{4})$");
rule!(COUNTY, leaf::county, "a county's code", "^[0-9]{2}$");
rule!(SCHOOL_UNIT, leaf::school_unit, "a school unit's code", "^[0-9]{8}$");
rule!(YEARS, leaf::years, "which years", r"^([0-9]{4}\.\.|latest\([0-9]+\))$");
rule!(SELECTION, leaf::selection, "a code or selection expression", ".");
rule!(DIMENSION, leaf::dimension, "the code of a dimension", ".");
rule!(DAYS, leaf::days, "a number of days such as \"400d\"", "^[0-9]+d$");
rule!(CODES, leaf::codes, "a column of a reference table such as \"ssyk.kod\"", "^[A-Za-z0-9_]+\\.[A-Za-z0-9_]+$");
rule!(LATEST, jobtech::latest, "a version's number or \"latest\"", "^latest$");
rule!(SLUG, jobtech::slug, "the name of a query", "^[a-z0-9]+(-[a-z0-9]+)*$");
rule!(PLACE, jobtech::place, "the code of a län or a kommun", "^[0-9]{2}([0-9]{2})?$");
rule!(
    GROUP,
    jobtech::group,
    "an SSYK code or a concept id",
    "^([0-9]{4}|[A-Za-z0-9]{4}_[A-Za-z0-9]{3}_[A-Za-z0-9]{3})$"
);
rule!(PROXY, leaf::proxy, "a proxy's address", "^[hH][tT][tT][pP][sS]?:");
rule!(HOST, leaf::host, "a host, or \"*.\" and a domain", "^(\\*\\.)?[A-Za-z0-9.:\\[\\]-]+$");
rule!(MAIL_ADDRESS, leaf_notify::mail_address, "a mail address", "^[^ ]+@[^ ]+$");
rule!(MAIL_SERVER, leaf_notify::mail_server, "a host", "^[A-Za-z0-9.:\\[\\]-]+$");
rule!(MAIL_USER, leaf_notify::mail_user, "a user's name", ".");
rule!(STAR, leaf::star, "\"*\"", r"^\*$");

const STATUSES: &[&str] =
    &["suppressed", "not_applicable", "not_assessed", "missing", "pending", "unreliable", "preliminary", "observed"];

/// What an answer of a source means.
const ACTIONS: &[&str] = &["retry", "split", "stop", "empty"];

/// What is done about a change in what a source says of its data.
const REACTIONS: &[&str] = &["accept", "warn", "stop"];

const VERSION: Key = Key::required(
    "version",
    Kind::Integer { min: 1, max: 1 },
    "Version of the file's format. This program reads version 1.",
);

/// The files, by the name that `underlag schema` uses.
pub(super) const FILES: [(&str, &Shape); 4] =
    [("underlag", &UNDERLAG), ("sources", &SOURCES), ("areas", &AREAS), ("pipeline", &PIPELINE)];
