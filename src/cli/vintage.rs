//! Which version of a dataset the user means: by its id, its number, or a time
//! at which readers were given it.

use anyhow::anyhow;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

use crate::codes;
use crate::lake::{Lake, LakeError, Manifest, VersionId};
use crate::nearest::nearest;
use crate::run::stockholm;

use super::exit::Failure;

/// A dataset with at least one version, or why there is none.
pub fn known(lake: &Lake, dataset: &str, configured: &[String]) -> Result<(), Failure> {
    if !lake.versions(dataset)?.is_empty() {
        return Ok(());
    }
    if configured.iter().any(|name| name == dataset) {
        return Err(Failure::coded(codes::NOTHING_PUBLISHED, anyhow!("{dataset} is not published yet"))
            .hint("run its pipeline first"));
    }
    let mut names = lake.datasets()?;
    names.extend_from_slice(configured);
    names.sort();
    names.dedup();
    let hint = nearest(dataset, names.iter().map(String::as_str)).map_or_else(
        || format!("there are {}", if names.is_empty() { "none".to_owned() } else { names.join(", ") }),
        |near| format!("did you mean {near}?"),
    );
    Err(Failure::usage(codes::NO_SUCH_THING, anyhow!("there is no dataset {dataset:?}")).hint(hint))
}

/// A time as the user writes it; a day means its end, in Swedish time.
pub fn moment(text: &str) -> Result<Timestamp, Failure> {
    let zone = stockholm();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    // A day alone: with a time after it, the parser would only leave that out.
    let day = text.parse::<Date>().ok().filter(|_| text.len() == "2026-03-01".len());
    let at = if let Some(day) = day {
        day.tomorrow().and_then(|next| next.to_zoned(zone)).and_then(|next| next.timestamp().checked_sub(NANO))
    } else {
        text.parse::<DateTime>().and_then(|at| at.to_zoned(zone)).map(|at| at.timestamp())
    };
    at.map_err(|_| {
        Failure::usage(codes::USAGE, anyhow!("{text:?} is no time"))
            .hint("write a day (2026-03-01: its end, Swedish time), or a time like 2026-03-01T12:00:00Z")
    })
}

const NANO: jiff::SignedDuration = jiff::SignedDuration::from_nanos(1);

/// The version that readers were given at a time.
pub fn at(lake: &Lake, dataset: &str, at: Timestamp) -> Result<Manifest, Failure> {
    if let Some(version) = lake.version_at(dataset, at)? {
        return Ok(lake.manifest(dataset, &version)?);
    }
    let time = |at: Timestamp| at.to_zoned(stockholm()).strftime("%Y-%m-%d %H:%M").to_string();
    let error = anyhow!("{dataset} was not published yet at {} (Swedish time)", time(at));
    Err(match lake.timeline(dataset)?.first() {
        Some(first) => Failure::usage(codes::NOTHING_PUBLISHED, error).hint(format!(
            "its first version {} is from {}",
            first.version,
            time(first.at)
        )),
        None => Failure::coded(codes::NOTHING_PUBLISHED, error),
    })
}

/// The version with an id or number, or the one that was current at a time.
pub fn version(lake: &Lake, dataset: &str, word: &str) -> Result<Manifest, Failure> {
    let versions = lake.versions(dataset)?;
    let number = word.bytes().all(|byte| byte.is_ascii_digit()).then(|| word.parse::<u64>().ok()).flatten();
    let found = match (word.parse::<VersionId>(), number) {
        (Ok(id), _) => versions.iter().find(|version| **version == id),
        (_, Some(number)) => versions.iter().find(|version| version.sequence() == number),
        _ => return at(lake, dataset, moment(word)?),
    };
    match found {
        Some(version) => Ok(lake.manifest(dataset, version)?),
        None => {
            Err(Failure::usage(codes::NO_SUCH_THING, anyhow!("{dataset} has no version {word}"))
                .hint(listed(&versions)))
        }
    }
}

fn listed(versions: &[VersionId]) -> String {
    let shown: Vec<String> = versions.iter().rev().take(5).map(ToString::to_string).collect();
    let more = versions.len().saturating_sub(shown.len());
    let before = if more > 0 { format!(" and {more} before them") } else { String::new() };
    format!("there are {}{before}", shown.join(", "))
}

/// The version that a dataset's pointer names.
pub fn current(lake: &Lake, dataset: &str) -> Result<Manifest, Failure> {
    lake.current(dataset)?.ok_or_else(|| {
        Failure::coded(codes::DAMAGED, anyhow!("{dataset} has versions, but none is current"))
            .hint("run underlag verify")
    })
}

/// The version before another, as its manifest names it.
pub fn before(lake: &Lake, manifest: &Manifest) -> Result<Manifest, Failure> {
    let dataset = &manifest.dataset;
    if let Some(previous) = &manifest.previous {
        for version in lake.versions(dataset)?.iter().rev().filter(|version| **version < manifest.version) {
            match lake.manifest_hash(dataset, version) {
                Ok(hash) if hash == *previous => return Ok(lake.manifest(dataset, version)?),
                Ok(_) | Err(LakeError::Missing { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Err(Failure::coded(codes::NOTHING_PUBLISHED, anyhow!("{dataset} has no version before {}", manifest.version))
        .hint("there is something to compare when it is published again"))
}

/// An error when the retention removed a version's rows.
pub fn with_rows(lake: &Lake, manifest: &Manifest) -> Result<(), Failure> {
    let Manifest { dataset, version, .. } = manifest;
    if !lake.pruned(dataset)?.contains(version) {
        return Ok(());
    }
    Err(Failure::coded(
        codes::ROWS_LET_GO,
        anyhow!("the rows of {dataset} {version} are gone: the retention removed them"),
    )
    .hint(format!("its manifest stays; underlag replay {dataset} {version} computes them again from the archive")))
}
