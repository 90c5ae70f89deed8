//! `underlag run`.

use std::sync::Arc;

use anyhow::anyhow;
use clap::Args;

use crate::codes;
use crate::config::Config;
use crate::lake::{Lake, Lock};
use crate::run::{self, Options, Progress, Verdict, Workshop, collect, render_site, settle};

use super::context::Place;
use super::exit::{Exit, Failure};
use super::lock::Wait;
use super::text;

#[derive(Debug, Args)]
pub struct Run {
    /// Pipelines to run
    pipelines: Vec<String>,
    /// Run every pipeline
    #[arg(long, conflicts_with = "pipelines")]
    all: bool,
    /// Fetch again also what the sources say is unchanged, and publish also what was rolled back or withdrawn; no check
    /// is skipped
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    wait: Wait,
}

impl Run {
    pub async fn run(self, place: &Place) -> Result<Exit, Failure> {
        let workshop = place.workshop().await?;
        let names = chosen(&workshop.config, &self.pipelines, self.all)?;
        let _lock = self.wait.lock(&workshop.lake).await?;
        if self.force {
            workshop.ask_all_again();
        }
        let verdicts = execute(&workshop, &names, Options { force: self.force, ..Options::default() }).await?;
        let site = publish_site(&workshop);
        let failed = verdicts.iter().any(|verdict| verdict.result.is_err());
        Ok(if failed || !site { Exit::Failed } else { Exit::Done })
    }
}

/// The pipelines that were named, or all; an unknown name is a usage error.
pub fn chosen(config: &Config, names: &[String], all: bool) -> Result<Vec<String>, Failure> {
    if names.is_empty() {
        if all {
            return Ok(config.pipelines.keys().cloned().collect());
        }
        return Err(
            Failure::usage(codes::USAGE, anyhow!("no pipeline is named")).hint("name one or more, or give --all")
        );
    }
    for name in names {
        if !config.pipelines.contains_key(name) {
            let known = config.pipelines.keys().map(String::as_str).collect::<Vec<_>>();
            let hint = match known.as_slice() {
                [] => format!("there are none in {}", config.pipelines_dir.display()),
                [only] => format!("there is {only}"),
                known => format!("there are {}", known.join(", ")),
            };
            return Err(Failure::usage(codes::NO_SUCH_THING, anyhow!("there is no pipeline {name:?}")).hint(hint));
        }
    }
    let mut names = names.to_vec();
    names.sort();
    names.dedup();
    Ok(names)
}

/// Runs and prints a verdict per pipeline. The caller holds the lake's lock, until the site is rendered too.
pub async fn execute(workshop: &Arc<Workshop>, names: &[String], options: Options) -> Result<Vec<Verdict>, Failure> {
    workshop.reconcile()?.iter().for_each(|note| text::note(&format!("note: {note}")));
    settled(workshop)?;
    let progress = Arc::new(Progress::new(text::note));
    let verdicts = run::run(workshop, names, options, &progress).await;
    for verdict in &verdicts {
        text::line(&verdict.line());
        verdict.notes.iter().for_each(|note| text::line(&format!("  {note}")));
    }
    for verdict in &verdicts {
        if let Err(problem) = &verdict.result {
            text::error(
                problem.code(),
                &format!("pipeline {}: {problem}", verdict.pipeline),
                problem.hint().as_deref(),
            );
        }
    }
    match collect(workshop, false) {
        Ok(collected) => {
            for (dataset, why) in &collected.skipped {
                tracing::info!(%dataset, %why, "the retention leaves a dataset alone");
            }
        }
        Err(problem) => text::note(&format!("warning: the retention was not applied: {problem}")),
    }
    Ok(verdicts)
}

/// Ends what a crash cut short, before anything else is done.
pub fn settled(workshop: &Workshop) -> Result<(), Failure> {
    for line in settle(workshop)? {
        text::note(&line);
    }
    Ok(())
}

/// The lock, at once.
pub async fn lock(lake: &Lake) -> Result<Lock, Failure> {
    Wait::default().lock(lake).await
}

/// Renders and publishes the site; false when that failed, which has been said.
pub fn publish_site(workshop: &Workshop) -> bool {
    match render_site(workshop) {
        Ok(None) => {
            text::line("site: no report has anything to show yet");
            true
        }
        Ok(Some(outcome)) => {
            match outcome.version {
                Some(version) => text::line(&format!("site: {version}, {} pages", outcome.pages)),
                None => text::line(&format!("site: unchanged, {} pages", outcome.pages)),
            }
            for skipped in &outcome.skipped {
                text::line(&format!("site: {skipped}"));
            }
            true
        }
        Err(problem) => {
            text::error(problem.code(), &format!("site: {problem}"), problem.hint().as_deref());
            false
        }
    }
}
