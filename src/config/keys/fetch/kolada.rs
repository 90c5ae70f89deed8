//! `[fetch.NAME.kolada]`.

use super::super::{KPI, Key, Kind, NAME, STAR, Shape, UNIT, YEARS};
use super::{HISTORY, ON_EMPTY, ON_LOST_CODE, ON_NEW_CODE, ON_RENAMED};

pub(super) static KOLADA: Shape = Shape {
    about: "Key figures from Kolada.",
    keys: &[
        Key::required("source", Kind::Text(&NAME), "A kolada source of sources.toml."),
        Key::required("kpi", Kind::List { item: &Kind::Text(&KPI), may_be_empty: false }, "Ids of key figures."),
        Key::default(
            "municipality",
            Kind::Either(&Kind::Text(&STAR), &Kind::List { item: &Kind::Text(&UNIT), may_be_empty: false }),
            "*",
            "\"*\" for every municipality and region, or a list of codes.",
        ),
        Key::required(
            "years",
            Kind::Either(
                &Kind::Text(&YEARS),
                &Kind::List { item: &Kind::Integer { min: 1900, max: 2200 }, may_be_empty: false },
            ),
            "\"2015..\", \"latest(5)\" or a list of years.",
        ),
        ON_NEW_CODE,
        ON_LOST_CODE,
        ON_RENAMED,
        ON_EMPTY,
        HISTORY,
    ],
    one_of: false,
};
