//! How a run ended, with numbers.

use std::fmt::Write as _;
use std::time::Duration;

use crate::fetch::Counts;
use crate::ledger::Outcome;

use super::Problem;

pub struct Verdict {
    pub pipeline: String,
    /// Its number in the ledger; none when it could not be written there.
    pub run: Option<i64>,
    pub result: Result<Vec<DatasetVerdict>, Problem>,
    pub counts: Counts,
    pub rows_fetched: u64,
    /// What the sources want the operator to know, each with its fetch.
    pub notes: Vec<String>,
    /// What the ledger keeps of a run that ended well: what was warned of and let through.
    pub record: String,
    pub took: Duration,
}

#[derive(Clone, Debug)]
pub struct DatasetVerdict {
    pub dataset: String,
    pub version: String,
    pub rows: u64,
    /// A new version; otherwise the published one is what the sources still say.
    pub published: bool,
}

impl Verdict {
    pub fn outcome(&self) -> Outcome {
        match &self.result {
            Ok(datasets) if datasets.iter().any(|dataset| dataset.published) => Outcome::Published,
            Ok(_) => Outcome::Unchanged,
            Err(problem) if problem.is_stop() => Outcome::Interrupted,
            Err(_) => Outcome::Failed,
        }
    }

    /// The line that `run` prints: `befolkning  published  …`.
    pub fn line(&self) -> String {
        let mut line = format!("{:14} {:10}", self.pipeline, self.outcome());
        if let Ok(datasets) = &self.result {
            for dataset in datasets {
                let _ = write!(line, " {} {} ({} rows)", dataset.dataset, dataset.version, dataset.rows);
            }
        }
        let Counts { calls, reused, retries, bytes_body, .. } = self.counts;
        let _ = write!(line, " {} rows fetched, {calls} calls", self.rows_fetched);
        if reused > 0 {
            let _ = write!(line, ", {reused} answers reused");
        }
        if retries > 0 {
            let _ = write!(line, ", {retries} retries");
        }
        let _ = write!(line, ", {bytes_body} bytes, {:.1} s", self.took.as_secs_f64());
        line
    }
}
