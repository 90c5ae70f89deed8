//! `[fetch.NAME.susa-navet]`.

#[derive(Clone, Debug)]
pub struct SusaNavetFetch {
    pub what: SusaWhat,
    /// Codes of C_SchoolType; empty: all.
    pub school_types: Vec<String>,
    /// Only what has changed or been deleted since this date.
    pub updated_since: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SusaWhat {
    Events,
    Infos,
    Providers,
}

impl SusaWhat {
    pub const ALL: [Self; 3] = [Self::Events, Self::Infos, Self::Providers];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Infos => "infos",
            Self::Providers => "providers",
        }
    }
}
