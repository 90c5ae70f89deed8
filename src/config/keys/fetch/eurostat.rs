//! `[fetch.NAME.eurostat]`.

use super::super::{EUROSTAT_DATASET, EUROSTAT_PERIOD, Key, Kind, NAME, Shape};
use super::{HISTORY, ON_EMPTY, ON_LOST_CODE, ON_NEW_CODE, ON_RENAMED, RENAME, SELECT};

pub(super) static EUROSTAT: Shape = Shape {
    about: "A dataset of Eurostat.",
    keys: &[
        Key::required("source", Kind::Text(&NAME), "A eurostat source of sources.toml."),
        Key::required("dataset", Kind::Text(&EUROSTAT_DATASET), "The dataset's code, such as trng_lfse_04."),
        Key::required(
            "select",
            SELECT,
            "Dimension = codes or expressions (\"*\", \"SE*\", \"TOP(3)\"). Every dimension but freq, geo and time must be named.",
        ),
        Key::optional(
            "geo_level",
            Kind::OneOf(&["country", "nuts1", "nuts2", "nuts3"]),
            "Only regions of this level, of those that `select` names under geo.",
        ),
        Key::optional("since", Kind::Text(&EUROSTAT_PERIOD), "The first period."),
        Key::optional("until", Kind::Text(&EUROSTAT_PERIOD), "The last period."),
        Key::optional("latest", Kind::Integer { min: 1, max: 1000 }, "That many periods, the latest."),
        Key::optional("rename", RENAME, "Dimension = column; else its lower-case ASCII name."),
        Key::default(
            "value",
            Kind::Text(&NAME),
            "varde",
            "The column of values; it also gets NAME_status and NAME_symbol.",
        ),
        Key::default(
            "format",
            Kind::OneOf(&["json", "sdmx-csv"]),
            "json",
            "sdmx-csv takes ten times as much in a call, without the codes' names.",
        ),
        ON_NEW_CODE,
        ON_LOST_CODE,
        ON_RENAMED,
        ON_EMPTY,
        HISTORY,
    ],
    one_of: false,
};
