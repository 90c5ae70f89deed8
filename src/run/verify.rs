//! `verify`: the lake, its archive and its ledger, by the lake's invariants.

use crate::lake::invariants::Noted;
use crate::lake::{Damage, Lake, LakeError, VerifyReport, Wrong};
use crate::ledger::{Ledger, LedgerError};

use super::Problem;

/// A look at everything that was published, and at what it goes back to.
pub fn verify(lake: &Lake, archive: bool) -> Result<VerifyReport, Problem> {
    // Read before the lake, so that what is published meanwhile is not missed in the lake.
    let noted = noted(lake);
    let mut report = lake.verify()?;
    match noted {
        Ok(Some(noted)) => lake.verify_record(&noted, &mut report)?,
        Ok(None) if report.versions > 0 => {
            let what = "it is not there; the next run makes it anew from the manifests";
            report.damage.push(Damage::new(Wrong::Ledger, what).file("ledger.sqlite"));
        }
        Ok(None) => {}
        Err(error) => {
            let wrong = if error.is_newer() { Wrong::Newer } else { Wrong::Ledger };
            report.damage.push(Damage::new(wrong, error.reason()).file("ledger.sqlite"));
        }
    }
    lake.verify_changes(&mut report)?;
    if archive {
        lake.verify_archive(&mut report)?;
    }
    Ok(report)
}

fn noted(lake: &Lake) -> Result<Option<Noted>, LedgerError> {
    let Some(ledger) = Ledger::read(lake.root())? else { return Ok(None) };
    if ledger.is_empty()? {
        return Ok(None);
    }
    let manifests = ledger.published()?.into_iter().map(|noted| (noted.dataset, noted.version, noted.manifest));
    Ok(Some(Noted { versions: ledger.recorded()?, manifests: manifests.collect() }))
}

/// Nothing can be said of a folder that is not there.
pub fn present(lake: &Lake) -> Result<bool, LakeError> {
    Ok(lake.root().is_dir() || !lake.datasets()?.is_empty())
}
