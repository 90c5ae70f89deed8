//! What is said of a check that does not hold: a message for the operator, and
//! a Swedish sentence for whoever reads the figures.

use jiff::civil::Date;

use super::check::{Rule, counted, span, statuses, values};
use super::period::KNOWN_FORMS;
use super::promise::Contract;

/// Message and notice.
pub type Said = (String, String);

/// A number of rows with the verb that fits it.
fn rows(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", counted(count, "row"), if count == 1 { one } else { many })
}

fn numbers(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", counted(count, "value"), if count == 1 { one } else { many })
}

/// `1 rad`, `2 rader`.
pub fn rader(count: u64) -> String {
    if count == 1 { "1 rad".to_owned() } else { format!("{count} rader") }
}

fn varden(count: u64) -> String {
    if count == 1 { "1 värde".to_owned() } else { format!("{count} värden") }
}

/// The Swedish title of the column that a check is about.
fn title<'a>(contract: &'a Contract, rule: &Rule) -> &'a str {
    let name = column(rule);
    contract.columns.iter().find(|column| column.name == name).map_or("", |column| column.title.as_str())
}

fn column(rule: &Rule) -> &str {
    match rule {
        Rule::Nullable { column } | Rule::Values { column } | Rule::Range { column } | Rule::Statuses { column } => {
            column
        }
        _ => "",
    }
}

pub fn columns(misfits: &str) -> Said {
    let message = format!("the columns are not those of the contract: {misfits}");
    (message, "Kolumnerna är inte de utlovade.".to_owned())
}

pub fn area(count: u64, _: &Contract, _: &Rule) -> Said {
    let has = rows(count, "has", "have");
    let message = format!("{has} an area code that the reference tables do not know");
    (message, format!("{} har en okänd områdeskod.", rader(count)))
}

pub fn county(count: u64, _: &Contract, _: &Rule) -> Said {
    let message =
        format!("{} a lan that is not {} area's", rows(count, "has", "have"), if count == 1 { "its" } else { "their" });
    (message, format!("{} har fel län.", rader(count)))
}

pub fn period(count: u64, _: &Contract, _: &Rule) -> Said {
    let message = format!("{} a period in an unknown form (known: {KNOWN_FORMS})", rows(count, "has", "have"));
    (message, format!("{} har en okänd period.", rader(count)))
}

pub fn null_key(count: u64, _: &Contract, _: &Rule) -> Said {
    (format!("{} an empty key column", rows(count, "has", "have")), format!("{} saknar nyckel.", rader(count)))
}

pub fn duplicate(count: u64, contract: &Contract, _: &Rule) -> Said {
    let message = format!("{} the key ({}) of another row", rows(count, "repeats", "repeat"), contract.key.join(", "));
    (message, format!("{} upprepar en annan rads nyckel.", rader(count)))
}

pub fn no_status(count: u64, _: &Contract, _: &Rule) -> Said {
    let message = format!("{} no status, or one that is not known", numbers(count, "has", "have"));
    (message, format!("{} saknar känd status.", varden(count)))
}

pub fn silent_null(count: u64, _: &Contract, _: &Rule) -> Said {
    let message = format!("{} empty without a status that says why", numbers(count, "is", "are"));
    (message, format!("{} saknas utan att det sägs varför.", varden(count)))
}

pub fn against_status(count: u64, _: &Contract, _: &Rule) -> Said {
    let message = format!("{} beside a status that says there is none", numbers(count, "stands", "stand"));
    (message, format!("{} har en status som säger att värde saknas.", varden(count)))
}

pub fn not_finite(count: u64, _: &Contract, _: &Rule) -> Said {
    let what = if count == 1 { "is not a finite number" } else { "are not finite numbers" };
    (format!("{} {what}", counted(count, "value")), format!("{} är inga tal.", varden(count)))
}

/// What lies beyond the declared decimals does not count as content, so a revision there would be lost.
pub fn decimals(count: u64, _: &Contract, _: &Rule) -> Said {
    let message = format!(
        "{} more decimals than the contract declares; declare them, or round in the query",
        numbers(count, "has", "have")
    );
    (message, format!("{} har fler decimaler än utlovat.", varden(count)))
}

pub fn empty(count: u64, contract: &Contract, rule: &Rule) -> Said {
    let message = format!("{} no {}, which is declared never to be empty", rows(count, "has", "have"), column(rule));
    (message, format!("{} saknas i ”{}”, som inte ska sakna något.", varden(count), title(contract, rule)))
}

pub fn unlisted(count: u64, contract: &Contract, rule: &Rule) -> Said {
    let name = column(rule);
    let codes = contract.columns.iter().find(|column| column.name == name).and_then(|column| column.codes.as_ref());
    let message = match codes {
        Some(codes) => {
            format!("{} a value of {name} that reference table {codes} does not know", rows(count, "has", "have"))
        }
        None => format!("{} another {name} than {}", rows(count, "has", "have"), values(contract, name)),
    };
    (message, format!("{} har ett oväntat värde i ”{}”.", rader(count), title(contract, rule)))
}

pub fn out_of_range(count: u64, contract: &Contract, rule: &Rule) -> Said {
    let name = column(rule);
    let range = contract.columns.iter().find(|column| column.name == name).and_then(|column| column.range);
    let message = format!(
        "{} of {name} {} not {}",
        counted(count, "value"),
        if count == 1 { "is" } else { "are" },
        range.map(span).unwrap_or_default()
    );
    (message, format!("{} i ”{}” ligger utanför det väntade.", varden(count), title(contract, rule)))
}

pub fn other_status(count: u64, contract: &Contract, rule: &Rule) -> Said {
    let name = column(rule);
    let message = format!("{} another {name}_status than {}", rows(count, "has", "have"), statuses(contract, name));
    (message, format!("{} i ”{}” har en oväntad status.", varden(count), title(contract, rule)))
}

pub fn too_few(found: u64, least: u64) -> Said {
    let message =
        format!("{}, at least {least} {} required", counted(found, "row"), if least == 1 { "is" } else { "are" });
    (message, format!("Datamängden har {} och ska ha minst {least}.", rader(found)))
}

pub fn dropped(found: u64, published: u64, drop: f64, limit: f64) -> Said {
    let message = format!(
        "{}, {drop:.1} % fewer than the {published} published; at most {limit} % may go",
        counted(found, "row")
    );
    (message, format!("Datamängden har {}, mot {published} i den förra versionen.", rader(found)))
}

pub fn too_empty((column, title): (&str, &str), count: u64, of: u64, share: f64, limit: f64) -> Said {
    let are = if count == 1 { "is" } else { "are" };
    let message =
        format!("{count} of {} of {column} {are} empty ({share:.1} %); at most {limit} % may be", counted(of, "value"));
    let comma = |number: String| number.replace('.', ",");
    let notice = format!(
        "{} av {of} saknas i ”{title}” ({} %); högst {} % ska saknas.",
        varden(count),
        comma(format!("{share:.1}")),
        comma(limit.to_string())
    );
    (message, notice)
}

/// The same words from one run to the next: the run's date is no part of them.
pub fn stale(period: &str, end: Date, days: u32) -> Said {
    let message = format!(
        "the newest period, {period}, ended {end}: more than {} before the run",
        counted(u64::from(days), "day")
    );
    (message, format!("Den nyaste perioden, {period}, slutade {end} och är äldre än väntat."))
}

/// Combinations without a row.
pub fn holes(count: u64, over: &[String]) -> Said {
    let message = format!(
        "{} of {} {} no row",
        counted(count, "combination"),
        over.join(", "),
        if count == 1 { "has" } else { "have" }
    );
    (message, if count == 1 { "1 väntad rad saknas.".to_owned() } else { format!("{count} väntade rader saknas.") })
}

/// Totals that differ from their parts.
pub fn unequal(count: u64, column: &str, total: &str) -> Said {
    let (are, their) = if count == 1 { ("is", "its") } else { ("are", "their") };
    let message = format!("{} of {column} ({total}) {are} not the sum of {their} parts", counted(count, "total"));
    let notice = if count == 1 {
        "1 total är inte summan av sina delar.".to_owned()
    } else {
        format!("{count} totaler är inte summan av sina delar.")
    };
    (message, notice)
}

/// A total or parts that never occur: there is nothing to compare.
pub fn nothing_to_add(what: &str, which: &str) -> Said {
    let message = format!("no row is a {what} ({which}): nothing could be compared");
    (message, "Totaler och delar kunde inte jämföras.".to_owned())
}

/// A custom query; what it says of itself in its first comment is what readers are told.
pub fn unwanted(count: u64, file: &str, sql: &str) -> Said {
    let comment: Vec<&str> = sql
        .lines()
        .map_while(|line| line.trim().strip_prefix("--"))
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let message = format!("{} that should not be there", counted(count, "row"));
    let notice = match comment.join(" ") {
        comment if comment.is_empty() => format!("Kontrollen {file} höll inte: {}.", rader(count)),
        comment => format!("Kontrollen höll inte ({}): {comment}", rader(count)),
    };
    (message, notice)
}
