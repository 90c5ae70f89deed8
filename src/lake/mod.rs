//! The published data and the work in progress before it: versions are
//! immutable, pointers move last and atomically, nothing half-made is seen.

mod catalogue;
mod content;
mod manifest;
mod package;
mod prepare;
mod site;
mod stage;
#[cfg(test)]
mod tests;
mod verify;
mod version;

pub use crate::contract::Severity;
pub use catalogue::{Lake, LakeError, Lock};
pub use content::ContentHash;
pub use manifest::{Accepted, Carried, CheckResult, ColumnInfo, FORMAT, FileInfo, Kind, Manifest, SourceInfo};
pub use prepare::{Preparation, Prepared, plain};
pub use site::SiteVersion;
pub use stage::{Stage, StageFile};
pub use verify::{Damage, Report as VerifyReport};
pub use version::VersionId;
