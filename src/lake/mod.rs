//! The published data and the work in progress before it: versions are
//! immutable, pointers move last and atomically, nothing half-made is seen.

mod act;
mod catalogue;
mod content;
mod manifest;
mod package;
mod prepare;
mod site;
mod stage;
#[cfg(test)]
mod tests;
mod timeline;
mod verify;
mod version;

pub use act::{ACT_FORMAT, Act, Deed};
pub use catalogue::{Lake, LakeError, Lock};
pub use content::ContentHash;
pub use manifest::{
    Accepted, Carried, Change, CheckResult, ColumnInfo, FORMAT, FileInfo, Kind, Manifest, Severity, SourceInfo,
};
pub use prepare::{Preparation, Prepared, plain};
pub use site::SiteVersion;
pub use stage::{Stage, StageFile};
pub use timeline::Moment;
pub use verify::{Damage, Report as VerifyReport};
pub use version::VersionId;
