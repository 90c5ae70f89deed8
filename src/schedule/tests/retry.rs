//! What failed for something that may pass is tried again, and never more often than the rule says.

use std::collections::BTreeMap;
use std::time::Duration;

use super::rules::{DAILY, Day, HOURLY, after, at, job, schedule};
use crate::config::{Missed, Overlap, Schedule};
use crate::ledger::Outcome;
use crate::schedule::{Cause, Scheduler};

fn daily() -> Day {
    let mut day = Day::new([job("a", schedule(DAILY))]);
    assert_eq!(day.tick("08:00"), ["a 08:00"]);
    day
}

#[test]
fn it_is_tried_again_after_a_quarter_an_hour_and_four_and_then_no_more() {
    let mut day = daily();
    assert_eq!(day.failed("a", "08:01"), [""; 0]);
    assert_eq!(day.fates("a"), ["08:00 failed", "08:01 due"]);
    assert_eq!(day.scheduler.next_due("a"), Some((at("08:16"), Cause::Retry(1))));
    assert_eq!(day.scheduler.next_wake(), Some(at("08:16")));
    assert!(!day.scheduler.is_queued("a"));
    assert_eq!(day.tick("08:15"), [""; 0]);
    assert_eq!(day.tick("08:16"), ["a 08:01"]);
    day.failed("a", "08:20");
    assert_eq!(day.tick("09:20"), ["a 08:20"]);
    day.failed("a", "09:30");
    assert_eq!(day.tick("13:30"), ["a 09:30"]);
    day.failed("a", "13:31");
    assert_eq!(day.fates("a"), ["08:00 failed", "08:01 failed", "08:20 failed", "09:30 failed"]);
    assert_eq!(day.scheduler.next_due("a"), Some((at("2026-11-24T08:00:00Z"), Cause::Cron)));
    // It has been late since two hours after the slot, however often it was tried.
    assert_eq!(day.scheduler.late_since("a", at("13:31")), Some(at("10:00")));
    // The next slot counts from one again.
    assert_eq!(day.tick("2026-11-24T08:00:00Z"), ["a 08:00"]);
    day.failed("a", "2026-11-24T08:01:00Z");
    assert_eq!(day.scheduler.next_due("a"), Some((at("2026-11-24T08:16:00Z"), Cause::Retry(1))));
}

#[test]
fn what_will_not_pass_is_left_to_the_next_slot_and_what_went_well_too() {
    let mut day = daily();
    day.ended("a", Outcome::Failed, "08:01");
    assert_eq!(day.fates("a"), ["08:00 failed"]);
    for outcome in [Outcome::Published, Outcome::Unchanged, Outcome::Interrupted] {
        let mut day = daily();
        let events = day.scheduler.ended("a", outcome, true, at("08:01"));
        day.take(events);
        assert_eq!(day.fates("a").len(), 1, "{outcome}");
    }
    let mut day = daily();
    day.failed("a", "08:01");
    assert_eq!(day.tick("08:16"), ["a 08:01"]);
    day.ended("a", Outcome::Published, "08:17");
    assert_eq!(day.fates("a"), ["08:00 failed", "08:01 handled"]);
    assert_eq!(day.scheduler.late_since("a", at("23:00")), None);
}

#[test]
fn a_time_that_comes_first_is_the_next_try() {
    let mut day = Day::new([job("a", schedule("*/10 7-8 * * *"))]);
    day.tick("07:00");
    day.failed("a", "07:01");
    assert_eq!(day.fates("a"), ["07:00 failed"]);
    // An hour: tried once in between, not twice.
    let mut day = Day::new([job("a", schedule(HOURLY))]);
    assert_eq!(day.tick("07:00"), ["a 07:00"]);
    day.failed("a", "07:01");
    assert_eq!(day.tick("07:16"), ["a 07:01"]);
    day.failed("a", "07:17");
    assert_eq!(day.fates("a"), ["07:00 failed", "07:01 failed"]);
    // What waits for the run's end is a try too.
    let mut day = Day::new([job("a", Schedule { overlap: Overlap::Queue, ..schedule(HOURLY) })]);
    day.tick("07:00");
    day.tick("08:00");
    assert_eq!(day.failed("a", "08:01"), ["a 08:00"]);
    assert_eq!(day.fates("a"), ["07:00 failed", "08:00 running"]);
}

#[test]
fn a_run_for_anything_else_serves_it_too() {
    let mut day = daily();
    day.failed("a", "08:01");
    assert_eq!(day.request("a", Cause::Release, "08:10"), ["a 08:01+08:10"]);
    // That failed as well: the pauses grow.
    day.failed("a", "08:11");
    assert_eq!(day.scheduler.next_due("a"), Some((at("09:11"), Cause::Retry(2))));
}

#[test]
fn what_follows_is_tried_again_and_what_is_not_scheduled_is_not() {
    let mut day = Day::new([job("a", schedule(DAILY)), after("b", "a")]);
    day.tick("08:00");
    assert_eq!(day.ended("a", Outcome::Published, "08:01"), ["b 08:01"]);
    day.failed("b", "08:02");
    assert_eq!(day.tick("08:17"), ["b 08:02"]);
    for enabled in [None, Some(false)] {
        let schedule = enabled.map(|enabled| Schedule { enabled, ..schedule(DAILY) });
        let mut day = Day::new([crate::schedule::Job { pipeline: "a".into(), fingerprint: "1".into(), schedule }]);
        assert_eq!(day.request("a", Cause::Hand, "08:00"), ["a 08:00"]);
        day.failed("a", "08:01");
        assert_eq!(day.fates("a"), ["08:00 failed"]);
    }
}

#[test]
fn a_restart_keeps_it_and_its_time() {
    let jobs = || [job("a", Schedule { missed: Missed::Skip, jitter: Duration::from_hours(1), ..schedule(DAILY) })];
    let mut day = Day::new(jobs());
    day.tick("08:00");
    day.tick("09:00");
    day.failed("a", "09:01");
    let (mut day, starts) = day.again(jobs(), "09:05");
    assert_eq!(starts, [""; 0]);
    assert_eq!(day.tick("09:15"), [""; 0]);
    assert_eq!(day.tick("09:16"), ["a 09:01"]);
    // Killed during it: it is as new as it was, whatever `missed` says. The pauses go on where they were.
    let (mut day, starts) = day.again(jobs(), "12:00");
    assert_eq!(starts, ["a 09:01"]);
    day.failed("a", "12:01");
    assert_eq!(day.scheduler.next_due("a"), Some((at("13:01"), Cause::Retry(2))));
    // Its time passed meanwhile.
    let (day, starts) = day.again(jobs(), "15:00");
    assert_eq!(starts, ["a 12:01"]);
    assert_eq!(day.fates("a"), ["08:00 failed", "09:01 failed", "12:01 running"]);
    // Edited or removed, it is given up like all that waits.
    let mut day = daily();
    day.failed("a", "08:01");
    let mut edited = job("a", schedule(DAILY));
    edited.fingerprint = "edited".into();
    assert_eq!(day.reload([edited], "08:05"), [""; 0]);
    assert_eq!(day.fates("a")[1], "08:01 skipped: the pipeline was changed before a run was done");
}

#[test]
fn while_stopping_it_is_written_down_for_the_next_start() {
    let mut day = daily();
    day.scheduler.stop();
    assert_eq!(day.failed("a", "08:01"), [""; 0]);
    let memory = day.book.memory();
    assert_eq!(memory["a"].open[0].cause, Cause::Retry(1));
    assert_eq!(memory["a"].failed_since, Some(at("08:00")));
    let (mut scheduler, _) = Scheduler::start([job("a", schedule(DAILY))].into(), 9, memory, at("08:02"));
    assert_eq!(scheduler.next_due("a"), Some((at("08:16"), Cause::Retry(1))));
    assert!(scheduler.tick(at("08:15")).is_empty());
    let (unknown, _) = Scheduler::start(Vec::new(), 9, BTreeMap::new(), at("08:02"));
    assert_eq!(unknown.next_due("a"), None);
}
