//! The end of a run: versions prepared, put in place, pointers moved.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::config::{Dataset, Pipeline, Publisher};
use crate::lake::compare::{Side, compare};
use crate::lake::{CheckResult, Lake, Manifest, Parts, Preparation, Prepared, SourceInfo, Stage, VersionId, kinds};

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
        contract: Some(computed.contract.clone()),
        checks: checks(computed),
        kinds: Vec::new(),
        change: None,
        acts: lake.unnamed_acts(&dataset.name)?,
        carried: computed.carried.clone(),
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

/// Why a version must not be published without being told to: the like of it was rolled back or withdrawn.
pub fn withheld(lake: &Lake, manifest: &Manifest) -> Result<Option<String>, Problem> {
    let mut withheld = lake.withheld(&manifest.dataset)?.into_iter();
    let alike = withheld.find(|(withheld, _)| withheld.describes_the_same(manifest));
    Ok(alike.map(|(withheld, reason)| {
        format!(
            "{}: not published: it would be {} again, which was taken back ({reason}); run --force publishes it",
            manifest.dataset, withheld.version
        )
    }))
}

/// The manifest with what sets its rows apart from those of the current version.
pub fn with_kinds(
    lake: &Lake,
    current: Option<&Manifest>,
    manifest: Manifest,
    rows: &Parts,
) -> Result<Manifest, Problem> {
    let Some(current) = current else { return Ok(manifest) };
    let new = Side { manifest: &manifest, files: rows.paths() };
    let comparison = compare(&Side::published(lake, current)?, &new, &mut |_| Ok(()))?;
    let (kinds, change) = kinds(&comparison, &current.version);
    Ok(Manifest { kinds, change, ..manifest })
}

/// Makes the version ready in the stage folder.
pub fn prepare(stage: &Stage, computed: &Computed, manifest: Manifest) -> Result<Prepared, Problem> {
    let folder = stage.root().join("versioner").join(&manifest.dataset).join(manifest.version.to_string());
    Ok(Preparation { rows: &computed.parts, manifest, folder }.run()?)
}

/// Every check that was made, in the contract's order: what was promised, or how it was broken.
fn checks(computed: &Computed) -> Vec<CheckResult> {
    let contract = &computed.contract;
    let mut results = Vec::new();
    for check in &contract.checks {
        let name = check.rule.name();
        let before = results.len();
        results.extend(computed.findings.iter().filter(|finding| finding.check == name).map(|finding| {
            let mut answers: Vec<String> = finding.rows.iter().flat_map(|row| row.answers.clone()).collect();
            let mut seen = std::collections::BTreeSet::new();
            answers.retain(|answer| seen.insert(answer.clone()));
            CheckResult {
                check: name.clone(),
                severity: check.severity,
                held: false,
                message: finding.message.clone(),
                notice: finding.notice.clone(),
                rows: finding.rows.iter().map(ToString::to_string).collect(),
                more: finding.more,
                answers,
            }
        }));
        if results.len() == before {
            results.push(CheckResult {
                message: check.rule.promise(contract),
                check: name,
                severity: check.severity,
                held: true,
                notice: String::new(),
                rows: Vec::new(),
                more: false,
                answers: Vec::new(),
            });
        }
    }
    results
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
