//! `[fetch.NAME.KIND]`: a file per kind, and the keys that all kinds have.

mod ads;
mod eurostat;
mod file;
mod jobsearch;
mod kolada;
mod planned_educations;
mod pxweb;
mod school_units;
mod siris;
mod susa_navet;
mod taxonomy;
mod yrkesbarometer;

use super::{DIMENSION, Key, Kind, NAME, REACTIONS, SELECTION, Shape};

use ads::{HISTORICAL_ADS, JOBSTREAM};
use eurostat::EUROSTAT;
use file::FILE;
use jobsearch::JOBSEARCH;
use kolada::KOLADA;
use planned_educations::PLANNED_EDUCATIONS;
use pxweb::PXWEB;
use school_units::SCHOOL_UNITS;
use siris::SIRIS;
use susa_navet::SUSA_NAVET;
use taxonomy::TAXONOMY;
use yrkesbarometer::YRKESBAROMETER;

pub(super) static FETCH: Shape = Shape {
    about: "What is fetched, by the kind of source.",
    keys: &[
        Key::optional("pxweb", Kind::Table(&PXWEB), "A table of a PxWeb API."),
        Key::optional(
            "kolada",
            Kind::Table(&KOLADA),
            "Key figures from Kolada: columns kpi, enhet, niva, kod, period, kon, varde, varde_status, varde_symbol; with `ou`: kpi, ou, kommun, period, kon and varde.",
        ),
        Key::optional("eurostat", Kind::Table(&EUROSTAT), "A dataset of Eurostat."),
        Key::optional("file", Kind::Table(&FILE), "A file, from a source, a URL or this machine."),
        Key::optional(
            "planned-educations",
            Kind::Table(&PLANNED_EDUCATIONS),
            "Planned adult education, its code lists, or figures of school units, from Skolverket.",
        ),
        Key::optional("school-units", Kind::Table(&SCHOOL_UNITS), "School units and what belongs to them."),
        Key::optional("susa-navet", Kind::Table(&SUSA_NAVET), "Educations and their occasions from Susa-navet."),
        Key::optional(
            "historical-ads",
            Kind::Table(&HISTORICAL_ADS),
            "Counts of job advertisements per occupation group, place and month.",
        ),
        Key::optional("jobstream", Kind::Table(&JOBSTREAM), "The job advertisements of the moment."),
        Key::optional("siris", Kind::Table(&SIRIS), "An export of Skolverket's statistics, year by year."),
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

/// Dimension = a code or an expression, or several.
const SELECT: Kind = Kind::Map {
    key: &DIMENSION,
    value: &Kind::Either(&Kind::Text(&SELECTION), &Kind::List { item: &Kind::Text(&SELECTION), may_be_empty: false }),
};
/// Dimension = column.
const RENAME: Kind = Kind::Map { key: &DIMENSION, value: &Kind::Text(&NAME) };

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
