//! `[fetch.NAME.planned-educations]`.

#[derive(Clone, Debug)]
pub struct PlannedEducationsFetch {
    pub what: PlannedWhat,
    /// Codes of municipalities (four digits) and counties (two); empty: all of Sweden.
    pub areas: Vec<String>,
    /// Codes of types of school, of the current vocabulary or the one before; empty: all.
    pub types: Vec<String>,
    /// Ids of directions (inriktningar), or `*` for each that there is; empty: events whatever their direction, which
    /// is not told then.
    pub directions: Vec<String>,
    /// Of statistics: codes of school units and the type of school whose figures are meant.
    pub school_units: Vec<String>,
    pub school_type: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlannedWhat {
    AdultEducationEvents,
    /// Education areas and their directions.
    Areas,
    SchoolTypes,
    GeographicalAreas,
    /// Figures of school units.
    Statistics,
}

impl PlannedWhat {
    pub const ALL: [Self; 5] =
        [Self::AdultEducationEvents, Self::Areas, Self::SchoolTypes, Self::GeographicalAreas, Self::Statistics];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AdultEducationEvents => "adult-education-events",
            Self::Areas => "areas",
            Self::SchoolTypes => "school-types",
            Self::GeographicalAreas => "geographical-areas",
            Self::Statistics => "statistics",
        }
    }
}
