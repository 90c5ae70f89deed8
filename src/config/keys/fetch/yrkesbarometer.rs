//! `[fetch.NAME.yrkesbarometer]`.

use super::super::{Key, Kind, NAME, Shape, TEXT};
use super::{HISTORY, ON_LOST_CODE, ON_NEW_CODE, ON_RENAMED};

pub(super) static YRKESBAROMETER: Shape = Shape {
    about: "The assessments of Yrkesbarometern.",
    keys: &[
        Key::required("source", Kind::Text(&NAME), "A yrkesbarometer source of sources.toml."),
        Key::default(
            "path",
            Kind::Text(&TEXT),
            "yrkesbarometer.json",
            "The file, below the source. The published one is overwritten with each omgång.",
        ),
        ON_NEW_CODE,
        ON_LOST_CODE,
        ON_RENAMED,
        HISTORY,
    ],
    one_of: false,
};
