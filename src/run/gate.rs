//! What stops a publish until an operator lets it through: a source that says
//! something else of its data than before, and too many rows gone. No other
//! check passes here, and what is let through is let through once.

use jiff::Timestamp;

use crate::config::{Fetch, Reaction};
use crate::contract::Finding;
use crate::lake::{Accepted, CheckResult, Manifest, Severity};
use crate::ledger::Stop;
use crate::source::{Change, ChangeKind};

use super::Problem;

/// An operator's word: exactly these reasons do not stop the run.
#[derive(Clone, Debug)]
pub struct Accept {
    pub stops: Vec<Stop>,
    pub reason: String,
}

const DROP: &str = "max_drop";
const DRIFT: &str = "drift";

/// One run's way past what may be let through.
pub struct Gate {
    accept: Option<Accept>,
    passed: Vec<Stop>,
    pending: Vec<Stop>,
    warned: Vec<Stop>,
    /// Fetch and note.
    notes: Vec<String>,
}

impl Gate {
    pub fn new(accept: Option<&Accept>) -> Self {
        Self { accept: accept.cloned(), passed: vec![], pending: vec![], warned: vec![], notes: vec![] }
    }

    /// Holds what has changed at the sources against each fetch's policy.
    pub fn changes<'a>(
        &mut self,
        pipeline: &str,
        found: impl Iterator<Item = (&'a Fetch, &'a [Change])>,
    ) -> Result<(), Problem> {
        let mut stopped = Vec::new();
        for (fetch, changes) in found {
            let about = format!("fetch {}", fetch.name);
            let mut stops = Vec::new();
            for change in changes {
                let stop = Stop { about: about.clone(), what: change.what.clone(), whole: change.whole.clone() };
                match change.reaction(&fetch.drift) {
                    Reaction::Stop => stops.push(stop),
                    Reaction::Warn => {
                        self.notes.push(format!("{}: warning: {}", fetch.name, change.what));
                        self.warned.push(stop);
                    }
                    Reaction::Accept if change.kind == ChangeKind::Aside => {
                        self.notes.push(format!("{}: {}", fetch.name, change.what));
                    }
                    Reaction::Accept => {}
                }
            }
            stopped.extend(self.unless_accepted(&about, stops));
        }
        if stopped.is_empty() {
            return Ok(());
        }
        self.wait_for(stopped.clone());
        Err(Problem::Drift { pipeline: pipeline.to_owned(), stops: stopped })
    }

    /// The findings that stop the publish. Only where nothing but rows gone does, an operator can be asked.
    pub fn findings(&mut self, findings: Vec<(String, Finding)>) -> Vec<(String, Finding)> {
        if findings.iter().any(|(_, finding)| finding.check != DROP) {
            return findings;
        }
        let (mut stopped, mut left) = (Vec::new(), Vec::new());
        for (dataset, finding) in findings {
            let about = format!("dataset {dataset}");
            let what = format!("{DROP}: {}", finding.message);
            let stop = Stop { about: about.clone(), whole: what.clone(), what };
            let stops = self.unless_accepted(&about, vec![stop]);
            if !stops.is_empty() {
                left.push((dataset, finding));
            }
            stopped.extend(stops);
        }
        if !stopped.is_empty() {
            self.wait_for(stopped);
        }
        left
    }

    /// Nothing, where the operator has let through exactly this of the fetch or dataset.
    fn unless_accepted(&mut self, about: &str, stops: Vec<Stop>) -> Vec<Stop> {
        let texts = |stops: &[Stop]| {
            let mut texts: Vec<String> =
                stops.iter().filter(|stop| stop.about == about).map(|stop| stop.whole.clone()).collect();
            texts.sort_unstable();
            texts
        };
        let accepted = self.accept.as_ref().map(|accept| texts(&accept.stops)).unwrap_or_default();
        if stops.is_empty() || accepted != texts(&stops) {
            return stops;
        }
        self.passed.extend(stops);
        Vec::new()
    }

    /// What was let through already has to be so again, with what stops the run now.
    fn wait_for(&mut self, stopped: Vec<Stop>) {
        self.pending = self.passed.iter().cloned().chain(stopped).collect();
    }

    /// What the run was stopped by and an operator may let through; empty where it is for nobody to let through.
    pub fn pending(&self) -> &[Stop] {
        &self.pending
    }

    /// Words for the operator.
    pub fn notes(&self, done: bool) -> Vec<String> {
        let mut notes = self.notes.clone();
        if done {
            notes.extend(self.passed.iter().map(|stop| format!("accepted: {}", stop.sentence())));
            notes.extend(self.reason().map(|reason| format!("reason: {reason}")));
        }
        notes
    }

    /// What the ledger keeps of a run that ended well.
    pub fn record(&self) -> String {
        let warned = self.warned.iter().map(|stop| format!("warning: {}", stop.sentence()));
        let passed = self.passed.iter().map(|stop| format!("accepted: {}", stop.sentence()));
        let reason = self.reason().map(|reason| format!("reason: {reason}"));
        warned.chain(passed).chain(reason).collect::<Vec<_>>().join("\n")
    }

    /// The reason, where anything was let through for it.
    fn reason(&self) -> Option<&str> {
        let accept = self.accept.as_ref().filter(|_| !self.passed.is_empty())?;
        Some(&accept.reason)
    }

    /// Puts on the record what a version was published in spite of.
    pub fn mark(&self, manifest: &mut Manifest, now: Timestamp) {
        let own = format!("dataset {}", manifest.dataset);
        let passed: Vec<&Stop> =
            self.passed.iter().filter(|stop| stop.about == own || stop.about.starts_with("fetch ")).collect();
        let dropped = passed.iter().any(|stop| stop.about == own);
        // It is not among the checks that held.
        manifest.checks.retain(|check| !(dropped && check.check == DROP));
        manifest.checks.extend(self.warned.iter().chain(passed.iter().copied()).map(|stop| CheckResult {
            check: if stop.about == own { DROP } else { DRIFT }.to_owned(),
            severity: Severity::Warn,
            held: false,
            message: stop.sentence(),
            notice: if stop.about == own {
                "Datamängden har betydligt färre rader än den förra versionen.".to_owned()
            } else {
                "Källan redovisar uppgifterna på ett annat sätt än tidigare.".to_owned()
            },
            rows: Vec::new(),
            more: false,
            answers: Vec::new(),
        }));
        if let Some(reason) = self.reason().filter(|_| !passed.is_empty()) {
            let what = passed.iter().map(|stop| stop.sentence()).collect();
            manifest.accepted.push(Accepted { what, reason: reason.to_owned(), at: now });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drop(dataset: &str, message: &str) -> (String, Finding) {
        let finding = Finding {
            check: DROP.into(),
            severity: Severity::Error,
            message: message.into(),
            notice: String::new(),
            rows: vec![],
            more: false,
        };
        (dataset.to_owned(), finding)
    }

    #[test]
    fn rows_gone_wait_and_pass_once_they_are_accepted() {
        let mut gate = Gate::new(None);
        assert_eq!(gate.findings(vec![drop("a", "1 row"), drop("b", "2 rows")]).len(), 2);
        let stops = gate.pending().to_vec();
        assert_eq!(stops[0].sentence(), "dataset a: max_drop: 1 row");

        let accept = Accept { stops, reason: "så är det".into() };
        let mut gate = Gate::new(Some(&accept));
        assert_eq!(gate.findings(vec![drop("a", "1 row"), drop("b", "2 rows")]), []);
        assert!(gate.pending().is_empty());
        assert_eq!(gate.record().lines().last(), Some("reason: så är det"));

        // Another number is another drop; what was let through waits with it.
        let mut gate = Gate::new(Some(&accept));
        assert_eq!(gate.findings(vec![drop("a", "1 row"), drop("b", "3 rows")]), [drop("b", "3 rows")]);
        assert_eq!(gate.pending().len(), 2);
    }

    #[test]
    fn another_failed_check_is_for_nobody_to_let_through() {
        let mut gate = Gate::new(None);
        let mut findings = vec![drop("a", "1 row"), drop("a", "x")];
        findings[1].1.check = "unique".into();
        assert_eq!(gate.findings(findings).len(), 2);
        assert!(gate.pending().is_empty());
    }
}
