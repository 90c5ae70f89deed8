//! The checks by name: what each promises, and what is said when it does not hold.

use serde::{Deserialize, Serialize};

use crate::config::{Complete, Equals, ValueRange};

use super::promise::Contract;

/// What a check that does not hold does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Stops the publish.
    Error,
    /// Is published with the figures.
    Warn,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    #[serde(flatten)]
    pub rule: Rule,
    pub severity: Severity,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "check", rename_all = "snake_case")]
pub enum Rule {
    Columns,
    Area,
    Lan,
    Period,
    Key,
    Status,
    Value,
    Decimals,
    Nullable { column: String },
    Values { column: String },
    Range { column: String },
    Statuses { column: String },
    Unique,
    MinRows { rows: u64 },
    MaxDrop { percent: f64 },
    MaxNull { column: String, percent: f64 },
    Freshness { days: u32 },
    Complete(Complete),
    Equals(Equals),
    Custom { file: String, sql_hash: String },
}

impl Rule {
    /// Which check it is: `unique`, `range`, `equals`; a custom query's file.
    pub fn kind(&self) -> &str {
        match self {
            Self::Columns => "columns",
            Self::Area => "area",
            Self::Lan => "lan",
            Self::Period => "period",
            Self::Key => "key",
            Self::Status => "status",
            Self::Value => "value",
            Self::Decimals => "decimals",
            Self::Nullable { .. } => "nullable",
            Self::Values { .. } => "values",
            Self::Range { .. } => "range",
            Self::Statuses { .. } => "statuses",
            Self::Unique => "unique",
            Self::MinRows { .. } => "min_rows",
            Self::MaxDrop { .. } => "max_drop",
            Self::MaxNull { .. } => "max_null",
            Self::Freshness { .. } => "freshness",
            Self::Complete(_) => "complete",
            Self::Equals(_) => "equals",
            Self::Custom { file, .. } => file,
        }
    }

    /// The one check and no other: `range.antal`, `equals.kon`, `stor.sql`.
    pub fn name(&self) -> String {
        let part = match self {
            Self::Nullable { column }
            | Self::Values { column }
            | Self::Range { column }
            | Self::Statuses { column }
            | Self::MaxNull { column, .. } => column,
            Self::Equals(equals) => &equals.name,
            _ => return self.kind().to_owned(),
        };
        format!("{}.{part}", self.kind())
    }

    /// What is so when it holds.
    pub fn promise(&self, contract: &Contract) -> String {
        let column = |name: &str| contract.columns.iter().find(|column| column.name == name);
        match self {
            Self::Columns => "columns, types and units as declared".to_owned(),
            Self::Area => "area codes known to the reference tables".to_owned(),
            Self::Lan => "every lan is its area's".to_owned(),
            Self::Period => "every period in a known form".to_owned(),
            Self::Key => "no empty key column".to_owned(),
            Self::Status => "every value has a status, every empty one says why".to_owned(),
            Self::Value => "every value is a finite number".to_owned(),
            Self::Decimals => "no more decimals than declared".to_owned(),
            Self::Nullable { column } => format!("{column} is never empty"),
            Self::Values { column: name } => match column(name).map(|column| (&column.codes, column.values.len())) {
                Some((Some(codes), _)) => format!("every {name} is in reference table {codes}"),
                _ => format!("every {name} is one of {}", values(contract, name)),
            },
            Self::Range { column: name } => {
                format!(
                    "every {name} is {}",
                    column(name).and_then(|column| column.range).map(span).unwrap_or_default()
                )
            }
            Self::Statuses { column: name } => format!("every {name}_status is one of {}", statuses(contract, name)),
            Self::Unique => format!("unique over {}", contract.key.join(", ")),
            Self::MinRows { rows } => format!("at least {}", counted(*rows, "row")),
            Self::MaxDrop { percent } => format!("at most {percent} % fewer rows than before"),
            Self::MaxNull { column, percent } => format!("at most {percent} % of {column} is empty"),
            Self::Freshness { days } => {
                format!("the newest period ended at most {} before the run", counted(u64::from(*days), "day"))
            }
            Self::Complete(complete) => format!("every combination of {} has a row", complete.over.join(", ")),
            Self::Equals(equals) => format!("{} where {} is the sum of its parts", equals.column, totals(equals)),
            Self::Custom { file, .. } => format!("{file} returns no row"),
        }
    }
}

/// The allowed values of a column in words, the first of many.
pub(super) fn values(contract: &Contract, name: &str) -> String {
    let values = contract.columns.iter().find(|column| column.name == name).map(|column| column.values.as_slice());
    match values.unwrap_or_default() {
        values if values.len() > 12 => format!("{}, … ({} values)", values[..8].join(", "), values.len()),
        values => values.join(", "),
    }
}

pub(super) fn statuses(contract: &Contract, name: &str) -> String {
    let column = contract.columns.iter().find(|column| column.name == name);
    let statuses = column.map(|column| column.statuses.as_slice()).unwrap_or_default();
    statuses.iter().map(|status| status.as_str()).collect::<Vec<_>>().join(", ")
}

/// `at least 0`, `from 0 to 100`.
pub(super) fn span(range: ValueRange) -> String {
    match (range.min, range.max) {
        (Some(min), Some(max)) => format!("from {min} to {max}"),
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => "any number".to_owned(),
    }
}

/// `kon = T`.
pub fn totals(equals: &Equals) -> String {
    equals.total.iter().map(|(column, value)| format!("{column} = {value}")).collect::<Vec<_>>().join(", ")
}

/// `1 row`, `2 rows`.
pub fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
