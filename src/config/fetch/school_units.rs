//! `[fetch.NAME.school-units]`.

#[derive(Clone, Debug)]
pub struct SchoolUnitsFetch {
    pub what: RegisterWhat,
    /// Four-digit codes; one call each, so that every unit's municipality is known. Empty: all at once.
    pub municipalities: Vec<String>,
    pub school_types: Vec<String>,
    pub statuses: Vec<String>,
    /// A call more for each unit, provider or contract, for what the lists do not tell.
    pub details: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterWhat {
    SchoolUnits,
    Organizers,
    EducationProviders,
    Contracts,
}

impl RegisterWhat {
    pub const ALL: [Self; 4] = [Self::SchoolUnits, Self::Organizers, Self::EducationProviders, Self::Contracts];

    /// As the fetch writes it, which is the path below the API's version too.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SchoolUnits => "school-units",
            Self::Organizers => "organizers",
            Self::EducationProviders => "education-providers",
            Self::Contracts => "contracts",
        }
    }
}
