//! `report.toml`, as the document of all keys shows it. Reports are read by their own reader (`report::load`); a test
//! there holds the two against each other.

use super::{Key, Kind, NAME, Shape, TEXT, VERSION};

pub(in crate::config) static REPORT: Shape = Shape {
    about: "What the pages of a report show. Beside it stand its templates, start.html and area.html, and style.css.",
    keys: &[
        VERSION,
        Key::required("title", Kind::Text(&TEXT), "Swedish title."),
        Key::required("description", Kind::Text(&TEXT), "Swedish description."),
        Key::optional("key", Kind::Tables { key: &NAME, shape: &KEY }, "Key figures, in their order."),
        Key::optional("figure", Kind::Tables { key: &NAME, shape: &FIGURES }, "[figure.NAME.KIND], in their order."),
    ],
    one_of: false,
};

const TITLE: Key = Key::required("title", Kind::Text(&TEXT), "Swedish title.");
const ABOVE: Key = Key::optional("text", Kind::Text(&TEXT), "A sentence above it.");
const NOTE: Key = Key::optional("note", Kind::Text(&TEXT), "A sentence beside it: what the figure leaves out.");
const DATASET: Key = Key::required("dataset", Kind::Text(&TEXT), "The published dataset that it is read from.");
const VALUE: Key = Key::required("value", Kind::Text(&TEXT), "The column of the figures.");
static CODES: Kind = Kind::Either(&Kind::Text(&TEXT), &MANY_CODES);
static MANY_CODES: Kind = Kind::List { item: &Kind::Text(&TEXT), may_be_empty: false };
const WHERE: Key = Key::optional(
    "where",
    Kind::Map { key: &TEXT, value: &CODES },
    "Column = the code or codes whose rows are meant. A report never sums: what is left must be one row per area, period \
     and category.",
);
const UNIT: Key = Key::optional("unit", Kind::Text(&TEXT), "Shown instead of the column's own unit.");
const DECIMALS: Key = Key::optional(
    "decimals",
    Kind::Integer { min: 0, max: 6 },
    "Decimals that are shown, instead of the column's own.",
);
const CATEGORY: Key = Key::required("category", Kind::Text(&TEXT), "The column that a bar or row stands for.");
const LABEL: Key = Key::optional("label", Kind::Text(&TEXT), "The column of its names, instead of the codes.");
static LEVEL: Kind = Kind::OneOf(&["lan", "riket"]);
const COMPARE: Key = Key::optional(
    "compare",
    Kind::List { item: &LEVEL, may_be_empty: true },
    "Areas beside the page's own: its county, the nation.",
);

static KEY: Shape = Shape {
    about: "A key figure: one value per area and period.",
    keys: &[
        TITLE,
        DATASET,
        VALUE,
        WHERE,
        UNIT,
        DECIMALS,
        Key::default("card", Kind::Boolean, "false", "Whether it stands large at the top of the page."),
        Key::default("listed", Kind::Boolean, "false", "Whether it is a column where areas stand side by side."),
        NOTE,
    ],
    one_of: false,
};

static FIGURES: Shape = Shape {
    about: "What kind of figure it is.",
    keys: &[
        Key::optional("line", Kind::Table(&LINE), "A curve through the periods, with its table."),
        Key::optional("bar", Kind::Table(&BAR), "Bars of the latest period, with their table."),
        Key::optional("table", Kind::Table(&TABLE), "A table of the latest period."),
    ],
    one_of: true,
};

static LINE: Shape = Shape {
    about: "A curve through the periods.",
    keys: &[TITLE, ABOVE, DATASET, VALUE, WHERE, UNIT, DECIMALS, NOTE, COMPARE],
    one_of: false,
};

static BAR: Shape = Shape {
    about: "Bars, one per category.",
    keys: &[
        TITLE,
        ABOVE,
        DATASET,
        VALUE,
        WHERE,
        UNIT,
        DECIMALS,
        NOTE,
        CATEGORY,
        LABEL,
        Key::optional("top", Kind::Integer { min: 1, max: 50 }, "Only so many, the largest."),
    ],
    one_of: false,
};

static TABLE: Shape = Shape {
    about: "A table, one row per category.",
    keys: &[TITLE, ABOVE, DATASET, VALUE, WHERE, UNIT, DECIMALS, NOTE, CATEGORY, LABEL, COMPARE],
    one_of: false,
};
