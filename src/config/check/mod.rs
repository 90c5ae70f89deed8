//! From checked tables to domain types, one file per kind of thing; what the
//! values mean together is judged here. Nothing here opens the network.

mod across;
mod addresses;
mod after;
mod areas;
mod checks;
mod columns;
mod dataset;
mod fetch;
mod notify;
mod pipeline;
mod release;
mod settings;
mod sources;
mod sql_file;

use std::ops::Range;
use std::path::Path;

use super::diagnostic::Diagnostic;
use crate::codes::{self, Code};

pub(super) use across::across;
pub(super) use addresses::{Address, outside};
pub(super) use areas::{Areas, areas};
pub(super) use pipeline::{Draft, Surroundings, pipeline};
pub(super) use settings::{Settings, settings};
#[cfg(test)]
pub(crate) use sources::default_responses;
pub(super) use sources::{Sources, sources};

/// The file being checked and what has been found in it.
pub(super) struct Problems<'a> {
    pub file: &'a Path,
    pub found: Vec<Diagnostic>,
    pub addresses: Vec<Address>,
}

impl<'a> Problems<'a> {
    pub fn new(file: &'a Path) -> Self {
        Self { file, found: Vec::new(), addresses: Vec::new() }
    }

    /// Values that do not go together.
    pub fn error(&mut self, span: impl Into<Option<Range<usize>>>, message: impl Into<String>) {
        self.coded(codes::UNFIT, span, message, None);
    }

    pub fn hinted(
        &mut self,
        span: impl Into<Option<Range<usize>>>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.coded(codes::UNFIT, span, message, Some(hint.into()));
    }

    /// A name that nothing has.
    pub fn unknown(
        &mut self,
        span: impl Into<Option<Range<usize>>>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.coded(codes::UNKNOWN_NAME, span, message, Some(hint.into()));
    }

    /// A name that two would have.
    pub fn taken(&mut self, span: impl Into<Option<Range<usize>>>, message: impl Into<String>) {
        self.coded(codes::NAME_TAKEN, span, message, None);
    }

    pub fn coded(
        &mut self,
        code: Code,
        span: impl Into<Option<Range<usize>>>,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        let plain = Diagnostic::error(code, self.file, message);
        self.found.push(Diagnostic { span: span.into(), hint, ..plain });
    }
}
