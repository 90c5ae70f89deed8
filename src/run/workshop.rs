//! What every run shares: the configuration it began under, the data folder,
//! the client, and how hard each host is asked, by all pipelines together.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use url::Url;

use crate::config::{Config, Fetch, FetchKind, FileFetch, Provenance, Source, SourceKind};
use crate::fetch::{Archive, Client, Courier, Journal, Manners, Tally};
use crate::lake::{Lake, Settled};
use crate::ledger::{DatasetEntry, Ledger, Outcome, RunEntry};
use crate::reference::Reference;

use super::{Problem, past};

pub struct Workshop {
    pub config: Config,
    pub reference: Reference,
    pub lake: Lake,
    pub archive: Arc<Archive>,
    pub ledger: Arc<Ledger>,
    /// Where a damaged ledger was moved when this one was opened.
    set_aside: Option<PathBuf>,
    client: Client,
    manners: Arc<Manners>,
}

impl Workshop {
    pub fn open(config: Config, reference: Reference) -> Result<Self, Problem> {
        let lake = Lake::of(&config)?;
        let archive = Arc::new(Archive::open(lake.shared_storage()));
        let (ledger, set_aside) = past::writable_ledger(&lake)?;
        let client = Client::new(&config.http, &config.publisher)?;
        let manners = Arc::new(Manners::new(config.http.outages, &lake.root().join("stage")));
        Ok(Self { config, reference, lake, archive, ledger: Arc::new(ledger), set_aside, client, manners })
    }

    /// The same data folder under another configuration, which runs that begin from now on are under. How hard hosts
    /// are asked goes on being counted.
    pub fn under(&self, config: Config, reference: Reference) -> Result<Self, Problem> {
        let lake = Lake::of(&config)?;
        let archive = Arc::new(Archive::open(lake.shared_storage()));
        let client = Client::new(&config.http, &config.publisher)?;
        let (ledger, manners) = (Arc::clone(&self.ledger), Arc::clone(&self.manners));
        Ok(Self { config, reference, lake, archive, ledger, set_aside: None, client, manners })
    }

    /// The source that a fetch names, or one made up for a file that has none.
    pub fn source(&self, fetch: &Fetch) -> Source {
        source_of(&self.config, fetch)
    }

    /// Binds a fetch's source to this run's journal and counters.
    pub fn courier(&self, pipeline: &str, fetch: &Fetch, journal: &Arc<Journal>, tally: &Arc<Tally>) -> Courier {
        let source = self.source(fetch);
        let limiter = self.manners.limiter_for(&source);
        Courier::new(
            pipeline,
            Arc::new(source),
            self.client.clone(),
            limiter,
            Arc::clone(&self.archive),
            Arc::clone(journal),
            Arc::clone(tally),
        )
        .with_manners(&self.manners)
    }

    /// Cancelled when nothing more is to be begun: no call, no query, no publishing.
    pub fn stop(&self) -> &CancellationToken {
        self.manners.stop()
    }

    /// Between two steps of a run.
    pub(crate) fn go_on(&self) -> Result<(), Problem> {
        if self.stop().is_cancelled() { Err(Problem::Stopped) } else { Ok(()) }
    }

    /// Sources that were found out of order are asked again at once.
    pub fn ask_all_again(&self) {
        self.manners.ask_all_again();
    }

    /// Ends what a crash left open, and tells a lost ledger again; gives what an operator should know of it. Called
    /// under the lake's lock, when nothing else runs.
    pub fn reconcile(&self) -> Result<Vec<String>, Problem> {
        let mut notes = settled(&self.lake)?;
        if let Some(aside) = &self.set_aside {
            notes.push(format!("ledger.sqlite was damaged and is set aside as {}", aside.display()));
        }
        if self.ledger.is_empty()? {
            let past = past::past(&self.lake)?;
            self.ledger.fill(&past)?;
            if !past.runs.is_empty() {
                let (runs, versions) = (past.runs.len(), past.published.len());
                notes.push(format!("ledger.sqlite is made anew from the manifests: {runs} runs, {versions} versions"));
            }
        }
        self.end_open_runs()?;
        self.note_manifests()?;
        Ok(notes)
    }

    /// Notes how manifests read that were published and not noted: by a program that did not, or before a crash.
    pub fn note_manifests(&self) -> Result<(), Problem> {
        let noted = self.ledger.published()?;
        for dataset in self.lake.datasets()? {
            self.ledger.note_published(&past::unnoted(&self.lake, &dataset, &noted)?)?;
        }
        Ok(())
    }

    /// Runs that a crash left open end by what the lake shows of them: one that had moved its pointers did publish,
    /// whatever the ledger had time to note. By the record, not by the clock, which may have jumped.
    fn end_open_runs(&self) -> Result<(), Problem> {
        let recorded = self.ledger.recorded()?;
        for (run, pipeline, started_at) in self.ledger.open_runs()? {
            let mut datasets = Vec::new();
            for dataset in self.lake.datasets()? {
                // A damaged one is for `verify` to tell of.
                let Ok(Some(manifest)) = self.lake.current(&dataset) else { continue };
                let version = manifest.version.to_string();
                let is_recorded = recorded.iter().any(|(of, known)| *of == dataset && *known == version);
                if manifest.pipeline == pipeline && !is_recorded {
                    datasets.push(DatasetEntry { dataset, version, rows: manifest.rows, published: true });
                }
            }
            let (outcome, message) = if datasets.is_empty() {
                (Outcome::Interrupted, "the program ended before the run did")
            } else {
                (Outcome::Published, "the program ended after publishing and before this was recorded")
            };
            let entry = RunEntry {
                run: 0,
                pipeline,
                started_at,
                ended_at: None,
                outcome,
                message: message.to_owned(),
                calls: 0,
                reused: 0,
                retries: 0,
                bytes: 0,
                rows_fetched: 0,
                datasets,
            };
            self.ledger.end(run, &entry)?;
        }
        Ok(())
    }

    /// Decides, with the sources' stamps, whether a dataset would come out as it is: everything that makes it
    /// apart from the answers.
    pub fn config_hash(&self, pipeline: &crate::config::Pipeline) -> Result<String, Problem> {
        let mut hasher = blake3::Hasher::new();
        for part in [pipeline.config_hash.as_str(), self.reference.hash(), crate::PROGRAM] {
            hasher.update(part.as_bytes());
            hasher.update(b"\n");
        }
        for fetch in pipeline.fetches.values() {
            hasher.update(&[u8::from(self.source(fetch).synthetic)]);
        }
        for input in pipeline.inputs.values() {
            let version = self.lake.current_version(&input.dataset)?;
            hasher.update(version.map(|version| version.to_string()).unwrap_or_default().as_bytes());
            hasher.update(b"\n");
        }
        Ok(hasher.finalize().to_hex().to_string())
    }
}

/// Ends publishes that were cut short; what became of each, in words.
pub fn settled(lake: &Lake) -> Result<Vec<String>, Problem> {
    let names = |versions: &[crate::lake::Intended]| {
        let names = versions.iter().map(|intended| format!("{} {}", intended.dataset, intended.version));
        names.collect::<Vec<_>>().join(", ")
    };
    let words = |settled: &Settled| match settled {
        Settled::Published(versions) => format!("a publish that was cut short is completed: {}", names(versions)),
        Settled::Undone(versions) => format!("a publish that was cut short is undone: {}", names(versions)),
    };
    Ok(lake.settle()?.iter().map(words).collect())
}

/// The source that a fetch names, or one made up for a file that has none.
pub(crate) fn source_of(config: &Config, fetch: &Fetch) -> Source {
    match fetch.source.as_ref().and_then(|name| config.sources.get(name)) {
        Some(source) => source.clone(),
        None => Source {
            name: "fil".to_owned(),
            kind: SourceKind::File,
            base_url: local_origin(),
            credit: own_credit(config, fetch),
            licence: String::new(),
            limits: None,
            parallel: 1,
            fresh_for: Duration::ZERO,
            symbols: std::iter::once((String::new(), crate::contract::Status::Missing)).collect(),
            responses: Vec::new(),
            installation: crate::config::Installation::default(),
            synthetic: false,
        },
    }
}

/// An own file is the publisher's, and whose work it is, where the fetch says so.
fn own_credit(config: &Config, fetch: &Fetch) -> String {
    let publisher = &config.publisher.name;
    match &fetch.kind {
        FetchKind::File(FileFetch { provenance: Some(Provenance { person, date }), .. }) => {
            format!("{publisher} ({person}, {date})")
        }
        _ => publisher.clone(),
    }
}

fn local_origin() -> Url {
    // `file:///` always parses; a data URL never has a host to ask.
    Url::parse("file:///").unwrap_or_else(|_| unreachable!("file:/// is a URL"))
}
