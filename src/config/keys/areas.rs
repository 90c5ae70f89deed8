//! `areas.toml`: sets of areas that are made of municipalities.

use super::{KOMMUN, Key, Kind, NAME, Shape, TEXT, VERSION};

pub(in crate::config) static AREAS: Shape = Shape {
    about: "Areas made of municipalities, in sets; a dataset is rolled up to the sets it names.",
    keys: &[VERSION, Key::optional("set", Kind::Tables { key: &NAME, shape: &SET }, "[set.SET.area.KEY]")],
    one_of: false,
};

static SET: Shape = Shape {
    about: "One set of areas; its name becomes their `niva`.",
    keys: &[Key::required(
        "area",
        Kind::Tables { key: &NAME, shape: &AREA },
        "The areas; an area's key becomes its `kod`.",
    )],
    one_of: false,
};

static AREA: Shape = Shape {
    about: "An area.",
    keys: &[
        Key::required("title", Kind::Text(&TEXT), "Name that readers see."),
        Key::required(
            "kommuner",
            Kind::List { item: &Kind::Text(&KOMMUN), may_be_empty: false },
            "Codes of the municipalities that make up the area.",
        ),
    ],
    one_of: false,
};
