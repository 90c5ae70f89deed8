//! `[fetch.NAME.file]`.

use super::super::{
    ANY_TEXT, CELLS, DATE, DELIMITER, DIMENSION, ENCODING, HOST, Key, Kind, LINK_PATTERN, NAME, POINTER, STATUSES,
    Shape, TEXT, URL,
};
use super::{HISTORY, ON_EMPTY, ON_LOST_CODE, ON_NEW_CODE, ON_RENAMED, RENAME, SELECT};

pub(super) static FILE: Shape = Shape {
    about: "A file.",
    keys: &[
        Key::optional("source", Kind::Text(&NAME), "A file source of sources.toml; `path` is then below its base URL."),
        Key::optional("path", Kind::Text(&TEXT), "Below the source, or a local file counted from this folder."),
        Key::optional("url", Kind::Text(&URL), "A whole address, instead of source and path."),
        Key::required(
            "format",
            Kind::OneOf(&[
                "csv",
                "jsonl",
                "json-records",
                "json-map",
                "json-stat",
                "px",
                "xlsx",
                "xlsb",
                "ods",
                "xml",
                "parquet",
            ]),
            "How the file is written. What is packed with gzip or zstd is unpacked first.",
        ),
        Key::optional(
            "inside",
            Kind::Text(&TEXT),
            "The file lies in a zip under this name; `*` stands for any text, and one member must fit.",
        ),
        Key::optional(
            "link_pattern",
            Kind::Text(&LINK_PATTERN),
            "The path or url is a page that links to the file, such as \"*/sokande-{year}-{month}*.xlsx\"; the newest \
             period is taken. Parts: {year}, {month} (a number or a Swedish name), {quarter}, {half}, {week}, {day}.",
        ),
        Key::optional(
            "link_hosts",
            Kind::List { item: &Kind::Text(&HOST), may_be_empty: false },
            "link_pattern: hosts beside the page's own that the link may lead to; \"*.example.org\" is all below it.",
        ),
        Key::optional("period_column", Kind::Text(&NAME), "link_pattern: a column that says the link's period."),
        Key::optional(
            "sheet",
            Kind::Either(&Kind::Text(&TEXT), &Kind::Integer { min: 1, max: 10_000 }),
            "Spreadsheets: the sheet, by name, pattern (\"Tabell*\") or number. Left out: the only one.",
        ),
        Key::optional(
            "pivot_cache",
            Kind::Either(&Kind::Text(&TEXT), &Kind::Integer { min: 1, max: 10_000 }),
            "xlsx, xlsb: a pivot table's own copy of its data in place of a sheet, by number, or by the name of a pivot \
             table or of what it was made from.",
        ),
        Key::optional(
            "header_row",
            Kind::Either(&ROW, &Kind::List { item: &ROW, may_be_empty: false }),
            "Spreadsheets: the row with the columns' names, or several that are joined; an empty cell above the last of \
             them takes what is to its left, as merged cells show it. Left out: the first row.",
        ),
        Key::optional("units_row", ROW, "Spreadsheets: a row with the columns' units."),
        Key::default(
            "skip_rows",
            Kind::Integer { min: 0, max: 1_048_575 },
            "0",
            "Spreadsheets: rows above the table that are passed over.",
        ),
        Key::optional(
            "range",
            Kind::Text(&CELLS),
            "Spreadsheets: where the table lies, such as \"B4:H300\" or \"B4:H\".",
        ),
        Key::default("until_blank", Kind::Boolean, "false", "Spreadsheets: the table ends before its first empty row."),
        Key::optional(
            "fill_down",
            Kind::List { item: &Kind::Text(&NAME), may_be_empty: false },
            "Spreadsheets: columns whose empty cells stand for what is above them.",
        ),
        Key::optional(
            "record",
            Kind::Text(&TEXT),
            "xml: the path from the root of the elements that are rows, such as \"skolor/skola\"; `*` is any one step.",
        ),
        Key::optional(
            "fields",
            Kind::Map { key: &NAME, value: &Kind::Text(&TEXT) },
            "xml: column = path within the record, such as \"adress/ort\" or \"@kod\".",
        ),
        Key::optional(
            "member",
            Kind::Text(&TEXT),
            "json-stat: the dataset of a bundle or collection, by its key, its label or its number.",
        ),
        Key::optional(
            "select",
            SELECT,
            "json-stat, px: dimension = codes or selection expressions. What is left out is taken whole.",
        ),
        Key::optional(
            "measures",
            Kind::Map { key: &DIMENSION, value: &Kind::Text(&NAME) },
            "json-stat, px: contents = column.",
        ),
        Key::optional("rename", RENAME, "What the file calls a column or dimension = column."),
        Key::optional(
            "symbols",
            Kind::Map { key: &ANY_TEXT, value: &Kind::OneOf(STATUSES) },
            "What symbols in this file mean, over what the source says of them. `#` in a symbol stands for a number: \
             \"<#\" = \"suppressed\", \"~#\" = \"unreliable\".",
        ),
        Key::optional(
            "provenance",
            Kind::Table(&PROVENANCE),
            "Who made this file and when, for a file of the operator's own; it is shown with the figures.",
        ),
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
        Key::optional(
            "decimal",
            Kind::OneOf(&[".", ","]),
            "csv, xml and spreadsheets: the decimal sign of numbers that are text. Left out: a comma in spreadsheets, \
             a point elsewhere.",
        ),
        Key::default("encoding", Kind::Text(&ENCODING), "utf-8", "csv: the file's encoding."),
        ON_NEW_CODE,
        ON_LOST_CODE,
        ON_RENAMED,
        ON_EMPTY,
        HISTORY,
    ],
    one_of: false,
};

const ROW: Kind = Kind::Integer { min: 1, max: 1_048_576 };

static PROVENANCE: Shape = Shape {
    about: "Where an own file is from.",
    keys: &[
        Key::required("person", Kind::Text(&TEXT), "Who made it."),
        Key::required("date", Kind::Text(&DATE), "When, such as \"2026-11-01\"."),
    ],
    one_of: false,
};
