//! `[fetch.NAME.siris]`.

use super::super::{COUNTY, DIMENSION, KOMMUN, Key, Kind, NAME, Shape, TEXT, YEARS};
use super::{HISTORY, ON_EMPTY, ON_LOST_CODE, ON_NEW_CODE, ON_RENAMED};

pub(super) static SIRIS: Shape = Shape {
    about: "An export of SiRiS, one file a year.",
    keys: &[
        Key::required("source", Kind::Text(&NAME), "A siris source of sources.toml."),
        Key::required("export", Kind::Integer { min: 1, max: 1_000_000 }, "The export's number (pExportID)."),
        Key::required(
            "years",
            Kind::Either(
                &Kind::Text(&YEARS),
                &Kind::List { item: &Kind::Integer { min: 1900, max: 2200 }, may_be_empty: false },
            ),
            "\"2015..\" or \"latest(5)\" of the years that the export has, or a list of years.",
        ),
        Key::optional("county", Kind::Text(&COUNTY), "Only this county. Left out: all."),
        Key::optional("municipality", Kind::Text(&KOMMUN), "Only this municipality. Left out: all."),
        Key::optional(
            "texts",
            Kind::Map { key: &DIMENSION, value: &Kind::Text(&NAME) },
            "Heading = column of text. Headings of different years may name the same column.",
        ),
        Key::required(
            "numbers",
            Kind::Map { key: &DIMENSION, value: &Kind::Text(&NAME) },
            "Heading = column of numbers.",
        ),
        Key::optional(
            "parameters",
            Kind::Map { key: &DIMENSION, value: &Kind::Text(&TEXT) },
            "Further parameters of the export, such as pVerkform = \"21\".",
        ),
        ON_NEW_CODE,
        ON_LOST_CODE,
        ON_RENAMED,
        ON_EMPTY,
        HISTORY,
    ],
    one_of: false,
};
