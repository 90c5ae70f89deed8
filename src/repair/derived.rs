//! What is derived is derived again, and what belongs to nothing is put aside.

use crate::lake::{Lake, VerifyReport, Wrong};
use crate::run::{Problem, Workshop, render_site};

use super::aside::Aside;
use super::{Repair, versions};

/// Puts files aside that belong to nothing, and what writes left that were cut short.
pub fn strays(lake: &Lake, aside: &Aside<'_>, report: &VerifyReport, repair: &mut Repair) -> Result<(), Problem> {
    for damage in report.damage.iter().filter(|damage| damage.wrong == Wrong::Stray) {
        let Some(file) = &damage.file else { continue };
        let key = match (&damage.dataset, &damage.version) {
            (Some(dataset), Some(version)) => format!("datasets/{dataset}/versions/{version}/{file}"),
            (Some(dataset), None) => format!("datasets/{dataset}/{file}"),
            _ => file.clone(),
        };
        aside.put(&key)?;
        repair.done.push(format!("{key} belongs to nothing, and is in {}", aside.name()));
    }
    for key in lake.leftovers()? {
        aside.put(&key)?;
        repair.done.push(format!("{key}, left by a write that was cut short, is in {}", aside.name()));
    }
    Ok(())
}

/// Descriptors, lists of changes and the site, from manifests and acts.
pub fn renew(
    workshop: &Workshop,
    aside: &Aside<'_>,
    report: &VerifyReport,
    repair: &mut Repair,
) -> Result<(), Problem> {
    let lake = &workshop.lake;
    for (dataset, version) in versions(report, &[Wrong::Descriptor]) {
        if let Ok(manifest) = lake.manifest(&dataset, &version) {
            lake.renew_descriptor(&manifest)?;
            repair.done.push(format!("{dataset} {version}: datapackage.json is what the manifest gives"));
        }
    }
    for dataset in lake.datasets()? {
        if lake.tell_changes(&dataset, &workshop.config.publisher.name)? {
            repair.done.push(format!("{dataset}: changes.json and changes.atom say what manifests and acts say"));
        }
    }
    if report.damage.iter().any(|damage| damage.wrong == Wrong::Site) {
        aside.put("site/current")?;
        match render_site(workshop) {
            Ok(_) => repair.done.push("the site is rendered anew".to_owned()),
            Err(problem) => repair.left.push(format!("the site could not be rendered: {problem}")),
        }
    }
    Ok(())
}
