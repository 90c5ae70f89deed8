//! The published data and the work in progress before it: versions are
//! immutable, pointers move last and atomically, nothing half-made is seen.

mod manifest;
mod version;

pub use manifest::{ColumnInfo, FileInfo, Manifest, SourceInfo};
pub use version::VersionId;
