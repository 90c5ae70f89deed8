//! `underlag history`.

use clap::Args;

use crate::lake::Lake;
use crate::ledger::RunEntry;
use crate::run::readable_ledger;

use super::context::Place;
use super::exit::{Exit, Failure};
use super::run::chosen;
use super::text;

#[derive(Debug, Args)]
pub struct History {
    /// Only this pipeline's runs
    pipeline: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// How many runs, newest first
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

impl History {
    pub fn run(self, place: &Place) -> Result<Exit, Failure> {
        let (config, _) = place.load()?;
        let lake = Lake::look(&config)?;
        let (ledger, note) = readable_ledger(&lake)?;
        let at_work = lake.is_locked();
        let mut runs = ledger.runs(self.pipeline.as_deref(), self.limit)?;
        if let Some(note) = note {
            text::note(&format!("note: {note}"));
        }
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
