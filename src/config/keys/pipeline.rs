//! `pipeline.toml`: what is fetched, when, and what datasets become of it.

use super::dataset::DATASET;
use super::fetch::FETCH;
use super::release::RELEASE;
use super::{CRON, DURATION, Key, Kind, NAME, Shape, TEXT, TIME_ZONE, VERSION};

pub(in crate::config) static PIPELINE: Shape = Shape {
    about: "A pipeline: fetches, SQL and the datasets it publishes. Its name is its folder's.",
    keys: &[
        VERSION,
        Key::required("title", Kind::Text(&TEXT), "Swedish title."),
        Key::optional("description", Kind::Text(&TEXT), "Swedish description."),
        Key::optional("schedule", Kind::Table(&SCHEDULE), "When it runs; left out: only by hand."),
        Key::optional(
            "release",
            Kind::Table(&RELEASE),
            "When its sources publish, and how often they are asked around that; left out: by schedule alone.",
        ),
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
        Key::optional("cron", Kind::Text(&CRON), "Minute, hour, day of month, month, day of week."),
        Key::optional(
            "after",
            Kind::List { item: &Kind::Text(&NAME), may_be_empty: false },
            "Pipelines: when one of them publishes, this one runs.",
        ),
        Key::default("enabled", Kind::Boolean, "true", "False: it runs only by hand."),
        Key::default("timezone", Kind::Text(&TIME_ZONE), "Europe/Stockholm", "IANA name."),
        Key::default(
            "missed",
            Kind::OneOf(&["skip", "latest"]),
            "latest",
            "Times at which nothing ran, the program being down: skip them, or make up for the latest.",
        ),
        Key::default(
            "overlap",
            Kind::OneOf(&["skip", "queue"]),
            "skip",
            "A time that comes while the previous run is not done: skip it, or wait.",
        ),
        Key::default(
            "jitter",
            Kind::Text(&DURATION),
            "0s",
            "A delay up to this, the same every time for one pipeline.",
        ),
        Key::optional("late_after", Kind::Text(&DURATION), "So long after a time without a success it is late."),
    ],
    one_of: false,
};

static INPUT: Shape = Shape {
    about: "Another pipeline's published dataset; its version is pinned in the manifest.",
    keys: &[Key::required("dataset", Kind::Text(&NAME), "Name of the dataset.")],
    one_of: false,
};
