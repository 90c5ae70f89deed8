//! `underlag rollback` and `underlag withdraw`: the operator's word on a
//! version, written down before anything moves.

use anyhow::anyhow;
use clap::Args;
use jiff::Timestamp;

use crate::codes;
use crate::lake::{Deed, Lake, Manifest, Unfit, VersionId};
use crate::nearest::nearest;
use crate::run::Workshop;

use super::context::Place;
use super::exit::{Exit, Failure};
use super::lock::Wait;
use super::run::{publish_site, settled};
use super::text;

#[derive(Debug, Args)]
pub struct Rollback {
    /// The dataset whose pointer is moved
    dataset: String,
    /// The version to go to, by its id or number [default: the newest sound one before the current]
    #[arg(long, value_name = "VERSION")]
    to: Option<String>,
    /// Why; it stands on the record and on the pages, so write it for readers
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    wait: Wait,
}

#[derive(Debug, Args)]
pub struct Withdraw {
    /// The dataset that the version is of
    dataset: String,
    /// The version, by its id or number
    #[arg(id = "id", value_name = "VERSION")]
    version: String,
    /// Why; it stands on the record and on the pages, so write it for readers
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    wait: Wait,
}

impl Rollback {
    pub async fn run(self, place: &Place) -> Result<Exit, Failure> {
        let Self { dataset, to, reason, wait } = self;
        let reason = given(&reason)?;
        let (config, reference) = place.load()?;
        let workshop = Workshop::open(config, reference)?;
        let _lock = wait.lock(&workshop.lake).await?;
        let lake = &workshop.lake;
        let from = published(lake, &dataset)?;
        settled(&workshop)?;
        let to = match to {
            Some(to) => {
                let manifest = version(lake, &dataset, &to)?;
                if manifest.version == from {
                    return Err(Failure::usage(
                        codes::NOT_POSSIBLE,
                        anyhow!("{dataset} {from} is what readers are given already"),
                    ));
                }
                if let Some(Unfit { version, why }) = lake.unfit(&manifest)? {
                    return Err(Failure::usage(codes::NOT_POSSIBLE, anyhow!("{dataset} can't go to {version}: {why}"))
                        .hint("choose another version"));
                }
                manifest
            }
            None => earlier(lake, &dataset, &from)?,
        };
        let target = to.version.clone();
        lake.record_act(&dataset, Deed::Rollback { from: from.clone(), to: target.clone(), reason }, Timestamp::now())?;
        lake.finish_rollback(&dataset)?;
        lake.tell_changes(&dataset, &workshop.config.publisher.name)?;
        text::line(&format!("{dataset}: readers are given {target} instead of {from}"));
        text::line("the same rows are not published again, unless run --force says so");
        Ok(if publish_site(&workshop) { Exit::Done } else { Exit::Failed })
    }
}

impl Withdraw {
    pub async fn run(self, place: &Place) -> Result<Exit, Failure> {
        let Self { dataset, version: named, reason, wait } = self;
        let reason = given(&reason)?;
        let (config, reference) = place.load()?;
        let workshop = Workshop::open(config, reference)?;
        let _lock = wait.lock(&workshop.lake).await?;
        let lake = &workshop.lake;
        published(lake, &dataset)?;
        settled(&workshop)?;
        let manifest = version(lake, &dataset, &named)?;
        let id = manifest.version;
        lake.record_act(&dataset, Deed::Withdraw { version: id.clone(), reason }, Timestamp::now())?;
        lake.tell_changes(&dataset, &workshop.config.publisher.name)?;
        text::line(&format!("{dataset} {id} is withdrawn; it stays, and says so"));
        if lake.current_version(&dataset)? == Some(id) {
            text::line("readers are still given it");
            if lake.fallback(&dataset)?.0.is_some() {
                text::note(&format!("hint: underlag rollback {dataset} --reason … gives them the version before it"));
            }
        }
        Ok(if publish_site(&workshop) { Exit::Done } else { Exit::Failed })
    }
}

/// A reason that says something.
fn given(reason: &str) -> Result<String, Failure> {
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    if reason.is_empty() {
        return Err(Failure::usage(codes::USAGE, anyhow!("the reason is empty"))
            .hint("say in a sentence what is wrong; readers see it"));
    }
    Ok(reason)
}

/// The current version of a dataset that there is.
fn published(lake: &Lake, dataset: &str) -> Result<VersionId, Failure> {
    let names = lake.datasets()?;
    if !names.iter().any(|name| name == dataset) {
        let hint = match nearest(dataset, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean {near}?"),
            None if names.is_empty() => "nothing is published yet".to_owned(),
            None => format!("there are {}", names.join(", ")),
        };
        return Err(Failure::usage(codes::NO_SUCH_THING, anyhow!("there is no dataset {dataset:?}")).hint(hint));
    }
    lake.current_version(dataset)?
        .ok_or_else(|| Failure::usage(codes::NOTHING_PUBLISHED, anyhow!("{dataset} is not published yet")))
}

/// A version that readers were given, by its id or number.
fn version(lake: &Lake, dataset: &str, named: &str) -> Result<Manifest, Failure> {
    let mut published = lake.published(dataset)?;
    let sequence = named.parse::<u64>().ok();
    let is_named = |version: &VersionId| version.to_string() == named || Some(version.sequence()) == sequence;
    let at = published.iter().position(|manifest| is_named(&manifest.version));
    match at {
        Some(at) => Ok(published.swap_remove(at)),
        None => {
            let known = published.iter().rev().take(10).map(|manifest| manifest.version.to_string());
            let hint = format!("the newest are {}", known.collect::<Vec<_>>().join(", "));
            Err(Failure::usage(codes::NO_SUCH_THING, anyhow!("{dataset} has no version {named:?}")).hint(hint))
        }
    }
}

fn earlier(lake: &Lake, dataset: &str, from: &VersionId) -> Result<Manifest, Failure> {
    let (found, passed) = lake.fallback(dataset)?;
    for Unfit { version, why } in &passed {
        text::note(&format!("passed over {version}: {why}"));
    }
    found.ok_or_else(|| {
        Failure::usage(codes::NOTHING_PUBLISHED, anyhow!("{dataset} has no sound version before {from}"))
            .hint("mend the source or the pipeline and run it, or withdraw the version so that readers know")
    })
}
