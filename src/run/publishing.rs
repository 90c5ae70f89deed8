//! The end of a run: versions prepared, put in place, pointers moved.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::config::{Dataset, Pipeline, Publisher};
use crate::lake::{CheckResult, Manifest, Preparation, Prepared, Severity, SourceInfo, Stage, VersionId};

use super::compute::Computed;
use super::{Problem, Workshop, stockholm};

/// Everything a manifest says beside the rows themselves.
pub struct Provenance<'a> {
    pub pipeline: &'a Pipeline,
    pub config_hash: &'a str,
    /// The hash that the archived recipe has.
    pub recipe: &'a str,
    pub sources: &'a BTreeMap<String, SourceInfo>,
    pub inputs: &'a BTreeMap<String, Manifest>,
}

/// What a version of a computed dataset would say of itself, before its files are known.
pub fn manifest(
    workshop: &Workshop,
    dataset: &Dataset,
    computed: &Computed,
    provenance: &Provenance<'_>,
    now: Timestamp,
) -> Result<Manifest, Problem> {
    let Provenance { pipeline, config_hash, recipe, sources, inputs } = provenance;
    let lake = &workshop.lake;
    let sequence = lake.next_sequence(&dataset.name)?;
    let version = VersionId::new(sequence, now, &computed.content_hash);
    let previous = match lake.current_version(&dataset.name)? {
        Some(current) => Some(lake.manifest_hash(&dataset.name, &current)?),
        None => None,
    };
    let mut licences: Vec<String> = sources.values().map(|source| source.licence.clone()).collect();
    licences.extend(inputs.values().flat_map(|input| input.licences.iter().cloned()));
    licences.retain(|licence| !licence.is_empty());
    licences.sort();
    licences.dedup();
    let mut credits: Vec<String> = sources.values().map(|source| source.credit.clone()).collect();
    credits.extend(inputs.values().flat_map(|input| input.credits.iter().cloned()));
    credits.sort();
    credits.dedup();
    let fetched = sources.values().map(|source| source.fetched_at).chain(inputs.values().map(|input| input.fetched_at));
    let fetched_at = fetched.max().unwrap_or(now);
    let passes_through = computed.passes_through && inputs.is_empty();
    Ok(Manifest {
        format: crate::lake::FORMAT,
        dataset: dataset.name.clone(),
        title: dataset.title.clone(),
        description: dataset.description.clone(),
        pipeline: pipeline.name.clone(),
        version,
        created_at: now,
        program: crate::PROGRAM.to_owned(),
        config_hash: (*config_hash).to_owned(),
        recipe: Some((*recipe).to_owned()),
        sql_hash: Some(blake3::hash(dataset.sql.as_bytes()).to_hex().to_string()),
        content_hash: computed.content_hash.clone(),
        rows: computed.rows,
        columns: computed.columns.clone(),
        key: dataset.key.clone(),
        files: Vec::new(),
        checks: checks(dataset),
        kinds: Vec::new(),
        change: None,
        acts: lake.unnamed_acts(&dataset.name)?,
        carried: Vec::new(),
        accepted: Vec::new(),
        sources: (*sources).clone(),
        inputs: inputs.values().map(|input| (input.dataset.clone(), input.version.clone())).collect(),
        credit: credit(&workshop.config.publisher, &credits, fetched_at, passes_through),
        credits,
        fetched_at,
        licences,
        synthetic: sources.values().any(|source| source.synthetic) || inputs.values().any(|input| input.synthetic),
        previous,
    })
}

/// Makes the version ready in the stage folder.
pub fn prepare(stage: &Stage, computed: &Computed, manifest: Manifest) -> Result<Prepared, Problem> {
    let folder = stage.root().join("versioner").join(&manifest.dataset).join(manifest.version.to_string());
    Ok(Preparation { rows: &computed.path, manifest, folder }.run()?)
}

/// The checks that held, in words.
fn checks(dataset: &Dataset) -> Vec<CheckResult> {
    let mut words = vec![
        "types and units as declared".to_owned(),
        "area codes known to the reference tables".to_owned(),
        "every value has a status, every empty one says why".to_owned(),
    ];
    let checks = &dataset.checks;
    if checks.unique {
        words.push(format!("unique over {}", dataset.key.join(", ")));
    }
    if checks.min_rows > 0 {
        words.push(format!("at least {} rows", checks.min_rows));
    }
    if let Some(limit) = checks.max_drop {
        words.push(format!("at most {limit} % fewer rows than before"));
    }
    words.extend(
        checks
            .custom
            .iter()
            .filter_map(|(file, _)| file.file_name())
            .map(|name| format!("{} returns no row", name.to_string_lossy())),
    );
    let held = |message: String| CheckResult {
        // What may be let through is told apart from the rest.
        check: if message.starts_with("at most ") { "max_drop".to_owned() } else { String::new() },
        severity: Severity::Error,
        held: true,
        message,
        rows: Vec::new(),
        more: false,
    };
    words.into_iter().map(held).collect()
}

/// A series as fetched names its source; one computed here must not, and says who computed it, from what and when.
fn credit(publisher: &Publisher, credits: &[String], fetched_at: Timestamp, passes_through: bool) -> String {
    let names = listed(credits);
    if passes_through {
        return format!("Källa: {names}");
    }
    let date = fetched_at.to_zoned(stockholm()).date();
    format!("Beräknad av {} med underlag från {names}, hämtat {date}", publisher.name)
}

/// `A`, `A och B`, `A, B och C`.
fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} och {last}", first.join(", ")),
    }
}
