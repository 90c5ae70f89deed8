//! `[release]` of a pipeline.

use super::{CRON, DURATION, INTERVAL, Key, Kind, NAME, RELEASE_DATE, Shape, TIME_OF_DAY, TIME_ZONE};

const DATES: Kind = Kind::List { item: &Kind::Text(&RELEASE_DATE), may_be_empty: true };
static ONE_CRON: Kind = Kind::Text(&CRON);
static CRONS: Kind = Kind::List { item: &ONE_CRON, may_be_empty: false };

pub(super) static RELEASE: Shape = Shape {
    about: "When the sources publish, and how often they are asked around that. What a source itself announces counts too.",
    keys: &[
        Key::optional("dates", DATES, "Days, or days and times, when a release is expected."),
        Key::optional(
            "cron",
            Kind::Either(&ONE_CRON, &CRONS),
            "When releases are expected, as a schedule: \"0 8 15 2,5,8,11 *\" is 08:00 on the 15th of four months.",
        ),
        Key::default("time", Kind::Text(&TIME_OF_DAY), "08:00", "The time of day, where only the day is known."),
        Key::default("timezone", Kind::Text(&TIME_ZONE), "Europe/Stockholm", "IANA name."),
        Key::default("begin", Kind::Text(&DURATION), "10m", "How long before the expected time dense polling begins."),
        Key::default(
            "every",
            Kind::Text(&DURATION),
            "5m",
            "Between two polls while a release is expected; at least 1m.",
        ),
        Key::default(
            "during",
            Kind::Text(&DURATION),
            "6h",
            "How long after the expected time dense polling goes on, unless the release comes before.",
        ),
        Key::default("otherwise", Kind::Text(&INTERVAL), "24h", "Between two polls at all other times, or \"never\"."),
        Key::default("late_after", Kind::Text(&DURATION), "2d", "How long after the expected time a release is late."),
        Key::optional(
            "fetches",
            Kind::List { item: &Kind::Text(&NAME), may_be_empty: false },
            "The fetches that `dates` and `cron` are about; left out: all but this machine's own files.",
        ),
    ],
    one_of: false,
};
