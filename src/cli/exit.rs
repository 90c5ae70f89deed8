//! The exit codes, and how a command that could not go on says why.

use std::process::ExitCode;

use crate::codes::{self, Code};
use crate::run::Problem;

/// What the caller of the program can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done,
    /// A run or report failed; what was good is published, the last good version stays.
    Failed,
    /// Bad command line or configuration.
    Usage,
    /// `verify` found damage, or `replay` could not prove a version.
    Damaged,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Damaged => 3,
        })
    }
}

/// Why a command ended before its work was done.
#[derive(Debug)]
pub struct Failure {
    pub exit: Exit,
    pub code: Code,
    pub error: anyhow::Error,
    pub hint: Option<String>,
}

impl Failure {
    pub fn usage(code: Code, error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Usage, code, error: error.into(), hint: None }
    }

    pub fn coded(code: Code, error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Failed, code, error: error.into(), hint: None }
    }

    /// What the system refused on the side, outside the data folder.
    pub fn failed(error: impl Into<anyhow::Error>) -> Self {
        Self::coded(codes::OUTPUT, error)
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let hint = problem.hint();
        // Its text is complete: what lies behind it would only be said again.
        Self { exit: Exit::Failed, code: problem.code(), error: anyhow::anyhow!("{problem}"), hint }
    }
}

impl From<crate::lake::LakeError> for Failure {
    fn from(error: crate::lake::LakeError) -> Self {
        Problem::from(error).into()
    }
}

impl From<crate::ledger::LedgerError> for Failure {
    fn from(error: crate::ledger::LedgerError) -> Self {
        Problem::from(error).into()
    }
}
