//! The configuration as the rest of the program sees it: checked domain types.
//! Raw TOML tables live and die inside this folder.

mod area;
mod check;
mod checks;
mod diagnostic;
mod document;
mod fetch;
mod hash;
mod jobtech;
mod keys;
mod leaf;
mod leaf_notify;
mod leaf_source;
mod load;
mod names;
mod node;
mod notify;
mod pipeline;
mod release;
mod schema;
mod settings;
mod source;
mod walk;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::store::Bucket;

pub use area::{Area, AreaSet};
#[cfg(test)]
pub(crate) use check::default_responses;
pub use checks::{Checks, Complete, Equals};
pub use diagnostic::{Diagnostic, Level, SourceFiles, render_all};
pub use document::document;
#[cfg(all(test, feature = "engine"))]
pub(crate) use document::{REPORT_EXAMPLE, report_keys};
pub use fetch::*;
pub use load::{Loaded, Overrides, load};
pub use names::{ADDED_COLUMNS, GIVEN_COLUMNS, MEASURE_SUFFIXES, column_of};
pub use notify::{Channel, Form, Mail, Matter, Notify, Security, Way, Webhook};
pub use pipeline::{
    CodeList, Column, ColumnType, Dataset, Input, Missed, Overlap, Perturbation, Pipeline, Ratio, Schedule, ValueRange,
    ValueType,
};
pub use release::{LEAST_BETWEEN_POLLS, Release, When};
pub use schema::json_schemas;
pub use settings::{
    DaemonSettings, HttpSettings, OutageSettings, Outbound, Publisher, Retention, RunSettings, ServerSettings,
};
pub use source::{Action, Installation, Limits, Response, Source, SourceKind};

/// Everything that `check` has accepted, in one piece: files are parsed and
/// validated together and swapped together.
#[derive(Clone, Debug)]
pub struct Config {
    /// `underlag.toml`, absolute. Relative paths in it count from its folder.
    pub file: PathBuf,
    /// What this machine keeps; without a bucket, all there is.
    pub data_dir: PathBuf,
    /// Where archive, datasets and site lie, if not in `data_dir`.
    pub bucket: Option<Bucket>,
    pub pipelines_dir: PathBuf,
    pub reports_dir: PathBuf,
    pub reference_dir: PathBuf,
    pub publisher: Publisher,
    pub run: RunSettings,
    pub retention: Retention,
    pub http: HttpSettings,
    pub server: ServerSettings,
    pub daemon: DaemonSettings,
    pub notify: Notify,
    pub sources: BTreeMap<String, Source>,
    pub area_sets: BTreeMap<String, AreaSet>,
    pub pipelines: BTreeMap<String, Pipeline>,
    /// Every file that was read for it, as it was then: what a recipe is made of.
    pub files: SourceFiles,
    /// Addresses that `[http] allow_hosts` does not name. The rest can be run, so that these are for `check` to tell.
    pub outside: Vec<Diagnostic>,
}
