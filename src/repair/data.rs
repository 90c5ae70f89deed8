//! Rows that were lost or spoilt, computed again from the archive: put back
//! when the very bytes come out, published anew when only the content does.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;

use crate::lake::{Deed, FileInfo, Manifest, Prepared, VerifyReport, VersionId, Wrong};
use crate::lineage::{Lineage, LineageError};
use crate::run::{Problem, Workshop};
use crate::store::{At as _, join, remove_tree};

use super::aside::Aside;
use super::{Repair, versions};

pub async fn mend(
    workshop: &Workshop,
    aside: &Aside<'_>,
    report: &VerifyReport,
    repair: &mut Repair,
) -> Result<(), Problem> {
    let lake = &workshop.lake;
    for (dataset, version) in versions(report, &[Wrong::Data]) {
        let Ok(manifest) = lake.manifest(&dataset, &version) else { continue };
        let folder = lake.root().join("stage").join("_repair");
        remove_tree(&folder)?;
        match Box::pin(recompute(workshop, &manifest, &folder)).await {
            Ok(again) if again.content_hash == manifest.content_hash => {
                let damaged = damaged_files(report, &dataset, &version, &manifest);
                if !put_back(workshop, aside, &manifest, &again, &damaged, &folder, repair)? {
                    publish_anew(workshop, aside, &manifest, again, &folder, repair)?;
                }
            }
            Ok(_) => repair.left.push(format!(
                "{dataset} {version}: the archive gives other rows than were published; `underlag replay` says which"
            )),
            Err(reason) => repair.left.push(format!("{dataset} {version}: it can't be computed again: {reason}")),
        }
        remove_tree(&folder)?;
    }
    Ok(())
}

/// The version again, as files below `folder`, by its own recipe and answers.
async fn recompute(workshop: &Workshop, manifest: &Manifest, folder: &Path) -> Result<Manifest, String> {
    let told = |error: LineageError| error.to_string();
    let lineage = Lineage::open(workshop.config.clone(), workshop.reference.clone()).map_err(told)?;
    let recomputed = lineage.recompute(manifest).await.map_err(told)?;
    lineage.write(manifest, &recomputed, folder).map_err(told)
}

/// The files that damage was found in; all of them where it was found in the whole.
fn damaged_files<'a>(
    report: &VerifyReport,
    dataset: &str,
    version: &VersionId,
    manifest: &'a Manifest,
) -> Vec<&'a FileInfo> {
    let of = |damage: &&crate::lake::Damage| {
        damage.wrong == Wrong::Data
            && damage.dataset.as_deref() == Some(dataset)
            && damage.version.as_ref() == Some(version)
    };
    let found: Vec<Option<&str>> = report.damage.iter().filter(of).map(|damage| damage.file.as_deref()).collect();
    let whole = found.iter().any(Option::is_none);
    let named: BTreeSet<&str> = found.into_iter().flatten().collect();
    manifest.files.iter().filter(|file| whole || named.contains(format!("data/{}", file.path).as_str())).collect()
}

/// False when the bytes that came out are not those that were published.
fn put_back(
    workshop: &Workshop,
    aside: &Aside<'_>,
    manifest: &Manifest,
    again: &Manifest,
    damaged: &[&FileInfo],
    folder: &Path,
    repair: &mut Repair,
) -> Result<bool, Problem> {
    if damaged.is_empty() || !damaged.iter().all(|file| again.files.contains(file)) {
        return Ok(false);
    }
    let (dataset, version) = (&manifest.dataset, &manifest.version);
    for file in damaged {
        let key = format!("datasets/{dataset}/versions/{version}/data/{}", file.path);
        let path = join(&folder.join("data"), &file.path);
        let bytes = std::fs::read(&path).at("read", &path)?;
        aside.put(&key)?;
        workshop.lake.storage().write(&key, &bytes)?;
        repair.done.push(format!("{dataset} {version}: data/{} is as it was published, from the archive", file.path));
    }
    Ok(true)
}

/// The same rows as a version of its own; the spoilt one keeps its manifest, and an act says why its data are gone.
fn publish_anew(
    workshop: &Workshop,
    aside: &Aside<'_>,
    manifest: &Manifest,
    again: Manifest,
    folder: &Path,
    repair: &mut Repair,
) -> Result<(), Problem> {
    let lake = &workshop.lake;
    let (dataset, version) = (&manifest.dataset, &manifest.version);
    if lake.current_version(dataset).ok().flatten().as_ref() != Some(version) {
        repair.left.push(format!(
            "{dataset} {version}: the archive gives the same rows in other files than were published; \
             `underlag replay --output` writes them"
        ));
        return Ok(());
    }
    let now = Timestamp::now();
    let renewed = Manifest {
        version: VersionId::new(lake.next_sequence(dataset)?, now, &again.content_hash),
        created_at: now,
        program: crate::PROGRAM.to_owned(),
        previous: Some(lake.manifest_hash(dataset, version)?),
        acts: lake.unnamed_acts(dataset)?,
        kinds: Vec::new(),
        change: None,
        ..again
    };
    let prepared: Prepared = renamed(renewed, folder)?;
    let becomes = prepared.manifest.version.clone();
    workshop.archive.keep(&prepared.manifest_bytes()?)?;
    lake.publish(&[prepared])?;
    lake.record_act(dataset, Deed::Prune { versions: vec![version.clone()] }, now)?;
    aside.put(&format!("datasets/{dataset}/versions/{version}/data"))?;
    repair.done.push(format!(
        "{dataset} {version}: its rows are published again from the archive as {becomes}; what was left of its data is in {}",
        aside.name()
    ));
    Ok(())
}

/// Written once more, since the files' names and notes hold the version.
fn renamed(manifest: Manifest, folder: &Path) -> Result<Prepared, Problem> {
    let again = folder.with_file_name("_repair_new");
    remove_tree(&again)?;
    Ok(crate::lake::rewritten(&folder.join("data"), manifest, again)?)
}
