//! The end of a run: versions prepared, put in place, pointers moved.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::config::{Dataset, Pipeline, Publisher};
use crate::lake::{Manifest, Preparation, Prepared, SourceInfo, Stage, VersionId};

use super::compute::Computed;
use super::{Problem, Workshop, stockholm};

/// Everything a manifest says beside the rows themselves.
pub struct Provenance<'a> {
    pub pipeline: &'a Pipeline,
    pub config_hash: &'a str,
    pub sources: &'a BTreeMap<String, SourceInfo>,
    pub inputs: &'a BTreeMap<String, Manifest>,
}

/// Makes a version of a computed dataset ready in the stage folder.
pub fn prepare(
    workshop: &Workshop,
    stage: &Stage,
    dataset: &Dataset,
    computed: &Computed,
    provenance: &Provenance<'_>,
    now: Timestamp,
) -> Result<Prepared, Problem> {
    let Provenance { pipeline, config_hash, sources, inputs } = provenance;
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
    let manifest = Manifest {
        format: 1,
        dataset: dataset.name.clone(),
        title: dataset.title.clone(),
        description: dataset.description.clone(),
        pipeline: pipeline.name.clone(),
        version: version.clone(),
        created_at: now,
        program: crate::PROGRAM.to_owned(),
        config_hash: (*config_hash).to_owned(),
        content_hash: computed.content_hash.clone(),
        rows: computed.rows,
        columns: computed.columns.clone(),
        key: dataset.key.clone(),
        files: Vec::new(),
        checks: checks(dataset),
        sources: (*sources).clone(),
        inputs: inputs.values().map(|input| (input.dataset.clone(), input.version.clone())).collect(),
        credit: credit(&workshop.config.publisher, sources, inputs, computed.passes_through),
        licences,
        synthetic: sources.values().any(|source| source.synthetic) || inputs.values().any(|input| input.synthetic),
        previous,
    };
    let folder = stage.root().join("versioner").join(&dataset.name).join(version.to_string());
    Ok(Preparation { rows: &computed.path, manifest, folder }.run()?)
}

/// The checks that held, in words.
fn checks(dataset: &Dataset) -> Vec<String> {
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
    words
}

/// A series as fetched names its source; one computed here must not, and says who computed it, from what and when.
fn credit(
    publisher: &Publisher,
    sources: &BTreeMap<String, SourceInfo>,
    inputs: &BTreeMap<String, Manifest>,
    passes_through: bool,
) -> String {
    let mut names: Vec<&str> = sources.values().map(|source| source.credit.as_str()).collect();
    names.extend(inputs.values().flat_map(|input| input.sources.values()).map(|source| source.credit.as_str()));
    names.sort_unstable();
    names.dedup();
    let names = listed(&names);
    if passes_through && inputs.is_empty() {
        return format!("Källa: {names}");
    }
    let fetched = sources
        .values()
        .chain(inputs.values().flat_map(|input| input.sources.values()))
        .map(|source| source.fetched_at)
        .max()
        .map(|at| at.to_zoned(stockholm()).date().to_string())
        .unwrap_or_default();
    format!("Beräknad av {} med underlag från {names}, hämtat {fetched}", publisher.name)
}

/// `A`, `A och B`, `A, B och C`.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} och {last}", first.join(", ")),
    }
}
