//! `[fetch.NAME.KIND]`: a file per kind, and the keys that all kinds have.

mod file;
mod jobsearch;
mod kolada;
mod pxweb;
mod taxonomy;
mod yrkesbarometer;

use super::{Key, Kind, REACTIONS, Shape};

use file::FILE;
use jobsearch::JOBSEARCH;
use kolada::KOLADA;
use pxweb::PXWEB;
use taxonomy::TAXONOMY;
use yrkesbarometer::YRKESBAROMETER;

pub(super) static FETCH: Shape = Shape {
    about: "What is fetched, by the kind of source.",
    keys: &[
        Key::optional("pxweb", Kind::Table(&PXWEB), "A table of a PxWeb API."),
        Key::optional(
            "kolada",
            Kind::Table(&KOLADA),
            "Key figures from Kolada: columns kpi, enhet, niva, kod, period, kon, varde, varde_status, varde_symbol.",
        ),
        Key::optional("file", Kind::Table(&FILE), "A file, from a source, a URL or this machine."),
        Key::optional(
            "yrkesbarometer",
            Kind::Table(&YRKESBAROMETER),
            "The assessments of Yrkesbarometern, a row per barometer occupation, SSYK group and area.",
        ),
        Key::optional("taxonomy", Kind::Table(&TAXONOMY), "A published query over JobTech's taxonomy, of one version."),
        Key::optional(
            "jobsearch",
            Kind::Table(&JOBSEARCH),
            "Counts of the job advertisements that are open now, by occupation group and place.",
        ),
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
const ON_EMPTY: Key = Key::default(
    "on_empty",
    Kind::OneOf(&["accept", "error"]),
    "accept",
    "When the source has no row for what is asked: a table without rows (accept), or a failed run (error).",
);
const HISTORY: Key = Key::default(
    "history",
    Kind::OneOf(&["keep", "window"]),
    "keep",
    "Periods that the source no longer gives stay published, marked with their version (keep), or go (window).",
);
