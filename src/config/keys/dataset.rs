//! `[dataset.NAME]`: the query, the contract of its columns and the checks of its rows.

use super::{CODES, DAYS, Key, Kind, NAME, PERCENT, SQL_FILE, STATUSES, Shape, TEXT};

pub(super) static DATASET: Shape = Shape {
    about: "A dataset: one query and a promise about its rows.",
    keys: &[
        Key::required("title", Kind::Text(&TEXT), "Swedish title."),
        Key::optional("description", Kind::Text(&TEXT), "Swedish description."),
        Key::required("sql", Kind::Text(&SQL_FILE), "The query, a file in this folder."),
        Key::default(
            "partition_by",
            Kind::List { item: &Kind::OneOf(&["lan"]), may_be_empty: false },
            "[\"lan\"]",
            "Column of the folders that the files lie in.",
        ),
        Key::required(
            "key",
            Kind::List { item: &Kind::Text(&NAME), may_be_empty: false },
            "Columns that together name a row.",
        ),
        Key::optional(
            "areas",
            Kind::List { item: &Kind::Text(&NAME), may_be_empty: true },
            "Sets of areas.toml that municipalities are rolled up to.",
        ),
        Key::optional(
            "column",
            Kind::Tables { key: &NAME, shape: &COLUMN },
            "[dataset.X.column.NAME]; niva, kod, period and what the program adds need none.",
        ),
        Key::optional("check", Kind::Table(&CHECK), "What must hold before anything is published."),
    ],
    one_of: false,
};

static COLUMN: Shape = Shape {
    about: "A column. A number is a measure and has NAME_status beside it.",
    keys: &[
        Key::required("type", Kind::OneOf(&["text", "int64", "float64"]), "Type of the values."),
        Key::required("title", Kind::Text(&TEXT), "Swedish title."),
        Key::optional("unit", Kind::Text(&TEXT), "Unit of a number, such as antal or procent."),
        Key::optional("decimals", Kind::Integer { min: 0, max: 15 }, "float64: decimals that count and are shown."),
        Key::optional(
            "nullable",
            Kind::Boolean,
            "Whether a value may be empty. Left out: a number may, with a status that says why; a text may not.",
        ),
        Key::optional(
            "values",
            Kind::List { item: &Kind::Text(&TEXT), may_be_empty: false },
            "text: the values that may occur.",
        ),
        Key::optional(
            "codes",
            Kind::Text(&CODES),
            "text: a column of a reference table (\"ssyk.ssyk\" is `ssyk` in reference/ssyk.csv) that lists the values that may occur.",
        ),
        Key::optional("range", Kind::Table(&RANGE), "Number: the least and the greatest value, both allowed."),
        Key::optional(
            "statuses",
            Kind::List { item: &Kind::OneOf(STATUSES), may_be_empty: false },
            "Number: the statuses that may occur.",
        ),
        Key::default("additive", Kind::Boolean, "false", "Whether the number may be summed over areas."),
        Key::default(
            "perturbation",
            Kind::OneOf(&["none", "ckm"]),
            "none",
            "Whether the source has shifted the values; ckm is SCB's cell key method.",
        ),
        Key::optional("ratio", Kind::Table(&RATIO), "float64: computed from two additive columns, over areas too."),
    ],
    one_of: false,
};

static RANGE: Shape = Shape {
    about: "From `min` to `max`; an end that is left out is open.",
    keys: &[
        Key::optional("min", Kind::AnyNumber, "The least value."),
        Key::optional("max", Kind::AnyNumber, "The greatest value."),
    ],
    one_of: false,
};

static RATIO: Shape = Shape {
    about: "numerator / denominator × scale.",
    keys: &[
        Key::required("numerator", Kind::Text(&NAME), "An additive column."),
        Key::required("denominator", Kind::Text(&NAME), "An additive column."),
        Key::default("scale", Kind::Number, "1", "100 for a percentage."),
    ],
    one_of: false,
};

static CHECK: Shape = Shape {
    about: "What must hold before anything is published.",
    keys: &[
        Key::default("min_rows", Kind::Integer { min: 0, max: i64::MAX }, "1", "Fewer rows stop the publish."),
        Key::optional(
            "max_drop",
            Kind::Text(&PERCENT),
            "How many of the published version's rows may go, such as \"20%\".",
        ),
        Key::optional(
            "max_null",
            Kind::Either(&Kind::Text(&PERCENT), &Kind::Map { key: &NAME, value: &Kind::Text(&PERCENT) }),
            "How many of a number's values may be empty: \"5%\" for each number, or { NAME = \"5%\" }.",
        ),
        Key::default("unique", Kind::Boolean, "true", "Whether the key must be unique."),
        Key::optional(
            "freshness",
            Kind::Text(&DAYS),
            "How long ago, when it is published, the newest period may have ended, such as \"400d\".",
        ),
        Key::optional("complete", Kind::Table(&COMPLETE), "No holes: every combination of codes has a row."),
        Key::optional(
            "equals",
            Kind::Tables { key: &NAME, shape: &EQUALS },
            "[dataset.X.check.equals.NAME]: totals that are the sums of their parts.",
        ),
        Key::optional(
            "custom",
            Kind::List { item: &Kind::Text(&SQL_FILE), may_be_empty: true },
            "Queries over `ny` and `publicerad` that must return no row.",
        ),
        Key::optional(
            "warn",
            Kind::List { item: &Kind::Text(&TEXT), may_be_empty: true },
            "Checks that do not stop the publish: the page and the manifest say that they do not hold. By name: \"freshness\", \"max_null.NUMBER\" or all \"max_null\", \"equals.NAME\", \"range.COLUMN\", \"big.sql\".",
        ),
    ],
    one_of: false,
};

static COMPLETE: Shape = Shape {
    about: "Every combination of the values that occur in these columns has a row.",
    keys: &[
        Key::required(
            "over",
            Kind::List { item: &Kind::Text(&NAME), may_be_empty: false },
            "Columns, such as [\"kod\", \"period\"]. With `kod`, each niva is judged by itself.",
        ),
        Key::optional(
            "per",
            Kind::List { item: &Kind::Text(&NAME), may_be_empty: true },
            "Columns within whose every combination it is judged by itself.",
        ),
        Key::optional(
            "except",
            Kind::Map {
                key: &NAME,
                value: &Kind::Either(&Kind::Text(&TEXT), &Kind::List { item: &Kind::Text(&TEXT), may_be_empty: false }),
            },
            "Column = values whose rows are left aside, such as an area that has not always existed.",
        ),
    ],
    one_of: false,
};

static EQUALS: Shape = Shape {
    about: "Totals against the sums of their parts. Rows belong together that agree in the rest of the key; where `niva` is named, by `lan` instead of `kod`, and for `riket` by neither. A total with an empty part is left aside.",
    keys: &[
        Key::required("column", Kind::Text(&NAME), "An additive number that the source has not perturbed."),
        Key::required(
            "total",
            Kind::Map { key: &NAME, value: &Kind::Text(&TEXT) },
            "Which rows are totals: column = value, such as { kon = \"T\" }.",
        ),
        Key::required(
            "parts",
            Kind::Map {
                key: &NAME,
                value: &Kind::Either(&Kind::Text(&TEXT), &Kind::List { item: &Kind::Text(&TEXT), may_be_empty: false }),
            },
            "Which rows are parts, by the same columns: { kon = [\"M\", \"K\"] }.",
        ),
        Key::default("tolerance", Kind::AnyNumber, "0", "By how much they may differ."),
    ],
    one_of: false,
};
