//! What holds of everything published, written once: publishing asks it of a
//! version before its pointer moves, `verify` of everything there is, and the
//! tests after every fault. It looks, and changes nothing.

mod archive;
mod content;
mod dataset;
mod files;
mod record;
mod report;
mod site;
mod version;

pub use archive::{Cited, Looked, object_key};
pub use files::read_hashed;
pub use record::Noted;
pub use report::{Damage, Report, Wrong};
pub use version::{leftover, outline, prepared, version};

use super::catalogue::{Lake, LakeError};

impl Lake {
    /// Everything published, read again and held against what is said of it.
    pub fn verify(&self) -> Result<Report, LakeError> {
        let mut report = Report::default();
        dataset::all(self, &mut report)?;
        site::site(self, &mut report)?;
        Ok(report)
    }

    /// The lists of changes say what manifests and acts say. One that is behind is what a crash leaves, and no damage.
    pub fn verify_changes(&self, report: &mut Report) -> Result<(), LakeError> {
        for dataset in self.datasets()? {
            // What they are derived from is damaged, which is told already: then they may well be right.
            let derived_from = [Wrong::Manifest, Wrong::Act, Wrong::Pointer, Wrong::Newer];
            let of = |damage: &Damage| damage.dataset.as_deref() == Some(dataset.as_str());
            if report.damage.iter().any(|damage| of(damage) && derived_from.contains(&damage.wrong)) {
                continue;
            }
            let (Ok(stale), Ok(told)) = (self.stale_changes(&dataset), self.changes_are_told(&dataset)) else {
                continue;
            };
            for file in stale {
                if told {
                    let what = "it is not what manifests and acts say";
                    report.damage.push(Damage::new(Wrong::Changes, what).of(&dataset).file(file));
                } else {
                    report.notes.push(format!("{dataset}: {file}: it is behind; the next run brings it up to date"));
                }
            }
        }
        Ok(())
    }

    /// What writes left that were cut short, by their keys.
    pub fn leftovers(&self) -> Result<Vec<String>, LakeError> {
        let mut found = Vec::new();
        for folder in ["datasets", "archive", "publishing", "site"] {
            let keys = self.storage().list(folder)?.into_iter().map(|entry| entry.key);
            found.extend(keys.filter(|key| key.rsplit('/').next().is_some_and(leftover)));
        }
        Ok(found)
    }

    /// The archive: every object decompresses to its hash, and everything that a manifest goes back to is there.
    pub fn verify_archive(&self, report: &mut Report) -> Result<(), LakeError> {
        archive::archive(self, report)
    }
}
