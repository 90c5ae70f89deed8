//! One reference file: a source line, a header, rows of text.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

use super::Problem;

/// What the first line of every reference file begins with.
const SOURCE: &str = "# källa:";

pub(super) struct Table {
    pub path: PathBuf,
    pub name: String,
    pub columns: Vec<String>,
    /// Each row with the line it stands on.
    pub rows: Vec<(u64, Vec<String>)>,
}

impl Table {
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    pub fn problem(&self, line: u64, reason: String) -> Problem {
        Problem { file: self.path.clone(), line, reason }
    }

    /// All columns as text.
    pub fn batch(&self) -> RecordBatch {
        let fields: Vec<Field> = self.columns.iter().map(|column| Field::new(column, DataType::Utf8, false)).collect();
        let columns = (0..self.columns.len())
            .map(|at| {
                let texts = self.rows.iter().map(|(_, row)| row.get(at).map_or("", String::as_str));
                Arc::new(StringArray::from_iter_values(texts)) as ArrayRef
            })
            .collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows.len()));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
            .expect("every column was made from the same rows")
    }
}

/// Reads one file and notes everything that is wrong with it.
pub(super) fn parse(path: &Path, bytes: &[u8], problems: &mut Vec<Problem>) -> Option<Table> {
    let mut note = |line: u64, reason: String| problems.push(Problem { file: path.to_path_buf(), line, reason });
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let line = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count() as u64;
            note(line, "the text is not UTF-8".to_owned());
            return None;
        }
    };
    if !text.starts_with(SOURCE) || text.lines().next().is_some_and(|line| line[SOURCE.len()..].trim().is_empty()) {
        note(1, format!("the first line must name the source: {SOURCE} …"));
    }
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).flexible(true).from_reader(bytes);
    let columns: Vec<String> = match reader.headers() {
        Ok(header) => header.iter().map(str::to_owned).collect(),
        Err(error) => {
            note(1, format!("the header cannot be read: {error}"));
            return None;
        }
    };
    let lines: Vec<&str> = text.lines().collect();
    // The reader counts from where it began to look, before the comments and empty lines it passed over.
    let content = |from: u64| {
        let at = usize::try_from(from.saturating_sub(1)).unwrap_or_default();
        let passed = lines.iter().skip(at).take_while(|line| line.is_empty() || line.starts_with('#')).count();
        from + passed as u64
    };
    let header_line = content(1);
    for (at, column) in columns.iter().enumerate() {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if column.is_empty() || !column.bytes().all(plain) {
            note(header_line, format!("the column name {column:?} is not ASCII snake_case"));
        }
        if columns[..at].contains(column) {
            note(header_line, format!("the column {column:?} stands twice"));
        }
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        match record {
            Ok(record) => {
                let line = record.position().map_or(1, |position| content(position.line()));
                if record.len() == columns.len() {
                    rows.push((line, record.iter().map(str::to_owned).collect()));
                } else {
                    note(line, format!("{} fields where the header has {}", record.len(), columns.len()));
                }
            }
            Err(error) => {
                let line = error.position().map_or(1, |position| content(position.line()));
                note(line, format!("the line cannot be read: {error}"));
            }
        }
    }
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Some(Table { path: path.to_path_buf(), name, columns, rows })
}
