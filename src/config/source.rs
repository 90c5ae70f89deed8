//! A public source (`[source.NAME.KIND]` in `sources.toml`).

use std::collections::BTreeMap;
use std::time::Duration;

use url::Url;

use crate::contract::Status;

#[derive(Clone, Debug)]
pub struct Source {
    pub name: String,
    pub kind: SourceKind,
    /// Without a final slash in effect: paths are appended to it.
    pub base_url: Url,
    /// How the source wants to be credited, such as `SCB`.
    pub credit: String,
    pub licence: String,
    /// Used where the API announces none.
    pub limits: Option<Limits>,
    /// The most calls under way at a time.
    pub parallel: usize,
    /// An answer younger than this is not asked for again, where the source itself says nothing of changes.
    pub fresh_for: Duration,
    /// The source's own symbols for missing or uncertain values and what they mean here;
    /// the kind's defaults with the file's `symbols` laid over them.
    pub symbols: BTreeMap<String, Status>,
    /// What answers other than 2xx with the expected body mean here, the first that fits; what none fits is judged
    /// by its status alone. The file's `responses` go before the kind's defaults.
    pub responses: Vec<Response>,
    /// What is particular to this installation of PxWeb; nothing for other kinds.
    pub installation: Installation,
    /// Set by the sandbox alone: everything made from this source says that it is synthetic.
    pub synthetic: bool,
}

/// How one installation of PxWeb differs from the usual one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Installation {
    /// The response formats it has, the one to be asked for first; none: as it announces.
    pub formats: Vec<String>,
    /// Dimensions whose codes are running numbers, with the real code as the first word of each label.
    pub code_in_label: Vec<String>,
    /// Dimension → code of the whole, where a dimension may be left out though its metadata does not say so.
    pub totals: BTreeMap<String, String>,
    /// The most characters of an address, after `base_url`, that data are asked for by; 0: by POST always.
    pub longest_get: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    Pxweb,
    PxwebV1,
    Kolada,
    Eurostat,
    File,
    /// Arbetsförmedlingen's assessments of occupations.
    Yrkesbarometer,
    /// JobTech's taxonomy, as files per version.
    Taxonomy,
    /// JobTech's search among open job advertisements.
    Jobsearch,
    PlannedEducations,
    SchoolUnits,
    SusaNavet,
    HistoricalAds,
    JobStream,
    Siris,
}

impl SourceKind {
    pub const ALL: &[Self] = &[
        Self::Pxweb,
        Self::PxwebV1,
        Self::Kolada,
        Self::Eurostat,
        Self::File,
        Self::PlannedEducations,
        Self::SchoolUnits,
        Self::SusaNavet,
        Self::HistoricalAds,
        Self::JobStream,
        Self::Siris,
        Self::Yrkesbarometer,
        Self::Taxonomy,
        Self::Jobsearch,
    ];

    /// The header that a key goes into, where a source of this kind may want one.
    pub const fn key_header(self) -> Option<&'static str> {
        match self {
            Self::Jobsearch => Some("api-key"),
            _ => None,
        }
    }

    /// Its key in `sources.toml`, which also names its stand-in.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pxweb => "pxweb",
            Self::PxwebV1 => "pxweb-v1",
            Self::Kolada => "kolada",
            Self::Eurostat => "eurostat",
            Self::File => "file",
            Self::PlannedEducations => "planned-educations",
            Self::SchoolUnits => "school-units",
            Self::SusaNavet => "susa-navet",
            Self::HistoricalAds => "historical-ads",
            Self::JobStream => "jobstream",
            Self::Siris => "siris",
            Self::Yrkesbarometer => "yrkesbarometer",
            Self::Taxonomy => "taxonomy",
            Self::Jobsearch => "jobsearch",
        }
    }
}

/// At most `calls` calls in any `window`, and at most `cells` cells in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// 0: no limit.
    pub calls: u32,
    pub window: Duration,
    /// 0: no limit.
    pub cells: u64,
}

/// What one kind of answer means: by its status, by what its body contains, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    pub status: Option<u16>,
    /// Whatever its case; in the first bytes of the body.
    pub contains: Option<String>,
    pub action: Action,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It may pass: ask again, as after a 503.
    Retry,
    /// Too much was asked for: ask for less at a time.
    Split,
    /// Asking again or otherwise is no use.
    Stop,
    /// There is nothing, and that is an answer.
    Empty,
}
