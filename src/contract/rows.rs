//! The contract's checks on the rows themselves, in one pass over them in the
//! order in which they are published, when they are and whenever they are read
//! again.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::partition;
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use jiff::civil::Date;

use super::check::Rule;
use super::finding::{Finding, Offences, Offender};
use super::promise::{Contract, Part, Promise};
use super::status::Status;
use super::words;

/// The moment of publishing, which some checks are about.
#[derive(Clone, Copy, Debug)]
pub struct Occasion {
    /// Rows of the version that is current.
    pub published_rows: Option<u64>,
    /// The run's date.
    pub date: Date,
}

/// Reads batches in sorted order; uniqueness is a matter of neighbours.
pub struct RowCheck<'a> {
    contract: &'a Contract,
    rows: u64,
    newest: Option<(i32, String)>,
    last_key: Option<Vec<Option<String>>>,
    misfits: BTreeSet<String>,
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
    /// Beside the contract's columns.
    columns: Vec<OfColumn<'a>>,
}

/// What is promised of one column, and the rows that break it.
#[derive(Default)]
struct OfColumn<'a> {
    allowed: Option<HashSet<&'a str>>,
    null: Offences,
    value: Offences,
    range: Offences,
    status: Offences,
}

impl<'a> RowCheck<'a> {
    pub fn new(contract: &'a Contract) -> Self {
        let listed = |column: &Promise| !column.values.is_empty() || column.codes.is_some();
        let allowed = |column: &'a Promise| listed(column).then(|| column.values.iter().map(String::as_str).collect());
        Self {
            contract,
            rows: 0,
            newest: None,
            last_key: None,
            misfits: BTreeSet::new(),
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
            columns: contract
                .columns
                .iter()
                .map(|column| OfColumn { allowed: allowed(column), ..OfColumn::default() })
                .collect(),
        }
    }

    /// `batch` has the contract's columns, text as plain strings.
    pub fn batch(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        self.rows += batch.num_rows() as u64;
        if !self.fits(batch) || batch.num_rows() == 0 {
            return Ok(());
        }
        let column = |name: &str| batch.column_by_name(name).cloned();
        let (Some(names), Some(counties), Some(starts)) = (column("namn"), column("lan"), column("period_start"))
        else {
            return Ok(());
        };
        let all_known = [&names, &counties, &starts].iter().all(|column| column.null_count() == 0);
        for row in 0..if all_known { 0 } else { batch.num_rows() } {
            if names.is_null(row) {
                self.area.add(|| offender(batch, row, &["niva", "kod"]));
            }
            if counties.is_null(row) && !names.is_null(row) {
                self.county.add(|| offender(batch, row, &["niva", "kod", "period"]));
            }
            if starts.is_null(row) {
                self.period.add(|| offender(batch, row, &["kod", "period"]));
            }
        }
        self.newest(batch);
        self.keys(batch)?;
        for (index, promise) in self.contract.columns.iter().enumerate() {
            let Some(values) = batch.column_by_name(&promise.name) else { continue };
            match promise.role {
                Part::Measure => {
                    if let Some(statuses) = batch.column_by_name(&format!("{}_status", promise.name)) {
                        self.measure(batch, index, promise, values, statuses.as_string());
                    }
                }
                Part::Key | Part::Label => self.codes(batch, index, promise, values),
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether the columns are there, of their types. One that is not is told once.
    fn fits(&mut self, batch: &RecordBatch) -> bool {
        let schema = batch.schema();
        for column in &self.contract.columns {
            match schema.field_with_name(&column.name) {
                Ok(field) if *field.data_type() == column.kind.arrow() => {}
                Ok(field) => {
                    self.misfits.insert(format!("{} is {}", column.name, field.data_type()));
                }
                Err(_) => {
                    self.misfits.insert(format!("{} is not there", column.name));
                }
            }
        }
        self.misfits.is_empty()
    }

    fn newest(&mut self, batch: &RecordBatch) {
        let (Some(ends), Some(periods)) = (batch.column_by_name("period_end"), batch.column_by_name("period")) else {
            return;
        };
        let ends = ends.as_primitive::<Date32Type>();
        let newest = (0..ends.len()).filter(|row| !ends.is_null(*row)).max_by_key(|row| ends.value(*row));
        if let Some(row) = newest
            && self.newest.as_ref().is_none_or(|(newest, _)| ends.value(row) > *newest)
        {
            self.newest = Some((ends.value(row), text_at(periods, row).unwrap_or_default().into_owned()));
        }
    }

    fn keys(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let names: Vec<&str> = self.contract.key.iter().map(String::as_str).collect();
        let columns: Vec<ArrayRef> = names.iter().filter_map(|name| batch.column_by_name(name).cloned()).collect();
        if columns.iter().any(|column| column.null_count() > 0) {
            for row in 0..batch.num_rows() {
                if columns.iter().any(|column| column.is_null(row)) {
                    self.null_key.add(|| offender(batch, row, &names));
                }
            }
        }
        if self.contract.checks.iter().any(|check| check.rule == Rule::Unique) {
            let key_of =
                |row: usize| columns.iter().map(|column| text_at(column, row).map(Cow::into_owned)).collect::<Vec<_>>();
            if self.last_key.as_ref().is_some_and(|last| *last == key_of(0)) {
                self.duplicate.add(|| offender(batch, 0, &names));
            }
            // Equal keys are neighbours: a run of more than one is a repetition.
            for run in partition(&columns)?.ranges() {
                for row in run.start + 1..run.end {
                    self.duplicate.add(|| offender(batch, row, &names));
                }
            }
            self.last_key = Some(key_of(batch.num_rows() - 1));
        }
        Ok(())
    }

    fn codes(&mut self, batch: &RecordBatch, index: usize, promise: &Promise, values: &ArrayRef) {
        let shown: Vec<&str> = match promise.role {
            Part::Key => self.contract.key.iter().map(String::as_str).collect(),
            _ => {
                let key = self.contract.key.iter().map(String::as_str);
                key.chain([promise.name.as_str()]).collect()
            }
        };
        let of = &mut self.columns[index];
        if values.null_count() > 0 {
            for row in (0..values.len()).filter(|row| values.is_null(*row)) {
                of.null.add(|| offender(batch, row, &shown));
            }
        }
        let (Some(allowed), Some(texts)) = (&of.allowed, values.as_string_opt::<i32>()) else { return };
        let mut last = None;
        for (row, text) in texts.iter().enumerate() {
            let Some(text) = text.filter(|text| last != Some(*text)) else { continue };
            if allowed.contains(text) {
                // Sorted rows repeat their codes: what was found good need not be looked up again.
                last = Some(text);
            } else {
                of.value.add(|| offender(batch, row, &shown));
            }
        }
    }

    fn measure(
        &mut self,
        batch: &RecordBatch,
        index: usize,
        promise: &Promise,
        values: &ArrayRef,
        statuses: &StringArray,
    ) {
        let name = promise.name.as_str();
        let status_name = format!("{name}_status");
        let mut shown: Vec<&str> = self.contract.key.iter().map(String::as_str).collect();
        shown.extend([name, status_name.as_str()]);
        let of = &mut self.columns[index];
        let floats = (*values.data_type() == DataType::Float64).then(|| values.as_primitive::<Float64Type>());
        let whole = (*values.data_type() == DataType::Int64).then(|| values.as_primitive::<Int64Type>());
        for row in 0..batch.num_rows() {
            let status =
                (!statuses.is_null(row)).then(|| statuses.value(row)).and_then(|text| text.parse::<Status>().ok());
            match (status, values.is_null(row)) {
                (None, _) => self.status.add(|| offender(batch, row, &shown)),
                (Some(status), true) if status.has_value() => self.silent_null.add(|| offender(batch, row, &shown)),
                (Some(status), false) if !status.has_value() => {
                    self.value_against_status.add(|| offender(batch, row, &shown));
                }
                _ => {}
            }
            if let Some(status) = status
                && !promise.statuses.is_empty()
                && !promise.statuses.contains(&status)
            {
                of.status.add(|| offender(batch, row, &shown));
            }
            if values.is_null(row) {
                of.null.add(|| offender(batch, row, &shown));
                continue;
            }
            let number = match (floats, whole) {
                (Some(floats), _) => floats.value(row),
                (_, Some(whole)) => whole.value(row) as f64,
                _ => continue,
            };
            if !number.is_finite() {
                self.not_finite.add(|| offender(batch, row, &shown));
                continue;
            }
            if floats.is_some() && promise.decimals.is_some_and(|decimals| has_more_decimals(number, decimals)) {
                self.decimals.add(|| offender(batch, row, &shown));
            }
            if promise.range.is_some_and(|range| {
                range.min.is_some_and(|min| number < min) || range.max.is_some_and(|max| number > max)
            }) {
                of.range.add(|| offender(batch, row, &shown));
            }
        }
    }

    /// The number of rows, and everything that did not hold. A finding of a version that was published with it
    /// is a warning. Without an occasion, what is only about publishing is not judged.
    pub fn finish(mut self, occasion: Option<Occasion>) -> (u64, Vec<Finding>) {
        let contract = self.contract;
        let mut findings = Vec::new();
        for check in &contract.checks {
            let name = check.rule.name();
            let mut add = |offences: Offences, say: fn(u64, &Contract, &Rule) -> words::Said| {
                let said = say(offences.count, contract, &check.rule);
                findings.extend(offences.finding(&name, check.severity, said));
            };
            match &check.rule {
                Rule::Columns if !self.misfits.is_empty() => {
                    let misfits: Vec<String> = std::mem::take(&mut self.misfits).into_iter().collect();
                    let said = words::columns(&misfits.join(", "));
                    findings.push(plain(&name, check.severity, said));
                }
                Rule::Area => add(std::mem::take(&mut self.area), words::area),
                Rule::Lan => add(std::mem::take(&mut self.county), words::county),
                Rule::Period => add(std::mem::take(&mut self.period), words::period),
                Rule::Key => add(std::mem::take(&mut self.null_key), words::null_key),
                Rule::Status => {
                    add(std::mem::take(&mut self.status), words::no_status);
                    add(std::mem::take(&mut self.silent_null), words::silent_null);
                    add(std::mem::take(&mut self.value_against_status), words::against_status);
                }
                Rule::Value => add(std::mem::take(&mut self.not_finite), words::not_finite),
                Rule::Decimals => add(std::mem::take(&mut self.decimals), words::decimals),
                Rule::Unique => add(std::mem::take(&mut self.duplicate), words::duplicate),
                Rule::Nullable { column } => add(self.of(column, |of| &of.null), words::empty),
                Rule::Values { column } => add(self.of(column, |of| &of.value), words::unlisted),
                Rule::Range { column } => add(self.of(column, |of| &of.range), words::out_of_range),
                Rule::Statuses { column } => add(self.of(column, |of| &of.status), words::other_status),
                Rule::MinRows { rows } if self.rows < *rows => {
                    findings.push(plain(&name, check.severity, words::too_few(self.rows, *rows)));
                }
                Rule::MaxDrop { percent } => {
                    if let Some(published) = occasion.and_then(|occasion| occasion.published_rows) {
                        let drop = 100.0 * published.saturating_sub(self.rows) as f64 / published.max(1) as f64;
                        if drop > *percent {
                            let said = words::dropped(self.rows, published, drop, *percent);
                            findings.push(plain(&name, check.severity, said));
                        }
                    }
                }
                Rule::MaxNull { column, percent } => {
                    let offences = self.of(column, |of| &of.null);
                    let title =
                        contract.columns.iter().find(|one| one.name == *column).map_or("", |one| one.title.as_str());
                    let share = 100.0 * offences.count as f64 / self.rows.max(1) as f64;
                    if share > *percent {
                        let said = words::too_empty((column, title), offences.count, self.rows, share, *percent);
                        findings.extend(offences.finding(&name, check.severity, said));
                    }
                }
                Rule::Freshness { days } => {
                    if let (Some(occasion), Some((end, period))) = (occasion, &self.newest)
                        && let Some(end) = date_of(*end)
                        && i64::from((occasion.date - end).get_days()) > i64::from(*days)
                    {
                        findings.push(plain(&name, check.severity, words::stale(period, end, *days)));
                    }
                }
                _ => {}
            }
        }
        (self.rows, findings)
    }

    /// What was found in a column; counted for one check, it may still be wanted by another.
    fn of(&self, name: &str, which: for<'o> fn(&'o OfColumn<'a>) -> &'o Offences) -> Offences {
        let index = self.contract.columns.iter().position(|column| column.name == name);
        index.map(|index| which(&self.columns[index]).clone()).unwrap_or_default()
    }
}

fn plain(check: &str, severity: super::check::Severity, (message, notice): words::Said) -> Finding {
    Finding { check: check.to_owned(), severity, message, notice, rows: Vec::new(), more: false }
}

/// Arrow counts days since 1970.
fn date_of(days: i32) -> Option<Date> {
    Date::constant(1970, 1, 1).checked_add(jiff::Span::new().try_days(days).ok()?).ok()
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
pub fn offender(batch: &RecordBatch, row: usize, names: &[&str]) -> Offender {
    let cell = |name: &&str| {
        let column = batch.column_by_name(name)?;
        Some(((*name).to_owned(), text_at(column, row).map(Cow::into_owned)))
    };
    Offender { cells: names.iter().filter_map(cell).collect(), answers: Vec::new() }
}
