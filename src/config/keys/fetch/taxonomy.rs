//! `[fetch.NAME.taxonomy]`.

use super::super::{Key, Kind, LATEST, NAME, SLUG, Shape, URL};
use crate::config::VERSIONS_URL;

use super::{HISTORY, ON_LOST_CODE, ON_NEW_CODE, ON_RENAMED};

pub(super) static TAXONOMY: Shape = Shape {
    about: "A published query over JobTech's taxonomy, of one version.",
    keys: &[
        Key::required("source", Kind::Text(&NAME), "A taxonomy source of sources.toml."),
        Key::required(
            "version",
            Kind::Either(&Kind::Text(&LATEST), &Kind::Integer { min: 1, max: 100_000 }),
            "A version's number, or \"latest\": the highest in the list of versions on the day.",
        ),
        Key::required("query", Kind::Text(&SLUG), "The query's name, such as the-ssyk-hierarchy-with-occupations."),
        Key::default("versions_url", Kind::Text(&URL), VERSIONS_URL, "Where the versions are listed, for \"latest\"."),
        ON_NEW_CODE,
        ON_LOST_CODE,
        ON_RENAMED,
        HISTORY,
    ],
    one_of: false,
};
