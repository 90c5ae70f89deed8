//! `[fetch.NAME.school-units]`.

use super::super::{KOMMUN, Key, Kind, NAME, Shape};
use super::{HISTORY, ON_EMPTY, ON_LOST_CODE, ON_NEW_CODE, ON_RENAMED};

pub(super) static SCHOOL_UNITS: Shape = Shape {
    about: "Skolenhetsregistret: units, organizers, education providers, contracts.",
    keys: &[
        Key::required("source", Kind::Text(&NAME), "A school-units source of sources.toml."),
        Key::default(
            "what",
            Kind::OneOf(&["school-units", "organizers", "education-providers", "contracts"]),
            "school-units",
            "Which list.",
        ),
        Key::optional(
            "municipalities",
            Kind::List { item: &Kind::Text(&KOMMUN), may_be_empty: false },
            "School units: one call per municipality, so that kommun_kod is known without details.",
        ),
        Key::optional(
            "school_types",
            Kind::List {
                item: &Kind::OneOf(&["FKLASS", "FTH", "OPPFTH", "GR", "GRAN", "SP", "SAM", "GY", "GYAN", "VUX"]),
                may_be_empty: false,
            },
            "School units: only those with one of these types.",
        ),
        Key::optional(
            "statuses",
            Kind::List { item: &Kind::OneOf(&["AKTIV", "VILANDE", "UPPHORT", "PLANERAD"]), may_be_empty: false },
            "School units: only those with one of these statuses.",
        ),
        Key::default("details", Kind::Boolean, "false", "A call more per row, for what the list does not tell."),
        ON_NEW_CODE,
        ON_LOST_CODE,
        ON_RENAMED,
        ON_EMPTY,
        HISTORY,
    ],
    one_of: false,
};
