//! The contract as it is published: every promise of a version, complete by
//! itself, so that the version can be judged by it when the configuration has
//! long been another.

use std::collections::BTreeSet;

use arrow::array::AsArray as _;
use arrow::datatypes::DataType;
use serde::{Deserialize, Serialize};

use crate::config::{ADDED_COLUMNS, Checks, CodeList, Column, Dataset, GIVEN_COLUMNS, Perturbation, Ratio, ValueRange};
use crate::nearest::nearest;
use crate::reference::Reference;

use super::check::{Check, Rule, Severity};
use super::columns::{Role, Shape, ShapeColumn, ShapeProblem, Spot};
use super::status::Status;

/// What a version promises of its columns and rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contract {
    /// Every column of the Parquet files, in their order.
    pub columns: Vec<Promise>,
    /// The columns that together name a row.
    pub key: Vec<String>,
    /// Every check that is made, in the order in which it is reported.
    pub checks: Vec<Check>,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Promise {
    pub name: String,
    pub kind: ValueKind,
    /// Swedish.
    pub title: String,
    pub role: Part,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimals: Option<u8>,
    pub nullable: bool,
    /// The values that may occur; left empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// The column of a reference table that the values were taken from, `ssyk.ssyk`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codes: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<ValueRange>,
    /// The statuses that may occur; left empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statuses: Vec<Status>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub additive: bool,
    #[serde(default, skip_serializing_if = "unperturbed")]
    pub perturbation: Perturbation,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<Ratio>,
}

fn unperturbed(perturbation: &Perturbation) -> bool {
    *perturbation == Perturbation::None
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueKind {
    Text,
    Int64,
    Float64,
    Date,
}

impl ValueKind {
    fn of(kind: &DataType) -> Self {
        match kind {
            DataType::Int64 => Self::Int64,
            DataType::Float64 => Self::Float64,
            DataType::Date32 => Self::Date,
            _ => Self::Text,
        }
    }

    pub fn arrow(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Int64 => DataType::Int64,
            Self::Float64 => DataType::Float64,
            Self::Date => DataType::Date32,
        }
    }
}

/// What a column is in its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Of the key.
    Key,
    /// A code, a label or a date beside it.
    Label,
    Measure,
    Status,
    Symbol,
    /// How many perturbed cells stand in a sum.
    Perturbed,
}

impl Promise {
    /// A column that promises nothing but to be filled.
    pub fn label(name: &str, kind: ValueKind, title: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            title: title.to_owned(),
            role: Part::Label,
            unit: None,
            decimals: None,
            nullable: false,
            values: Vec::new(),
            codes: None,
            range: None,
            statuses: Vec::new(),
            additive: false,
            perturbation: Perturbation::None,
            ratio: None,
        }
    }
}

impl Contract {
    /// What the configuration promises of a query's rows.
    pub fn of(dataset: &Dataset, shape: &Shape, reference: &Reference) -> Result<Self, Vec<ShapeProblem>> {
        let (mut columns, mut problems) = (Vec::new(), Vec::new());
        for column in &shape.columns {
            match promise(dataset, column, reference) {
                Ok(promise) => columns.push(promise),
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let checks = checks(&dataset.checks, &columns);
        Ok(Self { columns, key: dataset.key.clone(), checks })
    }

    pub fn measures(&self) -> impl Iterator<Item = &Promise> {
        self.columns.iter().filter(|column| column.role == Part::Measure)
    }

    /// Whether a reader of the columns is promised the same. That a reference table has grown is no other promise.
    pub fn promises_the_same(&self, other: &Self) -> bool {
        let plain = |contract: &Self| -> Vec<Promise> {
            let values = |column: &Promise| if column.codes.is_some() { Vec::new() } else { column.values.clone() };
            contract.columns.iter().map(|column| Promise { values: values(column), ..column.clone() }).collect()
        };
        self.key == other.key && plain(self) == plain(other)
    }
}

fn promise(dataset: &Dataset, column: &ShapeColumn, reference: &Reference) -> Result<Promise, ShapeProblem> {
    let mut promise = Promise::label(&column.name, ValueKind::of(&column.kind), &column.title);
    match &column.role {
        Role::Key => {
            if dataset.key.contains(&column.name) {
                promise.role = Part::Key;
            }
            if let Some(declared) = dataset.columns.iter().find(|declared| declared.name == column.name) {
                promise.nullable = declared.nullable;
                promise.values.clone_from(&declared.values);
                if let Some(codes) = &declared.codes {
                    promise.codes = Some(format!("{}.{}", codes.table, codes.column));
                    promise.values = listed(codes, declared, reference)?;
                }
            }
        }
        Role::Measure(declared) => {
            promise.role = Part::Measure;
            promise.unit.clone_from(&declared.unit);
            promise.decimals = declared.decimals;
            promise.nullable = declared.nullable;
            promise.range = declared.range;
            promise.statuses.clone_from(&declared.statuses);
            promise.additive = declared.additive;
            promise.perturbation = declared.perturbation;
            promise.ratio.clone_from(&declared.ratio);
        }
        Role::Status(_) => promise.role = Part::Status,
        Role::Symbol => (promise.role, promise.nullable) = (Part::Symbol, true),
        Role::Perturbed(_) => (promise.role, promise.nullable) = (Part::Perturbed, true),
    }
    Ok(promise)
}

/// The codes of a reference table's column, each once.
fn listed(codes: &CodeList, column: &Column, reference: &Reference) -> Result<Vec<String>, ShapeProblem> {
    let CodeList { table, column: name } = codes;
    let problem = |message: String, near: Option<&str>, known: Vec<&str>| {
        let hint = match near {
            Some(near) => format!("did you mean {near:?}?"),
            None if known.is_empty() => "the reference folder has no table".to_owned(),
            None => format!("there are {}", known.join(", ")),
        };
        Err(ShapeProblem { message, hint, spot: Spot::Declared(column.name.clone()) })
    };
    let Some(batch) = reference.tables.get(table) else {
        let known: Vec<&str> = reference.tables.keys().map(String::as_str).collect();
        let message = format!("the codes of {:?} are those of {table:?}, which is no reference table", column.name);
        return problem(message, nearest(table, known.iter().copied()), known);
    };
    let Some(values) = batch.column_by_name(name).and_then(|values| values.as_string_opt::<i32>()) else {
        let schema = batch.schema();
        let known: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let message = format!(
            "the codes of {:?} are {name:?} of reference table {table:?}, which has no such column",
            column.name
        );
        return problem(message, nearest(name, known.iter().copied()), known);
    };
    let codes: BTreeSet<&str> = values.iter().flatten().filter(|code| !code.is_empty()).collect();
    Ok(codes.into_iter().map(str::to_owned).collect())
}

/// Every check of a dataset with these columns.
fn checks(declared: &Checks, columns: &[Promise]) -> Vec<Check> {
    let mut rules =
        vec![Rule::Columns, Rule::Area, Rule::Lan, Rule::Period, Rule::Key, Rule::Status, Rule::Value, Rule::Decimals];
    let standard = |name: &str| GIVEN_COLUMNS.contains(&name) || ADDED_COLUMNS.contains(&name);
    for column in columns {
        let name = || column.name.clone();
        let label = column.role == Part::Label && !standard(&column.name);
        if !column.nullable && (label || column.role == Part::Measure) {
            rules.push(Rule::Nullable { column: name() });
        }
        if !column.values.is_empty() || column.codes.is_some() {
            rules.push(Rule::Values { column: name() });
        }
        if column.range.is_some() {
            rules.push(Rule::Range { column: name() });
        }
        if !column.statuses.is_empty() {
            rules.push(Rule::Statuses { column: name() });
        }
    }
    if declared.unique {
        rules.push(Rule::Unique);
    }
    rules.push(Rule::MinRows { rows: declared.min_rows });
    rules.extend(declared.max_drop.map(|percent| Rule::MaxDrop { percent }));
    let limits = declared.max_null.iter();
    rules.extend(limits.map(|(column, percent)| Rule::MaxNull { column: column.clone(), percent: *percent }));
    rules.extend(declared.freshness.map(|days| Rule::Freshness { days }));
    rules.extend(declared.complete.clone().map(Rule::Complete));
    rules.extend(declared.equals.iter().cloned().map(Rule::Equals));
    rules.extend(declared.custom.iter().map(|(file, sql)| Rule::Custom {
        file: file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        sql_hash: blake3::hash(sql.as_bytes()).to_hex().to_string(),
    }));
    let severity = |rule: &Rule| {
        let warns = declared.warn.iter().any(|name| *name == rule.name() || *name == rule.kind());
        if warns { Severity::Warn } else { Severity::Error }
    };
    rules.into_iter().map(|rule| Check { severity: severity(&rule), rule }).collect()
}
