//! `[fetch.NAME.jobsearch]`.

use super::super::{GROUP, Key, Kind, NAME, PLACE, STAR, Shape};
use super::{HISTORY, ON_LOST_CODE, ON_NEW_CODE, ON_RENAMED};

pub(super) static JOBSEARCH: Shape = Shape {
    about: "Counts of the job advertisements that are open now, by occupation group and place.",
    keys: &[
        Key::required("source", Kind::Text(&NAME), "A jobsearch source of sources.toml."),
        Key::default("level", Kind::OneOf(&["lan", "kommun"]), "lan", "Which places are counted."),
        Key::default(
            "places",
            Kind::Either(&Kind::Text(&STAR), &Kind::List { item: &Kind::Text(&PLACE), may_be_empty: false }),
            "*",
            "\"*\" for all of the level, or codes: with level = \"kommun\" a län's code means its kommuner.",
        ),
        Key::default(
            "groups",
            Kind::Either(&Kind::Text(&STAR), &Kind::List { item: &Kind::Text(&GROUP), may_be_empty: false }),
            "*",
            "\"*\" for every occupation group, or SSYK codes of four digits, or ids of occupation fields or groups.",
        ),
        ON_NEW_CODE,
        ON_LOST_CODE,
        ON_RENAMED,
        HISTORY,
    ],
    one_of: false,
};
