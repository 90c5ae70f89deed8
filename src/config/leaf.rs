//! Texts that mean something: durations, sizes, time zones, selections. One
//! parser each, used when a file is checked and when its types are built.

mod file;
mod release;

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::TimeZone;
use url::Url;

use super::names::{is_name, is_sql_word, suggestion};
use super::{CodeList, Years};
use crate::nearest::nearest;
use crate::schedule::Times;

pub(super) use file::{cell_range, link_pattern};
pub(super) use release::{interval, release_date, time_of_day};

/// Why a text is refused, and what would do.
pub(super) struct Fault {
    pub message: String,
    pub hint: Option<String>,
}

impl Fault {
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: Some(hint.into()) }
    }
}

pub(super) type Leaf<T> = Result<T, Fault>;

/// A whole number and a unit.
fn quantity<'u, U: Copy>(text: &str, units: &'u [(&'u str, U)]) -> Option<(u64, U)> {
    let digits = text.find(|each: char| !each.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let unit = units.iter().find(|(name, _)| *name == unit)?.1;
    Some((number.parse().ok()?, unit))
}

pub(super) fn duration(text: &str) -> Leaf<Duration> {
    let units = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
    quantity(text, &units).and_then(|(number, unit)| number.checked_mul(unit)).map(Duration::from_millis).ok_or_else(
        || {
            Fault::new(
                format!("{text:?} is not a duration"),
                "a whole number and a unit, one of ms, s, m, h, d: \"30s\", \"5m\", \"6h\"",
            )
        },
    )
}

/// Whole days, as ages of periods are counted.
pub(super) fn days(text: &str) -> Leaf<u32> {
    quantity(text, &[("d", ())])
        .and_then(|(number, ())| u32::try_from(number).ok())
        .ok_or_else(|| Fault::new(format!("{text:?} is not a number of days"), "a whole number and a d: \"400d\""))
}

/// `TABLE.COLUMN`.
pub(super) fn codes(text: &str) -> Leaf<CodeList> {
    let part = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    match text.split_once('.') {
        Some((table, column)) if part(table) && part(column) => {
            Ok(CodeList { table: table.to_owned(), column: column.to_owned() })
        }
        _ => Err(Fault::new(
            format!("{text:?} names no column of a reference table"),
            "the table and the column: \"kommuner.kod\" is `kod` in reference/kommuner.csv",
        )),
    }
}

pub(super) fn size(text: &str) -> Leaf<u64> {
    let units = [
        ("B", 1),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("kB", 1000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
    ];
    quantity(text, &units).and_then(|(number, unit)| number.checked_mul(unit)).ok_or_else(|| {
        Fault::new(
            format!("{text:?} is not a size"),
            "a whole number and a unit, one of B, KiB, MiB, GiB, kB, MB, GB: \"256MiB\"",
        )
    })
}

pub(super) fn percent(text: &str) -> Leaf<f64> {
    text.strip_suffix('%')
        .filter(|number| number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
        .and_then(|number| f64::from_str(number).ok())
        .filter(|number| (0.0..=100.0).contains(number))
        .ok_or_else(|| Fault::new(format!("{text:?} is not a percentage"), "a number from 0 to 100 and a %: \"20%\""))
}

/// Five fields, in lower case as written.
pub(super) fn cron(text: &str) -> Leaf<String> {
    let hint = "five fields: minute, hour, day of month, month, day of week; \"5 8 * * *\" is every day at 08:05";
    let fields = text.split_whitespace().count();
    if fields != 5 {
        return Err(Fault::new(format!("{text:?} has {fields} fields, and a schedule has five"), hint));
    }
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    parser.parse(text).map_err(|error| {
        let reason = error.to_string();
        let reason = reason.strip_prefix("Component error: ").unwrap_or(&reason).trim_end_matches('.');
        Fault::new(format!("{text:?} is not a schedule: {reason}"), hint)
    })?;
    if !Times::ever(text) {
        let never = "no month that it names has such a day: February has 29 at most; April, June, September and \
                     November have 30";
        return Err(Fault::new(format!("{text:?} is never due"), never));
    }
    Ok(text.to_owned())
}

pub(super) fn time_zone(text: &str) -> Leaf<String> {
    if TimeZone::get(text).is_ok() {
        return Ok(text.to_owned());
    }
    let known: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
    let hint = match nearest(text, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => "an IANA name such as \"Europe/Stockholm\"".to_owned(),
    };
    Err(Fault::new(format!("{text:?} is not a time zone"), hint))
}

/// An absolute http(s) address without password or fragment.
pub(super) fn url(text: &str) -> Leaf<Url> {
    let hint = "an absolute address such as \"https://api.example.org/v2\"";
    let url = Url::parse(text).map_err(|error| Fault::new(format!("{text:?} is not a URL: {error}"), hint))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Fault::new(format!("only http and https are fetched, not {:?}", url.scheme()), hint));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Fault::new(
            "a URL in a configuration file must not hold a user or password",
            "leave out what stands before the @",
        ));
    }
    if url.fragment().is_some() {
        return Err(Fault::new("a URL that is fetched has no #fragment", hint));
    }
    Ok(url)
}

/// A proxy's address: no credentials, and nothing after the port.
pub(super) fn proxy(text: &str) -> Leaf<Url> {
    let hint = "an address such as \"http://proxy.example.org:8080\"";
    let bad = |what: &str| Fault::new(what, hint);
    let url = Url::parse(text).map_err(|error| Fault::new(format!("this is not a proxy's address: {error}"), hint))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad("a proxy is spoken to by http or https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Fault::new(
            "a URL in a configuration file must not hold a user or password",
            "leave out what stands before the @, and give it as UNDERLAG_PROXY_AUTH=user:password in the environment",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() || !matches!(url.path(), "" | "/") {
        return Err(bad("a proxy's address ends with its port"));
    }
    Ok(url)
}

/// A host's name or address, or `*.` and the domain that it is below, in lower case.
pub(super) fn host(text: &str) -> Leaf<String> {
    let name = text.strip_prefix("*.").unwrap_or(text);
    let plain = !name.is_empty()
        && !name.starts_with('.')
        && !name.ends_with('.')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']'));
    let port = !name.starts_with('[') && name.contains(':');
    if plain && !port {
        return Ok(text.to_ascii_lowercase());
    }
    Err(Fault::new(
        format!("{text:?} is not a host"),
        "a name without scheme, port or path: \"api.scb.se\", or \"*.scb.se\" for all below scb.se",
    ))
}

/// A URL that paths are appended to.
pub(super) fn base_url(text: &str) -> Leaf<Url> {
    let url = url(text)?;
    if url.query().is_some() {
        return Err(Fault::new("a base URL has no ?query", "leave out the question mark and what follows"));
    }
    Ok(url)
}

/// `s3://BUCKET/PREFIX` as bucket and prefix.
pub(super) fn bucket_url(text: &str) -> Leaf<(String, String)> {
    let hint = "a bucket and where in it the lake lies: \"s3://underlag/prod\"";
    let refused = |what: &str| Fault::new(format!("{text:?} {what}"), hint);
    let rest = text.strip_prefix("s3://").ok_or_else(|| refused("is not the URL of a bucket"))?;
    if rest.contains(['@', '?', '#']) {
        return Err(Fault::new(
            "a bucket's URL holds no user, password or options",
            "credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or from systemd",
        ));
    }
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let plain = |each: char| each.is_ascii_lowercase() || each.is_ascii_digit();
    let named = (3..=63).contains(&bucket.len())
        && bucket.chars().all(|each| plain(each) || matches!(each, '.' | '-'))
        && bucket.starts_with(plain)
        && bucket.ends_with(plain);
    if !named {
        return Err(refused("has no name of a bucket: 3 to 63 of a to z, digits, . and -"));
    }
    let part = |part: &str| {
        !part.is_empty()
            && !matches!(part, "." | "..")
            && part.chars().all(|each| each.is_ascii_alphanumeric() || matches!(each, '.' | '-' | '_' | '='))
    };
    let prefix = prefix.trim_end_matches('/');
    if !prefix.is_empty() && !prefix.split('/').all(part) {
        return Err(refused("has a prefix with other signs than letters a to z, digits, ., -, _ and ="));
    }
    Ok((bucket.to_owned(), prefix.to_owned()))
}

pub(super) fn region(text: &str) -> Leaf<String> {
    let plain = |each: char| each.is_ascii_lowercase() || each.is_ascii_digit() || each == '-';
    if !text.is_empty() && text.chars().all(plain) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(format!("{text:?} is not a region"), "such as \"eu-north-1\"; many servers take any"))
}

pub(super) fn listen(text: &str) -> Leaf<SocketAddr> {
    SocketAddr::from_str(text).map_err(|_| {
        Fault::new(format!("{text:?} is not an address to listen on"), "an IP address and a port: \"127.0.0.1:8080\"")
    })
}

pub(super) fn name(text: &str) -> Leaf<String> {
    if is_sql_word(text) {
        return Err(Fault::new(format!("`{text}` is a word of SQL"), "another name needs no quotes in queries"));
    }
    if is_name(text) {
        return Ok(text.to_owned());
    }
    let hint = match suggestion(text) {
        Some(name) if !is_sql_word(&name) => format!("call it `{name}`: a to z, digits and _, beginning with a letter"),
        _ => "a to z, digits and _, beginning with a letter".to_owned(),
    };
    Err(Fault::new(format!("{text:?} is not a name in ASCII snake_case"), hint))
}

/// A file in the pipeline's own folder.
pub(super) fn sql_file(text: &str) -> Leaf<String> {
    let plain = !text.contains(['/', '\\']) && text.len() > 4 && text.ends_with(".sql") && !text.starts_with('.');
    if plain {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        format!("{text:?} is not the name of an SQL file"),
        "a file in the pipeline's own folder, such as \"befolkning.sql\"",
    ))
}

pub(super) fn pointer(text: &str) -> Leaf<String> {
    if text.is_empty() || text.starts_with('/') {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        format!("{text:?} is not a JSON pointer"),
        format!("a pointer begins with a slash (\"/{text}\"); leave it out for the root"),
    ))
}

pub(super) fn delimiter(text: &str) -> Leaf<u8> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !matches!(byte, b'"' | b'\n' | b'\r' | b'.') => {
            Ok(*byte)
        }
        _ => Err(Fault::new(format!("{text:?} is not a delimiter"), "one character: \",\", \";\", \"\\t\" or \"|\"")),
    }
}

pub(super) fn encoding(text: &str) -> Leaf<&'static str> {
    encoding_rs::Encoding::for_label(text.as_bytes()).map(encoding_rs::Encoding::name).ok_or_else(|| {
        Fault::new(
            format!("{text:?} is not an encoding"),
            "a label of the WHATWG Encoding Standard: \"utf-8\", \"windows-1252\", \"iso-8859-1\"",
        )
    })
}

pub(super) fn kpi(text: &str) -> Leaf<String> {
    let digits = text.strip_prefix(['N', 'U']).unwrap_or_default();
    if digits.len() == 5 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(format!("{text:?} is not the id of a KPI"), "N or U and five digits: \"N18898\""))
}

/// A municipality, a region (`0001`), the nation (`0000`) or a group (`G33612`).
pub(super) fn unit(text: &str) -> Leaf<String> {
    let group = text.strip_prefix('G').is_some_and(|rest| !rest.is_empty() && is_digits(rest));
    if group || (text.len() == 4 && is_digits(text)) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        format!("{text:?} is not a unit that Kolada knows"),
        "four digits (\"0180\", \"0001\" for a region) or a group (\"G33612\")",
    ))
}

pub(super) fn kommun(text: &str) -> Leaf<String> {
    if text.len() == 4 && is_digits(text) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(format!("{text:?} is not a municipality code"), "four digits: \"0180\""))
}

/// A municipality or a county.
pub(super) fn area(text: &str) -> Leaf<String> {
    if matches!(text.len(), 2 | 4) && is_digits(text) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        format!("{text:?} is neither a municipality's nor a county's code"),
        "four digits (\"0180\") or two (\"01\")",
    ))
}

pub(super) fn county(text: &str) -> Leaf<String> {
    if text.len() == 2 && is_digits(text) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(format!("{text:?} is not a county's code"), "two digits: \"01\""))
}

pub(super) fn school_unit(text: &str) -> Leaf<String> {
    if text.len() == 8 && is_digits(text) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(format!("{text:?} is not a school unit's code"), "eight digits: \"12345678\""))
}

pub(super) fn date(text: &str) -> Leaf<String> {
    match text.parse::<jiff::civil::Date>() {
        Ok(date) if date.to_string() == text => Ok(text.to_owned()),
        _ => Err(Fault::new(format!("{text:?} is not a date"), "year, month and day: \"2026-01-31\"")),
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `2015..` or `latest(5)`; a list of years is a TOML array and no text.
pub(super) fn years(text: &str) -> Leaf<Years> {
    let from = text.strip_suffix("..").filter(|year| year.len() == 4 && is_digits(year)).map(str::parse);
    let latest = text
        .strip_prefix("latest(")
        .and_then(|rest| rest.strip_suffix(')'))
        .filter(|number| !number.is_empty() && is_digits(number))
        .map(str::parse);
    match (from, latest) {
        (Some(Ok(year)), _) if year >= 1900 => Ok(Years::From(year)),
        (_, Some(Ok(number @ 1..=200))) => Ok(Years::Latest(number)),
        _ => Err(Fault::new(
            format!("{text:?} does not say which years"),
            "\"2015..\", \"latest(5)\" or a list: [2022, 2023]",
        )),
    }
}

/// A code or one of `PxWeb` v2's selection expressions; case does not matter to the server.
pub(super) fn selection(text: &str) -> Leaf<String> {
    if text.trim() != text || text.is_empty() {
        return Err(Fault::new(format!("{text:?} is empty or has spaces around it"), "a code, or \"*\" for all"));
    }
    let call = text.strip_suffix(')').and_then(|rest| rest.split_once('('));
    if let Some((function, arguments)) = call {
        return function_call(text, function, arguments);
    }
    let stars = text.matches('*').count();
    if stars > 2 || (stars > 0 && text.trim_matches('*').contains('*')) {
        return Err(Fault::new(
            format!("{text:?} has a star in its middle"),
            "at most two stars, first and last: \"01*\", \"*99\", \"*4*\"; `?` stands for one character",
        ));
    }
    let lower = text.to_lowercase();
    if ["top(", "bottom(", "range(", "from(", "to("].iter().any(|function| lower.starts_with(function)) {
        return Err(Fault::new(format!("{text:?} has no closing parenthesis"), "such as \"TOP(3)\""));
    }
    Ok(text.to_owned())
}

fn function_call(text: &str, function: &str, arguments: &str) -> Leaf<String> {
    const FUNCTIONS: [&str; 5] = ["TOP", "BOTTOM", "RANGE", "FROM", "TO"];
    let count = |part: &str, least: u32| is_digits(part) && part.parse::<u32>().is_ok_and(|number| number >= least);
    let parts: Vec<&str> = arguments.split(',').collect();
    let filled = parts.iter().all(|part| !part.is_empty() && part.trim() == *part);
    let upper = function.to_uppercase();
    let (well_formed, example) = match upper.as_str() {
        "TOP" | "BOTTOM" => (
            matches!(parts[..], [number] if count(number, 1))
                || matches!(parts[..], [number, offset] if count(number, 1) && count(offset, 0)),
            format!("\"{upper}(3)\", or \"{upper}(3,1)\" to leave out one; no spaces"),
        ),
        "RANGE" => (filled && parts.len() == 2, "\"RANGE(2015,2020)\", both ends included; no spaces".to_owned()),
        "FROM" | "TO" => (filled && parts.len() == 1, format!("\"{upper}(2015)\"")),
        _ => {
            // A code may well hold parentheses; only what looks like a slip is refused.
            return match nearest(function, FUNCTIONS) {
                Some(near) => Err(Fault::new(
                    format!("{text:?} is not a selection expression"),
                    format!("did you mean `{near}(…)`?"),
                )),
                None => Ok(text.to_owned()),
            };
        }
    };
    if well_formed { Ok(text.to_owned()) } else { Err(Fault::new(format!("{text:?} is not well-formed"), example)) }
}

pub(super) fn dimension(text: &str) -> Leaf<String> {
    if text.is_empty() { Err(Fault::new("a name is missing", "the code of a dimension")) } else { Ok(text.to_owned()) }
}

/// Any text but none.
pub(super) fn filled(text: &str) -> Leaf<String> {
    if text.trim().is_empty() {
        return Err(Fault::new("the text is empty", "write something that a reader understands"));
    }
    Ok(text.to_owned())
}

#[expect(clippy::unnecessary_wraps, reason = "one of the leaves, of which the others can fail")]
pub(super) fn any(text: &str) -> Leaf<String> {
    Ok(text.to_owned())
}

pub(super) fn star(text: &str) -> Leaf<()> {
    if text == "*" {
        return Ok(());
    }
    Err(Fault::new(format!("{text:?} is neither \"*\" nor a list"), "\"*\" for all, or a list: [\"0180\", \"0001\"]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_have_units() {
        assert_eq!(duration("5m").ok(), Some(Duration::from_mins(5)));
        assert_eq!(duration("250ms").ok(), Some(Duration::from_millis(250)));
        assert_eq!(size("256MiB").ok(), Some(256 << 20));
        for wrong in ["", "5", "m", "5 m", "1.5h", "-5m", "99999999999999999999s", "999999999999999999d"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        assert!(size("256M").is_err());
    }

    #[test]
    fn a_percentage_stays_within_a_hundred() {
        assert_eq!(percent("20%").ok(), Some(20.0));
        assert_eq!(percent("0.5%").ok(), Some(0.5));
        for wrong in ["20", "%", "120%", "-1%", "inf%", "1e1%", "NaN%"] {
            assert!(percent(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_schedule_has_five_fields() {
        assert!(cron("5 8 * * *").is_ok());
        assert!(cron("0 6 1-7 * MON").is_ok());
        for wrong in ["", "0 5 8 * * *", "5 8 * *", "61 8 * * *", "@daily", "5 25 * * *"] {
            assert!(cron(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn selections_follow_pxweb() {
        for right in [
            "*",
            "01*",
            "*4*",
            "2?",
            "TOP(3)",
            "top(22)",
            "Bottom(2,1)",
            "RANGE(2015,2020)",
            "from(2015)",
            "A-U",
            "100+10",
            "A(1)",
        ] {
            assert!(selection(right).is_ok(), "{right}");
        }
        for wrong in ["", " 01", "0*1", "***", "TOP()", "TOP(0)", "TOP(3, 1)", "TOPP(3)", "RANGE(1)", "top(3", "FROM()"]
        {
            assert!(selection(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn years_come_in_three_forms() {
        assert_eq!(years("2015..").ok(), Some(Years::From(2015)));
        assert_eq!(years("latest(5)").ok(), Some(Years::Latest(5)));
        for wrong in ["2015", "2015-2020", "latest()", "latest(0)", "..2015", "1066.."] {
            assert!(years(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_url_holds_no_secret() {
        assert!(url("https://api.kolada.se/v3").is_ok());
        for wrong in ["api.kolada.se", "ftp://x/y", "https://user:pw@x/", "https://x/#y"] {
            assert!(url(wrong).is_err(), "{wrong}");
        }
        assert!(base_url("https://x/y?z=1").is_err());
    }
}
