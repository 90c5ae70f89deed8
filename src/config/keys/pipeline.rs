//! `pipeline.toml`: what is fetched, when, and what datasets become of it.

use super::dataset::DATASET;
use super::{
    CRON, DELIMITER, DIMENSION, DURATION, ENCODING, KPI, Key, Kind, NAME, POINTER, REACTIONS, SELECTION, STAR, Shape,
    TEXT, TIME_ZONE, UNIT, URL, VERSION, YEARS,
};

pub(in crate::config) static PIPELINE: Shape = Shape {
    about: "A pipeline: fetches, SQL and the datasets it publishes. Its name is its folder's.",
    keys: &[
        VERSION,
        Key::required("title", Kind::Text(&TEXT), "Swedish title."),
        Key::optional("description", Kind::Text(&TEXT), "Swedish description."),
        Key::optional("schedule", Kind::Table(&SCHEDULE), "When it runs; left out: only by hand."),
        Key::optional(
            "fetch",
            Kind::Tables { key: &NAME, shape: &FETCH },
            "[fetch.NAME.KIND] becomes the SQL table NAME, with its labels in NAME_koder.",
        ),
        Key::optional(
            "input",
            Kind::Tables { key: &NAME, shape: &INPUT },
            "[input.NAME]: another pipeline's published dataset as SQL table NAME.",
        ),
        Key::required(
            "dataset",
            Kind::Tables { key: &NAME, shape: &DATASET },
            "[dataset.NAME]; names are unique over all pipelines.",
        ),
    ],
    one_of: false,
};

static SCHEDULE: Shape = Shape {
    about: "When the pipeline runs.",
    keys: &[
        Key::required("cron", Kind::Text(&CRON), "Minute, hour, day of month, month, day of week."),
        Key::default("timezone", Kind::Text(&TIME_ZONE), "Europe/Stockholm", "IANA name."),
        Key::default(
            "missed",
            Kind::OneOf(&["skip", "latest"]),
            "latest",
            "Runs that were missed: skip them, or make up for the latest.",
        ),
        Key::default(
            "overlap",
            Kind::OneOf(&["skip", "queue"]),
            "skip",
            "When the previous run is not done: skip, or wait.",
        ),
        Key::default(
            "jitter",
            Kind::Text(&DURATION),
            "0s",
            "A delay up to this, the same every time for one pipeline.",
        ),
        Key::optional("late_after", Kind::Text(&DURATION), "When `status` calls it late."),
    ],
    one_of: false,
};

static FETCH: Shape = Shape {
    about: "What is fetched, by the kind of source.",
    keys: &[
        Key::optional("pxweb", Kind::Table(&PXWEB), "A table of a PxWeb API."),
        Key::optional(
            "kolada",
            Kind::Table(&KOLADA),
            "Key figures from Kolada: columns kpi, enhet, niva, kod, period, kon, varde, varde_status, varde_symbol.",
        ),
        Key::optional("file", Kind::Table(&FILE), "A file, from a source, a URL or this machine."),
    ],
    one_of: true,
};

const ON_NEW_CODE: Key = Key::default(
    "on_new_code",
    Kind::OneOf(REACTIONS),
    "warn",
    "When a code, a selected content or a column is new. A new period is none of these.",
);
const ON_LOST_CODE: Key = Key::default(
    "on_lost_code",
    Kind::OneOf(REACTIONS),
    "stop",
    "When a selected code is gone. A dimension, content or column that is gone always stops.",
);
const ON_RENAMED: Key = Key::default(
    "on_renamed",
    Kind::OneOf(REACTIONS),
    "stop",
    "When a dimension, code, content or column has another name, a content another unit, decimals or definition, the \
     table another title, or a dimension is new.",
);
const HISTORY: Key = Key::default(
    "history",
    Kind::OneOf(&["keep", "window"]),
    "keep",
    "Periods that the source no longer gives stay published, marked with their version (keep), or go (window).",
);

static PXWEB: Shape = Shape {
    about: "A table of a PxWeb API.",
    keys: &[
        Key::required("source", Kind::Text(&NAME), "A pxweb source of sources.toml."),
        Key::required("table", Kind::Text(&TEXT), "The table's id, such as TAB6471."),
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
            Kind::Map { key: &DIMENSION, value: &Kind::Text(&NAME) },
            "ContentsCode = column; each also gets NAME_status and NAME_symbol.",
        ),
        ON_NEW_CODE,
        ON_LOST_CODE,
        ON_RENAMED,
        HISTORY,
    ],
    one_of: false,
};

static KOLADA: Shape = Shape {
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
        HISTORY,
    ],
    one_of: false,
};

static FILE: Shape = Shape {
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
        HISTORY,
    ],
    one_of: false,
};

static INPUT: Shape = Shape {
    about: "Another pipeline's published dataset; its version is pinned in the manifest.",
    keys: &[Key::required("dataset", Kind::Text(&NAME), "Name of the dataset.")],
    one_of: false,
};
