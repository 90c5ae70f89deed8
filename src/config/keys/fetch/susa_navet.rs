//! `[fetch.NAME.susa-navet]`.

use super::super::{DATE, Key, Kind, NAME, Shape, TEXT};
use super::{HISTORY, ON_EMPTY, ON_LOST_CODE, ON_NEW_CODE, ON_RENAMED};

pub(super) static SUSA_NAVET: Shape = Shape {
    about: "Educations, their occasions or their providers from Susa-navet (EMIL 3).",
    keys: &[
        Key::required("source", Kind::Text(&NAME), "A susa-navet source of sources.toml."),
        Key::default("what", Kind::OneOf(&["events", "infos", "providers"]), "events", "Which list."),
        Key::optional(
            "school_types",
            Kind::List { item: &Kind::Text(&TEXT), may_be_empty: false },
            "Codes of C_SchoolType, such as VUXGY or YH. Left out: all.",
        ),
        Key::optional(
            "updated_since",
            Kind::Text(&DATE),
            "Only what has changed since, with what was deleted: a table of changes, not of what there is.",
        ),
        ON_NEW_CODE,
        ON_LOST_CODE,
        ON_RENAMED,
        ON_EMPTY,
        HISTORY,
    ],
    one_of: false,
};
