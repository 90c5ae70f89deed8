//! The published data and the work in progress before it: versions are
//! immutable, pointers move last and atomically, nothing half-made is seen.

mod act;
mod ascending;
mod carried;
mod catalogue;
mod changes;
pub mod compare;
mod content;
mod feed;
mod intent;
pub mod invariants;
mod kinds;
mod latest;
mod lock;
mod manifest;
mod package;
mod parts;
mod prepare;
mod retention;
mod site;
mod stage;
mod standing;
mod sweep;
#[cfg(test)]
mod tests;
mod timeline;
mod version;

pub use crate::contract::Severity;
pub use act::{ACT_FORMAT, Act, Deed};
pub use ascending::Ascending;
pub use carried::{ORIGIN, ORIGIN_TITLE};
pub use catalogue::{Lake, LakeError};
pub use changes::{CHANGES_FORMAT, ChangedVersion, Changes, Mark};
pub use content::ContentHash;
pub use intent::{Intended, Intent, Settled};
pub use invariants::{Damage, Report as VerifyReport, Wrong};
pub use kinds::kinds;
pub use lock::Lock;
pub use manifest::{Accepted, Carried, Changed, CheckResult, ColumnInfo, FORMAT, FileInfo, Kind, Manifest, SourceInfo};
pub use parts::{Parts, PartsWriter};
pub use prepare::{Preparation, Prepared, plain, rewritten, version_writer};
pub use retention::{Collected, Pruned};
pub use site::SiteVersion;
pub use stage::{Stage, StageFile, write_error};
pub use standing::{Said, Standing, Unfit};
pub use timeline::Moment;
pub use version::VersionId;
