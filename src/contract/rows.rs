//! The contract's checks on the rows themselves, in one pass over them in the
//! order in which they will be published.

use std::borrow::Cow;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::partition;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::config::{Column, Dataset};

use super::columns::{Role, Shape};
use super::period::KNOWN_FORMS;
use super::status::Status;

/// How many offending rows are shown.
pub const ROWS_SHOWN: usize = 20;

/// One check that did not hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// `unique`, `min_rows`, `area`, …, or the file of a custom query.
    pub check: String,
    pub message: String,
    /// The first offending rows, each as `column=value` in words; rows that read the same are shown once.
    pub rows: Vec<String>,
    /// There are offending rows beyond those.
    pub more: bool,
}

/// Counts offences of one kind and keeps the first rows.
#[derive(Default)]
struct Offences {
    count: u64,
    rows: Vec<String>,
    more: bool,
}

impl Offences {
    fn add(&mut self, row: impl FnOnce() -> String) {
        self.count += 1;
        if self.more {
            return;
        }
        let row = row();
        if self.rows.last() == Some(&row) {
            return;
        }
        if self.rows.len() < ROWS_SHOWN {
            self.rows.push(row);
        } else {
            self.more = true;
        }
    }

    fn finding(self, check: &str, message: impl FnOnce(u64) -> String) -> Option<Finding> {
        (self.count > 0).then(|| Finding {
            check: check.to_owned(),
            message: message(self.count),
            rows: self.rows,
            more: self.more,
        })
    }
}

/// Reads batches in sorted order; uniqueness is a matter of neighbours.
pub struct RowCheck<'a> {
    dataset: &'a Dataset,
    shape: &'a Shape,
    rows: u64,
    last_key: Option<Vec<Option<String>>>,
    area: Offences,
    county: Offences,
    period: Offences,
    null_key: Offences,
    duplicate: Offences,
    status: Offences,
    silent_null: Offences,
    value_against_status: Offences,
    not_finite: Offences,
    decimals: Offences,
}

impl<'a> RowCheck<'a> {
    pub fn new(dataset: &'a Dataset, shape: &'a Shape) -> Self {
        Self {
            dataset,
            shape,
            rows: 0,
            last_key: None,
            area: Offences::default(),
            county: Offences::default(),
            period: Offences::default(),
            null_key: Offences::default(),
            duplicate: Offences::default(),
            status: Offences::default(),
            silent_null: Offences::default(),
            value_against_status: Offences::default(),
            not_finite: Offences::default(),
            decimals: Offences::default(),
        }
    }

    /// `batch` has the shape's columns, text as plain strings.
    pub fn batch(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        self.rows += batch.num_rows() as u64;
        let column = |name: &str| batch.column_by_name(name).cloned();
        let (Some(names), Some(counties), Some(starts)) = (column("namn"), column("lan"), column("period_start"))
        else {
            return Ok(());
        };
        let all_known = [&names, &counties, &starts].iter().all(|column| column.null_count() == 0);
        for row in 0..if all_known { 0 } else { batch.num_rows() } {
            if names.is_null(row) {
                self.area.add(|| describe(batch, row, &["niva", "kod"]));
            }
            if counties.is_null(row) && !names.is_null(row) {
                self.county.add(|| describe(batch, row, &["niva", "kod", "period"]));
            }
            if starts.is_null(row) {
                self.period.add(|| describe(batch, row, &["kod", "period"]));
            }
        }
        self.keys(batch)?;
        for shape in &self.shape.columns {
            if let Role::Measure(measure) = &shape.role
                && let (Some(values), Some(statuses)) =
                    (column(&measure.name), column(&format!("{}_status", measure.name)))
            {
                self.measure(batch, measure, &values, statuses.as_string());
            }
        }
        Ok(())
    }

    fn keys(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let names: Vec<&str> = self.dataset.key.iter().map(String::as_str).collect();
        let columns: Vec<ArrayRef> = names.iter().filter_map(|name| batch.column_by_name(name).cloned()).collect();
        if batch.num_rows() == 0 {
            return Ok(());
        }
        if columns.iter().any(|column| column.null_count() > 0) {
            for row in 0..batch.num_rows() {
                if columns.iter().any(|column| column.is_null(row)) {
                    self.null_key.add(|| describe(batch, row, &names));
                }
            }
        }
        if self.dataset.checks.unique {
            let key_of =
                |row: usize| columns.iter().map(|column| text_at(column, row).map(Cow::into_owned)).collect::<Vec<_>>();
            if self.last_key.as_ref().is_some_and(|last| *last == key_of(0)) {
                self.duplicate.add(|| describe(batch, 0, &names));
            }
            // Equal keys are neighbours: a run of more than one is a repetition.
            for run in partition(&columns)?.ranges() {
                for row in run.start + 1..run.end {
                    self.duplicate.add(|| describe(batch, row, &names));
                }
            }
            self.last_key = Some(key_of(batch.num_rows() - 1));
        }
        Ok(())
    }

    fn measure(&mut self, batch: &RecordBatch, measure: &Column, values: &ArrayRef, statuses: &StringArray) {
        let name = measure.name.as_str();
        let mut shown: Vec<&str> = self.dataset.key.iter().map(String::as_str).collect();
        let status_name = format!("{name}_status");
        shown.extend([name, status_name.as_str()]);
        let floats = (*values.data_type() == DataType::Float64).then(|| values.as_primitive::<Float64Type>());
        for row in 0..batch.num_rows() {
            let status =
                (!statuses.is_null(row)).then(|| statuses.value(row)).and_then(|text| text.parse::<Status>().ok());
            match (status, values.is_null(row)) {
                (None, _) => self.status.add(|| describe(batch, row, &shown)),
                (Some(status), true) if status.has_value() => self.silent_null.add(|| describe(batch, row, &shown)),
                (Some(status), false) if !status.has_value() => {
                    self.value_against_status.add(|| describe(batch, row, &shown));
                }
                _ => {}
            }
            let Some(float) = floats.filter(|floats| !floats.is_null(row)).map(|floats| floats.value(row)) else {
                continue;
            };
            if !float.is_finite() {
                self.not_finite.add(|| describe(batch, row, &shown));
            } else if measure.decimals.is_some_and(|decimals| has_more_decimals(float, decimals)) {
                self.decimals.add(|| describe(batch, row, &shown));
            }
        }
    }

    /// Everything that did not hold; nothing for a dataset that may be published.
    pub fn finish(self, published_rows: Option<u64>) -> (u64, Vec<Finding>) {
        let checks = &self.dataset.checks;
        let rows = self.rows;
        let key = self.dataset.key.join(", ");
        let mut findings: Vec<Finding> = [
            self.area.finding("area", |count| {
                format!("{count} rows have an area code that the reference tables do not know")
            }),
            self.county.finding("lan", |count| format!("{count} rows have a lan that is not their area's")),
            self.period.finding("period", |count| {
                format!("{count} rows have a period in an unknown form (known: {KNOWN_FORMS})")
            }),
            self.null_key.finding("key", |count| format!("{count} rows have an empty key column")),
            self.duplicate.finding("unique", |count| format!("{count} rows repeat the key ({key}) of another row")),
            self.status.finding("status", |count| format!("{count} values have no status, or one that is not known")),
            self.silent_null
                .finding("status", |count| format!("{count} values are empty without a status that says why")),
            self.value_against_status
                .finding("status", |count| format!("{count} values stand beside a status that says there is none")),
            self.not_finite.finding("value", |count| format!("{count} values are not finite numbers")),
            // What lies beyond the declared decimals does not count as content, so a revision there would be lost.
            self.decimals.finding("decimals", |count| {
                format!(
                    "{count} values have more decimals than the contract declares; declare them, or round in the query"
                )
            }),
        ]
        .into_iter()
        .flatten()
        .collect();
        let plain =
            |check: &str, message: String| Finding { check: check.to_owned(), message, rows: Vec::new(), more: false };
        if rows < checks.min_rows {
            findings.push(plain("min_rows", format!("{rows} rows, at least {} are required", checks.min_rows)));
        }
        if let (Some(limit), Some(published)) = (checks.max_drop, published_rows) {
            let drop = 100.0 * (published.saturating_sub(rows)) as f64 / (published.max(1)) as f64;
            if drop > limit {
                findings.push(plain(
                    "max_drop",
                    format!("{rows} rows, {drop:.1} % fewer than the {published} published; at most {limit} % may go"),
                ));
            }
        }
        (rows, findings)
    }
}

/// Beyond what a long sum of binary fractions of that size can be off by.
fn has_more_decimals(value: f64, decimals: u8) -> bool {
    let scaled = value * 10f64.powi(i32::from(decimals));
    (scaled - scaled.round()).abs() > 4096.0 * f64::EPSILON * scaled.abs().max(1.0)
}

fn text_at(column: &ArrayRef, row: usize) -> Option<Cow<'_, str>> {
    if column.is_null(row) {
        return None;
    }
    match column.data_type() {
        DataType::Utf8 => Some(column.as_string::<i32>().value(row).into()),
        DataType::Int64 => Some(column.as_primitive::<Int64Type>().value(row).to_string().into()),
        _ => ArrayFormatter::try_new(column, &FormatOptions::default())
            .ok()
            .map(|format| format.value(row).to_string().into()),
    }
}

/// `kod=9998, period=2025M01`, in the order asked for.
pub fn describe(batch: &RecordBatch, row: usize, names: &[&str]) -> String {
    let mut text = String::new();
    for name in names {
        let Some(column) = batch.column_by_name(name) else { continue };
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(name);
        text.push('=');
        text.push_str(text_at(column, row).as_deref().unwrap_or("(null)"));
    }
    text
}
