//! The published data and the work in progress before it: versions are
//! immutable, pointers move last and atomically, nothing half-made is seen.

mod act;
mod catalogue;
mod content;
mod intent;
pub mod invariants;
mod lock;
mod manifest;
mod package;
mod prepare;
mod site;
mod stage;
#[cfg(test)]
mod tests;
mod timeline;
mod version;

pub use act::{ACT_FORMAT, Act, Deed};
pub use catalogue::{Lake, LakeError};
pub use content::ContentHash;
pub use intent::{Intended, Intent, Settled};
pub use invariants::{Damage, Report as VerifyReport, Wrong};
pub use lock::Lock;
pub use manifest::{
    Accepted, Carried, Change, CheckResult, ColumnInfo, FORMAT, FileInfo, Kind, Manifest, Severity, SourceInfo,
};
pub use prepare::{Preparation, Prepared, plain, rewritten};
pub use site::SiteVersion;
pub use stage::{Stage, StageFile};
pub use timeline::Moment;
pub use version::VersionId;
