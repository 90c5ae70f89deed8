//! What is wrong in a report's folder, with the place and a hint.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// One fault in one file. All faults of all reports are shown together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportProblem {
    pub file: PathBuf,
    /// Bytes of the file that the message is about; none when it is about the whole.
    pub span: Option<Range<usize>>,
    /// From 1; 0 when the message is about the whole file.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    pub message: String,
    pub hint: Option<String>,
}

impl fmt::Display for ReportProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {}", self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

/// Collects the faults of one file.
pub(super) struct Problems<'a> {
    file: &'a Path,
    text: &'a str,
    pub found: Vec<ReportProblem>,
}

impl<'a> Problems<'a> {
    pub fn new(file: &'a Path, text: &'a str) -> Self {
        Self { file, text, found: Vec::new() }
    }

    pub fn at(&mut self, span: Range<usize>, message: impl Into<String>, hint: Option<String>) {
        let start = self.text.floor_char_boundary(span.start);
        let before = &self.text[..start];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
        let message = message.into();
        self.found.push(ReportProblem { file: self.file.to_owned(), span: Some(span), line, column, message, hint });
    }

    pub fn line(&mut self, line: usize, message: impl Into<String>) {
        let message = message.into();
        let file = self.file.to_owned();
        self.found.push(ReportProblem { file, span: None, line, column: 1, message, hint: None });
    }

    pub fn whole(file: &Path, message: impl Into<String>, hint: Option<String>) -> ReportProblem {
        ReportProblem { file: file.to_owned(), span: None, line: 0, column: 0, message: message.into(), hint }
    }
}
