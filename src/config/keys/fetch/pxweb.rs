//! `[fetch.NAME.pxweb]`.

use super::super::{ANY_TEXT, DIMENSION, Key, Kind, NAME, SELECTION, Shape, TEXT};
use super::{HISTORY, ON_EMPTY, ON_LOST_CODE, ON_NEW_CODE, ON_RENAMED};

pub(super) static PXWEB: Shape = Shape {
    about: "A table of a PxWeb API.",
    keys: &[
        Key::required("source", Kind::Text(&NAME), "A pxweb or pxweb-v1 source of sources.toml."),
        Key::required(
            "table",
            Kind::Text(&TEXT),
            "The table's id, such as TAB6471; for pxweb-v1 its path below the source, such as BE/BE0101/BE0101A/BefolkningNy.",
        ),
        Key::optional(
            "language",
            Kind::Text(&NAME),
            "The language of labels, such as \"en\"; Swedish else. For pxweb-v1 it is part of base_url.",
        ),
        Key::required(
            "select",
            Kind::Map {
                key: &DIMENSION,
                value: &Kind::Either(
                    &Kind::Text(&SELECTION),
                    &Kind::List { item: &Kind::Text(&SELECTION), may_be_empty: false },
                ),
            },
            "Dimension = codes or expressions (\"*\", \"01*\", \"TOP(3)\", \"RANGE(a,b)\", \"FROM(a)\"). A dimension left out is eliminated.",
        ),
        Key::optional(
            "codelist",
            Kind::Map { key: &DIMENSION, value: &Kind::Text(&TEXT) },
            "Dimension = code list, whose codes `select` then means.",
        ),
        Key::optional(
            "rename",
            Kind::Map { key: &DIMENSION, value: &Kind::Text(&NAME) },
            "Dimension = column; else its lower-case ASCII name.",
        ),
        Key::required(
            "measures",
            Kind::Map { key: &ANY_TEXT, value: &Kind::Text(&NAME) },
            "ContentsCode = column; each also gets NAME_status and NAME_symbol. In a table without contents \"\" = column.",
        ),
        ON_NEW_CODE,
        ON_LOST_CODE,
        ON_RENAMED,
        ON_EMPTY,
        HISTORY,
    ],
    one_of: false,
};
