//! `[fetch.NAME.taxonomy]`.

/// Where JobTech lists the taxonomy's versions.
pub const VERSIONS_URL: &str = "https://taxonomy.api.jobtechdev.se/v1/taxonomy/main/versions";

#[derive(Clone, Debug)]
pub struct TaxonomyFetch {
    pub version: TaxonomyVersion,
    /// The published query, which also names its file.
    pub query: String,
    /// Where the versions are listed, for `latest`.
    pub versions_url: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaxonomyVersion {
    Number(u32),
    /// The highest in the list of versions, found when planning.
    Latest,
}
