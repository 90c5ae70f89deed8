//! What was seen: a matter of a subject, so or not so. A run tells several.

use jiff::Timestamp;

use super::Matter;
use crate::fetch::FetchError;
use crate::ledger::Outcome;
use crate::source::SourceError;

/// What the daemon saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// `pipeline befolkning`, `source scb`, `dataset befolkning`, `configuration`.
    pub subject: String,
    pub matter: Matter,
    /// It is so; otherwise it is so no longer.
    pub raised: bool,
    /// What was found; of an end, what ended it.
    pub text: String,
    pub run: Option<i64>,
    pub at: Timestamp,
    /// The pipeline that met it, where many may meet one and the same: a broken source.
    pub by: Option<String>,
}

/// A run that ended, in plain facts.
#[derive(Clone, Debug)]
pub struct Ran {
    pub pipeline: String,
    pub run: i64,
    pub at: Timestamp,
    pub outcome: Outcome,
    /// Its error, with all that an operator needs to find it.
    pub message: String,
    /// Of a run that failed.
    pub fault: Option<Fault>,
    pub datasets: Vec<Given>,
}

/// What made a run fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A check or the contract did not hold.
    Check,
    /// A source says something else of its data than before; somebody must accept it.
    Drift,
    /// The source did not answer as it should.
    Source(String),
    /// The query, the disk, the program.
    Other,
}

impl Fault {
    /// Whose fault an error is that came of asking a source: that of the source when it did not answer, or not as its
    /// API does; not when what is asked for does not fit, and not when the way out or the disk is at fault.
    pub fn of(source: &str, error: &SourceError) -> Self {
        let broken = match error {
            SourceError::Fetch(error) => matches!(
                error,
                FetchError::GaveUp { .. }
                    | FetchError::WaitTooLong { .. }
                    | FetchError::NotJson { .. }
                    | FetchError::Encoding { .. }
                    | FetchError::RedirectElsewhere { .. }
                    | FetchError::TooManyRedirects { .. }
                    | FetchError::Out { .. }
                    | FetchError::Certificate { .. }
            ),
            SourceError::Decode { .. }
            | SourceError::OffOrigin { .. }
            | SourceError::Endless { .. }
            | SourceError::Incomplete { .. }
            | SourceError::Unsteady { .. } => true,
            _ => false,
        };
        if broken { Self::Source(source.to_owned()) } else { Self::Other }
    }
}

/// What a run gave of a dataset.
#[derive(Clone, Debug)]
pub struct Given {
    pub dataset: String,
    pub version: String,
    pub rows: u64,
    pub published: bool,
    /// Rows whose values were revised, as the manifest counts them (`changed.revised`).
    pub revised: u64,
    /// Rows of the version before; 0 where there is none to compare with.
    pub before: u64,
}

pub fn pipeline(name: &str) -> String {
    format!("pipeline {name}")
}

impl Said {
    fn new(subject: String, matter: Matter, raised: bool, text: impl Into<String>, at: Timestamp) -> Self {
        Self { subject, matter, raised, text: text.into(), run: None, at, by: None }
    }

    /// A pipeline's slot, or its series, is later than it may be; `text` says what and since when.
    pub fn late(pipeline: &str, text: &str, at: Timestamp) -> Self {
        Self::new(self::pipeline(pipeline), Matter::Late, true, text, at)
    }

    pub fn on_time(pipeline: &str, at: Timestamp) -> Self {
        Self::new(self::pipeline(pipeline), Matter::Late, false, "no longer late", at)
    }

    /// A changed configuration was refused; the one in force stays.
    pub fn refused(text: &str, at: Timestamp) -> Self {
        Self::new("configuration".to_owned(), Matter::Configuration, true, text, at)
    }

    pub fn taken(text: &str, at: Timestamp) -> Self {
        Self::new("configuration".to_owned(), Matter::Configuration, false, text, at)
    }

    /// What a run that ended tells. One that was interrupted tells nothing: it is run again.
    pub fn of_run(ran: &Ran, revision_above: f64) -> Vec<Self> {
        let mut all = match (ran.outcome, &ran.fault) {
            (Outcome::Running | Outcome::Interrupted, _) => return Vec::new(),
            (Outcome::Published | Outcome::Unchanged, _) => {
                let mut all = ran.ended(&[Matter::CheckFailed, Matter::Failed, Matter::SourceBroken]);
                all.extend(ran.news(revision_above));
                all
            }
            (Outcome::Failed, Some(Fault::Source(source))) => {
                let by = Some(ran.pipeline.clone());
                let subject = format!("source {source}");
                vec![Self { by, ..Self::new(subject, Matter::SourceBroken, true, &ran.message, ran.at) }]
            }
            // What the sources answered was whole, or it would not have been judged.
            (Outcome::Failed, Some(Fault::Check | Fault::Drift)) => {
                let mut all = ran.ended(&[Matter::Failed, Matter::SourceBroken]);
                all.push(Self::new(pipeline(&ran.pipeline), Matter::CheckFailed, true, &ran.message, ran.at));
                all
            }
            (Outcome::Failed, Some(Fault::Other) | None) => {
                vec![Self::new(pipeline(&ran.pipeline), Matter::Failed, true, &ran.message, ran.at)]
            }
        };
        for said in &mut all {
            said.run = Some(ran.run);
        }
        all
    }
}

impl Ran {
    fn ended(&self, matters: &[Matter]) -> Vec<Said> {
        let text = match self.outcome {
            Outcome::Published => "published again",
            Outcome::Unchanged => "ran well again; nothing new",
            _ => "no longer so",
        };
        matters.iter().map(|matter| Said::new(pipeline(&self.pipeline), *matter, false, text, self.at)).collect()
    }

    fn news(&self, revision_above: f64) -> Vec<Said> {
        let mut all = Vec::new();
        for given in self.datasets.iter().filter(|given| given.published) {
            let subject = format!("dataset {}", given.dataset);
            let share = if given.before == 0 { 0.0 } else { given.revised as f64 * 100.0 / given.before as f64 };
            if share > revision_above {
                let text = format!(
                    "{} of {} rows ({share:.1} %) were revised in {}",
                    given.revised, given.before, given.version
                );
                all.push(Said::new(subject.clone(), Matter::Revision, true, text, self.at));
            }
            let text = format!("{}, {} rows", given.version, given.rows);
            all.push(Said::new(subject, Matter::Published, true, text, self.at));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(outcome: Outcome, fault: Option<Fault>) -> Ran {
        Ran {
            pipeline: "folk".into(),
            run: 7,
            at: Timestamp::UNIX_EPOCH,
            outcome,
            message: "fel".into(),
            fault,
            datasets: Vec::new(),
        }
    }

    fn shown(ran: &Ran) -> Vec<String> {
        let said = Said::of_run(ran, 5.0);
        assert!(said.iter().all(|said| said.run == Some(7)));
        let line = |said: &Said| format!("{} {} {}: {}", said.raised, said.subject, said.matter, said.text);
        said.iter().map(line).collect()
    }

    #[test]
    fn a_run_tells_what_is_so_and_what_no_longer_is() {
        assert!(shown(&ran(Outcome::Interrupted, None)).is_empty());
        assert_eq!(
            shown(&ran(Outcome::Unchanged, None)),
            [
                "false pipeline folk check_failed: ran well again; nothing new",
                "false pipeline folk failed: ran well again; nothing new",
                "false pipeline folk source_broken: ran well again; nothing new",
            ]
        );
        assert_eq!(
            shown(&ran(Outcome::Failed, Some(Fault::Drift))),
            [
                "false pipeline folk failed: no longer so",
                "false pipeline folk source_broken: no longer so",
                "true pipeline folk check_failed: fel",
            ]
        );
        assert_eq!(
            shown(&ran(Outcome::Failed, Some(Fault::Source("scb".into())))),
            ["true source scb source_broken: fel"]
        );
        assert_eq!(shown(&ran(Outcome::Failed, None)), ["true pipeline folk failed: fel"]);
    }

    #[test]
    fn a_source_is_at_fault_when_it_does_not_answer_as_it_should() {
        let out = FetchError::Out {
            source_name: "scb".into(),
            since: String::new(),
            failures: 9,
            last: String::new(),
            again_at: String::new(),
        };
        assert_eq!(Fault::of("scb", &out.into()), Fault::Source("scb".into()));
        let unknown = SourceError::UnknownTable { name: "scb".into(), table: "T".into(), url: String::new() };
        assert_eq!(Fault::of("scb", &unknown), Fault::Other);
        assert_eq!(Fault::of("scb", &FetchError::Setup { reason: "x".into() }.into()), Fault::Other);
    }

    #[test]
    fn a_revision_is_told_above_its_share_alone() {
        let given = |revised, before| Given {
            dataset: "tal".into(),
            version: "000002-x".into(),
            rows: 100,
            published: true,
            revised,
            before,
        };
        let told = |given| {
            let ran = Ran { datasets: vec![given], ..ran(Outcome::Published, None) };
            shown(&ran).into_iter().filter(|line| line.contains("dataset")).collect::<Vec<_>>()
        };
        let published = "true dataset tal published: 000002-x, 100 rows";
        assert_eq!(told(given(5, 100)), [published]);
        assert_eq!(told(given(0, 0)), [published]);
        assert_eq!(
            told(given(6, 100)),
            ["true dataset tal revision: 6 of 100 rows (6.0 %) were revised in 000002-x", published]
        );
        assert!(told(Given { published: false, ..given(6, 100) }).is_empty());
    }
}
