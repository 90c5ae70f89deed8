//! Mends what `verify` finds: manifests and rows from the archive, pointers by
//! going to the newest sound version, what is derived by deriving it again. It
//! invents nothing, and throws nothing away: what is in the way is put aside.

mod aside;
mod data;
mod derived;
mod manifests;
mod pointer;

use jiff::Timestamp;
use serde::Serialize;

use crate::lake::{Damage, VerifyReport, VersionId, Wrong};
use crate::run::{Problem, Workshop, settle, verify};

use aside::Aside;

/// What was done, and what is still to be done by someone else.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Repair {
    #[serde(rename = "repaired")]
    pub done: Vec<String>,
    #[serde(rename = "not_repaired")]
    pub left: Vec<String>,
}

/// The caller holds the lock, and looks again afterwards.
pub async fn repair(workshop: &Workshop, archive: bool) -> Result<Repair, Problem> {
    let lake = &workshop.lake;
    let mut repair = Repair::default();
    let found = verify(lake, archive)?;
    if let Some(newer) = found.damage.iter().find(|damage| damage.wrong == Wrong::Newer) {
        repair.left.push(format!("anything, since a later program has written here: {newer}"));
        return Ok(repair);
    }
    let aside = Aside::new(lake, Timestamp::now());
    // Each step looks at what the one before it has left. A ledger that is lost takes manifests for what they are, so
    // they come first.
    manifests::restore(workshop, &aside, &mut repair)?;
    repair.done.extend(workshop.reconcile()?);
    derived::strays(lake, &aside, &verify(lake, archive)?, &mut repair)?;
    data::mend(workshop, &aside, &lake.verify()?, &mut repair).await?;
    pointer::mend(workshop, &aside, &lake.verify()?, &mut repair)?;
    repair.done.extend(settle(workshop)?);
    derived::renew(workshop, &aside, &lake.verify()?, &mut repair)?;
    workshop.note_manifests()?;
    if archive {
        let lost = found.damage.iter().filter(|damage| damage.wrong == Wrong::Archive);
        for damage in lost {
            repair.left.push(format!(
                "{damage}: restore it from a backup, or see whether the source still gives the same: run with --force"
            ));
        }
    }
    Ok(repair)
}

/// Versions with damage of some kind.
fn versions(report: &VerifyReport, wrong: &[Wrong]) -> Vec<(String, VersionId)> {
    let of = |damage: &Damage| Some((damage.dataset.clone()?, damage.version.clone()?));
    let mut versions: Vec<_> =
        report.damage.iter().filter(|damage| wrong.contains(&damage.wrong)).filter_map(of).collect();
    versions.sort();
    versions.dedup();
    versions
}
