//! Texts of `[release]`.

use std::time::Duration;

use jiff::civil::Time;

use super::super::When;
use super::{Fault, Leaf, duration};

/// A day, or a day and a time, of the release's own zone.
pub(in crate::config) fn release_date(text: &str) -> Leaf<When> {
    let hint = "a day, or a day and a time of day in the release's time zone: \"2026-12-09\", \"2026-12-09T09:30\"";
    match text.parse() {
        Ok(When::At(_)) | Err(_) => Err(Fault::new(format!("{text:?} is not the date of a release"), hint)),
        Ok(when) => Ok(when),
    }
}

pub(in crate::config) fn time_of_day(text: &str) -> Leaf<Time> {
    let well_formed = text.len() == 5 && text.is_ascii();
    Some(text)
        .filter(|_| well_formed)
        .and_then(|text| Time::strptime("%H:%M", text).ok())
        .ok_or_else(|| Fault::new(format!("{text:?} is not a time of day"), "hours and minutes: \"08:00\""))
}

/// A duration, or `never`.
pub(in crate::config) fn interval(text: &str) -> Leaf<Option<Duration>> {
    if text == "never" {
        return Ok(None);
    }
    duration(text).map(Some).map_err(|fault| {
        Fault::new(fault.message, "a whole number and a unit, one of ms, s, m, h, d: \"24h\"; or \"never\"")
    })
}
