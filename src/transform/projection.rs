//! From what a dataset's query gives to what is published: names and counties
//! of areas, days of periods, roll-ups to area sets, ratios from their parts.
//! The same way for every dataset, in one query around the dataset's own.

use datafusion::arrow::datatypes::DataType;

use crate::config::{ColumnType, Dataset};
use crate::contract::{Role, Shape, ShapeColumn, Status};

/// Table names that the surrounding query uses.
pub const GEOGRAPHY: &str = "_geografi";
pub const AREAS: &str = "_omraden";

/// The query around a dataset's query, and what it gives.
pub struct Projection {
    /// The rows, in no order.
    pub rows: String,
    /// The columns that they are published by.
    pub order: Vec<String>,
}

impl Projection {
    pub fn new(dataset: &Dataset, shape: &Shape, inner: &str) -> Self {
        let mut parts = vec![base(shape, inner)];
        for set in &dataset.areas {
            parts.push(roll_up(shape, inner, set));
        }
        let rows = parts.join("\nUNION ALL\n");
        let columns: Vec<String> = shape.columns.iter().map(finished).collect();
        let rows = format!(
            "SELECT {}\nFROM (\n{rows}\n) q\nLEFT JOIN {GEOGRAPHY} g ON g.niva = q.niva AND g.kod = q.kod",
            columns.join(", "),
        );
        Self { rows, order: order(dataset) }
    }

    /// The rows as they are published.
    pub fn sorted(&self) -> String {
        format!("{}\nORDER BY {}", self.rows, listed(&self.order))
    }

    /// The columns that the published rows are sorted by, the first before the second.
    pub fn columns(dataset: &Dataset) -> Vec<String> {
        order(dataset)
    }

    /// As the published rows are sorted: what follows ORDER BY.
    pub fn order(dataset: &Dataset) -> String {
        listed(&order(dataset))
    }
}

fn listed(names: &[String]) -> String {
    names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}

/// County, area, time, then the rest of the key: the order of the published rows.
fn order(dataset: &Dataset) -> Vec<String> {
    let mut names: Vec<String> = ["lan", "kod", "period_start"].map(str::to_owned).to_vec();
    names.extend(dataset.key.iter().filter(|name| *name != "kod" && *name != "lan").cloned());
    for last in ["niva", "period"] {
        if !dataset.key.iter().any(|name| name == last) {
            names.push(last.to_owned());
        }
    }
    names
}

/// A name as SQL writes it.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The SQL type of a published column.
pub fn sql_type(kind: &DataType) -> &'static str {
    match kind {
        DataType::Int64 => "BIGINT",
        DataType::Float64 => "DOUBLE",
        DataType::Date32 => "DATE",
        _ => "VARCHAR",
    }
}

/// What the query gives, row for row.
fn base(shape: &Shape, inner: &str) -> String {
    let columns: Vec<String> = shape
        .columns
        .iter()
        .filter_map(|column| {
            let name = quoted(&column.name);
            match &column.role {
                _ if column.given => Some(format!("CAST({name} AS {}) AS {name}", sql_type(&column.kind))),
                Role::Perturbed(measure) => Some(format!(
                    "CAST(CASE WHEN {} IS NULL THEN 0 ELSE 1 END AS BIGINT) AS {name}",
                    quoted(&measure.name)
                )),
                _ => None,
            }
        })
        .collect();
    format!("SELECT {} FROM {}", columns.join(", "), quoted(inner))
}

/// One row per area of a set and rest of the key, summed from its municipalities where that is allowed.
fn roll_up(shape: &Shape, inner: &str, set: &str) -> String {
    let mut columns = Vec::new();
    let mut group = vec!["a.omrade".to_owned()];
    for column in &shape.columns {
        let name = quoted(&column.name);
        let kind = sql_type(&column.kind);
        let expression = match (&column.role, column.name.as_str()) {
            (_, "niva") => format!("CAST('{set}' AS VARCHAR)"),
            (_, "kod") => "CAST(a.omrade AS VARCHAR)".to_owned(),
            (Role::Key, name) if column.given => {
                // Names and labels that follow the municipality can't describe the area.
                if matches!(name, "namn" | "lan") {
                    "CAST(NULL AS VARCHAR)".to_owned()
                } else {
                    group.push(format!("q.{}", quoted(name)));
                    format!("CAST(q.{} AS {kind})", quoted(name))
                }
            }
            (Role::Measure(measure), _) if column.given => {
                let rank = rank_of_parts(&measure.name, measure.additive);
                format!("CAST(CASE WHEN {rank} >= {} THEN sum(q.{name}) END AS {kind})", Status::Unreliable as i32)
            }
            (Role::Status(measure), _) if column.given => {
                format!("CAST(status_name({}) AS VARCHAR)", rank_of_parts(&measure.name, measure.additive))
            }
            (Role::Symbol, _) => "CAST(NULL AS VARCHAR)".to_owned(),
            (Role::Perturbed(measure), _) => {
                let counted = if column.given {
                    format!("q.{name}")
                } else {
                    format!("CASE WHEN q.{} IS NULL THEN 0 ELSE 1 END", quoted(&measure.name))
                };
                // Where there is no sum, no perturbed cell stands in it.
                let rank = rank_of_parts(&measure.name, measure.additive);
                format!(
                    "CAST(CASE WHEN {rank} >= {} THEN sum({counted}) ELSE 0 END AS BIGINT)",
                    Status::Unreliable as i32
                )
            }
            _ => continue,
        };
        columns.push(format!("{expression} AS {name}"));
    }
    format!(
        "SELECT {} FROM {} q JOIN {AREAS} a ON a.uppsattning = '{set}' AND a.kommun = q.kod WHERE q.niva = 'kommun' GROUP BY {}",
        columns.join(", "),
        quoted(inner),
        group.join(", "),
    )
}

/// The rank of the sum: the first in precedence of its parts; at most `missing` when a municipality has no
/// row; `not_applicable` when the measure may not be summed at all.
fn rank_of_parts(measure: &str, additive: bool) -> String {
    let worst = format!("min(status_rank(q.{}))", quoted(&format!("{measure}_status")));
    let whole =
        format!("CASE WHEN count(*) < max(a.antal) THEN least({worst}, {}) ELSE {worst} END", Status::Missing as i32);
    if additive { whole } else { format!("least({whole}, {})", Status::NotApplicable as i32) }
}

/// A column of the outer query.
fn finished(column: &ShapeColumn) -> String {
    let name = quoted(&column.name);
    let expression = match (&column.role, column.name.as_str()) {
        // Of an area that nobody knows, and of a county that is not the area's, nothing is said: the check finds it.
        (_, "namn") if column.given => "CASE WHEN g.kod IS NOT NULL THEN coalesce(q.namn, g.namn) END".to_owned(),
        (_, "lan") if column.given => "CASE WHEN coalesce(q.lan, g.lan) = g.lan THEN g.lan END".to_owned(),
        (_, "namn" | "lan") => format!("g.{name}"),
        (_, "period_start" | "period_end") if !column.given => format!("{}(q.period)", column.name),
        (Role::Measure(measure), _) if let Some(ratio) = &measure.ratio => {
            let (numerator, denominator) = (quoted(&ratio.numerator), quoted(&ratio.denominator));
            let mut value = format!("CAST(q.{numerator} AS DOUBLE) * {:?} / q.{denominator}", ratio.scale);
            if let (ColumnType::Float64, Some(decimals)) = (measure.kind, measure.decimals) {
                value = format!("round({value}, {decimals})");
            }
            format!("CASE WHEN {} THEN {value} END", ratio_holds(&ratio.numerator, &ratio.denominator))
        }
        (Role::Status(measure), _) if let Some(ratio) = &measure.ratio => {
            let worst = format!(
                "least(status_rank(q.{}), status_rank(q.{}))",
                quoted(&format!("{}_status", ratio.numerator)),
                quoted(&format!("{}_status", ratio.denominator))
            );
            format!(
                "CASE WHEN {worst} >= {} AND NOT ({}) THEN '{}' ELSE status_name({worst}) END",
                Status::Unreliable as i32,
                ratio_holds(&ratio.numerator, &ratio.denominator),
                Status::NotApplicable
            )
        }
        _ => format!("q.{name}"),
    };
    format!("CAST({expression} AS {}) AS {name}", sql_type(&column.kind))
}

fn ratio_holds(numerator: &str, denominator: &str) -> String {
    let (numerator, denominator) = (quoted(numerator), quoted(denominator));
    format!("q.{numerator} IS NOT NULL AND q.{denominator} IS NOT NULL AND q.{denominator} <> 0")
}
