//! Polls and standings over made-up months, and the rules that hold of any.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::config::{Release, When};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn release(dates: &[&str]) -> Release {
    Release { dates: dates.iter().map(|date| date.parse().unwrap()).collect(), ..Release::default() }
}

fn edition(released: &str) -> Edition {
    Edition { released: Some(released.parse().unwrap()), ..Edition::default() }
}

fn known(asked: &str, editions: &[(&str, Edition)]) -> Known {
    Known {
        pipeline: "befolkning".into(),
        asked_at: at(asked),
        editions: editions.iter().map(|(name, edition)| ((*name).to_owned(), edition.clone())).collect(),
        local: Vec::new(),
    }
}

fn stands(release: &Release, known: &Known, now: &str) -> (Option<State>, Option<String>, Option<String>) {
    let standing = standing(release, known, None, at(now));
    (standing.state, standing.since.map(|at| at.to_string()), standing.next_expected.map(|at| at.to_string()))
}

/// Every poll until an instant, of a source that publishes `edition` at `published`.
fn polls(release: &Release, mut known: Known, until: Timestamp, published: Option<Timestamp>) -> Vec<(Timestamp, Why)> {
    let mut polls = Vec::new();
    let mut after = known.asked_at;
    while let Some((poll, why)) = next_poll(release, &known, after).filter(|(poll, _)| *poll < until) {
        assert!(poll >= after, "{poll} is before {after}");
        polls.push((poll, why));
        assert!(polls.len() < 100_000);
        known.asked_at = poll;
        if published.is_some_and(|published| published <= poll) {
            for edition in known.editions.values_mut() {
                edition.released = published.map(When::At);
            }
        }
        after = poll;
    }
    polls
}

#[test]
fn polls_are_dense_around_a_release_until_it_comes() {
    let release = release(&["2026-12-09"]);
    let known = known("2026-12-08T07:00:00Z", &[("folk", edition("2026-11-09T07:00:00Z"))]);
    let came = at("2026-12-09T07:12:00Z");
    let polls = polls(&release, known, at("2026-12-11T00:00:00Z"), Some(came));
    let shown: Vec<String> =
        polls.iter().map(|(poll, why)| format!("{:.0} {why}", poll.round(jiff::Unit::Minute).unwrap())).collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn what_never_comes_is_polled_sparsely_after_the_dense_hours() {
    let release = release(&["2026-12-09"]);
    let known = known("2026-12-08T07:00:00Z", &[("folk", edition("2026-11-09T07:00:00Z"))]);
    let polls = polls(&release, known, at("2026-12-13T00:00:00Z"), None);
    let dense = polls.iter().filter(|(_, why)| why.is_dense()).count();
    assert!((72..=74).contains(&dense), "{dense}");
    assert_eq!(polls.len() - dense, 3, "{polls:?}");
}

#[test]
fn a_source_that_announces_its_next_release_needs_no_dates() {
    let announced = |next: &str| Edition { next: vec![next.parse().unwrap()], ..edition("2026-11-09T07:00:00Z") };
    let release = Release::default();
    let folk = known("2026-12-09T06:00:00Z", &[("folk", announced("2026-12-09T07:00:00Z"))]);
    let (poll, why) = next_poll(&release, &folk, folk.asked_at).unwrap();
    assert!(why.is_dense() && poll >= at("2026-12-09T06:50:00Z") && poll < at("2026-12-09T06:55:00Z"), "{poll}");
    // A day alone is read as its eight o'clock.
    let day = known("2026-12-09T06:00:00Z", &[("folk", announced("2026-12-09"))]);
    assert_eq!(next_poll(&release, &day, day.asked_at), Some((poll, why)));
    assert_eq!(stands(&release, &folk, "2026-12-09T06:59:00Z").0, Some(State::Current));
    assert_eq!(stands(&release, &folk, "2026-12-09T07:00:00Z").0, Some(State::Waiting));
}

#[test]
fn a_series_is_current_then_waiting_then_late_until_the_release_comes() {
    let release = release(&["2026-12-09", "2027-03-10T09:30"]);
    let folk = known("2026-12-08T07:00:00Z", &[("folk", edition("2026-11-09T07:00:00Z"))]);
    let expected = Some("2026-12-09T07:00:00Z".to_owned());
    let text = |text: &str| Some(text.to_owned());
    for (now, state, since, next) in [
        ("2026-12-01T00:00:00Z", State::Current, text("2026-11-09T07:00:00Z"), expected.clone()),
        ("2026-12-09T07:00:00Z", State::Waiting, expected.clone(), expected.clone()),
        ("2026-12-11T06:59:59Z", State::Waiting, expected.clone(), expected.clone()),
        ("2026-12-11T07:00:00Z", State::Late, text("2026-12-11T07:00:00Z"), expected.clone()),
        // The release after it changes nothing about the one that never came.
        ("2027-03-10T09:00:00Z", State::Late, text("2026-12-11T07:00:00Z"), expected),
    ] {
        assert_eq!(stands(&release, &folk, now), (Some(state), since, next), "{now}");
    }
    let came = known("2026-12-12T07:00:00Z", &[("folk", edition("2026-12-12T06:00:00Z"))]);
    assert_eq!(
        stands(&release, &came, "2026-12-12T07:00:00Z"),
        (Some(State::Current), text("2026-12-12T06:00:00Z"), text("2027-03-10T08:30:00Z"))
    );
    assert_eq!(
        stands(&release, &known("2026-12-12T07:00:00Z", &[("folk", Edition::default())]), "2026-12-12T07:00:00Z").0,
        None
    );
}

#[test]
fn what_is_overdue_is_known_beforehand_and_gone_when_it_has_come() {
    let release = release(&["2026-12-09", "2027-03-10"]);
    let of = |came: &str| overdue(&release, &known("2026-12-08T07:00:00Z", &[("folk", edition(came))]), None);
    let first = Overdue { late_at: at("2026-12-11T07:00:00Z"), expected: at("2026-12-09T07:00:00Z") };
    assert_eq!(of("2026-11-09T07:00:00Z"), Some(first));
    assert_eq!(of("2026-12-09T07:12:00Z").map(|next| next.expected), Some(at("2027-03-10T07:00:00Z")));
    assert_eq!(of("2027-03-10T07:00:00Z"), None);
    // What was never fetched is a matter of its runs.
    assert_eq!(overdue(&release, &known("2026-12-08T07:00:00Z", &[("folk", Edition::default())]), None), None);
    let half = known("2026-12-08T07:00:00Z", &[("folk", edition("2026-11-09")), ("ny", Edition::default())]);
    assert_eq!(overdue(&release, &half, None), None);
    assert_eq!(overdue(&release, &half, Some(&["folk".to_owned()].into())), Some(first));
}

#[test]
fn a_release_may_be_early_on_its_day_and_not_the_day_before() {
    let release = release(&["2026-12-09"]);
    let state = |came: &str| {
        stands(&release, &known("2026-12-09T00:00:00Z", &[("folk", edition(came))]), "2026-12-09T12:00:00Z").0
    };
    assert_eq!(state("2026-12-08T23:30:00Z"), Some(State::Current), "half past midnight in Stockholm");
    assert_eq!(state("2026-12-09"), Some(State::Current), "a day without a time");
    assert_eq!(state("2026-12-08T22:30:00Z"), Some(State::Waiting));
    assert_eq!(state("2026-12-08"), Some(State::Waiting));
}

#[test]
fn of_two_releases_a_day_the_first_is_not_taken_for_the_second() {
    let release = Release { cron: vec!["0 8,14 * * *".into()], ..Release::default() };
    let state = |came: &str| {
        stands(&release, &known("2026-12-09T00:00:00Z", &[("folk", edition(came))]), "2026-12-09T13:30:00Z").0
    };
    assert_eq!(state("2026-12-09T07:00:20Z"), Some(State::Waiting));
    assert_eq!(state("2026-12-09T12:58:00Z"), Some(State::Current));
}

#[test]
fn a_source_without_a_word_of_its_own_is_known_by_when_it_was_seen() {
    let release = release(&["2026-12-09"]);
    let seen = Edition { seen_at: Some(at("2026-12-09T07:03:00Z")), ..Edition::default() };
    let folk = known("2026-12-09T07:03:00Z", &[("folk", seen)]);
    assert_eq!(stands(&release, &folk, "2026-12-09T07:04:00Z").0, Some(State::Current));
    assert!(!next_poll(&release, &folk, folk.asked_at).unwrap().1.is_dense());
}

#[test]
fn all_fetches_that_are_meant_must_have_come() {
    let (old, new) = (edition("2026-11-09T07:00:00Z"), edition("2026-12-09T07:00:00Z"));
    let mut pair = known("2026-12-09T07:10:00Z", &[("folk", new), ("hjalp", old)]);
    let mut release = release(&["2026-12-09"]);
    let state = |release: &Release, known: &Known| stands(release, known, "2026-12-09T07:10:00Z").0;
    assert_eq!(state(&release, &pair), Some(State::Waiting));
    release.fetches = vec!["folk".into()];
    assert_eq!(state(&release, &pair), Some(State::Current));
    release.fetches.clear();
    pair.local = vec!["hjalp".into()];
    assert_eq!(state(&release, &pair), Some(State::Current), "a file of this machine publishes nothing");
    // A dataset is as its own fetches are.
    let one = |name: &str| standing(&release, &pair, Some(&[name.to_owned()].into()), at("2026-12-09T07:10:00Z"));
    assert_eq!(one("hjalp").next_expected, None);
    assert_eq!(one("folk").next_expected, None);
}

#[test]
fn an_overdue_poll_is_due_at_once_and_never_means_nothing() {
    let release = Release { otherwise: None, ..release(&["2026-12-09"]) };
    let folk = known("2026-06-08T07:00:00Z", &[("folk", edition("2026-11-09T07:00:00Z"))]);
    let now = at("2026-12-09T08:00:00Z");
    assert_eq!(next_poll(&release, &folk, now), Some((now, Why::Expected(at("2026-12-09T07:00:00Z")))));
    assert_eq!(next_poll(&release, &folk, at("2026-12-09T13:00:00Z")), None, "the dense hours have passed");
    let sparse = Release::default();
    assert_eq!(next_poll(&sparse, &folk, now), Some((now, Why::Otherwise)));
}

#[test]
fn pipelines_that_expect_the_same_do_not_ask_in_the_same_second() {
    let release = release(&["2026-12-09"]);
    let mut polls = std::collections::BTreeSet::new();
    for number in 0..50 {
        let mut folk = known("2026-12-09T00:00:00Z", &[("folk", edition("2026-11-09"))]);
        folk.pipeline = format!("p{number}");
        let (poll, _) = next_poll(&release, &folk, folk.asked_at).unwrap();
        assert!(poll >= at("2026-12-09T06:50:00Z") && poll < at("2026-12-09T06:55:00Z"), "{poll}");
        assert_eq!(next_poll(&release, &folk, folk.asked_at).unwrap().0, poll, "stable");
        polls.insert(poll.as_second());
    }
    assert!(polls.len() > 40, "{}", polls.len());
}

fn minutes(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::from_mins)
}

prop_compose! {
    fn any_release()(
        every in minutes(10..240),
        begin in minutes(0..300),
        during in minutes(0..2000),
        otherwise in prop::option::of(minutes(0..3000)),
        days in prop::collection::btree_set(0_i64..60, 0..6),
        cron in prop::option::of(prop::sample::select(vec!["0 8 * * 1-5", "30 9 15 * *", "0 */2 * * *", "30 2 * * *"])),
    ) -> Release {
        let first: jiff::civil::Date = "2026-10-01".parse().unwrap();
        Release {
            dates: days.into_iter().map(|day| When::Day(first + SignedDuration::from_hours(24 * day))).collect(),
            cron: cron.into_iter().map(str::to_owned).collect(),
            begin,
            every,
            during: during.max(every),
            otherwise: otherwise.map(|otherwise| otherwise.max(every)),
            ..Release::default()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn polls_are_never_denser_than_declared(release in any_release(), came in prop::option::of(0_i64..86_400 * 60), name in "[a-z]{1,8}") {
        let start = at("2026-09-30T22:00:00Z");
        let until = start + SignedDuration::from_hours(24 * 60);
        let folk = Known { pipeline: name, ..known("2026-09-30T22:00:00Z", &[("folk", edition("2026-09-01T06:00:00Z"))]) };
        let came = came.map(|seconds| start + SignedDuration::from_secs(seconds));
        let polls = polls(&release, folk, until, came);
        let mut per_day = BTreeMap::new();
        let mut before = start;
        for (poll, why) in &polls {
            let gap = Duration::try_from(poll.duration_since(before)).unwrap();
            prop_assert!(gap >= release.every, "{gap:?} before {poll}");
            if *why == Why::Otherwise {
                prop_assert!(Some(gap) >= release.otherwise, "{gap:?} before {poll}");
            }
            if let Why::Expected(expected) = why {
                prop_assert!(*poll >= sooner(*expected, release.begin) && *poll < later(*expected, release.during));
                prop_assert!(came.is_none_or(|came| came > before || came < *expected), "{poll} for {expected}, which came {came:?}");
            }
            *per_day.entry(poll.as_second().div_euclid(86_400)).or_insert(0_u64) += 1;
            before = *poll;
        }
        let most = 86_400 / release.every.as_secs() + 1;
        prop_assert!(per_day.values().all(|polls| *polls <= most), "{per_day:?}");
    }

    #[test]
    fn a_series_is_late_exactly_when_what_it_waits_for_is(
        release in any_release(),
        late_after in minutes(1..5000),
        came in 0_i64..86_400 * 60,
        passed in 0_i64..86_400 * 40,
    ) {
        let release = Release { late_after, ..release };
        let came = at("2026-09-30T22:00:00Z") + SignedDuration::from_secs(came);
        let folk = known("2026-09-30T22:00:00Z", &[("folk", edition(&came.to_string()))]);
        let now = came + SignedDuration::from_secs(passed);
        let late = overdue(&release, &folk, None).map(|overdue| overdue.late_at).filter(|late_at| *late_at <= now);
        let standing = standing(&release, &folk, None, now);
        prop_assert_eq!(late, standing.since.filter(|_| standing.state == Some(State::Late)));
    }

    #[test]
    fn every_release_that_does_not_come_is_polled_for(release in any_release(), name in "[a-z]{1,8}") {
        let folk = Known { pipeline: name, ..known("2026-09-30T22:00:00Z", &[("folk", edition("2026-09-01T06:00:00Z"))]) };
        let zone = release.zone();
        let polls = polls(&release, folk, at("2026-12-30T00:00:00Z"), None);
        for date in &release.dates {
            let expected = date.instant(release.time, &zone);
            let (from, to) = (sooner(expected, release.begin), later(expected, release.during));
            let within: Vec<Timestamp> = polls.iter().map(|(poll, _)| *poll).filter(|poll| (from..to).contains(poll)).collect();
            let room = to.duration_since(from).as_secs() / i64::try_from(release.every.as_secs()).unwrap();
            // The delay of the pipeline's own costs one at most, and a poll just before another.
            prop_assert!(within.len() as i64 >= (room - 2).max(0), "{} of {room} polls for {expected}", within.len());
            let gaps = within.windows(2).map(|pair| Duration::try_from(pair[1].duration_since(pair[0])).unwrap());
            for gap in gaps {
                prop_assert!(gap <= release.every + Duration::from_mins(5), "{gap:?}");
            }
        }
    }

    #[test]
    fn any_configuration_and_any_time_have_an_answer(
        begin in any::<u64>(), every in any::<u64>(), during in any::<u64>(), otherwise in prop::option::of(any::<u64>()),
        asked in any::<i32>(), after in any::<i32>(), came in any::<i32>(),
    ) {
        let release = Release {
            begin: Duration::from_millis(begin),
            every: Duration::from_millis(every),
            during: Duration::from_millis(during),
            otherwise: otherwise.map(Duration::from_millis),
            late_after: Duration::from_millis(during),
            cron: vec!["0 8 * * *".into()],
            ..release(&["2026-12-09", "1999-01-01", "9999-12-30"])
        };
        let time = |seconds: i32| Timestamp::from_second(i64::from(seconds)).unwrap();
        let came = Edition { released: Some(When::At(time(came))), ..Edition::default() };
        let folk = Known { asked_at: time(asked), ..known("2026-12-09T00:00:00Z", &[("folk", came)]) };
        if let Some((poll, _)) = next_poll(&release, &folk, time(after)) {
            prop_assert!(poll >= time(after));
        }
        standing(&release, &folk, None, time(after));
    }
}
