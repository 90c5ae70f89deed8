//! Why a site could not be rendered.

use std::io;
use std::path::PathBuf;

use crate::codes::{self, Code};

#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Not a failure of the run: the report waits for its first data.
    #[error("report {report}: none of its datasets is published yet ({})", .datasets.join(", "))]
    NotPublished { report: String, datasets: Vec<String> },
    #[error("report {report}: `{figure}` names column {column:?}, which dataset {dataset} does not have")]
    UnknownColumn { report: String, figure: String, dataset: String, column: String, nearest: Option<String> },
    #[error("report {report}: `{figure}` finds {rows} rows for area {kod} in {period}, where one is shown")]
    Ambiguous { report: String, figure: String, kod: String, period: String, rows: usize },
    #[error("dataset {dataset}: {} cannot be read: {source}", .file.display())]
    Read { dataset: String, file: PathBuf, source: parquet::errors::ParquetError },
    #[error("dataset {dataset}: column {column} of {} has an unexpected type: {source}", .file.display())]
    Type { dataset: String, file: PathBuf, column: String, source: arrow::error::ArrowError },
    #[error("dataset {dataset}: {status:?} in {} is not a status", .file.display())]
    Status { dataset: String, file: PathBuf, status: String },
    #[error("{kod:?} is not an area code")]
    AreaCode { kod: String },
    #[error("report {report}: template {template} fails: {source:#}")]
    Template { report: String, template: String, source: Box<minijinja::Error> },
    #[error("{} cannot be written: {source}", .file.display())]
    Write { file: PathBuf, source: io::Error },
    #[error("rendering was cut off: {reason}")]
    Interrupted { reason: String },
}

impl ReportError {
    pub const fn code(&self) -> Code {
        match self {
            Self::NotPublished { .. } => codes::REPORT_WAITS,
            Self::UnknownColumn { .. } | Self::Ambiguous { .. } | Self::AreaCode { .. } | Self::Template { .. } => {
                codes::REPORT
            }
            Self::Read { .. }
            | Self::Type { .. }
            | Self::Status { .. }
            | Self::Write { .. }
            | Self::Interrupted { .. } => codes::SITE,
        }
    }

    /// What to do about it, where that can be said.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownColumn { nearest: Some(nearest), .. } => Some(format!("did you mean `{nearest}`?")),
            Self::Ambiguous { .. } => {
                Some("narrow it in `where` to one code of every dimension: a report never sums".to_owned())
            }
            Self::NotPublished { .. } => Some("run the pipelines that publish them first".to_owned()),
            _ => None,
        }
    }
}
