//! The API's versions: a call to another version's path is refused unless
//! `Accept` names that version too.

/// One version of the API.
#[derive(Clone, Copy, Debug)]
pub struct Version {
    /// Before every path.
    pub path: &'static str,
    pub accept: &'static str,
}

/// The newest first; the first is the one that is asked.
pub const VERSIONS: &[Version] = &[
    Version { path: "/v4", accept: "application/vnd.skolverket.plannededucations.api.v4.hal+json" },
    Version { path: "/v3", accept: "application/vnd.skolverket.plannededucations.api.v3.hal+json" },
    Version { path: "/v2", accept: "application/vnd.skolverket.plannededucations.api.v2.hal+json" },
];

pub const CURRENT: Version = VERSIONS[0];
