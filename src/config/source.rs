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
    /// The source's own symbols for missing or uncertain values and what they mean here;
    /// the kind's defaults with the file's `symbols` laid over them.
    pub symbols: BTreeMap<String, Status>,
    /// What answers other than 2xx with the expected body mean here, the first that fits; what none fits is judged
    /// by its status alone. The file's `responses` go before the kind's defaults.
    pub responses: Vec<Response>,
    /// Set by the sandbox alone: everything made from this source says that it is synthetic.
    pub synthetic: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    Pxweb,
    Kolada,
    File,
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
        Self::Kolada,
        Self::File,
        Self::PlannedEducations,
        Self::SchoolUnits,
        Self::SusaNavet,
        Self::HistoricalAds,
        Self::JobStream,
        Self::Siris,
    ];

    /// Its key in `sources.toml`, which also names its stand-in.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pxweb => "pxweb",
            Self::Kolada => "kolada",
            Self::File => "file",
            Self::PlannedEducations => "planned-educations",
            Self::SchoolUnits => "school-units",
            Self::SusaNavet => "susa-navet",
            Self::HistoricalAds => "historical-ads",
            Self::JobStream => "jobstream",
            Self::Siris => "siris",
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
