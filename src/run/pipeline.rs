//! One pipeline's run: every step in order, the ledger told before and after.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tracing::Instrument as _;

use crate::config::Pipeline;
use crate::contract::Severity;
use crate::fetch::{Journal, Tally};
use crate::lake::{CheckResult, Manifest, Stage};
use crate::ledger::{DatasetEntry, LedgerError, PipelineState, RunEntry, RunId};
use crate::log::{self, RunLog};
use crate::metrics;
use crate::transform::Engine;

use super::account::Account;
use super::fetching::{self, Staged};
use super::gate::Gate;
use super::progress::{Line, Progress};
use super::publishing::{self, Provenance};
use super::verdict::{DatasetVerdict, Verdict};
use super::{Options, Problem, Recipe, Workshop, compute, provenance, releases};

/// What came in, told also when the run failed after it.
#[derive(Default)]
struct Fetched {
    rows: u64,
    notes: Vec<String>,
    record: String,
    account: Account,
}

/// How often a run's log is written down while it goes on.
const WRITE_LOG: Duration = Duration::from_secs(10);

pub async fn run(
    workshop: &Workshop,
    pipeline: &Pipeline,
    options: &Options,
    progress: &Progress,
    began: impl FnOnce(i64) + Send,
) -> Verdict {
    let begun = Instant::now();
    let started_at = Timestamp::now();
    let line = progress.line(&pipeline.name);
    let tally = Arc::new(Tally::default());
    let mut fetched = Fetched::default();
    let (run, result) = match workshop.ledger.begin(&pipeline.name, started_at) {
        Ok(run) => {
            began(run.number());
            let log = log::begin_run(run.number(), &pipeline.name);
            let work = attempt(workshop, pipeline, options, &line, &tally, &mut fetched).instrument(log.span.clone());
            let result = Box::pin(logged(workshop, run, &log, work)).await;
            (Some((run, log)), result)
        }
        Err(error) => (None, Err(error.into())),
    };
    let Fetched { rows: rows_fetched, notes, record, account } = fetched;
    let mut verdict = Verdict {
        pipeline: pipeline.name.clone(),
        run: run.as_ref().map(|(run, _)| run.number()),
        result,
        counts: tally.snapshot(),
        rows_fetched,
        notes,
        record,
        took: begun.elapsed(),
    };
    if let Some((run, log)) = run {
        let entry = entry(&verdict, started_at);
        if let Err(error) = workshop.ledger.end(run, &entry) {
            // The versions are in place, but the record is not: the operator must know.
            verdict.result = verdict.result.and_then(|verdicts| Err(unrecorded(&verdicts, error)));
        }
        let detail = account.end(&verdict, options, &tally);
        log.span.in_scope(|| tell_end(&verdict));
        let kept = workshop.ledger.set_detail(run, &detail);
        if let Err(error) = kept.and_then(|()| workshop.ledger.add_log(run, &log.take_all())) {
            log.span.in_scope(|| tracing::warn!(%error, "the run's log could not be kept"));
        }
    }
    metrics::run_ended(&verdict.pipeline, verdict.outcome(), verdict.took);
    verdict
}

/// Does the work, and writes its log down now and then, so that a long run can be watched.
async fn logged<T>(workshop: &Workshop, run: RunId, log: &RunLog, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = tokio::time::sleep(WRITE_LOG) => {
                let lines = log.take_first();
                // The ledger's state is told at the end, when it matters.
                let _ = if lines.is_empty() { Ok(()) } else { workshop.ledger.add_log(run, &lines) };
            }
        }
    }
}

fn tell_end(verdict: &Verdict) {
    let (outcome, counts) = (verdict.outcome().to_string(), verdict.counts);
    let error = verdict.result.as_ref().err().map(ToString::to_string);
    tracing::info!(
        pipeline = verdict.pipeline,
        outcome,
        rows_fetched = verdict.rows_fetched,
        calls = counts.calls,
        reused = counts.reused,
        retries = counts.retries,
        bytes = counts.bytes_body,
        took_ms = u64::try_from(verdict.took.as_millis()).unwrap_or(u64::MAX),
        error = error.as_deref().and_then(|error| error.lines().next()),
        "the run ended"
    );
}

fn entry(verdict: &Verdict, started_at: Timestamp) -> RunEntry {
    let datasets = verdict.result.as_ref().map(Vec::as_slice).unwrap_or_default();
    RunEntry {
        run: 0,
        pipeline: verdict.pipeline.clone(),
        started_at,
        ended_at: Some(Timestamp::now()),
        outcome: verdict.outcome(),
        message: verdict.result.as_ref().err().map_or_else(|| verdict.record.clone(), Problem::told),
        calls: verdict.counts.calls,
        reused: verdict.counts.reused,
        retries: verdict.counts.retries,
        bytes: verdict.counts.bytes_body,
        rows_fetched: verdict.rows_fetched,
        datasets: datasets
            .iter()
            .map(|dataset| DatasetEntry {
                dataset: dataset.dataset.clone(),
                version: dataset.version.clone(),
                rows: dataset.rows,
                published: dataset.published,
            })
            .collect(),
    }
}

async fn attempt(
    workshop: &Workshop,
    pipeline: &Pipeline,
    options: &Options,
    line: &Line,
    tally: &Arc<Tally>,
    fetched: &mut Fetched,
) -> Result<Vec<DatasetVerdict>, Problem> {
    let now = Timestamp::now();
    let stage = Stage::open(workshop.lake.root(), &pipeline.name)?;
    let journal = Arc::new(Journal::open(stage.root(), workshop.config.run.resume_within, now)?);
    if options.accept.is_none() && workshop.ledger.waiting(&pipeline.name)?.is_some() {
        // Kept for an operator's word. A run of its own asks what the source says by now.
        journal.finish()?;
    }
    let mut gate = Gate::new(options.accept.as_ref());
    let result = steps(workshop, pipeline, options, line, tally, fetched, &stage, &journal, &mut gate).await;
    fetched.notes.extend(gate.notes(result.is_ok()));
    fetched.record = gate.record();
    let waits = result.is_err() && !gate.pending().is_empty();
    match &result {
        Err(_) if waits => workshop.ledger.wait(&pipeline.name, gate.pending(), now)?,
        Err(_) => {}
        Ok(verdicts) => {
            workshop.ledger.stop_waiting(&pipeline.name).map_err(|error| unrecorded(verdicts, error))?;
        }
    }
    match &result {
        Err(problem) if waits || problem.is_resumable() => {}
        _ => {
            journal.finish()?;
            stage.remove()?;
        }
    }
    result
}

#[expect(clippy::too_many_arguments, reason = "the one place where everything of a run meets")]
async fn steps(
    workshop: &Workshop,
    pipeline: &Pipeline,
    options: &Options,
    line: &Line,
    tally: &Arc<Tally>,
    fetched: &mut Fetched,
    stage: &Stage,
    journal: &Arc<Journal>,
    gate: &mut Gate,
) -> Result<Vec<DatasetVerdict>, Problem> {
    let lake = &workshop.lake;
    let state = workshop.ledger.state(&pipeline.name)?;
    let config_hash = workshop.config_hash(pipeline)?;
    line.step("asking what is new");
    let planned = fetching::plan(workshop, pipeline, state.as_ref(), journal, tally, options.force).await?;
    fetched.account.lap("plan");
    fetched.account.planned(&planned);
    gate.changes(&pipeline.name, planned.iter().map(|one| (one.fetch, one.changes.as_slice())))?;

    let mut published: BTreeMap<String, Manifest> = BTreeMap::new();
    for name in pipeline.datasets.keys() {
        if let Some(manifest) = lake.current(name)? {
            published.insert(name.clone(), manifest);
        }
    }
    let as_before = state.as_ref().is_some_and(|state| state.config_hash == config_hash);
    let all_published = published.len() == pipeline.datasets.len();
    if !options.force && as_before && all_published && planned.iter().all(|planned| planned.unchanged) {
        fetched.notes.extend(published.values().filter_map(kept_note));
        if let Some(mut state) = state {
            for one in &planned {
                let metadata = one.file_metadata(None).await?;
                let told = one.courier.accepted();
                state.fetches.entry(one.fetch.name.clone()).and_modify(|fetch| {
                    fetch.metadata = metadata;
                    // What the source said of its data now is what it is held against next time.
                    fetch.answers.retain(|before| told.iter().all(|now| now.identity != before.identity));
                    fetch.answers.extend(told);
                    releases::tell(&mut fetch.edition, one.fetch, one.plan.metadata.as_ref(), &fetch.answers);
                });
            }
            workshop.ledger.set_state(&pipeline.name, &PipelineState { checked_at: Timestamp::now(), ..state })?;
        }
        fetched.notes.extend(published.values().flat_map(standing_warnings));
        for manifest in published.values() {
            fetched.account.dataset(manifest, false);
        }
        return Ok(published.values().map(unchanged).collect());
    }

    let staged = fetching::stage(planned, stage, state.as_ref(), options, line).await?;
    fetched.account.staged(staged.iter());
    fetched.rows = staged.values().map(|staged| staged.info.rows).sum();
    fetched.notes = staged
        .iter()
        .flat_map(|(name, staged)| staged.notes.iter().map(move |note| format!("{name}: {note}")))
        .collect();

    let told = pipeline.fetches.iter().filter_map(|(name, fetch)| Some((fetch, staged.get(name)?.changes.as_slice())));
    gate.changes(&pipeline.name, told)?;

    fetched.account.lap("fetch and stage");
    workshop.go_on()?;
    let engine = Engine::new(workshop.config.run.memory_limit, &stage.spill()?)?;
    compute::register_reference(&engine, &workshop.reference, &workshop.config)?;
    register_staged(&engine, &staged).await?;
    let inputs = register_inputs(workshop, pipeline, &engine).await?;

    let mut computed = BTreeMap::new();
    let mut findings = Vec::new();
    for (name, dataset) in &pipeline.datasets {
        line.step(format!("computing {name}"));
        let made = (pipeline, dataset);
        let mut result = compute::compute(
            &engine,
            &workshop.reference,
            made,
            stage,
            &|manifest| lake.files(manifest),
            published.get(name),
        )
        .await?;
        fetched.notes.extend(result.notes.iter().map(|note| format!("{name}: {note}")));
        provenance::trace(&mut result.findings, &dataset.key, &staged)
            .map_err(|error| Problem::Rows { dataset: name.clone(), error })?;
        for finding in &result.findings {
            match finding.severity {
                Severity::Error => findings.push((name.clone(), finding.clone())),
                Severity::Warn => {
                    fetched.notes.push(format!("{name}: warning: {}: {}", finding.check, finding.message));
                }
            }
        }
        computed.insert(name.clone(), result);
    }
    let findings = gate.findings(findings);
    if !findings.is_empty() {
        let data = staged.iter().map(|(name, staged)| format!("{name} from {}, {}", staged.info.source, staged.origin));
        let read =
            inputs.iter().map(|(name, input)| format!("{name} from dataset {} {}", input.dataset, input.version));
        return Err(Problem::Checks { findings, data: data.chain(read).collect() });
    }

    fetched.account.lap("compute, check and write");
    workshop.go_on()?;
    line.step("publishing");
    let sources = staged.iter().map(|(name, staged)| (name.clone(), staged.info.clone())).collect();
    let recipe = Recipe::of(&workshop.config, &workshop.reference, pipeline).bytes();
    let recipe_hash = blake3::hash(&recipe).to_hex().to_string();
    let provenance =
        Provenance { pipeline, config_hash: &config_hash, recipe: &recipe_hash, sources: &sources, inputs: &inputs };
    let mut verdicts = Vec::new();
    let mut prepared = Vec::new();
    for (name, dataset) in &pipeline.datasets {
        let Some(computed) = computed.get(name) else { continue };
        let mut manifest = publishing::manifest(workshop, dataset, computed, &provenance, Timestamp::now())?;
        gate.mark(&mut manifest, Timestamp::now());
        if let Some(current) = published.get(name).filter(|current| current.created_at > manifest.created_at) {
            fetched.notes.push(format!(
                "{name}: the clock says {}, which is before the current version's {}; versions are ordered by number",
                manifest.created_at, current.created_at
            ));
        }
        fetched.notes.extend(kept_note(&manifest));
        let current = published.get(name);
        let withheld = if options.force { None } else { publishing::withheld(lake, &manifest)? };
        match (current, withheld) {
            (Some(current), _) if current.describes_the_same(&manifest) => {
                fetched.account.dataset(current, false);
                verdicts.push(unchanged(current));
            }
            (Some(current), Some(why)) => {
                fetched.notes.push(why);
                fetched.account.dataset(current, false);
                verdicts.push(unchanged(current));
            }
            _ => {
                let manifest = publishing::with_kinds(lake, current, manifest, &computed.parts)?;
                let version = publishing::prepare(stage, computed, manifest)?;
                fetched.account.dataset(&version.manifest, true);
                verdicts.push(DatasetVerdict {
                    dataset: name.clone(),
                    version: version.manifest.version.to_string(),
                    rows: version.manifest.rows,
                    published: true,
                });
                prepared.push(version);
            }
        }
    }
    fetched.account.lap("prepare");
    for version in &prepared {
        // So that a manifest that was spoilt can be had back by its hash.
        workshop.archive.keep(&version.manifest_bytes()?)?;
    }
    if !prepared.is_empty() {
        workshop.archive.keep(&recipe)?;
    }
    lake.publish(&prepared)?;
    fetched.account.lap("publish");
    workshop.note_manifests().map_err(|error| match error {
        Problem::Ledger(error) => unrecorded(&verdicts, error),
        other => other,
    })?;
    for version in &prepared {
        let name = &version.manifest.dataset;
        // Readers have the version; what is said of it is mended by the next run at the latest.
        if let Err(error) = lake.tell_changes(name, &workshop.config.publisher.name) {
            fetched.notes.push(format!("{name}: changes.json and changes.atom are out of date: {error}"));
        }
    }
    let fetches = staged.into_iter().map(|(name, staged)| (name, staged.state)).collect();
    let state = PipelineState { config_hash, checked_at: Timestamp::now(), fetches };
    workshop.ledger.set_state(&pipeline.name, &state).map_err(|error| unrecorded(&verdicts, error))?;
    Ok(verdicts)
}

/// The ledger failed after the pointers moved, if they did.
fn unrecorded(verdicts: &[DatasetVerdict], error: LedgerError) -> Problem {
    let published = verdicts.iter().filter(|verdict| verdict.published);
    let versions: Vec<String> = published.map(|verdict| format!("{} {}", verdict.dataset, verdict.version)).collect();
    if versions.is_empty() { error.into() } else { Problem::Unrecorded { versions, error } }
}

fn kept_note(manifest: &Manifest) -> Option<String> {
    Some(format!("{}: {}", manifest.dataset, manifest.carried_note()?))
}

/// What the version was published in spite of.
fn standing_warnings(manifest: &Manifest) -> Vec<String> {
    let note = |check: &CheckResult| format!("{}: warning: {}: {}", manifest.dataset, check.check, check.message);
    manifest.broken().map(note).collect()
}

fn unchanged(manifest: &Manifest) -> DatasetVerdict {
    DatasetVerdict {
        dataset: manifest.dataset.clone(),
        version: manifest.version.to_string(),
        rows: manifest.rows,
        published: false,
    }
}

async fn register_staged(engine: &Engine, staged: &BTreeMap<String, Staged>) -> Result<(), Problem> {
    for (name, staged) in staged {
        compute::register_fetch(engine, name, &staged.path, &staged.codes).await?;
    }
    Ok(())
}

/// Other pipelines' datasets, each at the version that is current now and will be pinned.
async fn register_inputs(
    workshop: &Workshop,
    pipeline: &Pipeline,
    engine: &Engine,
) -> Result<BTreeMap<String, Manifest>, Problem> {
    let mut inputs = BTreeMap::new();
    for (name, input) in &pipeline.inputs {
        let manifest = workshop
            .lake
            .current(&input.dataset)?
            .ok_or_else(|| Problem::InputMissing { input: name.clone(), dataset: input.dataset.clone() })?;
        engine.register_parquet(name, &workshop.lake.files(&manifest)?).await?;
        inputs.insert(name.clone(), manifest);
    }
    Ok(inputs)
}
