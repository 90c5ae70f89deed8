//! `[fetch.NAME.historical-ads]` and `[fetch.NAME.jobstream]`.

use super::super::{DURATION, Key, Kind, NAME, Shape, TEXT, YEARS};
use super::{HISTORY, ON_EMPTY, ON_LOST_CODE, ON_NEW_CODE, ON_RENAMED};

pub(super) static HISTORICAL_ADS: Shape = Shape {
    about: "Counts of job advertisements per occupation group, place and month, from JobTech's yearly files.",
    keys: &[
        Key::required("source", Kind::Text(&NAME), "A historical-ads source of sources.toml."),
        Key::required(
            "years",
            Kind::Either(
                &Kind::Text(&YEARS),
                &Kind::List { item: &Kind::Integer { min: 2006, max: 2200 }, may_be_empty: false },
            ),
            "\"2016..\" (to the last whole year), \"latest(5)\" or a list of years.",
        ),
        Key::default(
            "path",
            Kind::Text(&TEXT),
            "/annonser/historiska/{year}.jsonl.zip",
            "Where a year's file lies below the source.",
        ),
        Key::default(
            "vacancy_cap",
            Kind::Integer { min: 1, max: 1_000_000 },
            "20",
            "Of one advertisement, so many vacancies at most count in `platser_tak`.",
        ),
        ON_NEW_CODE,
        ON_LOST_CODE,
        ON_RENAMED,
        ON_EMPTY,
        HISTORY,
    ],
    one_of: false,
};

pub(super) static JOBSTREAM: Shape = Shape {
    about: "The job advertisements of the moment, one row each and without anyone's data, from JobStream.",
    keys: &[
        Key::required("source", Kind::Text(&NAME), "A jobstream source of sources.toml."),
        Key::default(
            "snapshot_every",
            Kind::Text(&DURATION),
            "7d",
            "All advertisements are asked for again after this time; in between only what has changed.",
        ),
        Key::default("window", Kind::Text(&DURATION), "24h", "The longest time that one call asks the changes of."),
        Key::default("overlap", Kind::Text(&DURATION), "2h", "How far a window goes back beyond the end of the last."),
        ON_NEW_CODE,
        ON_LOST_CODE,
        ON_RENAMED,
        ON_EMPTY,
        HISTORY,
    ],
    one_of: false,
};
