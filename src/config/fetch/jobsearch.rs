//! `[fetch.NAME.jobsearch]`.

#[derive(Clone, Debug)]
pub struct JobsearchFetch {
    pub level: PlaceLevel,
    /// Codes of län, and of kommuner where they are counted; a län then means its kommuner. `None`: all of the level.
    pub places: Option<Vec<String>>,
    /// SSYK codes or concept ids of occupation groups or fields. `None`: every group.
    pub groups: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceLevel {
    Lan,
    Kommun,
}

impl PlaceLevel {
    /// As the column `niva` says it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lan => "lan",
            Self::Kommun => "kommun",
        }
    }
}
