//! `[fetch.NAME.pxweb]`.

use super::super::{ANY_TEXT, DIMENSION, Key, Kind, NAME, Shape, TEXT};
use super::{HISTORY, ON_EMPTY, ON_LOST_CODE, ON_NEW_CODE, ON_RENAMED, RENAME, SELECT};

const OUTPUT_VALUES: &[&str] = &["aggregated", "single"];

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
            SELECT,
            "Dimension = codes or expressions (\"*\", \"01*\", \"TOP(3)\", \"RANGE(a,b)\", \"FROM(a)\"). A dimension left out is eliminated.",
        ),
        Key::optional(
            "codelist",
            Kind::Map { key: &DIMENSION, value: &Kind::Text(&TEXT) },
            "Dimension = code list, whose codes `select` then means.",
        ),
        Key::optional(
            "output_values",
            Kind::Map { key: &DIMENSION, value: &Kind::OneOf(OUTPUT_VALUES) },
            "Dimension with a code list = \"aggregated\" (the default): rows by the list's own codes; \"single\": by the \
             codes that those stand for. Not for pxweb-v1.",
        ),
        Key::optional("rename", RENAME, "Dimension = column; else its lower-case ASCII name."),
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
