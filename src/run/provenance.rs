//! Which archived answers a row came from: every staged row belongs to one
//! answer, and a published row is found again by the code columns that it
//! shares with the staged table.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::ops::Range;
use std::path::Path;

use anyhow::Context as _;
use arrow::array::{Array as _, AsArray as _, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::contract::{Finding, Offender};
use crate::fetch::{AnswerRecord, Archive, Courier};
use crate::source::{Mixed, Sink};

use super::fetching::Staged;

/// The rows of a staged table, counted from 0, that one answer gave.
#[derive(Clone, Debug)]
pub struct AnswerRows {
    pub answer: AnswerRecord,
    pub rows: Range<u64>,
}

/// The answers of a staged table, and which of them each row is from.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    /// In the order in which their rows came first.
    pub answers: Vec<AnswerRecord>,
    /// Rows one after the other: place in `answers`, and how many. Millions of them where answers cut across the rows'
    /// order.
    runs: Vec<(u32, u32)>,
}

impl Origins {
    /// More rows of the answer in this place.
    fn add(&mut self, place: u32, rows: u32) {
        match self.runs.last_mut().filter(|run| run.0 == place) {
            Some(run) if run.1.checked_add(rows).is_some() => run.1 += rows,
            _ => self.runs.push((place, rows)),
        }
    }

    /// The place of an answer, which is among the latest if it is known.
    fn place(&mut self, answer: &AnswerRecord) -> u32 {
        let place = self.answers.iter().rposition(|known| known == answer).unwrap_or_else(|| {
            self.answers.push(answer.clone());
            self.answers.len() - 1
        });
        u32::try_from(place).unwrap_or(u32::MAX)
    }

    /// Run by run.
    pub fn parts(&self) -> Vec<AnswerRows> {
        let mut parts: Vec<AnswerRows> = Vec::new();
        let mut from = 0;
        for (place, rows) in &self.runs {
            let to = from + u64::from(*rows);
            let answer = &self.answers[*place as usize];
            match parts.last_mut().filter(|part| part.answer == *answer) {
                Some(part) => part.rows.end = to,
                None => parts.push(AnswerRows { answer: answer.clone(), rows: from..to }),
            }
            from = to;
        }
        parts
    }
}

/// Notes, on the way into a staged file, which answer each row comes from: the one last accepted, where nothing else
/// is told.
pub struct Noting<'a, S> {
    pub sink: &'a mut S,
    pub courier: Courier,
    pub origins: Origins,
}

impl<S: Sink> Sink for Noting<'_, S> {
    fn write(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        self.sink.write(batch)?;
        let Some(answer) = self.courier.latest() else { return Ok(()) };
        let place = self.origins.place(&answer);
        self.origins.add(place, u32::try_from(batch.num_rows())?);
        Ok(())
    }

    fn write_mixed(&mut self, batch: &RecordBatch, mixed: &Mixed<'_>) -> anyhow::Result<()> {
        self.sink.write_mixed(batch, mixed)?;
        let places: Vec<u32> = mixed.answers.iter().map(|answer| self.origins.place(answer)).collect();
        for (answer, rows) in mixed.runs {
            let place = places.get(*answer as usize).context("rows of no answer")?;
            self.origins.add(*place, *rows);
        }
        Ok(())
    }
}

/// A row that is looked for: column → value. Columns that the staged table lacks are passed over.
pub type Wanted = BTreeMap<String, String>;

/// For each wanted row the places in `origins` of the answers that hold it; none where it cannot be told, since the
/// staged table shares no column with it, or has no such row: it was computed.
pub fn answers_of(staged: &Path, origins: &Origins, wanted: &[Wanted]) -> anyhow::Result<Vec<Option<Vec<usize>>>> {
    let mut found: Vec<Option<Vec<usize>>> = vec![None; wanted.len()];
    if !staged.exists() {
        return Ok(found);
    }
    let about = || staged.display().to_string();
    let file = File::open(staged).with_context(about)?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).with_context(about)?;
    let columns: Vec<String> = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
    let mut searches = Searches::new(&columns, wanted);
    if searches.0.is_empty() {
        return Ok(found);
    }
    let used = columns.iter().enumerate().filter(|(_, name)| searches.0.iter().any(|one| one.columns.contains(name)));
    let mask = ProjectionMask::roots(builder.parquet_schema(), used.map(|(index, _)| index));
    let mut runs = origins.runs.iter().copied();
    let mut run = runs.next();
    for batch in builder.with_projection(mask).build().with_context(about)? {
        let batch = batch?;
        let searched = searches.over(&batch)?;
        for index in 0..batch.num_rows() {
            while run.is_some_and(|(_, rows)| rows == 0) {
                run = runs.next();
            }
            for hit in searched.iter().flat_map(|search| search.hits(index)) {
                let places = found[*hit].get_or_insert_default();
                if let Some((place, _)) = run
                    && !places.contains(&(place as usize))
                {
                    places.push(place as usize);
                }
            }
            if let Some((_, rows)) = &mut run {
                *rows -= 1;
            }
        }
    }
    for places in found.iter_mut().flatten() {
        places.sort_unstable();
    }
    Ok(found)
}

/// Wanted rows by the columns that they are found by.
struct Searches(Vec<Search>);

struct Search {
    columns: Vec<String>,
    /// Values, each with its length before it → which of the wanted rows.
    rows: HashMap<String, Vec<usize>>,
}

impl Searches {
    fn new(columns: &[String], wanted: &[Wanted]) -> Self {
        let mut searches: Vec<Search> = Vec::new();
        for (index, row) in wanted.iter().enumerate() {
            let shared: Vec<String> = row.keys().filter(|name| columns.contains(name)).cloned().collect();
            if shared.is_empty() {
                continue;
            }
            let mut key = String::new();
            for name in &shared {
                add(&mut key, &row[name]);
            }
            let place = searches.iter().position(|search| search.columns == shared).unwrap_or_else(|| {
                searches.push(Search { columns: shared, rows: HashMap::new() });
                searches.len() - 1
            });
            searches[place].rows.entry(key).or_default().push(index);
        }
        Self(searches)
    }

    fn over<'a>(&'a mut self, batch: &RecordBatch) -> anyhow::Result<Vec<Searched<'a>>> {
        let mut searched = Vec::new();
        for search in &self.0 {
            let mut columns = Vec::new();
            for name in &search.columns {
                let column = batch.column_by_name(name).with_context(|| format!("column {name:?} is missing"))?;
                columns.push(cast(column, &DataType::Utf8)?.as_string::<i32>().clone());
            }
            searched.push(Searched { search, columns });
        }
        Ok(searched)
    }
}

struct Searched<'a> {
    search: &'a Search,
    columns: Vec<StringArray>,
}

impl Searched<'_> {
    fn hits(&self, row: usize) -> &[usize] {
        let mut key = String::new();
        for column in &self.columns {
            if column.is_null(row) {
                return &[];
            }
            add(&mut key, column.value(row));
        }
        self.search.rows.get(&key).map(Vec::as_slice).unwrap_or_default()
    }
}

fn add(key: &mut String, value: &str) {
    key.push_str(&value.len().to_string());
    key.push(':');
    key.push_str(value);
}

/// How many answers of one fetch are named one by one.
const ANSWERS_SHOWN: usize = 3;

/// Fills in, for every row that is shown, the answers of every fetch that it came from. A row that cannot be traced
/// names the fetch's answers together.
pub fn trace(findings: &mut [Finding], key: &[String], staged: &BTreeMap<String, Staged>) -> anyhow::Result<()> {
    let named = |row: &Offender| -> Wanted {
        let cells = row.cells.iter().filter(|(name, _)| key.contains(name));
        cells.filter_map(|(name, value)| Some((name.clone(), value.clone()?))).collect()
    };
    let wanted: Vec<Wanted> = findings.iter().flat_map(|finding| finding.rows.iter().map(named)).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    for (name, staged) in staged {
        let mut found = answers_of(&staged.path, &staged.origins, &wanted)?.into_iter();
        for row in findings.iter_mut().flat_map(|finding| &mut finding.rows) {
            let places = found.next().flatten();
            row.answers.extend(match places {
                Some(places) => listed(name, places.iter().map(|place| &staged.origins.answers[*place])),
                None => listed(name, staged.origins.answers.iter()),
            });
        }
    }
    Ok(())
}

fn listed<'a>(fetch: &str, answers: impl ExactSizeIterator<Item = &'a AnswerRecord>) -> Vec<String> {
    let count = answers.len();
    let shown = if count > ANSWERS_SHOWN { 1 } else { count };
    let beginning =
        if count > ANSWERS_SHOWN { format!("{fetch}, {count} answers, the first: ") } else { format!("{fetch}: ") };
    answers
        .take(shown)
        .map(|answer| format!("{beginning}{} {} ({})", answer.method, answer.url, Archive::place(&answer.hash)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array};

    use super::*;
    use crate::fetch::{Identity, Method};
    use crate::lake::Stage;

    fn answer(name: &str) -> AnswerRecord {
        AnswerRecord {
            identity: Identity(name.to_owned()),
            source: "prov".to_owned(),
            method: Method::Get,
            url: format!("https://example.org/{name}"),
            request_body: None,
            fetched_at: "2026-11-23T08:00:00Z".parse().unwrap(),
            status: 200,
            headers: BTreeMap::new(),
            hash: blake3::hash(name.as_bytes()).to_hex().to_string(),
            size: 0,
            original: None,
            synthetic: false,
        }
    }

    fn batch(rows: &[(&str, &str)]) -> RecordBatch {
        let text = |values: Vec<&str>| Arc::new(StringArray::from(values)) as ArrayRef;
        let numbers: Int64Array = rows.iter().map(|_| Some(1)).collect();
        RecordBatch::try_from_iter([
            ("kod", text(rows.iter().map(|row| row.0).collect())),
            ("period", text(rows.iter().map(|row| row.1).collect())),
            ("antal", Arc::new(numbers) as ArrayRef),
        ])
        .unwrap()
    }

    fn wanted(cells: &[(&str, &str)]) -> Wanted {
        cells.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_row_is_found_in_the_answers_that_hold_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = Stage::open(folder.path(), "prov").unwrap().create("rader");
        let mut origins = Origins::default();
        for (name, rows) in [
            ("a", vec![("01", "2023"), ("01", "2024")]),
            ("b", vec![("03", "2023")]),
            ("c", vec![("03", "2024"), ("01", "2024")]),
        ] {
            let place = origins.place(&answer(name));
            origins.add(place, u32::try_from(rows.len()).unwrap());
            file.write(&batch(&rows)).unwrap();
        }
        let (path, _) = file.finish().unwrap();
        let rows = [
            wanted(&[("kod", "01"), ("period", "2024")]),
            wanted(&[("kod", "03"), ("alder", "0-9")]),
            wanted(&[("kod", "00"), ("period", "2024")]),
            wanted(&[("ssyk", "2512")]),
            wanted(&[("period", "2023"), ("kod", "03")]),
        ];
        let found = answers_of(&path, &origins, &rows).unwrap();
        assert_eq!(found, [Some(vec![0, 2]), Some(vec![1, 2]), None, None, Some(vec![1])]);
        assert_eq!(answers_of(&folder.path().join("borta.parquet"), &origins, &rows).unwrap(), [const { None }; 5]);
    }

    #[test]
    fn many_answers_are_named_by_the_first() {
        let answers: Vec<AnswerRecord> = ["a", "b", "c", "d"].map(answer).into();
        let places: Vec<String> = listed("k", answers[..2].iter());
        assert!(places[0].starts_with("k: GET https://example.org/a (archive/objects/"), "{places:?}");
        assert_eq!(places.len(), 2);
        let places = listed("k", answers.iter());
        assert!(places[0].starts_with("k, 4 answers, the first: GET https://example.org/a ("), "{places:?}");
        assert_eq!(places.len(), 1);
    }
}
