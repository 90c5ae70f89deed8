//! Reads one published dataset's Parquet files, once, and keeps the rows that
//! the report's figures ask for. Rows are filtered while they are read; nothing is summed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::contract::Status;

use super::ReportError;
use super::definition::{Level, Series};
use super::number::Number;
use super::period::Period;
use super::published::Published;

/// What one figure wants from a dataset.
pub(super) struct Query<'a> {
    pub series: &'a Series,
    /// The category's column and its label's.
    pub category: Option<(&'a str, Option<&'a str>)>,
}

#[derive(Clone, Debug)]
pub(super) struct Observation {
    pub period: Period,
    pub category: Option<Arc<str>>,
    pub label: Option<Arc<str>>,
    /// None unless the status says that there is one.
    pub value: Option<Number>,
    pub status: Status,
}

/// One figure's rows, by area, in order of time and category.
#[derive(Debug, Default)]
pub(super) struct Observations {
    by_area: HashMap<String, Vec<Observation>>,
    /// The latest period with a value anywhere on a level, by category and (None) over all of them.
    latest: HashMap<(Level, Option<Arc<str>>), Period>,
    /// Those with a row, if only one without a value.
    levels: BTreeSet<Level>,
    /// Codes with their labels.
    pub categories: BTreeMap<Arc<str>, Arc<str>>,
}

/// A dataset's first and last period.
pub(super) type Coverage = Option<(Period, Period)>;

impl Observations {
    pub fn of(&self, kod: &str) -> &[Observation] {
        self.by_area.get(kod).map_or(&[], Vec::as_slice)
    }

    pub fn at(&self, kod: &str, period: &Period, category: Option<&str>) -> Option<&Observation> {
        self.of(kod).iter().find(|row| row.period == *period && row.category.as_deref() == category)
    }

    /// Whether any area of the level has a row.
    pub fn reach(&self, level: Level) -> bool {
        self.levels.contains(&level)
    }

    /// The period that a page on this level shows: the latest with a value on
    /// the level, else (a figure that is not published for it) on any level.
    pub fn latest(&self, level: Level, category: Option<&Arc<str>>) -> Option<&Period> {
        let on = |level| self.latest.get(&(level, category.cloned()));
        on(level).or_else(|| Level::ALL.into_iter().filter_map(on).max())
    }

    fn add(&mut self, kod: &str, level: Level, row: Observation) {
        self.levels.insert(level);
        if row.value.is_some() {
            let mut keys = vec![(level, None)];
            keys.extend(row.category.clone().map(|category| (level, Some(category))));
            for key in keys {
                let latest = self.latest.entry(key).or_insert_with(|| row.period.clone());
                if *latest < row.period {
                    *latest = row.period.clone();
                }
            }
        }
        if let Some(category) = &row.category {
            self.categories.insert(category.clone(), row.label.clone().unwrap_or_else(|| category.clone()));
        }
        match self.by_area.get_mut(kod) {
            Some(rows) => rows.push(row),
            None => drop(self.by_area.insert(kod.to_owned(), vec![row])),
        }
    }

    /// Sorts; gives the first (area, period, rows) where the figure is not one value.
    fn settle(&mut self) -> Option<(String, String, usize)> {
        let mut found: Option<(String, String, usize)> = None;
        for (kod, rows) in &mut self.by_area {
            rows.sort_by(|a, b| (&a.period, &a.category).cmp(&(&b.period, &b.category)));
            for same in rows.chunk_by(|a, b| (&a.period, &a.category) == (&b.period, &b.category)) {
                let earlier = found.as_ref().is_none_or(|(first, ..)| kod < first);
                if same.len() > 1 && earlier {
                    found = Some((kod.clone(), same[0].period.text.to_string(), same.len()));
                }
            }
        }
        found
    }
}

/// One `Observations` per query, and the periods covered by the whole dataset.
pub(super) fn read(
    dataset: &str,
    published: &Published,
    queries: &[Query<'_>],
) -> Result<(Vec<Observations>, Coverage), Fault> {
    let mut reading = Reading {
        dataset,
        queries,
        found: queries.iter().map(|_| Observations::default()).collect(),
        texts: HashMap::new(),
        coverage: None,
    };
    let mut columns = BTreeSet::from(["niva", "kod", "period", "period_start"].map(str::to_owned));
    for query in queries {
        columns.insert(query.series.value.clone());
        columns.insert(format!("{}_status", query.series.value));
        columns.extend(query.series.filters.iter().map(|filter| filter.column.clone()));
        if let Some((category, label)) = query.category {
            columns.insert(category.to_owned());
            columns.extend(label.map(str::to_owned));
        }
    }
    for file in &published.files {
        reading.file(file, &columns)?;
    }
    for (at, found) in reading.found.iter_mut().enumerate() {
        if let Some((kod, period, rows)) = found.settle() {
            return Err(Fault::Ambiguous { query: at, kod, period, rows });
        }
    }
    Ok((reading.found, reading.coverage))
}

/// A fault that the caller completes with the figure's name.
pub(super) enum Fault {
    Ambiguous { query: usize, kod: String, period: String, rows: usize },
    UnknownColumn { query: Option<usize>, column: String, known: Vec<String> },
    Other(ReportError),
}

struct Reading<'a> {
    dataset: &'a str,
    queries: &'a [Query<'a>],
    found: Vec<Observations>,
    texts: HashMap<String, Arc<str>>,
    coverage: Coverage,
}

impl Reading<'_> {
    fn file(&mut self, path: &Path, columns: &BTreeSet<String>) -> Result<(), Fault> {
        let dataset = self.dataset;
        let fault =
            |source| Fault::Other(ReportError::Read { dataset: dataset.to_owned(), file: path.to_owned(), source });
        let file = File::open(path).map_err(|error| fault(error.into()))?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(fault)?;
        let known: Vec<String> = reader.schema().fields().iter().map(|field| field.name().clone()).collect();
        if let Some(missing) = columns.iter().find(|column| !known.contains(column)) {
            let query = self.queries.iter().position(|query| names(query, missing));
            return Err(Fault::UnknownColumn { query, column: missing.clone(), known });
        }
        let mask = ProjectionMask::columns(reader.parquet_schema(), columns.iter().map(String::as_str));
        for batch in reader.with_projection(mask).build().map_err(fault)? {
            let batch = batch.map_err(|error| fault(error.into()))?;
            self.batch(&Batch { batch, dataset, file: path })?;
        }
        Ok(())
    }

    fn batch(&mut self, batch: &Batch<'_>) -> Result<(), Fault> {
        let (niva, kod) = (batch.text("niva")?, batch.text("kod")?);
        let (text, start) = (batch.text("period")?, batch.date("period_start")?);
        let levels: Vec<Option<Level>> = niva.iter().map(|niva| Level::parse(niva?)).collect();
        let mut periods = Vec::with_capacity(levels.len());
        for (row, level) in levels.iter().enumerate() {
            let start = start.is_valid(row).then(|| start.value(row));
            let period = Period { start, text: self.shared(text.value(row)) };
            if level.is_some() {
                self.cover(&period);
            }
            periods.push(period);
        }
        let queries = self.queries;
        for (at, query) in queries.iter().enumerate() {
            let mut wanted: Vec<bool> = levels.iter().map(Option::is_some).collect();
            for filter in &query.series.filters {
                let column = batch.text(&filter.column)?;
                for (keep, code) in wanted.iter_mut().zip(column.iter()) {
                    *keep = *keep && code.is_some_and(|code| filter.codes.iter().any(|wanted| wanted == code));
                }
            }
            let values = batch.numbers(&query.series.value)?;
            let statuses = batch.text(&format!("{}_status", query.series.value))?;
            let category = query.category.map(|(category, _)| batch.text(category)).transpose()?;
            let label = query.category.and_then(|(_, label)| label).map(|label| batch.text(label)).transpose()?;
            for (row, level) in levels.iter().enumerate() {
                let (true, Some(level)) = (wanted[row], *level) else { continue };
                let (value, status) = batch.cell(&values, &statuses, row)?;
                let mut shared = |column: &Option<StringArray>| {
                    column.as_ref().filter(|column| column.is_valid(row)).map(|column| self.shared(column.value(row)))
                };
                let (category, label) = (shared(&category), shared(&label));
                let row_of = Observation { period: periods[row].clone(), category, label, value, status };
                self.found[at].add(kod.value(row), level, row_of);
            }
        }
        Ok(())
    }

    fn cover(&mut self, period: &Period) {
        match &mut self.coverage {
            None => self.coverage = Some((period.clone(), period.clone())),
            Some((first, last)) => {
                if period < first {
                    *first = period.clone();
                }
                if period > last {
                    *last = period.clone();
                }
            }
        }
    }

    fn shared(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return known.clone();
        }
        let new: Arc<str> = text.into();
        self.texts.insert(text.to_owned(), new.clone());
        new
    }
}

fn names(query: &Query<'_>, column: &str) -> bool {
    column.strip_suffix("_status").unwrap_or(column) == query.series.value
        || query.series.filters.iter().any(|filter| filter.column == column)
        || query.category.is_some_and(|(category, label)| category == column || label == Some(column))
}

enum Numbers {
    Int(Int64Array),
    Float(Float64Array),
}

struct Batch<'a> {
    batch: RecordBatch,
    dataset: &'a str,
    file: &'a Path,
}

impl Batch<'_> {
    fn cast(&self, name: &str, to: &DataType) -> Result<Arc<dyn Array>, Fault> {
        // Present: the file's schema was checked against every column asked for.
        let column = self
            .batch
            .column_by_name(name)
            .cloned()
            .unwrap_or_else(|| arrow::array::new_null_array(to, self.batch.num_rows()));
        cast(&column, to).map_err(|source| {
            Fault::Other(ReportError::Type {
                dataset: self.dataset.to_owned(),
                file: self.file.to_owned(),
                column: name.to_owned(),
                source,
            })
        })
    }

    fn text(&self, name: &str) -> Result<StringArray, Fault> {
        Ok(self.cast(name, &DataType::Utf8)?.as_string().clone())
    }

    fn date(&self, name: &str) -> Result<Date32Array, Fault> {
        Ok(self.cast(name, &DataType::Date32)?.as_primitive::<Date32Type>().clone())
    }

    fn numbers(&self, name: &str) -> Result<Numbers, Fault> {
        let whole = self.batch.column_by_name(name).is_some_and(|column| column.data_type().is_integer());
        if whole {
            return Ok(Numbers::Int(self.cast(name, &DataType::Int64)?.as_primitive::<Int64Type>().clone()));
        }
        Ok(Numbers::Float(self.cast(name, &DataType::Float64)?.as_primitive::<Float64Type>().clone()))
    }

    fn cell(&self, values: &Numbers, statuses: &StringArray, row: usize) -> Result<(Option<Number>, Status), Fault> {
        let value = match values {
            Numbers::Int(values) => values.is_valid(row).then(|| Number::Int(values.value(row))),
            Numbers::Float(values) => values.is_valid(row).then(|| Number::Float(values.value(row))),
        };
        let value = value.filter(|value| value.to_f64().is_finite());
        let status = if statuses.is_valid(row) {
            let text = statuses.value(row);
            text.parse().map_err(|()| {
                let (dataset, file) = (self.dataset.to_owned(), self.file.to_owned());
                Fault::Other(ReportError::Status { dataset, file, status: text.to_owned() })
            })?
        } else {
            Status::Observed
        };
        Ok(match value {
            // A null is not a zero, whatever its status claims.
            None if status.has_value() => (None, Status::Missing),
            Some(_) if !status.has_value() => (None, status),
            value => (value, status),
        })
    }
}
