//! What a pipeline asks of a source (`[fetch.NAME.KIND]`): a file per kind, and what all kinds share.

mod ads;
mod eurostat;
mod file;
mod jobsearch;
mod kolada;
mod planned_educations;
mod pxweb;
mod school_units;
mod siris;
mod susa_navet;
mod taxonomy;
mod yrkesbarometer;

pub use ads::{HistoricalAdsFetch, JobStreamFetch};
pub use eurostat::{EurostatFetch, EurostatFormat, EurostatTime, GeoLevel};
pub use file::{CellRange, Choice, CubeSelection, FileFetch, FileFormat, FileLocation, Link, Provenance, SheetLayout};
pub use jobsearch::{JobsearchFetch, PlaceLevel};
pub use kolada::{KoladaFetch, Years};
pub use planned_educations::{PlannedEducationsFetch, PlannedWhat};
pub use pxweb::{OutputValues, PxwebFetch};
pub use school_units::{RegisterWhat, SchoolUnitsFetch};
pub use siris::SirisFetch;
pub use susa_navet::{SusaNavetFetch, SusaWhat};
pub use taxonomy::{TaxonomyFetch, TaxonomyVersion, VERSIONS_URL};
pub use yrkesbarometer::YrkesbarometerFetch;

#[derive(Clone, Debug)]
pub struct Fetch {
    /// Becomes the SQL table of this name.
    pub name: String,
    /// A key of `Config::sources`; none for a local file or a bare URL.
    pub source: Option<String>,
    pub kind: FetchKind,
    pub history: History,
    pub drift: DriftPolicy,
}

/// What is done when a source says something else of its data than what was last accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DriftPolicy {
    pub new_code: Reaction,
    pub lost_code: Reaction,
    pub renamed: Reaction,
    /// The source has not one row for what is asked.
    pub empty: OnEmpty,
}

impl Default for DriftPolicy {
    fn default() -> Self {
        Self { new_code: Reaction::Warn, lost_code: Reaction::Stop, renamed: Reaction::Stop, empty: OnEmpty::default() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    Accept,
    /// Publish, and tell of it.
    Warn,
    /// Publish nothing until an operator lets it through.
    Stop,
}

/// What it means that a source has no row for what is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnEmpty {
    /// A table without rows, for the checks to judge.
    #[default]
    Accept,
    Error,
}

/// What becomes of periods that the source's selection has left behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum History {
    /// They stay published, marked with the version that they are from.
    #[default]
    Keep,
    /// They go.
    Window,
}

#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one of them to a fetch, and a file has the most to say")]
pub enum FetchKind {
    Pxweb(PxwebFetch),
    Kolada(KoladaFetch),
    Eurostat(EurostatFetch),
    File(FileFetch),
    PlannedEducations(PlannedEducationsFetch),
    SchoolUnits(SchoolUnitsFetch),
    SusaNavet(SusaNavetFetch),
    HistoricalAds(HistoricalAdsFetch),
    JobStream(JobStreamFetch),
    Siris(SirisFetch),
    Yrkesbarometer(YrkesbarometerFetch),
    Taxonomy(TaxonomyFetch),
    Jobsearch(JobsearchFetch),
}
