//! The instants of a pattern, around leaps of the clock above all.

use jiff::Timestamp;

use crate::schedule::Times;
use crate::schedule::testing::{Pattern, walk};

const STOCKHOLM: &str = "Europe/Stockholm";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The slots after `from`, until `to`, as they are written in UTC without their date's year.
fn slots(pattern: &str, zone: &str, from: &str, to: &str) -> Vec<String> {
    let times = Times::new(pattern, zone).unwrap();
    let slots = std::iter::successors(times.after(at(from)), |slot| times.after(*slot));
    let text = |slot: Timestamp| slot.to_string()[5..16].to_owned();
    slots.take_while(|slot| *slot <= at(to)).map(text).collect()
}

/// From noon to noon around the night of 29 March 2026: at 01:00 UTC the clock leaps from 02:00 to 03:00.
fn spring(pattern: &str) -> Vec<String> {
    slots(pattern, STOCKHOLM, "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z")
}

/// The same for 25 October 2026: at 01:00 UTC it goes back from 03:00 to 02:00.
fn autumn(pattern: &str) -> Vec<String> {
    slots(pattern, STOCKHOLM, "2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z")
}

#[test]
fn a_time_that_is_leapt_over_comes_when_the_clock_has_leapt() {
    assert_eq!(spring("30 2 * * *"), ["03-29T01:00"]);
    assert_eq!(spring("0,20,40 2 * * *"), ["03-29T01:00"]);
    assert_eq!(spring("30 2,3 * * *"), ["03-29T01:00", "03-29T01:30"]);
    assert_eq!(spring("0 2-4 * * *"), ["03-29T01:00", "03-29T02:00"]);
    assert_eq!(spring("30 1 * * *"), ["03-29T00:30"]);
    assert_eq!(spring("0 3 * * *"), ["03-29T01:00"]);
    assert_eq!(spring("30 2 28 * *"), [""; 0]);
}

#[test]
fn a_time_that_is_shown_twice_comes_the_first_time() {
    assert_eq!(autumn("30 2 * * *"), ["10-25T00:30"]);
    assert_eq!(autumn("0,30 2 * * *"), ["10-25T00:00", "10-25T00:30"]);
    assert_eq!(autumn("0 1-3 * * *"), ["10-24T23:00", "10-25T00:00", "10-25T02:00"]);
    let next_day = |from| slots("30 2 * * *", STOCKHOLM, from, "2026-10-26T12:00:00Z");
    for from in ["2026-10-25T00:30:00Z", "2026-10-25T00:59:59Z", "2026-10-25T01:00:00Z", "2026-10-25T01:29:59Z"] {
        assert_eq!(next_day(from), ["10-26T01:30"], "{from}");
    }
}

#[test]
fn a_pattern_of_minutes_or_hours_comes_by_the_time_that_passes() {
    assert_eq!(spring("*/30 2 * * *"), [""; 0]);
    assert_eq!(autumn("*/30 2 * * *"), ["10-25T00:00", "10-25T00:30", "10-25T01:00", "10-25T01:30"]);
    for pattern in ["0 * * * *", "0 */1 * * *"] {
        assert_eq!(spring(pattern).len(), 24);
        assert_eq!(autumn(pattern).len(), 24);
    }
    assert_eq!(spring("*/15 * * * *").len(), 96);
    assert_eq!(autumn("*/15 * * * *").len(), 96);
    assert_eq!(spring("0 */2 * * *")[5..8], ["03-28T23:00", "03-29T02:00", "03-29T04:00"]);
}

#[test]
fn a_leap_year_has_its_day_and_short_months_no_31st() {
    let leap = slots("0 0 29 2 *", STOCKHOLM, "2026-01-01T00:00:00Z", "2033-01-01T00:00:00Z");
    assert_eq!(leap, ["02-28T23:00", "02-28T23:00"]);
    let times = Times::new("0 0 29 2 *", STOCKHOLM).unwrap();
    assert_eq!(times.after(at("2026-11-23T12:00:00Z")), Some(at("2028-02-28T23:00:00Z")));
    let year = |pattern| slots(pattern, "UTC", "2026-01-01T00:00:00Z", "2026-12-31T23:00:00Z");
    let days = year("0 0 31 * *");
    let months: Vec<&str> = days.iter().map(|day| &day[..2]).collect();
    assert_eq!(months, ["01", "03", "05", "07", "08", "10", "12"]);
    assert_eq!(year("0 0 L * *").len(), 12);
}

#[test]
fn a_day_of_the_month_and_a_weekday_are_either_unless_a_plus_joins_them() {
    let november = |pattern| slots(pattern, "UTC", "2026-10-31T12:00:00Z", "2026-11-30T12:00:00Z");
    assert_eq!(november("0 6 1-3 * MON").len(), 3 + 4);
    assert_eq!(november("0 6 1-7 * +MON"), ["11-02T06:00"]);
    assert_eq!(november("0 6 * * MON#1"), ["11-02T06:00"]);
}

#[test]
fn what_no_year_has_is_never() {
    for never in ["0 0 30 2 *", "0 0 31 2,4,6,9,11 *"] {
        assert!(!Times::ever(never), "{never}");
        assert_eq!(Times::new(never, STOCKHOLM).unwrap().after(at("2026-01-01T00:00:00Z")), None);
    }
    for sometimes in ["0 0 29 2 *", "0 0 31 * *", "* * * * *", "0 0 30 2 MON"] {
        assert!(Times::ever(sometimes), "{sometimes}");
    }
}

#[test]
fn an_instant_is_left_behind_whatever_its_fraction() {
    let times = Times::new("* * * * *", STOCKHOLM).unwrap();
    assert_eq!(times.after(at("2026-11-23T12:00:00Z")), Some(at("2026-11-23T12:01:00Z")));
    assert_eq!(times.after(at("2026-11-23T12:00:59.999999999Z")), Some(at("2026-11-23T12:01:00Z")));
    assert_eq!(times.after(at("2026-11-23T12:01:00.000000001Z")), Some(at("2026-11-23T12:02:00Z")));
    assert_eq!(times.after(at("1965-03-01T00:00:00.5Z")), Some(at("1965-03-01T00:01:00Z")));
}

/// Leaps of an hour, of half an hour, at midnight, of a whole day, and more than two in a year.
#[test]
fn every_minute_agrees_with_a_plain_walk_where_clocks_leap() {
    let patterns =
        ["30 2 * * *", "0 0 * * *", "15,45 0-3 * * *", "*/20 1-2 * * *", "0 * * * *", "0 12 * * FRI", "0 2 31 * *"];
    let read: Vec<Pattern> = patterns.iter().map(|pattern| Pattern::new(pattern)).collect();
    for (zone, from, to) in [
        (STOCKHOLM, "2026-03-27T12:00:00Z", "2026-04-01T12:00:00Z"),
        (STOCKHOLM, "2026-10-23T12:00:00Z", "2026-10-27T12:00:00Z"),
        ("America/New_York", "2026-10-31T00:00:00Z", "2026-11-02T12:00:00Z"),
        ("Australia/Lord_Howe", "2026-04-03T12:00:00Z", "2026-04-06T12:00:00Z"),
        ("Australia/Lord_Howe", "2026-10-02T12:00:00Z", "2026-10-05T12:00:00Z"),
        ("America/Sao_Paulo", "2018-11-03T00:00:00Z", "2018-11-05T12:00:00Z"),
        ("Pacific/Apia", "2011-12-28T00:00:00Z", "2012-01-02T00:00:00Z"),
        ("Africa/Casablanca", "2026-02-14T00:00:00Z", "2026-03-24T00:00:00Z"),
        ("Asia/Kathmandu", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
    ] {
        for (pattern, walked) in patterns.iter().zip(walk(zone, &read, at(from), at(to))) {
            let times = Times::new(pattern, zone).unwrap();
            let slots = std::iter::successors(times.after(at(from)), |slot| times.after(*slot));
            let found: Vec<Timestamp> = slots.take_while(|slot| *slot <= at(to)).collect();
            assert_eq!(found, walked, "{pattern} in {zone} from {from}");
        }
    }
}
