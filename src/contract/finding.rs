//! What is said of a check that did not hold: to the operator in English, to
//! readers in Swedish, with the first rows that broke it.

use std::fmt;

use super::check::Severity;

/// How many offending rows are shown.
pub const ROWS_SHOWN: usize = 20;

/// One check that did not hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// `unique`, `range.antal`, …, or the file of a custom query.
    pub check: String,
    pub severity: Severity,
    /// For the operator.
    pub message: String,
    /// For readers of a page: Swedish, a whole sentence.
    pub notice: String,
    /// The first offending rows; rows that read the same are shown once.
    pub rows: Vec<Offender>,
    /// There are offending rows beyond those.
    pub more: bool,
}

/// An offending row: the columns that matter, in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offender {
    pub cells: Vec<(String, Option<String>)>,
    /// The archived answers that it came from, each in words; who finds them out fills them in.
    pub answers: Vec<String>,
}

impl fmt::Display for Offender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.cells.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{name}={}", value.as_deref().unwrap_or("(null)"))?;
        }
        Ok(())
    }
}

/// Counts offences of one kind and keeps the first rows.
#[derive(Clone, Debug, Default)]
pub struct Offences {
    pub count: u64,
    pub rows: Vec<Offender>,
    pub more: bool,
}

impl Offences {
    pub fn add(&mut self, row: impl FnOnce() -> Offender) {
        self.count += 1;
        if self.more {
            return;
        }
        let row = row();
        if self.rows.last() == Some(&row) {
            return;
        }
        if self.rows.len() < ROWS_SHOWN {
            self.rows.push(row);
        } else {
            self.more = true;
        }
    }

    /// Nothing where there were none.
    pub fn finding(self, check: &str, severity: Severity, (message, notice): (String, String)) -> Option<Finding> {
        (self.count > 0).then(|| Finding {
            check: check.to_owned(),
            severity,
            message,
            notice,
            rows: self.rows,
            more: self.more,
        })
    }
}
