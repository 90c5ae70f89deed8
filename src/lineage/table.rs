//! One fetched table behind a row: the answers it was decoded from, and which
//! of them hold the row's key. A table is searched by the columns that have the
//! names of the dataset's key; where the query has changed a code on its way,
//! nothing is found, and that is said.

use std::collections::BTreeMap;

use arrow::array::AsArray as _;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use jiff::Timestamp;
use serde::Serialize;

use crate::config::Fetch;
use crate::fetch::{AnswerRecord, Archive};
use crate::lake::Manifest;
use crate::run::AnswerRows;
use crate::source::Sink;

use super::row::text_at;
use super::{Lineage, LineageError, Made};

/// How many rows of a table are shown.
const SHOWN: usize = 20;

/// A fetched table, as the query read it.
#[derive(Clone, Debug, Serialize)]
pub struct Table {
    pub fetch: String,
    pub source: String,
    pub rows: u64,
    pub fetched_at: Timestamp,
    /// What was looked for: column → values.
    pub sought: BTreeMap<String, Vec<String>>,
    /// Rows with all of that; none where the table has no column to look in.
    pub found: Option<u64>,
    /// The first of them.
    pub shown: Vec<FoundRow>,
    /// The answers that hold them; all with rows, where nothing could be looked for or found.
    pub answers: Vec<Holding>,
    /// Answers with other rows.
    pub others: u64,
    /// Answers without rows: what the source says of the table.
    pub metadata: Vec<Holding>,
    /// Where what was accepted of that lies, in canonical form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted_metadata: Option<String>,
}

/// A row as it was decoded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FoundRow {
    /// Its answer, by hash.
    pub answer: String,
    /// Its place in the answer, from 1.
    pub number: u64,
    pub cells: Vec<(String, Option<String>)>,
}

/// An archived answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Holding {
    #[serde(flatten)]
    pub record: AnswerRecord,
    /// Where it lies in the data folder.
    pub place: String,
    pub rows: u64,
    /// Rows that were looked for.
    pub found: u64,
}

impl Lineage {
    /// Decodes a fetch's answers again and looks for rows with these values.
    pub async fn table(
        &self,
        made: &Made,
        manifest: &Manifest,
        fetch: &Fetch,
        sought: &BTreeMap<String, Vec<String>>,
    ) -> Result<Table, LineageError> {
        let seeker = |_: &_| Ok(Seeker { sought, columns: None, rows: 0, found: Vec::new(), shown: Vec::new() });
        let (harvested, seeker) = self.harvest(made, manifest, fetch, seeker).await?;
        let columns = seeker.columns.unwrap_or_default();
        let located = !seeker.found.is_empty();
        let mut found = seeker.found.iter().copied().peekable();
        let mut parts = Vec::new();
        for AnswerRows { answer, rows } in &harvested.parts {
            let mut here = 0;
            while found.next_if(|row| rows.contains(row)).is_some() {
                here += 1;
            }
            parts.push(holding(answer.clone(), rows.end - rows.start, here));
        }
        let shown = seeker.shown.into_iter().filter_map(|(row, cells)| {
            let part = harvested.parts.iter().find(|part| part.rows.contains(&row))?;
            Some(FoundRow { answer: part.answer.hash.clone(), number: row - part.rows.start + 1, cells })
        });
        let shown = shown.collect();
        let total = parts.len() as u64;
        let answers: Vec<Holding> = parts.into_iter().filter(|part| !located || part.found > 0).collect();
        let with_rows = |record: &AnswerRecord| harvested.parts.iter().any(|part| part.answer == *record);
        let metadata = harvested.answers.iter().filter(|record| !with_rows(record)).cloned();
        let info = manifest.sources.get(&fetch.name);
        let (source, fetched_at) =
            info.map_or_else(|| (String::new(), manifest.created_at), |info| (info.source.clone(), info.fetched_at));
        Ok(Table {
            fetch: fetch.name.clone(),
            source,
            rows: harvested.harvest.rows,
            fetched_at,
            found: (!columns.is_empty()).then_some(seeker.found.len() as u64),
            sought: sought
                .iter()
                .filter(|(name, _)| columns.contains(name))
                .map(|(name, values)| (name.clone(), values.clone()))
                .collect(),
            shown,
            others: total - answers.len() as u64,
            answers,
            metadata: metadata.map(|record| holding(record, 0, 0)).collect(),
            accepted_metadata: info.and_then(|info| info.metadata.as_deref()).map(Archive::place),
        })
    }
}

fn holding(record: AnswerRecord, rows: u64, found: u64) -> Holding {
    Holding { place: Archive::place(&record.hash), record, rows, found }
}

/// Looks for rows while a table goes by.
struct Seeker<'a> {
    sought: &'a BTreeMap<String, Vec<String>>,
    /// Those of the sought columns that the table has.
    columns: Option<Vec<String>>,
    rows: u64,
    /// Their places in the table, from 0.
    found: Vec<u64>,
    shown: Vec<(u64, Cells)>,
}

type Cells = Vec<(String, Option<String>)>;

impl Sink for Seeker<'_> {
    fn write(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        let schema = batch.schema();
        let columns = self.columns.get_or_insert_with(|| {
            self.sought.keys().filter(|name| schema.field_with_name(name).is_ok()).cloned().collect()
        });
        let mut keep = vec![!columns.is_empty(); batch.num_rows()];
        for name in columns.iter() {
            let (Some(values), Some(wanted)) = (batch.column_by_name(name), self.sought.get(name)) else { continue };
            let values = cast(values, &DataType::Utf8)?;
            for (keep, value) in keep.iter_mut().zip(values.as_string::<i32>()) {
                *keep = *keep && value.is_some_and(|value| wanted.iter().any(|wanted| wanted == value));
            }
        }
        for row in (0..batch.num_rows()).filter(|row| keep[*row]) {
            let place = self.rows + row as u64;
            self.found.push(place);
            if self.shown.len() < SHOWN {
                let cells = schema.fields().iter().zip(batch.columns());
                let cells = cells.map(|(field, values)| Ok((field.name().clone(), text_at(values.as_ref(), row)?)));
                self.shown.push((place, cells.collect::<anyhow::Result<_>>()?));
            }
        }
        self.rows += batch.num_rows() as u64;
        Ok(())
    }
}
