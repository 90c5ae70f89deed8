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
    /// The source's own symbols for missing or uncertain values and what they mean here;
    /// the kind's defaults with the file's `symbols` laid over them.
    pub symbols: BTreeMap<String, Status>,
    /// Set by the sandbox alone: everything made from this source says that it is synthetic.
    pub synthetic: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    Pxweb,
    Kolada,
    File,
}

impl SourceKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pxweb => "pxweb",
            Self::Kolada => "kolada",
            Self::File => "file",
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
