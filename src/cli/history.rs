//! `underlag history`.

use anyhow::anyhow;
use clap::Args;
use serde::Serialize;

use crate::codes;
use crate::lake::Lake;
use crate::ledger::{Ledger, LogLine, RunDetail, RunEntry};
use crate::run::readable_ledger;

use super::context::Place;
use super::exit::{Exit, Failure};
use super::run::chosen;
use super::text;

#[derive(Debug, Args)]
pub struct History {
    /// Only this pipeline's runs
    pipeline: Option<String>,
    /// One run with its log, calls, steps and checks
    #[arg(long, value_name = "NUMBER")]
    run: Option<i64>,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// How many runs, newest first
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

/// All that is known of one run.
#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    entry: RunEntry,
    /// None of runs before there was any, and of those that a crash ended.
    detail: Option<RunDetail>,
    log: Vec<LogLine>,
}

impl History {
    pub fn run(self, place: &Place) -> Result<Exit, Failure> {
        let (config, _) = place.load()?;
        let lake = Lake::look(&config)?;
        let (ledger, note) = readable_ledger(&lake)?;
        let at_work = lake.is_locked();
        if let Some(note) = note {
            text::note(&format!("note: {note}"));
        }
        if let Some(run) = self.run {
            return self.one(run, &ledger, at_work);
        }
        let mut runs = ledger.runs(self.pipeline.as_deref(), self.limit)?;
        // A pipeline that was taken away still has its past.
        if let Some(name) = self.pipeline.filter(|_| runs.is_empty()) {
            chosen(&config, &[name], false)?;
        }
        for run in &mut runs {
            run.outcome = run.outcome.seen(at_work);
        }
        if self.json {
            text::line(&serde_json::to_string_pretty(&runs).map_err(Failure::failed)?);
        } else {
            for run in &runs {
                show(run);
            }
        }
        Ok(Exit::Done)
    }

    fn one(self, run: i64, ledger: &Ledger, at_work: bool) -> Result<Exit, Failure> {
        let of = |entry: &RunEntry| self.pipeline.as_ref().is_none_or(|name| entry.pipeline == *name);
        let Some(mut entry) = ledger.run(run)?.filter(of) else {
            let of = self.pipeline.map(|name| format!(" of {name}")).unwrap_or_default();
            return Err(Failure::usage(codes::NO_SUCH_THING, anyhow!("there is no run {run}{of}"))
                .hint("`underlag history` shows the numbers"));
        };
        entry.outcome = entry.outcome.seen(at_work);
        let whole = Whole { entry, detail: ledger.detail(run)?, log: ledger.log(run)? };
        if self.json {
            text::line(&serde_json::to_string_pretty(&whole).map_err(Failure::failed)?);
        } else {
            show(&whole.entry);
            whole.detail.iter().for_each(show_detail);
            if whole.detail.is_none() {
                text::line("  no details were kept of this run");
            }
            show_log(&whole.log);
        }
        Ok(Exit::Done)
    }
}

fn show(run: &RunEntry) {
    let seconds = run.ended_at.map_or(0.0, |end| end.duration_since(run.started_at).as_secs_f64());
    text::line(&format!(
        "{:5} {} {:14} {:11} {} calls, {} reused, {} retries, {} rows fetched, {seconds:.1} s",
        run.run,
        run.started_at.strftime("%Y-%m-%d %H:%M:%S UTC"),
        run.pipeline,
        run.outcome,
        run.calls,
        run.reused,
        run.retries,
        run.rows_fetched,
    ));
    for dataset in &run.datasets {
        let what = if dataset.published { "published" } else { "unchanged" };
        text::line(&format!("      {} {} {what}, {} rows", dataset.dataset, dataset.version, dataset.rows));
    }
    if !run.message.is_empty() {
        text::line(&format!("      {}", run.message.replace('\n', "\n      ")));
    }
}

fn show_detail(detail: &RunDetail) {
    text::line(&format!("started by: {} ({})", detail.started_by, detail.program));
    text::line("steps:");
    for step in &detail.steps {
        text::line(&format!("  {:24} {:8.2} s", step.step, step.seconds));
    }
    text::line("fetches:");
    for fetch in &detail.fetches {
        let rows = fetch.rows.map(|rows| format!(", {rows} rows")).unwrap_or_default();
        let cells = if fetch.cells > 0 { format!(", {} cells", fetch.cells) } else { String::new() };
        let unchanged = if fetch.unchanged { ", unchanged" } else { "" };
        text::line(&format!(
            "  {} from {}: {} calls planned{cells}{rows}{unchanged}",
            fetch.fetch, fetch.source, fetch.calls
        ));
    }
    text::line("calls:");
    for (source, counts) in &detail.sources {
        let statuses: Vec<String> =
            counts.statuses.iter().map(|(status, calls)| format!("{status} × {calls}")).collect();
        let by_status = if statuses.is_empty() { String::new() } else { format!(" ({})", statuses.join(", ")) };
        text::line(&format!(
            "  {source}: {} calls{by_status}, {} reused, {} retries, {} bytes on the wire, {} unpacked, {:.1} s waited",
            counts.calls, counts.reused, counts.retries, counts.bytes_wire, counts.bytes_body, counts.waited_secs
        ));
    }
    let checks = detail.failed_checks.iter().chain(detail.datasets.iter().flat_map(|dataset| &dataset.checks));
    text::line("checks:");
    for check in checks {
        let outcome = match (check.held, check.severity.as_str()) {
            (true, _) => "held",
            (false, "warn") => "warning",
            (false, _) => "broken",
        };
        text::line(&format!("  {outcome:8} {}: {}: {}", check.dataset, check.check, check.message));
    }
    for note in &detail.notes {
        text::line(&format!("note: {note}"));
    }
}

fn show_log(log: &[LogLine]) {
    text::line("log:");
    for line in log {
        let at = line.at.strftime("%H:%M:%S%.3f");
        text::line(&format!("  {at} {:5} {}", line.level, line.text.replace('\n', "\n  ")));
    }
}
