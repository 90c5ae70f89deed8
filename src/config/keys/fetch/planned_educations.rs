//! `[fetch.NAME.planned-educations]`.

use super::super::{AREA, Key, Kind, NAME, SCHOOL_UNIT, STAR, Shape, TEXT};
use super::{HISTORY, ON_EMPTY, ON_LOST_CODE, ON_NEW_CODE, ON_RENAMED};

pub(super) static PLANNED_EDUCATIONS: Shape = Shape {
    about: "Planned adult education, its code lists, or figures of school units.",
    keys: &[
        Key::required("source", Kind::Text(&NAME), "A planned-educations source of sources.toml."),
        Key::default(
            "what",
            Kind::OneOf(&["adult-education-events", "areas", "school-types", "geographical-areas", "statistics"]),
            "adult-education-events",
            "Which table.",
        ),
        Key::default(
            "areas",
            Kind::Either(&Kind::Text(&STAR), &Kind::List { item: &Kind::Text(&AREA), may_be_empty: false }),
            "*",
            "Events: \"*\" for all of Sweden, or codes of municipalities and counties.",
        ),
        Key::optional(
            "types",
            Kind::List { item: &Kind::Text(&TEXT), may_be_empty: false },
            "Events: types of school, such as vuxgy or komvuxcoursepackage. Left out: all, and no code in skolform_kod.",
        ),
        Key::optional(
            "directions",
            Kind::Either(&Kind::Text(&STAR), &Kind::List { item: &Kind::Text(&TEXT), may_be_empty: false }),
            "Events: ids of directions, or \"*\" for each: a row per event and direction. Left out: a row per event, and \
             no inriktning_id.",
        ),
        Key::optional(
            "school_units",
            Kind::List { item: &Kind::Text(&SCHOOL_UNIT), may_be_empty: false },
            "Statistics: codes of school units, one call each.",
        ),
        Key::optional(
            "school_type",
            Kind::OneOf(&["fsk", "gr", "gran", "gy", "gyan"]),
            "Statistics: the type of school whose figures are meant.",
        ),
        ON_NEW_CODE,
        ON_LOST_CODE,
        ON_RENAMED,
        ON_EMPTY,
        HISTORY,
    ],
    one_of: false,
};
