//! `[fetch.NAME.kolada]`.

use super::super::{KPI, KPI_GROUP, Key, Kind, NAME, OU, STAR, Shape, TEXT, UNIT, YEARS};
use super::{HISTORY, ON_EMPTY, ON_LOST_CODE, ON_NEW_CODE, ON_RENAMED};

pub(super) static KOLADA: Shape = Shape {
    about: "Key figures from Kolada.",
    keys: &[
        Key::required("source", Kind::Text(&NAME), "A kolada source of sources.toml."),
        Key::optional("kpi", Kind::List { item: &Kind::Text(&KPI), may_be_empty: false }, "Ids of key figures."),
        Key::optional(
            "kpi_group",
            Kind::List { item: &Kind::Text(&KPI_GROUP), may_be_empty: false },
            "Ids of groups of key figures, whose members are fetched too.",
        ),
        Key::optional(
            "titles",
            Kind::Map { key: &KPI, value: &Kind::Text(&TEXT) },
            "Key figure = its title when it was chosen. Another title stops the run: Kolada redefines without notice.",
        ),
        Key::default(
            "municipality",
            Kind::Either(&Kind::Text(&STAR), &Kind::List { item: &Kind::Text(&UNIT), may_be_empty: false }),
            "*",
            "\"*\" for every municipality and region, or a list of codes.",
        ),
        Key::optional(
            "ou",
            Kind::Either(&Kind::Text(&OU), &Kind::List { item: &Kind::Text(&OU), may_be_empty: false }),
            "Ids or patterns (\"V15E*\") of units such as schools, those of the municipalities that are named.",
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
