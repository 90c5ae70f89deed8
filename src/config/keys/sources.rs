//! `sources.toml`: the public APIs, their limits and how to credit them.

use super::{ACTIONS, ANY_TEXT, BASE_URL, DIMENSION, DURATION, Key, Kind, NAME, STATUSES, Shape, TEXT, VERSION};

pub(in crate::config) static SOURCES: Shape = Shape {
    about: "Where figures come from, how hard a source may be asked and how it is credited.",
    keys: &[
        VERSION,
        Key::optional("source", Kind::Tables { key: &NAME, shape: &KINDS }, "[source.NAME.KIND]; pipelines use NAME."),
    ],
    one_of: false,
};

static KINDS: Shape = Shape {
    about: "What kind of source it is.",
    keys: &[
        Key::optional("pxweb", Kind::Table(&PXWEB), "PxWeb API v2, such as SCB's."),
        Key::optional("pxweb-v1", Kind::Table(&PXWEB_V1), "PxWeb API v1, such as those of most other agencies."),
        Key::optional("kolada", Kind::Table(&SOURCE), "Kolada API v3."),
        Key::optional("eurostat", Kind::Table(&SOURCE), "Eurostat's dissemination API."),
        Key::optional("file", Kind::Table(&SOURCE), "Files below one address."),
        Key::optional("planned-educations", Kind::Table(&SOURCE), "Skolverket's Planned Educations API."),
        Key::optional("school-units", Kind::Table(&SOURCE), "Skolverket's Skolenhetsregistret API."),
        Key::optional("susa-navet", Kind::Table(&SOURCE), "Skolverket's Susa-navet, EMIL 3."),
        Key::optional("historical-ads", Kind::Table(&SOURCE), "JobTech's yearly files of job advertisements."),
        Key::optional(
            "jobstream",
            Kind::Table(&SOURCE),
            "JobTech's stream of job advertisements; one call a minute unless `limits` says otherwise.",
        ),
        Key::optional("siris", Kind::Table(&SOURCE), "Skolverket's SiRiS exports."),
        Key::optional("yrkesbarometer", Kind::Table(&SOURCE), "Arbetsförmedlingen's Yrkesbarometern."),
        Key::optional("taxonomy", Kind::Table(&SOURCE), "JobTech's taxonomy, as files per version."),
        Key::optional("jobsearch", Kind::Table(&SOURCE), "JobTech's search among open job advertisements."),
    ],
    one_of: true,
};

static SOURCE: Shape = Shape {
    about: "A source.",
    keys: &[ADDRESS, CREDIT, LICENCE, LIMITED, FRESH_FOR, SYMBOLS, RESPONSES],
    one_of: false,
};

static PXWEB: Shape = Shape {
    about: "An installation of PxWeb API v2, and how it differs from the usual one.",
    keys: &[
        ADDRESS,
        CREDIT,
        LICENCE,
        LIMITED,
        FRESH_FOR,
        SYMBOLS,
        Key::optional(
            "formats",
            Kind::List { item: &Kind::OneOf(&["json-stat2", "px", "csv"]), may_be_empty: false },
            "The response formats to use, the first of which is asked for; else json-stat2, or px or csv where the \
             installation announces no json-stat2.",
        ),
        Key::default(
            "longest_get",
            Kind::Integer { min: 0, max: 100_000 },
            "0",
            "Data calls whose address has at most so many characters after base_url are made by GET; longer ones, and \
             with 0 all, by POST.",
        ),
        RESPONSES,
    ],
    one_of: false,
};

static PXWEB_V1: Shape = Shape {
    about: "An installation of PxWeb, and how it differs from the usual one.",
    keys: &[
        ADDRESS,
        CREDIT,
        LICENCE,
        LIMITED,
        FRESH_FOR,
        SYMBOLS,
        Key::default(
            "formats",
            Kind::List { item: &Kind::OneOf(PXWEB_FORMATS), may_be_empty: false },
            "[\"json-stat2\"]",
            "The response formats it has, the first of which is asked for.",
        ),
        Key::optional(
            "code_in_label",
            Kind::List { item: &Kind::Text(&DIMENSION), may_be_empty: false },
            "Dimensions whose codes are running numbers, with the real code as the first word of each label.",
        ),
        Key::optional(
            "totals",
            Kind::Map { key: &DIMENSION, value: &Kind::Text(&DIMENSION) },
            "Dimension = the code of the whole, where it may be left out though its metadata does not say so.",
        ),
        RESPONSES,
    ],
    one_of: false,
};

static RESPONSE: Shape = Shape {
    about: "What one kind of answer means: by its status, by what its body contains, or both.",
    keys: &[
        Key::optional("status", Kind::Integer { min: 200, max: 599 }, "The status of the answer."),
        Key::optional(
            "contains",
            Kind::Text(&TEXT),
            "A text in the first 16 KiB of the body; upper and lower case are the same.",
        ),
        Key::required(
            "action",
            Kind::OneOf(ACTIONS),
            "retry: it may pass, ask again; split: too much was asked for, ask for less at a time; stop: an error; \
             empty: there is nothing, and that is an answer.",
        ),
    ],
    one_of: false,
};

const PXWEB_FORMATS: &[&str] = &["json-stat2", "json-stat", "px", "csv3", "csv2", "csv", "json"];

const ADDRESS: Key = Key::required("base_url", Kind::Text(&BASE_URL), "Address that paths are appended to.");
const CREDIT: Key =
    Key::required("credit", Kind::Text(&TEXT), "How the source wants to be credited; shown as \"Källa: CREDIT\".");
const LICENCE: Key = Key::required("licence", Kind::Text(&TEXT), "Licence of the figures, such as CC0-1.0.");
const LIMITED: Key = Key::optional("limits", Kind::Table(&LIMITS), "Limits, used only where the API announces none.");
const FRESH_FOR: Key = Key::default(
    "fresh_for",
    Kind::Text(&DURATION),
    "0s",
    "An answer younger than this is used again instead of asking; for sources that do not say what has changed.",
);
const SYMBOLS: Key = Key::optional(
    "symbols",
    Kind::Map { key: &ANY_TEXT, value: &Kind::OneOf(STATUSES) },
    "What the source's own symbols mean: symbol = status. Laid over the kind's defaults.",
);

static ONE_RESPONSE: Kind = Kind::Table(&RESPONSE);
const RESPONSES: Key = Key::optional(
    "responses",
    Kind::List { item: &ONE_RESPONSE, may_be_empty: true },
    "What answers mean, the first that fits; these go before the kind's defaults.",
);

static LIMITS: Shape = Shape {
    about: "At most so many calls in a time window, at a time, and cells in a call.",
    keys: &[
        Key::default("calls", Kind::Integer { min: 0, max: 1_000_000 }, "0", "Calls in any window; 0 is no limit."),
        Key::default("window_secs", Kind::Integer { min: 1, max: 86_400 }, "1", "Length of the window, in seconds."),
        Key::default(
            "parallel",
            Kind::Integer { min: 1, max: 64 },
            "1",
            "Calls under way at a time, over all pipelines. Applies whatever the API announces.",
        ),
        Key::default("cells", Kind::Integer { min: 0, max: i64::MAX }, "0", "Cells in a call; 0 is no limit."),
    ],
    one_of: false,
};
