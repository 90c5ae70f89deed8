//! What is wrong with a query before it has run, told in the operator's words:
//! the engine's own messages name its catalogue and its types, and bury the
//! column that was meant.

use datafusion::error::DataFusionError;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlFault {
    pub message: String,
    /// Line and column, from 1, where the fault begins and ends (exclusive), when the engine knows.
    pub place: Option<((u64, u64), (u64, u64))>,
    /// What in the query the message is about, when only that is known.
    pub word: Option<String>,
    pub hint: Option<String>,
}

impl SqlFault {
    pub(super) fn plain(message: &str, hint: &str) -> Self {
        Self { message: message.to_owned(), place: None, word: None, hint: Some(hint.to_owned()) }
    }

    pub(super) fn about(self, word: &str) -> Self {
        Self { word: Some(word.to_owned()), ..self }
    }

    /// `tables` are those that a query may name.
    pub(super) fn from_engine(error: &DataFusionError, tables: &[String]) -> Self {
        let place = error.diagnostic().and_then(|diagnostic| diagnostic.span).map(|span| {
            let mut end = (span.end.line, span.end.column);
            if end <= (span.start.line, span.start.column) {
                end = (span.start.line, span.start.column + 1);
            }
            ((span.start.line, span.start.column), end)
        });
        let message = match error.find_root() {
            DataFusionError::SchemaError(inner, _) => inner.to_string(),
            DataFusionError::SQL(inner, _) => inner.to_string(),
            DataFusionError::Plan(text) | DataFusionError::Execution(text) | DataFusionError::NotImplemented(text) => {
                text.clone()
            }
            other => other.strip_backtrace(),
        };
        let message = one_line(&message);
        let message = message.trim_end_matches('.');
        let fault = column(message)
            .or_else(|| table(message, tables))
            .or_else(|| function(message))
            .or_else(|| parser(message))
            .or_else(|| several(message))
            .unwrap_or_else(|| Self { message: lower_first(message), place: None, word: None, hint: None });
        Self { place: place.or(fault.place), ..fault }
    }
}

/// `No field named perod. Did you mean 'rader.period'?. Valid fields are rader.kod, rader.period`
fn column(message: &str) -> Option<SqlFault> {
    let rest = message.strip_prefix("No field named ")?;
    let end = rest.find([' ', ',']).map_or(rest, |end| &rest[..end]);
    let name = end.trim_end_matches('.').replace('"', "");
    let mut meant = meant(rest);
    let mut columns = None;
    if let Some((_, fields)) = rest.split_once("Valid fields are ") {
        let mut fields: Vec<&str> = fields.split(", ").map(|field| field.trim_end_matches('.')).collect();
        // One table needs no qualifier.
        let tables: Vec<Option<&str>> = fields.iter().map(|field| Some(field.rsplit_once('.')?.0)).collect();
        if tables.windows(2).all(|two| two[0] == two[1]) {
            fields = fields.iter().map(|field| bare(field)).collect();
            if !name.contains('.') {
                meant = meant.map(|meant| bare(&meant).to_owned());
            }
        }
        columns = Some(format!("the columns are {}", fields.join(", ")));
    }
    let hints: Vec<String> = meant.as_deref().map(question).into_iter().chain(columns).collect();
    let hint = (!hints.is_empty()).then(|| hints.join(" "));
    Some(SqlFault { message: format!("there is no column `{name}`"), place: None, word: Some(name), hint })
}

/// `table 'datafusion.public.radr' not found`
fn table(message: &str, tables: &[String]) -> Option<SqlFault> {
    let name = message.strip_prefix("table '")?.strip_suffix("' not found")?;
    let name = name.strip_prefix("datafusion.public.").unwrap_or(name);
    let near = tables
        .iter()
        .map(|table| (strsim::jaro_winkler(name, table), table))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, table)| format!("{} ", question(table)));
    let hint = format!("{}the tables are {}", near.unwrap_or_default(), tables.join(", "));
    Some(SqlFault {
        message: format!("there is no table `{name}`"),
        place: None,
        word: Some(name.to_owned()),
        hint: Some(hint),
    })
}

/// `Invalid function 'uper'. Did you mean 'upper'?`
fn function(message: &str) -> Option<SqlFault> {
    let (name, rest) = message.strip_prefix("Invalid function '")?.split_once('\'')?;
    Some(SqlFault {
        message: format!("there is no function `{name}`"),
        place: None,
        word: Some(name.to_owned()),
        hint: meant(rest).as_deref().map(question),
    })
}

/// `sql parser error: Expected: end of statement, found: x at Line: 3, Column: 7`
fn parser(message: &str) -> Option<SqlFault> {
    let text = message.strip_prefix("sql parser error: ")?;
    let (text, place) = match text.rsplit_once(" at Line: ") {
        Some((text, place)) => (text, parser_place(place)),
        None => (text, None),
    };
    let text = text.replacen("Expected: ", "expected ", 1).replacen(", found: ", ", found ", 1);
    Some(SqlFault { message: format!("this is no SQL: {}", lower_first(&text)), place, word: None, hint: None })
}

/// The parser tells a place only in words: `3, Column: 7`.
fn parser_place(place: &str) -> Option<((u64, u64), (u64, u64))> {
    let (line, column) = place.split_once(", Column: ")?;
    let column: String = column.chars().take_while(char::is_ascii_digit).collect();
    let start = (line.parse().ok()?, column.parse().ok()?);
    Some((start, (start.0, start.1 + 1)))
}

fn several(message: &str) -> Option<SqlFault> {
    message.contains("only supports a single SQL statement").then(|| {
        SqlFault::plain("there is more than one query here", "a dataset is one query; WITH can give its steps names")
    })
}

fn meant(text: &str) -> Option<String> {
    let (name, _) = text.split_once("Did you mean '")?.1.split_once('\'')?;
    Some(name.to_owned())
}

fn question(name: &str) -> String {
    format!("did you mean `{name}`?")
}

fn bare(field: &str) -> &str {
    field.rsplit_once('.').map_or(field, |(_, name)| name)
}

pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    match (characters.next(), characters.clone().next()) {
        // An acronym keeps its capitals.
        (Some(first), Some(second)) if !second.is_uppercase() => first.to_lowercase().chain(characters).collect(),
        _ => text.to_owned(),
    }
}
