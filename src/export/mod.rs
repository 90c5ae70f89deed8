//! A published version as one file for those who don't read Parquet folders:
//! the rows as they were published, none computed, rounded or left out but by
//! area. Memory does not grow with the rows.

mod about;
mod cells;
mod json;
mod rows;
mod separated;
mod xlsx;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::lake::{LakeError, version_writer};

pub use about::About;
pub use rows::Rows;
pub use separated::Dialect;

/// What a file is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One file with the published files' types and metadata.
    Parquet,
    /// UTF-8, comma, decimal point.
    Csv,
    /// For Excel in Swedish: UTF-8 with byte-order mark, semicolon, decimal comma.
    CsvSv,
    /// An array of records.
    Json,
    /// A workbook: the rows, and a sheet that says what they are.
    Xlsx,
}

impl Format {
    pub const ALL: [Self; 5] = [Self::Parquet, Self::Csv, Self::CsvSv, Self::Json, Self::Xlsx];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::CsvSv => "csv-sv",
            Self::Json => "json",
            Self::Xlsx => "xlsx",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == word)
    }

    /// By a file's extension.
    pub fn of(path: &Path) -> Option<Self> {
        path.extension().and_then(|extension| extension.to_str()).and_then(|word| Self::parse(&word.to_lowercase()))
    }

    /// Whether it may go to a terminal or a pipe.
    pub const fn is_text(self) -> bool {
        matches!(self, Self::Csv | Self::CsvSv | Self::Json)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Lake(#[from] LakeError),
    #[error("could not write: {0}")]
    Write(#[from] io::Error),
    #[error("{rows} rows do not fit in a sheet, which holds {}", xlsx::MOST_ROWS)]
    TooManyRows { rows: u64 },
    #[error("could not write the workbook: {0}")]
    Workbook(String),
}

/// Writes the rows; `temporary` is a folder where a workbook may grow.
pub fn write(
    out: &mut (dyn Write + Send),
    format: Format,
    rows: &Rows<'_>,
    about: &About,
    temporary: Option<&Path>,
) -> Result<(), ExportError> {
    match format {
        Format::Parquet => {
            let fault = |error: parquet::errors::ParquetError| {
                ExportError::Write(crate::lake::write_error(&PathBuf::new(), error).source)
            };
            let mut writer = version_writer(rows.manifest, out).map_err(fault)?;
            rows.each(&mut |batch| writer.write(batch).map_err(fault))?;
            writer.close().map_err(fault)?;
            Ok(())
        }
        Format::Csv => separated::write(out, Dialect::Machine, rows),
        Format::CsvSv => separated::write(out, Dialect::Swedish, rows),
        Format::Json => json::write(out, rows),
        Format::Xlsx => xlsx::write(out, rows, about, temporary),
    }
}
