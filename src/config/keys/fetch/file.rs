//! `[fetch.NAME.file]`.

use super::super::{DELIMITER, DIMENSION, ENCODING, Key, Kind, NAME, POINTER, Shape, TEXT, URL};
use super::{HISTORY, ON_EMPTY, ON_LOST_CODE, ON_NEW_CODE, ON_RENAMED};

pub(super) static FILE: Shape = Shape {
    about: "A file.",
    keys: &[
        Key::optional("source", Kind::Text(&NAME), "A file source of sources.toml; `path` is then below its base URL."),
        Key::optional("path", Kind::Text(&TEXT), "Below the source, or a local file counted from this folder."),
        Key::optional("url", Kind::Text(&URL), "A whole address, instead of source and path."),
        Key::required("format", Kind::OneOf(&["csv", "jsonl", "json-records", "json-map"]), "How the file is written."),
        Key::optional(
            "keys",
            Kind::List { item: &Kind::Text(&NAME), may_be_empty: false },
            "json-map: columns of the nested keys, outermost first.",
        ),
        Key::optional("value", Kind::Text(&NAME), "json-map: column of the innermost value."),
        Key::optional(
            "columns",
            Kind::Map { key: &DIMENSION, value: &Kind::OneOf(&["text", "int64", "float64"]) },
            "Column = type. Left out: every column, as text.",
        ),
        Key::default("pointer", Kind::Text(&POINTER), "", "json-records: where the array lies, as a JSON pointer."),
        Key::default("delimiter", Kind::Text(&DELIMITER), ",", "csv: what stands between fields."),
        Key::default("decimal", Kind::OneOf(&[".", ","]), ".", "csv: the decimal sign."),
        Key::default("encoding", Kind::Text(&ENCODING), "utf-8", "csv: the file's encoding."),
        ON_NEW_CODE,
        ON_LOST_CODE,
        ON_RENAMED,
        ON_EMPTY,
        HISTORY,
    ],
    one_of: false,
};
