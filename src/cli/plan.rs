//! `underlag plan`.

use clap::Args;
use serde_json::{Value, json};

use crate::config::Pipeline;
use crate::run::{Estimate, FetchEstimate, Workshop, estimate};

use super::context::Place;
use super::exit::{Exit, Failure};
use super::run::chosen;
use super::text;

#[derive(Debug, Args)]
pub struct Plan {
    /// Pipelines to plan [default: all]
    pipelines: Vec<String>,
    /// Make no call at all: tell only what is known from the last run
    #[arg(long, conflicts_with = "json")]
    offline: bool,
    /// Tell it to a program
    #[arg(long)]
    json: bool,
}

impl Plan {
    pub async fn run(self, place: &Place) -> Result<Exit, Failure> {
        let workshop = place.workshop().await?;
        let names = chosen(&workshop.config, &self.pipelines, true)?;
        let mut exit = Exit::Done;
        let mut told = Vec::new();
        for name in &names {
            let Some(pipeline) = workshop.config.pipelines.get(name) else { continue };
            if self.offline {
                show_offline(&workshop, pipeline)?;
                continue;
            }
            match estimate(&workshop, pipeline).await {
                Ok(estimate) if self.json => told.push(as_json(&estimate)),
                Ok(estimate) => show(&estimate),
                Err(problem) => {
                    told.push(
                        json!({ "pipeline": name, "error": problem.to_string(), "code": problem.code().as_str() }),
                    );
                    text::error(problem.code(), &format!("pipeline {name}: {problem}"), problem.hint().as_deref());
                    exit = Exit::Failed;
                }
            }
        }
        if self.json {
            text::line(&json!({ "format": 1, "pipelines": told }).to_string());
        }
        Ok(exit)
    }
}

fn as_json(estimate: &Estimate) -> Value {
    let fetches: Vec<Value> = estimate
        .fetches
        .iter()
        .map(|fetch| {
            let limit = fetch.limits.map(|limits| {
                json!({ "calls": limits.calls, "window_seconds": limits.window.as_secs_f64(), "cells": limits.cells })
            });
            json!({
                "fetch": fetch.fetch,
                "source": fetch.source,
                "state": state(fetch),
                "calls": fetch.calls,
                "lower_bound": fetch.lower_bound,
                "estimated": fetch.estimated,
                "cells": fetch.cells,
                "limit": limit,
                "parallel": fetch.parallel,
                "seconds_by_limit": fetch.wait.as_secs_f64(),
                "notes": fetch.notes,
            })
        })
        .collect();
    json!({ "pipeline": estimate.pipeline, "verdict": verdict(estimate), "fetches": fetches })
}

fn state(fetch: &FetchEstimate) -> &'static str {
    match (fetch.unchanged, fetch.seems_unchanged) {
        (true, _) => "unchanged",
        (false, true) => "seems unchanged",
        (false, false) => "changed or never fetched",
    }
}

fn show_offline(workshop: &Workshop, pipeline: &Pipeline) -> Result<(), Failure> {
    let state = workshop.ledger.state(&pipeline.name)?;
    let verdict = match &state {
        None => "never run".to_owned(),
        Some(state) if state.config_hash == workshop.config_hash(pipeline)? => {
            format!("known to be so at {}", state.checked_at)
        }
        Some(state) => format!("the configuration has changed since {}", state.checked_at),
    };
    text::line(&format!("{}: {verdict}; no source was asked", pipeline.name));
    for (name, fetch) in &pipeline.fetches {
        let source = workshop.source(fetch).name;
        let last = match state.as_ref().and_then(|state| state.fetches.get(name)) {
            Some(last) => format!("{} answers at the last run", last.answers.len()),
            None => "never fetched".to_owned(),
        };
        text::line(&format!("  {name} from {source}: {last}"));
    }
    Ok(())
}

fn verdict(estimate: &Estimate) -> &'static str {
    if estimate.is_unchanged() {
        "unchanged: nothing would be fetched, no new version"
    } else if estimate.seems_unchanged() {
        "seems unchanged: data would be fetched and compared, a new version only if they differ"
    } else if !estimate.all_published {
        "would be published for the first time"
    } else if !estimate.as_before {
        "the configuration has changed: would be computed again, a new version only if the result differs"
    } else {
        "changed: would be fetched, a new version if the result differs"
    }
}

fn show(estimate: &Estimate) {
    let verdict = verdict(estimate);
    text::line(&format!("{}: {verdict}", estimate.pipeline));
    for fetch in &estimate.fetches {
        let state = state(fetch);
        let mut line = format!(
            "  {} from {}: {state}; {}{} data calls (at least {})",
            fetch.fetch,
            fetch.source,
            if fetch.estimated { "about " } else { "" },
            fetch.calls,
            fetch.lower_bound
        );
        if fetch.cells > 0 {
            line.push_str(&format!(", {} cells", fetch.cells));
        }
        if let Some(limits) = fetch.limits.filter(|limits| limits.calls > 0) {
            line.push_str(&format!(
                ", {} calls per {} s, wait {:.1} s",
                limits.calls,
                limits.window.as_secs_f64(),
                fetch.wait.as_secs_f64()
            ));
        }
        text::line(&line);
        for note in &fetch.notes {
            text::line(&format!("    {note}"));
        }
    }
}
