//! The published data and the work in progress before it: versions are
//! immutable, pointers move last and atomically, nothing half-made is seen.

mod act;
mod carried;
mod catalogue;
mod changes;
pub mod compare;
mod content;
mod feed;
mod kinds;
mod manifest;
mod package;
mod prepare;
mod retention;
mod site;
mod stage;
mod standing;
mod sweep;
#[cfg(test)]
mod tests;
mod timeline;
mod verify;
mod version;

pub use act::{ACT_FORMAT, Act, Deed};
pub use carried::{ORIGIN, ORIGIN_TITLE};
pub use catalogue::{Lake, LakeError, Lock};
pub use changes::{CHANGES_FORMAT, ChangedVersion, Changes, Mark};
pub use content::ContentHash;
pub use kinds::kinds;
pub use manifest::{
    Accepted, Carried, Changed, CheckResult, ColumnInfo, FORMAT, FileInfo, Kind, Manifest, Severity, SourceInfo,
};
pub use prepare::{Preparation, Prepared, plain, version_writer};
pub use retention::{Collected, Pruned};
pub use site::SiteVersion;
pub use stage::{Stage, StageFile, write_error};
pub use standing::{Said, Standing, Unfit};
pub use timeline::Moment;
pub use verify::{Damage, Report as VerifyReport};
pub use version::VersionId;
