//! Why a run, or a part of one, failed: always with what an operator needs to
//! find it, and where one is known, a hint.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::codes::{self, Code};
use crate::contract::{Finding, ShapeProblem};
use crate::fetch::FetchError;
use crate::lake::LakeError;
use crate::ledger::{LedgerError, Stop};
use crate::report::{ReportError, ReportProblem};
use crate::source::SourceError;
use crate::store::StoreError;
use crate::transform::{EngineError, SqlFault};

#[derive(Debug, thiserror::Error)]
pub enum Problem {
    #[error("fetch {fetch}: {error}")]
    Source { fetch: String, error: SourceError },
    #[error("fetch {fetch}: {error}")]
    Stage { fetch: String, error: anyhow::Error },
    #[error("fetch {fetch}: {source_name} has not one row for what is asked, and on_empty = \"error\"")]
    Empty { fetch: String, source_name: String },
    #[error("dataset {dataset}: {error}")]
    Rows { dataset: String, error: anyhow::Error },
    #[error("input {input}: dataset {dataset:?} is not published yet")]
    InputMissing { input: String, dataset: String },
    #[error("dataset {dataset}: {}: {}", file.display(), fault.message)]
    Query { dataset: String, file: PathBuf, fault: SqlFault },
    #[error("dataset {dataset}: {}: {error}", file.display())]
    Engine { dataset: String, file: PathBuf, error: EngineError },
    #[error("dataset {dataset}: {}", shapes(problems))]
    Shape { dataset: String, problems: Vec<ShapeProblem> },
    /// `data` says for each table where its rows came from, when some row does not: `folk from scb, https://…`.
    #[error("nothing published: {}", findings_text(findings, data))]
    Checks { findings: Vec<(String, Finding)>, data: Vec<String> },
    /// What an operator may let through; the ledger has it as waiting.
    #[error(
        "nothing published: a source says something else of its data than before, which waits to be accepted{}",
        sentences(stops)
    )]
    Drift { pipeline: String, stops: Vec<Stop> },
    /// The pointers are moved; only the record of it failed.
    #[error("published {}, but could not record it: {error}", versions.join(", "))]
    Unrecorded { versions: Vec<String>, error: LedgerError },
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    ReportFiles(Vec<ReportProblem>),
    #[error("the program is shutting down; what was fetched is kept for the next run")]
    Stopped,
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Lake(#[from] LakeError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Tables(#[from] EngineError),
}

impl Problem {
    pub fn code(&self) -> Code {
        match self {
            Self::Source { error, .. } => error.code(),
            Self::Stage { error, .. } | Self::Rows { error, .. } => codes::of_kept(error),
            Self::Empty { .. } => codes::NOTHING_THERE,
            Self::InputMissing { .. } => codes::INPUT_MISSING,
            Self::Query { .. } => codes::QUERY,
            Self::Engine { error, .. } | Self::Tables(error) => error.code(),
            Self::Shape { .. } => codes::CONTRACT,
            Self::Checks { findings, .. } if findings.iter().all(|(_, finding)| finding.check == "max_drop") => {
                codes::ROWS_GONE
            }
            Self::Checks { .. } => codes::CHECK_FAILED,
            Self::Drift { .. } => codes::DRIFT,
            Self::Unrecorded { .. } => codes::UNRECORDED,
            Self::ReportFiles(_) => codes::REPORT_FILE,
            Self::Stopped => codes::STOPPED,
            Self::Report(error) => error.code(),
            Self::Fetch(error) => error.code(),
            Self::Lake(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Ledger(error) => error.code(),
        }
    }

    /// As it is kept, and told to those who were not there: `[U0401] nothing published: …`.
    pub fn told(&self) -> String {
        self.code().mark(self)
    }

    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Stage { error, .. }
            | Self::Rows { error, .. }
            | Self::Source { error: SourceError::Sink(error), .. } => {
                error.downcast_ref::<StoreError>().and_then(StoreError::hint).map(str::to_owned)
            }
            Self::Source { error, .. } => error.hint(),
            Self::Empty { .. } => Some(
                "the last good version stays published; the source may have withdrawn the figures, or the selection may miss them"
                    .to_owned(),
            ),
            Self::InputMissing { dataset, .. } => Some(format!("run the pipeline that publishes {dataset} first")),
            Self::Query { fault, .. } => fault.hint.clone(),
            Self::Engine { error: EngineError::Memory(_), .. } | Self::Tables(EngineError::Memory(_)) => {
                Some("raise [run] memory_limit, or make the query smaller".to_owned())
            }
            Self::Shape { problems, .. } => problems.first().map(|problem| problem.hint.clone()),
            Self::Drift { pipeline, .. } => Some(format!(
                "the last good version stays published; if the figures still mean what the pipeline says they do: \
                 underlag accept {pipeline} --reason \"…\""
            )),
            Self::Checks { findings, .. } if findings.iter().all(|(_, finding)| finding.check == "max_drop") => Some(
                "the last good version stays published; if the rows are rightly gone, `underlag accept` lets this \
                 through once: `underlag status` shows how"
                    .to_owned(),
            ),
            Self::Checks { .. } => Some(
                "the last good version stays published; correct the source or the pipeline and run again".to_owned(),
            ),
            Self::Fetch(error) => error.hint(),
            Self::Report(error) => error.hint(),
            Self::Store(error) | Self::Lake(LakeError::Store(error)) => error.hint().map(str::to_owned),
            Self::Unrecorded { .. } => {
                Some("readers see the new version; free space and run again: it will be found unchanged".to_owned())
            }
            Self::Ledger(error) => error.hint().map(str::to_owned),
            Self::Lake(
                LakeError::Manifest { reason, .. } | LakeError::Act { reason, .. } | LakeError::Intent { reason, .. },
            ) if reason.contains("newer than this program") => {
                Some("a later underlag wrote this: use that one".to_owned())
            }
            Self::Lake(LakeError::Access(error)) => error.hint().map(str::to_owned),
            Self::Lake(LakeError::Overtaken { .. }) => {
                Some("another machine publishes here too: run again, and what it published will be found".to_owned())
            }
            Self::Lake(LakeError::Manifest { .. } | LakeError::Missing { .. } | LakeError::Pointer { .. }) => Some(
                "`underlag verify` tells all that is damaged; with --repair it mends what can be mended".to_owned(),
            ),
            Self::Lake(LakeError::Locked { .. }) => {
                Some("wait for it to end (--wait does), or give another --data-dir".to_owned())
            }
            _ => None,
        }
    }

    /// Nothing is wrong: the program was told to stop.
    pub fn is_stop(&self) -> bool {
        matches!(self, Self::Stopped | Self::Fetch(FetchError::Stopped))
            || matches!(self, Self::Source { error: SourceError::Fetch(FetchError::Stopped), .. })
    }

    /// Whether the next run may go on from the answers that this one got: only when it ended for want of more.
    /// A source that refuses a call may do so because an earlier answer is out of date.
    pub fn is_resumable(&self) -> bool {
        match self {
            Self::Source { error: SourceError::Fetch(FetchError::Refused { .. }), .. } => false,
            Self::Source { error: SourceError::Fetch(_) | SourceError::Sink(_), .. } => true,
            Self::Drift { .. }
            | Self::Stopped
            | Self::Stage { .. }
            | Self::Rows { .. }
            | Self::Store(_)
            | Self::Lake(_)
            | Self::Ledger(_) => true,
            _ => false,
        }
    }
}

fn sentences(stops: &[Stop]) -> String {
    stops.iter().fold(String::new(), |text, stop| text + "\n  " + &stop.sentence())
}

fn shapes(problems: &[ShapeProblem]) -> String {
    problems.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>().join("; ")
}

fn findings_text(findings: &[(String, Finding)], data: &[String]) -> String {
    let mut text = match findings.len() {
        1 => "a check did not hold".to_owned(),
        count => format!("{count} checks did not hold"),
    };
    for (dataset, finding) in findings {
        let _ = write!(text, "\n  {dataset}: {}: {}", finding.check, finding.message);
        for (index, row) in finding.rows.iter().enumerate() {
            let _ = write!(text, "\n    {row}");
            // Rows of the same answers share their names.
            if finding.rows.get(index + 1).is_none_or(|next| next.answers != row.answers) {
                row.answers.iter().for_each(|answer| {
                    let _ = write!(text, "\n      from {answer}");
                });
            }
        }
        if finding.more {
            text.push_str("\n    …");
        }
    }
    let traced = |finding: &Finding| !finding.rows.is_empty() && finding.rows.iter().all(|row| !row.answers.is_empty());
    if findings.iter().all(|(_, finding)| traced(finding)) {
        return text;
    }
    for fetch in data {
        let _ = write!(text, "\n  data: {fetch}");
    }
    text
}
